//! `-o`: columns into files.

use crate::{
    errors::parts,
    tool::{echoes_in, noise, npy, with_file},
};
use std::fs;

#[test]
fn npy_comes_back() {
    let directory = with_file("x.npy", npy(&noise(300_000)));
    let at = directory.path();
    assert_eq!(echoes_in(at, "zscore x.npy -o z.npy").good(), "");
    let described = echoes_in(at, "describe z.npy --format json").good();
    let described: serde_json::Value = serde_json::from_str(&described).unwrap();
    let column = &described["columns"][0];
    assert!(column["mean"].as_f64().unwrap().abs() < 1e-12);
    assert!((column["std"].as_f64().unwrap() - 1.0).abs() < 1e-5);
    assert_eq!(column["count"], 300_000);
    assert_eq!(parts(at), 0);
}

#[test]
fn csv_is_what_is_printed() {
    let directory = with_file("x.csv", "x\n1\n\n2.5\n4\n");
    let at = directory.path();
    assert_eq!(echoes_in(at, "cumsum x.csv -o out.csv").good(), "");
    let printed = echoes_in(at, "cumsum x.csv --format csv").good();
    assert_eq!(fs::read_to_string(at.join("out.csv")).unwrap(), printed);
    assert_eq!(printed.lines().next(), Some("cumsum"));
}

#[test]
fn several_columns_of_one_answer() {
    let directory = with_file("x.csv", "x\n1\n0\n-1\n0\n");
    let at = directory.path();
    echoes_in(at, "fft x.csv -o out.csv").good();
    assert_eq!(fs::read_to_string(at.join("out.csv")).unwrap(), "re,im\n0.0,0.0\n2.0,0.0\n0.0,0.0\n2.0,0.0\n");
    echoes_in(at, "fft x.csv -o out.npy").good();
    assert_eq!(echoes_in(at, "sum out.npy --format csv").good(), "column,sum\nc0,4.0\nc1,0.0\n");
}

#[test]
fn a_failure_leaves_what_was_there() {
    let directory = with_file("x.csv", "x,y\n1,\n2,\n");
    let at = directory.path();
    fs::write(at.join("out.csv"), "precious").unwrap();
    let ran = echoes_in(at, "zscore x.csv -c y -o out.csv");
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert_eq!(fs::read_to_string(at.join("out.csv")).unwrap(), "precious");
    assert_eq!(parts(at), 0);
}

#[cfg(unix)]
#[test]
fn a_file_may_be_read_by_others_as_usual() {
    use std::os::unix::fs::PermissionsExt;
    let directory = with_file("x.csv", "x\n1\n2\n");
    let at = directory.path();
    echoes_in(at, "cumsum x.csv -o out.csv").good();
    let mode = |name: &str| fs::metadata(at.join(name)).unwrap().permissions().mode();
    assert_eq!(mode("out.csv"), mode("x.csv"));
}
