//! Doubles out to CSV.

use std::borrow::Cow;
use std::io::{self, Write};

/// A field as it stands in CSV: in quotes where it would else be read as something other than itself.
///
/// ```
/// use echoes_io::csv::quoted;
/// assert_eq!([quoted("x"), quoted("a, b"), quoted("")], ["x", "\"a, b\"", "\"\""]);
/// ```
pub fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) || field.trim() != field || field.is_empty() {
        return format!("\"{}\"", field.replace('"', "\"\"")).into();
    }
    field.into()
}

/// Writes columns of doubles as CSV: a header, then a line a row, each number in the fewest digits that read back
/// to the same double, NaN as an empty field; a row that is nothing else as `""`, because many readers pass over a blank line.
#[derive(Debug)]
pub struct CsvWriter<W: Write> {
    out: W,
    columns: usize,
    text: Vec<u8>,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn create<S: AsRef<str>>(out: W, names: &[S]) -> io::Result<Self> {
        let mut writer = Self { out, columns: names.len(), text: Vec::new() };
        for (i, name) in names.iter().map(AsRef::as_ref).enumerate() {
            if i > 0 {
                writer.text.push(b',');
            }
            writer.text.extend(quoted(name).as_bytes());
        }
        writer.text.push(b'\n');
        writer.out.write_all(&writer.text)?;
        Ok(writer)
    }

    /// Adds the same rows of every column.
    ///
    /// # Errors
    /// If the columns are not as many as the names, or differ in length, or the output cannot be written.
    pub fn append(&mut self, columns: &[&[f64]]) -> io::Result<()> {
        let rows = columns.first().map_or(0, |column| column.len());
        if columns.len() != self.columns || columns.iter().any(|column| column.len() != rows) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "columns of another number or of unequal lengths"));
        }
        self.text.clear();
        for row in 0..rows {
            for (i, x) in columns.iter().filter_map(|column| column.get(row)).enumerate() {
                if i > 0 {
                    self.text.push(b',');
                }
                if !x.is_nan() {
                    // Shortest that reads back; with an exponent where plain digits would be long.
                    write!(self.text, "{x:?}")?;
                } else if self.columns == 1 {
                    self.text.extend(b"\"\"");
                }
            }
            self.text.push(b'\n');
            if self.text.len() >= 1 << 16 {
                self.out.write_all(&self.text)?;
                self.text.clear();
            }
        }
        self.out.write_all(&self.text)
    }

    /// Writes out what is buffered, and gives the output back.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_numbers_short() {
        let mut writer = CsvWriter::create(Vec::new(), &["x", "a \"b\", c", ""]).unwrap();
        writer.append(&[&[1.0, 0.1], &[f64::NAN, -0.0], &[1e300, f64::INFINITY]]).unwrap();
        writer.append(&[&[], &[], &[]]).unwrap();
        assert!(writer.append(&[&[], &[]]).is_err());
        assert!(writer.append(&[&[], &[1.0], &[]]).is_err());
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(text, "x,\"a \"\"b\"\", c\",\"\"\n1.0,,1e300\n0.1,-0.0,inf\n");
    }

    #[test]
    fn no_row_is_a_blank_line() {
        let mut writer = CsvWriter::create(Vec::new(), &["x"]).unwrap();
        writer.append(&[&[f64::NAN, 1.0]]).unwrap();
        assert_eq!(writer.finish().unwrap(), b"x\n\"\"\n1.0\n");
    }
}
