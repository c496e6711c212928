//! Ours in `cargo xtask peers`: times kernels in this process when asked, so that its calls take turns with the peers'.
//!
//! A line of JSON in, a line of JSON out, until the input ends:
//!
//! | request | answer |
//! |---|---|
//! | `{"load": PATH, "columns": N, "threads": N}` maps doubles, column by column | `{"rows", "level"}`, the level of SIMD |
//! | `{"op", "params", "columns", "into", "repeats"}` runs a kernel on the first columns, once more than is counted | `{"seconds"}`, of one call |
//!
//! With `"answer": PATH` an op writes its numbers there as doubles, of an object the `fields` alone, in their order. With `into` it
//! writes to a column that is there already. What goes wrong is `{"error"}`.
#![forbid(unsafe_code)]

use echoes_benches::Fused;
use echoes_engine::Engine;
use echoes_io::{Access, Bytes, View};
use echoes_kernel::Kernel;
use echoes_simd::pages;
use echoes_stats::expr::Map;
use echoes_stats::kernels::{
    descriptive::{self, *},
    distribution::*,
    histogram::*,
    matrix::*,
    order::*,
    pair::*,
    regression::*,
    series::*,
    sketch::*,
    spectral::*,
    test::*,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    fs,
    hint::black_box,
    io::{self, BufRead, Write},
    num::NonZeroUsize,
    time::Instant,
};

/// What can be asked for, by name. A kernel is one line.
static OPS: &[(&str, Run)] = &[
    op::<ArgMax>(),
    op::<ArgMin>(),
    op::<AutoCorr>(),
    op::<Clip>(),
    op::<Convolve>(),
    op::<Corr>(),
    op::<Correlate>(),
    op::<CorrMatrix>(),
    op::<Cov>(),
    op::<CovMatrix>(),
    op::<CumProd>(),
    op::<CumSum>(),
    op::<Describe>(),
    op::<descriptive::Mode>(),
    op::<Diff>(),
    op::<Distinct>(),
    op::<Ecdf>(),
    op::<EwmMean>(),
    op::<EwmStd>(),
    op::<Fft>(),
    op::<Fused>(),
    op::<Gamma>(),
    op::<GMean>(),
    op::<Histogram2d>(),
    op::<Histogram>(),
    op::<HMean>(),
    op::<Ifft>(),
    op::<Iqr>(),
    op::<Irfft>(),
    op::<Kde>(),
    op::<KendallTau>(),
    op::<Kurtosis>(),
    op::<LinRegress>(),
    op::<LMoments>(),
    op::<Mad>(),
    op::<Map>(),
    op::<Max>(),
    op::<Mean>(),
    op::<Median>(),
    op::<Min>(),
    op::<MinMax>(),
    op::<NormPdf>(),
    op::<Ols>(),
    op::<PartialCorr>(),
    op::<PearsonR>(),
    op::<PercentileOfScore>(),
    op::<Periodogram>(),
    op::<PMean>(),
    op::<PolyFit>(),
    op::<Ptp>(),
    op::<Quantile>(),
    op::<QuantileSketch>(),
    op::<Rank>(),
    op::<Rfft>(),
    op::<Ridge>(),
    op::<RollingCorr>(),
    op::<RollingCov>(),
    op::<RollingKurt>(),
    op::<RollingMax>(),
    op::<RollingMean>(),
    op::<RollingMedian>(),
    op::<RollingMin>(),
    op::<RollingQuantile>(),
    op::<RollingSkew>(),
    op::<RollingStd>(),
    op::<RollingSum>(),
    op::<RollingVar>(),
    op::<Sem>(),
    op::<Skewness>(),
    op::<Sort>(),
    op::<SpearmanR>(),
    op::<Std>(),
    op::<Stft>(),
    op::<Sum>(),
    op::<TheilSlopes>(),
    op::<TopK>(),
    op::<TrimMean>(),
    op::<TtestInd>(),
    op::<Variance>(),
    op::<Welch>(),
    op::<Winsorize>(),
    op::<Wls>(),
    op::<ZScore>(),
];

type Run = fn(&Loaded, &Request) -> Result<f64, String>;

const fn op<K: Kernel>() -> (&'static str, Run) {
    (K::SPEC.name, run::<K>)
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Asked {
    Load(Load),
    Run(Request),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Load {
    load: String,
    columns: usize,
    threads: NonZeroUsize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    op: String,
    params: Value,
    columns: usize,
    into: bool,
    repeats: u32,
    #[serde(default)]
    fields: Vec<String>,
    answer: Option<String>,
}

/// The data, and who computes.
struct Loaded {
    engine: Engine,
    /// The very memory that the peers read: in nobody's cache more than in another's.
    data: Option<Bytes<'static>>,
    rows: usize,
}

impl Loaded {
    /// The columns, one after the other.
    fn columns(&self) -> Vec<&[f64]> {
        let bytes = self.data.as_ref().and_then(|data| data.as_slice().ok().flatten()).unwrap_or_default();
        let doubles: &[f64] = bytemuck::try_cast_slice(bytes).unwrap_or_default();
        doubles.chunks_exact(self.rows.max(1)).collect()
    }
}

fn main() -> io::Result<()> {
    // As the program `echoes` does.
    echoes_io::keep_freed_memory();
    let mut loaded = Loaded { engine: Engine::new(), data: None, rows: 0 };
    for line in io::stdin().lock().lines() {
        let answer = reply(&mut loaded, &line?).unwrap_or_else(|error| json!({ "error": error }));
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}

fn reply(loaded: &mut Loaded, line: &str) -> Result<Value, String> {
    match serde_json::from_str(line).map_err(|error| error.to_string())? {
        Asked::Load(load) => {
            *loaded = read(&load).map_err(|error| error.to_string())?;
            Ok(json!({ "rows": loaded.rows, "level": echoes_simd::level().name() }))
        }
        Asked::Run(request) => {
            let op = OPS.iter().find(|(name, _)| *name == request.op);
            let (_, run) = op.ok_or_else(|| format!("no op is called `{}`", request.op))?;
            run(loaded, &request).map(|seconds| json!({ "seconds": seconds }))
        }
    }
}

fn read(load: &Load) -> echoes_io::Result<Loaded> {
    let data = Bytes::open(&load.load, Access::Mmap)?;
    let doubles = data.as_slice()?.map_or(0, |bytes| bytes.len() / size_of::<f64>());
    let rows = doubles.checked_div(load.columns).unwrap_or(0);
    Ok(Loaded { engine: Engine::with_threads(load.threads), data: Some(data), rows })
}

/// A column to write to, on large pages as NumPy's are. Of ones, so that its pages are there before anything is timed.
fn ones(rows: usize) -> Vec<f64> {
    let mut column = pages::column(rows);
    column.fill(1.0);
    column
}

/// Seconds that one call takes.
fn run<K: Kernel>(loaded: &Loaded, request: &Request) -> Result<f64, String> {
    let kernel: K = serde_json::from_value(request.params.clone()).map_err(|error| error.to_string())?;
    let columns = loaded.columns();
    let columns = columns.get(..request.columns).ok_or("there are not so many columns")?;
    let views = || columns.iter().map(|&column| View::from(column)).collect::<Vec<_>>();
    if let Some(path) = &request.answer {
        let output = loaded.engine.run(&kernel, views()).map_err(|error| error.to_string())?;
        let answer = serde_json::to_value(output).map_err(|error| error.to_string())?;
        write(path, &answer, &request.fields)?;
    }
    let mut out = if request.into { ones(loaded.rows) } else { Vec::new() };
    let mut call = || {
        let done = match request.into {
            true => loaded.engine.job().fill(&kernel, views(), &mut [&mut out]),
            false => loaded.engine.run(&kernel, views()).map(|answer| drop(black_box(answer))),
        };
        black_box(done).map_err(|error| error.to_string())
    };
    call()?;
    let start = Instant::now();
    for _ in 0..request.repeats {
        call()?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(request.repeats.max(1)))
}

fn write(path: &str, answer: &Value, fields: &[String]) -> Result<(), String> {
    let mut bytes = Vec::new();
    match fields {
        [] => numbers(answer, &mut bytes),
        fields => fields.iter().for_each(|field| numbers(&answer[field], &mut bytes)),
    }
    fs::write(path, bytes).map_err(|error| format!("{path}: {error}"))
}

/// The numbers of an answer in their order; null, which is what is undefined, as NaN.
fn numbers(answer: &Value, bytes: &mut Vec<u8>) {
    match answer {
        Value::Array(items) => items.iter().for_each(|item| numbers(item, bytes)),
        Value::Object(fields) => fields.values().for_each(|field| numbers(field, bytes)),
        value => bytes.extend(value.as_f64().unwrap_or(f64::NAN).to_ne_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(columns: &[&[f64]]) -> Loaded {
        let file = std::env::temp_dir().join(format!("echoes-peers-{}-{}", std::process::id(), columns[0].len()));
        let bytes: Vec<u8> = columns.concat().iter().flat_map(|x| x.to_ne_bytes()).collect();
        fs::write(&file, bytes).unwrap();
        let load = Load { load: file.to_str().unwrap().to_owned(), columns: columns.len(), threads: NonZeroUsize::MIN };
        let loaded = read(&load).unwrap();
        fs::remove_file(file).unwrap();
        loaded
    }

    #[test]
    fn columns_come_as_they_were_written() {
        let loaded = loaded(&[&[1.0, 2.0, 6.0], &[1.0, 2.0, -7.0]]);
        assert_eq!(loaded.columns(), [[1.0, 2.0, 6.0], [1.0, 2.0, -7.0]]);
        assert_eq!(loaded.rows, 3);
    }

    #[test]
    fn an_op_is_timed_and_answers_when_asked() {
        let mut loaded = loaded(&[&[1.0, 2.0, 6.0, 3.0]]);
        let file = std::env::temp_dir().join(format!("echoes-peers-answer-{}", std::process::id()));
        let path = file.to_str().unwrap();
        let request = json!({ "op": "moments", "params": {}, "columns": 1, "into": false, "repeats": 3,
            "fields": ["max", "mean"], "answer": path });
        let answer = reply(&mut loaded, &request.to_string()).unwrap();
        assert!(answer["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{answer}");
        let written = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(written, [6.0f64, 3.0].map(f64::to_ne_bytes).concat());
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let mut loaded = loaded(&[&[1.0, 2.0]]);
        let ask = |op, columns| {
            json!({ "op": op, "params": {}, "columns": columns, "into": false, "repeats": 1 }).to_string()
        };
        assert_eq!(reply(&mut loaded, &ask("guess", 1)), Err("no op is called `guess`".to_owned()));
        assert_eq!(reply(&mut loaded, &ask("mean", 2)), Err("there are not so many columns".to_owned()));
        assert!(reply(&mut loaded, "mean").is_err());
        assert!(reply(&mut loaded, r#"{"load": "/nowhere", "columns": 1, "threads": 1}"#).is_err());
    }
}
