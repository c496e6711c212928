//! A kernel's subcommand, made from the JSON schema of its parameters.

use crate::{args, output, settings};
use clap::{
    Arg, ArgAction, ArgMatches, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser},
};
use echoes_kernel::Entry;
use serde_json::{Map, Number, Value};
use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

const HEADING: &str = "Parameters";

/// Fills in the subcommand of the kernel of the same name.
pub(crate) fn command(command: Command) -> Command {
    let Some(entry) = echoes_stats::find(command.get_name()) else { return command };
    let help = Help::of(entry);
    let command = command.about(help.summary).long_about(help.text).after_long_help(help.notes);
    let command = command.args(args::of_every_kernel()).args(entry.spec.weighable.then(weights_arg));
    let command = command.args(parameters(entry).iter().map(Parameter::arg));
    command.arg(output::arg().hide(!entry.spec.form.writes_columns())).args(settings::args())
}

/// The argument for the column of weights.
const WEIGHTS: &str = "weights";

fn weights_arg() -> Arg {
    let help = "Column of weights by name or position: how often each row was seen, or how much it counts; NaN is refused, \
        or its row left out with --nan omit";
    Arg::new(WEIGHTS).long(WEIGHTS).value_name("COLUMN").help(help)
}

/// The column of weights, if the kernel takes one and one was named.
pub(crate) fn weights<'a>(entry: &Entry, matches: &'a ArgMatches) -> Option<&'a str> {
    let named = || matches.get_one::<String>(WEIGHTS).map(String::as_str);
    entry.spec.weighable.then(named).flatten()
}

/// A kernel's documentation, as help shows it.
pub(crate) struct Help {
    /// One sentence.
    pub(crate) summary: String,
    /// All but the example in Rust.
    pub(crate) text: String,
    /// Columns and references.
    pub(crate) notes: String,
}

impl Help {
    pub(crate) fn of(entry: &Entry) -> Self {
        let schema = (entry.params)();
        let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let text = text.split("```").step_by(2).collect::<String>().trim().to_owned();
        let mut notes = format!("Takes {}.", entry.spec.takes());
        for reference in entry.spec.references {
            notes += &format!("\nReference: {reference}.");
        }
        Self { summary: entry.summary(), text: paragraphs(&text), notes }
    }
}

/// Joins the lines of each paragraph, so that they can be wrapped anew.
fn paragraphs(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// A parameter, as its schema has it.
struct Parameter {
    name: String,
    help: String,
    default: Option<Value>,
    required: bool,
    kind: Kind,
    list: bool,
}

/// What a parameter's value, or each of several, must be.
#[derive(Clone)]
enum Kind {
    Integer {
        least: i128,
        most: i128,
    },
    Number,
    Boolean,
    Choice(Vec<PossibleValue>),
    /// Any of these: a number, or the name of a rule for it.
    Any(Vec<Kind>),
    Text,
}

fn parameters(entry: &Entry) -> Vec<Parameter> {
    let schema = Value::from((entry.params)());
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(name, property)| Parameter::of(name, property, &schema, &required)).collect()
}

impl Parameter {
    fn of(name: &str, property: &Value, schema: &Value, required: &[&str]) -> Self {
        let shape = resolve(property, schema);
        let list = has_type(shape, "array");
        Self {
            name: name.to_owned(),
            help: property["description"].as_str().unwrap_or_default().replace('\n', " "),
            default: property.get("default").filter(|default| !default.is_null()).cloned(),
            required: required.contains(&name),
            kind: if list { kind(resolve(&shape["items"], schema), schema) } else { kind(shape, schema) },
            list,
        }
    }

    fn arg(&self) -> Arg {
        let long = self.name.replace('_', "-");
        let mut arg = Arg::new(id(&self.name)).long(long.clone()).help(&self.help).help_heading(HEADING);
        if long != self.name {
            arg = arg.alias(&self.name);
        }
        arg = arg.required(self.required).value_parser(self.kind.parser()).value_name(self.kind.value_name());
        if let Kind::Boolean = self.kind {
            arg = arg.num_args(0..=1).require_equals(true).default_missing_value("true");
        }
        if let Kind::Integer { .. } | Kind::Number = self.kind {
            arg = arg.allow_hyphen_values(true);
        }
        if self.list {
            arg =
                arg.action(ArgAction::Append).value_delimiter(',').value_name(format!("{},…", self.kind.value_name()));
        }
        match &self.default {
            Some(Value::Array(values)) => arg.default_values(values.iter().map(plain).collect::<Vec<_>>()),
            Some(value) => arg.default_value(plain(value)),
            None => arg,
        }
    }
}

/// The parameters that were given, as a JSON object for [`Entry::bind`].
pub(crate) fn values(entry: &Entry, matches: &ArgMatches) -> Value {
    let mut object = Map::new();
    for parameter in parameters(entry) {
        let Some(values) = matches.get_many::<Value>(&id(&parameter.name)) else { continue };
        let mut values: Vec<Value> = values.cloned().collect();
        let value = if parameter.list { Value::Array(values) } else { values.pop().unwrap_or_default() };
        object.insert(parameter.name, value);
    }
    Value::Object(object)
}

/// Words that people write for true and false; clap explains that all but two are refused.
const TRUTHS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "t", "f", "1", "0"];

/// Whether a word after a flag is meant as its value and not as a file.
fn is_truth(word: &OsStr) -> bool {
    let known = |word: &str| TRUTHS.iter().any(|truth| word.eq_ignore_ascii_case(truth));
    word == "true" || word == "false" || word.to_str().is_some_and(known) && !Path::new(word).exists()
}

/// Joins `--center false` to `--center=false`, as a flag is written that may stand alone: `--center FILE`.
pub(crate) fn complete_flags(args: Vec<OsString>) -> Vec<OsString> {
    let Some(entry) = args.get(1).and_then(|name| echoes_stats::find(name.to_str()?)) else { return args };
    let parameters = parameters(entry);
    let is_flag = |arg: &str| {
        let name = arg.strip_prefix("--").unwrap_or_default().replace('-', "_");
        parameters.iter().any(|p| p.name == name && matches!(p.kind, Kind::Boolean))
    };
    let mut completed = Vec::with_capacity(args.len());
    let mut rest = args.iter().peekable();
    while let Some(arg) = rest.next() {
        let mut arg = arg.clone();
        if arg.to_str().is_some_and(is_flag)
            && let Some(value) = rest.next_if(|next| is_truth(next))
        {
            arg.push("=");
            arg.push(value);
        }
        completed.push(arg);
    }
    completed
}

/// Parameters have a namespace of their own among the arguments.
fn id(name: &str) -> String {
    format!("parameter {name}")
}

/// The schema that a property stands for.
fn resolve<'a>(property: &'a Value, schema: &'a Value) -> &'a Value {
    let named = |reference: &str| schema.pointer(reference.trim_start_matches('#'));
    if let Some(target) = property["$ref"].as_str().and_then(named) {
        return target;
    }
    // An optional type: one of two schemas, of which one is null.
    match options(property).as_slice() {
        [option] => resolve(option, schema),
        _ => property,
    }
}

/// The schemas any of which a value may have, but for null.
fn options(property: &Value) -> Vec<&Value> {
    let options = property["anyOf"].as_array().into_iter().flatten();
    options.filter(|option| !has_type(option, "null")).collect()
}

fn has_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    }
}

fn kind(shape: &Value, schema: &Value) -> Kind {
    let options = options(shape);
    if !options.is_empty() {
        return Kind::Any(options.into_iter().map(|option| kind(resolve(option, schema), schema)).collect());
    }
    let choices = choices(shape);
    if !choices.is_empty() {
        return Kind::Choice(choices);
    }
    match ["boolean", "integer", "number"].into_iter().find(|name| has_type(shape, name)) {
        Some("boolean") => Kind::Boolean,
        Some("integer") => integers(shape),
        Some(_) => Kind::Number,
        None => Kind::Text,
    }
}

fn choices(schema: &Value) -> Vec<PossibleValue> {
    let plain = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let explained = schema["oneOf"].as_array().into_iter().flatten().flat_map(|one| {
        let help = one["description"].as_str().unwrap_or_default().replace('\n', " ");
        let names = one["const"].as_str().into_iter();
        let names = names.chain(one["enum"].as_array().into_iter().flatten().filter_map(Value::as_str));
        names.map(move |name| PossibleValue::new(name.to_owned()).help(help.clone())).collect::<Vec<_>>()
    });
    plain.map(|name| PossibleValue::new(name.to_owned())).chain(explained).collect()
}

impl Kind {
    fn parser(&self) -> ValueParser {
        match self {
            &Self::Integer { least, most } => ValueParser::new(move |text: &str| integer(text, least, most)),
            Self::Number => ValueParser::new(number),
            Self::Boolean => {
                PossibleValuesParser::new(["true", "false"]).map(|text| Value::Bool(text == "true")).into()
            }
            Self::Choice(values) => PossibleValuesParser::new(values.clone()).map(Value::String).into(),
            Self::Any(kinds) => {
                let kinds = kinds.clone();
                ValueParser::new(move |text: &str| any(text, &kinds))
            }
            Self::Text => ValueParser::new(text),
        }
    }

    const fn value_name(&self) -> &'static str {
        match self {
            Self::Integer { .. } => "N",
            Self::Number => "NUMBER",
            Self::Boolean => "BOOL",
            Self::Choice(_) => "CHOICE",
            Self::Any(_) => "VALUE",
            Self::Text => "TEXT",
        }
    }
}

/// The integers that a schema allows: its own range, within that of the Rust type it names.
fn integers(schema: &Value) -> Kind {
    let (least, most) = match schema["format"].as_str() {
        Some("uint8") => (0, u8::MAX.into()),
        Some("uint16") => (0, u16::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        Some("int64") => (i64::MIN.into(), i64::MAX.into()),
        _ if schema["minimum"].as_i64().is_some_and(|least| least >= 0) => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), u64::MAX.into()),
    };
    let bound = |name: &str| schema[name].as_i64().map(i128::from);
    Kind::Integer { least: bound("minimum").unwrap_or(least), most: bound("maximum").unwrap_or(most) }
}

fn integer(text: &str, least: i128, most: i128) -> Result<Value, String> {
    let number: i128 = text.parse().map_err(|_| "it is not a whole number".to_owned())?;
    let exact = || u64::try_from(number).map(Number::from).or_else(|_| i64::try_from(number).map(Number::from)).ok();
    let within = (least..=most).contains(&number).then(exact).flatten();
    within.map(Value::Number).ok_or_else(|| format!("it must be from {least} to {most}"))
}

fn number(text: &str) -> Result<Value, String> {
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map(Value::Number).ok_or_else(|| "it is not a finite number".to_owned())
}

fn any(text: &str, kinds: &[Kind]) -> Result<Value, String> {
    let read = |kind: &Kind| match kind {
        &Kind::Integer { least, most } => integer(text, least, most),
        Kind::Number => number(text),
        Kind::Choice(values) if values.iter().any(|value| value.get_name() == text) => {
            Ok(Value::String(text.to_owned()))
        }
        Kind::Choice(values) => {
            let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
            Err(format!("it is not one of {}", names.join(", ")))
        }
        Kind::Boolean | Kind::Any(_) | Kind::Text => Err("it is of another type".to_owned()),
    };
    let mut refused = Vec::new();
    for kind in kinds {
        match read(kind) {
            Ok(value) => return Ok(value),
            Err(why) => refused.push(why),
        }
    }
    Err(refused.join(", and "))
}

fn text(text: &str) -> Result<Value, String> {
    Ok(Value::String(text.to_owned()))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn args(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn given(line: &str) -> Value {
        let matches = args::command(args::Listing::Short).try_get_matches_from(complete_flags(args(line))).unwrap();
        let (name, matches) = matches.subcommand().unwrap();
        values(echoes_stats::find(name).unwrap(), matches)
    }

    #[test]
    fn parameters_become_json() {
        assert_eq!(given("echoes std x.npy"), json!({"ddof": 0, "mode": "fast", "weights_kind": "frequency"}));
        assert_eq!(given("echoes cov --ddof 2 x.npy")["ddof"], json!(2));
        assert_eq!(given("echoes quantile x --q 0.5,1 --q 0"), json!({"q": [0.5, 1.0, 0.0]}));
        assert_eq!(given("echoes skewness x --bias false"), json!({"bias": false}));
    }

    #[test]
    fn a_number_or_a_name() {
        assert_eq!(given("echoes histogram x").get("bins"), None);
        assert_eq!(given("echoes histogram x --bins 64")["bins"], json!(64));
        assert_eq!(given("echoes histogram x --bins fd")["bins"], json!("fd"));
        assert_eq!(given("echoes kde x --bw-method 0.5")["bw_method"], json!(0.5));
        assert_eq!(given("echoes kde x")["bw_method"], json!("scott"));
        for word in ["0", "65537", "stone", "1.5"] {
            let line = args(&format!("echoes histogram x --bins {word}"));
            let refused = args::command(args::Listing::Short).try_get_matches_from(line).unwrap_err().to_string();
            assert!(refused.contains("it is not one of auto, fd, doane"), "{refused}");
        }
    }

    #[test]
    fn a_bare_flag_is_true_and_leaves_the_file_alone() {
        assert_eq!(
            given("echoes rolling_mean --window 3 --center x --min_periods 1"),
            json!({"window": 3, "center": true, "min_periods": 1})
        );
        assert_eq!(given("echoes rolling_mean --window 3 --center false x")["center"], json!(false));
        assert_eq!(given("echoes rolling_mean --window 3 --center=false x")["center"], json!(false));
    }

    #[test]
    fn a_word_that_is_no_truth_is_refused_and_not_read_as_a_file() {
        for word in ["no", "Yes", "0"] {
            let completed = complete_flags(args(&format!("echoes skewness --bias {word} x.npy")));
            let refused = args::command(args::Listing::Short).try_get_matches_from(completed).unwrap_err();
            let line = format!("invalid value '{word}' for '--bias[=<BOOL>]'");
            assert!(refused.to_string().contains(&line), "{refused}");
        }
    }

    #[test]
    fn every_kernel_binds_its_own_defaults() {
        for entry in echoes_stats::KERNELS.iter().filter(|entry| parameters(entry).iter().all(|p| !p.required)) {
            let given = given(&format!("echoes {} x", entry.spec.name));
            assert!((entry.bind)(given.clone()).is_ok(), "{} {given}", entry.spec.name);
        }
    }

    #[test]
    fn help_has_no_rust() {
        for entry in echoes_stats::KERNELS {
            let help = Help::of(entry);
            assert!(!help.text.contains("```") && !help.text.contains("use echoes"), "{}", help.text);
            assert!(!help.summary.is_empty());
        }
    }
}
