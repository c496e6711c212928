//! What a run says of the server.

use crate::{generator::Seen, server::Used};
use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// The generator may be late by so much, 99 times of 100; later, and the latencies say something of it and not of the server.
const LATE_MS_MAX: f64 = 1.0;

/// The chance that a server which is just too slow passes.
const DOUBT: f64 = 0.01;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Held,
    Inconclusive,
    NotHeld,
}

impl Verdict {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Inconclusive => "inconclusive",
            Self::NotHeld => "not held",
        }
    }

    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::NotHeld => 1,
            Self::Inconclusive => 3,
        }
    }
}

/// A run and its verdict.
pub(crate) struct Outcome {
    pub(crate) payload: String,
    /// Requests a second.
    pub(crate) rate: f64,
    /// Milliseconds from the server's start until it listened.
    pub(crate) started_ms: f64,
    pub(crate) seen: Seen,
    pub(crate) used: Option<Used>,
    /// Seconds of the whole run.
    pub(crate) took_s: f64,
    pub(crate) verdict: Verdict,
}

/// Judges what was seen: the generator first, because a late one cannot tell; then errors; then 95 of 100 within `p95_ms_max`.
pub(crate) fn judge(seen: &Seen, p95_ms_max: f64) -> Verdict {
    if seen.dropped > 0 || milliseconds(&seen.lateness, 0.99) > LATE_MS_MAX {
        return Verdict::Inconclusive;
    }
    if !seen.errors.is_empty() {
        return Verdict::NotHeld;
    }
    let all = seen.latency.len();
    let within = seen.latency.count_between(0, (1e3 * p95_ms_max) as u64);
    match confident(all - within.min(all), all) {
        true => Verdict::Held,
        false if milliseconds(&seen.latency, 0.95) > p95_ms_max => Verdict::NotHeld,
        // Too few to be sure.
        false => Verdict::Inconclusive,
    }
}

/// Whether so many of `all` over a limit are too few for one in twenty or more of all requests to be over it: a binomial
/// distribution would show as few with a probability of [`DOUBT`] at most.
fn confident(over: u64, all: u64) -> bool {
    let (p, n) = (0.05_f64, all as f64);
    let mut term = n * (1.0 - p).ln();
    let mut probability = 0.0;
    for k in 0..=over {
        probability += term.exp();
        term += ((n - k as f64) / (k as f64 + 1.0)).ln() + (p / (1.0 - p)).ln();
    }
    probability <= DOUBT
}

fn milliseconds(times: &Histogram<u64>, quantile: f64) -> f64 {
    1e-3 * times.value_at_quantile(quantile) as f64
}

impl Outcome {
    fn latency_ms(&self, quantile: f64) -> f64 {
        milliseconds(&self.seen.latency, quantile)
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        self.latency_ms(0.99)
    }

    fn processor(&self) -> Option<f64> {
        self.used.map(|used| used.processor_s / self.took_s)
    }

    fn memory_mb(&self) -> Option<f64> {
        self.used.map(|used| 1e-6 * used.memory_peak as f64)
    }

    /// A line of the table, under [`HEAD`].
    pub(crate) fn line(&self) -> String {
        let optional = |value: Option<f64>| value.map_or_else(|| "?".to_owned(), |value| format!("{value:.0}"));
        let [p50, p95, p99, p999] = [0.5, 0.95, 0.99, 0.999].map(|quantile| self.latency_ms(quantile));
        let errors: Vec<String> = self.seen.errors.iter().map(|(what, count)| format!("{count} {what}")).collect();
        format!(
            "{:<10} {:>8.0} {:>8} {p50:>8.2} {p95:>8.2} {p99:>8.2} {p999:>8.2} {:>6} {:>6} {:>9.3}  {}{}",
            self.payload,
            self.rate,
            self.seen.latency.len(),
            optional(self.processor().map(|share| 100.0 * share)),
            optional(self.memory_mb()),
            milliseconds(&self.seen.lateness, 0.99),
            self.verdict.name(),
            errors.iter().map(|error| format!("; {error}")).collect::<String>(),
        )
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "payload": self.payload,
            "rate": self.rate,
            "started_ms": self.started_ms,
            "requests": self.seen.latency.len(),
            "p50_ms": self.latency_ms(0.5),
            "p95_ms": self.latency_ms(0.95),
            "p99_ms": self.latency_ms(0.99),
            "p99.9_ms": self.latency_ms(0.999),
            "max_ms": self.latency_ms(1.0),
            "errors": self.seen.errors,
            "dropped": self.seen.dropped,
            "late_p99_ms": milliseconds(&self.seen.lateness, 0.99),
            "server_cpu": self.processor(),
            "server_rss_peak_mb": self.memory_mb(),
            "verdict": self.verdict.name(),
        })
    }
}

/// The names of [`Outcome::line`]'s columns: latencies from when a request was meant to be sent.
pub(crate) const HEAD: &str =
    "payload    requests   counted   p50 ms   p95 ms   p99 ms p99.9 ms  cpu %     MB  late p99  verdict
             a second                                                              ms";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn seen(slow: u64, all: u64, late_us: u64) -> Seen {
        let mut latency = Histogram::new_with_max(1_000_000_000, 3).unwrap();
        let mut lateness = latency.clone();
        latency.record_n(1_000, all - slow).unwrap();
        latency.record_n(900_000, slow).unwrap();
        lateness.record_n(late_us, all).unwrap();
        Seen { latency, lateness, errors: BTreeMap::new(), dropped: 0 }
    }

    #[test]
    fn of_a_thousand_34_may_be_slow() {
        // P(X ≤ 34) = 0.0093 and P(X ≤ 35) = 0.0142 for a binomial distribution of 1000 and 0.05.
        assert!(confident(34, 1000) && !confident(35, 1000));
        assert!(!confident(0, 0) && !confident(0, 89) && confident(0, 90));
        assert!(confident(10_000, 1_000_000));
        assert_eq!(judge(&seen(34, 1000, 10), 200.0), Verdict::Held);
        assert_eq!(judge(&seen(35, 1000, 10), 200.0), Verdict::Inconclusive);
        assert_eq!(judge(&seen(60, 1000, 10), 200.0), Verdict::NotHeld);
    }

    #[test]
    fn a_late_generator_says_nothing() {
        assert_eq!(judge(&seen(0, 1000, 1_100), 200.0), Verdict::Inconclusive);
        assert_eq!(judge(&seen(500, 1000, 1_100), 200.0), Verdict::Inconclusive);
        assert_eq!(judge(&Seen { dropped: 1, ..seen(0, 1000, 10) }, 200.0), Verdict::Inconclusive);
    }

    #[test]
    fn one_error_is_too_many() {
        let errors = BTreeMap::from([("status 503".to_owned(), 1)]);
        let outcome = Outcome {
            payload: "small".to_owned(),
            rate: 100.0,
            started_ms: 1.0,
            verdict: judge(&Seen { errors: errors.clone(), ..seen(0, 1000, 10) }, 200.0),
            seen: Seen { errors, ..seen(0, 1000, 10) },
            used: None,
            took_s: 1.0,
        };
        assert_eq!(outcome.verdict, Verdict::NotHeld);
        assert!(outcome.line().ends_with("not held; 1 status 503"), "{}", outcome.line());
        assert_eq!(outcome.json()["errors"]["status 503"], 1);
        assert_eq!(outcome.json()["p95_ms"], 1.0);
    }
}
