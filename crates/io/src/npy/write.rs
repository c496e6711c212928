//! Doubles out to `.npy`.

use std::io::{self, Seek, SeekFrom, Write};

/// Bytes of header, whatever the shape, so that the shape can be put in when it is known.
const HEADER_LEN: usize = 128;

/// Writes doubles as a `.npy` array, row by row, every NaN as the same, and puts the shape into the header at the end.
///
/// An array of one column has one axis, of several has two. Until [`finish`](NpyWriter::finish) the file
/// claims no rows, so one that was left half written is refused when it is read.
#[derive(Debug)]
pub struct NpyWriter<W: Write + Seek> {
    out: W,
    columns: usize,
    values: u64,
    row: Vec<f64>,
}

impl<W: Write + Seek> NpyWriter<W> {
    /// Begins an array of `columns` columns; give a buffered writer.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn create(mut out: W, columns: usize) -> io::Result<Self> {
        out.write_all(&header(0, columns)?)?;
        Ok(Self { out, columns, values: 0, row: Vec::new() })
    }

    /// Adds values, row by row; a call need not end with a row.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn append(&mut self, values: &[f64]) -> io::Result<()> {
        write_values(&mut self.out, values)?;
        self.values += values.len() as u64;
        Ok(())
    }

    /// Adds the same rows of every column.
    ///
    /// # Errors
    /// If the columns are not as many as promised, or differ in length, or the output cannot be written.
    pub fn append_columns(&mut self, columns: &[&[f64]]) -> io::Result<()> {
        let rows = columns.first().map_or(0, |column| column.len());
        if columns.len() != self.columns || columns.iter().any(|column| column.len() != rows) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "columns of another number or of unequal lengths"));
        }
        if let [only] = columns {
            return self.append(only);
        }
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        for i in 0..rows {
            row.extend(columns.iter().filter_map(|column| column.get(i)));
        }
        let result = self.append(&row);
        self.row = row;
        result
    }

    /// Puts the shape into the header, and gives the output back.
    ///
    /// # Errors
    /// If the last row is incomplete, or the output cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        let columns = self.columns as u64;
        if columns == 0 || !self.values.is_multiple_of(columns) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the last row is incomplete"));
        }
        let end = self.out.stream_position()?;
        let start = end.checked_sub(self.values * 8 + HEADER_LEN as u64);
        let start = start.ok_or_else(|| io::Error::other("the output was cut short while it was being written"))?;
        self.out.seek(SeekFrom::Start(start))?;
        self.out.write_all(&header(self.values / columns, self.columns)?)?;
        self.out.seek(SeekFrom::Start(end))?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Writes values, row by row, every NaN as the same, as a `.npy` array whose size is known: no seeking is needed.
///
/// # Errors
/// If there are no columns, the last row is incomplete, or `out` cannot be written.
pub fn write_npy(mut out: impl Write, columns: usize, values: &[f64]) -> io::Result<()> {
    if columns == 0 || !values.len().is_multiple_of(columns) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the last row is incomplete"));
    }
    out.write_all(&header((values.len() / columns) as u64, columns)?)?;
    write_values(&mut out, values)?;
    out.flush()
}

/// Values whose bytes are put together at a time.
const PIECE: usize = 1024;

/// The one NaN that is written: which of its many patterns a processor makes differs from machine to machine.
const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

fn write_values(out: &mut impl Write, values: &[f64]) -> io::Result<()> {
    // Without a branch in it the loop looks at many at a time.
    let any_nan = values.iter().fold(false, |any, x| any | x.is_nan());
    if cfg!(target_endian = "little") && !any_nan {
        return out.write_all(bytemuck::cast_slice(values));
    }
    let mut bytes = Vec::with_capacity(PIECE * size_of::<f64>());
    for piece in values.chunks(PIECE) {
        bytes.clear();
        bytes.extend(piece.iter().flat_map(|&x| if x.is_nan() { NAN } else { x }.to_le_bytes()));
        out.write_all(&bytes)?;
    }
    Ok(())
}

fn header(rows: u64, columns: usize) -> io::Result<[u8; HEADER_LEN]> {
    let mut bytes = [b' '; HEADER_LEN];
    let shape = if columns == 1 { format!("({rows},)") } else { format!("({rows}, {columns})") };
    let mut out = bytes.as_mut_slice();
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&(HEADER_LEN as u16 - 10).to_le_bytes())?;
    write!(out, "{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}")?;
    if let Some(last) = out.last_mut() {
        *last = b'\n';
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Buffer, Reading, Source};
    use std::io::Cursor;

    fn read_back(bytes: &[u8]) -> Vec<Vec<f64>> {
        let source = crate::npy::parse("x", bytes).unwrap();
        let Reading::Rows(rows) = source.read(&(0..source.fields().len()).collect::<Vec<_>>()).unwrap() else {
            panic!("npy is read at any row")
        };
        let mut buffer = Buffer::default();
        let chunk = rows.read(0..rows.rows(), &mut buffer).unwrap();
        chunk.iter().map(|slice| slice.values.as_f64().unwrap().to_vec()).collect()
    }

    #[test]
    fn rows_and_columns_come_back() {
        let mut writer = NpyWriter::create(Cursor::new(Vec::new()), 2).unwrap();
        writer.append(&[1.0, 2.0, 3.0]).unwrap();
        writer.append(&[4.0]).unwrap();
        writer.append_columns(&[&[5.0, 7.0], &[6.0, 8.0]]).unwrap();
        let streamed = writer.finish().unwrap().into_inner();
        assert_eq!(read_back(&streamed), [[1.0, 3.0, 5.0, 7.0], [2.0, 4.0, 6.0, 8.0]]);
        let mut whole = Vec::new();
        write_npy(&mut whole, 2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).unwrap();
        assert_eq!(whole, streamed);
    }

    #[test]
    fn every_nan_is_the_same() {
        let nans = [0x7ff8_0000_0000_0001, 0xfff8_0000_0000_0000, 0x7ff0_0000_0000_0001, 0xffff_ffff_ffff_ffff];
        let mut values: Vec<f64> = (0..3 * PIECE).map(|i| i as f64 - 7.0).collect();
        values.extend(nans.map(f64::from_bits));
        values.extend([f64::NEG_INFINITY, -0.0]);
        let mut bytes = Vec::new();
        write_npy(&mut bytes, 1, &values).unwrap();
        let expected: Vec<u64> =
            values.iter().map(|x| if x.is_nan() { 0x7ff8_0000_0000_0000 } else { x.to_bits() }).collect();
        let bits = |column: &[f64]| column.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&read_back(&bytes)[0]), expected);
        let mut writer = NpyWriter::create(Cursor::new(Vec::new()), 1).unwrap();
        writer.append_columns(&[&values]).unwrap();
        assert_eq!(writer.finish().unwrap().into_inner(), bytes);
    }

    #[test]
    fn an_array_within_a_file_keeps_what_comes_before() {
        let mut out = Cursor::new(b"before".to_vec());
        out.set_position(6);
        let mut writer = NpyWriter::create(out, 1).unwrap();
        writer.append(&[f64::MAX]).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert_eq!(read_back(bytes.strip_prefix(b"before").unwrap()), [[f64::MAX]]);
    }

    #[test]
    fn half_a_row_and_half_a_file_are_refused() {
        let mut writer = NpyWriter::create(Cursor::new(Vec::new()), 2).unwrap();
        writer.append(&[1.0]).unwrap();
        assert!(crate::npy::parse("x", writer.out.get_ref().clone()).is_err());
        assert!(writer.append_columns(&[&[1.0]]).is_err());
        assert!(writer.append_columns(&[&[1.0], &[]]).is_err());
        assert!(writer.finish().is_err());
        assert!(write_npy(Vec::new(), 0, &[]).is_err());
    }

    #[test]
    fn the_largest_shape_fits_the_header() {
        let bytes = header(u64::MAX, usize::MAX).unwrap();
        assert_eq!(bytes.last(), Some(&b'\n'));
        assert!(bytes.contains(&b'}'));
    }
}
