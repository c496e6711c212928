//! One version of each crate that the project names: two of them are two types of the same name.

use super::manifest::entries;
use super::{Finding, Metadata};
use crate::tree::Tree;
use std::collections::BTreeMap;

pub(super) fn check(tree: &Tree, _: &Metadata) -> Vec<Finding> {
    let lock = Lock::of(tree);
    let table = entries(tree.text("Cargo.toml").unwrap_or_default());
    let table: Vec<_> = table.filter(|entry| entry.table == "workspace.dependencies").collect();
    let twice = lock.duplicates().filter(|(name, _)| table.iter().any(|entry| entry.key == *name));
    twice
        .map(|(name, versions)| {
            let what = format!("`{name}` is there as {}", list(versions));
            let mend = format!("find who wants which with `cargo tree --invert {name}` and settle on one");
            Finding::new("Cargo.lock", versions[0].1, what, mend)
        })
        .collect()
}

/// Crates that others bring in more than once: they cost build time, but nobody here can choose.
pub(super) fn notes(tree: &Tree) -> Vec<String> {
    let lock = Lock::of(tree);
    lock.duplicates().map(|(name, versions)| format!("Cargo.lock has `{name}` as {}", list(versions))).collect()
}

/// The versions of each crate, with their lines.
struct Lock<'a>(BTreeMap<&'a str, Vec<(&'a str, usize)>>);

impl<'a> Lock<'a> {
    fn of(tree: &'a Tree) -> Self {
        let mut crates: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        let mut name = "";
        for entry in entries(tree.text("Cargo.lock").unwrap_or_default()).filter(|entry| entry.table == "package") {
            match entry.key {
                "name" => name = entry.value.trim_matches('"'),
                "version" => crates.entry(name).or_default().push((entry.value.trim_matches('"'), entry.line)),
                _ => {}
            }
        }
        Self(crates)
    }

    /// Crates with versions that cannot stand for each other.
    fn duplicates(&self) -> impl Iterator<Item = (&'a str, &[(&'a str, usize)])> {
        let differ = |versions: &[(&str, usize)]| versions.windows(2).any(|w| era(w[0].0) != era(w[1].0));
        self.0.iter().map(|(name, versions)| (*name, versions.as_slice())).filter(move |(_, versions)| differ(versions))
    }
}

/// The part of a version that must agree: `1` of 1.2.3, `0.2` of 0.2.3, `0.0.3` of 0.0.3.
fn era(version: &str) -> &str {
    let end = version.find(|c: char| c != '0' && c != '.').unwrap_or(version.len());
    let digits = version[end..].find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len() - end);
    &version[..end + digits]
}

fn list(versions: &[(&str, usize)]) -> String {
    versions.iter().map(|(version, _)| *version).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(lock: &[(&str, &str)]) -> Tree {
        let lock = lock.iter().map(|(name, version)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\ndependencies = [\n \"x\",\n]\n")
        });
        Tree::of(&[
            ("Cargo.toml", "[workspace.dependencies]\nndarray = \"0.17\"\n"),
            ("Cargo.lock", &lock.collect::<String>()),
        ])
    }

    #[test]
    fn two_versions_of_a_crate_in_the_table_are_found() {
        let twice = tree(&[("ndarray", "0.16.1"), ("ndarray", "0.17.2")]);
        assert_eq!(check(&twice, &Metadata::default()).iter().map(|f| f.line).collect::<Vec<_>>(), [3]);
        assert!(check(&tree(&[("ndarray", "0.17.2")]), &Metadata::default()).is_empty());
    }

    #[test]
    fn two_versions_of_a_crate_that_others_bring_are_a_note() {
        let twice = tree(&[("ndarray", "0.17.2"), ("syn", "2.0.1"), ("syn", "3.0.1")]);
        assert!(check(&twice, &Metadata::default()).is_empty());
        assert_eq!(notes(&twice), ["Cargo.lock has `syn` as 2.0.1 and 3.0.1"]);
    }

    #[test]
    fn versions_of_one_era_can_stand_for_each_other() {
        assert_eq!(["1.2.3", "12.0.1", "0.2.3", "0.0.3", "0.12.0"].map(era), ["1", "12", "0.2", "0.0.3", "0.12"]);
    }
}
