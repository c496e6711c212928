//! `echoes health`: asks a server whether it lives, for containers and scripts that have no other client.

use crate::exit::{Exit, Failure, reason};
use clap::{Arg, ArgMatches, Command};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::mpsc,
    thread,
    time::Duration,
};

/// For everything: the name's address, the connection, the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes of an answer's first line; the rest is not read.
const LINE_BYTES_MAX: u64 = 256;

/// The command.
pub(crate) fn command(command: Command) -> Command {
    command.arg(
        Arg::new("url")
            .long("url")
            .value_name("URL")
            .value_parser(authority)
            .default_value("http://127.0.0.1:8080")
            .help("Where the server is"),
    )
}

/// Runs the command: nothing but the exit code if the server is well.
pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let Some(at) = matches.get_one::<String>("url").cloned() else { return Ok(()) };
    let no = |why: String| Err(Failure::new(Exit::No, format!("http://{at}/health: {why}")));
    match first_line(&at) {
        Ok(line) if status(&line) == Some(200) => Ok(()),
        Ok(line) => no(format!("it answers `{}`", line.trim_end())),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => no(format!("no answer in {} s", PATIENCE.as_secs())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            no(format!("{}; start a server with echoes serve, or say with --url where it is", reason(&error)))
        }
        Err(error) => no(reason(&error)),
    }
}

/// Asks on a thread of its own, which ends with the process: the search for a name's address cannot be interrupted.
fn first_line(at: &str) -> io::Result<String> {
    let (tell, told) = mpsc::channel();
    let at = at.to_owned();
    thread::Builder::new().spawn(move || tell.send(ask(&at)))?;
    told.recv_timeout(PATIENCE).map_err(|_| io::ErrorKind::TimedOut)?
}

/// The first line of the answer to `GET /health`.
fn ask(at: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect(at)?;
    connection.write_all(format!("GET /health HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(connection.take(LINE_BYTES_MAX)).read_line(&mut line)?;
    Ok(line)
}

fn status(line: &str) -> Option<u16> {
    line.strip_prefix("HTTP/1.")?.split_whitespace().nth(1)?.parse().ok()
}

/// `HOST:PORT` of `http://HOST:PORT`.
fn authority(url: &str) -> Result<String, String> {
    let at = url.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    at.filter(|at| is_authority(at)).map(str::to_owned).ok_or_else(|| "give http://HOST:PORT".to_owned())
}

fn is_authority(at: &str) -> bool {
    let of_a_host = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    at.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && host.chars().all(of_a_host) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_a_port() {
        assert_eq!(authority("http://127.0.0.1:8080").as_deref(), Ok("127.0.0.1:8080"));
        assert_eq!(authority("http://[::1]:80/").as_deref(), Ok("[::1]:80"));
        for wrong in
            ["", "127.0.0.1:8080", "https://a:1", "http://", "http:///", "http://a", "http://a:1/b", "http://a\r\nb:1"]
        {
            assert!(authority(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_status_is_the_second_word() {
        assert_eq!(status("HTTP/1.1 200 OK\r\n"), Some(200));
        assert_eq!(status("HTTP/1.0 503\r\n"), Some(503));
        assert_eq!(status("SSH-2.0-200 200\r\n"), None);
        assert_eq!(status(""), None);
    }
}
