//! Whatever goes wrong: one line that says what, where and the mend, and the documented exit code.

use crate::tool::{command, echoes, echoes_in, finish, npy, npy_header, piped};
use std::{fs, path::Path};
use tempfile::TempDir;

fn bad_files() -> TempDir {
    let directory = TempDir::new().unwrap();
    let file = |name: &str, contents: &[u8]| fs::write(directory.path().join(name), contents).unwrap();
    let whole = npy(&[1.0, 2.0, 3.0]);
    file("short.npy", &whole[..whole.len() - 5]);
    file("head.npy", &whole[..20]);
    file("huge.npy", &[npy_header("(1152921504606846976,)"), vec![0; 64]].concat());
    file("empty.csv", b"");
    file("empty.npy", b"");
    // Beyond what is looked at to find the types, and within it.
    let ones = "1,2\n".repeat(800_000);
    file("late.csv", format!("x,y\n{ones}seven,2\n{ones}").as_bytes());
    file("early.csv", b"x\n1\nseven\n");
    file("ragged.csv", b"x,y\n1,2\n3,4,5\n");
    file("text.csv", b"town,land\nUlm,BW\n");
    file("missing.csv", b"a,b\n1,\n2,\n");
    file("nan.npy", &npy(&[1.0, f64::NAN]));
    file("sales.csv", b"price,qty,town\n1.5,2,Ulm\n2,3,Bonn\n");
    file("table.parquet", b"PAR1....");
    file("line\nbreak.csv", b"");
    fs::create_dir(directory.path().join("folder")).unwrap();
    directory
}

const CASES: [(i32, &str); 37] = [
    (2, ""),
    (2, "meen sales.csv"),
    (2, "mean"),
    (2, "std sales.csv --ddoff 1"),
    (2, "std sales.csv --ddof -1"),
    (2, "std sales.csv --ddof one"),
    (2, "quantile sales.csv"),
    (2, "quantile sales.csv --q 1.5"),
    (2, "quantile sales.csv --q 0.5 --method liner"),
    (2, "rolling_mean sales.csv -c qty --window 0"),
    (2, "mean sales.csv -c prize"),
    (2, "mean sales.csv -c town"),
    (2, "mean sales.csv -c 7"),
    (2, "corr sales.csv -c price"),
    (2, "ttest_ind sales.csv -c price,qty,price"),
    (2, "mean sales.csv --format xml"),
    (2, "mean sales.csv --threads 0"),
    (2, "mean sales.csv -o out.npy"),
    (2, "zscore sales.csv -c qty -o out.txt"),
    (2, "zscore sales.csv -o out.npy"),
    (2, "kernels nope"),
    (3, "describe short.npy"),
    (3, "describe head.npy"),
    (3, "describe huge.npy"),
    (3, "describe empty.csv"),
    (3, "describe empty.npy"),
    (3, "mean late.csv"),
    (3, "mean early.csv"),
    (3, "describe ragged.csv"),
    (3, "mean text.csv"),
    (3, "mean missing.csv -c b"),
    (3, "mean nan.npy --nan raise"),
    (3, "describe table.parquet"),
    (4, "describe nowhere.csv"),
    (4, "describe folder"),
    (4, "zscore sales.csv -c qty -o nowhere/out.npy"),
    (4, "describe no*.csv"),
];

#[test]
fn one_line_and_the_documented_code() {
    let directory = bad_files();
    let mut all = String::new();
    for (code, line) in CASES {
        let ran = echoes_in(directory.path(), line);
        all += &format!("$ echoes {line}\n{}\n\n", ran.line());
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{line}: {}", ran.err);
    }
    insta::assert_snapshot!("errors", all);
    assert_eq!(parts(directory.path()), 0, "nothing is left behind");
}

/// Files under passing names.
pub(crate) fn parts(directory: &Path) -> usize {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".part")).count()
}

#[test]
fn a_line_stays_one_line_whatever_the_name() {
    let directory = bad_files();
    let ran = finish(command().current_dir(directory.path()).args(["mean", "line\nbreak.csv"]));
    assert_eq!((ran.code, ran.line()), (Some(3), "echoes: line break.csv: is empty: there is nothing to read"));
}

#[test]
fn the_columns_that_have_an_answer_are_printed() {
    let directory = bad_files();
    let ran = echoes_in(directory.path(), "mean missing.csv --format csv");
    assert_eq!((ran.code, ran.out.as_str()), (Some(3), "column,mean\na,1.5\n"));
    assert!(ran.line().starts_with("echoes: missing.csv: b: no values"), "{}", ran.err);
}

#[test]
fn a_file_that_fails_does_not_stop_the_next() {
    let directory = bad_files();
    let ran = echoes_in(directory.path(), "mean nowhere.csv sales.csv empty.csv -c qty --format csv");
    assert_eq!((ran.code, ran.out.as_str()), (Some(4), "source,column,mean\nsales.csv,qty,2.5\n"));
    assert_eq!(ran.err.lines().count(), 2);
}

#[test]
fn bad_parameters_are_refused_before_anything_is_read() {
    let ran = piped("quantile - --q 2", b"");
    assert_eq!(ran.line(), "echoes: parameter `q` is 2: it must be 1 to 1000 fractions between 0 and 1");
}

#[test]
fn a_level_that_is_not_there() {
    let ran = finish(command().env("ECHOES_SIMD", "mmx").arg("--version"));
    assert_eq!(ran.code, Some(2));
    assert!(ran.line().starts_with("echoes: ECHOES_SIMD=mmx: this processor has portable"));
    assert_eq!(echoes("--version").code, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command().args(["mean", "sunspots.csv"]).stdout(full).output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), line.as_str()),
        (Some(4), "echoes: cannot write standard output: No space left on device\n")
    );
}
