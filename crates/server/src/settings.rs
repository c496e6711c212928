//! Every setting once: from this table come the flags, the variables and the keys of the file.

use crate::Config;
use echoes_engine::{Gpu, UnknownGpu, parse_threads};
use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

/// A setting: what it is called, what it says, and where in [`Config`] it lies.
#[derive(Debug)]
pub struct Setting {
    /// The file's key, `body_bytes_max`; the flag is `--body-bytes-max` and the variable `ECHOES_BODY_BYTES_MAX`.
    pub name: &'static str,
    /// One sentence for people.
    pub help: &'static str,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Address(fn(&mut Config) -> &mut SocketAddr),
    Threads(fn(&mut Config) -> &mut Option<NonZeroUsize>),
    Gpu(fn(&mut Config) -> &mut Gpu),
    Directory(fn(&mut Config) -> &mut Option<PathBuf>),
    Words(fn(&mut Config) -> &mut Vec<String>),
    Count(fn(&mut Config) -> &mut usize),
    Number(fn(&mut Config) -> &mut f64),
}

impl Setting {
    /// What stands for a value in help: `N`, `SECONDS`.
    pub fn value_name(&self) -> &'static str {
        match self.place {
            Place::Address(_) => "ADDRESS",
            Place::Directory(_) => "DIR",
            Place::Gpu(_) => "WHETHER",
            Place::Words(_) => "KEY,…",
            Place::Number(_) if self.name.ends_with("_seconds") || self.name == "wait_seconds_max" => "SECONDS",
            Place::Threads(_) | Place::Count(_) | Place::Number(_) => "N",
        }
    }

    /// The value in a configuration, as text; `None` if nothing is set.
    pub fn show(&self, config: &Config) -> Option<String> {
        let mut config = config.clone();
        match self.place {
            Place::Address(of) => Some(of(&mut config).to_string()),
            Place::Threads(of) => of(&mut config).map(|threads| threads.to_string()),
            Place::Gpu(of) => Some(of(&mut config).to_string()),
            Place::Directory(of) => of(&mut config).as_ref().map(|path| path.display().to_string()),
            Place::Words(of) => Some(of(&mut config).join(",")).filter(|words| !words.is_empty()),
            Place::Count(of) => Some(of(&mut config).to_string()),
            Place::Number(of) => Some(of(&mut config).to_string()),
        }
    }

    /// Sets the value from text.
    ///
    /// # Errors
    /// A few words on what it must be.
    pub fn set(&self, config: &mut Config, text: &str) -> Result<(), String> {
        let count = |_| "it must be a whole number above 0".to_owned();
        match self.place {
            Place::Address(of) => {
                *of(config) = text.parse().map_err(|_| "it must be an address and port, 127.0.0.1:8080".to_owned())?;
            }
            Place::Threads(of) => *of(config) = Some(parse_threads(text)?),
            Place::Gpu(of) => *of(config) = text.parse().map_err(|error: UnknownGpu| error.to_string())?,
            Place::Directory(of) => *of(config) = Some(PathBuf::from(text)),
            Place::Words(of) => {
                let words: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
                if words.contains(&String::new()) {
                    return Err("it must be one or more, with commas between, and none of them empty".to_owned());
                }
                *of(config) = words;
            }
            Place::Count(of) => *of(config) = text.parse().map_err(count)?,
            Place::Number(of) => *of(config) = text.parse().map_err(|_| "it must be a number above 0".to_owned())?,
        }
        Ok(())
    }

    pub(crate) fn allows_nothing(&self, config: &mut Config) -> bool {
        match self.place {
            Place::Count(of) => *of(config) == 0,
            Place::Number(of) => !(of(config).is_finite() && *of(config) > 0.0),
            _ => false,
        }
    }
}

impl Config {
    /// Takes over the settings of a TOML text: `body_bytes_max = 1048576`.
    ///
    /// # Errors
    /// One line that says what is wrong with the text, a key or a value.
    ///
    /// ```
    /// let mut config = echoes_server::Config::default();
    /// config.read_toml("body_bytes_max = 1000\napi_keys = [\"a\", \"b\"]")?;
    /// assert_eq!((config.body_bytes_max, config.api_keys.len()), (1000, 2));
    /// assert!(config.read_toml("body_byte_max = 1").is_err());
    /// # Ok::<(), String>(())
    /// ```
    pub fn read_toml(&mut self, text: &str) -> Result<(), String> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line =
                error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.lines().count().max(1));
            format!("line {line}: {}", error.message().replace('\n', " "))
        })?;
        for (key, value) in &table {
            let setting = SETTINGS.iter().find(|setting| setting.name == *key);
            let setting = setting.ok_or_else(|| format!("there is no setting `{key}`: see echoes serve --help"))?;
            let text = plain(value).ok_or_else(|| format!("`{key}` must be a text, a number or a list of texts"))?;
            setting.set(self, &text).map_err(|what| format!("`{key}`: {what}"))?;
        }
        Ok(())
    }
}

/// The text that a flag would be given.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Array(items) => Some(items.iter().map(toml::Value::as_str).collect::<Option<Vec<_>>>()?.join(",")),
        _ => None,
    }
}

macro_rules! settings {
    ($($place:ident $field:ident $help:literal),+ $(,)?) => {
        /// Every setting, in the order of help.
        pub static SETTINGS: &[Setting] =
            &[$(Setting { name: stringify!($field), help: $help, place: Place::$place(|config| &mut config.$field) }),+];

        /// A field of [`Config`] without a setting does not compile.
        const _: fn(Config) = |config| {
            let Config { $($field: _),+ } = config;
        };
    };
}

settings! {
    Address listen "Address and port; port 0 takes any that is free",
    Directory data "Where datasets are kept; without it there are none",
    Words api_keys "Keys, of which a client must show one; better given by the variable or the file, which nobody else sees",
    Threads threads "Kernels that run at a time; one for each processor if not given",
    Gpu gpu "Whether a graphics processor takes part: auto, on, off, or cpu, a driver for tests",
    Count body_bytes_max "Bytes of one request's body",
    Count decoded_bytes_max "Bytes of one request's body once it is no longer compressed",
    Count bodies_bytes_max "Bytes of all bodies, columns read from text and answers held at a time; more are refused with 503",
    Count dataset_bytes_max "Bytes of one dataset",
    Count datasets_max "Datasets",
    Count answers_bytes_max "Bytes of answers about datasets that are kept to be given again",
    Count partials_bytes_max "Bytes of what was read of datasets that are kept in memory for other questions",
    Count partials_disk_bytes_max "Bytes of the same that are kept in the data directory",
    Count columns_max "Columns of one request",
    Count connections_max "Connections; further ones wait",
    Count in_flight_max "Requests that are read, wait or run at a time; more are refused with 503",
    Number requests_per_second_max "Requests a second of one client; more are refused with 429",
    Number upload_bytes_per_second_min "Bytes a second that an upload must come to",
    Number header_timeout_seconds "Seconds for a request's headers, and for a connection without a request",
    Number timeout_seconds "Seconds from a request's headers to its answer",
    Number wait_seconds_max "Seconds that a request may wait for a thread before it is refused with 503",
    Number write_timeout_seconds "Seconds in which a client must take some of its answer",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_set() {
        for setting in SETTINGS {
            let Some(shown) = setting.show(&Config::default()) else { continue };
            let mut config = Config::default();
            setting.set(&mut config, &shown).unwrap();
            assert_eq!(config, Config::default(), "{}", setting.name);
        }
    }

    #[test]
    fn a_file_sets_every_setting_or_says_what_is_wrong() {
        let mut config = Config::default();
        config
            .read_toml("listen = \"[::1]:80\"\nthreads = 3\ndata = \"/d\"\ntimeout_seconds = 2\nwait_seconds_max = 0.5")
            .unwrap();
        assert_eq!((config.listen.port(), config.threads.unwrap().get(), config.timeout_seconds), (80, 3, 2.0));
        for (text, says) in [
            ("threads = 0", "`threads`: it must be a whole number from 1 to 1024"),
            ("threads = 1025", "`threads`: it must be a whole number from 1 to 1024"),
            ("api_keys = []", "`api_keys`: it must be one or more"),
            ("api_keys = [\"a\", \" \"]", "`api_keys`: it must be one or more"),
            ("thread = 1", "there is no setting `thread`"),
            ("gpu = \"maybe\"", "`gpu`: it must be auto, on, off or cpu"),
            ("listen = true", "`listen` must be a text"),
            ("threads = 1\nthreads", "line 2: "),
        ] {
            let error = Config::default().read_toml(text).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
