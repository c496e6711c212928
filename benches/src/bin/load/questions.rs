//! What is asked, as bytes ready to be sent.

use crate::{schedule::Random, settings::Question};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Bodies of different numbers for each kind of request.
const BODIES: usize = 8;

/// A request, as it travels.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) bytes: Vec<u8>,
    /// The status of a right answer.
    pub(crate) status: u16,
}

/// The requests of a payload, with their weights.
pub(crate) fn prepare(questions: &[Question], host: SocketAddr, random: &mut Random) -> (Vec<Asked>, Vec<f64>) {
    let each = questions.iter().flat_map(|question| (0..BODIES).map(move |_| question));
    each.map(|question| (request(question, host, random), question.share)).unzip()
}

fn request(question: &Question, host: SocketAddr, random: &mut Random) -> Asked {
    let mut body = question.params.clone();
    for name in ["x", "y"].into_iter().take(question.columns) {
        let numbers: Vec<f64> = (0..question.rows).map(|_| (random.unit() * 1e5).round() / 1e3).collect();
        body.insert(name.to_owned(), json!(numbers));
    }
    let path = &question.path;
    let text = if body.is_empty() {
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n")
    } else {
        let body = Value::Object(body).to_string();
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    Asked { bytes: text.into_bytes(), status: question.status }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(toml: &str) -> String {
        let question: Question = toml::from_str(toml).unwrap();
        let (asked, weights) = prepare(&[question], ([127, 0, 0, 1], 80).into(), &mut Random::new(1));
        assert_eq!((asked.len(), weights.len()), (BODIES, BODIES));
        String::from_utf8(asked[0].bytes.clone()).unwrap()
    }

    #[test]
    fn a_body_is_as_long_as_it_says() {
        let text = asked("share = 1\npath = \"/v1/corr\"\ncolumns = 2\nrows = 3\nparams = { ddof = 1 }");
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /v1/corr HTTP/1.1\r\nhost: 127.0.0.1:80\r\n"), "{head}");
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!((body["x"].as_array().unwrap().len(), body["y"].as_array().unwrap().len()), (3, 3));
        assert_eq!(body["ddof"], 1);
    }

    #[test]
    fn without_a_body_it_is_a_get() {
        assert_eq!(
            asked("share = 1\npath = \"/v1/kernels\""),
            "GET /v1/kernels HTTP/1.1\r\nhost: 127.0.0.1:80\r\n\r\n"
        );
    }
}
