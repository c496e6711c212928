//! When each request is meant to be sent: an open loop, computed before the first one goes.
//!
//! Who waits for an answer before asking again asks less of a server that stalls, and so does not see the stall ("coordinated
//! omission", G. Tene, How NOT to Measure Latency, 2015). People do not wait for each other: their requests are a Poisson process.

use std::time::Duration;

/// A request: when, and which.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Planned {
    /// After the start.
    pub(crate) at: Duration,
    /// An index into what can be asked.
    pub(crate) request: usize,
}

/// Requests at `rate` a second on average for so long, each chosen with a probability in proportion to its weight.
pub(crate) fn poisson(rate: f64, seconds: f64, weights: &[f64], random: &mut Random) -> Vec<Planned> {
    let total: f64 = weights.iter().sum();
    let mut planned = Vec::new();
    let mut at = 0.0;
    loop {
        at -= (1.0 - random.unit()).ln() / rate;
        if at >= seconds {
            return planned;
        }
        let mut left = random.unit() * total;
        let chosen = weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        planned.push(Planned { at: Duration::from_secs_f64(at), request: chosen.unwrap_or(0) });
    }
}

/// Numbers that look random, the same ones for a seed: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_schedule() {
        let plan = |seed| poisson(1000.0, 1.0, &[1.0, 2.0], &mut Random::new(seed));
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn the_times_are_a_poisson_process() {
        let plan = poisson(10_000.0, 10.0, &[1.0, 3.0], &mut Random::new(7));
        assert!(plan.is_sorted_by(|a, b| a.at <= b.at));
        // A Poisson number of mean 100,000 has a deviation of 316; here five of them.
        assert!((98_400..101_600).contains(&plan.len()), "{}", plan.len());
        let gaps: Vec<f64> = plan.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // The deviation of an exponential distribution is its mean; that of an even pace would be nothing.
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03, "{} {mean}", variance.sqrt());
        let second = plan.iter().filter(|planned| planned.request == 1).count() as f64 / plan.len() as f64;
        assert!((second - 0.75).abs() < 0.01, "{second}");
    }
}
