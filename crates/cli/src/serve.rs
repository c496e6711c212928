//! `echoes serve`: the kernels over HTTP. Every limit of the server is a flag and an environment variable.

use crate::{
    exit::{Failure, reason},
    settings,
};
use clap::{Arg, ArgMatches, Command, parser::ValueSource};
use echoes_server::{Config, Error};
use std::net::SocketAddr;

/// A limit of the server: its flag's name, what it says, and where it lies.
struct Limit {
    name: &'static str,
    help: &'static str,
    place: Place,
}

enum Place {
    Count(fn(&mut Config) -> &mut usize),
    Seconds(fn(&mut Config) -> &mut f64),
}

const LIMITS: [Limit; 9] = [
    Limit {
        name: "body-bytes-max",
        help: "Bytes of one request's body",
        place: Place::Count(|config| &mut config.body_bytes_max),
    },
    Limit {
        name: "bodies-bytes-max",
        help: "Bytes of all bodies held at a time; more are refused with 503",
        place: Place::Count(|config| &mut config.bodies_bytes_max),
    },
    Limit {
        name: "columns-max",
        help: "Columns of one request",
        place: Place::Count(|config| &mut config.columns_max),
    },
    Limit {
        name: "connections-max",
        help: "Connections; further ones wait",
        place: Place::Count(|config| &mut config.connections_max),
    },
    Limit {
        name: "in-flight-max",
        help: "Requests that are read, wait or run at a time; more are refused with 503",
        place: Place::Count(|config| &mut config.in_flight_max),
    },
    Limit {
        name: "header-timeout-seconds",
        help: "Seconds for a request's headers, and for a connection without a request",
        place: Place::Seconds(|config| &mut config.header_timeout_seconds),
    },
    Limit {
        name: "timeout-seconds",
        help: "Seconds from a request's headers to its answer",
        place: Place::Seconds(|config| &mut config.timeout_seconds),
    },
    Limit {
        name: "wait-seconds-max",
        help: "Seconds that a request may wait for a thread before it is refused with 503",
        place: Place::Seconds(|config| &mut config.wait_seconds_max),
    },
    Limit {
        name: "write-timeout-seconds",
        help: "Seconds in which a client must take some of its answer",
        place: Place::Seconds(|config| &mut config.write_timeout_seconds),
    },
];

/// The command.
pub(crate) fn command(command: Command) -> Command {
    let default = Config::default();
    let listen = argument("listen", "Address and port; port 0 takes any that is free")
        .value_name("ADDRESS")
        .value_parser(clap::value_parser!(SocketAddr))
        .default_value(default.listen.to_string());
    let threads = argument("threads", "Kernels that run at a time; one for each processor if not given")
        .value_name("N")
        .value_parser(settings::count);
    command.args([listen, threads]).args(LIMITS.iter().map(Limit::arg))
}

/// `--name`, or `ECHOES_NAME`.
fn argument(name: &'static str, help: &'static str) -> Arg {
    let variable = format!("ECHOES_{}", name.replace('-', "_").to_uppercase());
    Arg::new(name).long(name).env(variable).hide_env_values(true).help(help)
}

impl Limit {
    fn arg(&self) -> Arg {
        let mut default = Config::default();
        let arg = argument(self.name, self.help);
        match self.place {
            Place::Count(of) => {
                arg.value_name("N").value_parser(clap::value_parser!(usize)).default_value(of(&mut default).to_string())
            }
            Place::Seconds(of) => arg
                .value_name("SECONDS")
                .value_parser(clap::value_parser!(f64))
                .default_value(of(&mut default).to_string()),
        }
    }

    fn set(&self, config: &mut Config, matches: &ArgMatches) {
        match self.place {
            Place::Count(of) => copy(matches, self.name, of(config)),
            Place::Seconds(of) => copy(matches, self.name, of(config)),
        }
    }
}

fn copy<T: Copy + Send + Sync + 'static>(matches: &ArgMatches, name: &str, to: &mut T) {
    if let (Some(value), true) = (matches.get_one(name), matches.value_source(name) != Some(ValueSource::DefaultValue))
    {
        *to = *value;
    }
}

fn config(matches: &ArgMatches) -> Config {
    let mut config = Config { threads: matches.get_one("threads").copied(), ..Config::default() };
    copy(matches, "listen", &mut config.listen);
    for limit in &LIMITS {
        limit.set(&mut config, matches);
    }
    config
}

/// Runs the command until it is interrupted.
pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let ready = |address| {
        // Nobody need read it.
        let _ = crate::print(&format!("listening on http://{address}\n"));
    };
    echoes_server::run(&config(matches), ready).map_err(|error| match error {
        Error::Limit(name) => Failure::usage(format!("--{} must be a number above 0", name.replace('_', "-"))),
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
        config(&command(Command::new("serve")).try_get_matches_from([&["serve"], flags].concat()).unwrap())
    }

    #[test]
    fn the_defaults_are_the_servers_own() {
        assert_eq!(given(&[]), Config::default());
    }

    #[test]
    fn every_limit_is_a_flag() {
        // A limit that is added does not compile here until it is counted.
        let Config {
            listen: _,
            threads: _,
            body_bytes_max: _,
            bodies_bytes_max: _,
            columns_max: _,
            connections_max: _,
            in_flight_max: _,
            header_timeout_seconds: _,
            timeout_seconds: _,
            wait_seconds_max: _,
            write_timeout_seconds: _,
        } = Config::default();
        for limit in &LIMITS {
            let changed = given(&[&format!("--{}", limit.name), "7"]);
            assert!(format!("{changed:?}").contains(&format!("{}: 7", limit.name.replace('-', "_"))), "{}", limit.name);
            assert_ne!(changed, Config::default());
        }
        assert_eq!(
            given(&["--listen", "[::1]:80", "--threads", "3"]).threads.map(std::num::NonZeroUsize::get),
            Some(3)
        );
    }
}
