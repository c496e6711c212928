//! How to read, as every kernel is told it.

use clap::{
    Arg, ArgAction, ArgMatches,
    builder::{PossibleValuesParser, TypedValueParser},
};
use echoes_engine::{Engine, Gpu, parse_threads};
use echoes_io::{Access, OpenOptions};
use echoes_kernel::Nan;
use std::{env, num::NonZeroUsize};

const HEADING: &str = "Reading";

/// How to read.
pub(crate) struct Settings {
    pub(crate) engine: Engine,
    pub(crate) nan: Nan,
    pub(crate) open: OpenOptions,
    pub(crate) explain: bool,
    pub(crate) report: bool,
    pub(crate) cache: bool,
}

impl Settings {
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        let word = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
        Self {
            engine: engine(matches),
            nan: word("nan").parse().unwrap_or_default(),
            open: OpenOptions {
                access: word("io").parse().unwrap_or(Access::Auto),
                delimiter: matches.get_one::<u8>("delimiter").copied(),
                header: None,
            },
            explain: matches.get_flag("explain"),
            report: matches.get_flag("report"),
            cache: matches.get_flag("cache"),
        }
    }
}

/// The engine with as many threads as were asked for, and a graphics processor if that was.
pub(crate) fn engine(matches: &ArgMatches) -> Engine {
    let threads = matches.get_one::<NonZeroUsize>("threads");
    let engine = threads.map_or_else(Engine::new, |&threads| Engine::with_threads(threads));
    let engine = engine.gpu(matches.get_one::<Gpu>("gpu").copied().unwrap_or_default());
    match dirs::cache_dir() {
        Some(directory) => engine.measurements(directory.join("echoes")),
        None => engine,
    }
}

/// Lets an environment variable stand for a flag; an empty one counts as unset.
pub(crate) fn or_variable(arg: Arg, name: &str) -> Arg {
    let name = variable(name);
    match env::var_os(&name) {
        Some(value) if value.is_empty() => arg,
        _ => arg.env(name).hide_env_values(true),
    }
}

/// The variable that stands for a flag or setting of this name.
pub(crate) fn variable(name: &str) -> String {
    format!("ECHOES_{}", name.replace('-', "_").to_uppercase())
}

/// `--gpu`.
pub(crate) fn gpu() -> Arg {
    or_variable(Arg::new("gpu"), "gpu")
        .long("gpu")
        .value_name("WHETHER")
        .value_parser(PossibleValuesParser::new(Gpu::ALL.map(Gpu::name)).try_map(|word| word.parse::<Gpu>()))
        .default_value(Gpu::default().name())
        .help("Whether a graphics processor takes part; cpu is a driver for tests. Answers do not depend on it")
        .help_heading(HEADING)
}

/// `--threads`.
pub(crate) fn threads() -> Arg {
    Arg::new("threads")
        .long("threads")
        .value_name("N")
        .value_parser(parse_threads)
        .help("Threads to use; one for each processor if not given. Answers do not depend on it")
        .help_heading(HEADING)
}

/// The options of reading.
pub(crate) fn args() -> Vec<Arg> {
    let word = |name: &'static str, values: &[&'static str]| {
        let values = PossibleValuesParser::new(values.to_vec());
        Arg::new(name).long(name).value_name("HOW").value_parser(values).help_heading(HEADING)
    };
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help_heading(HEADING);
    vec![
        word("nan", &["propagate", "omit", "raise"])
            .default_value("propagate")
            .help("What a NaN does: spreads, is left out, or is an error. Empty fields are always left out"),
        Arg::new("delimiter")
            .long("delimiter")
            .value_name("C")
            .value_parser(delimiter)
            .help("What separates the fields of CSV; found out if not given")
            .help_heading(HEADING),
        word("io", &["auto", "mmap", "pread"])
            .default_value("auto")
            .help("How files are read; pread where others may write to them meanwhile"),
        threads(),
        gpu(),
        flag("cache").help(
            "Keep what was read of a file for questions to come, in the user's cache directory; of a file that changed \
            within the last 4 seconds, nothing yet",
        ),
        flag("explain").help("Print the plan and read nothing"),
        flag("report").help("Say on standard error what was read, and how fast"),
    ]
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "\\t" || text == "tab" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\n\r.-+".contains(byte) => Ok(*byte),
        _ => Err("give one character that is no letter, digit, sign, point or quote; `tab` for a tab".to_owned()),
    }
}
