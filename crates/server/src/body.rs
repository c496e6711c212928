//! The JSON of a request: columns read straight from the text, parameters kept as they are.
//!
//! The usual request is read in one pass. Any other in two: one finds the fields and checks the grammar, the second reads
//! each column's numbers where they lie. Neither builds a tree of values.

mod quick;

use crate::{
    problem::{Kind, Problem},
    query,
};
use echoes_io::{
    ColumnBuilder, OwnedColumn,
    names::shorten,
    number::{self, Parsed},
};
use echoes_kernel::{Arity, Nan, Spec};
use memchr::memchr_iter;
use serde::{
    Deserializer as _,
    de::{DeserializeSeed, Error as _, MapAccess, Visitor},
};
use serde_json::{
    Map,
    value::{RawValue, Value},
};
use std::{collections::HashSet, fmt};

/// The field for what a NaN does.
pub(crate) const NAN: &str = "nan";
/// The field for the column of weights, which need not be there.
pub(crate) const WEIGHTS: &str = "weights";
/// The field for columns by name.
pub(crate) const COLUMNS: &str = "columns";

/// Bytes of the parameters' JSON, their names included.
pub(crate) const PARAMETERS_BYTES_MAX: usize = 64 << 10;
/// Bytes of a column's name.
const NAME_BYTES_MAX: usize = 4 << 10;
/// Fields of a request.
const FIELDS_MAX: usize = 64;

/// A request, read.
#[derive(Debug)]
pub(crate) struct Body {
    /// The columns, in the kernel's order.
    pub columns: Vec<(String, OwnedColumn)>,
    /// What a NaN does, if it says so.
    pub nan: Option<Nan>,
    /// Every other field.
    pub params: Map<String, Value>,
}

/// The fields that hold the data: `x`, `x` and `y`, both with `weights` if the kernel takes some, or for more columns an object `columns`.
pub(crate) const fn data_fields(spec: &Spec) -> &'static [&'static str] {
    match (spec.columns, spec.weighable) {
        (Arity::Exactly(1), true) => &["x", WEIGHTS],
        (Arity::Exactly(2), true) => &["x", "y", WEIGHTS],
        (Arity::Exactly(1) | Arity::Samples(1), _) => &["x"],
        (Arity::Exactly(2) | Arity::Samples(2), _) => &["x", "y"],
        _ => &[COLUMNS],
    }
}

/// Whether a field of data must be there.
pub(crate) fn is_required(field: &str) -> bool {
    field != WEIGHTS
}

/// Bytes that the columns of a request take at most. Of values there is one more than there are commas: an array or object of
/// some has one less.
pub(crate) fn columns_bytes_max(text: &[u8]) -> usize {
    const VALUE: usize = size_of::<f64>() + size_of::<bool>();
    values_max(text).saturating_mul(VALUE)
}

/// The values of a JSON text at most.
fn values_max(text: &[u8]) -> usize {
    memchr_iter(b',', text).count() + 1
}

/// Reads a request for a kernel.
pub(crate) fn parse(text: &[u8], spec: &Spec, columns_max: usize) -> Result<Body, Problem> {
    quick::parse(text, data_fields(spec), columns_max).map_or_else(|| careful(text, spec, columns_max), Ok)
}

fn careful(text: &[u8], spec: &Spec, columns_max: usize) -> Result<Body, Problem> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let fields = Envelope { fields: data_fields(spec), columns_max };
    let fields = json.deserialize_map(fields).and_then(|fields| json.end().map(|()| fields)).map_err(|e| refuse(&e))?;
    let read = |(name, raw): (String, &RawValue)| match read_column(raw.get().as_bytes()) {
        Ok(column) => Ok((name, column)),
        Err(fault) => Err(fault.into_problem(&name, raw, text)),
    };
    let columns = fields.columns.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(Body { columns, nan: fields.nan, params: fields.params })
}

/// What a client learns of JSON that cannot be read.
pub(crate) fn refuse(error: &serde_json::Error) -> Problem {
    let kind = if error.is_data() { Kind::Rejected } else { Kind::Malformed };
    kind.because(error.to_string())
}

/// The fields of a request, the numbers of its columns not yet read.
struct Fields<'a> {
    columns: Vec<(String, &'a RawValue)>,
    nan: Option<Nan>,
    params: Map<String, Value>,
}

/// Reads [`Fields`].
struct Envelope {
    fields: &'static [&'static str],
    columns_max: usize,
}

impl<'de> Visitor<'de> for Envelope {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}` and parameters", self.fields.join("`, `"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields { columns: Vec::new(), nan: None, params: Map::new() };
        let (mut seen, mut room) = (HashSet::new(), PARAMETERS_BYTES_MAX);
        while let Some(name) = map.next_key::<String>()? {
            if seen.contains(&name) {
                return Err(A::Error::custom(format_args!("`{}` is given twice", shorten(&name))));
            }
            if seen.len() == FIELDS_MAX {
                return Err(A::Error::custom(format_args!("more than {FIELDS_MAX} fields")));
            }
            match name.as_str() {
                NAN => fields.nan = Some(nan(map.next_value()?)?),
                field if !self.fields.contains(&field) => {
                    let value = parameter(field, map.next_value()?, &mut room)?;
                    fields.params.insert(name.clone(), value);
                }
                COLUMNS => fields.columns = map.next_value_seed(Named { columns_max: self.columns_max })?,
                _ => fields.columns.push((name.clone(), map.next_value()?)),
            }
            seen.insert(name);
        }
        if let Some(missing) = self.fields.iter().find(|field| is_required(field) && !seen.contains(**field)) {
            return Err(A::Error::custom(format_args!("`{missing}` is missing: {}", shape_of(missing))));
        }
        if self.fields != [COLUMNS] {
            fields.columns.sort_by_key(|(name, _)| self.fields.iter().position(|field| field == name));
        }
        Ok(fields)
    }
}

fn shape_of(field: &str) -> &'static str {
    if field == COLUMNS {
        r#"give the columns as {"columns": {"a": [1, 2], "b": [3, 4]}}"#
    } else {
        "give the column as an array of numbers"
    }
}

/// Reads columns by name, their order kept.
struct Named {
    columns_max: usize,
}

impl<'de> DeserializeSeed<'de> for Named {
    type Value = Vec<(String, &'de RawValue)>;
    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Named {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of arrays, the names of the columns its keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut columns, mut seen) = (Vec::new(), HashSet::new());
        while let Some(name) = map.next_key::<String>()? {
            if columns.len() == self.columns_max {
                return Err(A::Error::custom(format_args!("more than {} columns", self.columns_max)));
            }
            if name.len() > NAME_BYTES_MAX {
                return Err(A::Error::custom(format_args!("a column's name may have {NAME_BYTES_MAX} bytes")));
            }
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("column `{}` is given twice", shorten(&name))));
            }
            columns.push((name, map.next_value()?));
        }
        Ok(columns)
    }
}

/// Reads what a NaN does.
pub(crate) fn nan<E: serde::de::Error>(raw: &RawValue) -> Result<Nan, E> {
    let word = serde_json::from_str::<String>(raw.get());
    word.ok().and_then(|word| word.parse().ok()).ok_or_else(|| E::custom(query::unknown_nan(raw.get())))
}

/// Reads a parameter, and takes what it is long from the `room` that there is for all.
pub(crate) fn parameter<E: serde::de::Error>(name: &str, raw: &RawValue, room: &mut usize) -> Result<Value, E> {
    let (len, name, text) = (name.len(), shorten(name), raw.get());
    let Some(left) = room.checked_sub(len + text.len()) else {
        let most = PARAMETERS_BYTES_MAX;
        return Err(E::custom(format_args!("with `{name}` the parameters have more than {most} bytes: shorten them")));
    };
    *room = left;
    serde_json::from_str(text).map(whole).map_err(|error| {
        // The outer error says where.
        let what = error.to_string();
        E::custom(format_args!("`{name}`: {}", what.split(" at line ").next().unwrap_or_default()))
    })
}

/// The value with its whole numbers as integers: in JSON Schema 2.0 is one, to Rust it is none.
pub(crate) fn whole(value: Value) -> Value {
    // Beyond 2⁵³ a double does not say which integer is meant.
    let exact = -9_007_199_254_740_992.0..=9_007_199_254_740_992.0;
    match value {
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (name, whole(field))).collect(),
        Value::Number(x) if x.is_f64() => match x.as_f64() {
            Some(x) if x.fract() == 0.0 && exact.contains(&x) && x.to_bits() != (-0.0f64).to_bits() => {
                (x as i64).into()
            }
            _ => x.into(),
        },
        other => other,
    }
}

/// Why a column cannot be read, and at which byte of it.
#[derive(Debug, PartialEq)]
struct Fault {
    at: usize,
    what: &'static str,
}

impl Fault {
    fn into_problem(self, column: &str, raw: &RawValue, text: &[u8]) -> Problem {
        let at = (raw.get().as_ptr().addr() - text.as_ptr().addr() + self.at).min(text.len());
        let before = text.split_at(at).0;
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let column_at = 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count();
        let column = shorten(column);
        Kind::Rejected.because(format!("`{column}`: {} at line {line} column {column_at}", self.what))
    }
}

/// The numbers of a JSON array whose grammar has been checked: integers where all are, and fit in 64 bits, signed or not; else
/// doubles.
fn read_column(json: &[u8]) -> Result<OwnedColumn, Fault> {
    let Some(inside) = json.strip_prefix(b"[").and_then(|json| json.strip_suffix(b"]")) else {
        return Err(Fault { at: 0, what: "expected an array of numbers" });
    };
    let mut column = ColumnBuilder::with_capacity(values_max(inside));
    let mut rest = inside.trim_ascii_start();
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b',').unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        push(&mut column, token.trim_ascii_end()).map_err(|what| Fault { at: json.len() - 1 - rest.len(), what })?;
        rest = after.get(1..).unwrap_or_default().trim_ascii_start();
    }
    Ok(column.finish())
}

/// JSON has no infinity.
const BEYOND: &str = "a number beyond the range of doubles";

/// Adds what stands between two commas.
fn push(column: &mut ColumnBuilder, token: &[u8]) -> Result<(), &'static str> {
    match token {
        b"null" => column.push_missing(),
        [b'-' | b'0'..=b'9', ..] => column.push(finite(number::parse(token))?),
        _ => return Err("expected a number or null"),
    }
    Ok(())
}

#[inline]
fn finite(number: Option<Parsed>) -> Result<Parsed, &'static str> {
    match number {
        Some(Parsed::Float(x)) if !x.is_finite() => Err(BEYOND),
        Some(number) => Ok(number),
        None => Err(BEYOND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{Category, Values};

    const ONE: Spec = Spec::new("mean", Category::Descriptive);

    fn column(json: &str) -> OwnedColumn {
        read_column(json.as_bytes()).unwrap()
    }

    fn refusal(json: &str) -> String {
        format!("{:?}", parse(json.as_bytes(), &ONE, 10).unwrap_err())
    }

    #[test]
    fn integers_stay_integers_until_one_is_not() {
        assert!(matches!(column("[1, -2 ,9223372036854775807]").slice().values, Values::Int64([1, -2, i64::MAX])));
        assert_eq!(column("[1,2.5]").slice().values.as_f64(), Some(&[1.0, 2.5][..]));
        assert!(matches!(column("[1,18446744073709551615]").slice().values, Values::UInt64([1, u64::MAX])));
        assert_eq!(
            column("[-1,9223372036854775808]").slice().values.as_f64(),
            Some(&[-1.0, 9_223_372_036_854_775_808.0][..])
        );
        assert_eq!(column("[-0]").slice().values.as_f64().map(|x| x[0].to_bits()), Some((-0.0f64).to_bits()));
        assert!(column("[ ]").slice().values.is_empty());
    }

    #[test]
    fn values_are_no_more_than_can_be_told() {
        for (text, values) in
            [("{}", 1), (r#"{"x":[1,null,2],"ddof":1}"#, 4), (r#"{"columns":{"a":[1],"b":[2,3]}}"#, 3)]
        {
            assert_eq!(values_max(text.as_bytes()), values, "{text}");
        }
        assert_eq!(columns_bytes_max(b"[1,2]"), 18);
    }

    #[test]
    fn null_is_missing() {
        let x = column("[null,\n1.5,null]");
        assert_eq!(x.slice().valid, Some(&[false, true, false][..]));
        assert_eq!(x.slice().values.as_f64(), Some(&[0.0, 1.5, 0.0][..]));
        assert_eq!(column("[1,null,2]").slice().valid, Some(&[true, false, true][..]));
    }

    #[test]
    fn the_order_is_the_kernels() {
        let body = parse(br#"{"y":[1],"nan":"omit","x":[2],"ddof":1}"#, &ONE.columns(2), 10).unwrap();
        assert_eq!((body.columns[0].0.as_str(), body.columns[1].0.as_str()), ("x", "y"));
        assert_eq!((body.nan, Value::Object(body.params)), (Some(Nan::Omit), serde_json::json!({"ddof": 1})));
    }

    #[test]
    fn weights_may_be_there_and_stand_last() {
        let names = |json: &str, spec: &Spec| -> Vec<String> {
            parse(json.as_bytes(), spec, 10).unwrap().columns.into_iter().map(|(name, _)| name).collect()
        };
        let (one, two) = (ONE.weighable(), ONE.columns(2).weighable());
        assert_eq!(names(r#"{"weights":[1],"x":[2]}"#, &one), ["x", "weights"]);
        assert_eq!(names(r#"{"weights":[1],"y":[3],"x":[2]}"#, &two), ["x", "y", "weights"]);
        assert_eq!(names(r#"{"x":[2]}"#, &one), ["x"]);
        // A parameter, which the kernel refuses.
        assert!(parse(br#"{"x":[2],"weights":[1]}"#, &ONE, 10).unwrap().params.contains_key(WEIGHTS));
        assert!(parse(br#"{"weights":[1]}"#, &one, 10).is_err());
    }

    #[test]
    fn names_keep_their_order() {
        let body = parse(br#"{"columns":{"z":[1],"a":[2]}}"#, &ONE.at_least(2), 10).unwrap();
        assert_eq!(body.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["z", "a"]);
    }

    #[test]
    fn refusals_say_what_and_where() {
        for (json, says) in [
            (r#"{"x":[1,]}"#, "expected value at line 1 column 9"),
            (r#"{"x":[01]}"#, "invalid number at line 1"),
            (r#"{"x":[1]"#, "EOF while parsing an object at line 1 column 8"),
            (r#"{"x":[1]} 2"#, "trailing characters at line 1 column 11"),
            (r#"{"x":[NaN]}"#, "expected value at line 1 column 7"),
            ("{\"x\":[1,\n 1e999]}", "`x`: a number beyond the range of doubles at line 2 column 2"),
            (r#"{"x":["1"]}"#, "`x`: expected a number or null at line 1 column 7"),
            (r#"{"x":[[1,2],3]}"#, "`x`: expected a number or null at line 1 column 7"),
            (r#"{"x":{"a":1}}"#, "`x`: expected an array of numbers at line 1 column 6"),
            (r#"{"x":[1],"x":[2]}"#, "`x` is given twice at line 1 column"),
            (r#"{"x":[1],"q":1,"q":2}"#, "`q` is given twice at line 1 column"),
            (r#"{"x":[1],"nan":"omit","nan":"omit"}"#, "`nan` is given twice at line 1 column"),
            (r#"{"x":[1],"nan":"drop"}"#, "it must be propagate, omit or raise at line 1"),
            (r#"{"x":[1],"nan":null}"#, "`nan` is `null`: it must be propagate"),
            (r#"{"x":[1],"q":1e999}"#, "`q`: number out of range at line 1 column"),
            (r#"{"q":1}"#, "`x` is missing"),
            ("[1]", "expected an object with `x` and parameters at line 1"),
            ("", "EOF while parsing a value at line 1 column 0"),
        ] {
            assert!(refusal(json).contains(says), "{json}: {}", refusal(json));
        }
    }

    #[test]
    fn whole_parameters_are_integers() {
        let body = parse(br#"{"x":[],"q":[2.0,0.5,-0.0,1e300],"r":{"s":3}}"#, &ONE, 1).unwrap();
        assert_eq!(Value::Object(body.params).to_string(), r#"{"q":[2,0.5,-0.0,1e+300],"r":{"s":3}}"#);
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!(r#"{{"x":[1],"q":{}1{}}}"#, "[".repeat(1000), "]".repeat(1000));
        assert!(refusal(&deep).contains("recursion limit exceeded"), "{}", refusal(&deep));
        let long = format!(r#"{{"x":[1],"q":[{}1]}}"#, "1,".repeat(PARAMETERS_BYTES_MAX / 2));
        assert!(refusal(&long).contains("have more than"), "{}", refusal(&long));
        let half = format!("[{}1]", "1,".repeat(PARAMETERS_BYTES_MAX / 4));
        assert!(refusal(&format!(r#"{{"x":[1],"q":{half},"r":{half}}}"#)).contains("with `r` the parameters"));
        let name = "c".repeat(NAME_BYTES_MAX + 1);
        let named = parse(format!(r#"{{"columns":{{"{name}":[1]}}}}"#).as_bytes(), &ONE.at_least(2), 10).unwrap_err();
        assert!(format!("{named:?}").contains("a column's name may have 4096 bytes"), "{named:?}");
        let many: String = (0..100).map(|i| format!(",\"p{i}\":1")).collect();
        assert!(refusal(&format!("{{\"x\":[1]{many}}}")).contains("more than 64 fields"));
        let wide: String = (0..11).map(|i| format!(",\"c{i}\":[1]")).collect();
        let wide = format!("{{\"columns\":{{{}}}}}", &wide[1..]);
        let refused = parse(wide.as_bytes(), &ONE.at_least(2), 10).unwrap_err();
        assert!(format!("{refused:?}").contains("more than 10 columns"));
    }
}
