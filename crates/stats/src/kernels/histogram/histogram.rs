//! Histogram.

use crate::{
    Rule,
    partials::{self, BINS_MAX, BorderCounts, Borders, Edges, Extrema, Inside, Intervals, Look, WeightedHistogram},
};
use echoes_kernel::{Category, Either, Kernel, Next, Reject, Result, Series, Shape, Spec, sweep::Counts as Found};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Histogram: how many values lie in each bin.
///
/// The bins have one width, and `bins` says how many there are or by which rule they are chosen; or `edges` says where each of
/// them begins. Each bin holds its lower edge and not its upper one, the last holds both. Exact: the counts and edges are those
/// of NumPy's `histogram` of doubles (of `float32` NumPy rounds the edges to that, and of whole numbers its rules make no bin
/// narrower than one). Values outside a `range` or `edges` that are given are counted beside them, and so is NaN. Without these
/// the bins reach from the smallest to the largest value, which a first reading finds; of no values, or with a NaN or an infinity
/// among them, that is an error. Where both ends are the same the bins reach half a unit to either side. Refused are bins of one
/// width narrower than four units in the last place of the larger end, or than 1e-308, ranges wider than the largest double, and
/// rules that ask for more than 65,536 bins. A rule looks at the values within the range only, and makes one bin where it has no
/// width to tell, as of values that are all the same. Rows are read as doubles.
///
/// With weights their sum in each bin is told too, exact for whole numbers, else as good as that, and a density is that of the
/// weights. The bins are those of all values; a row of weight 0 is counted nowhere. Refused are weights below zero, infinite ones
/// and NaN, and rules, which know no weights.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::{Rule, kernels::histogram::Histogram};
/// let found = reference(&Histogram::of(2), &[&[1.0, 2.0, 3.0, 5.0]])?;
/// assert_eq!((found.counts, found.bin_edges), (vec![2, 2], vec![1.0, 3.0, 5.0]));
/// let found = reference(&Histogram::by(Rule::Sturges), &[&[1.0, 2.0, 3.0, 5.0]])?;
/// assert_eq!(found.counts, vec![2, 1, 1]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// How many bins of one width there are, 65,536 at most, or a rule for that: auto, fd, doane, scott, rice, sturges or sqrt; 10
    /// if not given.
    #[serde(default)]
    pub bins: Option<Bins>,
    /// Where each bin begins and where the last one ends, 2 to 65,537 numbers, none below the one before: instead of `bins` and
    /// `range`.
    #[serde(default)]
    #[schemars(length(min = 2, max = 65_537))]
    pub edges: Option<Vec<f64>>,
    /// Two numbers: where the first bin begins and the last one ends; the smallest and the largest value if not given.
    #[serde(default)]
    #[schemars(length(min = 2, max = 2))]
    pub range: Option<Vec<f64>>,
    /// Whether to tell the density too: each count over the width of its bin and the sum of all counts.
    #[serde(default)]
    pub density: bool,
    /// What an earlier reading has found out of the smallest and the largest value.
    #[serde(skip)]
    extent: Option<[f64; 2]>,
    /// What an earlier reading has found out of the quartiles.
    #[serde(skip)]
    within: Option<Intervals>,
}

/// A number of bins, or a rule for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "`bins` must be a whole number from 1 to 65,536, or one of auto, fd, doane, scott, rice, sturges and sqrt"
)]
pub enum Bins {
    /// So many.
    Count(#[schemars(range(min = 1, max = BINS_MAX))] u32),
    /// As many as a rule says.
    Rule(Rule),
}

/// Bins where nothing is said of them.
const TEN: Bins = Bins::Count(10);

impl Histogram {
    /// So many bins between the smallest and the largest value.
    pub fn of(bins: u32) -> Self {
        Self { bins: Some(Bins::Count(bins)), ..Self::default() }
    }

    /// Bins between the smallest and the largest value, as many as a rule says.
    pub fn by(rule: Rule) -> Self {
        Self { bins: Some(Bins::Rule(rule)), ..Self::default() }
    }

    /// Bins between neighbours of these edges.
    pub fn between(edges: impl Into<Vec<f64>>) -> Self {
        Self { edges: Some(edges.into()), ..Self::default() }
    }

    /// The range that was given, if it can be one; nothing that `edges` stand for may be given beside them.
    fn given(&self) -> Result<Option<[f64; 2]>> {
        let beside = |name| Reject::Parameter {
            name,
            value: "given beside `edges`".to_owned(),
            expected: "left out then, or `edges` be left out",
        };
        let refuse = |value, expected| Err(Reject::Parameter { name: "range", value, expected });
        if self.edges.is_some() && self.bins.is_some() {
            return Err(beside("bins"));
        }
        match self.range.as_deref() {
            None => Ok(None),
            Some(_) if self.edges.is_some() => Err(beside("range")),
            Some(&[low, high]) => Ok(Some([low, high])),
            Some(range) => refuse(format!("a list of {}", range.len()), "two numbers"),
        }
    }

    /// So many bins, once it is known where they begin and end.
    fn edges_of(&self, count: u32, range: Option<[f64; 2]>) -> Result<Either<(), Edges>> {
        if !(1..=BINS_MAX).contains(&count) {
            let (value, expected) = (count.to_string(), "from 1 to 65,536");
            return Err(Reject::Parameter { name: "bins", value, expected });
        }
        let Some([low, high]) = range.or(self.extent) else { return Ok(Either::First(())) };
        let [from, to] = outer_edges([low, high]);
        let edges = Edges::new(from, to, count).ok_or_else(|| Reject::Parameter {
            name: "range",
            value: format!(
                "{}{low:?} to {high:?}, for {count} bins",
                if range.is_some() { "" } else { "not given, and the values are " }
            ),
            expected: "two numbers, the lower one first, with bins that doubles can tell apart and measure between them",
        })?;
        Ok(Either::Second(edges))
    }

    /// What a rule must know of the values.
    fn look(&self, rule: Rule, range: Option<[f64; 2]>, shape: &Shape<'_>) -> Look {
        let ends = range.map_or([f64::MIN, f64::MAX], outer_edges);
        let sample: Vec<f64> = shape.sample.iter().copied().filter(|x| ends[0] <= *x && *x <= ends[1]).collect();
        let around = || match rule.fractions() {
            [] => Intervals::apart(Vec::new()),
            fractions => Intervals::around(fractions, &Shape { sample: &sample, ..*shape }),
        };
        Look { ends, order: rule.order(), intervals: self.within.clone().unwrap_or_else(around) }
    }

    /// The next reading, after the first one of a number of bins.
    fn after_extrema(&self, extrema: &Extrema) -> Result<Self> {
        let (min, max) = extrema.min().zip(extrema.max()).ok_or(Reject::Empty)?;
        let (min, max) = (min.0.to_f64(), max.0.to_f64());
        if min.is_finite() && max.is_finite() {
            Ok(Self { extent: Some([min, max]), ..self.clone() })
        } else {
            Err(no_range())
        }
    }

    /// The next reading, after one for a rule.
    fn after_look(&self, rule: Rule, values: &Inside) -> Result<Self> {
        let extent = match self.given()? {
            Some(range) => range,
            None if values.outside() > 0 => return Err(no_range()),
            None => values.extremes().ok_or(Reject::Empty)?,
        };
        let width = match rule.width(values) {
            Ok(width) => width,
            Err(within) => return Ok(Self { within: Some(within), ..self.clone() }),
        };
        let [low, high] = outer_edges(extent);
        let count = if width > 0.0 { ((high - low) / width).ceil() } else { 1.0 };
        if count > f64::from(BINS_MAX) {
            return Err(Reject::Parameter {
                name: "bins",
                value: format!("a rule that asks for {count:e} bins of width {width:e} from {low:?} to {high:?}"),
                expected: "a rule of 65,536 bins at most, or a number of bins, or `range` a narrower one",
            });
        }
        Ok(Self { bins: Some(Bins::Count(count.max(1.0) as u32)), extent: Some(extent), ..self.clone() })
    }

    fn answer(&self, bin_edges: Vec<f64>, found: &Found, weights: Option<Vec<f64>>) -> Counts {
        let Found { bins, below, above, nan } = found.clone();
        let density = self.density.then(|| match &weights {
            Some(weights) => density(&bin_edges, weights, weights.iter().sum()),
            None => {
                let sum = bins.iter().fold(0u64, |sum, count| sum.saturating_add(*count));
                let counts: Vec<f64> = bins.iter().map(|count| *count as f64).collect();
                density(&bin_edges, &counts, sum as f64)
            }
        });
        Counts { counts: bins, weights: weights.map(Series), density, bin_edges, below, above, nan }
    }
}

/// What is in each bin over its width and all that there is.
fn density(edges: &[f64], held: &[f64], all: f64) -> Series {
    Series(held.iter().zip(edges.windows(2)).map(|(held, edges)| held / (edges[1] - edges[0]) / all).collect())
}

/// Where the bins begin and end: half a unit to either side where both are the same.
pub(super) fn outer_edges([low, high]: [f64; 2]) -> [f64; 2] {
    let aside = if low == high { 0.5 } else { 0.0 };
    [low - aside, high + aside]
}

/// Rules look at rows and not at their weights.
fn no_rule() -> Reject {
    let expected = "a number of bins where there are weights, or `edges` be given";
    Reject::Parameter { name: "bins", value: "a rule".to_owned(), expected }
}

/// There is a value that no range from the smallest to the largest can hold.
pub(super) fn no_range() -> Reject {
    Reject::Parameter {
        name: "range",
        value: "not given, and a NaN or an infinity is among the values".to_owned(),
        expected: "two finite numbers then; nan = omit leaves NaN out, and no infinities",
    }
}

/// Counts of values.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Counts {
    /// Values in each bin.
    pub counts: Vec<u64>,
    /// The sum of the weights in each bin, where there are weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Series>,
    /// The density in each bin, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<Series>,
    /// Where each bin begins, and where the last one ends: one more than there are bins.
    pub bin_edges: Vec<f64>,
    /// Values below the first bin.
    pub below: u64,
    /// Values above the last bin.
    pub above: u64,
    /// How many values are NaN.
    pub nan: u64,
}

/// Counts in bins of one width, or between any edges, or with weights.
type Counted = Either<partials::Histogram, Either<BorderCounts, WeightedHistogram>>;

/// How these begin.
type Counting = Either<Edges, Either<Borders, Either<Edges, Borders>>>;

impl Kernel for Histogram {
    const SPEC: Spec = Spec::new("histogram", Category::Histogram).weighable().rereads().references(&[
        "D. Freedman, P. Diaconis, On the Histogram as a Density Estimator: L2 Theory, Z. Wahrsch. 57, 1981",
        "D. W. Scott, On Optimal and Data-Based Histograms, Biometrika 66(3), 1979",
        "H. A. Sturges, The Choice of a Class Interval, J. Am. Stat. Assoc. 21(153), 1926",
        "D. P. Doane, Aesthetic Frequency Classifications, The American Statistician 30(4), 1976",
    ]);
    type Pass = Either<Either<Extrema, Inside>, Counted>;
    type Output = Counts;

    fn wants_sample(&self) -> bool {
        self.edges.is_none() && matches!(self.bins, Some(Bins::Rule(rule)) if !rule.fractions().is_empty())
    }

    fn pass(&self, shape: &Shape<'_>) -> Result<Either<Either<(), Look>, Counting>> {
        let (range, is_weighted) = (self.given()?, Self::SPEC.is_weighted(shape.columns));
        if let Some(edges) = &self.edges {
            let borders = Borders::new(edges.clone()).ok_or_else(|| Reject::Parameter {
                name: "edges",
                value: format!("a list of {}", edges.len()),
                expected: "2 to 65,537 finite numbers, none below the one before",
            })?;
            return Ok(Either::Second(match is_weighted {
                true => Either::Second(Either::Second(Either::Second(borders))),
                false => Either::Second(Either::First(borders)),
            }));
        }
        Ok(match self.bins.unwrap_or(TEN) {
            Bins::Rule(_) if is_weighted => return Err(no_rule()),
            Bins::Rule(rule) => {
                // A range that can have no bins is refused before a reading.
                self.edges_of(1, range)?;
                Either::First(Either::Second(self.look(rule, range, shape)))
            }
            Bins::Count(count) => match self.edges_of(count, range)? {
                Either::First(()) => Either::First(Either::First(())),
                Either::Second(edges) if is_weighted => {
                    Either::Second(Either::Second(Either::Second(Either::First(edges))))
                }
                Either::Second(edges) => Either::Second(Either::First(edges)),
            },
        })
    }

    fn finish(&self, pass: &Self::Pass) -> Result<Next<Self>> {
        match pass {
            Either::First(Either::First(extrema)) => self.after_extrema(extrema).map(Next::Again),
            Either::First(Either::Second(values)) => match self.bins.unwrap_or(TEN) {
                Bins::Rule(rule) => self.after_look(rule, values).map(Next::Again),
                Bins::Count(_) => Err(Reject::Kernel("it has looked at values for no rule")),
            },
            Either::Second(Either::First(found)) => {
                Ok(Next::Done(self.answer(found.edges().all(), found.counts(), None)))
            }
            Either::Second(Either::Second(Either::First(found))) => {
                Ok(Next::Done(self.answer(found.borders().all().to_vec(), found.counts(), None)))
            }
            Either::Second(Either::Second(Either::Second(found))) => {
                let found = found.checked()?;
                Ok(Next::Done(self.answer(found.edges(), found.counts(), Some(found.weights()))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{Block, Column, Partial, reference};

    const RULES: [Rule; 7] = [Rule::Auto, Rule::Fd, Rule::Doane, Rule::Scott, Rule::Rice, Rule::Sturges, Rule::Sqrt];

    fn within(range: [f64; 2], histogram: Histogram) -> Histogram {
        Histogram { range: Some(range.to_vec()), ..histogram }
    }

    /// Squares in another order, over 64.
    fn squares(n: u32) -> Vec<f64> {
        (0..n).map(|i| f64::from(i * 7919 % 3001)).map(|k| k * k / 64.0).collect()
    }

    /// `np.histogram([1, 2, 2.5, 7, 7.5, 8], bins=3)` and with `range=(2, 7)`, NumPy 2.4.
    #[test]
    fn numpys_counts_and_edges() {
        let x = [1.0, 2.0, 2.5, 7.0, 7.5, 8.0];
        let found = reference(&Histogram::of(3), &[&x]).unwrap();
        assert_eq!((found.counts, found.bin_edges), (vec![3, 0, 3], vec![1.0, 10.0 / 3.0, 17.0 / 3.0, 8.0]));
        assert_eq!(found.density, None);
        let found = reference(&within([2.0, 7.0], Histogram::of(3)), &[&x]).unwrap();
        assert_eq!((found.counts, found.below, found.above, found.nan), (vec![2, 0, 1], 1, 2, 0));
    }

    /// NumPy 2.4: `len(np.histogram(k * k / 64, bins=rule)[0])` with `k = np.arange(n) * 7919 % 3001`, and with
    /// `range=(1000, 60000)`.
    #[test]
    fn numpys_numbers_of_bins() {
        for (n, whole, part) in [
            (1, [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1]),
            (2, [2, 2, 1, 1, 3, 2, 2], [1, 1, 1, 1, 1, 1, 1]),
            (3, [3, 2, 4, 1, 3, 3, 2], [3, 2, 1, 1, 4, 3, 2]),
            (8, [4, 3, 5, 2, 4, 4, 3], [4, 2, 4, 2, 4, 4, 3]),
            (27, [6, 4, 8, 3, 6, 6, 6], [6, 3, 7, 3, 6, 6, 5]),
            (64, [7, 5, 9, 4, 8, 7, 8], [7, 4, 8, 4, 7, 7, 7]),
            (65, [8, 4, 9, 4, 9, 8, 9], [7, 4, 8, 4, 7, 7, 7]),
            (1000, [11, 10, 15, 10, 20, 11, 32], [11, 9, 13, 9, 17, 11, 24]),
            (1024, [11, 11, 15, 10, 21, 11, 32], [11, 9, 13, 9, 17, 11, 25]),
            (2048, [13, 13, 16, 13, 26, 12, 46], [12, 11, 15, 11, 22, 12, 35]),
        ] {
            if cfg!(miri) && n > 100 {
                continue;
            }
            let x = squares(n);
            for (i, rule) in RULES.into_iter().enumerate() {
                let bins = |histogram: Histogram| reference(&histogram, &[&x]).unwrap().counts.len();
                assert_eq!(bins(Histogram::by(rule)), whole[i], "{rule:?} of {n}");
                assert_eq!(bins(within([1000.0, 60000.0], Histogram::by(rule))), part[i], "{rule:?} of a part of {n}");
            }
        }
    }

    /// The same for 1,000 values: `np.histogram(x, bins="fd")[0]`, and with `range=(1000, 60000)`.
    #[test]
    fn numpys_counts_by_rule() {
        let x = squares(1000);
        let found = reference(&Histogram::by(Rule::Fd), &[&x]).unwrap();
        assert_eq!(found.counts, [316, 131, 100, 85, 74, 69, 61, 57, 55, 52]);
        let found = reference(&within([1000.0, 60000.0], Histogram::by(Rule::Fd)), &[&x]).unwrap();
        assert_eq!(found.counts, [147, 86, 66, 57, 49, 46, 42, 39, 37]);
        assert_eq!(found.counts.iter().sum::<u64>() + found.below + found.above, 1000);
    }

    #[test]
    fn a_sample_that_misleads_costs_a_reading() {
        let x = squares(1000);
        let (mut kernel, mut readings) = (Histogram::by(Rule::Fd), 0);
        assert!(kernel.wants_sample() && !Histogram::by(Rule::Rice).wants_sample());
        let found = loop {
            readings += 1;
            let shape = Shape { rows: Some(1 << 40), columns: 1, sample: &[1e9; 100] };
            let mut pass = <Histogram as Kernel>::Pass::begin(&kernel.pass(&shape).unwrap());
            Partial::absorb(&mut pass, &Block::new(&[Column::of(&x)], 0));
            match kernel.finish(&pass).unwrap() {
                Next::Again(narrower) => kernel = narrower,
                Next::Done(found) => break found,
                Next::Emit(_) | Next::Whole(_) => panic!("it writes no columns"),
            }
        };
        assert_eq!((readings, found), (3, reference(&Histogram::by(Rule::Fd), &[&x]).unwrap()));
    }

    /// NumPy 2.4 makes one bin of what has no width.
    #[test]
    fn rules_of_values_without_width() {
        for rule in RULES {
            let found = reference(&Histogram::by(rule), &[&[5.0; 9]]).unwrap();
            assert_eq!((found.counts, found.bin_edges), (vec![9], vec![4.5, 5.5]));
            let found = reference(&within([0.0, 10.0], Histogram::by(rule)), &[&[5.0; 9]]).unwrap();
            assert_eq!((found.counts, found.bin_edges), (vec![9], vec![0.0, 10.0]));
            let found = reference(&within([0.0, 10.0], Histogram::by(rule)), &[&[11.0, f64::NAN]]).unwrap();
            assert_eq!((found.counts, found.above, found.nan), (vec![0], 1, 1));
            assert_eq!(reference(&Histogram::by(rule), &[&[]]), Err(Reject::Empty));
        }
    }

    /// NumPy 2.4: `np.histogram([1, 2, 2, 3, 9], bins=…, density=True)` with `[1, 2, 2, 3, 5]` and 3, and
    /// `np.histogram([1, 2, 2, 3, 9, nan, inf, -inf], bins=[1, 2, 2.5, 9])`.
    #[test]
    fn edges_and_density() {
        let x = [1.0, 2.0, 2.0, 3.0, 9.0];
        let dense = |histogram: Histogram| Histogram { density: true, ..histogram };
        let found = reference(&dense(Histogram::between([1.0, 2.0, 2.0, 3.0, 5.0])), &[&x]).unwrap();
        assert_eq!(found.counts, [1, 0, 2, 1]);
        let density = found.density.unwrap();
        assert!((density[0], density[2], density[3]) == (0.25, 0.5, 0.125) && density[1].is_nan());
        let found = reference(&dense(Histogram::of(3)), &[&x]).unwrap();
        assert!(found.density.unwrap().iter().zip([0.3, 0.0, 0.075]).all(|(a, b)| (a - b).abs() < 1e-16));
        let x = [1.0, 2.0, 2.0, 3.0, 9.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let found = reference(&Histogram::between([1.0, 2.0, 2.5, 9.0]), &[&x]).unwrap();
        assert_eq!((found.counts, found.below, found.above, found.nan), (vec![1, 2, 2], 1, 1, 1));
        assert_eq!(reference(&Histogram::between([0.0, 1.0]), &[&[]]).map(|found| found.counts), Ok(vec![0]));
    }

    /// NumPy 2.4: `np.histogram([1, 2, 2.5, 7, 7.5, 8], …, weights=w, density=…)`.
    #[test]
    fn weights_are_numpys() {
        let (x, w) = ([1.0, 2.0, 2.5, 7.0, 7.5, 8.0], [0.5, 1.0, 0.0, 2.0, 4.0, 8.25]);
        let weighted = |histogram: Histogram| reference(&histogram, &[&x, &w]).unwrap();
        let found = weighted(Histogram { density: true, ..Histogram::of(3) });
        assert_eq!((found.counts, found.weights), (vec![2, 0, 3], Some(Series(vec![1.5, 0.0, 14.25]))));
        let expected = [0.040_816_326_530_612_24, 0.0, 0.387_755_102_040_816_3];
        assert!(found.density.unwrap().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-16));
        let found = weighted(Histogram::between([2.0, 7.0, 7.5]));
        assert_eq!((found.weights, found.below, found.above), (Some(Series(vec![1.0, 6.0])), 1, 1));
        // The bins are those of all values, and what has no weight is in none.
        let found = reference(&Histogram::of(2), &[&[1.0, 5.0, 3.0], &[0.0, 0.0, 2.0]]).unwrap();
        assert_eq!((found.bin_edges, found.counts), (vec![1.0, 3.0, 5.0], vec![0, 1]));
        let refused = |histogram: Histogram, w: &[f64]| reference(&histogram, &[&[1.0, 2.0], w]).unwrap_err();
        assert_eq!(refused(Histogram::of(2), &[1.0, -1.0]), Reject::Weight { row: 1 });
        assert!(matches!(refused(Histogram::by(Rule::Fd), &[1.0; 2]), Reject::Parameter { name: "bins", .. }));
    }

    #[test]
    fn a_constant_is_in_the_middle_of_a_unit() {
        let found = reference(&Histogram::default(), &[&[3.0; 7]]).unwrap();
        assert_eq!((found.counts[5], found.bin_edges[0], found.bin_edges[10]), (7, 2.5, 3.5));
        let found = reference(&within([2.0; 2], Histogram::of(1)), &[&[2.0, 3.0]]).unwrap();
        assert_eq!((found.counts, found.above), (vec![1], 1));
    }

    #[test]
    fn what_has_no_range_is_refused() {
        let refused = |histogram: Histogram, x: &[f64]| match reference(&histogram, &[x]) {
            Err(Reject::Parameter { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        for histogram in [Histogram::default(), Histogram::by(Rule::Sqrt)] {
            assert_eq!(refused(histogram.clone(), &[1.0, f64::NAN]), "range");
            assert_eq!(refused(histogram.clone(), &[1.0, f64::INFINITY]), "range");
            assert_eq!(refused(Histogram { range: Some(vec![0.0]), ..histogram.clone() }, &[1.0]), "range");
            assert_eq!(refused(within([2.0, 1.0], histogram.clone()), &[1.0]), "range");
            assert_eq!(refused(within([0.0, f64::NAN], histogram), &[1.0]), "range");
        }
        assert_eq!(refused(Histogram::default(), &[1e16; 3]), "range");
        assert_eq!(refused(Histogram::of(0), &[1.0, 2.0]), "bins");
        assert_eq!(refused(Histogram::of(65_537), &[1.0, 2.0]), "bins");
        assert_eq!(refused(Histogram::between([1.0]), &[1.0, 2.0]), "edges");
        assert_eq!(refused(Histogram::between([2.0, 1.0]), &[1.0, 2.0]), "edges");
        assert_eq!(refused(within([0.0, 1.0], Histogram::between([0.0, 1.0])), &[1.0, 2.0]), "range");
        assert_eq!(reference(&Histogram::default(), &[&[]]), Err(Reject::Empty));
        let found = reference(&within([0.0, 1.0], Histogram::of(1)), &[&[f64::NAN, 0.5, f64::INFINITY]]).unwrap();
        assert_eq!((found.nan, found.above), (1, 1));
    }

    #[test]
    fn a_rule_of_too_many_bins_is_refused() {
        // Half of the values are near each other and one is far away: NumPy asks for 150,157 bins.
        let mut x: Vec<f64> = (0..8).map(f64::from).collect();
        x.push(577_500.0);
        let refused = reference(&Histogram::by(Rule::Fd), &[&x]);
        assert!(matches!(refused, Err(Reject::Parameter { name: "bins", .. })), "{refused:?}");
        assert!(reference(&within([0.0, 10.0], Histogram::by(Rule::Fd)), &[&x]).is_ok());
    }

    #[test]
    fn a_number_or_a_name() {
        let read = |text| serde_json::from_str::<Histogram>(text).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"bins": 7}"#), Ok(Histogram::of(7)));
        assert_eq!(read(r#"{"bins": "doane"}"#), Ok(Histogram::by(Rule::Doane)));
        for other in [r#"{"bins": "stone"}"#, r#"{"bins": 2.5}"#, r#"{"bins": -1}"#] {
            assert!(read(other).unwrap_err().starts_with("`bins` must be a whole number from 1 to 65,536, or one of"));
        }
    }
}
