//! The ways that data come to the kernels and answers leave them: files' bytes, expressions, the cache, columns out.

use super::{Call, Data, Failure, answer, first};
use crate::kernels;
use echoes_cache::Cache;
use echoes_engine::{Engine, Request};
use echoes_io::{OpenOptions, Source, csv::CsvWriter, npy::write_npy, parse};
use echoes_kernel::BoundKernel;
use echoes_stats::expr::{Expression, MAP};
use std::hint::black_box;

/// Columns of the CSV text, with the numbers one after the other.
const CSV_COLUMNS: usize = 2;

fn kernel(name: &str) -> Box<dyn BoundKernel> {
    let found = kernels().into_iter().find(|kernel| kernel.spec().name == name);
    found.unwrap_or_else(|| panic!("{name}: no such kernel"))
}

/// A deviation whose partial is in the cache.
pub(super) fn cached(engine: Engine, data: Data) -> Call {
    let (cache, std) = (Cache::new(1 << 20), kernel("std"));
    Box::new(move || {
        let requests = [Request { kernel: std.as_ref(), columns: vec![0] }];
        let answers = engine.job().cache(&cache, b"the same content").answers(&data.memory, &requests);
        first(black_box(answers).map(|(answers, _)| answers))
    })
}

/// `describe` of a column of a CSV text.
pub(super) fn csv(engine: Engine, data: &Data, bytes: &mut u64) -> Call {
    let mut text = b"a,b\n".to_vec();
    for row in data.doubles.chunks_exact(CSV_COLUMNS).chain(data.doubles.chunks_exact(CSV_COLUMNS)) {
        text.extend(format!("{:.6},{:.3}\n", row[0], row[1]).bytes());
    }
    *bytes = text.len() as u64;
    of_bytes(engine, "x.csv", text)
}

/// `describe` of a column of a `.npy` array.
pub(super) fn npy(engine: Engine, data: &Data) -> Result<Call, Failure> {
    let mut bytes = Vec::new();
    write_npy(&mut bytes, 1, data.doubles).map_err(|error| error.to_string())?;
    Ok(of_bytes(engine, "x.npy", bytes))
}

fn of_bytes(engine: Engine, name: &'static str, bytes: Vec<u8>) -> Call {
    let describe = kernel("describe");
    Box::new(move || {
        let source = parse(name, bytes.as_slice(), &OpenOptions::default()).map_err(|error| error.to_string())?;
        let requests = [Request { kernel: describe.as_ref(), columns: vec![0] }];
        first(black_box(engine.job().answers(source.as_ref() as &dyn Source, &requests)).map(|(answers, _)| answers))
    })
}

/// The expression of the README.
pub(super) fn expression(engine: Engine, data: Data) -> Result<Call, Failure> {
    let text = "exp(-0.5*((x-mean(x))/std(x))^2)";
    Expression::parse(text).map_err(|error| error.to_string())?;
    let map = (MAP.bind)(serde_json::json!({ "expr": text })).map_err(|error| error.to_string())?;
    Ok(Box::new(move || answer(&engine, &data, &Request { kernel: map.as_ref(), columns: vec![0] })))
}

/// A column out as CSV, into memory.
pub(super) fn write(data: Data) -> Call {
    Box::new(move || {
        let written = CsvWriter::create(Vec::new(), &["x"]).and_then(|mut writer| writer.append(&[data.doubles]));
        black_box(written).map_err(|error| error.to_string())
    })
}
