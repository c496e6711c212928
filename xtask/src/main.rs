//! The project's chores, from cargo alone: `cargo xtask` lists them.
//!
//! A chore is a file of this folder and a line of [`CHORES`]; the help is printed from that table.
//! Exit codes: 0 done, 1 something failed, 2 usage or a chore that cannot work, 3 no verdict: a tool is not installed, or the
//! machine was too busy to tell.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

mod bench;
mod build;
mod ci;
mod docker;
mod fmt;
mod gate;
mod load;
mod miri;
mod native;
mod new_kernel;
mod peers;
mod profile;
mod registry;
mod rust;
mod shell;
mod steps;
mod svg;
mod test;
mod tidy;
mod tree;

use std::process::ExitCode;

/// How a chore ends when it does not end well.
enum Stop {
    /// It was called wrongly.
    Usage(String),
    /// It ran and something is wrong.
    Failed(String),
    /// It did not run: something is not installed.
    Skipped(String),
    /// It measured, and the noise hides what was looked for.
    Inconclusive(String),
    /// What measures does not work itself.
    Harness(String),
}

impl Stop {
    /// What is said of it.
    fn line(&self) -> &str {
        let (Self::Usage(line)
        | Self::Failed(line)
        | Self::Skipped(line)
        | Self::Inconclusive(line)
        | Self::Harness(line)) = self;
        line
    }

    const fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) | Self::Harness(_) => 2,
            Self::Skipped(_) | Self::Inconclusive(_) => 3,
        }
    }
}

type Outcome = Result<(), Stop>;

struct Chore {
    name: &'static str,
    args: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Outcome,
}

static CHORES: &[Chore] = &[
    Chore { name: "build", args: "[--release]", help: "build the command line, target/*/echoes", run: build::run },
    Chore {
        name: "test",
        args: "",
        help: "format, clippy, tidy, every test, the laws at each SIMD level",
        run: test::run,
    },
    Chore { name: "ci", args: "", help: "test, then the README's first command and the documentation", run: ci::run },
    Chore {
        name: "tidy",
        args: "",
        help: "the rules of the house: floors, heads, unsafe, registry, licences, alerts",
        run: tidy::run,
    },
    Chore {
        name: "docker",
        args: "",
        help: "the alerts of docker/ against their tests, with promtool",
        run: docker::run,
    },
    Chore { name: "fmt", args: "", help: "format every file (`cargo fmt` does not see the kernels)", run: fmt::run },
    Chore {
        name: "gate",
        args: "[--against REV]",
        help: "the budgets; or whether this tree is slower than REV; --selftest, --roc",
        run: gate::run,
    },
    Chore {
        name: "bench",
        args: "[FILTER] [--json]",
        help: "the benches whose names contain FILTER: a table, and a picture in target/bench.svg",
        run: bench::run,
    },
    Chore {
        name: "native",
        args: "[ROUNDS]",
        help: "each kernel's speed in the portable build against one for this processor",
        run: native::run,
    },
    Chore {
        name: "load",
        args: "[--rates N,…] [--payload NAME,…]",
        help: "an open-loop load on the server; --help has more, --most and --stall among it",
        run: load::run,
    },
    Chore {
        name: "peers",
        args: "[--op NAME,…] [--n N,…]",
        help: "the same work by NumPy, SciPy, Polars and others; --json",
        run: peers::run,
    },
    Chore {
        name: "profile",
        args: "KERNEL heap|cpu|instructions",
        help: "where a kernel's memory, time or instructions go; `all heap` holds every kernel to the laws",
        run: profile::run,
    },
    Chore { name: "miri", args: "", help: "the kernel and stats crates under Miri, on nightly", run: miri::run },
    Chore {
        name: "new-kernel",
        args: "[CATEGORY/]NAME",
        help: "begin a kernel: one file and one line of the registry",
        run: new_kernel::run,
    },
    Chore { name: "help", args: "", help: "this", run: help },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("xtask: {}", stop.line());
            ExitCode::from(stop.code())
        }
    }
}

fn dispatch(args: &[String]) -> Outcome {
    let (name, rest) = match args.split_first() {
        None => ("help", args),
        Some((name, rest)) => (name.as_str(), rest),
    };
    let name = if asks_for_help(name) { "help" } else { name };
    match CHORES.iter().find(|chore| chore.name == name) {
        Some(chore) => match (chore.run)(rest) {
            Err(Stop::Usage(_)) if rest.iter().any(|arg| asks_for_help(arg)) => {
                println!("{}\n\nUsage: cargo xtask {} {}", chore.help, chore.name, chore.args);
                Ok(())
            }
            outcome => outcome,
        },
        None => Err(Stop::Usage(format!("no chore is called `{name}`; `cargo xtask` lists them"))),
    }
}

fn asks_for_help(arg: &str) -> bool {
    matches!(arg, "-h" | "--help")
}

fn help(_: &[String]) -> Outcome {
    println!("The project's chores.\n\nUsage: cargo xtask CHORE\n");
    for Chore { name, args, help, .. } in CHORES {
        println!("  {:<27} {help}", format!("{name} {args}"));
    }
    Ok(())
}

/// For chores that take no arguments.
fn no_args(args: &[String]) -> Outcome {
    match args.first() {
        None => Ok(()),
        Some(arg) => Err(Stop::Usage(format!("it takes no argument, and `{arg}` was given"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn help_needs_no_argument() {
        assert!(dispatch(&[]).is_ok());
        assert!(dispatch(&args(&["--help"])).is_ok());
        assert!(dispatch(&args(&["gate", "--help"])).is_ok());
    }

    #[test]
    fn an_unknown_chore_is_a_usage_error() {
        assert!(matches!(dispatch(&args(&["tset"])), Err(Stop::Usage(line)) if line.contains("tset")));
    }

    #[test]
    fn a_stray_argument_is_a_usage_error() {
        assert!(matches!(dispatch(&args(&["tidy", "now"])), Err(Stop::Usage(line)) if line.contains("now")));
    }
}
