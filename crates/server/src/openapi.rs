//! The description of the API, from the registry: OpenAPI 3.2, the first that knows QUERY.

use crate::{
    Config, batch,
    body::{COLUMNS, NAN, WEIGHTS, data_fields, is_required},
    media::NPY,
    problem::{self, Kind},
    request_id,
    routes::JSON,
    store::{Format, RULE},
};
use echoes_kernel::{Arity, Entry, Nan};
use echoes_stats::{KERNELS, expr::MAP};
use schemars::schema_for;
use serde_json::{Map, Value, json};

/// The description.
pub(crate) fn document(config: &Config) -> Value {
    let mut schemas = Schemas::default();
    let mut paths = fixed_paths();
    paths.extend(dataset_paths());
    for entry in KERNELS.iter().chain([&MAP]) {
        let post = operation(entry, config, &mut schemas);
        let mut query = post.clone();
        query["operationId"] = format!("query_{}", entry.spec.name).into();
        paths.insert(format!("/v1/{}", entry.spec.name), json!({"post": post, "query": query}));
        paths.insert(format!("/v1/datasets/{{name}}/{}", entry.spec.name), on_dataset(entry, &mut schemas));
    }
    json!({
        "openapi": "3.2.0",
        "info": {
            "title": "Echoes",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Statistics over HTTP",
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags(),
        "paths": paths,
        "security": [{}, {"Key": []}],
        "components": {
            "securitySchemes": {"Key": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas.finish(),
            "responses": problems(),
            "parameters": {"DatasetName": {
                "name": "name", "in": "path", "required": true,
                "description": RULE, "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"},
            }, "Column": {
                "name": "column", "in": "query", "required": false,
                "description": "A column by name, given again for each further one; without it all numeric columns.",
                "schema": {"type": "array", "items": {"type": "string"}}, "explode": true,
            }, "Weights": {
                "name": WEIGHTS, "in": "query", "required": false,
                "description": "The column of weights by name.", "schema": {"type": "string"},
            }, "RequestId": {
                "name": "x-request-id", "in": "header", "required": false,
                "description": format!("A name for the request, of 1 to {} visible ASCII characters. It comes back with the \
                    answer; without a fit one the server makes its own.", request_id::LEN_MAX),
                "schema": {"type": "string"},
            }},
            "headers": {
                "RequestId": {"description": "The request's name.", "required": true, "schema": {"type": "string"}},
                "RetryAfter": {"description": "Seconds to wait.", "required": true, "schema": {"type": "integer", "minimum": 0}},
            },
        },
    })
}

const DESCRIPTION: &str = "Each kernel is a path. Data and parameters are fields of one JSON object: a kernel of one \
column takes `x`, one of two columns or samples `x` and `y`, one of more columns an object `columns` of arrays, whose \
order is kept; some take `weights` besides. Elements are numbers, or null for a missing value, which is counted and skipped. A column of integers \
within 64 bits is summed exactly. A field given twice, an unknown parameter and a number beyond the range of doubles \
are refused. Undefined results are null. QUERY (RFC 10008) does what POST does. Data may also come as `application/x-npy` \
or `text/csv`, the parameters then in the address: `?column=x&q=0.5,0.99`. Bodies may be compressed by gzip. A result that is \
an array comes as `application/x-npy` where `Accept` names that and wants it more than JSON. Datasets that are kept here are read where they \
lie; their answers bear strong entity tags. Where the server has keys, every path below `/v1/` wants one.";

fn tags() -> Vec<Value> {
    let mut categories: Vec<_> = KERNELS.iter().map(|entry| entry.spec.category).collect();
    categories.sort_unstable();
    categories.dedup();
    categories
        .into_iter()
        .map(|category| json!({"name": category}))
        .chain([json!({"name": "datasets"}), json!({"name": "service"})])
        .collect()
}

/// What a kernel's path does.
fn operation(entry: &Entry, config: &Config, schemas: &mut Schemas) -> Value {
    let name = entry.spec.name;
    let params = schemas.add(name, (entry.params)().into(), Side::Request);
    let output = schemas.add(name, (entry.output)().into(), Side::Answer);
    let request = schemas.own(name, "request", request(entry, &params, config));
    let answer = schemas.own(name, "answer", answer(name, &params, output));
    let mut responses = Map::from_iter([(
        "200".to_owned(),
        json!({
            "description": "The answer.",
            "headers": {"x-request-id": {"$ref": "#/components/headers/RequestId"}},
            "content": contents(&answer),
        }),
    )]);
    refusals(&mut responses, |kind| {
        let others = [Kind::NotFound, Kind::UnknownKernel, Kind::Method, Kind::UnknownDataset, Kind::NoDatasets];
        ![Kind::Storage, Kind::Precondition].contains(&kind) && !others.contains(&kind)
    });
    json!({
        "operationId": name,
        "summary": entry.summary(),
        "description": description(entry, &params),
        "tags": [entry.spec.category],
        "parameters": [{"$ref": "#/components/parameters/RequestId"}],
        "requestBody": {"required": true, "content": {
            JSON: {"schema": request}, NPY: binary(), Format::Csv.media_type(): {"schema": {"type": "string"}},
        }},
        "responses": responses,
    })
}

/// An answer as JSON, or its result alone as an array.
fn contents(answer: &Value) -> Value {
    json!({JSON: {"schema": answer}, NPY: binary()})
}

/// Bytes that are no text.
fn binary() -> Value {
    json!({})
}

/// A response for each status of the kinds of error that may come.
fn refusals(responses: &mut Map<String, Value>, may_come: impl Fn(Kind) -> bool) {
    for kind in Kind::ALL.iter().filter(|kind| may_come(**kind)) {
        let status = kind.status();
        let status = status.as_str();
        responses.insert(status.to_owned(), json!({"$ref": format!("#/components/responses/{status}")}));
    }
}

/// What a kernel's path below a dataset does.
fn on_dataset(entry: &Entry, schemas: &mut Schemas) -> Value {
    let name = entry.spec.name;
    let params = schemas.add(name, (entry.params)().into(), Side::Request);
    let required: Vec<&str> = params["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut parameters = vec![
        json!({"$ref": "#/components/parameters/RequestId"}),
        json!({"$ref": "#/components/parameters/DatasetName"}),
        json!({"$ref": "#/components/parameters/Column"}),
        json!({"name": NAN, "in": "query", "required": false, "schema": {"$ref": "#/components/schemas/Nan"}}),
    ];
    if entry.spec.weighable {
        parameters.push(json!({"$ref": "#/components/parameters/Weights"}));
    }
    for (field, schema) in params["properties"].as_object().into_iter().flatten() {
        parameters.push(json!({
            "name": field, "in": "query", "required": required.contains(&field.as_str()),
            "style": "form", "explode": false, "schema": schema,
        }));
    }
    let answer = json!({"$ref": format!("#/components/schemas/{name}_answer")});
    let mut responses = Map::from_iter([
        ("200".to_owned(), json!({"description": "The answer.", "headers": tagged(), "content": contents(&answer)})),
        ("304".to_owned(), json!({"description": "The client has the answer.", "headers": tagged()})),
    ]);
    refusals(&mut responses, |kind| {
        let own = [Kind::NoDatasets, Kind::Unauthorized, Kind::Rejected, Kind::NotAcceptable, Kind::TooMany];
        own.contains(&kind) || [Kind::Internal, Kind::Busy].contains(&kind)
    });
    json!({"get": {
        "operationId": format!("dataset_{name}"),
        "summary": entry.summary(),
        "description": description(entry, &params),
        "tags": [entry.spec.category],
        "parameters": parameters,
        "responses": responses,
    }})
}

fn tagged() -> Value {
    json!({
        "x-request-id": {"$ref": "#/components/headers/RequestId"},
        "etag": {"description": "Differs where the answer does.", "schema": {"type": "string"}},
    })
}

/// The paths of datasets.
fn dataset_paths() -> Map<String, Value> {
    let own = json!([{"$ref": "#/components/parameters/RequestId"}, {"$ref": "#/components/parameters/DatasetName"}]);
    let dataset = json!({"$ref": "#/components/schemas/Dataset"});
    let operation = |id: &str, summary: &str, answers: Value, may_come: &[Kind]| {
        let mut responses = answers.as_object().cloned().unwrap_or_default();
        refusals(&mut responses, |kind| {
            [Kind::NoDatasets, Kind::Unauthorized, Kind::Rejected, Kind::TooMany, Kind::Internal].contains(&kind)
                || may_come.contains(&kind)
        });
        json!({"operationId": id, "summary": summary, "tags": ["datasets"], "parameters": own, "responses": responses})
    };
    let headers = json!({"x-request-id": {"$ref": "#/components/headers/RequestId"}});
    let is = |what: &str| json!({"description": what, "headers": headers, "content": {JSON: {"schema": dataset}}});
    let files = json!({NPY: binary(), Format::Csv.media_type(): {"schema": {"type": "string"}}});
    let file = json!({"description": "Its contents.", "headers": tagged(), "content": files});
    let sent = [Kind::LengthRequired, Kind::MediaType, Kind::TooLarge, Kind::BodyTimeout, Kind::Malformed, Kind::Busy];
    let answers = json!({"200": is("It has replaced one of that name."), "201": is("It is new.")});
    let mut put = operation(
        "put_dataset",
        "Keeps a dataset; once this answers it survives a crash",
        answers,
        &[&sent[..], &[Kind::Storage, Kind::Precondition]].concat(),
    );
    put["requestBody"] = json!({"required": true, "content": files});
    let mut delete = operation(
        "delete_dataset",
        "Removes a dataset",
        json!({"204": {"description": "It is removed."}}),
        &[Kind::Precondition],
    );
    for operation in [&mut put, &mut delete] {
        let parameters = ["if-match", "if-none-match"].map(|name| {
            json!({
                "name": name, "in": "header", "required": false, "schema": {"type": "string"},
                "description": "Entity tags that the dataset must, or must not, have; `*` for any.",
            })
        });
        if let Some(known) = operation["parameters"].as_array_mut() {
            known.extend(parameters);
        }
    }
    let lines = json!({"type": "array", "items": dataset});
    let lines =
        json!({"200": {"description": "Every dataset.", "headers": headers, "content": {JSON: {"schema": lines}}}});
    let mut list = operation("datasets", "Every dataset", lines, &[]);
    list["parameters"] = json!([{"$ref": "#/components/parameters/RequestId"}]);
    let batch = json!({"$ref": "#/components/schemas/BatchAnswer"});
    let batch =
        json!({"200": {"description": "The answers.", "headers": headers, "content": {JSON: {"schema": batch}}}});
    let mut batch = operation("batch", "Many kernels on one dataset, in one reading", batch, &sent);
    batch["requestBody"] =
        json!({"required": true, "content": {JSON: {"schema": {"$ref": "#/components/schemas/Batch"}}}});
    let unchanged = json!({"200": file, "304": {"description": "The client has it.", "headers": tagged()}});
    Map::from_iter([
        ("/v1/datasets".to_owned(), json!({"get": list})),
        (
            "/v1/datasets/{name}".to_owned(),
            json!({
                "get": operation("get_dataset", "A dataset's contents", unchanged, &[]),
                "put": put,
                "delete": delete,
            }),
        ),
        ("/v1/datasets/{name}/batch".to_owned(), json!({"post": batch})),
    ])
}

fn description(entry: &Entry, params: &Value) -> String {
    let text = params["description"].as_str().unwrap_or_default();
    // Every other part is between fences: examples in Rust.
    let mut text = text.split("```").step_by(2).collect::<String>().trim_end().to_owned();
    for reference in entry.spec.references {
        text.push_str("\n\nReference: ");
        text.push_str(reference);
    }
    text
}

/// The schema of a request: the data, `nan`, the parameters.
fn request(entry: &Entry, params: &Value, config: &Config) -> Value {
    let mut properties = params["properties"].as_object().cloned().unwrap_or_default();
    let mut required = params["required"].as_array().cloned().unwrap_or_default();
    for &field in data_fields(&entry.spec) {
        properties.insert(field.to_owned(), data(entry.spec.columns, field, config));
        if is_required(field) {
            required.push(field.into());
        }
    }
    properties.insert(NAN.to_owned(), json!({"$ref": "#/components/schemas/Nan", "default": "propagate"}));
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn data(columns: Arity, field: &str, config: &Config) -> Value {
    let least = match columns {
        Arity::Exactly(n) | Arity::AtLeast(n) | Arity::Samples(n) => n,
    };
    let most = if let Arity::AtLeast(_) = columns { config.columns_max } else { least };
    if field == COLUMNS {
        json!({
            "type": "object",
            "description": "The columns by name, in the order in which they stand.",
            "additionalProperties": {"$ref": "#/components/schemas/Column"},
            "minProperties": least, "maxProperties": most,
        })
    } else {
        json!({"$ref": "#/components/schemas/Column"})
    }
}

/// The schema of an answer.
fn answer(name: &str, params: &Value, output: Value) -> Value {
    let properties = params["properties"].as_object().cloned().unwrap_or_default();
    let fields = ["kernel", "params", "columns", "result", "rows", "backend"];
    json!({
        "type": "object",
        "properties": {
            "kernel": {"const": name},
            "params": {"type": "object", "description": "The parameters, defaults filled in.", "properties": properties},
            "columns": {"type": "array", "items": {"type": "string"}, "description": "The columns, in the kernel's order."},
            "result": output,
            "rows": {"type": "integer", "minimum": 0, "description": "Rows, missing ones included."},
            "backend": {"type": "string", "description": "How the data were read."},
            "elapsed_ms": {"type": "number", "minimum": 0, "description": "Milliseconds that the kernel took; left out of answers that bear an entity tag."},
        },
        "required": fields,
        "additionalProperties": false,
    })
}

/// The paths that are no kernels.
fn fixed_paths() -> Map<String, Value> {
    let health = json!({"$ref": "#/components/schemas/Health"});
    let kernels = json!({"type": "array", "items": {"$ref": "#/components/schemas/Kernel"}});
    let text = json!({"type": "string"});
    let get = |id: &str, summary: &str, media: &str, schema: &Value| {
        let headers = json!({"x-request-id": {"$ref": "#/components/headers/RequestId"}});
        let answer = json!({"description": summary, "headers": headers, "content": {media: {"schema": schema}}});
        let parameters = json!([{"$ref": "#/components/parameters/RequestId"}]);
        let responses = json!({"200": answer});
        json!({"get": {"operationId": id, "summary": summary, "tags": ["service"], "parameters": parameters, "responses": responses}})
    };
    let mut ready = get("readyz", "Whether a request for a kernel would be let in", JSON, &health);
    ready["get"]["responses"]["503"] =
        json!({"description": "It would not: the server is full.", "content": {JSON: {"schema": health}}});
    [
        ("/", get("page", "Where to go from here", "text/plain", &text)),
        ("/health", get("health", "Whether the server runs", JSON, &health)),
        ("/livez", get("livez", "Whether the server runs", JSON, &health)),
        ("/readyz", ready),
        ("/metrics", get("metrics", "What Prometheus reads", "text/plain", &text)),
        ("/openapi.json", get("openapi", "This description", JSON, &json!({"type": "object"}))),
        ("/v1/kernels", get("kernels", "Every kernel, with its parameters and its answer", JSON, &kernels)),
    ]
    .into_iter()
    .map(|(path, item)| (path.to_owned(), item))
    .collect()
}

/// A response for each status of an error.
fn problems() -> Map<String, Value> {
    let mut responses: Map<String, Value> = Map::new();
    for kind in Kind::ALL {
        let status = kind.status();
        let known = responses.get(status.as_str()).and_then(|known| known["description"].as_str());
        let description = known.map_or_else(String::new, |known| format!("{known} Or: ")) + kind.title() + ".";
        let mut headers = json!({"x-request-id": {"$ref": "#/components/headers/RequestId"}});
        if kind.is_passing() {
            headers["retry-after"] = json!({"$ref": "#/components/headers/RetryAfter"});
        }
        let content = json!({problem::MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}});
        let response = json!({"description": description, "headers": headers, "content": content});
        responses.insert(status.as_str().to_owned(), response);
    }
    responses
}

/// Which way a schema's values travel.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Request,
    /// Here a number may be null: undefined.
    Answer,
}

/// The schemas that others refer to, each under a name of its own.
struct Schemas(Map<String, Value>);

impl Default for Schemas {
    fn default() -> Self {
        let string = json!({"type": "string"});
        let own = json!({
            "Column": {
                "type": "array", "items": {"type": ["number", "null"]},
                "description": "A column: numbers, or null where a value is missing.",
                "examples": [[1, 2.5, null, 4]],
            },
            "Dataset": {
                "type": "object",
                "properties": {
                    "name": string, "media_type": string,
                    "hash": {"type": "string", "description": "BLAKE3 of the contents, in hex."},
                    "bytes": {"type": "integer", "minimum": 0},
                },
                "required": ["name", "hash", "bytes", "media_type"],
            },
            "Batch": {
                "type": "object",
                "description": format!("At most {} bytes.", batch::BYTES_MAX),
                "properties": {
                    "requests": {"type": "array", "minItems": 1, "maxItems": batch::REQUESTS_MAX, "items": {
                        "type": "object",
                        "properties": {
                            "kernel": string, "columns": {"type": "array", "items": string}, "weights": string,
                            "params": {"type": "object"},
                        },
                        "required": ["kernel"],
                        "additionalProperties": false,
                    }},
                    "nan": {"$ref": "#/components/schemas/Nan"},
                },
                "required": ["requests"],
                "additionalProperties": false,
            },
            "BatchAnswer": {
                "type": "object",
                "properties": {
                    "answers": {"type": "array", "items": {
                        "type": "object",
                        "description": "In the order of the requests, each with a result or a problem.",
                        "properties": {
                            "kernel": string, "params": {"type": "object"}, "columns": {"type": "array", "items": string},
                            "result": {}, "problem": {"$ref": "#/components/schemas/Problem"},
                        },
                        "required": ["kernel", "params", "columns"],
                    }},
                    "rows": {"type": "integer", "minimum": 0}, "backend": string, "elapsed_ms": {"type": "number"},
                },
                "required": ["answers", "rows", "backend", "elapsed_ms"],
            },
            "Health": {"type": "object", "properties": {"status": string, "version": string}, "required": ["status", "version"]},
            "Kernel": {
                "type": "object",
                "properties": {
                    "name": string, "category": string, "summary": string,
                    "params": {"type": "object", "description": "JSON schema of the parameters."},
                    "output": {"type": "object", "description": "JSON schema of the result."},
                },
                "required": ["name", "category", "summary", "params", "output"],
            },
            "Problem": {
                "type": "object",
                "description": "RFC 9457 problem details.",
                "properties": {
                    "type": {"type": "string", "format": "uri", "description": "The kind of error, for programs."},
                    "title": {"type": "string", "description": "The kind of error, for people."},
                    "status": {"type": "integer", "minimum": 400, "maximum": 599},
                    "detail": {"type": "string", "description": "What is wrong, and the mend."},
                },
                "required": ["type", "title", "status", "detail"],
            },
        });
        let mut schemas = Self(own.as_object().cloned().unwrap_or_default());
        let nan = schemas.add("", schema_for!(Nan).into(), Side::Request);
        schemas.0.insert("Nan".to_owned(), nan);
        schemas
    }
}

impl Schemas {
    fn finish(self) -> Map<String, Value> {
        self.0
    }

    /// Keeps a kernel's own schema, and refers to it.
    fn own(&mut self, kernel: &str, what: &str, schema: Value) -> Value {
        let name = format!("{kernel}_{what}");
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        self.0.insert(name, schema);
        reference
    }

    /// A schema made fit for the document: what it defines is moved to the components.
    fn add(&mut self, owner: &str, mut schema: Value, side: Side) -> Value {
        let mut definitions = Map::new();
        if let Some(root) = schema.as_object_mut() {
            root.remove("$schema");
            if let Some(Value::Object(own)) = root.remove("$defs") {
                definitions = own;
            }
        }
        let names: Vec<(String, String)> =
            definitions.keys().map(|name| (name.clone(), self.name(owner, name, &definitions[name], side))).collect();
        for (old, new) in &names {
            let mut definition = definitions[old].take();
            adapt(&mut definition, &names, side);
            self.0.insert(new.clone(), definition);
        }
        adapt(&mut schema, &names, side);
        schema
    }

    /// A name under which nothing else stands.
    fn name(&self, owner: &str, name: &str, definition: &Value, side: Side) -> String {
        let mut adapted = definition.clone();
        adapt(&mut adapted, &[], side);
        let free = |candidate: &String| self.0.get(candidate).is_none_or(|known| *known == adapted);
        let owned = (0..).map(|n| if n < 2 { format!("{owner}_{name}") } else { format!("{owner}_{name}_{n}") });
        std::iter::once(name.to_owned()).chain(owned).find(free).unwrap_or_default()
    }
}

/// Points references at the components, gives integers their limits, and lets numbers of an answer be null.
fn adapt(schema: &mut Value, names: &[(String, String)], side: Side) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| adapt(item, names, side)),
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && let Some((_, new)) = names.iter().find(|(old, _)| target.strip_prefix("#/$defs/") == Some(old))
            {
                *target = format!("#/components/schemas/{new}");
            }
            if side == Side::Answer && fields.get("type") == Some(&json!("number")) {
                fields.insert("type".to_owned(), json!(["number", "null"]));
            }
            if let Some(most) = fields.get("format").and_then(Value::as_str).and_then(largest) {
                fields.entry("maximum").or_insert(most);
            }
            fields.values_mut().for_each(|field| adapt(field, names, side));
        }
        _ => {}
    }
}

/// The largest integer of a format, which the schemas of Rust's types leave out.
fn largest(format: &str) -> Option<Value> {
    Some(match format {
        "uint8" => u8::MAX.into(),
        "uint16" => u16::MAX.into(),
        "uint32" => u32::MAX.into(),
        "uint" | "uint64" => u64::MAX.into(),
        "int8" => i8::MAX.into(),
        "int16" => i16::MAX.into(),
        "int32" => i32::MAX.into(),
        "int" | "int64" => i64::MAX.into(),
        _ => return None,
    })
}
