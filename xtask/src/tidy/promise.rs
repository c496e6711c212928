//! What the machines run is what the README tells people to run.

use super::{Finding, Metadata};
use crate::tree::Tree;

const SCRIPT: &str = ".ci/run";

pub(super) fn check(tree: &Tree, _: &Metadata) -> Vec<Finding> {
    let Some(script) = tree.text(SCRIPT) else {
        return vec![Finding::new(SCRIPT, 1, "it is missing", "let it run the README's test command")];
    };
    let readme = tree.text("README.md").unwrap_or_default();
    let commands = script.lines().enumerate().filter(|(_, line)| is_command(line));
    let unsaid = commands.filter(|(_, line)| !readme.contains(line.trim()));
    unsaid
        .map(|(at, line)| {
            let what = format!("README.md does not say `{}`", line.trim());
            Finding::new(SCRIPT, at + 1, what, "say it there, or do not run it here")
        })
        .collect()
}

/// Whether the line does something, beyond choosing how the script fails and where it stands.
fn is_command(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#') && !line.starts_with("set -") && !line.starts_with("cd ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(script: &str, readme: &str) -> Vec<usize> {
        let tree = Tree::of(&[(SCRIPT, script), ("README.md", readme)]);
        check(&tree, &Metadata::default()).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_command_that_the_readme_does_not_say_is_found() {
        let script = "#!/usr/bin/env bash\nset -euo pipefail\n\ncargo xtask test\n";
        assert!(found(script, "Run `cargo xtask test`.").is_empty());
        assert_eq!(found(script, "Run `cargo test`."), [4]);
        assert_eq!(check(&Tree::of(&[]), &Metadata::default()).len(), 1);
    }
}
