//! What a CSV text leaves unsaid: delimiter, header, types.

use super::CsvOptions;
use super::scan::{BUFFER, Scanner};
use super::split::split;
use crate::number::{Parsed, parse, trim};
use crate::{Bytes, Error, Field, Result, names};
use echoes_kernel::DType;

/// Delimiters that are looked for, the likelier ones first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Records that the delimiter is judged by.
const RECORDS: usize = 64;

/// How to read a text.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) header: bool,
    /// Where the text begins: after the byte order mark, if there is one.
    pub(super) start: u64,
    pub(super) fields: Vec<Field>,
    /// For each column that is not numeric, the reason.
    pub(super) texts: Vec<Option<Error>>,
}

/// A field that holds no value: empty, or one of the few words for that.
pub(super) fn is_missing(field: &[u8]) -> bool {
    let field = trim(field);
    field.is_empty() || [&b"NA"[..], b"N/A", b"null", b"none"].iter().any(|word| field.eq_ignore_ascii_case(word))
}

impl Dialect {
    pub(super) fn of(bytes: &Bytes<'_>, options: &CsvOptions) -> Result<Self> {
        let mut sample = vec![0; bytes.len().min(BUFFER as u64) as usize];
        bytes.read_at(0, &mut sample)?;
        if sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff") {
            return Err(bytes.malformed("is UTF-16: convert it to UTF-8, as with iconv -f UTF-16 -t UTF-8"));
        }
        let (start, text) = sample.strip_prefix(b"\xef\xbb\xbf").map_or((0, &*sample), |text| (3, text));
        if memchr::memchr2(b'\n', b'"', text).is_none() && memchr::memchr(b'\r', text).is_some() {
            return Err(bytes.malformed("has lines that end in CR alone: convert them, as with tr '\\r' '\\n'"));
        }
        let delimiter = match options.delimiter {
            Some(b'"' | b'\r' | b'\n') => {
                return Err(bytes.malformed("cannot be read with a quote or a line end as its delimiter: give another"));
            }
            Some(delimiter) => delimiter,
            None => sniff_delimiter(text),
        };
        Self::of_columns(bytes, delimiter, start, options.header)
    }

    fn of_columns(bytes: &Bytes<'_>, delimiter: u8, start: u64, header: Option<bool>) -> Result<Self> {
        let mut scanner = Scanner::new(bytes, delimiter, start);
        let mut kinds = Vec::new();
        let header = loop {
            let Some(record) = scanner.next()? else { return Err(bytes.malformed("is empty: there is no line in it")) };
            if record.is_blank() {
                continue;
            }
            let first = record.cells.iter().map(|&cell| record.field(cell));
            let header =
                header.unwrap_or_else(|| !first.clone().all(|field| is_missing(field) || parse(field).is_some()));
            let names = record.cells.iter().map(|&cell| if header { record.show(cell) } else { String::new() });
            let fields = names::unique(names).into_iter().map(|name| Field { name, dtype: None });
            let fields: Vec<_> = fields.collect();
            kinds.resize(fields.len(), Kind::default());
            if !header {
                kinds.iter_mut().zip(record.cells).for_each(|(kind, &cell)| kind.take(record, cell));
            }
            break (header, fields);
        };
        let (header, mut fields) = header;
        while scanner.position() < start + BUFFER as u64 {
            let Some(record) = scanner.next()? else { break };
            kinds.iter_mut().zip(record.cells).for_each(|(kind, &cell)| kind.take(record, cell));
        }
        let only = fields.len() == 1;
        let texts = fields.iter_mut().zip(kinds).map(|(field, kind)| {
            field.dtype = match kind {
                Kind::Whole { large: false, .. } => Some(DType::Int64),
                Kind::Whole { negative: false, .. } => Some(DType::UInt64),
                Kind::Empty | Kind::Whole { .. } | Kind::Real => Some(DType::Float64),
                Kind::Text(place, shown) => {
                    let mend = match other_delimiter(&shown) {
                        Some(other) if only => {
                            format!("is {other:?} what separates its fields? Give it with --delimiter")
                        }
                        _ => "choose others".to_owned(),
                    };
                    let what = format!("column {} is not numeric, it has {shown:?}: {mend}", field.name);
                    return Some(Error::new(crate::Kind::Column, bytes.name(), what).at(place.0, place.1));
                }
            };
            None
        });
        let texts = texts.collect();
        Ok(Self { delimiter, header, start, fields, texts })
    }
}

/// A delimiter within a field. Where that is all of its line, another delimiter may have been given or found by mistake.
fn other_delimiter(field: &str) -> Option<char> {
    DELIMITERS.map(char::from).into_iter().find(|&delimiter| field.contains(delimiter))
}

/// What the fields of a column were so far.
#[derive(Debug, Clone, Default)]
enum Kind {
    #[default]
    Empty,
    /// Integers; whether one was negative, and one beyond `i64`.
    Whole {
        negative: bool,
        large: bool,
    },
    Real,
    /// Where the first text was, and what.
    Text((u64, u64), String),
}

impl Kind {
    fn take(&mut self, record: super::scan::Record<'_>, cell: super::split::Cell) {
        if matches!(self, Self::Text(..)) {
            return;
        }
        let field = record.field(cell);
        match parse(field) {
            Some(Parsed::Float(_)) => *self = Self::Real,
            Some(Parsed::Int(x)) => self.take_whole(x < 0, false),
            Some(Parsed::Large(_)) => self.take_whole(false, true),
            None if is_missing(field) => {}
            None => *self = Self::Text(record.place(cell), names::shorten(&record.show(cell))),
        }
    }

    fn take_whole(&mut self, is_negative: bool, is_large: bool) {
        match self {
            Self::Empty => *self = Self::Whole { negative: is_negative, large: is_large },
            Self::Whole { negative, large } => {
                *negative |= is_negative;
                *large |= is_large;
            }
            Self::Real | Self::Text(..) => {}
        }
    }
}

/// The delimiter that gives every record the same number of fields, and the most; else the one that the first
/// record has most of; else a comma.
fn sniff_delimiter(text: &[u8]) -> u8 {
    let mut best = (false, 1, b',');
    for delimiter in DELIMITERS {
        let (same, width) = widths(text, delimiter);
        if width > 1 && (same, width) > (best.0, best.1) {
            best = (same, width, delimiter);
        }
    }
    best.2
}

/// Whether the first records have the same number of fields, and the number that the first has.
fn widths(text: &[u8], delimiter: u8) -> (bool, usize) {
    let (mut cells, mut at, mut first) = (Vec::new(), 0, None);
    for _ in 0..RECORDS {
        let rest = text.get(at..).unwrap_or_default();
        // The last record may be cut off, but a first one is better than none.
        let Ok(Some(len)) = split(rest, first.is_none(), delimiter, &mut cells) else { break };
        if len == 0 {
            break;
        }
        at += len;
        if matches!(cells.as_slice(), [cell] if cell.start == cell.end) {
            continue;
        }
        if *first.get_or_insert(cells.len()) != cells.len() {
            return (false, first.unwrap_or(1));
        }
    }
    (true, first.unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters() {
        for (text, delimiter) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("a\tb c\n1\t2\n", b'\t'),
            ("a|b|c\n1|2|3", b'|'),
            ("a\n1\n", b','),
            ("", b','),
            ("\"x;y;z\",b\n\"1;2;3\",4\n", b','),
            ("\n\na;b\n", b';'),
        ] {
            assert_eq!(sniff_delimiter(text.as_bytes()), delimiter, "{text:?}");
        }
    }

    #[test]
    fn missing_words() {
        for word in ["", " ", "NA", "na", "n/a", "NULL", "None", " null "] {
            assert!(is_missing(word.as_bytes()), "{word:?}");
        }
        for word in ["nan", "-", "0", "nil", "."] {
            assert!(!is_missing(word.as_bytes()), "{word:?}");
        }
    }
}
