//! `echoes serve`: the kernels over HTTP. Every setting of the server is a flag, an environment variable and a key of a file.

use crate::{
    exit::{Failure, reason},
    settings,
};
use clap::{Arg, ArgMatches, Command, parser::ValueSource};
use echoes_server::{Config, Error, SETTINGS, Setting};
use std::{fs, path::PathBuf};

/// What is logged.
const LOG: &str =
    "Standard error has a line for each answer 500, with its x-request-id, and for each dataset that is damaged.";

/// The command.
pub(crate) fn command(command: Command) -> Command {
    let file = argument("config", "A TOML file with the settings below as keys: body_bytes_max = 1048576")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf));
    command.arg(file).args(SETTINGS.iter().map(setting)).after_help(LOG)
}

/// `--name`, or `ECHOES_NAME`. An empty one is refused as an empty flag is: of keys it would be no keys, and leave the server open.
fn argument(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).env(settings::variable(name)).hide_env_values(true).long(flag(name)).help(help)
}

fn flag(name: &str) -> String {
    name.replace('_', "-")
}

fn setting(setting: &'static Setting) -> Arg {
    let check = |text: &str| setting.set(&mut Config::default(), text).map(|()| text.to_owned());
    let arg = argument(setting.name, setting.help).value_name(setting.value_name()).value_parser(check);
    match setting.show(&Config::default()) {
        Some(default) => arg.default_value(default),
        None => arg,
    }
}

/// The settings: flags before variables, those before the file, and that before the defaults.
fn config(matches: &ArgMatches) -> Result<Config, Failure> {
    let mut config = Config::default();
    if let Some(path) = matches.get_one::<PathBuf>("config") {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| Failure::file(format!("{shown}: {}", reason(&error))))?;
        config.read_toml(&text).map_err(|what| Failure::usage(format!("{shown}: {what}")))?;
    }
    for setting in SETTINGS {
        let given = !matches!(matches.value_source(setting.name), None | Some(ValueSource::DefaultValue));
        if let (true, Some(text)) = (given, matches.get_one::<String>(setting.name)) {
            setting
                .set(&mut config, text)
                .map_err(|what| Failure::usage(format!("--{}: {what}", flag(setting.name))))?;
        }
    }
    Ok(config)
}

/// Runs the command until it is interrupted.
pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let ready = |address| {
        // Nobody need read it.
        let _ = crate::print(&format!("listening on http://{address}\n"));
    };
    let config = config(matches)?;
    crate::log::start();
    echoes_server::run(&config, ready).map_err(|error| match error {
        Error::Limit(name) => Failure::usage(format!("--{} must be a number above 0", flag(name))),
        Error::Listen { address, source } => Failure::file(format!(
            "cannot listen on {address}: {}; choose another address with --listen",
            reason(&source)
        )),
        Error::Start { what, source } => Failure::file(format!("cannot start {what}: {}", reason(&source))),
        other => Failure::file(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(flags: &[&str]) -> Config {
        config(&command(Command::new("serve")).try_get_matches_from([&["serve"], flags].concat()).unwrap()).unwrap()
    }

    #[test]
    fn the_defaults_are_the_servers_own() {
        assert_eq!(given(&[]), Config::default());
    }

    #[test]
    fn every_setting_is_a_flag() {
        for setting in SETTINGS {
            let value = match setting.name {
                "listen" => "[::1]:80",
                "gpu" => "off",
                _ => "7",
            };
            let changed = given(&[&format!("--{}", flag(setting.name)), value]);
            assert_eq!(setting.show(&changed).as_deref(), Some(value), "{}", setting.name);
            assert_ne!(changed, Config::default());
        }
    }

    #[test]
    fn a_flag_goes_before_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("echoes.toml");
        fs::write(&path, "columns_max = 5\nthreads = 2").unwrap();
        let config = given(&["--config", path.to_str().unwrap(), "--columns-max", "6"]);
        assert_eq!((config.columns_max, config.threads.map(std::num::NonZeroUsize::get)), (6, Some(2)));
    }
}
