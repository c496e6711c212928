//! What stands behind the `?` of an address: columns, what a NaN does, and parameters.

use crate::{
    body::{NAN, WEIGHTS},
    problem::{Kind, Problem},
};
use axum::http::Uri;
use echoes_io::names::shorten;
use echoes_kernel::{Entry, Nan};
use serde_json::{Map, Value};

/// The field for a column; it may be given again and again.
const COLUMN: &str = "column";

/// Fields of an address.
const FIELDS_MAX: usize = 1100;

/// What an address asks for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Query {
    /// Columns by name or position, in order; none if it is left to the kernel.
    pub columns: Vec<String>,
    /// The column of weights.
    pub weights: Option<String>,
    /// What a NaN does, if it says so.
    pub nan: Option<Nan>,
    pub params: Map<String, Value>,
}

/// Reads `column=x&weights=w&q=0.5,0.99&nan=omit`.
pub(crate) fn parse(text: &str, entry: &Entry) -> Result<Query, Problem> {
    let refuse = |what: String| Err(Kind::Rejected.because(what));
    let schema = Value::from((entry.params)());
    let (mut columns, mut weights, mut nan, mut params) = (Vec::new(), None, None, Map::new());
    for (count, (name, value)) in form_urlencoded::parse(text.as_bytes()).enumerate() {
        if count == FIELDS_MAX {
            return refuse(format!("the address has more than {FIELDS_MAX} fields"));
        }
        let again = match &*name {
            COLUMN => {
                columns.push(value.into_owned());
                false
            }
            WEIGHTS => weights.replace(value.into_owned()).is_some(),
            NAN => nan.replace(value.parse().map_err(|_| Kind::Rejected.because(unknown_nan(&value)))?).is_some(),
            name => params.insert(name.to_owned(), typed(&value, &schema["properties"][name], &schema)).is_some(),
        };
        if again {
            return refuse(format!("`{}` is given twice", shorten(&name)));
        }
    }
    Ok(Query { columns, weights, nan, params })
}

/// Refuses an address that asks for something where nothing can be asked for.
pub(crate) fn none(address: &Uri) -> Result<(), Problem> {
    match form_urlencoded::parse(address.query().unwrap_or_default().as_bytes()).next() {
        None => Ok(()),
        Some((name, _)) => {
            Err(Kind::Rejected
                .because(format!("`{}` cannot be given in the address here: leave it out", shorten(&name))))
        }
    }
}

pub(crate) fn unknown_nan(value: &str) -> String {
    format!("`nan` is `{}`: it must be propagate, omit or raise", shorten(value))
}

/// The value that text stands for where the schema has this property; the kernel judges whether it will do.
fn typed(text: &str, property: &Value, schema: &Value) -> Value {
    let shape = resolve(property, schema);
    if is(shape, "array") {
        let items = resolve(&shape["items"], schema);
        return text.split(',').map(|item| scalar(item.trim(), items)).collect();
    }
    scalar(text, shape)
}

fn scalar(text: &str, shape: &Value) -> Value {
    let is_plain = |shape: &Value| is(shape, "number") || is(shape, "integer") || is(shape, "boolean");
    // A number, or the name of a rule for it: text that is no number is the name.
    let plain = is_plain(shape) || options(shape).any(is_plain);
    let read = || serde_json::from_str::<Value>(text).ok().filter(|value| value.is_number() || value.is_boolean());
    plain.then(read).flatten().unwrap_or_else(|| text.into())
}

/// The schema that a property stands for.
pub(crate) fn resolve<'a>(property: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(target) = property["$ref"].as_str().and_then(|name| schema.pointer(name.trim_start_matches('#'))) {
        return target;
    }
    // An optional type: one of two schemas, of which one is null.
    let mut options = options(property);
    match (options.next(), options.next()) {
        (Some(option), None) => resolve(option, schema),
        _ => property,
    }
}

/// The schemas any of which a value may have, but for null.
fn options(property: &Value) -> impl Iterator<Item = &Value> {
    property["anyOf"].as_array().into_iter().flatten().filter(|option| !is(option, "null"))
}

/// Whether a schema allows values of a type.
pub(crate) fn is(shape: &Value, name: &str) -> bool {
    match &shape["type"] {
        Value::String(only) => only == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(kernel: &str, text: &str) -> Result<Query, Problem> {
        parse(text, echoes_stats::find(kernel).unwrap())
    }

    #[test]
    fn parameters_have_their_kernels_types() {
        let query = read("quantile", "column=a%20b&q=0.5,1&method=linear&column=c&nan=omit").unwrap();
        assert_eq!(query.columns, ["a b", "c"]);
        assert_eq!(
            (query.nan, Value::Object(query.params)),
            (Some(Nan::Omit), json!({"q": [0.5, 1], "method": "linear"}))
        );
        assert_eq!(read("skewness", "bias=false").unwrap().params["bias"], json!(false));
        assert_eq!(read("std", "ddof=1").unwrap().params["ddof"], json!(1));
        let weighted = read("mean", "weights=w&column=x").unwrap();
        assert_eq!((weighted.columns, weighted.weights.as_deref()), (vec!["x".to_owned()], Some("w")));
        assert_eq!(read("histogram", "bins=7").unwrap().params["bins"], json!(7));
        assert_eq!(read("histogram", "bins=fd").unwrap().params["bins"], json!("fd"));
        assert_eq!(Value::Object(read("std", "ddof=x&other=1").unwrap().params), json!({"ddof": "x", "other": "1"}));
    }

    #[test]
    fn refusals() {
        assert!(read("std", "weights=a&weights=b").is_err());
        assert!(read("std", "ddof=1&ddof=2").is_err() && read("std", "nan=drop").is_err());
        assert!(read("std", &"column=x&".repeat(FIELDS_MAX + 1)).is_err());
    }
}
