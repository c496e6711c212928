//! A connection that carries one request at a time and never blocks.

use crate::answer::Answer;
use mio::net::TcpStream;
use std::io::{self, ErrorKind, Read, Write};

/// A connection, and how far its request has come.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// What is asked, an index, and how many of its bytes have gone.
    asked: Option<(usize, usize)>,
    received: Vec<u8>,
}

/// How it goes on.
#[derive(Debug, PartialEq)]
pub(crate) enum Progress {
    /// Nothing to be done before the next event.
    Waiting,
    /// The request is answered, and the connection free.
    Answered(usize, Answer),
    /// The other side has closed it, or it broke; with the request that is lost.
    Closed(Option<usize>),
}

impl Connection {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self { stream, asked: None, received: Vec::new() }
    }

    /// Begins a request: `bytes` of the one with this index.
    pub(crate) fn ask(&mut self, index: usize, bytes: &[u8]) -> Progress {
        self.asked = Some((index, 0));
        self.received.clear();
        self.go_on(bytes, &mut [])
    }

    /// What is asked.
    pub(crate) fn asked(&self) -> Option<usize> {
        self.asked.map(|(index, _)| index)
    }

    /// Writes and reads as much as goes without waiting. `bytes` are those of what is asked.
    pub(crate) fn go_on(&mut self, bytes: &[u8], scratch: &mut [u8]) -> Progress {
        match self.write(bytes).and_then(|()| self.read(scratch)) {
            Ok(progress) => progress,
            Err(_) => Progress::Closed(self.asked()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some((_, written)) = &mut self.asked else { return Ok(()) };
        while let Some(left) = bytes.get(*written..).filter(|left| !left.is_empty()) {
            match self.stream.write(left) {
                Ok(count) => *written += count,
                Err(error) if not_yet(&error) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self, scratch: &mut [u8]) -> io::Result<Progress> {
        while !scratch.is_empty() {
            match self.stream.read(scratch) {
                Ok(0) => return Ok(Progress::Closed(self.asked())),
                Ok(count) => self.received.extend_from_slice(&scratch[..count]),
                Err(error) if not_yet(&error) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let answer = Answer::read(&self.received).map_err(io::Error::other)?;
        Ok(match (self.asked(), answer) {
            (Some(index), Some(answer)) => {
                self.asked = None;
                Progress::Answered(index, answer)
            }
            // An answer that nobody asked for.
            (None, Some(_)) => Progress::Closed(None),
            (_, None) => Progress::Waiting,
        })
    }

    /// The bytes of an answer's body.
    pub(crate) fn body(&self, answer: &Answer) -> &[u8] {
        self.received.get(answer.body.clone()).unwrap_or_default()
    }
}

/// It would have to wait: for the other side, or for the connection itself.
fn not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected)
}
