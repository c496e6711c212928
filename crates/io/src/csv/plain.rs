//! The way that most records go: numbers and nothing, read where they stand, each byte looked at once.

use super::split::find;
use crate::number::{Parsed, parse_prefix};

/// A field of a numeric column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    Missing,
    Number(Parsed),
}

/// Reads the record that `text` begins with, and returns the number of bytes to the next.
///
/// `wanted` says for each column of the text where in `values` it goes. `None`, with `values` in any state, for all
/// that is not plain: quotes, spaces, words, a number that needs care, another number of fields, no line feed in sight.
#[inline]
pub(super) fn read(text: &[u8], delimiter: u8, wanted: &[Option<usize>], values: &mut [Value]) -> Option<usize> {
    let (last, others) = wanted.split_last()?;
    let mut rest = text;
    for slot in others {
        rest = match field(rest, delimiter, *slot, values)? {
            [byte, rest @ ..] if *byte == delimiter => rest,
            _ => return None,
        };
    }
    let rest = match field(rest, delimiter, *last, values)? {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => rest,
        _ => return None,
    };
    Some(text.len() - rest.len())
}

/// Reads a field and returns what follows it.
#[inline]
fn field<'t>(text: &'t [u8], delimiter: u8, slot: Option<usize>, values: &mut [Value]) -> Option<&'t [u8]> {
    let Some(slot) = slot else {
        return match text {
            [b'"', ..] => None,
            _ => text.get(find(text, 0, delimiter)?..),
        };
    };
    let value = values.get_mut(slot)?;
    match text {
        [b'0'..=b'9' | b'-' | b'.' | b'+', ..] => {
            let (number, rest) = parse_prefix(text)?;
            *value = Value::Number(number);
            Some(rest)
        }
        _ => {
            *value = Value::Missing;
            Some(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, wanted: &[Option<usize>]) -> Option<(usize, Vec<Value>)> {
        let mut values = vec![Value::Missing; wanted.iter().flatten().count()];
        let next = read(text.as_bytes(), b',', wanted, &mut values)?;
        Some((next, values))
    }

    #[test]
    fn plain_records() {
        let int = |x| Value::Number(Parsed::Int(x));
        assert_eq!(plain("1,-2\n3", &[Some(0), Some(1)]), Some((5, vec![int(1), int(-2)])));
        assert_eq!(plain(",abc,7\r\n", &[Some(1), None, Some(0)]), Some((8, vec![int(7), Value::Missing])));
        assert_eq!(plain("1,abc\r\n", &[Some(0), None]), Some((7, vec![int(1)])));
        assert_eq!(plain("\n", &[Some(0)]), Some((1, vec![Value::Missing])));
    }

    #[test]
    fn all_else_is_left_alone() {
        for text in
            ["1,2", "1\n", "1,2,3\n", "\"1\",2\n", "1,\"x\"\n", "1 ,2\n", "NA,2\n", "nan,2\n", "1x,2\n", "\n", "", "1,"]
        {
            assert_eq!(plain(text, &[Some(0), None]), None, "{text:?}");
        }
    }
}
