//! `tidy`: the rules of the house that neither the compiler nor clippy knows.
//!
//! A rule is a file of this folder: a function from the project's files to findings, with tests that break it.

mod alerts;
mod floors;
mod heads;
mod licences;
mod lock;
mod manifest;
mod manifests;
mod metadata;
mod mutants;
mod order;
mod promise;
mod top;
mod unsafety;

use crate::{Outcome, Stop, no_args, tree::Tree};
use metadata::Metadata;
use std::fmt;

/// A broken rule: one line that says where, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    /// From 1.
    line: usize,
    what: String,
    mend: String,
}

impl Finding {
    fn new(file: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.file, self.line, self.what, self.mend)
    }
}

type Rule = fn(&Tree, &Metadata) -> Vec<Finding>;

static RULES: &[Rule] = &[
    alerts::check,
    floors::check,
    heads::check,
    licences::check,
    lock::check,
    manifests::check,
    mutants::check,
    order::check,
    promise::check,
    top::check,
    unsafety::check,
];

pub(crate) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    let tree = Tree::read()?;
    let metadata = Metadata::read()?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree, &metadata)).collect();
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    for note in lock::notes(&tree) {
        println!("note: {note}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err(Stop::Failed("tidy has one finding".to_owned())),
        n => Err(Stop::Failed(format!("tidy has {n} findings"))),
    }
}
