//! Room in memory for columns and for answers as long as their data: taken before they are made.

use crate::{
    answer::{malformed, refuse},
    app::App,
    gate::Admission,
    media::Wanted,
    problem::{Kind, Problem},
    query::{is, resolve},
};
use echoes_engine::{Cancel, Error, streamed_values_max};
use echoes_io::Source;
use echoes_kernel::{BoundKernel, Bundle, Entry, Shape, Spec};
use serde_json::Value;
use std::cell::OnceCell;

/// Bytes of a double in memory and in an array.
const DOUBLE: usize = size_of::<f64>();

/// Bytes of a value in memory, with the mark that it is there.
const VALUE: usize = DOUBLE + size_of::<bool>();

/// Bytes of a double in JSON at most: `-2.2250738585072014e-308,`.
const TEXT: usize = 25;

/// Room for what is read of a source, and made of it.
pub(crate) struct Room<'a> {
    pub app: &'a App,
    pub cancel: &'a Cancel,
    pub source: &'a dyn Source,
    counted: OnceCell<Option<u64>>,
}

impl<'a> Room<'a> {
    pub(crate) const fn new(app: &'a App, cancel: &'a Cancel, source: &'a dyn Source) -> Self {
        Self { app, cancel, source, counted: OnceCell::new() }
    }

    /// Takes room for columns of a text: as much as is read of them at a time. Others are read where they lie.
    pub(crate) fn columns(&self, columns: usize, admission: &mut Admission) -> Result<(), Problem> {
        if self.source.rows().is_some() {
            return Ok(());
        }
        let values = self.rows_max().saturating_mul(columns).min(streamed_values_max(columns));
        admission.hold_more(values.saturating_mul(VALUE))
    }

    /// Takes room for what a kernel makes of all rows, columns to answer with and columns to work on, and refuses what would be too
    /// large.
    pub(crate) fn answer(
        &self,
        entry: &Entry,
        kernel: &dyn BoundKernel,
        columns: usize,
        wanted: Wanted,
        admission: &mut Admission,
    ) -> Result<(), Problem> {
        let form = entry.spec.form;
        let written = if form.writes_columns() { columns_out(entry) } else { 0 };
        let gathered = if form.gathers() { columns } else { 0 };
        if written + gathered == 0 {
            return Ok(());
        }
        let limit = self.app.config.decoded_bytes_max;
        let made = |rows: usize| usize::try_from(kernel.rows_made(rows as u64)).unwrap_or(usize::MAX);
        let bytes = |rows: usize, columns: usize, of_one: usize| rows.saturating_mul(columns * of_one);
        // What is made has a limit; what is only worked on has it where nothing is.
        let fits =
            |&rows: &usize| bytes(made(rows), written.max(1), DOUBLE).max(bytes(rows, gathered, DOUBLE)) <= limit;
        let mut hold = |rows: usize| {
            // A kernel that works on columns may take as much again to do it, or more.
            let work =
                if form.gathers() { bytes(rows.max(made(rows)), entry.spec.work.max(2 * columns), DOUBLE) } else { 0 };
            let answer = bytes(made(rows), written, if wanted.npy { DOUBLE } else { TEXT });
            admission.hold_more(work.saturating_add(answer))
        };
        let estimate = self.rows_max();
        if fits(&estimate) && hold(estimate).is_ok() {
            return Ok(());
        }
        match self.rows_counted()?.map(|rows| rows as usize).filter(fits) {
            Some(rows) => hold(rows),
            None => {
                self.refused(kernel, columns)?;
                Err(too_large(&entry.spec, limit, if written > 0 { written } else { gathered }))
            }
        }
    }

    /// What the kernel itself has against its parameters: of what cannot be, it says that it makes endless rows.
    fn refused(&self, kernel: &dyn BoundKernel, columns: usize) -> Result<(), Problem> {
        let shape = Shape { rows: self.source.rows(), columns, sample: &[] };
        kernel.spread(&shape, &mut Bundle::default()).map_err(|reject| refuse(reject.into()))
    }

    fn rows_max(&self) -> usize {
        self.source.rows_max().and_then(|rows| usize::try_from(rows).ok()).unwrap_or(usize::MAX)
    }

    /// The rows, by one look at all of them; `None` if they are more than any answer may have.
    fn rows_counted(&self) -> Result<Option<u64>, Problem> {
        if let Some(&counted) = self.counted.get() {
            return Ok(counted);
        }
        let most = (self.app.config.decoded_bytes_max / DOUBLE) as u64;
        let rows =
            self.source.rows_counted(&mut |rows| rows <= most && !self.cancel.is_cancelled()).map_err(malformed)?;
        if self.cancel.is_cancelled() {
            return Err(refuse(Error::Cancelled));
        }
        Ok(*self.counted.get_or_init(|| rows))
    }
}

fn too_large(spec: &Spec, limit: usize, columns: usize) -> Problem {
    let (name, most) = (spec.name, limit / (columns * DOUBLE));
    let (what, instead) = match spec.form.writes_columns() {
        true => ("makes columns", " -o OUT"),
        false => ("holds the data's columns in memory", ""),
    };
    Kind::Rejected.because(format!(
        "`{name}` {what} of more than {most} rows: they may have {limit} bytes; run `echoes {name} FILE{instead}` instead"
    ))
}

/// The columns that a kernel answers with, by the schema of its answer.
fn columns_out(entry: &Entry) -> usize {
    let schema = Value::from((entry.output)());
    arrays(&schema, &schema)
}

/// An array is one; an object has those of its properties.
fn arrays(shape: &Value, schema: &Value) -> usize {
    let shape = resolve(shape, schema);
    if is(shape, "array") {
        return 1;
    }
    shape["properties"].as_object().into_iter().flatten().map(|(_, property)| arrays(property, schema)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_stats::{KERNELS, expr::MAP};

    #[test]
    fn the_longest_double() {
        let text = |x: f64| serde_json::to_string(&x).unwrap().len() + 1;
        let longest = [-2.225_073_858_507_201_4e-308, f64::MIN, -5e-324, -1.234_567_890_123_456_7e-5].map(text);
        assert_eq!(longest.into_iter().max(), Some(TEXT));
    }

    #[test]
    fn every_kernel_that_writes_columns_says_how_many() {
        for entry in KERNELS.iter().chain([&MAP]).filter(|entry| entry.spec.form.writes_columns()) {
            let expected = match entry.spec.name {
                "ecdf" | "fft" | "ifft" | "periodogram" | "rfft" | "welch" => 2,
                "stft" => 4,
                _ => 1,
            };
            assert_eq!(columns_out(entry), expected, "{}", entry.spec.name);
        }
    }
}
