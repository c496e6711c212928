//! A request over HTTP: columns as JSON, on one connection that stays open.

use super::{Call, Data, Failure};
use echoes_server::{Config, run_until};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

/// `POST /v1/mean`, answered by a server in this process.
pub(super) fn json(data: &Data, bytes: &mut u64) -> Result<Call, Failure> {
    let mut client = Client::new(start()?)?;
    let numbers: Vec<String> = data.doubles.iter().map(|x| format!("{x:.6}")).collect();
    let body = format!("{{\"x\":[{}]}}", numbers.join(","));
    *bytes = body.len() as u64;
    let request = format!(
        "POST /v1/mean HTTP/1.1\r\nhost: echoes\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Ok(Box::new(move || client.ask(request.as_bytes())))
}

/// A server on a port of the system's choice; it ends with the process.
fn start() -> Result<SocketAddr, Failure> {
    let config = Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    let (tell, ready) = channel();
    let run = move || {
        let told = |address| {
            // Who asked waits below.
            let _ = tell.send(address);
        };
        run_until(&config, told, std::future::pending())
    };
    thread::Builder::new().name("server".to_owned()).spawn(run).map_err(|error| error.to_string())?;
    ready.recv_timeout(Duration::from_secs(10)).map_err(|_| "the server does not start".to_owned())
}

/// A connection.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(address: SocketAddr) -> Result<Self, Failure> {
        let connection = TcpStream::connect(address).map_err(|error| error.to_string())?;
        connection.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self(BufReader::new(connection)))
    }

    /// Sends a request and takes the whole answer, which must be a good one.
    fn ask(&mut self, request: &[u8]) -> Result<(), Failure> {
        self.0.get_mut().write_all(request).map_err(|error| error.to_string())?;
        let status = self.line()?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| line.clone())?;
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).map_err(|error| error.to_string())?;
        if status.contains(" 200 ") { Ok(()) } else { Err(status) }
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.0.read_line(&mut line).map_err(|error| error.to_string())?;
        Ok(line.trim_end().to_owned())
    }
}
