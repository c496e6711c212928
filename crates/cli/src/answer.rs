//! `echoes <kernel> FILE…`: one reading a file, however many columns are asked for.

use crate::{
    cache,
    columns::{self, Choice},
    exit::{Exit, Failure, reason, say},
    files,
    format::{self, Format, Printer},
    interrupt::{self, Running},
    kernel_args, layout, output,
    output::Output,
    progress::Bar,
    settings::Settings,
};
use clap::ArgMatches;
use echoes_cache::Cache;
use echoes_engine::{Cancel, Error, Job, Report, Request};
use echoes_io::{Source, names::shorten};
use echoes_kernel::{Answer, Arity, BoundKernel, Bundle, DType, Entry, Reject, Shape, Spec};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What a kernel says of one file.
pub(crate) struct Answers {
    pub(crate) source: String,
    pub(crate) spec: Spec,
    pub(crate) params: Value,
    pub(crate) rows: u64,
    pub(crate) sets: Vec<Set>,
    /// Columns that are not numeric and so were passed over.
    pub(crate) skipped: Vec<String>,
}

/// What it says of one set of columns.
pub(crate) struct Set {
    pub(crate) columns: Vec<String>,
    pub(crate) dtype: &'static str,
    pub(crate) answer: Answer,
}

impl Answers {
    /// Whether this is `describe`, which has a shape of its own.
    pub(crate) fn is_description(&self) -> bool {
        self.spec.name == "describe"
    }
}

/// Runs the command.
pub(crate) fn run(entry: &Entry, matches: &ArgMatches) -> Result<(), Failure> {
    let kernel = (entry.bind)(kernel_args::values(entry, matches)).map_err(|e| Failure::reject(&e, entry.spec.name))?;
    check(kernel.as_ref())?;
    let wanted: Vec<String> = matches.get_many::<String>("columns").into_iter().flatten().cloned().collect();
    let weights = kernel_args::weights(entry, matches);
    answer(kernel, &|source| columns::choose(source, &entry.spec, &wanted, weights), matches)
}

/// Which columns of a source a kernel gets.
pub(crate) type Choose<'a> = dyn Fn(&dyn Source) -> Result<Choice, Failure> + 'a;

/// Runs a kernel on the columns of each file that `choose` names.
pub(crate) fn answer(kernel: Box<dyn BoundKernel>, choose: &Choose<'_>, matches: &ArgMatches) -> Result<(), Failure> {
    let format = format::of(matches);
    let kernel = if format == Format::Json { kernel } else { kernel.telling_infinities() };
    let files = files::expand(matches)?;
    let settings = Settings::of(matches);
    let cache = settings.cache.then(cache::open).transpose()?;
    #[cfg(unix)]
    end_on_lost_page()?;
    let command = Command { kernel: kernel.as_ref(), settings, cache, choose, cancel: interrupt::install() };
    if let Some(path) = output::wanted(matches) {
        let spec = kernel.spec();
        if !spec.form.writes_columns() {
            let name = spec.name;
            return Err(Failure::usage(format!(
                "`{name}` answers with a value, not with columns; print it with --format"
            )));
        }
        let [file] = files.as_slice() else {
            return Err(Failure::usage("-o takes one FILE: write the others to files of their own"));
        };
        output::check_apart(file, path)?;
        return command.write(file, path);
    }
    let mut printer = Printer::new().format(format).many(files.len() > 1);
    command.print_all(&files, &mut printer)?;
    printer.finish()
}

/// A file that is cut shorter while it is read ends the process in words, not in a signal.
#[cfg(unix)]
fn end_on_lost_page() -> Result<(), Failure> {
    const LINE: &str = "echoes: a file that is being read was cut short, or its disk fails: try again when nothing writes to it, \
        or read it with --io pread";
    let installed = echoes_io::signal::end_on_lost_page(LINE, Exit::File.code().into());
    installed.map_err(|e| Failure::file(format!("cannot prepare to read: {}", reason(&e))))
}

/// Refuses bad parameters before anything is read.
fn check(kernel: &dyn BoundKernel) -> Result<(), Failure> {
    let columns = match kernel.spec().columns {
        Arity::Exactly(n) | Arity::AtLeast(n) | Arity::Samples(n) => n,
    };
    let shape = Shape { rows: None, columns, sample: &[] };
    kernel.spread(&shape, &mut Bundle::default()).map_err(|e| Failure::reject(&e, kernel.spec().name))
}

/// The type that a described column came to have. That of a CSV column is known from its beginning; further on there may be
/// fractions, which show where they are its extremes.
fn widened(dtype: DType, description: &Answer) -> DType {
    let entries = layout::entries(description).0;
    let text = |name: &str| entries.iter().find(|(entry, _)| entry == name).map_or("0", |(_, value)| value.get());
    let is_real = |name: &str| text(name).parse::<i128>().is_err();
    if text("count") != "0" && !dtype.is_float() && (is_real("min") || is_real("max")) { DType::Float64 } else { dtype }
}

/// A failure of a run, at the file, and at the column where it is of one.
fn failure(error: &Error, source: &dyn Source) -> Failure {
    let column = match error {
        Error::Reject(Reject::NotANumber { column, .. }) => source.fields().get(*column),
        _ => None,
    };
    match column {
        Some(field) => Failure::engine(error, &format!("{}: column {}", source.name(), shorten(&field.name))),
        None => Failure::engine(error, source.name()),
    }
}

struct Command<'a> {
    kernel: &'a dyn BoundKernel,
    settings: Settings,
    cache: Option<Cache>,
    choose: &'a Choose<'a>,
    cancel: &'a Cancel,
}

impl Command<'_> {
    /// One file after another. A file that fails does not stop the others; the first failure decides the exit code.
    fn print_all(&self, files: &[PathBuf], printer: &mut Printer) -> Result<(), Failure> {
        let mut first: Option<Failure> = None;
        for file in files {
            let Err(failure) = self.print(file, printer) else { continue };
            let hopeless = matches!(failure.exit, Exit::Done | Exit::Interrupted | Exit::Ended(_));
            if hopeless {
                return Err(failure);
            }
            if let Some(earlier) = first.replace(failure.clone()) {
                // Each line when its turn comes, the last by whoever picks the exit code.
                say(earlier.line.as_deref().unwrap_or_default());
                first = Some(Failure { exit: earlier.exit, ..failure });
            }
        }
        match first {
            None => Ok(()),
            Some(failure) => printer.flush().and(Err(failure)),
        }
    }

    fn print(&self, file: &Path, printer: &mut Printer) -> Result<(), Failure> {
        let source = echoes_io::open(file, &self.settings.open).map_err(|e| Failure::from(&e))?;
        let source = source.as_ref();
        let choice = (self.choose)(source)?;
        let requests = self.requests(&choice);
        if self.settings.explain {
            return self.explain(source, &requests, printer);
        }
        Self::tell_skipped(source, &choice);
        let (answers, report) =
            self.running(|job| self.answers(job, source, &requests)).map_err(|e| failure(&e, source))?;
        self.report(&report);
        let (answers, failure) = self.sort_out(source, choice, answers, &report);
        if !answers.sets.is_empty() {
            printer.answers(&answers)?;
        }
        failure.map_or(Ok(()), Err)
    }

    fn answers(
        &self,
        job: &Job<'_>,
        source: &dyn Source,
        requests: &[Request<'_>],
    ) -> echoes_engine::Result<(Vec<echoes_engine::Result<Answer>>, Report)> {
        match (&self.cache, source.identity()) {
            (Some(cache), Some(identity)) => job.cache(cache, identity.as_bytes()).answers(source, requests),
            _ => job.answers(source, requests),
        }
    }

    /// A line on the columns that were passed over, if some were.
    fn tell_skipped(source: &dyn Source, choice: &Choice) {
        if let Some(line) = columns::passed_over(source, &choice.skipped) {
            say(&line);
        }
    }

    fn requests(&self, choice: &Choice) -> Vec<Request<'_>> {
        let request = |columns: &Vec<usize>| Request { kernel: self.kernel, columns: columns.clone() };
        choice.sets.iter().map(request).collect()
    }

    /// Runs the engine with its options, while Ctrl-C is the engine's.
    fn running<T>(&self, work: impl FnOnce(&Job<'_>) -> echoes_engine::Result<T>) -> echoes_engine::Result<T> {
        let bar = Bar::new();
        let tell = |done, total| bar.tell(done, total);
        let job = self.settings.engine.job().nan(self.settings.nan).cancel(self.cancel).progress(&tell);
        let running = Running::start();
        let result = work(&job);
        drop(running);
        if self.cancel.is_cancelled() { Err(Error::Cancelled) } else { result }
    }

    /// The answers that there are, and what the others failed for.
    fn sort_out(
        &self,
        source: &dyn Source,
        choice: Choice,
        answers: Vec<echoes_engine::Result<Answer>>,
        report: &Report,
    ) -> (Answers, Option<Failure>) {
        let spec = self.kernel.spec();
        let mut sets = Vec::new();
        let mut failed: Vec<(String, Error)> = Vec::new();
        for (columns, answer) in choice.sets.iter().zip(answers) {
            let fields: Vec<_> = columns.iter().filter_map(|&column| source.fields().get(column)).collect();
            let columns: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
            let dtype = fields.first().and_then(|field| field.dtype);
            match answer {
                Ok(answer) => {
                    let dtype =
                        if spec.name == "describe" { dtype.map(|dtype| widened(dtype, &answer)) } else { dtype };
                    sets.push(Set { columns, dtype: dtype.map_or("", DType::name), answer });
                }
                Err(error) => failed.push((columns::listed(columns.iter().map(String::as_str)), error)),
            }
        }
        let failure = failed.first().map(|(_, error)| {
            let columns = failed.iter().filter(|(_, e)| e == error).map(|(columns, _)| columns.as_str());
            Failure::engine(error, &format!("{}: {}", source.name(), columns::listed(columns)))
        });
        let answers = Answers {
            source: source.name().to_owned(),
            spec,
            params: self.kernel.params(),
            rows: report.rows,
            sets,
            skipped: choice.skipped,
        };
        (answers, failure)
    }

    fn explain(&self, source: &dyn Source, requests: &[Request<'_>], printer: &mut Printer) -> Result<(), Failure> {
        let job = self.settings.engine.job().nan(self.settings.nan);
        let plan = job.plan(source, requests).map_err(|e| Failure::engine(&e, source.name()))?;
        printer.plan(&plan)
    }

    fn report(&self, report: &Report) {
        if self.settings.report {
            say(&report.to_string());
        }
    }

    fn write(&self, file: &Path, path: &Path) -> Result<(), Failure> {
        let source = echoes_io::open(file, &self.settings.open).map_err(|e| Failure::from(&e))?;
        let source = source.as_ref();
        let choice = (self.choose)(source)?;
        let requests = self.requests(&choice);
        let [request] = requests.as_slice() else {
            let name = self.kernel.spec().name;
            return Err(Failure::usage(format!(
                "{}: `{name}` writes one column at a time; choose it with -c",
                source.name()
            )));
        };
        if self.settings.explain {
            let mut printer = Printer::new();
            self.explain(source, &requests, &mut printer)?;
            return printer.finish();
        }
        Self::tell_skipped(source, &choice);
        let mut out = Output::create(path)?;
        let report = self.running(|job| job.write(source, request, &mut out)).map_err(|e| failure(&e, source))?;
        self.report(&report);
        out.finish()
    }
}
