//! The top level holds what it must and no more.

use super::{Finding, Metadata};
use crate::tree::Tree;
use std::collections::BTreeSet;

const NAMES: [&str; 15] = [
    ".cargo",
    ".ci",
    ".github",
    ".gitignore",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "crates",
    "docker",
    "xtask",
];

pub(super) fn check(tree: &Tree, _: &Metadata) -> Vec<Finding> {
    let names: BTreeSet<&str> = tree.paths.iter().filter_map(|path| path.split('/').next()).collect();
    let strays = names.into_iter().filter(|name| !NAMES.contains(name));
    strays
        .map(|name| Finding::new(name, 1, "not a name of the top level", "put it in the folder that uses it"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_is_found_once() {
        let tree = Tree::of(&[("Cargo.toml", ""), ("crates/a.rs", ""), ("notes/a.md", ""), ("notes/b.md", "")]);
        let found = check(&tree, &Metadata::default());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, "notes");
    }
}
