//! Where the fields of a record lie (RFC 4180). Numbers are not looked at.

use crate::names::COLUMNS_MAX;

/// A field, as positions in its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it was in quotes, which are left out; quotes within it are still doubled.
    pub(super) quoted: bool,
}

/// What makes a text no record, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A quote that is never closed.
    Open(usize),
    /// Something other than a delimiter after a closing quote.
    Glued(usize),
    /// A field beyond the number of columns that are read.
    Wide(usize),
}

/// Finds the fields of the record that `text` begins with, and the number of bytes to the next record.
///
/// `None` if the record does not end within `text` and more may follow; with `last`, nothing follows.
#[inline]
pub(super) fn split(text: &[u8], last: bool, delimiter: u8, cells: &mut Vec<Cell>) -> Result<Option<usize>, Flaw> {
    cells.clear();
    let mut start = 0;
    loop {
        let quoted = text.get(start) == Some(&b'"');
        let (end, next) = if quoted {
            match close(text, start, last)? {
                None => return Ok(None),
                Some(end) => (end, end + 1),
            }
        } else {
            match find(text, start, delimiter) {
                Some(end) => (end, end),
                None if last => (text.len(), text.len()),
                None => return Ok(None),
            }
        };
        if cells.len() == COLUMNS_MAX {
            return Err(Flaw::Wide(start));
        }
        let from = start + usize::from(quoted);
        match text.get(next) {
            Some(&byte) if byte == delimiter => {
                cells.push(Cell { start: from, end, quoted });
                start = next + 1;
            }
            Some(b'\n') => {
                let before = text.get(from..end).unwrap_or_default();
                let end = if !quoted && before.ends_with(b"\r") { end - 1 } else { end };
                cells.push(Cell { start: from, end, quoted });
                return Ok(Some(next + 1));
            }
            Some(b'\r') if text.get(next + 1) == Some(&b'\n') => {
                cells.push(Cell { start: from, end, quoted });
                return Ok(Some(next + 2));
            }
            Some(b'\r') if text.len() == next + 1 && !last => return Ok(None),
            Some(_) => return Err(Flaw::Glued(next)),
            None => {
                cells.push(Cell { start: from, end, quoted });
                return Ok(Some(next));
            }
        }
    }
}

/// Position of the quote that closes the one at `open`; `None` if it may be yet to come.
fn close(text: &[u8], open: usize, last: bool) -> Result<Option<usize>, Flaw> {
    let mut from = open + 1;
    loop {
        let rest = text.get(from..).unwrap_or_default();
        let Some(at) = memchr::memchr(b'"', rest) else {
            return if last { Err(Flaw::Open(open)) } else { Ok(None) };
        };
        match rest.get(at + 1) {
            Some(b'"') => from += at + 2,
            // Whether it is doubled, the next byte will tell.
            None if !last => return Ok(None),
            _ => return Ok(Some(from + at)),
        }
    }
}

/// Position of the next delimiter or line feed, eight bytes at a time: fields are too short for longer strides.
#[inline]
pub(super) fn find(text: &[u8], from: usize, delimiter: u8) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The lowest high bit marks the first byte that is zero.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let delimiters = ONES * u64::from(delimiter);
    let mut at = from;
    let mut rest = text.get(from..)?;
    while let Some((&eight, more)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(eight);
        let found = zeros(word ^ delimiters) | zeros(word ^ (ONES * b'\n' as u64));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
        rest = more;
    }
    rest.iter().position(|&byte| byte == delimiter || byte == b'\n').map(|i| at + i)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str, last: bool) -> Result<Option<(Vec<&str>, usize)>, Flaw> {
        let mut cells = Vec::new();
        let next = split(text.as_bytes(), last, b',', &mut cells)?;
        Ok(next.map(|next| (cells.iter().map(|cell| &text[cell.start..cell.end]).collect(), next)))
    }

    #[test]
    fn records() {
        assert_eq!(fields("a,bc,\r\nd", false), Ok(Some((vec!["a", "bc", ""], 7))));
        assert_eq!(fields("\n\n", false), Ok(Some((vec![""], 1))));
        assert_eq!(fields("a, \"b\" ,c", true), Ok(Some((vec!["a", " \"b\" ", "c"], 9))));
        assert_eq!(fields("\"x,\ny\"\r\n", false), Ok(Some((vec!["x,\ny"], 8))));
        assert_eq!(fields("\"say \"\"hi\"\"\",2\n", false), Ok(Some((vec!["say \"\"hi\"\"", "2"], 15))));
        assert_eq!(fields("\"\",\"\"", true), Ok(Some((vec!["", ""], 5))));
        assert_eq!(fields("0123456789012345,6\r", true), Ok(Some((vec!["0123456789012345", "6\r"], 19))));
    }

    #[test]
    fn what_is_not_yet_a_record() {
        for text in ["", "a", "a,b", "\"a", "\"a\"", "\"a\"\"", "\"a\"\r", "a\r"] {
            assert_eq!(fields(text, false), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn flaws() {
        assert_eq!(fields("a,\"b", true), Err(Flaw::Open(2)));
        assert_eq!(fields("\"a\"b,c\n", false), Err(Flaw::Glued(3)));
        assert_eq!(fields("\"a\"\rb\n", false), Err(Flaw::Glued(3)));
    }
}
