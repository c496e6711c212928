//! An answer in HTTP/1.1.

use std::ops::Range;

/// A whole answer: its status, and where its body lies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Range<usize>,
}

impl Answer {
    /// The answer in what was received; `None` until all of it is there.
    ///
    /// # Errors
    /// If it is no answer, or one that does not say how long it is.
    pub(crate) fn read(received: &[u8]) -> Result<Option<Self>, String> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let head = match response.parse(received).map_err(|error| error.to_string())? {
            httparse::Status::Complete(head) => head,
            httparse::Status::Partial => return Ok(None),
        };
        let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
        let end = length.and_then(|length| head.checked_add(length)).ok_or("an answer does not say how long it is")?;
        Ok(response.code.filter(|_| received.len() >= end).map(|status| Self { status, body: head..end }))
    }
}

/// What must be the same whenever the same is asked: all but the time that it took, which comes last.
pub(crate) fn lasting(body: &[u8]) -> &[u8] {
    const TIME: &[u8] = b"\"elapsed_ms\"";
    let at = body.windows(TIME.len()).rposition(|window| window == TIME);
    at.map_or(body, |at| &body[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_or_not_there_yet() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        for cut in 0..text.len() {
            assert_eq!(Answer::read(&text[..cut]), Ok(None), "{cut}");
        }
        let answer = Answer::read(text).unwrap().unwrap();
        assert_eq!((answer.status, &text[answer.body]), (200, &b"hello"[..]));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert!(Answer::read(b"SSH-2.0-OpenSSH\r\n").is_err());
        assert!(Answer::read(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").is_err());
        let huge = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", usize::MAX);
        assert!(Answer::read(huge.as_bytes()).is_err());
    }

    #[test]
    fn the_time_may_differ() {
        assert_eq!(lasting(br#"{"result":1.0,"elapsed_ms":0.2}"#), br#"{"result":1.0,"#);
        assert_eq!(lasting(b"[]"), b"[]");
    }
}
