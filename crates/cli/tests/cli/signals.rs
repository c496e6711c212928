//! Ctrl-C and other signals, and readers that go away.

use crate::{
    errors::parts,
    tool::{command, noise, npy, npy_header, with_file},
};
use std::{
    fs,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

fn interrupt(child: &Child) {
    send("INT", child);
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success());
}

/// The exit code and standard error.
fn end(mut child: Child) -> (Option<i32>, String) {
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (child.wait().unwrap().code(), err)
}

#[test]
fn while_it_waits_for_standard_input() {
    let mut child = command()
        .args(["mean", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: it is being read by the time all is written.
    stdin.write_all(&b"1.5\n".repeat(500_000)).unwrap();
    interrupt(&child);
    assert_eq!(end(child), (Some(130), "echoes: interrupted\n".to_owned()));
}

/// A run that is writing a file beside its own, and where.
fn writing(kernel: &[&str]) -> (Child, TempDir) {
    writing_by(command(), kernel)
}

fn writing_by(mut run: Command, kernel: &[&str]) -> (Child, TempDir) {
    // A hole of 16 GB: long to read, short to make.
    let rows: u64 = 2_000_000_000;
    let header = npy_header(&format!("({rows},)"));
    let directory = with_file("hole.npy", &header);
    let file = fs::OpenOptions::new().write(true).open(directory.path().join("hole.npy")).unwrap();
    file.set_len(header.len() as u64 + rows * 8).unwrap();
    run.current_dir(directory.path()).args(kernel).args(["hole.npy", "-o", "out.npy"]).stderr(Stdio::piped());
    let child = run.spawn().unwrap();
    let started = Instant::now();
    while parts(directory.path()) == 0 {
        assert!(started.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(100));
    (child, directory)
}

#[test]
fn twice_while_it_writes_a_file() {
    // Slow enough that the run has not yet looked at the first when the second comes.
    let terms: Vec<String> = (0..250).map(|i| format!("exp(exp(exp(exp(x+{i}))))")).collect();
    let (child, directory) = writing(&["map", &terms.join("+")]);
    interrupt(&child);
    thread::sleep(Duration::from_millis(2));
    interrupt(&child);
    let (code, _) = end(child);
    assert_eq!((code, parts(directory.path())), (Some(130), 0));
    assert!(!directory.path().join("out.npy").exists());
}

#[test]
fn while_it_writes_a_file() {
    let (child, directory) = writing(&["zscore"]);
    interrupt(&child);
    assert_eq!(end(child), (Some(130), "echoes: interrupted\n".to_owned()));
    assert_eq!(parts(directory.path()), 0);
    assert!(!directory.path().join("out.npy").exists());
}

#[test]
fn other_signals_that_end_it_leave_no_file_either() {
    for (signal, code) in [("TERM", 143), ("HUP", 129)] {
        let (child, directory) = writing(&["zscore"]);
        send(signal, &child);
        assert_eq!(end(child), (Some(code), "echoes: ended by a signal\n".to_owned()));
        assert_eq!(parts(directory.path()), 0);
    }
}

#[test]
fn a_terminal_that_hangs_up_may_be_ignored() {
    let mut run = Command::new("sh");
    run.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_echoes")]);
    let (mut child, directory) = writing_by(run, &["zscore"]);
    send("HUP", &child);
    thread::sleep(Duration::from_millis(100));
    assert!(child.try_wait().unwrap().is_none());
    send("TERM", &child);
    assert_eq!((end(child).0, parts(directory.path())), (Some(143), 0));
}

/// Cut while a chunk is worked on or between two: either way it is said.
#[test]
fn a_file_that_is_cut_short_while_it_is_read() {
    for _ in 0..3 {
        let (child, directory) = writing(&["zscore"]);
        fs::OpenOptions::new().write(true).open(directory.path().join("hole.npy")).unwrap().set_len(1 << 20).unwrap();
        let (code, line) = end(child);
        assert_eq!((code, line.lines().count(), parts(directory.path())), (Some(4), 1, 0), "{line}");
        assert!(line.contains("cut short") || line.contains("changed while it was being read"), "{line}");
    }
}

#[test]
fn a_reader_that_has_enough() {
    let directory = with_file("x.npy", npy(&noise(100_000)));
    let mut run = command();
    run.current_dir(directory.path()).args(["cumsum", "x.npy", "--format", "csv"]);
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut start = [0; 7];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    assert_eq!((&start, end(child)), (b"cumsum\n", (Some(0), String::new())));
}
