//! A CSV text as a source: typed columns, a chunk at a time.

use super::CsvOptions;
use super::plain::Value;
use super::scan::{BUFFER, Record, Scanner};
use super::sniff::{Dialect, is_missing};
use super::split::Cell;
use crate::number::parse;
use crate::{Bytes, ColumnBuilder, Error, Field, Kind, OwnedColumn, Reading, Result, Source, Stream, names};
use echoes_kernel::CHUNK;

/// A CSV text as columns. See the [module](crate::csv) for what is understood.
#[derive(Debug)]
pub struct CsvSource<'a> {
    bytes: Bytes<'a>,
    dialect: Dialect,
}

impl<'a> CsvSource<'a> {
    /// The columns of a text; reads its beginning.
    ///
    /// # Errors
    /// [`Kind::Malformed`] if it is empty, not UTF-8 or alike, or badly quoted; else as [`Bytes::read_at`].
    pub fn new(bytes: Bytes<'a>, options: &CsvOptions) -> Result<Self> {
        let dialect = Dialect::of(&bytes, options)?;
        Ok(Self { bytes, dialect })
    }

    /// The delimiter that was given or found.
    pub const fn delimiter(&self) -> u8 {
        self.dialect.delimiter
    }

    /// Whether the first line holds the names.
    pub const fn has_header(&self) -> bool {
        self.dialect.header
    }
}

impl Source for CsvSource<'_> {
    fn name(&self) -> &str {
        self.bytes.name()
    }

    fn backend(&self) -> &'static str {
        "csv"
    }

    fn fields(&self) -> &[Field] {
        &self.dialect.fields
    }

    fn identity(&self) -> Option<String> {
        let Dialect { delimiter, header, fields, .. } = &self.dialect;
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        Some(format!("{} {delimiter} {header} {names:?}", self.bytes.identity()?))
    }

    fn rows(&self) -> Option<u64> {
        None
    }

    fn rows_max(&self) -> Option<u64> {
        // A row has a delimiter or a line feed for each of its fields; the last may end without.
        Some(self.bytes.len() / self.dialect.fields.len().max(1) as u64 + 1)
    }

    fn rows_counted(&self, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Option<u64>> {
        let (mut buffer, mut at, mut rows) = (vec![0; BUFFER], 0, 1);
        while at < self.bytes.len() {
            let len = (self.bytes.len() - at).min(BUFFER as u64);
            buffer.truncate(len as usize);
            self.bytes.read_at(at, &mut buffer)?;
            rows += memchr::memchr_iter(b'\n', &buffer).count() as u64;
            at += len;
            if !go_on(rows) {
                return Ok(None);
            }
        }
        Ok(Some(rows))
    }

    fn read(&self, columns: &[usize]) -> Result<Reading<'_>> {
        for &i in columns {
            match self.dialect.texts.get(i) {
                Some(None) => {}
                Some(Some(error)) => return Err(error.clone()),
                None => {
                    let what = format!("there is no column number {i}: there are {}", self.dialect.fields.len());
                    return Err(Error::new(Kind::Column, self.name(), what));
                }
            }
        }
        let mut wanted = vec![None; self.dialect.fields.len()];
        for (slot, &i) in columns.iter().enumerate() {
            if let Some(wanted) = wanted.get_mut(i) {
                *wanted = Some(slot);
            }
        }
        Ok(Reading::Stream(Box::new(CsvStream {
            source: self,
            scanner: Scanner::new(&self.bytes, self.dialect.delimiter, self.dialect.start),
            columns: columns.to_vec(),
            slots: columns.iter().map(|&i| wanted.get(i).copied().flatten().unwrap_or(0)).collect(),
            wanted,
            values: vec![Value::Missing; columns.len()],
            header: self.dialect.header,
            capacity: 0,
            ended: false,
        })))
    }
}

struct CsvStream<'a> {
    source: &'a CsvSource<'a>,
    scanner: Scanner<'a>,
    columns: Vec<usize>,
    /// For each column of the text, where among `values` it goes.
    wanted: Vec<Option<usize>>,
    /// For each column that was asked for, where among `values` it is.
    slots: Vec<usize>,
    /// One record.
    values: Vec<Value>,
    /// Whether the header is still to come.
    header: bool,
    /// Rows that the columns begin with room for: those of the chunk before.
    capacity: usize,
    ended: bool,
}

impl Stream for CsvStream<'_> {
    fn next(&mut self) -> Result<Option<Vec<OwnedColumn>>> {
        let mut builders: Vec<_> = self.columns.iter().map(|_| ColumnBuilder::with_capacity(self.capacity)).collect();
        let mut rows = 0;
        while rows < CHUNK && self.next_record()? {
            for (&slot, builder) in self.slots.iter().zip(&mut builders) {
                match self.values.get(slot) {
                    Some(Value::Number(number)) => builder.push(*number),
                    _ => builder.push_missing(),
                }
            }
            rows += 1;
        }
        self.capacity = rows;
        let columns = builders.into_iter().map(ColumnBuilder::finish).collect();
        Ok((rows > 0).then_some(columns))
    }
}

impl CsvStream<'_> {
    /// Reads the next record into `values`; false at the end.
    #[inline]
    fn next_record(&mut self) -> Result<bool> {
        Ok(!self.header && self.scanner.next_plain(&self.wanted, &mut self.values) || self.next_careful()?)
    }

    /// As [`next_record`](CsvStream::next_record), for any record.
    fn next_careful(&mut self) -> Result<bool> {
        let width = self.wanted.len();
        while !self.ended {
            let Some(record) = self.scanner.next()? else {
                self.ended = true;
                self.source.bytes.check_unchanged()?;
                break;
            };
            if (width > 1 || self.header) && record.is_blank() || std::mem::take(&mut self.header) {
                continue;
            }
            if record.cells.len() != width {
                return Err(ragged(self.source, record));
            }
            for (&i, &slot) in self.columns.iter().zip(&self.slots) {
                let (Some(&cell), Some(value)) = (record.cells.get(i), self.values.get_mut(slot)) else { continue };
                let field = record.field(cell);
                *value = match parse(field) {
                    Some(number) => Value::Number(number),
                    None if is_missing(field) => Value::Missing,
                    None => return Err(no_number(self.source, i, record, cell)),
                };
            }
            return Ok(true);
        }
        Ok(false)
    }
}

#[cold]
fn ragged(source: &CsvSource<'_>, record: Record<'_>) -> Error {
    let fields = |n: usize| if n == 1 { "1 field".to_owned() } else { format!("{n} fields") };
    let (found, expected) = (fields(record.cells.len()), source.dialect.fields.len());
    let first = if source.dialect.header { "header" } else { "first line" };
    let what = format!("line has {found}, the {first} has {expected}: quote fields that hold the delimiter");
    source.bytes.malformed(what).at(record.line, 0)
}

#[cold]
fn no_number(source: &CsvSource<'_>, column: usize, record: Record<'_>, cell: Cell) -> Error {
    let name = source.dialect.fields.get(column).map_or("", |field| &field.name);
    let shown = names::shorten(&record.show(cell));
    let what = format!("column {name}: {shown:?} is not a number; choose other columns or mark it missing (empty, NA)");
    let (line, at) = record.place(cell);
    source.bytes.malformed(what).at(line, at)
}
