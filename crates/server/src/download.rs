//! A file as the body of an answer: read a piece at a time, when the client has taken the one before.

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    fs::File,
    io::{self, Read},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes that are read at a time.
const PIECE: u64 = 128 << 10;

/// A file as the body of an answer.
pub(crate) struct Download {
    state: State,
    left: u64,
}

enum State {
    Waiting(File),
    Reading(JoinHandle<io::Result<(File, Bytes)>>),
    Ended,
}

impl Download {
    /// The next `bytes` of a file.
    pub(crate) const fn new(file: File, bytes: u64) -> Self {
        Self { state: State::Waiting(file), left: bytes }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        loop {
            match std::mem::replace(&mut this.state, State::Ended) {
                State::Waiting(file) if this.left > 0 => {
                    let count = this.left.min(PIECE);
                    this.state = State::Reading(spawn_blocking(move || read(file, count)));
                }
                State::Waiting(_) | State::Ended => return Poll::Ready(None),
                State::Reading(mut reading) => {
                    let Poll::Ready(read) = Pin::new(&mut reading).poll(context) else {
                        this.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    let (file, bytes) = read.map_err(io::Error::other)??;
                    this.left -= bytes.len() as u64;
                    this.state = State::Waiting(file);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn read(mut file: File, count: u64) -> io::Result<(File, Bytes)> {
    let mut bytes = vec![0; usize::try_from(count).map_err(io::Error::other)?];
    file.read_exact(&mut bytes)?;
    Ok((file, bytes.into()))
}
