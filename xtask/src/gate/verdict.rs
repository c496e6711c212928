//! From pairs of times to a verdict.
//!
//! First all benches are looked at in a few blocks. What seems slower by more than [`MARGIN`], or is too noisy to say, is then measured again, with
//! new processes and new layouts, and these alone decide: so the second look has no memory of the first, and Holm's correction over the benches
//! in it bounds the chance of one false alarm by [`ALPHA`]. A bench whose noise would have hidden [`PROMISED`] is no pass.

use super::{
    random::Random,
    statistics::{holm, interval, normal_excess, ratio_of_medians, signed_rank, spread, student_excess},
};

/// A change of less is of no interest: other layouts and other memory move times as much.
pub(super) const MARGIN: f64 = 0.01;

/// The chance that a comparison without a change is red.
pub(super) const ALPHA: f64 = 0.001;

/// The slowdown that a pass promises would have been seen, four times of five; of most benches much less would, and the report says what.
pub(super) const PROMISED: f64 = 0.1;

/// Blocks of the first look.
pub(super) const BLOCKS_FIRST: usize = 6;

/// What is said of a bench, and of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Pass,
    Inconclusive,
    Regressed,
}

impl Verdict {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Regressed => "regressed",
        }
    }
}

/// Times of a bench in each block, of the first arm and of the second.
pub(super) type Pairs = Vec<(f64, f64)>;

/// What is known of a bench.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) bench: String,
    /// Medians over the blocks, in nanoseconds.
    pub(super) times: (f64, f64),
    /// The ratio of the medians, less one.
    pub(super) change: f64,
    /// Where the ratio less one lies, with probability 0.95.
    pub(super) interval: (f64, f64),
    pub(super) blocks: usize,
    /// Blocks in which the second arm was slower.
    pub(super) slower: usize,
    /// The smallest slowdown that would have been found, four times of five.
    pub(super) smallest: f64,
    pub(super) verdict: Verdict,
}

/// Whether a bench is to be looked at again.
pub(super) fn is_suspect(pairs: &[(f64, f64)]) -> bool {
    ratio_of_medians(pairs) > 1.0 + MARGIN
}

/// Blocks of the second look, so that even one of them may speak against a change among so many benches.
pub(super) fn blocks_second(benches: usize) -> usize {
    (benches.max(1) as f64 / ALPHA).log2().ceil() as usize + 4
}

/// How likely it is by chance that the second of the pairs is slower by so much more than the margin.
fn chance(pairs: &[(f64, f64)], margin: f64) -> f64 {
    signed_rank(&logs(pairs).iter().map(|log| log - margin.ln_1p()).collect::<Vec<_>>())
}

/// Whether the control, which no change can touch, seems slower or quicker: then nothing that was measured is worth anything.
pub(super) fn has_moved(control: &[(f64, f64)]) -> bool {
    let turned: Vec<(f64, f64)> = control.iter().map(|&(first, second)| (second, first)).collect();
    chance(control, MARGIN) <= ALPHA || chance(&turned, MARGIN) <= ALPHA
}

/// What is said of benches that were looked at once.
pub(super) fn first_look(bench: &str, pairs: &[(f64, f64)], random: &mut Random) -> Reading {
    let mut reading = read(bench, pairs, random);
    // It would be looked at again, and then found.
    let unseen = normal_excess(0.2) * 1.25 * noise(pairs);
    reading.smallest = (MARGIN.ln_1p() + unseen.max(second_look_needs(pairs, 1))).exp_m1();
    reading.verdict = if reading.smallest <= PROMISED { Verdict::Pass } else { Verdict::Inconclusive };
    reading
}

/// What is said of the benches that were looked at again.
pub(super) fn second_look(measured: &[(String, Pairs)], random: &mut Random) -> Vec<Reading> {
    let judge = |((bench, pairs), slower): (&(String, Pairs), bool)| {
        let mut reading = read(bench, pairs, random);
        reading.smallest = (MARGIN.ln_1p() + second_look_needs(pairs, measured.len())).exp_m1();
        let excluded = reading.smallest <= PROMISED && reading.interval.1 <= PROMISED;
        reading.verdict = match (slower, excluded) {
            (true, _) => Verdict::Regressed,
            (false, true) => Verdict::Pass,
            (false, false) => Verdict::Inconclusive,
        };
        reading
    };
    measured.iter().zip(slower(measured)).map(judge).collect()
}

/// Which are slower, by more than the margin and beyond chance.
fn slower(measured: &[(String, Pairs)]) -> Vec<bool> {
    let p: Vec<f64> = measured.iter().map(|(_, pairs)| chance(pairs, MARGIN)).collect();
    holm(&p, ALPHA)
}

/// The distance from the margin, on the scale of logarithms, that a second look at such noise finds four times of five.
fn second_look_needs(pairs: &[(f64, f64)], benches: usize) -> f64 {
    let blocks = blocks_second(benches);
    let excess = student_excess(ALPHA / benches as f64, blocks - 1) + normal_excess(0.2);
    // Ranks are 3/π as efficient as the mean of normal noise is.
    excess * noise(pairs) * (std::f64::consts::PI / 3.0 * pairs.len() as f64 / blocks as f64).sqrt()
}

/// The standard error of the mean difference of logarithms.
fn noise(pairs: &[(f64, f64)]) -> f64 {
    spread(&logs(pairs)) / (pairs.len() as f64).sqrt()
}

fn logs(pairs: &[(f64, f64)]) -> Vec<f64> {
    pairs.iter().map(|(first, second)| (second / first).ln()).collect()
}

fn read(bench: &str, pairs: &[(f64, f64)], random: &mut Random) -> Reading {
    let (low, high) = interval(pairs, random);
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    Reading {
        bench: bench.to_owned(),
        times: (super::statistics::median(&first), super::statistics::median(&second)),
        change: ratio_of_medians(pairs) - 1.0,
        interval: (low - 1.0, high - 1.0),
        blocks: pairs.len(),
        slower: pairs.iter().filter(|(first, second)| second > first).count(),
        smallest: f64::INFINITY,
        verdict: Verdict::Inconclusive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs with noise of relative size `sigma`, the second times `effect`.
    fn pairs(random: &mut Random, blocks: usize, effect: f64, sigma: f64) -> Vec<(f64, f64)> {
        let mut noisy = |scale: f64| {
            let normal = (-2.0 * random.unit().ln()).sqrt() * (std::f64::consts::TAU * random.unit()).cos();
            1e6 * scale * (sigma * normal).exp()
        };
        (0..blocks).map(|_| (noisy(1.0), noisy(effect))).collect()
    }

    fn looked_at_again(seed: u64, effect: f64, sigma: f64) -> Verdict {
        let mut random = Random::new(seed);
        let measured = [("mean".to_owned(), pairs(&mut random, blocks_second(1), effect, sigma))];
        second_look(&measured, &mut random)[0].verdict
    }

    #[test]
    fn slowdowns_of_all_sizes() {
        for seed in 0..50 {
            assert_eq!(looked_at_again(seed, 1.0, 0.005), Verdict::Pass, "{seed}");
            assert_eq!(looked_at_again(seed, 1.05, 0.005), Verdict::Regressed, "{seed}");
            assert_eq!(looked_at_again(seed, 0.8, 0.005), Verdict::Pass, "{seed}");
            assert_ne!(looked_at_again(seed, 1.0, 0.2), Verdict::Regressed, "{seed}");
        }
    }

    #[test]
    fn what_noise_would_hide_is_no_pass() {
        let mut random = Random::new(5);
        let quiet = pairs(&mut random, BLOCKS_FIRST, 1.0, 0.003);
        let loud = pairs(&mut random, BLOCKS_FIRST, 1.0, 0.1);
        assert_eq!(first_look("mean", &quiet, &mut random).verdict, Verdict::Pass);
        assert_eq!(first_look("mean", &loud, &mut random).verdict, Verdict::Inconclusive);
        assert!(first_look("mean", &loud, &mut random).smallest > 0.1);
    }

    #[test]
    fn the_smallest_effect_is_found_about_four_times_of_five() {
        let mut random = Random::new(6);
        let smallest = |random: &mut Random| {
            let measured = [("mean".to_owned(), pairs(random, 400, 1.0, 0.01))];
            // The noise of many blocks, for the blocks of a second look.
            second_look(&measured, random)[0].smallest
        };
        let effect = 1.0 + smallest(&mut random);
        let found =
            (0..300).filter(|_| slower(&[("mean".to_owned(), pairs(&mut random, blocks_second(1), effect, 0.01))])[0]);
        let rate = found.count() as f64 / 300.0;
        assert!((0.65..=0.95).contains(&rate), "{rate}");
    }

    #[test]
    fn false_alarms_are_rare_even_at_the_margin() {
        let mut random = Random::new(7);
        let alarms = (0..1000).filter(|_| {
            let measured: Vec<_> =
                (0..12).map(|i| (i.to_string(), pairs(&mut random, blocks_second(12), 1.0 + MARGIN, 0.02))).collect();
            slower(&measured).contains(&true)
        });
        assert!(alarms.count() <= 4);
    }

    #[test]
    fn enough_blocks_to_speak() {
        for benches in [1, 2, 12, 100] {
            assert!(0.5f64.powi(blocks_second(benches) as i32) <= ALPHA / benches as f64, "{benches}");
        }
    }

    #[test]
    fn a_control_that_moves_is_seen_either_way() {
        let mut random = Random::new(8);
        assert!(!has_moved(&pairs(&mut random, 14, 1.0, 0.005)));
        assert!(has_moved(&pairs(&mut random, 14, 1.1, 0.005)));
        assert!(has_moved(&pairs(&mut random, 14, 0.9, 0.005)));
    }

    #[test]
    fn the_worst_is_the_greatest() {
        assert!(Verdict::Pass < Verdict::Inconclusive && Verdict::Inconclusive < Verdict::Regressed);
    }
}
