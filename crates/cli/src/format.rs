//! Answers onto standard output, in the format that was asked for.

mod csv;
mod json;
mod md;
mod number;
mod table;

use crate::{
    answer::Answers,
    exit::{Failure, on_one_line},
    layout,
};
use clap::{Arg, ArgMatches, ValueEnum, builder::EnumValueParser};
use echoes_engine::Plan;
use std::io::{self, BufWriter, StdoutLock, Write};

pub(crate) use table::aligned;

/// A grid as CSV.
pub(crate) fn as_csv(grid: layout::Grid) -> String {
    csv::grid(grid, None, &mut Vec::new())
}

/// A grid as a Markdown table.
pub(crate) fn as_md(grid: &layout::Grid) -> String {
    md::grid(grid)
}

/// How answers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people: aligned, rounded to six digits; blank where undefined
    #[default]
    Table,
    /// For programs: one object a line, every digit; null where undefined or infinite, which JSON lacks
    Json,
    /// For spreadsheets: every digit; inf and -inf, empty where undefined
    Csv,
    /// For documents: a Markdown table, rounded as `table`
    Md,
}

/// `--format`
pub(crate) fn arg() -> Arg {
    Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .value_parser(EnumValueParser::<Format>::new())
        .default_value("table")
        .help("How the answer looks")
}

/// The format that was asked for.
pub(crate) fn of(matches: &ArgMatches) -> Format {
    matches.get_one("format").copied().unwrap_or_default()
}

/// Standard output.
pub(crate) struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    format: Format,
    /// Whether there are several files, so that each answer must say whose it is.
    many: bool,
    printed: usize,
    /// The header under which CSV stands.
    header: Vec<String>,
}

impl Printer {
    pub(crate) fn new() -> Self {
        let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        Self { out, format: Format::Table, many: false, printed: 0, header: Vec::new() }
    }

    pub(crate) fn format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    pub(crate) fn many(self, many: bool) -> Self {
        Self { many, ..self }
    }

    /// A file's answers.
    pub(crate) fn answers(&mut self, answers: &Answers) -> Result<(), Failure> {
        let text = match self.format {
            Format::Json => json::answers(answers),
            Format::Csv => return self.csv(answers),
            Format::Table | Format::Md => self.for_people(answers),
        };
        self.printed += 1;
        self.text(&text)
    }

    fn csv(&mut self, answers: &Answers) -> Result<(), Failure> {
        let grids = if answers.is_description() { vec![layout::describe(answers)] } else { layout::kernel(answers) };
        for grid in grids {
            let source = self.many.then_some(answers.source.as_str());
            let text = csv::grid(grid, source, &mut self.header);
            self.text(&text)?;
        }
        Ok(())
    }

    fn for_people(&self, answers: &Answers) -> String {
        let grid = if self.format == Format::Md { md::grid } else { table::grid };
        let mut text = if self.printed > 0 { "\n".to_owned() } else { String::new() };
        let mut title = on_one_line(&answers.source);
        if answers.is_description() {
            title += &format!(": {} rows", number::grouped(answers.rows));
        }
        if self.many || answers.is_description() {
            text += &if self.format == Format::Md { format!("**{title}**\n\n") } else { format!("{title}\n\n") };
        }
        let grids =
            if answers.is_description() { vec![layout::describe_for_people(answers)] } else { layout::kernel(answers) };
        text += &grids.iter().map(grid).collect::<Vec<_>>().join("\n");
        if !answers.skipped.is_empty() {
            text += &format!("\nskipped text columns: {}\n", on_one_line(&answers.skipped.join(", ")));
        }
        text
    }

    /// A plan.
    pub(crate) fn plan(&mut self, plan: &Plan) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.text(&json::line(plan)),
            _ => self.text(&plan.to_string()),
        }
    }

    /// Anything that serialises, as a line of JSON.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        self.text(&json::line(value))
    }

    /// Text as it is.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).map_err(|e| Failure::stdout(&e))
    }

    /// Writes out what is buffered.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|e| Failure::stdout(&e))
    }

    /// The same, at the end.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.flush()
    }
}
