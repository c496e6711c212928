//! Opening by name: formats told apart, and every refusal in one line that names the mend.
#![allow(clippy::unwrap_used)]

use echoes_io::{Kind, OpenOptions, npy, open, parse};
use std::fs;

fn options() -> OpenOptions {
    OpenOptions::default()
}

#[test]
fn contents_tell_the_format_whatever_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut array = Vec::new();
    npy::write_npy(&mut array, 1, &[1.0, 2.0]).unwrap();
    for (name, contents, backend, fields) in [
        ("x.npy", array.as_slice(), "mmap", 1),
        ("x.csv", &array, "mmap", 1),
        ("y.csv", b"a,b\n1,2\n", "csv", 2),
        ("y.tsv", b"a,b\tc\n1\t2\n", "csv", 2),
        ("y", b"a,b\n1,2\n", "csv", 2),
        ("y.txt", b"1\n2\n", "csv", 1),
        ("latin.csv", b"stra\xdfe,b\n1,2\n", "csv", 2),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, contents).unwrap();
        let source = open(path.to_str().unwrap(), &options()).unwrap();
        if !(cfg!(not(unix)) && backend == "mmap") {
            assert!(source.backend() == backend || source.backend() == "pread", "{name}");
        }
        assert_eq!((source.name(), source.fields().len()), (path.to_str().unwrap(), fields));
    }
}

#[test]
fn refusals() {
    for (name, contents, why) in [
        ("a.csv", &b""[..], "a.csv: is empty: there is nothing to read"),
        ("a.npy", b"1,2\n", "a.npy: does not begin as a .npy file does: write it with numpy.save"),
        ("a.npz", b"PK\x03\x04", "a.npz: a zip archive (.npz, .xlsx) is not read yet: convert to .npy or .csv"),
        ("a.parquet", b"PAR1", "a.parquet: Parquet is not read yet: convert to .npy or .csv"),
        ("a.csv", b"PAR1", "a.csv: Parquet is not read yet: convert to .npy or .csv"),
        ("a.csv.gz", b"\x1f\x8b\x08", "a.csv.gz: gzip is not read yet: convert to .npy or .csv"),
        ("a.JSONL", b"{\"x\": 1}\n", "a.JSONL: JSON lines is not read yet: convert to .npy or .csv"),
        ("a", b"\x00\x01\x02\x03", "a: is neither .npy nor text: convert to .npy or .csv"),
    ] {
        let error = parse(name, contents, &options()).err().unwrap();
        assert_eq!((error.to_string().as_str(), error.kind), (why, Kind::Malformed));
    }
    let utf16 = parse("a.csv", &b"\xff\xfe1\0"[..], &options()).err().unwrap();
    assert!(utf16.what.starts_with("is UTF-16"), "{utf16}");
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path().to_str().unwrap(), &options()).err().unwrap();
    assert!(error.kind == Kind::Unreadable && error.what.starts_with("is a directory"), "{error}");
    let error = open("no/such/file.csv", &options()).err().unwrap();
    assert!(error.kind == Kind::Unreadable && error.what.starts_with("no such file"), "{error}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_pipe_is_kept_so_that_it_can_be_read_again() {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    let (reader, mut writer) = std::io::pipe().unwrap();
    let write = std::thread::spawn(move || writer.write_all(b"a,b\n1,2\n").unwrap());
    let source = open(format!("/dev/fd/{}", reader.as_raw_fd()), &options()).unwrap();
    write.join().unwrap();
    for _ in 0..2 {
        let echoes_io::Reading::Stream(mut stream) = source.read(&[0, 1]).unwrap() else {
            panic!("CSV is read in order")
        };
        assert_eq!(stream.next().unwrap().unwrap().len(), 2);
        assert!(stream.next().unwrap().is_none());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_claims_no_length_is_read_all_the_same() {
    let source = open("/proc/self/statm", &OpenOptions { delimiter: Some(b' '), ..options() }).unwrap();
    assert_eq!(source.fields().len(), 7);
}
