//! `--cache`: the second question of a file reads nothing, and never says anything else.

use crate::tool::{command, finish, noise, npy, with_file};
use std::{fs, thread::sleep, time::Duration};

#[test]
fn a_place_where_nothing_can_be_kept() {
    let directory = with_file("x.csv", "x\n1\n");
    let taken = directory.path().join("x.csv");
    let ran =
        finish(command().current_dir(directory.path()).env("XDG_CACHE_HOME", taken).args(["mean", "x.csv", "--cache"]));
    assert_eq!(ran.code, Some(4));
    assert!(ran.line().ends_with("; set XDG_CACHE_HOME to where you may write, or leave out --cache"), "{}", ran.err);
}

#[test]
fn the_second_question_reads_nothing_until_the_file_changes() {
    let directory = with_file("x.npy", npy(&noise(300_000)));
    let at = directory.path();
    fs::write(at.join("y.csv"), "a,b\n1,2\n3,4\n").unwrap();
    let ask = |line: &str| {
        let mut command = command();
        command.current_dir(at).env("XDG_CACHE_HOME", at.join("cache")).args(line.split_whitespace());
        let run = finish(&mut command);
        assert_eq!(run.code, Some(0), "{line}: {}", run.err);
        (run.out, run.err)
    };
    let plain = ask("mean x.npy --format json").0;
    let fresh = ask("mean x.npy --cache --report --format json");
    assert!(
        fresh.1.contains("1 readings, 2.4 MB") && !fresh.1.contains("partials"),
        "a file just written: {}",
        fresh.1
    );
    // Until the file's times are old enough to tell the next change by.
    sleep(Duration::from_secs(5));
    let cold = ask("mean x.npy --cache --report --format json");
    assert!(cold.1.contains("1 readings, 2.4 MB") && cold.1.contains("0 of 1 partials"), "{}", cold.1);
    let warm = ask("std x.npy --cache --report");
    assert!(warm.1.contains("0 readings, 0.0 MB") && warm.1.contains("1 of 1 partials"), "{}", warm.1);
    assert_eq!(ask("mean x.npy --cache --format json").0, plain);
    assert_eq!(ask("sum y.csv --cache --format csv").0, "column,sum\na,4\nb,6\n");
    assert_eq!(ask("sum y.csv --cache --format csv").0, "column,sum\na,4\nb,6\n");

    fs::write(at.join("x.npy"), npy(&noise(10))).unwrap();
    assert_ne!(ask("mean x.npy --cache --format json").0, plain);
}
