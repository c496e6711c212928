//! Every Rust file says at its top what it is for, and none is longer than a reader's patience.

use super::{Finding, Metadata};
use crate::tree::Tree;

const LINES_MAX: usize = 1_000;

pub(super) fn check(tree: &Tree, _: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let head = file.text.lines().next().and_then(|line| line.strip_prefix("//!"));
        if head.is_none_or(|head| head.trim().is_empty()) {
            findings.push(Finding::new(&file.path, 1, "no head", "say in a first line `//! …` what the file is for"));
        }
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            let what = format!("{lines} lines, and the limit is {LINES_MAX}");
            findings.push(Finding::new(&file.path, LINES_MAX + 1, what, "split it by what its parts are for"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("a.rs", text)]), &Metadata::default()).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        assert!(found("//! What it is for.\n").is_empty());
        assert_eq!(found("use std::fmt;\n//! Too late.\n"), [1]);
        assert_eq!(found("//!\n"), [1]);
        assert_eq!(found(""), [1]);
    }

    #[test]
    fn a_file_that_is_too_long_is_found() {
        let lines = |n: usize| format!("//! Head.\n{}", "\n".repeat(n - 1));
        assert!(found(&lines(1_000)).is_empty());
        assert_eq!(found(&lines(1_001)), [1_001]);
    }
}
