//! The usual request in one pass: the columns' numbers are read as they are met.
//!
//! What is unusual (escapes in names) or out of place is `None`: the careful way then reads the text again, and its
//! word is what the client gets.

use super::{
    Body, COLUMNS, FIELDS_MAX, NAME_BYTES_MAX, NAN, PARAMETERS_BYTES_MAX, finite, is_required, nan, parameter,
    values_max,
};
use echoes_io::{
    ColumnBuilder, OwnedColumn,
    number::{self, Parsed},
};
use memchr::memchr;
use serde_json::{Map, value::RawValue};

/// Reads a request with such fields for the data.
pub(super) fn parse(text: &[u8], fields: &[&str], columns_max: usize) -> Option<Body> {
    let mut text = Text(text);
    let mut body = Body { columns: Vec::new(), nan: None, params: Map::new() };
    let (mut seen, mut room) = (Vec::new(), PARAMETERS_BYTES_MAX);
    text.members(|text, name| {
        if seen.contains(&name) || seen.len() == FIELDS_MAX {
            return None;
        }
        match name {
            NAN => body.nan = Some(nan::<serde_json::Error>(text.value()?).ok()?),
            field if !fields.contains(&field) => {
                let value = parameter::<serde_json::Error>(field, text.value()?, &mut room).ok()?;
                body.params.insert(name.to_owned(), value);
            }
            COLUMNS => body.columns = text.columns(columns_max)?,
            _ => body.columns.push((name.to_owned(), text.column()?)),
        }
        seen.push(name);
        Some(())
    })?;
    let whole = text.0.is_empty() && fields.iter().all(|field| seen.contains(field) || !is_required(field));
    if fields != [COLUMNS] {
        body.columns.sort_by_key(|(name, _)| fields.iter().position(|field| field == name));
    }
    whole.then_some(body)
}

/// What is left of a text.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn skip_blanks(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    /// Takes a mark and the blanks around it, if it is next.
    fn take(&mut self, mark: u8) -> bool {
        self.skip_blanks();
        let Some(rest) = self.0.strip_prefix(&[mark]) else { return false };
        self.0 = rest;
        self.skip_blanks();
        true
    }

    /// An object, member by member.
    fn members(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        if !self.take(b'{') {
            return None;
        }
        if self.take(b'}') {
            return Some(());
        }
        loop {
            let name = self.name()?;
            if !self.take(b':') {
                return None;
            }
            member(self, name)?;
            if self.take(b'}') {
                return Some(());
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    /// A text without escapes.
    fn name(&mut self) -> Option<&'a str> {
        let inside = self.0.strip_prefix(b"\"")?;
        let end = inside.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
        let (name, rest) = inside.split_at(end);
        self.0 = rest.strip_prefix(b"\"")?;
        std::str::from_utf8(name).ok()
    }

    /// Any value, as it stands.
    fn value(&mut self) -> Option<&'a RawValue> {
        let mut values = serde_json::Deserializer::from_slice(self.0).into_iter::<&'a RawValue>();
        let value = values.next()?.ok()?;
        self.0 = self.0.get(values.byte_offset()..)?;
        Some(value)
    }

    fn columns(&mut self, columns_max: usize) -> Option<Vec<(String, OwnedColumn)>> {
        let (mut columns, mut seen) = (Vec::new(), std::collections::HashSet::new());
        self.members(|text, name| {
            if columns.len() == columns_max || name.len() > NAME_BYTES_MAX || !seen.insert(name) {
                return None;
            }
            columns.push((name.to_owned(), text.column()?));
            Some(())
        })?;
        Some(columns)
    }

    /// An array of numbers and nulls.
    fn column(&mut self) -> Option<OwnedColumn> {
        let end = memchr(b']', self.0)?;
        let mut column = ColumnBuilder::with_capacity(values_max(self.0.get(..end)?));
        if !self.take(b'[') {
            return None;
        }
        if self.take(b']') {
            return Some(column.finish());
        }
        loop {
            if let Some((number, rest)) = number::usual_prefix(self.0) {
                column.push(number);
                self.0 = rest;
            } else if let Some(rest) = self.0.strip_prefix(b"null") {
                column.push_missing();
                self.0 = rest;
            } else {
                let (number, rest) = unusual_number(self.0)?;
                column.push(number);
                self.0 = rest;
            }
            if let [b',', rest @ ..] = self.0 {
                self.0 = rest;
                self.skip_blanks();
            } else if self.take(b']') {
                return Some(column.finish());
            } else if !self.take(b',') {
                return None;
            }
        }
    }
}

/// The number that a text begins with, in the grammar of JSON, and what follows it.
#[inline(never)]
fn unusual_number(text: &[u8]) -> Option<(Parsed, &[u8])> {
    let found = number::parse_prefix(text).filter(|_| begins_as_in_json(text));
    let (number, rest) = found.or_else(|| slow(text))?;
    Some((finite(Some(number)).ok()?, rest))
}

/// Whether what is known to be a number begins with a digit, has no zero in front of another, and a digit behind the point.
#[inline]
fn begins_as_in_json(text: &[u8]) -> bool {
    let body = text.strip_prefix(b"-").unwrap_or(text);
    let mut rest = match body {
        [b'0', rest @ ..] if !rest.first().is_some_and(u8::is_ascii_digit) => rest,
        [b'1'..=b'9', rest @ ..] => rest,
        _ => return false,
    };
    while let [b'0'..=b'9', after @ ..] = rest {
        rest = after;
    }
    !matches!(rest, [b'.', after @ ..] if !after.first().is_some_and(u8::is_ascii_digit))
}

/// The same for numbers of many digits.
#[cold]
fn slow(text: &[u8]) -> Option<(Parsed, &[u8])> {
    let in_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    let end = text.iter().position(|byte| !in_number(byte))?;
    let (token, rest) = text.split_at(end);
    // The library knows the grammar.
    serde_json::from_slice::<&RawValue>(token).ok()?;
    number::parse(token).map(|number| (number, rest))
}

#[cfg(test)]
mod tests {
    use super::super::{careful, data_fields};
    use super::*;
    use echoes_kernel::{Category, Spec};
    use proptest::prelude::*;

    const ONE: Spec = Spec::new("mean", Category::Descriptive);

    fn shown(body: Body) -> String {
        format!("{body:?}")
    }

    /// Both ways agree wherever the quick one speaks.
    fn check(text: &str, spec: &Spec) -> bool {
        let quick = parse(text.as_bytes(), data_fields(spec), 3);
        if let Some(quick) = quick {
            assert_eq!(Ok(shown(quick)), careful(text.as_bytes(), spec, 3).map(shown), "{text}");
            return true;
        }
        false
    }

    #[test]
    fn the_usual_is_quick() {
        for text in [
            r#"{"x":[1,2,3]}"#,
            " { \"x\" : [ 1.5 , null,\n-2e3 ] , \"ddof\" : 1 } \n",
            r#"{"q":[0.5],"x":[0.00012345678901234567,-0,9223372036854775807,12345678901234567890],"nan":"omit"}"#,
            r#"{"x":[]}"#,
        ] {
            assert!(check(text, &ONE), "{text}");
        }
        assert!(check(r#"{"y":[1],"ü":{"z":"a\"b"},"x":[2]}"#, &ONE.columns(2)));
        assert!(check(r#"{"columns":{"b":[1],"a":[2]}}"#, &ONE.at_least(2)));
        assert!(check(r#"{"weights":[1],"x":[2]}"#, &ONE.weighable()) && check(r#"{"x":[2]}"#, &ONE.weighable()));
        assert!(check(r#"{"weights":[1],"y":[3],"x":[2]}"#, &ONE.columns(2).weighable()));
    }

    #[test]
    fn what_is_wrong_is_left_to_the_careful_way() {
        for number in
            ["01", "-", "+1", "1.", ".5", "1.e5", "1e", "1e999", "-.5", "00", "NaN", "1 2", "\"1\"", "0x1", "1,"]
        {
            // With so much behind it, it is looked at in the usual way first.
            for behind in ["", &" ".repeat(40)] {
                assert!(!check(&format!("{{\"x\":[{number}{behind}]}}"), &ONE), "{number}");
            }
        }
        for text in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"x":[1]} 2"#,
            r#"{"x":[1],"x":[2]}"#,
            r#"{"x":[1],}"#,
            r#"{"x":[1] "y":1}"#,
            r#"{"x":[1],"q":}"#,
            r#"{"x":1}"#,
            r#"{"x":[1]"#,
            r#"{"x":[1],"\u0071":1}"#,
        ] {
            assert!(!check(text, &ONE), "{text}");
        }
        assert!(!check(r#"{"columns":{"b":[1],"b":[2]}}"#, &ONE.at_least(2)));
        assert!(!check(r#"{"columns":{"a":[],"b":[],"c":[],"d":[]}}"#, &ONE.at_least(2)));
    }

    proptest! {
        #[test]
        fn any_numbers(numbers in prop::collection::vec("-?[0-9]{1,20}(\\.[0-9]{0,20})?([eE][-+]?[0-9]{1,3})?", 0..4)) {
            check(&format!("{{\"x\":[{}]}}", numbers.join(",")), &ONE);
        }

        #[test]
        fn any_doubles_are_quick(x in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 0..50)) {
            let text = serde_json::json!({"x": x}).to_string();
            prop_assert!(check(&text, &ONE));
        }

        #[test]
        fn any_text(text in "[{}\\[\\]\",:x0-9.eE n+-]{0,30}") {
            check(&text, &ONE);
            check(&format!("{{\"x\":[{text}]}}"), &ONE);
        }
    }
}
