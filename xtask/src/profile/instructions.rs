//! Instructions, counted by callgrind, which gives the same number whenever it runs.
//!
//! It knows no AVX-512, so the level is AVX2. Only calls are counted, not what makes the rows; what one takes is the difference
//! between twice as many calls and so many, because the first one chooses the level.

use super::{build, installed, quietly, result, work};
use crate::{Outcome, Stop, shell};
use std::{fs, path::Path};

const CALLS: u64 = 4;

/// The function of the program `work` inside which instructions count.
const COUNTED: &str = "--toggle-collect=*Subject*call*";

/// Functions that are listed.
const LISTED: usize = 10;

pub(super) fn run(what: &str) -> Outcome {
    if !installed("valgrind") {
        return Err(Stop::Skipped("no valgrind; most systems have it in a package of that name".to_owned()));
    }
    build("work", &[])?;
    let kept = result(what, "callgrind")?;
    let (twice, once) = (count(what, 2 * CALLS, &kept)?, count(what, CALLS, &kept)?);
    println!("{what} at level avx2: {} instructions a call", (twice - once) / CALLS);
    // It comes with valgrind, but needs Perl.
    let text = shell::output(shell::program("callgrind_annotate").arg(&kept)).unwrap_or_default();
    functions(&text).take(LISTED).for_each(|line| println!("{line}"));
    println!("{}", kept.display());
    Ok(())
}

/// The instructions of so many calls.
fn count(what: &str, calls: u64, kept: &Path) -> Result<u64, Stop> {
    let mut valgrind = shell::program("valgrind");
    valgrind
        .args(["--tool=callgrind", "--cache-sim=no", COUNTED])
        .arg(format!("--callgrind-out-file={}", kept.display()));
    quietly(valgrind.args(work(what, &["--calls", &calls.to_string()])).env("ECHOES_SIMD", "avx2"))?;
    let text = fs::read_to_string(kept).map_err(|error| Stop::Failed(format!("{}: {error}", kept.display())))?;
    total(&text).ok_or_else(|| Stop::Failed(format!("{}: it holds no total", kept.display())))
}

/// The line `totals: N` of callgrind's file.
fn total(text: &str) -> Option<u64> {
    text.lines().rev().find_map(|line| line.strip_prefix("totals: "))?.trim().parse().ok()
}

/// The lines of callgrind_annotate that count a function: `1,234 (56.78%)  file:function [object]`.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    let counted = |line: &&str| {
        line.split_once('(').is_some_and(|(count, rest)| {
            count.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
                && rest.contains("%)")
                && !count.trim().is_empty()
        })
    };
    text.lines().filter(counted).filter(|line| !line.contains("PROGRAM TOTALS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_and_the_functions_are_found() {
        assert_eq!(total("events: Ir\nfn=(1) a\n3 4\ntotals: 12345\n"), Some(12_345));
        assert_eq!(total("events: Ir\n"), None);
        let text = "Ir\n---\n1,200 (100.0%)  PROGRAM TOTALS\n\nIr     file:function\n\n1,000 (83.33%)  sum.rs:sum [work]\n(x)\n";
        assert_eq!(functions(text).collect::<Vec<_>>(), ["1,000 (83.33%)  sum.rs:sum [work]"]);
    }
}
