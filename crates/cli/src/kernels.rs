//! `echoes kernels`: the catalogue.

use crate::{
    args::{self, Listing},
    exit::Failure,
    format::{self, Format, Printer},
    layout::Cell,
};
use clap::ArgMatches;
use echoes_io::names::{nearest, shorten};
use echoes_kernel::{Category, Entry};
use echoes_stats::KERNELS;
use serde::Serialize;
use serde_json::Value;

/// A kernel, as programs are told of it.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    category: Category,
    summary: String,
    columns: String,
    params: Value,
    references: &'static [&'static str],
}

impl Listed {
    fn of(entry: &Entry) -> Self {
        Self {
            name: entry.spec.name,
            category: entry.spec.category,
            summary: entry.summary(),
            columns: entry.spec.takes(),
            params: (entry.params)().into(),
            references: entry.spec.references,
        }
    }
}

/// Runs the command.
pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let format = format::of(matches);
    let mut printer = Printer::new().format(format);
    match matches.get_one::<String>("name") {
        None if format == Format::Json => printer.json(&KERNELS.iter().map(Listed::of).collect::<Vec<_>>())?,
        None => printer.text(&catalogue(format))?,
        Some(name) => {
            let entry = KERNELS.iter().find(|entry| entry.spec.name == name).ok_or_else(|| unknown(name))?;
            match format {
                Format::Json => printer.json(&Listed::of(entry))?,
                _ => printer.text(&help(entry))?,
            }
        }
    }
    printer.finish()
}

fn unknown(name: &str) -> Failure {
    let meant = nearest(name, KERNELS.iter().map(|entry| entry.spec.name));
    let hint = meant.map_or_else(String::new, |meant| format!("did you mean {meant}? "));
    Failure::usage(format!("there is no kernel {}: {hint}see echoes kernels", shorten(name)))
}

fn help(entry: &Entry) -> String {
    let mut command = args::command(Listing::Full);
    command.build();
    let help = command.find_subcommand_mut(entry.spec.name).map(|command| command.render_long_help().to_string());
    help.unwrap_or_default().trim_end().to_owned() + "\n"
}

fn catalogue(format: Format) -> String {
    let row = |entry: &Entry| {
        let cells = [entry.spec.name, &args::category(entry.spec.category), &entry.spec.takes()];
        cells.into_iter().map(str::to_owned).chain([entry.summary()]).map(Cell::Text).collect()
    };
    let rows: Vec<Vec<Cell>> = KERNELS.iter().map(row).collect();
    let header = ["name", "category", "takes", "summary"].map(str::to_owned);
    let grid = crate::layout::Grid { header: header.to_vec(), rows, ..Default::default() };
    match format {
        Format::Csv => format::as_csv(grid),
        Format::Md => format::as_md(&grid),
        _ => by_category(),
    }
}

fn by_category() -> String {
    let width = KERNELS.iter().map(|entry| entry.spec.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for group in KERNELS.chunk_by(|a, b| a.spec.category == b.spec.category) {
        let category = group.first().map(|entry| args::category(entry.spec.category)).unwrap_or_default();
        text += &format!("{category}\n");
        for entry in group {
            text += &format!("  {:width$}  {}\n", entry.spec.name, entry.summary());
        }
        text.push('\n');
    }
    text + "echoes kernels NAME explains one: parameters, columns, references\n"
}
