//! Law 1: the same bits for every number of threads, SIMD level, chunking and place of the data.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails as it should")]

mod common;

use common::{columns, columns_for, kernels, memory};
use echoes_engine::{Engine, Request, Result, Sink};
use echoes_io::{Access, Memory, OpenOptions, Owned, OwnedColumn, Source, View, npy};
use echoes_kernel::{BLOCK, BoundKernel, Bundle, CHUNK, Shape};
use echoes_simd::Level;
use ndarray::Array2;
use std::{num::NonZeroUsize, process::Command};

/// Rows of the tests: several chunks, the last one not full, its last block neither.
const ROWS: usize = 2 * CHUNK + 5 * BLOCK + 77;

const THREADS: [usize; 6] = [1, 2, 3, 4, 8, 16];

/// Takes written columns as a digest of their bits.
struct Digest(u64);

impl Sink for Digest {
    fn write(&mut self, columns: &[&[f64]]) -> Result<()> {
        for value in columns.iter().copied().flatten() {
            self.0 = (self.0 ^ value.to_bits()).wrapping_mul(0x100_0000_01b3).rotate_left(29);
        }
        Ok(())
    }
}

/// All answers of the registry as text, a line each; of columns, their digest.
fn answers(source: &dyn Source, threads: usize) -> String {
    let engine = Engine::with_threads(NonZeroUsize::new(threads).unwrap());
    // What refuses so many rows is not asked: a stream refuses at another row than a column whose length is known.
    let takes = |kernel: &dyn BoundKernel| {
        let shape = Shape { rows: Some(ROWS as u64), columns: columns_for(kernel).len(), sample: &[] };
        kernel.spread(&shape, &mut Bundle::default()).is_ok()
    };
    let kernels: Vec<_> = kernels().filter(|kernel| takes(kernel.as_ref())).collect();
    let requests: Vec<_> = kernels
        .iter()
        .map(|kernel| Request { kernel: kernel.as_ref(), columns: columns_for(kernel.as_ref()) })
        .collect();
    let (values, columns): (Vec<_>, Vec<_>) =
        requests.iter().cloned().partition(|request| !request.kernel.spec().form.writes_columns());
    let (answers, _) = engine.job().answers(source, &values).unwrap();
    let line = |(request, answer): (&Request<'_>, _)| format!("{} {answer:?}\n", request.kernel.spec().name);
    let mut text: String = values.iter().zip(answers).map(line).collect();
    for request in &columns {
        let mut digest = Digest(0);
        engine.job().write(source, request, &mut digest).unwrap();
        text += &format!("{} {:016x}\n", request.kernel.spec().name, digest.0);
    }
    text
}

fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn assert_same(name: &str, expected: &str, found: &str) {
    for (expected, found) in expected.lines().zip(found.lines()) {
        let at = expected.bytes().zip(found.bytes()).take_while(|(a, b)| a == b).count();
        assert!(expected == found, "{name}: {} differs at byte {at}", expected.split(' ').next().unwrap_or_default());
    }
    assert_eq!(expected.len(), found.len(), "{name}");
}

/// Whole numbers, reals with missing fields and NaN, small whole numbers, and weights some of which are 0: as a text, and as columns
/// in memory.
fn awkward() -> (String, Vec<OwnedColumn>) {
    let (mut text, mut columns) = ("a,b,c,d\n".to_owned(), (Vec::new(), Vec::new(), Vec::new(), Vec::new()));
    let mut valid = Vec::new();
    for row in 0..ROWS as i64 {
        let mixed = row.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64).rotate_left(23);
        let (whole, small) = (mixed >> 3, mixed % 5);
        let real = match row % 1013 {
            7 => f64::NAN,
            _ => mixed as f64 / 3e9,
        };
        let weight = (mixed % 1000).max(0) as f64 / 8.0;
        valid.push(row % 911 != 5);
        let shown = if row % 911 == 5 { String::new() } else { real.to_string() };
        text += &format!("{whole},{shown},{small},{weight}\n");
        columns.0.push(whole);
        columns.1.push(real);
        columns.2.push(small);
        columns.3.push(weight);
    }
    let owned = |values: Owned, valid| OwnedColumn { values, valid };
    let columns = vec![
        owned(columns.0.into(), None),
        owned(columns.1.into(), Some(valid)),
        owned(columns.2.into(), None),
        owned(columns.3.into(), None),
    ];
    (text, columns)
}

/// The digest of awkward data, from memory and from a text.
fn agreed_on_awkward_data() -> u64 {
    let (text, columns) = awkward();
    let memory = || Memory::named(columns.iter().enumerate().map(|(i, column)| (format!("c{i}"), column.slice())));
    let expected = answers(&memory(), 1);
    for threads in THREADS {
        assert_same(&format!("awkward, {threads} threads"), &expected, &answers(&memory(), threads));
    }
    let csv = echoes_io::parse("text", text.into_bytes(), &OpenOptions::default()).unwrap();
    for threads in [1, 3] {
        assert_same(&format!("awkward text, {threads} threads"), &expected, &answers(csv.as_ref(), threads));
    }
    digest(&expected)
}

/// The digest of data with NaN and infinities of both signs, of lengths that transforms take in several ways.
fn agreed_on_wild_data() -> u64 {
    let digests = [1013, 1024, 1500, 4001, 5000, 6000].map(|rows| {
        let columns: [Vec<f64>; 4] = std::array::from_fn(|column| {
            let value = |row: usize| match (row + 31 * column) % 211 {
                7 if column % 2 == 1 => f64::NAN,
                8 => f64::INFINITY,
                9 if column > 0 => f64::NEG_INFINITY,
                at => at as f64 - 100.0,
            };
            (0..rows).map(value).collect()
        });
        let columns = columns.map(|values| OwnedColumn { values: values.into(), valid: None });
        let memory = || Memory::named(columns.iter().enumerate().map(|(i, column)| (format!("c{i}"), column.slice())));
        let expected = answers(&memory(), 1);
        assert_same(&format!("wild, {rows} rows, 3 threads"), &expected, &answers(&memory(), 3));
        digest(&expected)
    });
    digests.into_iter().fold(0, |all, one| all.rotate_left(9) ^ one)
}

/// Every source of the same data, with every number of threads: the digest that they agree upon.
fn agreed() -> u64 {
    let columns = columns(ROWS);
    let expected = answers(&memory(&columns), 1);
    for threads in THREADS {
        assert_same(&format!("memory, {threads} threads"), &expected, &answers(&memory(&columns), threads));
    }
    let by_rows = Array2::from_shape_fn((ROWS, 4), |(row, column)| columns[column][row]);
    let strided =
        Memory::named(by_rows.columns().into_iter().enumerate().map(|(i, x)| (format!("c{i}"), View::from(x))));
    assert_same("strided", &expected, &answers(&strided, 2));

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.npy");
    let flat: Vec<f64> = by_rows.iter().copied().collect();
    npy::write_npy(std::fs::File::create(&path).unwrap(), 4, &flat).unwrap();
    for access in [Access::Mmap, Access::Pread] {
        for threads in THREADS {
            let file = npy::open(&path, access).unwrap();
            assert_same(&format!("{access}, {threads} threads"), &expected, &answers(&file, threads));
        }
    }
    let bytes = std::fs::read(&path).unwrap();
    assert_same("bytes", &expected, &answers(&npy::parse("bytes", bytes).unwrap(), 2));

    let line =
        |row: usize| format!("{},{},{},{}\n", columns[0][row], columns[1][row], columns[2][row], columns[3][row]);
    let text = format!("c0,c1,c2,c3\n{}", (0..ROWS).map(line).collect::<String>());
    let csv = echoes_io::parse("text", text.into_bytes(), &OpenOptions::default()).unwrap();
    for threads in [1, 3] {
        assert_same(&format!("text, {threads} threads"), &expected, &answers(csv.as_ref(), threads));
    }
    digest(&expected)
}

/// Not a test of its own: what the test below runs at each level.
#[test]
fn child() {
    if std::env::var_os("ECHOES_LAW_ONE").is_some() {
        println!("digest={:016x}", agreed() ^ agreed_on_awkward_data() ^ agreed_on_wild_data());
    }
}

#[test]
fn one_digest() {
    let mut digests = Vec::new();
    for level in Level::available() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env("ECHOES_LAW_ONE", "1")
            .env("ECHOES_SIMD", level.name())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{level:?}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
        let digest = text.lines().find_map(|line| line.split_once("digest=")).unwrap_or_else(|| panic!("{text}")).1;
        digests.push((level, digest[..16].to_owned()));
    }
    for skipped in Level::ALL.iter().filter(|level| !level.is_available()) {
        eprintln!("skipped: this processor has no {}", skipped.name());
    }
    assert!(digests.iter().all(|(_, digest)| *digest == digests[0].1), "{digests:?}");
}
