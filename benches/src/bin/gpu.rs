//! The graphics processor beside the processor, as a Markdown table: `gpu [GIGABYTES] [MILLIONS] [SETTING]`.
//!
//! `GIGABYTES` a second are what the memory of the device moves by its data sheet, `MILLIONS` of rows the most to measure, and the
//! setting `cpu` takes a driver that runs on the processor. A first call brings the column, a later one finds it there.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a measurement prints")]

use echoes_benches::{Bins, Discard, median, uniform};
use echoes_cache::Cache;
use echoes_engine::{Engine, Gpu, Request};
use echoes_gpu::{Column, Device, Options, RealFft};
use echoes_io::{Memory, Source, View};
use echoes_kernel::{BoundKernel, Columns, Entry};
use echoes_stats::kernels::{
    descriptive::{Kurtosis, Ptp},
    series::ZScore,
    spectral::Fft,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Millions of rows.
const MILLIONS: [usize; 4] = [1, 10, 50, 200];
/// Powers of two of the transforms; the last is the longest that there is.
const BITS: [u32; 3] = [16, 20, 23];
/// Calls that a median is of.
const CALLS: usize = 15;
/// First calls that a median is of.
const FIRST_CALLS: usize = 5;

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<usize>().ok());
    let (bandwidth, most) = (number(0), number(1).unwrap_or(usize::MAX));
    let gpu: Gpu = arguments.get(2).map_or(Ok(Gpu::On), |word| word.parse())?;
    let options = if gpu == Gpu::Cpu { Options::default().on_processor() } else { Options::default() };
    let started = Instant::now();
    let device = options.open()?;
    println!("{}, {}; opened in {:.0?}", device.name(), device.driver(), started.elapsed());
    let bench = Bench { here: Engine::new().gpu(Gpu::Off), there: Engine::new().gpu(gpu), bandwidth };
    println!("{} threads, {}\n", bench.here.threads(), echoes_simd::level().name());
    println!("| operation | rows | processor | first call there | later call | GB/s | of the bandwidth |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for millions in MILLIONS.into_iter().filter(|millions| *millions <= most) {
        bench.columns(millions)?;
    }
    BITS.into_iter().try_for_each(|bits| bench.transforms(&device, bits))
}

struct Bench {
    here: Engine,
    there: Engine,
    /// Gigabytes a second.
    bandwidth: Option<usize>,
}

impl Bench {
    /// Rows of the table for columns of so many million doubles.
    fn columns(&self, millions: usize) -> Result<(), Error> {
        let x = uniform(millions * 1_000_000);
        let source = Memory::named([("x".to_owned(), View::from(&x))]);
        let (none, bins) = (serde_json::json!({}), serde_json::json!({ "count": 64 }));
        let cases = [
            ("moments", (Entry::of::<Kurtosis>().bind)(none.clone())?),
            ("extrema", (Entry::of::<Ptp>().bind)(none.clone())?),
            ("histogram of 64 bins", (Entry::of::<Bins>().bind)(bins)?),
            ("z-score, fetched", (Entry::of::<ZScore>().bind)(none)?),
        ];
        for (name, kernel) in &cases {
            let call = |engine: &Engine, content: String| call(engine, &source, kernel.as_ref(), &content);
            let content = |i: usize| format!("{name}, {millions} million, number {i}");
            let found = |engine: &Engine| {
                Ok::<_, Error>((call(engine, content(FIRST_CALLS))?, written(engine, &source, kernel.as_ref())?))
            };
            if found(&self.there)? != found(&self.here)? {
                return Err(format!("{name}: other answers").into());
            }
            let first = times(FIRST_CALLS, |i| call(&self.there, content(i)))?;
            let later = times(CALLS, |_| call(&self.there, content(0)))?;
            let here = times(CALLS, |_| call(&self.here, content(0)))?;
            self.print(name, &format!("{millions} million"), 8 * x.len(), [here, first, later]);
        }
        Ok(())
    }

    /// A row of the table for a transform of two to so many bits.
    fn transforms(&self, device: &Arc<Device>, bits: u32) -> Result<(), Error> {
        let x = uniform(1 << bits);
        let source = Memory::named([("x".to_owned(), View::from(&x))]);
        let kernel = (Entry::of::<Fft>().bind)(serde_json::json!({}))?;
        let fft = RealFft::new(device)?;
        let column = Column::upload(device, &x)?;
        let run = |column: &Column| fft.run(column).map(|spectrum| drop(std::hint::black_box(spectrum)));
        run(&column)?;
        let first = times(FIRST_CALLS, |_| Ok(run(&Column::upload(device, &x)?)?))?;
        let later = times(CALLS, |_| Ok(run(&column)?))?;
        let here = times(FIRST_CALLS, |_| call(&self.here, &source, kernel.as_ref(), ""))?;
        // Every number is read once and written once, at the least.
        self.print("real FFT, fetched", &format!("2^{bits}"), 16 * x.len(), [here, first, later]);
        Ok(())
    }

    fn print(&self, name: &str, rows: &str, bytes: usize, times: [Duration; 3]) {
        let [here, first, later] = times.map(|time| format!("{:.3} ms", 1e3 * time.as_secs_f64()));
        let rate = 1e-9 * bytes as f64 / times[2].as_secs_f64();
        let share = self.bandwidth.map_or_else(String::new, |all| format!("{:.1} %", 1e2 * rate / all as f64));
        println!("| {name} | {rows} | {here} | {first} | {later} | {rate:.1} | {share} |");
    }
}

/// The median of so many calls, each of which is told its number.
fn times<T>(calls: usize, mut call: impl FnMut(usize) -> Result<T, Error>) -> Result<Duration, Error> {
    let mut times = Vec::with_capacity(calls);
    for i in 0..calls {
        let started = Instant::now();
        std::hint::black_box(call(i)?);
        times.push(started.elapsed());
    }
    Ok(median(times))
}

/// The bits of the columns that a kernel writes, none if it writes none.
fn written(engine: &Engine, source: &dyn Source, kernel: &dyn BoundKernel) -> Result<Vec<u64>, Error> {
    let mut columns = Columns::new();
    if kernel.spec().form.writes_columns() {
        let request = Request { kernel, columns: vec![0] };
        engine.job().write(source, &request, &mut columns)?;
    }
    Ok(columns.into_iter().flatten().map(f64::to_bits).collect())
}

/// One call: its answer, or nothing where it writes a column, which [`written`] compares. The cache is a new one: the column may be
/// known by its content, but no partial is.
fn call(engine: &Engine, source: &dyn Source, kernel: &dyn BoundKernel, content: &str) -> Result<String, Error> {
    let cache = Cache::new(1 << 20);
    let request = [Request { kernel, columns: vec![0] }];
    let job = engine.job().cache(&cache, content.as_bytes());
    if kernel.spec().form.writes_columns() {
        job.write(source, &request[0], &mut Discard)?;
        return Ok(String::new());
    }
    let (answers, _) = job.answers(source, &request)?;
    answers.into_iter().map(|answer| Ok(answer?.get().to_owned())).collect()
}
