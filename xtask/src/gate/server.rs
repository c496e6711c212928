//! `echoes serve` as a client sees it: how soon it answers, how fast, in how much memory. A check; `cargo xtask load` is the measurement.

use super::statistics::quantile;
use crate::{Stop, shell};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Requests that are timed, after as many that are not.
const REQUESTS: usize = 500;

/// Numbers of a request.
const NUMBERS: u32 = 1000;

/// What was seen.
pub(super) struct Figures {
    pub(super) latency_p95_ms: f64,
    pub(super) requests_per_minute: f64,
    /// The most that was ever resident; 0 where the system does not say.
    pub(super) resident_mb: f64,
    /// From the start of the process to its first answer.
    pub(super) start_ms: f64,
}

/// A server that is killed in the end.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `echoes`, and asks it.
pub(super) fn measure(program: &Path) -> Result<Figures, Stop> {
    let start = Instant::now();
    let mut command = Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(shell::root()).stdout(Stdio::piped());
    let mut server = Server(command.spawn().map_err(failed)?);
    let mut line = String::new();
    let said = server.0.stdout.take().ok_or_else(|| Stop::Harness("the server has no output".to_owned()))?;
    BufReader::new(said).read_line(&mut line).map_err(failed)?;
    let address = line.trim_end().strip_prefix("listening on http://");
    let mut client = Client::new(address.ok_or_else(|| Stop::Harness(format!("the server says `{line}`")))?)?;
    client.ask("GET /readyz HTTP/1.1\r\nhost: echoes\r\n\r\n")?;
    let start_ms = 1e3 * start.elapsed().as_secs_f64();
    let times = times(&mut client)?;
    Ok(Figures {
        latency_p95_ms: 1e3 * quantile(&times, 0.95),
        requests_per_minute: 60.0 * times.len() as f64 / times.iter().sum::<f64>(),
        resident_mb: resident_mb(server.0.id()),
        start_ms,
    })
}

/// Seconds of each request.
fn times(client: &mut Client) -> Result<Vec<f64>, Stop> {
    let numbers: Vec<String> = (0..NUMBERS).map(|i| (0.5 + f64::from(i)).to_string()).collect();
    let body = format!("{{\"x\":[{}]}}", numbers.join(","));
    let head = format!("host: echoes\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
    let request = format!("POST /v1/mean HTTP/1.1\r\n{head}\r\n\r\n{body}");
    (0..REQUESTS).try_for_each(|_| client.ask(&request))?;
    let timed = |_| {
        let start = Instant::now();
        client.ask(&request).map(|()| start.elapsed().as_secs_f64())
    };
    (0..REQUESTS).map(timed).collect()
}

fn resident_mb(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<f64>().ok()).map_or(0.0, |kib| kib * 1024.0 / 1e6)
}

/// A connection that stays open.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(address: &str) -> Result<Self, Stop> {
        let connection = TcpStream::connect(address).map_err(failed)?;
        connection.set_nodelay(true).map_err(failed)?;
        connection.set_read_timeout(Some(Duration::from_secs(10))).map_err(failed)?;
        Ok(Self(BufReader::new(connection)))
    }

    /// Sends a request and takes the whole answer, which must be a good one.
    fn ask(&mut self, request: &str) -> Result<(), Stop> {
        self.0.get_mut().write_all(request.as_bytes()).map_err(failed)?;
        let (good, length) = head(&mut self.0).map_err(failed)?;
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).map_err(failed)?;
        match good {
            true => Ok(()),
            false => Err(Stop::Harness(format!("the server answers {}", String::from_utf8_lossy(&answer)))),
        }
    }
}

/// Whether an answer is a good one, and how long its body is.
fn head(answer: &mut impl BufRead) -> std::io::Result<(bool, usize)> {
    let mut status = String::new();
    answer.read_line(&mut status)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line)?;
        if line.trim_end().is_empty() {
            return Ok((status.contains(" 200 "), length));
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
    }
}

fn failed(error: std::io::Error) -> Stop {
    Stop::Harness(format!("the server: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_to_their_end() {
        let mut answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nx: y\r\n\r\nabc".as_bytes();
        assert_eq!(head(&mut answer).unwrap(), (true, 3));
        assert_eq!(answer, b"abc");
        assert_eq!(head(&mut "HTTP/1.1 503 no\r\n\r\n".as_bytes()).unwrap(), (false, 0));
        assert!(head(&mut "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n".as_bytes()).is_err());
    }

    #[test]
    fn a_process_has_some_memory() {
        assert!(!cfg!(target_os = "linux") || resident_mb(std::process::id()) > 0.1);
    }
}
