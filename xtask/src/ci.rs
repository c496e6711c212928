//! `ci`: what must hold before a merge: the tests, the README's first command, a release that counts nothing, the documentation.

use crate::{Outcome, Stop, no_args, profile, shell, steps::Steps, test};

pub(crate) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    let mut steps = Steps::default();
    test::steps(&mut steps);
    steps.step("first answer", first_answer);
    steps.step("no dhat in the release", profile::no_dhat_in_release);
    steps.step("documentation", || {
        let mut cargo = shell::cargo(&["doc", "--workspace", "--no-deps"]);
        shell::run(cargo.env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.finish()
}

/// Runs the first command that the README gives, so that it cannot rot.
fn first_answer() -> Outcome {
    let readme = std::fs::read_to_string(shell::root().join("README.md"))
        .map_err(|error| Stop::Failed(format!("README.md: {error}")))?;
    let args = first_command(&readme)
        .ok_or_else(|| Stop::Failed("README.md has no line that begins with `cargo run --release -- `".to_owned()))?;
    let answer = shell::output(&mut shell::cargo(&args))?;
    println!("{answer}");
    if answer.trim().is_empty() {
        return Err(Stop::Failed("the README's first command prints nothing".to_owned()));
    }
    Ok(())
}

/// The words after `cargo` of the README's first `cargo run --release -- …`.
fn first_command(readme: &str) -> Option<Vec<&str>> {
    let lines = readme.lines().map(|line| line.trim().trim_start_matches("$ "));
    let line = lines.into_iter().find(|line| line.starts_with("cargo run --release -- "))?;
    let command = line.split('#').next().unwrap_or(line);
    Some(command.split_whitespace().skip(1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_command_is_read_from_the_readme() {
        let readme = "# Echoes\n```\n$ cargo run --release -- describe a.csv   # the answer\n```\n";
        assert_eq!(first_command(readme), Some(vec!["run", "--release", "--", "describe", "a.csv"]));
        assert_eq!(first_command("cargo build"), None);
    }
}
