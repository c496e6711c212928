//! The registry is sorted, so that two kernels of two authors meet in no merge.

use super::{Finding, Metadata};
use crate::registry::{PATH, Registry};
use crate::tree::Tree;

const MEND: &str = "sort categories, and kernels in each, by name";

pub(super) fn check(tree: &Tree, _: &Metadata) -> Vec<Finding> {
    let Some(text) = tree.text(PATH) else {
        return vec![Finding::new(PATH, 1, "there is no registry", "list the kernels there")];
    };
    match Registry::parse(text) {
        Err((line, what)) => vec![Finding::new(PATH, line + 1, what, "write it as xtask/src/registry.rs says")],
        Ok(registry) => unsorted(&registry).chain(unlisted(tree, &registry)).collect(),
    }
}

fn unsorted(registry: &Registry) -> impl Iterator<Item = Finding> {
    let kernels = registry
        .categories
        .iter()
        .flat_map(|category| category.kernels.windows(2).map(|pair| (&pair[0].file, &pair[1].file, pair[1].line)));
    let categories = registry.categories.windows(2).map(|pair| (&pair[0].name, &pair[1].name, pair[1].line));
    kernels
        .chain(categories)
        .filter(|(before, after, _)| before >= after)
        .map(|(before, after, line)| Finding::new(PATH, line + 1, format!("`{after}` stands after `{before}`"), MEND))
}

/// A kernel's file that nobody lists is not compiled, and no other check would notice.
fn unlisted(tree: &Tree, registry: &Registry) -> impl Iterator<Item = Finding> {
    tree.rust().filter_map(|file| {
        let (category, name) =
            file.path.strip_prefix("crates/stats/src/kernels/")?.strip_suffix(".rs")?.split_once('/')?;
        let block = registry.categories.iter().find(|block| block.name == category);
        let listed = block.is_some_and(|block| block.kernels.iter().any(|kernel| kernel.file == name));
        let is_kernel = !name.contains('/');
        (is_kernel && !listed).then(|| {
            Finding::new(&file.path, 1, "the kernel is not in the registry", format!("add its line to {PATH}"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(registry: &str, files: &[&str]) -> Vec<(String, usize)> {
        let mut tree = vec![(PATH, registry)];
        tree.extend(files.iter().map(|&file| (file, "//! A kernel.")));
        let findings = check(&Tree::of(&tree), &Metadata::default());
        findings.into_iter().map(|finding| (finding.file, finding.line)).collect()
    }

    #[test]
    fn what_is_out_of_order_is_found() {
        let sorted = "registry! {\n    a {\n        b::B,\n        c::C,\n    }\n    d {\n        a::A,\n    }\n}\n";
        assert!(found(sorted, &[]).is_empty());
        assert_eq!(found(&sorted.replace("c::C", "a::A"), &[]), [(PATH.to_owned(), 4)]);
        assert_eq!(found(&sorted.replace("c::C", "b::B"), &[]), [(PATH.to_owned(), 4)]);
        assert_eq!(found(&sorted.replace("    d {", "    A {"), &[]), [(PATH.to_owned(), 6)]);
    }

    #[test]
    fn a_registry_that_is_missing_or_unreadable_is_found() {
        assert_eq!(check(&Tree::of(&[]), &Metadata::default()).len(), 1);
        assert_eq!(found("//! Empty.", &[]), [(PATH.to_owned(), 1)]);
    }

    #[test]
    fn a_kernel_that_nobody_lists_is_found() {
        let registry = "registry! {\n    order {\n        median::Median,\n    }\n}\n";
        assert!(found(registry, &["crates/stats/src/kernels/order/median.rs"]).is_empty());
        let stray = "crates/stats/src/kernels/order/mode.rs";
        assert_eq!(found(registry, &[stray]), [(stray.to_owned(), 1)]);
    }
}
