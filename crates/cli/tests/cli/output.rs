//! `-o`: columns into files.

use crate::{
    errors::parts,
    tool::{command, echoes_in, finish, noise, npy, with_file},
};
use std::fs;
#[cfg(unix)]
use std::{path::Path, process::Command, thread};

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
fn a_file_keeps_its_mode_and_a_link_its_place() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = with_file("x.csv", "x\n1\n2\n");
    let at = directory.path();
    for mode in [0o600, 0o664] {
        fs::write(at.join("own.csv"), "old").unwrap();
        fs::set_permissions(at.join("own.csv"), fs::Permissions::from_mode(mode)).unwrap();
        echoes_in(at, "cumsum x.csv -o own.csv").good();
        assert_eq!(fs::metadata(at.join("own.csv")).unwrap().permissions().mode() & 0o777, mode);
    }
    fs::create_dir(at.join("far")).unwrap();
    for target in ["far/new.csv", "own.csv"] {
        let link = at.join("link.csv");
        let _ = fs::remove_file(&link);
        symlink(target, &link).unwrap();
        echoes_in(at, "cumsum x.csv -o link.csv").good();
        assert_eq!(fs::read_link(&link).unwrap().to_str(), Some(target));
        assert_eq!(fs::read_to_string(at.join(target)).unwrap(), "cumsum\n1.0\n3.0\n");
    }
    symlink("circle.csv", at.join("circle.csv")).unwrap();
    assert_eq!(echoes_in(at, "cumsum x.csv -o circle.csv").code, Some(4));
    assert_eq!((parts(at), parts(&at.join("far"))), (0, 0));
}

#[cfg(unix)]
#[test]
fn what_is_read_is_not_written_onto() {
    let directory = with_file("x.csv", "x\n1\n2\n");
    let at = directory.path();
    std::os::unix::fs::symlink("x.csv", at.join("link.csv")).unwrap();
    fs::hard_link(at.join("x.csv"), at.join("twin.csv")).unwrap();
    for line in ["cumsum x.csv -o ./x.csv", "map x*2 x.csv -o link.csv", "zscore link.csv -o twin.csv"] {
        let ran = echoes_in(at, line);
        let name = line.rsplit(' ').next().unwrap();
        let says = format!("echoes: cannot write {name}: it is the file that is read; give -o another name");
        assert_eq!((ran.code, ran.line()), (Some(2), says.as_str()));
    }
    assert_eq!(fs::read_to_string(at.join("x.csv")).unwrap(), "x\n1\n2\n");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_written_is_not_replaced() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};
    const NOBODY: u32 = 65_534;
    let directory = with_file("x.csv", "x\n1\n2\n");
    let at = directory.path();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(at, 0o777);
    let out = at.join("out.csv");
    fs::write(&out, "precious").unwrap();
    mode(&out, 0o444);
    let mut echoes = command();
    echoes.current_dir(at).args(["cumsum", "x.csv", "-o", "out.csv"]);
    if fs::File::options().write(true).open(&out).is_ok() {
        // Root may write everything.
        echoes.uid(NOBODY);
    }
    let Ok(output) = echoes.output() else {
        println!("skipped: another user cannot run the program here");
        return;
    };
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*line), (Some(4), "echoes: cannot write out.csv: Permission denied\n"));
    assert_eq!(fs::read_to_string(&out).unwrap(), "precious");
}

#[cfg(unix)]
#[test]
fn a_pipe_and_standard_output_are_written_into() {
    use std::os::unix::fs::FileTypeExt;
    let directory = with_file("x.csv", "x\n1\n2\n");
    let at = directory.path();
    let sums = "cumsum\n1.0\n3.0\n";
    assert!(Command::new("mkfifo").arg(at.join("pipe.csv")).status().unwrap().success());
    let pipe = at.join("pipe.csv");
    let reader = thread::spawn(move || fs::read_to_string(pipe).unwrap());
    echoes_in(at, "cumsum x.csv -o pipe.csv").good();
    assert_eq!(reader.join().unwrap(), sums);
    assert!(fs::metadata(at.join("pipe.csv")).unwrap().file_type().is_fifo());
    if cfg!(target_os = "linux") {
        assert_eq!(echoes_in(at, "cumsum x.csv -o /dev/stdout").good(), sums);
        assert_eq!(echoes_in(at, "cumsum x.csv -o /dev/fd/1").good(), sums);
        let twice = "for i in 1 2; do \"$0\" cumsum x.csv -o /dev/stdout; done > both.csv; cat both.csv";
        let both = finish(Command::new("sh").current_dir(at).args(["-c", twice, env!("CARGO_BIN_EXE_echoes")])).good();
        assert_eq!(both, format!("{sums}{sums}"));
    }
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
