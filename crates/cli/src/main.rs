//! The command line of Echoes: statistics of files, in one reading.
//!
//! The only crate that prints or picks an exit code ([`exit`] lists them). Every kernel of the registry is a subcommand; its
//! options and help come from the kernel's own parameters, so nothing here knows a kernel by name but `describe`, whose
//! answers are laid out as one table a file.
#![forbid(unsafe_code)]

mod answer;
mod args;
mod cache;
mod columns;
mod completions;
mod doctor;
mod exit;
mod files;
mod format;
mod health;
mod interrupt;
mod kernel_args;
mod kernels;
mod layout;
mod log;
mod map;
mod output;
mod progress;
mod serve;
mod settings;
mod tree;

use exit::Failure;
use format::Printer;
use std::process::ExitCode;

fn main() -> ExitCode {
    echoes_io::keep_freed_memory();
    match run() {
        Ok(()) => exit::Exit::Done.code().into(),
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    echoes_simd::choose().map_err(|e| Failure::usage(e.to_string()))?;
    let Some(matches) = args::parse(std::env::args_os().collect())? else { return Ok(()) };
    match matches.subcommand() {
        Some(("kernels", of)) => kernels::run(of),
        Some(("map", of)) => map::run(of),
        Some(("doctor", of)) => doctor::run(of),
        Some(("serve", of)) => serve::run(of),
        Some(("health", of)) => health::run(of),
        Some(("completions", of)) => completions::run(of),
        Some((name, of)) => match echoes_stats::KERNELS.iter().find(|entry| entry.spec.name == name) {
            Some(entry) => answer::run(entry, of),
            None => Err(Failure::usage(format!("`{name}` is not a command: see echoes --help"))),
        },
        None => Ok(()),
    }
}

/// Prints text made beforehand.
fn print(text: &str) -> Result<(), Failure> {
    let mut printer = Printer::new();
    printer.text(text)?;
    printer.finish()
}
