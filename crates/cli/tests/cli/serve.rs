//! `echoes serve`, from its first line to its end.

use crate::tool::{Ran, command, echoes, finish};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
};

/// A server that is killed if the test fails.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Server {
    fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(flags: &[&str]) -> Self {
        let mut command = command();
        command
            .arg("serve")
            .args(flags)
            .env("ECHOES_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    fn post(&self, kernel: &str, body: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            connection,
            "POST /v1/{kernel} HTTP/1.1\r\nhost: echoes\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        // Until it has gone, it holds its directory.
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn it_answers_and_ends_in_good_order() {
    let mut server = Server::start();
    assert!(server.post("mean", r#"{"x": [1, 2, 6]}"#).contains(r#""result":3.0"#));
    Command::new("kill").args(["-INT", &server.child.id().to_string()]).status().unwrap();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// What is wrong with the data directory is said at the start, and each error of the server's with its request.
#[test]
fn damage_is_logged_and_the_rest_is_served() {
    let data = tempfile::tempdir().unwrap();
    let flags = ["--data", data.path().to_str().unwrap()];
    let ask = |server: &Server, method: &str, name: &str, body: &str| {
        let mut connection = TcpStream::connect(&server.address).unwrap();
        let length = body.len();
        let head = "host: e\r\nconnection: close\r\ncontent-type: text/csv\r\nx-request-id: r1\r\n";
        write!(connection, "{method} /v1/datasets/{name} HTTP/1.1\r\n{head}content-length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    };
    let server = Server::with(&flags);
    for (name, body) in [("a", "x\n1\n"), ("b", "x\n2\n")] {
        assert!(ask(&server, "PUT", name, body).starts_with("HTTP/1.1 201"));
    }
    drop(server);
    let hash = hash(&data, "a");
    let object = data.path().join("objects").join(&hash[..2]).join(&hash);
    std::fs::write(&object, "x\n1\n9\n").unwrap();
    let mut server = Server::with(&flags);
    let refused = ask(&server, "GET", "a", "");
    assert!(refused.starts_with("HTTP/1.1 500") && refused.contains("put it again, or delete it"), "{refused}");
    assert!(!refused.contains(&hash), "{refused}");
    assert!(ask(&server, "GET", "b/sum", "").contains("\"result\":2"));
    assert!(ask(&server, "PUT", "a", "x\n1\n").starts_with("HTTP/1.1 200"));
    assert!(ask(&server, "GET", "a/sum", "").contains("\"result\":1"));
    server.child.kill().unwrap();
    let mut log = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let what = format!("dataset `a`: {} has 6 bytes, not 4", object.display());
    assert_eq!(log, format!("echoes: {what}: put the dataset again, or remove it\nechoes: request r1: {what}\n"));
}

/// The hash under which a dataset's contents are kept.
fn hash(data: &tempfile::TempDir, name: &str) -> String {
    let hex: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    let text = std::fs::read_to_string(data.path().join("names").join(hex)).unwrap();
    let dataset: serde_json::Value = serde_json::from_str(&text).unwrap();
    dataset["hash"].as_str().unwrap().to_owned()
}

#[test]
fn health_asks_a_server() {
    let server = Server::start();
    assert_eq!(echoes(&format!("health --url http://{}", server.address)).good(), "");
    assert_eq!(echoes("health --url https://127.0.0.1:1").code, Some(2));
}

#[test]
fn health_of_what_is_not_well() {
    let line = |answer: &'static [u8]| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            // A client that has read enough goes.
            let _ = connection.write_all(answer);
            let _ = connection.read_to_end(&mut Vec::new());
        });
        let ran = echoes(&format!("health --url {url}"));
        server.join().unwrap();
        assert_eq!(ran.code, Some(1));
        ran.line().replace(&url, "URL")
    };
    assert_eq!(line(b"HTTP/1.1 503 Busy\r\n\r\n"), "echoes: URL/health: it answers `HTTP/1.1 503 Busy`");
    assert_eq!(line(&[b'x'; 100_000]).len(), "echoes: URL/health: it answers ``".len() + 256);
    assert_eq!(line(b""), "echoes: URL/health: no answer in 2 s");
}

#[test]
fn health_where_nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = echoes(&format!("health --url http://{free}"));
    assert_eq!(ran.code, Some(1));
    let line = format!(
        "echoes: http://{free}/health: Connection refused; start a server with echoes serve, or say with --url where it is"
    );
    assert_eq!(ran.line(), line);
}

#[test]
fn an_address_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ran = echoes(&format!("serve --listen {address}"));
    assert_eq!(ran.code, Some(4));
    assert!(ran.line().ends_with("; choose another address with --listen"), "{}", ran.err);
}

#[test]
fn limits_by_flag_and_by_variable() {
    let refused = |ran: Ran| (ran.code, ran.line().to_owned());
    let line = "echoes: --columns-max must be a number above 0".to_owned();
    assert_eq!(refused(echoes("serve --columns-max 0")), (Some(2), line.clone()));
    let variable = finish(command().arg("serve").env("ECHOES_COLUMNS_MAX", "0"));
    assert_eq!(refused(variable), (Some(2), line));
    for keys in ["", ",", "a,,b"] {
        let ran = finish(command().arg("serve").env("ECHOES_API_KEYS", keys));
        assert!(ran.code == Some(2) && ran.line().contains("none of them empty"), "{keys}: {}", ran.err);
    }
    let directory = crate::tool::with_file("echoes.toml", "columns_max = 0");
    let file = finish(command().current_dir(directory.path()).args(["serve", "--config", "echoes.toml"]));
    assert_eq!(refused(file), (Some(2), "echoes: --columns-max must be a number above 0".to_owned()));
    insta::assert_snapshot!("serve_help", echoes("serve -h").good());
}
