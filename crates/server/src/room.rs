//! Room for answers as long as their data: taken before they are made.

use crate::{
    app::App,
    gate::Admission,
    media::Wanted,
    problem::{Kind, Problem},
    query::{is, resolve},
};
use echoes_io::Source;
use echoes_kernel::{Entry, Form};
use serde_json::Value;

/// Bytes of a double in memory and in an array.
const DOUBLE: usize = size_of::<f64>();

/// Bytes of a double in JSON at most: `-2.2250738585072014e-308,`.
const TEXT: usize = 25;

/// Takes room for the answer of a kernel that writes columns as long as the data's, and refuses one that would be too large.
pub(crate) fn make_room(
    app: &App,
    source: &dyn Source,
    entry: &Entry,
    columns: usize,
    wanted: Wanted,
    admission: &mut Admission,
) -> Result<(), Problem> {
    let form = entry.spec.form;
    if !form.writes_columns() {
        return Ok(());
    }
    let rows = source.rows_max().unwrap_or(u64::MAX);
    let (limit, written) = (app.config.decoded_bytes_max, columns_out(entry));
    let fit = |&rows: &usize| rows.checked_mul(written * DOUBLE).is_some_and(|bytes| bytes <= limit);
    let Some(rows) = usize::try_from(rows).ok().filter(fit) else {
        return Err(too_large(entry.spec.name, rows, limit));
    };
    let gathered = if form == Form::Whole { columns * DOUBLE } else { 0 };
    let row = gathered + written * if wanted.npy { DOUBLE } else { TEXT };
    admission.hold_more(rows.saturating_mul(row))
}

fn too_large(kernel: &str, rows: u64, limit: usize) -> Problem {
    Kind::Rejected.because(format!(
        "`{kernel}` answers with columns as long as the data's, of up to {rows} rows: they may have {limit} bytes; \
         run `echoes {kernel} FILE -o OUT` instead"
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
            let expected = if entry.spec.name == "fft" { 2 } else { 1 };
            assert_eq!(columns_out(entry), expected, "{}", entry.spec.name);
        }
    }
}
