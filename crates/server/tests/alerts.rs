//! The alerts of `docker/` end to end: a real Prometheus reads the server, and what is provoked fires.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a skipped test says so")]

mod common;

use common::Server;
use echoes_server::Config;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, sleep},
    time::{Duration, Instant},
};

/// How long a state may take to be seen: far longer than it does.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing may be seen: several times the shortened windows of the rules.
const CALM: Duration = Duration::from_secs(10);

/// What a small request takes, and one that is slow for the alert.
const BODY: &[u8] = br#"{"x":[1,2,6]}"#;
const SLOW: Duration = Duration::from_millis(400);

#[test]
fn slow_and_failing_requests_fire_their_alerts_and_others_none() {
    if Command::new("prometheus").arg("--version").output().is_err() {
        return println!("skipped: no prometheus; Debian has it in the package `prometheus`");
    }
    // One place, so that whoever comes while a request is inside is refused.
    let server = Server::start(Config { in_flight_max: 1, ..Config::default() });
    let prometheus = Prometheus::start(server.address);

    while_asked(&server, quick, || {
        let counted = || prometheus.has("rate(echoes_http_request_duration_seconds_count%5B5s%5D)%3E0");
        prometheus.wait_for("requests are counted", counted);
        let until = Instant::now() + CALM;
        while Instant::now() < until {
            assert_eq!(prometheus.alerts(), BTreeSet::new());
            sleep(Duration::from_millis(500));
        }
    });
    let provoked = BTreeSet::from(["EchoesErrors firing".to_owned(), "EchoesSlow firing".to_owned()]);
    while_asked(&server, slow, || prometheus.wait_for("both fire", || prometheus.alerts() == provoked));
    while_asked(&server, quick, || prometheus.wait_for("both end", || prometheus.alerts().is_empty()));
}

/// Puts requests to the server while something is waited for.
fn while_asked(server: &Server, ask: fn(&Server), wait: impl FnOnce()) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let _asking = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                ask(server);
            }
        });
        // Also when the wait fails: a scope waits for its threads.
        let _end = Raise(&done);
        wait();
    });
}

struct Raise<'a>(&'a AtomicBool);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn head(len: usize) -> String {
    format!("POST /v1/mean HTTP/1.1\r\nhost: echoes\r\ncontent-type: application/json\r\ncontent-length: {len}\r\n\r\n")
}

fn quick(server: &Server) {
    assert_eq!(server.connect().post("/v1/mean", str::from_utf8(BODY).unwrap()).status, 200);
    sleep(Duration::from_millis(20));
}

/// A request whose second half is late, and one that is refused meanwhile.
fn slow(server: &Server) {
    let mut inside = server.connect();
    inside.send(head(BODY.len()).as_bytes());
    inside.send(&BODY[..5]);
    sleep(SLOW / 2);
    assert_eq!(server.connect().post("/v1/mean", str::from_utf8(BODY).unwrap()).status, 503);
    sleep(SLOW / 2);
    inside.send(&BODY[5..]);
    assert_eq!(inside.answer().status, 200);
}

/// A Prometheus with the rules of `docker/`, their minutes made seconds; it ends when it is dropped.
struct Prometheus {
    process: Child,
    address: SocketAddr,
    directory: tempfile::TempDir,
}

impl Prometheus {
    fn start(server: SocketAddr) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let given = |name: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docker/prometheus").join(name);
            fs::read_to_string(path).unwrap()
        };
        let config = given("prometheus.yml").replace("echoes:8080", &server.to_string()).replace("15s", "500ms");
        let rules = given("rules.yml").replace("m]", "s]").replace("for: 5m", "for: 1s").replace("for: 2m", "for: 1s");
        assert!(config.contains(&server.to_string()) && rules.contains("[5s]") && !rules.contains("m]"));
        fs::write(directory.path().join("prometheus.yml"), config).unwrap();
        fs::write(directory.path().join("rules.yml"), rules).unwrap();

        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new("prometheus")
            .current_dir(directory.path())
            .arg(format!("--web.listen-address={address}"))
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(directory.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let prometheus = Self { process, address, directory };
        prometheus.wait_for("it is ready", || prometheus.ask("alerts").is_some());
        prometheus
    }

    /// The data of an answer of its API; `None` while it is not ready.
    fn ask(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // Of version 1.0, whose answers end with the connection.
        stream.write_all(format!("GET /api/v1/{path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let is_good = head.split(' ').nth(1) == Some("200");
        is_good.then(|| serde_json::from_str::<Value>(body).unwrap()["data"].take())
    }

    /// Whether there is a series for an expression, as a URL has it.
    fn has(&self, expression: &str) -> bool {
        let data = self.ask(&format!("query?query={expression}")).unwrap();
        data["result"].as_array().is_some_and(|series| !series.is_empty())
    }

    /// The alerts that are pending or firing.
    fn alerts(&self) -> BTreeSet<String> {
        let data = self.ask("alerts").unwrap();
        let said = |alert: &Value| format!("{} {}", alert["labels"]["alertname"], alert["state"]).replace('"', "");
        data["alerts"].as_array().unwrap().iter().map(said).collect()
    }

    fn wait_for(&self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            let log = || fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            let seen = || (self.ask("alerts"), log());
            assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}; {:#?}", seen());
            sleep(Duration::from_millis(100));
        }
        println!("{what}, after {:.1?}", start.elapsed());
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
