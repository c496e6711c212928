//! The kernels of Echoes over HTTP: JSON, `.npy` or CSV in, JSON or `.npy` out.
//!
//! `POST /v1/{kernel}` takes data and parameters as one JSON object; `GET /v1/kernels` lists what there is, and
//! `GET /openapi.json` describes it. With a directory ([`Config::data`]) it keeps datasets: `PUT /v1/datasets/{name}` streams
//! one in, `GET /v1/datasets/{name}/{kernel}?column=x` answers with a strong entity tag, `POST …/batch` runs many kernels in
//! one reading. `GET /metrics` is for Prometheus. Every limit is on by default ([`Config`]): on bodies, columns, connections, requests
//! in flight, and on every wait. Errors are RFC 9457 problem details. Clients never name files.
//!
//! Connections live on threads that never wait for a kernel; kernels run on threads of their own, and are cancelled
//! when the client goes or the deadline passes.
//!
//! ```
//! use std::{io::{Read, Write}, net::TcpStream, sync::mpsc::channel, thread};
//! use echoes_server::{Config, run_until};
//!
//! let config = Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
//! let (tell, ready) = channel();
//! thread::spawn(move || run_until(&config, |address| tell.send(address).unwrap(), std::future::pending()));
//!
//! let mut connection = TcpStream::connect(ready.recv()?)?;
//! let body = r#"{"x": [1, 2, 6]}"#;
//! write!(
//!     connection,
//!     "POST /v1/mean HTTP/1.1\r\nhost: echoes\r\nconnection: close\r\n\
//!      content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
//!     body.len()
//! )?;
//! let mut answer = String::new();
//! connection.read_to_string(&mut answer)?;
//! assert!(answer.contains(r#""result":3.0"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod answer;
mod answers;
mod app;
mod batch;
mod body;
mod call;
mod catalogue;
mod config;
mod dataset_kernel;
mod datasets;
mod door;
mod download;
mod error;
mod gate;
mod keys;
mod media;
mod metrics;
mod openapi;
mod problem;
mod query;
mod rate;
mod receive;
mod request_id;
mod room;
mod routes;
mod serve;
mod settings;
mod signals;
mod stall;
mod store;
mod work;
mod workers;

pub use config::Config;
pub use error::Error;
pub use serve::{run, run_until};
pub use settings::{SETTINGS, Setting};
