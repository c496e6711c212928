//! What blocks of measurements say: an effect, its interval, how likely chance alone is, what would have gone unseen.
//!
//! In a block, which arm is which is a coin's choice, so that with no change the differences are as likely above zero as
//! below: the signed-rank test is then exact for any distribution of the noise. The interval is the bootstrap's, over blocks, on the ratio of
//! medians; the test decides, because a bootstrap of a dozen blocks knows nothing of probabilities of 1 in 10,000.

use super::random::Random;

/// Resamples of a bootstrap.
const RESAMPLES: usize = 4_000;

/// The middle value; the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value with a share `q` of the values below it, on a straight line between neighbours; NaN of nothing.
pub(super) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = q * sorted.len().saturating_sub(1) as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    match (sorted.get(low), sorted.get(low + 1)) {
        (Some(below), Some(above)) => below + part * (above - below),
        (Some(value), None) => *value,
        _ => f64::NAN,
    }
}

/// The ratio of the medians, second to first, of pairs.
pub(super) fn ratio_of_medians(pairs: &[(f64, f64)]) -> f64 {
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    median(&second) / median(&first)
}

/// The interval that holds the ratio of the medians with probability 0.95 (B. Efron, Ann. Stat. 7, 1979: percentiles).
pub(super) fn interval(pairs: &[(f64, f64)], random: &mut Random) -> (f64, f64) {
    let resample = |random: &mut Random| (0..pairs.len()).map(|_| pairs[random.below(pairs.len())]).collect::<Vec<_>>();
    let ratios: Vec<f64> = (0..RESAMPLES).map(|_| ratio_of_medians(&resample(random))).collect();
    (quantile(&ratios, 0.025), quantile(&ratios, 0.975))
}

/// How likely differences so far above zero are if they are as likely below (F. Wilcoxon, Biometrics Bull. 1, 1945; exact).
pub(super) fn signed_rank(differences: &[f64]) -> f64 {
    let mut sorted = differences.to_vec();
    sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let observed: usize =
        sorted.iter().zip(1..).filter(|(difference, _)| **difference > 0.0).map(|(_, rank)| rank).sum();
    // Of all choices of signs, how many have that sum of positive ranks.
    let mut choices = vec![0.0; sorted.len() * (sorted.len() + 1) / 2 + 1];
    choices[0] = 1.0;
    for rank in 1..=sorted.len() {
        for sum in (rank..choices.len()).rev() {
            choices[sum] += choices[sum - rank];
        }
    }
    choices[observed..].iter().sum::<f64>() / 2f64.powi(sorted.len() as i32)
}

/// Which hypotheses fall, so that the chance of one wrongly falling is `alpha` at most (S. Holm, Scand. J. Stat. 6, 1979).
pub(super) fn holm(p: &[f64], alpha: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let falls = order.iter().enumerate().take_while(|(step, at)| p[**at] <= alpha / (p.len() - step) as f64).count();
    let mut fallen = vec![false; p.len()];
    order[..falls].iter().for_each(|&at| fallen[at] = true);
    fallen
}

/// The standard deviation, from the median of the distances to the median: outliers do not move it.
pub(super) fn spread(values: &[f64]) -> f64 {
    let middle = median(values);
    1.4826 * median(&values.iter().map(|value| (value - middle).abs()).collect::<Vec<_>>())
}

/// What a normal variable exceeds with probability `p` below a half (Abramowitz and Stegun 26.2.23, error below 4.5e-4).
pub(super) fn normal_excess(p: f64) -> f64 {
    let t = (-2.0 * p.ln()).sqrt();
    let above = 0.010_328f64.mul_add(t, 0.802_853).mul_add(t, 2.515_517);
    let below = 0.001_308f64.mul_add(t, 0.189_269).mul_add(t, 1.432_788).mul_add(t, 1.0);
    t - above / below
}

/// The same of Student's t with so many degrees of freedom (Abramowitz and Stegun 26.7.5, three terms).
pub(super) fn student_excess(p: f64, freedom: usize) -> f64 {
    let (z, n) = (normal_excess(p), freedom.max(1) as f64);
    z + (z.powi(3) + z) / (4.0 * n) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n)
}

/// Where a share lies with probability 0.95, of which `hits` in `runs` were seen (E. B. Wilson, JASA 22, 1927).
pub(super) fn wilson(hits: usize, runs: usize) -> (f64, f64) {
    let (share, n, z) = (hits as f64 / runs as f64, runs as f64, 1.96);
    let middle = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0) / (1.0 + z * z / n), (middle + half) / (1.0 + z * z / n))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Log-normal noise about 1, of relative size `sigma`, now and then much more.
    fn noisy(random: &mut Random, sigma: f64) -> f64 {
        let normal = (-2.0 * random.unit().ln()).sqrt() * (std::f64::consts::TAU * random.unit()).cos();
        let outlier = if random.below(20) == 0 { 5.0 } else { 1.0 };
        (outlier * sigma * normal).exp()
    }

    fn pairs(random: &mut Random, blocks: usize, effect: f64) -> Vec<(f64, f64)> {
        (0..blocks).map(|_| (noisy(random, 0.01), effect * noisy(random, 0.01))).collect()
    }

    #[test]
    fn medians_and_quantiles() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(quantile(&[0.0, 10.0], 0.25), 2.5);
        assert!(median(&[]).is_nan());
    }

    /// Wilcoxon's table: for 6 pairs, a sum of ranks of 21 has probability 1/64, of 20 or more 2/64, of 19 or more 3/64.
    #[test]
    fn signed_ranks_by_hand() {
        assert_eq!(signed_rank(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 1.0 / 64.0);
        assert_eq!(signed_rank(&[-1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 2.0 / 64.0);
        assert_eq!(signed_rank(&[1.0, -2.0, 3.0, 4.0, 5.0, 6.0]), 3.0 / 64.0);
        assert_eq!(signed_rank(&[-1.0, -2.0]), 1.0);
        assert_eq!(signed_rank(&[]), 1.0);
    }

    #[test]
    fn a_test_without_an_effect_is_as_often_significant_as_it_says() {
        let mut random = Random::new(1);
        let runs = 4_000;
        let alarms = (0..runs).filter(|_| {
            let differences: Vec<f64> = pairs(&mut random, 14, 1.0).iter().map(|(a, b)| (b / a).ln()).collect();
            signed_rank(&differences) <= 0.05
        });
        let rate = alarms.count() as f64 / f64::from(runs);
        assert!((0.035..=0.055).contains(&rate), "{rate}");
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut random = Random::new(2);
        let runs = 300;
        let held = (0..runs).filter(|_| {
            let (low, high) = interval(&pairs(&mut random, 14, 1.05), &mut random);
            (low..=high).contains(&1.05)
        });
        let rate = held.count() as f64 / f64::from(runs);
        assert!((0.90..=0.99).contains(&rate), "{rate}");
    }

    /// Holm's own example has these steps: 0.01 against 0.05/3, 0.02 against 0.05/2, 0.06 against 0.05.
    #[test]
    fn holm_steps_down() {
        assert_eq!(holm(&[0.06, 0.01, 0.02], 0.05), [false, true, true]);
        assert_eq!(holm(&[0.04, 0.04, 0.04], 0.05), [false; 3]);
        assert_eq!(holm(&[0.001, 0.03, 0.04], 0.05), [true, false, false]);
        assert!(holm(&[], 0.05).is_empty());
    }

    #[test]
    fn many_tests_are_no_likelier_to_err() {
        let mut random = Random::new(3);
        let runs = 4_000;
        let wrong = (0..runs).filter(|_| {
            let p: Vec<f64> = (0..12).map(|_| random.unit()).collect();
            holm(&p, 0.05).contains(&true)
        });
        let rate = wrong.count() as f64 / f64::from(runs);
        assert!((0.035..=0.06).contains(&rate), "{rate}");
    }

    #[test]
    fn the_spread_forgets_outliers() {
        let mut values: Vec<f64> = (0..101).map(|i| f64::from(i) - 50.0).collect();
        let before = spread(&values);
        values[0] = -1e9;
        assert_eq!(spread(&values), before);
    }

    #[test]
    fn normal_excesses_are_the_tables() {
        for (p, z) in [(0.2, 0.8416), (0.05, 1.6449), (0.001, 3.0902), (0.0001, 3.7190)] {
            assert!((normal_excess(p) - z).abs() < 1e-3, "{p}: {}", normal_excess(p));
        }
    }

    #[test]
    fn student_excesses_are_the_tables() {
        for (p, freedom, t) in [(0.05, 10, 1.812), (0.001, 13, 3.852), (0.001, 30, 3.385), (0.2, 1000, 0.842)] {
            assert!(
                (student_excess(p, freedom) / t - 1.0).abs() < 0.01,
                "{p}, {freedom}: {}",
                student_excess(p, freedom)
            );
        }
    }

    #[test]
    fn shares_have_wilsons_intervals() {
        for (hits, runs, low, high) in [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634)] {
            let (below, above) = wilson(hits, runs);
            assert!((below - low).abs() < 1e-3 && (above - high).abs() < 1e-3, "{hits} of {runs}: {below} to {above}");
        }
    }
}
