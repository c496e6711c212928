//! Law 8: with a graphics processor every answer has the processor's bits, whatever the device does.
//!
//! On a driver that runs on the processor, under the validation layer; without a driver each test says that it is skipped.
//! With `ECHOES_TEST_GPU=on`, on the machine's own graphics processor; then a test without one fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod common;

use common::{columns, columns_for, kernels};
use echoes_cache::Cache;
use echoes_engine::{Costs, Engine, Error, Gpu, Job, Observer, Request, Run};
use echoes_gpu::{self as gpu, Options};
use echoes_io::{Memory, View};
use echoes_kernel::{
    BLOCK, BoundKernel, CHUNK, Category, Columns, Form, Kernel, Nan, Next, Reject, Shape, Spec, sweep::BINS_MAX,
};
use echoes_stats::{
    kernels::{
        descriptive::{ArgMin, Mean},
        series::ZScore,
    },
    partials::{Edges, Histogram},
};
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What a device without the layer has to say about it.
const NO_LAYER: &str = "the validation layer is not installed";

const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// Whether the machine's own graphics processor is to be tested.
fn on_graphics() -> bool {
    std::env::var_os("ECHOES_TEST_GPU").is_some_and(|value| value == "on")
}

/// The device that is tested.
fn tested() -> Options {
    if on_graphics() { Options::default() } else { Options::default().on_processor() }
}

/// What one test has been told: messages of the validation layer, and how each run read its data.
#[derive(Clone, Default)]
struct Told {
    messages: Arc<Mutex<Vec<String>>>,
    backends: Arc<Mutex<Vec<&'static str>>>,
}

impl Told {
    fn options(&self) -> Options {
        let messages = Arc::clone(&self.messages);
        tested().validate(move |message| messages.lock().unwrap().push(message.to_owned()))
    }

    fn engine(&self, options: Options) -> Engine {
        let backends = Arc::clone(&self.backends);
        let observer: Arc<Observer> = Arc::new(move |run: &Run<'_>| backends.lock().unwrap().push(run.backend));
        let gpu = if on_graphics() { Gpu::On } else { Gpu::Cpu };
        Engine::with_threads(THREADS).gpu(gpu).devices(options).observer(observer)
    }

    /// How the last run read its data.
    fn backend(&self) -> &'static str {
        self.backends.lock().unwrap().last().copied().unwrap_or("none")
    }
}

/// Whether there is a driver to test with; says so if not.
fn has_driver() -> bool {
    match tested().open() {
        Ok(_) => true,
        Err(reason) => {
            assert!(!on_graphics(), "{reason}");
            println!("skipped: no Vulkan driver ({reason})");
            false
        }
    }
}

/// Runs a test on an engine with a device of its own, and fails on any message of the validation layer.
fn on_device(test: impl FnOnce(&Engine, &Told)) {
    if !has_driver() {
        return;
    }
    let told = Told::default();
    test(&told.engine(told.options()), &told);
    let said = told.messages.lock().unwrap();
    if *said == [NO_LAYER] {
        println!("skipped: {NO_LAYER}");
    } else {
        assert_eq!(*said, [""; 0]);
    }
}

fn plain() -> Engine {
    Engine::with_threads(THREADS).gpu(Gpu::Off)
}

/// A kernel's answer, or the bits of the columns that it writes, and how it read.
fn ask(job: Job<'_>, source: &Memory<'_>, kernel: &dyn BoundKernel) -> (String, &'static str) {
    let request = Request { kernel, columns: columns_for(kernel) };
    if !kernel.spec().form.writes_columns() {
        let (mut answers, report) = job.answers(source, std::slice::from_ref(&request)).unwrap();
        return (format!("{:?}", answers.pop().unwrap()), report.backend);
    }
    let mut columns = Columns::new();
    match job.write(source, &request, &mut columns) {
        Ok(report) => {
            let bits = columns.iter().flatten().fold(0u64, |all, x| all.rotate_left(5) ^ x.to_bits());
            (format!("{} values, {bits:x}", columns.iter().map(Vec::len).sum::<usize>()), report.backend)
        }
        Err(error) => (error.to_string(), "none"),
    }
}

fn named<'a, T>(columns: &'a [Vec<T>]) -> Memory<'a>
where
    View<'a>: From<&'a [T]>,
{
    Memory::named(columns.iter().enumerate().map(|(i, x)| (format!("c{i}"), View::from(x.as_slice()))))
}

/// Counts in bins, which no kernel of the registry asks for.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Bins {
    count: u32,
}

impl Kernel for Bins {
    const SPEC: Spec = Spec::new("bins", Category::Descriptive).form(Form::Reduce);
    type Pass = Histogram;
    type Output = Vec<u64>;
    fn pass(&self, _: &Shape<'_>) -> echoes_kernel::Result<Edges> {
        Edges::new(-1.0, 2.0, self.count).ok_or(Reject::Kernel("no bins"))
    }
    fn finish(&self, pass: &Histogram) -> echoes_kernel::Result<Next<Self>> {
        let counts = pass.counts();
        let aside = [counts.below, counts.above, counts.nan];
        Ok(Next::Done(counts.bins.iter().copied().chain(aside).collect()))
    }
}

/// Every kernel of one column, by the device and by the processor.
fn check(engine: &Engine, x: &[f64]) {
    let columns = [x.to_vec()];
    let source = named(&columns);
    for kernel in kernels().filter(|kernel| columns_for(kernel.as_ref()).len() == 1) {
        let (found, _) = ask(engine.job(), &source, kernel.as_ref());
        let (expected, _) = ask(plain().job(), &source, kernel.as_ref());
        assert_eq!(found, expected, "{} of {} rows", kernel.spec().name, x.len());
    }
    for count in [17, BINS_MAX, BINS_MAX + 1] {
        let bins = Bins { count };
        assert_eq!(engine.run(&bins, x), plain().run(&bins, x), "{count} bins of {} rows", x.len());
    }
}

/// Values of one sort, the same each time.
fn values(seed: u64, rows: usize, offset: f64, spread: f64) -> Vec<f64> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    (0..rows).map(|_| offset + spread * next()).collect()
}

/// Kernels that the device must have done: a reading that it cannot make would make the law hold for nothing.
const SWEPT: [&str; 17] = [
    "argmax",
    "argmin",
    "count",
    "histogram",
    "kde",
    "kurtosis",
    "max",
    "mean",
    "min",
    "minmax",
    "ptp",
    "sem",
    "skewness",
    "std",
    "sum",
    "variance",
    "zscore",
];

#[test]
fn every_kernel_of_the_registry_has_the_processors_bits() {
    on_device(|engine, _| {
        let columns = columns(2 * CHUNK + 5 * BLOCK + 77);
        let narrow: Vec<Vec<f32>> = columns.iter().map(|x| x.iter().map(|&x| x as f32).collect()).collect();
        for source in [named(&columns), named(&narrow)] {
            let mut swept = Vec::new();
            for kernel in kernels() {
                let (found, backend) = ask(engine.job(), &source, kernel.as_ref());
                let (expected, memory) = ask(plain().job(), &source, kernel.as_ref());
                assert!(found == expected, "{}", kernel.spec().name);
                assert_eq!(memory, "memory");
                swept.extend((backend == "gpu").then(|| kernel.spec().name));
            }
            swept.sort_unstable();
            assert_eq!(swept, SWEPT);
        }
    });
}

#[test]
fn many_kernels_in_one_run_have_the_processors_bits() {
    on_device(|engine, _| {
        let columns = columns(CHUNK + 5);
        let kernels: Vec<_> = kernels().filter(|kernel| !kernel.spec().form.writes_columns()).collect();
        let requests: Vec<_> = kernels
            .iter()
            .map(|kernel| Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) })
            .chain(kernels.iter().take(3).map(|kernel| Request { kernel: kernel.as_ref(), columns: vec![3] }))
            .collect();
        let (found, _) = engine.job().answers(&named(&columns), &requests).unwrap();
        let (expected, _) = plain().job().answers(&named(&columns), &requests).unwrap();
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    });
}

#[test]
fn partials_have_the_processors_bits() {
    on_device(|engine, told| {
        let cases =
            [(1, 1.0, 1.0), (3 * CHUNK + 777, 1e8, 1.0), (CHUNK, 0.0, 1.0), (BLOCK + 1, 0.1, 0.0), (5000, -1e6, 1e-3)];
        for (rows, offset, spread) in cases {
            check(engine, &values(9, rows, offset, spread));
        }
        engine.run(&Bins { count: BINS_MAX }, &[0.5]).unwrap();
        assert_eq!(told.backend(), "gpu");
        engine.run(&Bins { count: BINS_MAX + 1 }, &[0.5]).unwrap();
        assert_eq!(told.backend(), "memory");
    });
}

#[test]
fn blocks_far_from_the_anchor_have_the_processors_bits() {
    on_device(|engine, _| {
        // Each block has its own mean: all but the first are swept again. One is constant.
        let mut x = values(4, 2 * CHUNK, 0.0, 1.0);
        x.iter_mut().enumerate().for_each(|(i, x)| *x += (i / BLOCK) as f64 * 3.0);
        x[7 * BLOCK..8 * BLOCK].fill(0.1);
        check(engine, &x);
    });
}

#[test]
fn special_values_have_the_processors_bits() {
    on_device(|engine, told| {
        for (special, backend) in [
            (f64::NAN, "memory"),
            (f64::INFINITY, "memory"),
            (f64::NEG_INFINITY, "memory"),
            (1e300, "memory"),
            (-0.0, "gpu"),
            (9e69, "gpu"),
        ] {
            for at in [0, 3000, 4999] {
                let mut x = values(2, 5000, 0.0, 1.0);
                x[at] = special;
                check(engine, &x);
                engine.run(&ArgMin {}, &x).unwrap();
                assert_eq!(told.backend(), backend, "{special}");
            }
        }
        let any = prop_oneof![8 => -2.0..3.0f64, 1 => Just(0.25), 1 => any::<f64>()];
        proptest!(ProptestConfig::with_cases(12), |(x in prop::collection::vec(any, 1..5000))| check(engine, &x));
    });
}

#[test]
fn what_the_device_cannot_have_is_the_processors() {
    on_device(|engine, told| {
        let x = [1.0, f64::NAN, 4.0];
        assert_eq!(engine.job().nan(Nan::Omit).run(&Mean::default(), &x), Ok(2.5));
        let raised = engine.job().nan(Nan::Raise).run(&Mean::default(), &x);
        assert_eq!(raised, Err(Error::Reject(Reject::NotANumber { column: 0, row: 1 })));
        assert_eq!(engine.run(&Mean::default(), &[1, 2, 6]), Ok(3.0));
        assert_eq!(told.backend(), "memory");
        let empty: [f64; 0] = [];
        assert_eq!(engine.run(&Mean::default(), &empty), plain().run(&Mean::default(), &empty));
        let csv = echoes_io::parse("text", b"x\n1\n2.5\n\n".to_vec(), &Default::default()).unwrap();
        let mean = bind("mean");
        let request = Request { kernel: mean.as_ref(), columns: vec![0] };
        let (answers, report) = engine.job().answers(csv.as_ref(), &[request]).unwrap();
        assert_eq!((answers[0].as_ref().unwrap().get(), report.backend), ("1.75", "csv"));
    });
}

fn bind(name: &str) -> Box<dyn BoundKernel> {
    (echoes_stats::find(name).unwrap().bind)(serde_json::json!({})).unwrap()
}

#[test]
fn a_column_that_is_known_is_brought_once() {
    on_device(|engine, _| {
        let columns = columns(CHUNK + 9);
        let source = named(&columns);
        let cache = Cache::new(1 << 20);
        let ask = |name: &str, content: &[u8]| {
            let kernel = bind(name);
            let request = Request { kernel: kernel.as_ref(), columns: vec![0] };
            engine.job().cache(&cache, content).answers(&source, &[request]).unwrap().1
        };
        let bytes = 8 * (CHUNK as u64 + 9);
        let first = ask("mean", b"a");
        assert_eq!((first.bytes, first.readings, first.backend), (bytes, 1, "gpu"));
        // Moments are in the cache; extrema are not, but the column is on the device.
        let second = ask("std", b"a");
        assert_eq!((second.bytes, second.cached, second.backend), (0, 1, "memory"));
        let third = ask("min", b"a");
        assert_eq!((third.bytes, third.readings, third.rows, third.backend), (0, 0, bytes / 8, "gpu"));
        assert_eq!(ask("min", b"b").bytes, bytes);
    });
}

/// A few runs of an engine whose device may fail at any call, and what the processor says.
fn some_runs(engine: &Engine, x: &[f64]) -> String {
    let mut scores = vec![0.0; x.len()];
    engine.job().fill(&ZScore { ddof: 0 }, x, &mut [&mut scores]).unwrap();
    let bits = scores.iter().fold(0u64, |all, x| all.rotate_left(5) ^ x.to_bits());
    let columns = [x.to_vec()];
    let mut text = format!("{bits:x} {:?} ", engine.run(&Bins { count: 9 }, x));
    for name in ["kurtosis", "argmax", "zscore"] {
        text += &ask(engine.job(), &named(&columns), bind(name).as_ref()).0;
    }
    text
}

#[test]
fn whatever_call_fails_the_answer_is_right() {
    if !has_driver() {
        return;
    }
    let x = values(3, 3 * BLOCK, 5.0, 1.0);
    let expected = some_runs(&plain(), &x);
    let run = |nth: usize, fault: gpu::Error| {
        let (told, calls) = (Told::default(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&calls);
        let options = tested().faults(move |_| (count.fetch_add(1, Ordering::Relaxed) == nth).then(|| fault.clone()));
        let engine = told.engine(options);
        // A run that must have a device is refused where none is found.
        if !(on_graphics() && matches!(engine.run(&Mean::default(), &[1.0]), Err(Error::Gpu(_)))) {
            assert_eq!(some_runs(&engine, &x), expected, "call {nth}");
        }
        calls.load(Ordering::Relaxed)
    };
    let calls = run(usize::MAX, gpu::Error::Lost);
    assert!(calls > 100, "{calls} calls");
    for fault in
        [gpu::Error::Lost, gpu::Error::OutOfMemory, gpu::Error::Driver { call: "any", reason: "refused".to_owned() }]
    {
        for nth in 0..calls {
            run(nth, fault.clone());
        }
    }
}

#[test]
fn a_device_that_is_lost_is_left_alone() {
    if !has_driver() {
        return;
    }
    let (told, opened) = (Told::default(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&opened);
    let options = told.options().faults(move |call| {
        count.fetch_add(usize::from(call == "vkCreateDevice"), Ordering::Relaxed);
        (call == "vkQueueSubmit").then_some(gpu::Error::Lost)
    });
    let engine = told.engine(options);
    for _ in 0..5 {
        assert_eq!(engine.run(&Mean::default(), &[1.0, 2.0, 6.0]), Ok(3.0));
        assert_eq!(told.backend(), "memory");
    }
    assert_eq!(opened.load(Ordering::Relaxed), 1);
}

#[test]
fn a_device_without_memory_is_tried_with_smaller_tiles() {
    if !has_driver() {
        return;
    }
    let (told, left) = (Told::default(), Arc::new(AtomicUsize::new(6)));
    let count = Arc::clone(&left);
    // Each try fails twice: free buffers are given back in between.
    let options = told.options().faults(move |call| {
        let is_full = call == "vkAllocateMemory"
            && count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        is_full.then_some(gpu::Error::OutOfMemory)
    });
    let engine = told.engine(options);
    let x = values(5, 3 * CHUNK, 0.0, 1.0);
    assert_eq!(engine.run(&Mean::default(), &x), plain().run(&Mean::default(), &x));
    assert_eq!((left.load(Ordering::Relaxed), told.backend()), (0, "gpu"));
}

#[test]
fn a_run_that_must_have_a_device_is_refused_without_one() {
    let options =
        Options::default().faults(|call| Some(gpu::Error::Driver { call, reason: "nothing there".to_owned() }));
    let engine = Engine::with_threads(THREADS).devices(options.clone()).gpu(Gpu::On);
    let refused = engine.run(&Mean::default(), &[1.0]).unwrap_err();
    assert!(matches!(&refused, Error::Gpu(_)), "{refused:?}");
    assert_eq!(refused.to_string(), "no graphics processor: no Vulkan library: dlopen failed: nothing there");
    assert_eq!(engine.graphics().unwrap_err(), refused);
    for gpu in [Gpu::Auto, Gpu::Off, Gpu::Cpu] {
        let engine = Engine::with_threads(THREADS).devices(options.clone()).gpu(gpu);
        assert_eq!(engine.run(&Mean::default(), &[1.0]), Ok(1.0));
    }
}

/// An engine that chooses for itself, and the calls to the driver that it has made.
fn choosing(options: Options) -> (Engine, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let options = options.faults(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        None
    });
    (Engine::with_threads(THREADS).devices(options), calls)
}

#[test]
fn nothing_is_looked_for_before_a_run_could_gain_from_it() {
    let (engine, calls) = choosing(tested());
    let cache = Cache::new(1 << 20);
    let columns = columns(CHUNK);
    let source = named(&columns);
    for kernel in kernels() {
        for job in [engine.job(), engine.job().cache(&cache, b"a"), engine.job().cache(&cache, b"a")] {
            ask(job, &source, kernel.as_ref());
            let request = Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) };
            assert!(job.plan(&source, &[request]).unwrap().steps[0].place.starts_with("the processor: "));
        }
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[test]
fn a_large_column_is_placed_where_it_costs_less() {
    let Ok(device) = tested().open() else {
        has_driver();
        return;
    };
    let x = [values(8, 8 << 20, 1.0, 1.0)];
    let (source, bytes) = (named(&x), 64 << 20);
    let cheap = Costs { submit_seconds: 1e-9, upload: 1e15, sweep: 1e15, download: 1e15, processor: 1e9 };
    // Bringing the column costs less than two readings would have spared, and more than one.
    let slow = Costs { upload: 0.6e9, ..cheap };
    let dear = Costs { processor: 1e18, ..cheap };
    let once = "the processor: the column is asked about for the first time";
    let here = "the processor: it is quicker here";
    for (costs, places) in
        [(cheap, [once, "the GPU", "the GPU"]), (slow, [once, here, "the GPU"]), (dear, [once, here, here])]
    {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(format!("gpu-{}-{THREADS}.json", device.identity()));
        fs::write(file, serde_json::to_vec(&costs).unwrap()).unwrap();
        let (engine, calls) = choosing(tested());
        let engine = engine.measurements(directory.path());
        let cache = Cache::new(1 << 20);
        for (name, place) in ["mean", "min", "sum"].into_iter().zip(places) {
            let kernel = bind(name);
            let requests = [Request { kernel: kernel.as_ref(), columns: vec![0] }];
            let job = engine.job().cache(&cache, b"a");
            assert_eq!(job.plan(&source, &requests).unwrap().steps[0].place, place, "{name}");
            let (found, report) = job.answers(&source, &requests).unwrap();
            assert_eq!(report.backend == "gpu", place == "the GPU", "{name}");
            let (expected, _) = plain().job().answers(&source, &requests).unwrap();
            assert_eq!(format!("{found:?}"), format!("{expected:?}"));
            assert_eq!(calls.load(Ordering::Relaxed) == 0, place == once);
            let was_there = places == [once, "the GPU", "the GPU"] && name == "sum";
            assert_eq!(report.bytes, if was_there { 0 } else { bytes }, "{name}");
        }
    }
}

#[test]
fn costs_are_measured_once_and_kept() {
    if !has_driver() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let told = Told::default();
    let graphics = |engine: &Engine| engine.graphics().unwrap();
    let measured = graphics(&told.engine(tested()).measurements(directory.path()));
    let costs = measured.costs;
    for cost in [costs.submit_seconds, costs.upload, costs.sweep, costs.download, costs.processor] {
        assert!(cost.is_finite() && cost > 0.0, "{costs:?}");
    }
    assert!(!measured.name.is_empty() && !measured.driver.is_empty());
    // Another measurement would not find the same numbers.
    let again = graphics(&told.engine(tested()).measurements(directory.path()));
    assert_eq!(again, measured);
}
