//! What the server counts, in the text format of Prometheus.
//!
//! Labels take values from fixed sets (the routes, the methods that HTTP knows, the statuses of the problems, the
//! kernels), so that no client can make more of them.

mod histogram;
mod process;

use crate::{problem::Shed, routes::ROUTES};
use axum::http::{Method, StatusCode};
use echoes_engine::Run;
use histogram::Histogram;
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The label of a run of several kernels.
const BATCH: &str = "batch";
/// The label of a path that is none of the routes, and of a method that HTTP does not know.
const OTHER: &str = "other";

/// What the server counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    in_flight: AtomicU64,
    requests: Mutex<Requests>,
    shed: [AtomicU64; Shed::ALL.len()],
    kernels: Mutex<BTreeMap<(&'static str, &'static str), Kernel>>,
    started: f64,
}

#[derive(Debug, Default)]
struct Requests {
    counts: BTreeMap<(&'static str, &'static str, u16), u64>,
    durations: BTreeMap<&'static str, Histogram>,
}

#[derive(Debug, Default)]
struct Kernel {
    duration: Histogram,
    rows: u64,
    bytes: u64,
}

/// A request that is being answered.
pub(crate) struct InFlight(Arc<Metrics>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            in_flight: AtomicU64::new(0),
            requests: Mutex::default(),
            shed: Default::default(),
            kernels: Mutex::default(),
            started: process::now(),
        }
    }

    /// Counts a request until what is returned is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, path: Option<&str>, method: &Method, status: StatusCode, took: Duration) {
        let known = |path: &str| ROUTES.iter().find(|route| **route == path);
        let route = path.and_then(known).copied().unwrap_or(OTHER);
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.counts.entry((route, name(method), status.as_u16())).or_default() += 1;
        requests.durations.entry(route).or_default().count(took.as_secs_f64());
    }

    /// Counts a request that was turned away.
    pub(crate) fn shed(&self, why: Shed) {
        for (count, _) in self.shed.iter().zip(Shed::ALL).filter(|(_, shed)| *shed == why) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a run of the engine.
    pub(crate) fn ran(&self, run: &Run<'_>) {
        let name = if let [only] = run.kernels { only } else { BATCH };
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        let kernel = kernels.entry((name, run.backend)).or_default();
        kernel.duration.count(run.seconds);
        kernel.rows += run.rows;
        kernel.bytes += run.bytes;
    }

    /// All of it, as Prometheus reads it.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.write_requests(&mut text);
        self.write_kernels(&mut text);
        process::write(&mut text, self.started);
        family(&mut text, "echoes_build_info", "gauge", "The version that runs.");
        line(&mut text, format_args!("echoes_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")));
        text
    }

    fn write_requests(&self, text: &mut String) {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        family(text, "echoes_http_requests_total", "counter", "Requests that were answered.");
        for ((route, method, status), count) in &requests.counts {
            let labels = format_args!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
            line(text, format_args!("echoes_http_requests_total{{{labels}}} {count}"));
        }
        let name = "echoes_http_request_duration_seconds";
        family(text, name, "histogram", "Seconds from a request's headers to the beginning of its answer.");
        for (route, histogram) in &requests.durations {
            histogram.write(text, name, format_args!("route=\"{route}\""));
        }
        drop(requests);
        family(text, "echoes_http_requests_in_flight", "gauge", "Requests that are being answered.");
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        line(text, format_args!("echoes_http_requests_in_flight {in_flight}"));
        family(text, "echoes_http_shed_total", "counter", "Requests that were turned away to protect the others.");
        for (count, shed) in self.shed.iter().zip(Shed::ALL) {
            let (reason, count) = (shed.name(), count.load(Ordering::Relaxed));
            line(text, format_args!("echoes_http_shed_total{{reason=\"{reason}\"}} {count}"));
        }
    }

    fn write_kernels(&self, text: &mut String) {
        let kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        let name = "echoes_kernel_duration_seconds";
        family(text, name, "histogram", "Seconds that a kernel took, several in one reading being one `batch`.");
        for ((kernel, backend), of) in kernels.iter() {
            of.duration.write(text, name, format_args!("kernel=\"{kernel}\",backend=\"{backend}\""));
        }
        let name = "echoes_kernel_rows_total";
        family(text, name, "counter", "Rows that kernels were given, missing ones included.");
        for ((kernel, backend), of) in kernels.iter() {
            line(text, format_args!("{name}{{kernel=\"{kernel}\",backend=\"{backend}\"}} {}", of.rows));
        }
        let name = "echoes_kernel_bytes_total";
        family(text, name, "counter", "Bytes of columns that kernels read.");
        for ((kernel, backend), of) in kernels.iter() {
            line(text, format_args!("{name}{{kernel=\"{kernel}\",backend=\"{backend}\"}} {}", of.bytes));
        }
    }
}

fn name(method: &Method) -> &'static str {
    const KNOWN: [&str; 8] = ["GET", "HEAD", "POST", "QUERY", "PUT", "DELETE", "PATCH", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
