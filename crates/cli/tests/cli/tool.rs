//! Runs the binary, and makes files for it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Standard output of a run that went well and said nothing else.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// The line of a run that failed with one.
    #[track_caller]
    pub(crate) fn line(&self) -> &str {
        let line = self.err.strip_suffix('\n').expect("a line");
        assert!(!line.contains('\n') && line.starts_with("echoes: "), "{}", self.err);
        line
    }
}

/// The binary, in the directory of the sample, without a terminal.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_echoes"));
    command.current_dir(data()).stdin(Stdio::null());
    for name in ["COLUMNS", "ECHOES_SIMD", "ECHOES_GPU"] {
        command.env_remove(name);
    }
    command
}

/// Where the sample is.
pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// Runs a line of words.
pub(crate) fn echoes(line: &str) -> Ran {
    echoes_in(&data(), line)
}

/// Runs a line of words in a directory.
pub(crate) fn echoes_in(directory: &Path, line: &str) -> Ran {
    finish(command().current_dir(directory).args(line.split_whitespace()))
}

/// Runs a line of words with text on standard input.
pub(crate) fn piped(line: &str, input: &[u8]) -> Ran {
    let mut command = command();
    command.args(line.split_whitespace()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input).unwrap();
    drop(stdin);
    ran(child.wait_with_output().unwrap())
}

pub(crate) fn finish(command: &mut Command) -> Ran {
    ran(command.output().unwrap())
}

fn ran(output: std::process::Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A directory with one file in it.
pub(crate) fn with_file(name: &str, contents: impl AsRef<[u8]>) -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join(name), contents).unwrap();
    directory
}

/// The header of a `.npy` array of doubles.
pub(crate) fn npy_header(shape: &str) -> Vec<u8> {
    let mut dict = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
    while !(10 + dict.len() + 1).is_multiple_of(64) {
        dict.push(' ');
    }
    dict.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((dict.len() as u16).to_le_bytes());
    bytes.extend(dict.as_bytes());
    bytes
}

/// A `.npy` array of one axis.
pub(crate) fn npy(values: &[f64]) -> Vec<u8> {
    let mut bytes = npy_header(&format!("({},)", values.len()));
    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    bytes
}

/// Numbers without a pattern.
pub(crate) fn noise(count: usize) -> Vec<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.25
    };
    (0..count).map(|_| next()).collect()
}
