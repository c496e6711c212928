//! The mutants that the gate must catch still fit the sources.

use super::{Finding, Metadata};
use crate::{gate::mutants, shell, tree::Tree};

pub(super) fn check(tree: &Tree, _: &Metadata) -> Vec<Finding> {
    let patches = tree.paths.iter().filter(|path| path.starts_with(mutants::FOLDER) && path.ends_with(".patch"));
    let stale = patches.filter(|path| !fits(path));
    stale.map(|path| Finding::new(path, 1, "the patch does not apply", "make it anew with the same change")).collect()
}

fn fits(patch: &str) -> bool {
    shell::works(shell::program("git").args(["apply", "--check", patch]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_that_does_not_fit_is_found() {
        let directory = std::env::temp_dir().join(format!("echoes-mutants-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let patch = directory.join("stale.patch");
        std::fs::write(&patch, "--- a/Cargo.toml\n+++ b/Cargo.toml\n@@ -1 +1 @@\n-no such line\n+another\n").unwrap();
        assert!(!fits(patch.to_str().unwrap()));
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn all_mutants_fit() {
        let tree = Tree::read().ok().unwrap();
        assert!(check(&tree, &Metadata::default()).is_empty());
        assert_eq!(mutants::names().unwrap_or_default().len(), 6);
    }
}
