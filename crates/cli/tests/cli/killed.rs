//! A server that is killed in the midst of uploads: what it acknowledged is there afterwards, and nothing is torn.

use crate::serve::Server;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

/// Times that the server is killed.
const POINTS: u64 = 50;
/// Datasets that are written again and again.
const NAMES: u64 = 4;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Contents that no other upload has: CSV of up to a megabyte.
fn contents(version: u64, random: &mut Random) -> Vec<u8> {
    let most = 1 << (3 + random.below(14));
    let rows = 1 + random.below(most);
    let text = (0..rows).fold("x\n".to_owned(), |text, row| text + &format!("{}\n", version * 1_000_000 + row));
    text.into_bytes()
}

/// Sends an upload, and kills the server when so many bytes are sent or, if it says so first, after a moment more.
fn put(server: &mut Server, name: &str, body: &[u8], kill_at: Option<(usize, Duration)>) -> bool {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!(
        "PUT /v1/datasets/{name} HTTP/1.1\r\nhost: e\r\ncontent-type: text/csv\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let sent = kill_at.map_or(body.len(), |(at, _)| at.min(body.len()));
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..sent]));
    if let Some((_, moment)) = kill_at {
        thread::sleep(moment);
        // Kills as `kill -9` does.
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
    let mut line = String::new();
    let _ = BufReader::new(stream).read_line(&mut line);
    line.starts_with("HTTP/1.1 20")
}

/// A dataset's contents; `None` if it is not there.
fn get(server: &Server, name: &str) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(stream, "GET /v1/datasets/{name} HTTP/1.1\r\nhost: e\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    match &answer[9..12] {
        b"200" => Some(answer[end + 4..].to_vec()),
        b"404" => None,
        other => panic!("{}", String::from_utf8_lossy(other)),
    }
}

fn files(directory: &Path) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_torn() {
    let data = tempfile::tempdir().unwrap();
    let flags = ["--data", data.path().to_str().unwrap()];
    let mut random = Random(0x5EED);
    // What each name may hold: the last that was acknowledged, and whatever was sent since.
    let mut may_hold: BTreeMap<String, Vec<Option<Vec<u8>>>> = BTreeMap::new();
    let (mut version, mut acknowledged, mut cut) = (0, 0, 0);
    for point in 0..POINTS {
        let mut server = Server::with(&flags);
        assert_eq!(files(&data.path().join("incoming")), 0);
        for name in 0..NAMES {
            let name = format!("d{name}");
            let held = get(&server, &name);
            let may_hold = may_hold.entry(name.clone()).or_insert_with(|| vec![None]);
            assert!(may_hold.contains(&held), "point {point}: {name} holds {:?} bytes", held.map(|held| held.len()));
            *may_hold = vec![held];
        }
        let uploads = random.below(3);
        for upload in 0..=uploads {
            version += 1;
            let (name, body) = (format!("d{}", random.below(NAMES)), contents(version, &mut random));
            let kill_at = (upload == uploads).then(|| {
                // Half of the points lie within the body, half behind it, where files are synced and moved.
                let at = random.below(2 * body.len() as u64) as usize;
                (at, Duration::from_micros(random.below(6000)))
            });
            let done = put(&mut server, &name, &body, kill_at);
            acknowledged += u32::from(done);
            cut += u32::from(!done);
            let may_hold = may_hold.get_mut(&name).unwrap();
            if done {
                may_hold.clear();
            }
            may_hold.push(Some(body));
        }
    }
    // Both kinds must have come up for this to show anything.
    assert!(acknowledged >= 20 && cut >= 20, "{acknowledged} acknowledged, {cut} cut");
}

#[cfg(unix)]
#[test]
fn two_servers_do_not_share_a_directory() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_str().unwrap();
    let first = Server::with(&["--data", path]);
    let second = crate::tool::finish(crate::tool::command().args(["serve", "--listen", "127.0.0.1:0", "--data", path]));
    assert_eq!(second.code, Some(4));
    assert!(second.line().ends_with("another server uses it"), "{}", second.err);
    assert!(Command::new("kill").args(["-9", &first.child.id().to_string()]).status().unwrap().success());
}
