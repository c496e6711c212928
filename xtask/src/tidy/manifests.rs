//! Every version stands once, in the root's table; a member inherits it, and the lints.

use super::manifest::{dependencies, entries};
use super::{Finding, Metadata};
use crate::tree::{File, Tree};
use std::collections::BTreeSet;

pub(super) fn check(tree: &Tree, _: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for manifest in tree.manifests() {
        findings.extend(unlinted(manifest));
        for dependency in dependencies(&manifest.text) {
            used.insert(dependency.name);
            if !dependency.inherited {
                let what = format!("`{}` does not inherit its version", dependency.name);
                let mend = format!("write `{}.workspace = true` and its version in the root's table", dependency.name);
                findings.push(Finding::new(&manifest.path, dependency.line, what, mend));
            }
        }
    }
    findings.extend(unused(tree.text("Cargo.toml").unwrap_or_default(), &used));
    findings
}

fn unlinted(manifest: &File) -> Option<Finding> {
    let inherits = entries(&manifest.text).any(|e| (e.table, e.key, e.value) == ("lints", "workspace", "true"));
    let mend = "end the manifest with `[lints]` and `workspace = true`";
    (!inherits).then(|| Finding::new(&manifest.path, 1, "the lints are not inherited", mend))
}

fn unused<'a>(root: &'a str, used: &'a BTreeSet<&str>) -> impl Iterator<Item = Finding> + 'a {
    let table = entries(root).filter(|entry| entry.table == "workspace.dependencies");
    table.filter(|entry| !used.contains(entry.key)).map(|entry| {
        let what = format!("no member uses `{}`", entry.key);
        Finding::new("Cargo.toml", entry.line, what, "take it out of the table")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: (&str, &str) = ("Cargo.toml", "[workspace.dependencies]\nrayon = \"1\"\n");
    const LINTS: &str = "[lints]\nworkspace = true\n";

    fn found(member: &str) -> Vec<(String, usize)> {
        let findings = check(&Tree::of(&[ROOT, ("crates/a/Cargo.toml", member)]), &Metadata::default());
        findings.into_iter().map(|finding| (finding.file, finding.line)).collect()
    }

    #[test]
    fn a_version_outside_the_root_is_found() {
        assert!(found(&format!("[dependencies]\nrayon.workspace = true\n{LINTS}")).is_empty());
        let versioned = format!("[dependencies]\nrayon = {{ version = \"1\" }}\n{LINTS}");
        assert_eq!(found(&versioned), [("crates/a/Cargo.toml".to_owned(), 2)]);
    }

    #[test]
    fn a_version_that_nobody_uses_is_found() {
        assert_eq!(found(LINTS), [("Cargo.toml".to_owned(), 2)]);
    }

    #[test]
    fn a_member_without_the_lints_is_found() {
        let lintless = "[dependencies]\nrayon.workspace = true\n";
        assert_eq!(found(lintless), [("crates/a/Cargo.toml".to_owned(), 1)]);
    }
}
