//! Everything that is compiled in may be given on under the project's own licences.

use super::{Finding, Metadata, manifest::entries};
use crate::tree::Tree;

// bzip2's own is BSD's with other words: the SQL engine reads compressed files.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "bzip2-1.0.6",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let lock = tree.text("Cargo.lock").unwrap_or_default();
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let what = match &package.licence {
            None => format!("`{}` names no licence", package.name),
            Some(licence) if allows(licence) != Some(true) => format!("`{}` is under `{licence}`", package.name),
            Some(_) => continue,
        };
        let named = |value: &str| value.trim_matches('"') == package.name;
        let line = entries(lock).find(|e| e.table == "package" && e.key == "name" && named(e.value));
        let mend = "do without it, or allow the licence in xtask/src/tidy/licences.rs and say why";
        findings.push(Finding::new("Cargo.lock", line.map_or(1, |entry| entry.line), what, mend));
    }
    findings
}

/// Whether the expression can be met with allowed licences; `None` if it is no expression.
fn allows(expression: &str) -> Option<bool> {
    // Before there were expressions, `/` meant OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any(&words)?;
    rest.is_empty().then_some(met)
}

type Parsed<'a, 'b> = Option<(bool, &'b [&'a str])>;

/// `all OR all OR …`
fn any<'a, 'b>(words: &'b [&'a str]) -> Parsed<'a, 'b> {
    let (mut met, mut rest) = all(words)?;
    while let ["OR", tail @ ..] = rest {
        let (next, after) = all(tail)?;
        (met, rest) = (met || next, after);
    }
    Some((met, rest))
}

/// `one AND one AND …`
fn all<'a, 'b>(words: &'b [&'a str]) -> Parsed<'a, 'b> {
    let (mut met, mut rest) = one(words)?;
    while let ["AND", tail @ ..] = rest {
        let (next, after) = one(tail)?;
        (met, rest) = (met && next, after);
    }
    Some((met, rest))
}

/// A licence, one with an exception, or an expression in brackets.
fn one<'a, 'b>(words: &'b [&'a str]) -> Parsed<'a, 'b> {
    match words {
        ["(", tail @ ..] => match any(tail)? {
            (met, [")", rest @ ..]) => Some((met, rest)),
            _ => None,
        },
        ["OR" | "AND" | "WITH" | ")", ..] | [] => None,
        [name, "WITH", exception, rest @ ..] => {
            Some((ALLOWED.contains(&format!("{name} WITH {exception}").as_str()), rest))
        }
        [name, rest @ ..] => Some((ALLOWED.contains(name), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::metadata::Package;

    #[test]
    fn expressions_are_met_as_spdx_says() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR GPL-3.0-only) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
            "MIT OR GPL-2.0-only AND GPL-3.0-only",
        ] {
            assert_eq!(allows(good), Some(true), "{good}");
        }
        for bad in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "(MIT OR Zlib) AND LGPL-3.0-only",
            "GPL-2.0-only WITH LLVM-exception",
        ] {
            assert_eq!(allows(bad), Some(false), "{bad}");
        }
        for broken in ["", "MIT OR", "(MIT", "MIT Zlib", "AND MIT"] {
            assert_eq!(allows(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_found_with_its_line() {
        let tree = Tree::of(&[("Cargo.lock", "[[package]]\nname = \"a\"\n\n[[package]]\nname = \"b\"\n")]);
        let found = |licence: Option<&str>| {
            let package = Package { name: "b".to_owned(), licence: licence.map(str::to_owned), ..Package::default() };
            let metadata = Metadata { packages: vec![package], ..Metadata::default() };
            check(&tree, &metadata).iter().map(|finding| finding.line).collect::<Vec<_>>()
        };
        assert!(found(Some("MIT")).is_empty());
        assert_eq!(found(Some("AGPL-3.0-only")), [5]);
        assert_eq!(found(None), [5]);
    }
}
