//! Law 1 over the doors: what the engine answers in this process is, byte for byte, what the command line prints for every
//! way of reading and what the server sends, for every kernel of the registry, at every SIMD level, with 1, 2 and 4 threads.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use echoes_engine::{Engine, Request};
use echoes_io::{Memory, View, csv::CsvWriter, npy};
use echoes_kernel::{Arity, BLOCK, CHUNK, Entry};
use echoes_simd::Level;
use echoes_stats::KERNELS;
use serde::Deserialize;
use serde_json::{
    Map,
    value::{RawValue, Value},
};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

const NAMES: [&str; 4] = ["c0", "c1", "c2", "c3"];
const THREADS: [&str; 3] = ["1", "2", "4"];

/// Small enough for every kernel everywhere; two blocks and a half.
const SMALL: usize = 2 * BLOCK + 1001;

/// Two chunks, the second one not full, its last block neither.
const LARGE: usize = CHUNK + 3 * BLOCK + 77;

/// Kernels for the large data: the partials of reductions, one column out, two columns.
const FEW: [&str; 4] = ["describe", "sum", "zscore", "corr"];

/// The column of weights.
const WEIGHTS: usize = 3;

/// A kernel, and whether it is given weights.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    name: &'static str,
    weighted: bool,
}

impl Case {
    /// Every kernel, those that take weights once more with some.
    fn all() -> impl Iterator<Item = Self> {
        let with = |entry: &'static Entry, weighted| Self { name: entry.spec.name, weighted };
        let weighted = KERNELS.iter().filter(|entry| entry.spec.weighable).map(move |entry| with(entry, true));
        KERNELS.iter().map(move |entry| with(entry, false)).chain(weighted)
    }

    fn entry(self) -> &'static Entry {
        echoes_stats::find(self.name).unwrap()
    }

    /// The columns that it is given, but for that of the weights.
    fn columns(self) -> Vec<usize> {
        match self.entry().spec.columns {
            Arity::Exactly(n) | Arity::Samples(n) => (0..n).collect(),
            Arity::AtLeast(_) if self.name == "wls" => vec![0, WEIGHTS, 1],
            Arity::AtLeast(n) => (0..n.max(3)).collect(),
        }
    }

    /// All of them.
    fn read(self) -> Vec<usize> {
        self.columns().into_iter().chain(self.weighted.then_some(WEIGHTS)).collect()
    }
}

/// Four columns of doubles over eleven powers of ten, the last one without signs, files of them, and what the engine answers.
struct Data {
    directory: TempDir,
    columns: Vec<Vec<f64>>,
    expected: BTreeMap<Case, String>,
}

impl Data {
    fn new(rows: usize, wanted: impl Fn(&str) -> bool) -> Self {
        let value = |row: usize, column: usize| {
            let mixed = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17 * column as u32 + 7);
            let scale = 10f64.powi((mixed % 11) as i32 - 5);
            let value = ((mixed >> 20) % 100_003) as f64 * scale / 7.0 - scale;
            if column == WEIGHTS { value.abs() } else { value }
        };
        let columns: Vec<Vec<f64>> = (0..4).map(|column| (0..rows).map(|row| value(row, column)).collect()).collect();
        let directory = TempDir::new().unwrap();
        let flat: Vec<f64> = (0..rows).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
        npy::write_npy(fs::File::create(directory.path().join("x.npy")).unwrap(), 4, &flat).unwrap();
        let mut csv = CsvWriter::create(fs::File::create(directory.path().join("x.csv")).unwrap(), &NAMES).unwrap();
        csv.append(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        csv.finish().unwrap();

        let source = Memory::named(NAMES.iter().zip(&columns).map(|(name, x)| ((*name).to_owned(), View::from(x))));
        let engine = Engine::sequential();
        let answer = |case: Case| {
            let entry = case.entry();
            let kernel = (entry.bind)(Value::Object(required(entry))).unwrap();
            let request = Request { kernel: kernel.as_ref(), columns: case.read() };
            let (answers, _) = engine.job().answers(&source, &[request]).unwrap();
            (case, answers[0].as_ref().unwrap().get().to_owned())
        };
        let expected: BTreeMap<_, _> = Case::all().filter(|case| wanted(case.name)).map(answer).collect();
        drop(source);
        Self { directory, columns, expected }
    }

    fn cases(&self) -> impl Iterator<Item = Case> {
        self.expected.keys().copied()
    }

    /// Fails where the answers differ, without printing megabytes.
    #[track_caller]
    fn check(&self, case: Case, found: &str, how: &str) {
        let expected = &self.expected[&case];
        let same = expected.bytes().zip(found.bytes()).take_while(|(a, b)| a == b).count();
        let around = |text: &str| text.get(same.saturating_sub(30)..text.len().min(same + 30)).unwrap_or("").to_owned();
        assert!(
            expected == found,
            "{} (weighted: {}) by {how}: {:?} instead of {:?} at byte {same}",
            case.name,
            case.weighted,
            around(found),
            around(expected)
        );
    }
}

/// A value for each required parameter, made from its schema, and one where one of several is.
fn required(entry: &Entry) -> Map<String, Value> {
    fn example(property: &Value) -> Value {
        match property["type"].as_str() {
            Some("array") => [0.1, 1.0].map(|part| part * example(&property["items"]).as_f64().unwrap()).into(),
            Some("integer") => property["minimum"].as_u64().unwrap_or(0).max(7).into(),
            Some("number") => (property["maximum"].as_f64().unwrap_or(1.0) / 2.0).into(),
            other => panic!("this test cannot make a parameter of type {other:?} yet: teach `example` how"),
        }
    }
    let schema = Value::from((entry.params)());
    let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let one_of_several = entry.spec.name.starts_with("ewm_").then(|| ("alpha".to_owned(), 0.25.into()));
    names.map(|name| (name.to_owned(), example(&schema["properties"][name]))).chain(one_of_several).collect()
}

/// The same parameters as the command line takes them.
fn flags(entry: &Entry) -> Vec<String> {
    let plain = |value: &Value| match value {
        Value::Array(values) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    };
    required(entry).iter().flat_map(|(name, value)| [format!("--{}", name.replace('_', "-")), plain(value)]).collect()
}

/// Ways of reading that the command line has: what it is called, its arguments, and the file on standard input.
const READINGS: [(&str, &[&str], Option<&str>); 5] = [
    ("mmap", &["x.npy", "--io", "mmap"], None),
    ("pread", &["x.npy", "--io", "pread"], None),
    ("standard input", &["-"], Some("x.npy")),
    ("CSV", &["x.csv"], None),
    ("CSV on standard input", &["-"], Some("x.csv")),
];

#[derive(Deserialize)]
struct Called {
    result: Box<RawValue>,
}

#[derive(Deserialize)]
struct Described {
    columns: Vec<Box<RawValue>>,
}

/// The text of the result that the command line prints.
fn printed(data: &Data, case: Case, reading: usize, level: Level, threads: &str) -> String {
    let columns: Vec<&str> = case.columns().into_iter().map(|column| NAMES[column]).collect();
    let (_, arguments, input) = READINGS[reading];
    let stdin = input.map_or_else(Stdio::null, |file| fs::File::open(data.directory.path().join(file)).unwrap().into());
    let output = Command::new(env!("CARGO_BIN_EXE_echoes"))
        .current_dir(data.directory.path())
        .env("ECHOES_SIMD", level.name())
        .arg(case.name)
        .args(arguments)
        .args(flags(case.entry()))
        .args(["--format", "json", "--threads", threads, "-c", &columns.join(",")])
        .args(case.weighted.then_some(["--weights", NAMES[WEIGHTS]]).into_iter().flatten())
        .stdin(stdin)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{}: {error}", case.name);
    if case.name != "describe" {
        return serde_json::from_str::<Called>(&text).unwrap().result.get().to_owned();
    }
    // `describe` has a shape of its own: the column's name and type stand before what the kernel says.
    let described: Described = serde_json::from_str(&text).unwrap();
    let column = described.columns[0].get();
    let said = column.strip_prefix(r#"{"name":"c0","dtype":"float64","#).unwrap_or_else(|| panic!("{column}"));
    format!("{{{said}")
}

#[test]
fn the_command_line_prints_what_the_engine_answers() {
    let data = Data::new(SMALL, |_| true);
    assert!(data.expected.len() > KERNELS.len());
    for (level, threads) in Level::available().zip(THREADS.iter().cycle()) {
        for case in data.cases() {
            for (reading, (name, ..)) in READINGS.iter().enumerate() {
                let found = printed(&data, case, reading, level, threads);
                data.check(case, &found, &format!("{name}, {}, {threads} threads", level.name()));
            }
        }
    }
}

#[test]
fn chunks_threads_and_levels_do_not_show_on_the_command_line() {
    let data = Data::new(LARGE, |name| FEW.contains(&name));
    let mut turn = 0;
    for level in Level::available() {
        for threads in THREADS {
            for case in data.cases() {
                // One way of reading after the other.
                let reading = turn % READINGS.len();
                let found = printed(&data, case, reading, level, threads);
                data.check(case, &found, &format!("{}, {}, {threads} threads", READINGS[reading].0, level.name()));
                turn += 1;
            }
        }
    }
}

/// A server of the command line that is killed in the end.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(level: Level, threads: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_echoes"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--threads", threads]).env("ECHOES_SIMD", level.name());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    /// The text of the result that the server sends.
    fn sent(&self, case: Case, body: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "POST /v1/{} HTTP/1.1\r\nhost: echoes\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            case.name,
            body.len()
        );
        connection.write_all(head.as_bytes()).unwrap();
        connection.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{}: {head}\n{body}", case.name);
        serde_json::from_str::<Called>(body).unwrap().result.get().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request's JSON: the columns as the kernel's route takes them, and its parameters.
fn body(data: &Data, case: Case) -> String {
    let mut body = required(case.entry());
    let column = |column: usize| Value::from(data.columns[column].as_slice());
    let columns = case.columns();
    if columns.len() <= 2 {
        body.extend(["x", "y"].map(str::to_owned).into_iter().zip(columns.into_iter().map(column)));
    } else {
        // Their order is that of their names here.
        let named = NAMES.iter().map(|name| (*name).to_owned()).zip(columns.into_iter().map(column));
        body.insert("columns".to_owned(), Value::Object(named.collect()));
    }
    if case.weighted {
        body.insert("weights".to_owned(), column(WEIGHTS));
    }
    Value::Object(body).to_string()
}

#[test]
fn the_server_sends_what_the_engine_answers() {
    let (small, large) = (Data::new(SMALL, |_| true), Data::new(LARGE, |name| FEW.contains(&name)));
    let bodies = |data: &Data| data.cases().map(|case| (case, body(data, case))).collect::<Vec<_>>();
    let (small_bodies, large_bodies) = (bodies(&small), bodies(&large));
    for level in Level::available() {
        for threads in THREADS {
            let server = Server::start(level, threads);
            let how = format!("HTTP, {}, {threads} threads", level.name());
            for (case, body) in &small_bodies {
                small.check(*case, &server.sent(*case, body), &how);
            }
            for (case, body) in &large_bodies {
                large.check(*case, &server.sent(*case, body), &how);
            }
        }
    }
}
