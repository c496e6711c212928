//! A mapped file that is cut short under its reader's hands: the last words of a process, so that it takes one of its own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use echoes_io::{Access, Bytes, signal};
use std::{
    env, fs,
    os::unix::{ffi::OsStrExt, process::ExitStatusExt},
    path::Path,
    process::Command,
};

/// Where the process that is to die finds its file, and whether it prepares itself.
const FILE: &str = "ECHOES_TEST_LOST_PAGE";
const PREPARED: &str = "ECHOES_TEST_PREPARED";

#[test]
fn dies_of_a_lost_page() {
    let Some(path) = env::var_os(FILE) else { return };
    if env::var_os(PREPARED).is_some() {
        let unfinished = Path::new(&path).with_extension("part");
        signal::end_on_lost_page("a page is gone", 4).unwrap();
        signal::remove_on_lost_page(unfinished.as_os_str().as_bytes());
    }
    let bytes = Bytes::open(&path, Access::Mmap).unwrap();
    let mapped = bytes.as_slice().unwrap().unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(1).unwrap();
    panic!("it still has {:?}", mapped.last());
}

fn run(prepared: bool) -> (Option<i32>, Option<i32>, String, bool) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.npy");
    fs::write(&path, vec![1; 1 << 20]).unwrap();
    fs::write(path.with_extension("part"), "").unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "dies_of_a_lost_page", "--nocapture"]).env(FILE, &path);
    if prepared {
        command.env(PREPARED, "1");
    }
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), output.status.signal(), err, path.with_extension("part").exists())
}

#[test]
fn a_program_that_is_prepared_says_so_and_tidies_up() {
    let (code, signal, err, left) = run(true);
    assert_eq!((code, signal, err.as_str(), left), (Some(4), None, "a page is gone\n", false));
}

#[test]
fn a_library_leaves_the_signal_alone() {
    let (code, signal, err, left) = run(false);
    assert_eq!((code, err.contains("a page is gone"), left), (None, false, true));
    assert!(signal.is_some());
}
