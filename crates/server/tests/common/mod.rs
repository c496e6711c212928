//! A real server on a free port, and a client on a bare connection.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use echoes_server::{Config, run_until};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;

/// A server that stops when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(config: Config) -> Self {
        let config = Config { listen: ([127, 0, 0, 1], 0).into(), ..config };
        let (tell, ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            let on_ready = |address| tell.send(address).unwrap();
            run_until(&config, on_ready, async { drop(stopped.await) }).unwrap();
        };
        let thread = Some(thread::spawn(run));
        Self { address: ready.recv().unwrap(), stop: Some(stop), thread }
    }

    pub fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Client(BufReader::new(stream))
    }

    /// Asks it to stop, without waiting.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Waits until it has stopped.
    pub fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        self.join();
    }
}

/// A connection.
pub struct Client(pub BufReader<TcpStream>);

impl Client {
    pub fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, "", b"")
    }

    pub fn post(&mut self, path: &str, json: &str) -> Answer {
        let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", json.len());
        self.request("POST", path, &headers, json.as_bytes())
    }

    /// Keeps a dataset, or tries to.
    pub fn put(&mut self, name: &str, kind: &str, body: &[u8]) -> Answer {
        let headers = format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len());
        self.request("PUT", &format!("/v1/datasets/{name}"), &headers, body)
    }

    pub fn request(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.send(format!("{method} {path} HTTP/1.1\r\nhost: echoes\r\n{headers}\r\n").as_bytes());
        self.send(body);
        self.answer()
    }

    /// Sends bytes; a server that has hung up is found out when its answer is read.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.get_mut().write_all(bytes);
    }

    pub fn answer(&mut self) -> Answer {
        self.try_answer().expect("the server has hung up")
    }

    /// The next answer; `None` if the server has hung up.
    pub fn try_answer(&mut self) -> Option<Answer> {
        let mut line = String::new();
        self.0.read_line(&mut line).ok().filter(|&len| len > 0)?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, bytes: Vec::new(), body: String::new() };
        let bodiless = matches!(status, 204 | 304);
        let length = answer.header("content-length").filter(|_| !bodiless);
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).ok()?;
        answer.body = String::from_utf8_lossy(&body).into_owned();
        answer.bytes = body;
        Some(answer)
    }

    /// Whether the server hangs up without a word within the connection's patience.
    pub fn is_cut(&mut self) -> bool {
        matches!(self.0.read(&mut [0; 1]), Ok(0))
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The detail of a problem, after a look at its form.
    pub fn detail(&self) -> String {
        let problem = self.json();
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(problem["status"], self.status);
        assert!(problem["type"].as_str().unwrap().starts_with("urn:problem-type:echoes:"));
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(self.header("x-request-id").is_some());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

/// The text of a `.npy` array of doubles with one axis.
pub fn npy(values: &[f64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    echoes_io::npy::write_npy(&mut bytes, 1, values).unwrap();
    bytes
}
