//! Kendall's tau.

use super::spearmanr::{RankCorrelation, both};
use crate::{inversions::inversions, kernels::test::Alternative, sorting::in_order, special::normal_beyond};
use echoes_kernel::{Category, Columns, Form, Kernel, NamedColumns, Next, Reject, Result, Shape, Spec, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kendall's tau, over the rows in which both columns are present: how many pairs of rows have the same order in both.
///
/// `statistic` and `pvalue` of `scipy.stats.kendalltau`, in `O(n log n)`. The counts of pairs are exact. The p-value is exact where
/// there are no ties and the rows are few (33, or all but one pair in order), else from the normal distribution, with ties. Null if a
/// column is constant or has a NaN.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::pair::KendallTau;
/// let found = reference(&KendallTau::default(), &[&[1.0, 2.0, 3.0, 4.0], &[1.0, 4.0, 9.0, 8.0]])?;
/// // Five pairs against one.
/// assert_eq!(found.statistic, 4.0 / 6.0);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KendallTau {
    /// What ties do.
    #[serde(default)]
    pub variant: TauVariant,
    /// How the p-value is found.
    #[serde(default)]
    pub method: TauMethod,
    /// What the relation is held to be, if there is one.
    #[serde(default)]
    pub alternative: Alternative,
}

/// What ties do to tau.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TauVariant {
    /// Pairs that are tied in a column do not count for that column.
    #[default]
    B,
    /// Stuart's tau-c, for columns of different numbers of values.
    C,
}

/// How a p-value of tau is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TauMethod {
    /// Exactly where that is cheap, else from the normal distribution.
    #[default]
    Auto,
    /// From the normal distribution.
    Asymptotic,
    /// Exactly; refused with ties, and beyond 1,000 rows.
    Exact,
}

/// Rows up to which the exact p-value is the usual one.
const FEW: usize = 33;

/// Rows up to which it can be had.
const EXACT_MAX: usize = 1000;

impl Kernel for KendallTau {
    const SPEC: Spec = Spec::new("kendalltau", Category::Pair).columns(2).form(Form::Gather).work(9).references(&[
        "M. G. Kendall, A New Measure of Rank Correlation, Biometrika 30, 1938",
        "W. R. Knight, A Computer Method for Calculating Kendall's Tau with Ungrouped Data, J. Am. Stat. Assoc. 61(314), 1966",
    ]);
    type Pass = ();
    type Output = RankCorrelation;

    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        check(shape.rows.unwrap_or(0))
    }

    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(self.clone())))
    }
}

/// Their pairs must be a number of 64 bits, and each a place among the others of 32.
fn check(rows: u64) -> Result<()> {
    let limit = u64::from(u32::MAX);
    if rows > limit { Err(Reject::TooLarge { what: "Kendall's tau", needed: rows, limit }) } else { Ok(()) }
}

impl Whole<RankCorrelation> for KendallTau {
    fn whole(&self, columns: Columns) -> Result<RankCorrelation> {
        let [x, y] = both(columns)?;
        check(x.len() as u64)?;
        if x.iter().chain(&y).any(|x| x.is_nan()) {
            return Ok(RankCorrelation::NONE);
        }
        let pairs = Pairs::of(&x, &y);
        if pairs.x.pairs == pairs.all() || pairs.y.pairs == pairs.all() {
            return Ok(RankCorrelation::NONE);
        }
        let statistic = match self.variant {
            TauVariant::B => pairs.tau_b(),
            TauVariant::C => pairs.tau_c(),
        };
        let pvalue = if self.is_exact(&pairs)? {
            exact(&pairs, self.alternative)
        } else {
            let z = pairs.excess() as f64 / pairs.variance().sqrt();
            self.alternative.side(2.0 * normal_beyond(z.abs()), z)
        };
        Ok(RankCorrelation { statistic, pvalue })
    }

    fn columns(&self, _: RankCorrelation) -> Option<NamedColumns> {
        None
    }
}

impl KendallTau {
    fn is_exact(&self, pairs: &Pairs) -> Result<bool> {
        let is_tied = pairs.x.pairs + pairs.y.pairs > 0;
        let nearly_in_order = pairs.discordant.min(pairs.all() - pairs.discordant) <= 1;
        match self.method {
            TauMethod::Asymptotic => Ok(false),
            TauMethod::Auto => Ok(!is_tied && (pairs.rows <= FEW || nearly_in_order)),
            TauMethod::Exact if is_tied => {
                let (value, expected) = ("exact, and there are ties".to_owned(), "auto or asymptotic then");
                Err(Reject::Parameter { name: "method", value, expected })
            }
            TauMethod::Exact if pairs.rows > EXACT_MAX && !nearly_in_order => {
                let value = format!("exact, for {} rows", pairs.rows);
                Err(Reject::Parameter { name: "method", value, expected: "auto or asymptotic beyond 1,000 rows" })
            }
            TauMethod::Exact => Ok(true),
        }
    }
}

/// Sums over groups of `t` equal values.
#[derive(Default)]
struct Tied {
    /// `t(t − 1)/2`: the pairs in them.
    pairs: u64,
    /// `t(t − 1)(t − 2)`.
    triples: f64,
    /// `t(t − 1)(2t + 5)`.
    spread: f64,
    /// How many groups there are.
    groups: u64,
}

impl Tied {
    fn add(&mut self, t: usize) {
        let (pairs, size) = (pairs(t), t as f64);
        self.pairs += pairs;
        self.triples += 2.0 * pairs as f64 * (size - 2.0);
        self.spread += 2.0 * pairs as f64 * (2.0 * size + 5.0);
        self.groups += 1;
    }
}

const fn pairs(t: usize) -> u64 {
    let t = t as u64;
    t * t.saturating_sub(1) / 2
}

/// Pairs of rows.
struct Pairs {
    rows: usize,
    discordant: u64,
    x: Tied,
    y: Tied,
    /// Those that are tied in both columns.
    in_both: u64,
}

impl Pairs {
    fn of(x: &[f64], y: &[f64]) -> Self {
        let (mut of_x, mut of_y, mut in_both) = (Tied::default(), Tied::default(), 0);
        let mut places = vec![0_u32; y.len()];
        in_order(y, |_, rows| {
            rows.iter().for_each(|&row| places[row as usize] = of_y.groups as u32);
            of_y.add(rows.len());
        });
        // By `x`, and where that is equal by `y`, so that no pair that is tied in `x` is counted as out of order.
        let mut by_x = Vec::with_capacity(x.len());
        in_order(x, |before, rows| {
            by_x.extend(rows.iter().map(|&row| places[row as usize]));
            let group = &mut by_x[before..];
            group.sort_unstable();
            in_both += group.chunk_by(|a, b| a == b).map(|equal| pairs(equal.len())).sum::<u64>();
            of_x.add(rows.len());
        });
        let discordant = inversions(&mut by_x, &mut places);
        Self { rows: x.len(), discordant, x: of_x, y: of_y, in_both }
    }

    const fn all(&self) -> u64 {
        pairs(self.rows)
    }

    /// Pairs in the same order less those in the opposite one.
    fn excess(&self) -> i128 {
        let untied =
            i128::from(self.all()) - i128::from(self.x.pairs) - i128::from(self.y.pairs) + i128::from(self.in_both);
        untied - 2 * i128::from(self.discordant)
    }

    fn tau_b(&self) -> f64 {
        let (in_x, in_y) = ((self.all() - self.x.pairs) as f64, (self.all() - self.y.pairs) as f64);
        let size = if in_x == in_y { in_x } else { in_x.sqrt() * in_y.sqrt() };
        (self.excess() as f64 / size).clamp(-1.0, 1.0)
    }

    fn tau_c(&self) -> f64 {
        let (rows, classes) = (self.rows as f64, self.x.groups.min(self.y.groups) as f64);
        (2.0 * self.excess() as f64 / (rows * rows * (classes - 1.0) / classes)).clamp(-1.0, 1.0)
    }

    /// The variance of the excess of columns that have nothing to do with each other.
    fn variance(&self) -> f64 {
        let rows = self.rows as f64;
        let m = rows * (rows - 1.0);
        let triples = self.x.triples * self.y.triples;
        // Of two rows there are no triples.
        let of_triples = if triples == 0.0 { 0.0 } else { triples / (9.0 * m * (rows - 2.0)) };
        (m * (2.0 * rows + 5.0) - self.x.spread - self.y.spread) / 18.0
            + 2.0 * self.x.pairs as f64 * self.y.pairs as f64 / m
            + of_triples
    }
}

/// The p-value without ties, from the number of permutations with so few inversions or as few pairs in order.
fn exact(pairs: &Pairs, alternative: Alternative) -> f64 {
    let concordant = pairs.all() - pairs.discordant;
    let fewer = concordant.min(pairs.discordant) as usize;
    // In parts of all permutations of two elements, three, and so on: those of up to `fewer` inversions.
    let mut parts = vec![0.0; fewer + 1];
    parts.iter_mut().take(2).for_each(|part| *part = 0.5);
    for elements in 3..=pairs.rows {
        let mut sum = 0.0;
        for part in &mut parts {
            sum += *part;
            *part = sum / elements as f64;
        }
        for inversions in (elements..parts.len()).rev() {
            parts[inversions] -= parts[inversions - elements];
        }
    }
    let one_side: f64 = parts.iter().sum();
    let toward = match alternative {
        Alternative::TwoSided => return (2.0 * one_side).min(1.0),
        Alternative::Less => concordant <= pairs.discordant,
        Alternative::Greater => concordant >= pairs.discordant,
    };
    if toward { one_side } else { (1.0 - one_side + parts[fewer]).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    const X: [f64; 10] = [2.5, 1.0, 2.5, 7.0, -3.0, 1.0, 1.0, 9.5, 0.0, 4.0];
    const Y: [f64; 10] = [1.0, 2.0, 2.0, 8.0, -1.0, 0.5, 3.0, f64::INFINITY, 2.0, 2.0];
    const U: [f64; 9] = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0, 3.5, 8.0];
    const V: [f64; 9] = [2.0, 7.0, 1.0, 8.0, 2.8, 1.8, 2.9, 4.0, 5.0];

    fn tau(kernel: &KendallTau, x: &[f64], y: &[f64]) -> (f64, f64) {
        let found = reference(kernel, &[x, y]).unwrap();
        (found.statistic, found.pvalue)
    }

    fn assert_close(found: (f64, f64), wanted: (f64, f64)) {
        let close = |a: f64, b: f64| (a - b).abs() <= 2e-14 * b.abs();
        assert!(close(found.0, wanted.0) && close(found.1, wanted.1), "{found:?} is not {wanted:?}");
    }

    /// SciPy 1.17: `kendalltau(x, y, variant=…, alternative=…)`.
    #[test]
    fn scipys_figures_with_ties() {
        let both = KendallTau::default();
        assert_close(tau(&both, &X, &Y), (0.575_179_771_772_408_6, 0.029_920_373_878_352_485));
        let less = KendallTau { alternative: Alternative::Less, ..both.clone() };
        assert_close(tau(&less, &X, &Y), (0.575_179_771_772_408_6, 0.985_039_813_060_823_8));
        let c = KendallTau { variant: TauVariant::C, ..both };
        assert_close(tau(&c, &X, &Y), (0.536_666_666_666_666_7, 0.029_920_373_878_352_485));
    }

    /// SciPy 1.17: `kendalltau(x, y, method=…, alternative=…)`.
    #[test]
    fn scipys_figures_without() {
        let by = |method, alternative| KendallTau { method, alternative, ..KendallTau::default() };
        for (alternative, exact, asymptotic) in [
            (Alternative::TwoSided, 0.612_202_380_952_381, 0.531_614_576_881_612_2),
            (Alternative::Less, 0.306_101_190_476_190_5, 0.265_807_288_440_806_1),
            (Alternative::Greater, 0.761_645_723_104_056_3, 0.734_192_711_559_194),
        ] {
            assert_close(tau(&by(TauMethod::Auto, alternative), &U, &V), (-1.0 / 6.0, exact));
            assert_close(tau(&by(TauMethod::Asymptotic, alternative), &U, &V), (-1.0 / 6.0, asymptotic));
        }
        let g: Vec<f64> = (0..200).map(f64::from).collect();
        let h: Vec<f64> = (0..60).map(|i| f64::from(i * 17 % 61)).collect();
        for (alternative, pvalue) in [
            (Alternative::TwoSided, 0.615_822_326_717_988_1),
            (Alternative::Less, 0.696_546_403_804_199_5),
            (Alternative::Greater, 0.307_911_163_358_994_04),
        ] {
            let found = tau(&by(TauMethod::Exact, alternative), &g[..60], &h);
            assert!((found.1 / pvalue - 1.0).abs() < 1e-12, "{found:?}");
        }
        let rolled: Vec<f64> = (0..200).map(|i| f64::from((i + 197) % 200)).collect();
        let found = tau(&by(TauMethod::Exact, Alternative::TwoSided), &g, &rolled);
        assert!((found.1 / 2.305_423_158_350_218e-184 - 1.0).abs() < 1e-11, "{found:?}");
    }

    /// All pairs, one by one.
    #[test]
    fn pairs_are_those_of_a_double_loop() {
        let value = |i: u64, seed: u64| (i.wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 37;
        let rows = if cfg!(miri) { 40 } else { 300 };
        let column = |seed| -> Vec<f64> { (0..rows).map(|i| value(i, seed) as f64 - 18.0).collect() };
        let (x, y) = (column(1), column(1 << 40));
        let found = Pairs::of(&x, &y);
        let (mut excess, mut in_x, mut in_both) = (0, 0, 0);
        for i in 0..x.len() {
            for j in 0..i {
                let (a, b) = (x[i] - x[j], y[i] - y[j]);
                excess += (a * b > 0.0) as i128 - (a * b < 0.0) as i128;
                in_x += (a == 0.0) as u64;
                in_both += (a == 0.0 && b == 0.0) as u64;
            }
        }
        assert_eq!((found.excess(), found.x.pairs, found.in_both), (excess, in_x, in_both));
        assert!(in_both > 0);
    }

    #[test]
    fn what_says_nothing_or_all() {
        let auto = KendallTau::default();
        assert!(tau(&auto, &[1.0], &[2.0]).0.is_nan());
        assert!(tau(&auto, &[1.0; 4], &[1.0, 2.0, 3.0, 4.0]).1.is_nan());
        assert!(tau(&auto, &[1.0, f64::NAN], &[1.0, 2.0]).0.is_nan());
        assert_eq!(tau(&auto, &[1.0, 2.0], &[3.0, 1.0]), (-1.0, 1.0));
        assert_eq!(tau(&auto, &[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), (1.0, 1.0 / 3.0));
        assert_eq!(reference(&auto, &[&[], &[]]), Err(Reject::Empty));
        let exact = KendallTau { method: TauMethod::Exact, ..auto };
        assert!(matches!(reference(&exact, &[&X, &Y]), Err(Reject::Parameter { name: "method", .. })));
        let (long, back): (Vec<f64>, Vec<f64>) = (0..1001).map(|i| (f64::from(i), f64::from(i * 7 % 1001))).unzip();
        assert!(matches!(reference(&exact, &[&long, &back]), Err(Reject::Parameter { name: "method", .. })));
    }
}
