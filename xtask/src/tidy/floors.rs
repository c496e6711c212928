//! A floor may know the floors below it, never above, nor its own.

use super::{Finding, Metadata, manifest, metadata::Package};
use crate::tree::Tree;

/// The floor of every member.
const FLOORS: [(&str, u8); 12] = [
    ("echoes-kernel", 0),
    ("echoes-simd", 0),
    ("echoes-cache", 1),
    ("echoes-gpu", 1),
    ("echoes-io", 1),
    ("echoes-stats", 1),
    ("echoes-engine", 2),
    ("echoes-cli", 3),
    ("echoes-datafusion", 3),
    ("echoes-server", 3),
    ("echoes-benches", 4),
    ("xtask", 4),
];

/// The one neighbour that another may know: `echoes serve`.
const NEIGHBOURS: (&str, &str) = ("echoes-cli", "echoes-server");

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let members = metadata.packages.iter().filter_map(|package| Some((package, package.manifest.as_deref()?)));
    members.flat_map(|(package, path)| member(package, path, tree.text(path).unwrap_or_default())).collect()
}

fn member(package: &Package, path: &str, manifest: &str) -> Vec<Finding> {
    let Some(own) = floor(&package.name) else {
        let what = format!("`{}` stands on no floor", package.name);
        return vec![Finding::new(path, 1, what, "give it one in xtask/src/tidy/floors.rs")];
    };
    let wrong = |name: &&String| {
        let may = (package.name.as_str(), name.as_str()) == NEIGHBOURS;
        floor(name).is_some_and(|other| other >= own && !may)
    };
    let finding = |name: &String| {
        let line = manifest::dependencies(manifest).iter().find(|d| d.name == name).map_or(1, |d| d.line);
        let other = floor(name).unwrap_or_default();
        let what = format!("`{}` (floor {own}) may not know `{name}` (floor {other})", package.name);
        Finding::new(path, line, what, "turn the dependency round, or move what is shared to a lower floor")
    };
    package.dependencies.iter().filter(wrong).map(finding).collect()
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, knows: &str) -> Vec<usize> {
        let path = "crates/a/Cargo.toml";
        let package = Package {
            name: name.to_owned(),
            manifest: Some(path.to_owned()),
            dependencies: vec![knows.to_owned()],
            ..Package::default()
        };
        let tree = Tree::of(&[(path, &format!("[dependencies]\n\n{knows}.workspace = true\n"))]);
        let metadata = Metadata { packages: vec![package], ..Metadata::default() };
        check(&tree, &metadata).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_look_upwards_is_found() {
        assert!(found("echoes-engine", "echoes-stats").is_empty());
        assert_eq!(found("echoes-stats", "echoes-engine"), [3]);
        assert_eq!(found("echoes-engine", "xtask"), [3]);
        assert!(found("echoes-stats", "serde").is_empty());
    }

    #[test]
    fn a_look_sideways_is_found() {
        assert_eq!(found("echoes-stats", "echoes-io"), [3]);
        assert!(found("echoes-cli", "echoes-server").is_empty());
        assert_eq!(found("echoes-server", "echoes-cli"), [3]);
    }

    #[test]
    fn a_member_without_a_floor_is_found() {
        assert_eq!(found("echoes-attic", "serde"), [1]);
    }
}
