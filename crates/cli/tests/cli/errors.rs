//! Whatever goes wrong: one line that says what, where and the mend, and the documented exit code.

use crate::tool::{Ran, command, echoes, echoes_in, finish, npy, npy_header, piped, with_file};
use std::{fs, path::Path, process::Command};
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
    file("sunspots.csv", b"year,sunspots\n1700,5\n");
    file("many.csv", "1,".repeat(3000).as_bytes());
    fs::create_dir(directory.path().join("folder")).unwrap();
    directory
}

const CASES: [(i32, &str); 46] = [
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
    (3, "mean sales.csv -c town"),
    (2, "mean sales.csv -c ,"),
    (2, "mean sales.csv -c 7"),
    (2, "corr sales.csv -c price"),
    (2, "ttest_ind sales.csv -c price,qty,price"),
    (2, "mean sales.csv --format xml"),
    (2, "mean sales.csv --threads 0"),
    (2, "mean sales.csv --threads 1025"),
    (2, "serve --threads 20000"),
    (2, "skewness sales.csv --bias no"),
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
    (3, "mean /dev/zero"),
    (4, "zscore sales.csv -c qty -o nowhere/out.npy"),
    (4, "describe no*.csv"),
    (4, "mean foo[a.csv"),
    (3, "mean sunspots.csv --delimiter ;"),
    (2, "corr_matrix many.csv"),
    (2, "help nope"),
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
fn a_variable_is_named_and_an_empty_one_is_none() {
    let ran = finish(command().env("ECHOES_GPU", "foo").args(["mean", "sunspots.csv"]));
    let line = "echoes: ECHOES_GPU: invalid value 'foo' for '--gpu <WHETHER>' [possible values: auto, on, off, cpu]; see --help";
    assert_eq!((ran.code, ran.line()), (Some(2), line));
    let ran = finish(command().env("ECHOES_GPU", "foo").args(["mean", "sunspots.csv", "--gpu=bar"]));
    assert!(ran.line().starts_with("echoes: invalid value 'bar' for"), "{}", ran.err);
    finish(command().env("ECHOES_GPU", "foo").args(["mean", "sunspots.csv", "--gpu", "off"])).good();
    finish(command().env("ECHOES_GPU", "").args(["mean", "sunspots.csv"])).good();
    let ran = finish(command().env("ECHOES_THREADS", "x").arg("serve"));
    assert!(ran.line().starts_with("echoes: ECHOES_THREADS: invalid value 'x' for"), "{}", ran.err);
}

#[test]
fn a_level_that_is_not_there() {
    let ran = finish(command().env("ECHOES_SIMD", "mmx").arg("--version"));
    assert_eq!(ran.code, Some(2));
    assert!(ran.line().starts_with("echoes: ECHOES_SIMD=mmx: this processor has portable"));
    assert_eq!(echoes("--version").code, Some(0));
}

#[test]
fn a_text_column_is_said_to_be_left_out_in_every_format() {
    let directory = bad_files();
    let line = "echoes: skipped what is not numeric, town; sales.csv:2:7: column town is not numeric, it has \"Ulm\": \
        choose others";
    for format in ["table", "json", "csv", "md"] {
        let ran = echoes_in(directory.path(), &format!("mean sales.csv --format {format}"));
        assert_eq!((ran.code, ran.line()), (Some(0), line));
    }
    assert_eq!(echoes_in(directory.path(), "mean sales.csv -c price,qty").err, "");
}

#[test]
fn lists_of_columns_stay_short() {
    let names: Vec<String> = (0..10_000).map(|i| format!("{}{i}", "long".repeat(100))).collect();
    let directory = with_file("wide.csv", format!("{}\n{}\n", names.join(","), vec!["1"; 10_000].join(",")));
    for line in ["mean wide.csv -c price", "corr wide.csv", &format!("mean wide.csv -c {}", "long".repeat(101))] {
        let ran = echoes_in(directory.path(), line);
        assert_eq!(ran.code, Some(2));
        assert!(ran.line().contains("9988 more") && ran.line().len() < 1000, "{}", ran.err);
    }
}

/// The program must not have more memory than so many kilobytes, mapped files and the stacks of threads among them.
#[cfg(target_os = "linux")]
fn within(kilobytes: u64, directory: &Path, line: &str) -> Ran {
    let limited = format!("ulimit -v {kilobytes} && exec \"$0\" {line}");
    finish(Command::new("sh").current_dir(directory).args(["-c", &limited, env!("CARGO_BIN_EXE_echoes")]))
}

#[cfg(target_os = "linux")]
#[test]
fn memory_follows_the_rows_that_there_are() {
    let names: Vec<String> = (0..10_000).map(|i| format!("c{i}")).collect();
    let row = vec!["1"; 10_000].join(",");
    let directory = with_file("wide.csv", format!("{}\n{row}\n{row}\n", names.join(",")));
    for kernel in ["describe", "median"] {
        let answer = within(500_000, directory.path(), &format!("{kernel} wide.csv --threads 1 --format csv")).good();
        assert_eq!(answer.lines().count(), 10_001);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn threads_that_have_nothing_to_do_are_not_started() {
    let directory = with_file("two.csv", "x\n1\n2\n");
    let answer = within(500_000, directory.path(), "mean two.csv --threads 1024 --format csv").good();
    assert_eq!(answer, "column,mean\nx,1.5\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_mapped_is_read_by_position() {
    let header = npy_header("(100000000,)");
    let directory = with_file("hole.npy", &header);
    let file = fs::File::options().write(true).open(directory.path().join("hole.npy")).unwrap();
    file.set_len(header.len() as u64 + 800_000_000).unwrap();
    let answer = within(600_000, directory.path(), "max hole.npy --format csv").good();
    assert_eq!(answer, "column,max\nx,0.0\n");
    let ran = within(600_000, directory.path(), "max hole.npy --io mmap");
    assert_eq!(ran.code, Some(4));
    assert!(ran.line().contains("hole.npy: cannot be mapped") && ran.line().ends_with("--io pread"), "{}", ran.err);
}

#[test]
fn zero_bytes_end_an_endless_text() {
    let mut text = "1.5\n".repeat(100_000).into_bytes();
    text.push(0);
    let ran = piped("mean -", &text);
    let line = "echoes: standard input: is not text: byte 400000 (from 0) is zero; convert it to .npy or .csv";
    assert_eq!((ran.code, ran.line()), (Some(3), line));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let directory = with_file("x.csv", "x\n1\n2\n");
    let [from, to] = [&b"\xff\xfe.csv"[..], b"\xff.csv"].map(std::ffi::OsStr::from_bytes);
    fs::rename(directory.path().join("x.csv"), directory.path().join(from)).unwrap();
    finish(command().current_dir(directory.path()).arg("cumsum").arg(from).arg("-o").arg(to)).good();
    assert_eq!(fs::read_to_string(directory.path().join(to)).unwrap(), "cumsum\n1.0\n3.0\n");
    let gone = finish(command().current_dir(directory.path()).arg("mean").arg("x\u{fffd}").arg(from));
    assert_eq!(gone.code, Some(4), "{}", gone.err);
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
