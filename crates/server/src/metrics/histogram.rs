//! How often each of a few durations was not exceeded.

use super::line;
use std::fmt::Arguments;

/// The edges in seconds. One is at 0.2, which an alert watches.
const EDGES: [f64; 15] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// How often each of a few durations was not exceeded.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// Between this edge and the one before it.
    counts: [u64; EDGES.len()],
    sum: f64,
    count: u64,
}

impl Histogram {
    pub(super) fn count(&mut self, seconds: f64) {
        let bucket = EDGES.partition_point(|edge| *edge < seconds);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum += seconds;
        self.count += 1;
    }

    pub(super) fn write(&self, text: &mut String, name: &str, labels: Arguments<'_>) {
        let mut up_to = 0;
        for (edge, count) in EDGES.iter().zip(self.counts) {
            up_to += count;
            line(text, format_args!("{name}_bucket{{{labels},le=\"{edge}\"}} {up_to}"));
        }
        line(text, format_args!("{name}_bucket{{{labels},le=\"+Inf\"}} {}", self.count));
        line(text, format_args!("{name}_sum{{{labels}}} {}", self.sum));
        line(text, format_args!("{name}_count{{{labels}}} {}", self.count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_belongs_to_the_bucket_below_it() {
        let mut histogram = Histogram::default();
        for seconds in [0.0001, 0.2, 0.200_001, 100.0] {
            histogram.count(seconds);
        }
        let mut text = String::new();
        histogram.write(&mut text, "x", format_args!("a=\"b\""));
        for line in
            ["x_bucket{a=\"b\",le=\"0.1\"} 1", "x_bucket{a=\"b\",le=\"0.2\"} 2", "x_bucket{a=\"b\",le=\"0.5\"} 3"]
        {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert!(text.contains("x_bucket{a=\"b\",le=\"+Inf\"} 4\n") && text.contains("x_count{a=\"b\"} 4\n"));
    }
}
