//! Media types and codings: of what arrives, and of what is wanted back.

use crate::{
    problem::{Kind, Problem},
    routes::JSON,
    store::Format,
};
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, header},
};
use flate2::{Compression, bufread::MultiGzDecoder, write::GzEncoder};
use std::io::{Read, Write};

/// The media type of arrays.
pub(crate) const NPY: &str = Format::Npy.media_type();

/// Answers shorter than this are not worth compressing.
const GZIP_BYTES_MIN: usize = 1024;

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// An object with data and parameters.
    Json,
    /// Data alone; the parameters stand in the address.
    Data(Format),
}

/// What the headers say that a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arriving {
    pub media: Media,
    pub gzip: bool,
}

impl Arriving {
    /// Other types and codings are refused: they would be guesses.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = essence(headers);
        let media = if given.eq_ignore_ascii_case(JSON) {
            Media::Json
        } else {
            let formats = || format!("send the header Content-Type: {JSON}, {NPY} or {}", Format::Csv.media_type());
            Media::Data(Format::of_media_type(given).ok_or_else(|| Kind::MediaType.because(formats()))?)
        };
        Ok(Self { media, gzip: is_gzip(headers)? })
    }
}

/// The media type of a body, its parameters left out.
pub(crate) fn essence(headers: &HeaderMap) -> &str {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim()
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(coding) = headers.get(header::CONTENT_ENCODING).map(|coding| coding.as_bytes()) else { return Ok(false) };
    if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
        return Ok(true);
    }
    let problem = || Kind::MediaType.because("send the body in clear, or with the header Content-Encoding: gzip");
    if coding.eq_ignore_ascii_case(b"identity") { Ok(false) } else { Err(problem()) }
}

/// The bytes that a compressed body stands for; `hold` is asked before there are so many.
pub(crate) fn gunzip(
    body: &[u8],
    bytes_max: usize,
    mut hold: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<Bytes, Problem> {
    const PIECE: usize = 64 << 10;
    let (mut decoder, mut decoded) = (MultiGzDecoder::new(body), Vec::new());
    loop {
        let before = decoded.len();
        hold(before + PIECE)?;
        decoder.by_ref().take(PIECE as u64).read_to_end(&mut decoded).map_err(|_| not_gzip())?;
        if decoded.len() > bytes_max {
            let detail = format!("a body may have {bytes_max} bytes once it is no longer compressed: send less");
            return Err(Kind::TooLarge.because(detail));
        }
        if decoded.len() == before {
            return Ok(decoded.into());
        }
    }
}

fn not_gzip() -> Problem {
    Kind::Malformed.because("the body is not whole streams of gzip")
}

/// What the client can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub npy: bool,
    pub gzip: bool,
}

impl Wanted {
    /// An array if that is named and wanted more than JSON; compressed if gzip is named.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let weight = |header, name| weight(headers, header, name);
        let (json, npy) = (weight(header::ACCEPT, JSON), weight(header::ACCEPT, NPY).unwrap_or(0.0));
        let npy = npy > json.unwrap_or(0.0);
        if json == Some(0.0) && !npy {
            return Err(Kind::NotAcceptable.because(format!("send the header Accept: {JSON} or {NPY}")));
        }
        Ok(Self { npy, gzip: weight(header::ACCEPT_ENCODING, "gzip").is_some_and(|weight| weight > 0.0) })
    }
}

/// How much a list in a header wants something; `None` if it does not name it.
fn weight(headers: &HeaderMap, header: HeaderName, name: &str) -> Option<f64> {
    let lines = headers.get_all(header);
    let mut items = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    items.find_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|given| given.eq_ignore_ascii_case(name));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse::<f64>().ok());
        named.then_some(weight.unwrap_or(1.0))
    })
}

/// The body compressed, where that is wanted and worth it, and whether it is.
pub(crate) fn gzip(body: Vec<u8>, wanted: Wanted) -> (Vec<u8>, bool) {
    if !wanted.gzip || body.len() < GZIP_BYTES_MIN {
        return (body, false);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&body).and_then(|()| encoder.finish()) {
        Ok(smaller) if smaller.len() < body.len() => (smaller, true),
        // Writing to memory cannot fail.
        _ => (body, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn wanted(accept: &str, coding: &str) -> (bool, bool) {
        let wanted = Wanted::of(&headers(&[(header::ACCEPT, accept), (header::ACCEPT_ENCODING, coding)])).unwrap();
        (wanted.npy, wanted.gzip)
    }

    #[test]
    fn what_is_wanted() {
        assert_eq!(wanted("application/x-npy", "gzip, br"), (true, true));
        assert_eq!(wanted("text/html, Application/X-NPY;q=0.5", "br;q=1, GZIP ; q=0.1"), (true, true));
        assert_eq!(wanted("application/x-npy, application/json", "gzip;q=0"), (false, false));
        assert_eq!(wanted("*/*", "deflate"), (false, false));
        assert_eq!(wanted("application/x-npy;q=0.9, application/json;q=0.5", "br"), (true, false));
        assert_eq!(wanted("application/x-npy, application/json;q=0", "br"), (true, false));
        assert_eq!(wanted("application/x-npy;q=0, text/html", "br"), (false, false));
        assert!(Wanted::of(&headers(&[(header::ACCEPT, "application/json;q=0, */*")])).is_err());
    }

    #[test]
    fn what_arrives() {
        let of = |kind: &str, coding: &str| {
            Arriving::of(&headers(&[(header::CONTENT_TYPE, kind), (header::CONTENT_ENCODING, coding)]))
        };
        assert_eq!(of("application/json; charset=utf-8", "identity"), Ok(Arriving { media: Media::Json, gzip: false }));
        assert_eq!(of("text/csv", "x-gzip").map(|arriving| arriving.gzip), Ok(true));
        assert_eq!(of("Text/CSV", "GZip"), Ok(Arriving { media: Media::Data(Format::Csv), gzip: true }));
        assert!(of("application/xml", "gzip").is_err() && of("text/csv", "br").is_err());
    }

    #[test]
    fn gzip_there_and_back_within_its_bound() {
        let all = Wanted { npy: false, gzip: true };
        let body = b"0.5,".repeat(100_000);
        let (small, compressed) = gzip(body.clone(), all);
        assert!(compressed && small.len() * 10 < body.len());
        assert_eq!(gunzip(&small, body.len(), |_| Ok(())).unwrap(), body);
        assert!(gunzip(&small, body.len() - 1, |_| Ok(())).is_err());
        let mut held = 0;
        let refuse = |bytes| {
            if bytes > 200_000 {
                return Err(Problem::internal("no room"));
            }
            held = held.max(bytes);
            Ok(())
        };
        assert!(gunzip(&small, usize::MAX, refuse).is_err());
        assert!((100_000..=200_000).contains(&held));
        assert!(gunzip(&small[..small.len() - 9], usize::MAX, |_| Ok(())).is_err());
        assert_eq!(gunzip(&small.repeat(2), usize::MAX, |_| Ok(())).unwrap(), body.repeat(2));
        assert!(gunzip(&[small, b"more".to_vec()].concat(), usize::MAX, |_| Ok(())).is_err());
        assert_eq!(gzip(b"short".to_vec(), all), (b"short".to_vec(), false));
    }
}
