//! The command line's grammar, and its errors in one line.

use crate::{exit::Failure, files, format, health, kernel_args, map, serve, settings};
use clap::{
    Arg, ArgMatches, Command,
    builder::EnumValueParser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use echoes_stats::KERNELS;
use std::ffi::OsString;

/// Whether the kernels stand among the commands in help: they are too many, but completions want them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    Short,
    Full,
}

/// Parses the arguments; `None` if they asked for help or the version, which is then printed.
pub(crate) fn parse(args: Vec<OsString>) -> Result<Option<ArgMatches>, Failure> {
    let args = kernel_args::complete_flags(ask_for_help(args));
    let error = match command(Listing::Short).try_get_matches_from(&args) {
        Ok(matches) => return Ok(Some(matches)),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => crate::print(&error.to_string()).map(|()| None),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(Failure::usage("say what to do: echoes describe FILE, echoes kernels, or echoes --help"))
        }
        _ => Err(Failure::usage(match from_variable(&error, &args) {
            Some(variable) => format!("{variable}: {}", one_line(&error)),
            None => one_line(&error),
        })),
    }
}

/// `echoes help mean` as `echoes mean --help`.
fn ask_for_help(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|first| first == "help") {
        args.remove(1);
        args.push("--help".into());
    }
    args
}

/// The variable that a wrong value is from, if it is not from the arguments.
fn from_variable(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let of_a_value = matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation);
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg).filter(|_| of_a_value) else {
        return None;
    };
    let flag = arg.split([' ', '=', '[']).next()?;
    let variable = settings::variable(flag.strip_prefix("--")?);
    let given = args.iter().any(|arg| arg.to_str().is_some_and(|arg| arg.starts_with(flag)));
    (!given && std::env::var_os(&variable).is_some()).then_some(variable)
}

/// The whole grammar. The kernels' options are made only for the kernel that is called.
pub(crate) fn command(listing: Listing) -> Command {
    let kernels = KERNELS.iter().map(|entry| {
        let command = Command::new(entry.spec.name).hide(listing == Listing::Short && entry.spec.name != "describe");
        command.defer(kernel_args::command)
    });
    Command::new("echoes")
        .about("Statistics of files, larger than memory or not, in one reading")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand_value_name("KERNEL|COMMAND")
        .subcommand_help_heading("Commands")
        .subcommands(kernels.map(|kernel| match kernel.get_name() {
            "describe" => {
                kernel.about("Count, missing, mean, std, extrema, quartiles, skewness and kurtosis of each column")
            }
            _ => kernel,
        }))
        .subcommand(
            Command::new("kernels")
                .about("List the kernels, or explain one")
                .arg(Arg::new("name").value_name("NAME").help("The kernel to explain"))
                .arg(format::arg()),
        )
        .subcommand(Command::new("map").about("Make a column of others by an expression").defer(map::command))
        .subcommand(Command::new("serve").about("Answer over HTTP: the kernels, as JSON").defer(serve::command))
        .subcommand(Command::new("health").about("Ask a server whether it is well").defer(health::command))
        .subcommand(
            Command::new("doctor")
                .about("Say what this machine offers: instruction sets, cores, memory bandwidth")
                .arg(settings::threads())
                .arg(settings::gpu())
                .arg(format::arg()),
        )
        .subcommand(
            Command::new("completions").about("Print a completion script for a shell").arg(
                Arg::new("shell")
                    .value_name("SHELL")
                    .required(true)
                    .value_parser(EnumValueParser::<clap_complete::Shell>::new()),
            ),
        )
        .after_help(catalogue())
}

/// The kernels by category, for the end of the help.
fn catalogue() -> String {
    let mut text = "Kernels, each with its own --help:\n".to_owned();
    let width = KERNELS.iter().map(|entry| category(entry.spec.category).len()).max().unwrap_or_default();
    for group in KERNELS.chunk_by(|a, b| a.spec.category == b.spec.category) {
        let names: Vec<&str> = group.iter().map(|entry| entry.spec.name).filter(|name| *name != "describe").collect();
        let category = group.first().map(|entry| category(entry.spec.category)).unwrap_or_default();
        for (i, line) in wrap(&names, 76 - width).into_iter().enumerate() {
            let label = if i == 0 { category.as_str() } else { "" };
            text += &format!("  {label:width$}  {line}\n");
        }
    }
    text + "\nExit codes: 0 done, 1 no, 2 usage, 3 bad data, 4 a file cannot be read or written, 130 interrupted,\n143 and 129 ended by SIGTERM and SIGHUP; `serve` then ends with 0"
}

fn wrap(words: &[&str], width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => *line += &format!(" {word}"),
            _ => lines.push((*word).to_owned()),
        }
    }
    lines
}

/// A category's name.
pub(crate) fn category(category: echoes_kernel::Category) -> String {
    format!("{category:?}").to_lowercase()
}

/// The arguments that come first with every kernel: what to read, how to answer.
pub(crate) fn of_every_kernel() -> [Arg; 3] {
    let columns = Arg::new("columns")
        .short('c')
        .long("columns")
        .value_name("COLUMN,…")
        .action(clap::ArgAction::Append)
        .help("Columns by name, or by position from 0; every numeric column if not given");
    [files::arg(), columns, format::arg()]
}

/// clap's several lines as one.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut line = String::new();
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if part.starts_with("Usage:") || part.starts_with("For more information") {
            break;
        }
        match part.split_once("tip: ") {
            // On dashes that were never meant as a value.
            Some((_, tip)) if tip.contains("as a value") => {}
            Some((_, tip)) => line += &format!("; {tip}"),
            None if line.is_empty() => line.push_str(part.trim_start_matches("error: ")),
            None => line += &format!(" {part}"),
        }
    }
    line + "; see --help"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound_and_no_parameter_takes_the_name_of_an_option() {
        command(Listing::Full).debug_assert();
    }

    #[test]
    fn words_wrap() {
        assert_eq!(wrap(&["ab", "cd", "efg"], 5), ["ab cd", "efg"]);
        assert_eq!(wrap(&["longer"], 3), ["longer"]);
    }
}
