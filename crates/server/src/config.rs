//! What a server may use. Every limit is on by default.

use crate::SETTINGS;
use echoes_engine::Gpu;
use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
    thread,
    time::Duration,
};

/// What a server may use. Every limit is on by default.
///
/// ```
/// use echoes_server::Config;
/// let config = Config { body_bytes_max: 1 << 20, ..Config::default() };
/// assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Address and port; port 0 takes any that is free. Only this machine can reach the default.
    pub listen: SocketAddr,
    /// Where datasets are kept; without it there are none. No two servers can share one.
    pub data: Option<PathBuf>,
    /// What a client must show at `/v1/` as `Authorization: Bearer KEY`; nothing need be shown if there are none.
    pub api_keys: Vec<String>,
    /// Kernels that run at a time, and threads that a large one may use; `None` for one a processor.
    pub threads: Option<NonZeroUsize>,
    /// Whether a graphics processor takes part; answers do not depend on it.
    pub gpu: Gpu,
    /// Bytes of one request's body.
    pub body_bytes_max: usize,
    /// Bytes of one request's body once it is no longer compressed.
    pub decoded_bytes_max: usize,
    /// Bytes of all bodies, columns read from text and answers held at a time; more are refused with 503. A body is held from its
    /// first byte until it has been worked on, its columns from before they are read, an answer as long as its data from before
    /// it is made, and every answer until its client has taken it. Memory stays below this, beside what is kept
    /// ([`answers_bytes_max`](Config::answers_bytes_max), [`partials_bytes_max`](Config::partials_bytes_max)), and what each of the
    /// [`threads`](Config::threads) works with: at most a copy of the answer that it writes.
    pub bodies_bytes_max: usize,
    /// Bytes of one dataset.
    pub dataset_bytes_max: usize,
    /// Datasets.
    pub datasets_max: usize,
    /// Bytes of answers about datasets that are kept to be given again.
    pub answers_bytes_max: usize,
    /// Bytes of partials of datasets that are kept in memory, so that another question of the same rows need not read them.
    pub partials_bytes_max: usize,
    /// Bytes of partials that are kept in the data directory.
    pub partials_disk_bytes_max: usize,
    /// Columns of one request: the answer of a matrix kernel grows with their square.
    pub columns_max: usize,
    /// Connections; further ones wait in the system's queue.
    pub connections_max: usize,
    /// Requests for a kernel that are read, wait or run at a time; more are refused with 503.
    pub in_flight_max: usize,
    /// Requests a second that one client may make; more are refused with 429. A client is a key, else an address.
    pub requests_per_second_max: f64,
    /// Bytes a second that an upload must come to, [`timeout_seconds`](Config::timeout_seconds) aside.
    pub upload_bytes_per_second_min: f64,
    /// Seconds for a request's headers, and for a connection without a request.
    pub header_timeout_seconds: f64,
    /// Seconds from a request's headers to its answer. Then the kernel is cancelled.
    pub timeout_seconds: f64,
    /// Seconds that a request may wait for a thread before it is refused with 503.
    pub wait_seconds_max: f64,
    /// Seconds in which a client must take some of its answer.
    pub write_timeout_seconds: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            data: None,
            api_keys: Vec::new(),
            threads: None,
            gpu: Gpu::Auto,
            body_bytes_max: 64 << 20,
            decoded_bytes_max: 64 << 20,
            bodies_bytes_max: 512 << 20,
            dataset_bytes_max: 64 << 30,
            datasets_max: 10_000,
            answers_bytes_max: 64 << 20,
            partials_bytes_max: 64 << 20,
            partials_disk_bytes_max: 1 << 30,
            columns_max: 1000,
            connections_max: 1024,
            in_flight_max: 1024,
            requests_per_second_max: 100_000.0,
            upload_bytes_per_second_min: 16_384.0,
            header_timeout_seconds: 10.0,
            timeout_seconds: 30.0,
            wait_seconds_max: 5.0,
            write_timeout_seconds: 30.0,
        }
    }
}

impl Config {
    /// [`threads`](Config::threads), chosen.
    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads.unwrap_or_else(|| thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// The first limit that allows nothing, or that is not a number.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        SETTINGS.iter().find(|setting| setting.allows_nothing(&mut self.clone())).map(|setting| setting.name)
    }
}

/// Seconds as a duration; a year at most, so that a deadline can always be added to now.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.clamp(0.0, 3e7)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_allow_nothing_are_named() {
        assert_eq!(Config::default().fault(), None);
        assert_eq!(Config { in_flight_max: 0, ..Config::default() }.fault(), Some("in_flight_max"));
        assert_eq!(Config { timeout_seconds: f64::NAN, ..Config::default() }.fault(), Some("timeout_seconds"));
    }

    #[test]
    fn seconds_of_any_size() {
        assert_eq!(seconds(0.25), Duration::from_millis(250));
        assert_eq!(seconds(f64::INFINITY), Duration::from_secs(30_000_000));
        assert_eq!(seconds(f64::NAN), Duration::ZERO);
    }
}
