//! `echoes map 'EXPR' FILE`: a column made of others by an expression.

use crate::{
    answer,
    columns::{self, Choice},
    exit::Failure,
    files, format, output, settings,
};
use clap::{Arg, ArgMatches, Command};
use echoes_io::Source;
use echoes_stats::expr::{Expression, Fault, MAP};

const LONG: &str = "A column made of others by an expression, row by row.\n\n\
Columns stand by name (in backticks where the name is no plain word), with numbers, pi, e, + - * / ^, comparisons that \
give 1 or 0, exp ln sqrt abs, and the aggregates sum mean std min max of an expression over all rows, \
of which std divides by n: (x - mean(x)) / std(x).";

/// The subcommand's arguments.
pub(crate) fn command(command: Command) -> Command {
    let expression = Arg::new("expression")
        .value_name("EXPR")
        .required(true)
        .allow_hyphen_values(true)
        .help("The expression, in quotes: 'exp(-0.5*((x-mean(x))/std(x))^2)'");
    let command = command.long_about(LONG).arg(expression).arg(files::arg()).arg(format::arg());
    command.arg(output::arg()).args(settings::args())
}

/// Runs the command.
pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let text = matches.get_one::<String>("expression").map_or("", String::as_str);
    let expression = Expression::parse(text).map_err(|e| Failure::usage(e.to_string()))?;
    let kernel = (MAP.bind)(serde_json::json!({ "expr": text })).map_err(|e| Failure::reject(&e, MAP.spec.name))?;
    answer::answer(kernel, &|source| choose(&expression, source), matches)
}

/// The columns that the expression names.
fn choose(expression: &Expression, source: &dyn Source) -> Result<Choice, Failure> {
    let names: Vec<&str> = source.fields().iter().map(|field| field.name.as_str()).collect();
    let columns = expression.locate(&names).map_err(|e| {
        let mend = match &e.fault {
            Fault::Column(wanted) => format!("; {}", columns::instead(source.fields(), wanted)),
            _ => String::new(),
        };
        Failure::usage(format!("{}: {e}{mend}", source.name()))
    })?;
    columns::check_numeric(source, &columns)?;
    Ok(Choice { sets: vec![columns], skipped: Vec::new() })
}
