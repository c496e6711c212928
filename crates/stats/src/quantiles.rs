//! Quantiles from ranks: the nine definitions of Hyndman and Fan, and NumPy's four besides.
//!
//! R. J. Hyndman, Y. Fan, Sample Quantiles in Statistical Packages, The American Statistician 50(4), 1996.

use crate::partials::{Brackets, Cells, Intervals, Rank, Share, WeightedRanks};
use echoes_kernel::{Either, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a quantile between two values is defined, by NumPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Hyndman and Fan's type 1.
    InvertedCdf,
    /// Type 2.
    AveragedInvertedCdf,
    /// Type 3.
    ClosestObservation,
    /// Type 4.
    InterpolatedInvertedCdf,
    /// Type 5.
    Hazen,
    /// Type 6.
    Weibull,
    /// Type 7: the usual one, linear between the order statistics.
    #[default]
    Linear,
    /// Type 8: recommended by Hyndman and Fan.
    MedianUnbiased,
    /// Type 9.
    NormalUnbiased,
    /// The value below.
    Lower,
    /// The value above.
    Higher,
    /// Halfway between both.
    Midpoint,
    /// The nearer one; the even rank of two equally near.
    Nearest,
}

impl Method {
    /// The position of fraction `q` among `n` values: the rank below, from 0, and how far on to the next.
    pub(crate) fn position(self, q: f64, n: u64) -> (u64, f64) {
        let size = n as f64;
        let between = |alpha: f64, beta: f64| size * q + (alpha + q * (1.0 - alpha - beta)) - 1.0;
        let virtual_rank = match self {
            Self::InvertedCdf => (size * q).ceil() - 1.0,
            Self::AveragedInvertedCdf => {
                let rank = size * q;
                if rank == rank.floor() { rank - 0.5 } else { rank.ceil() - 1.0 }
            }
            Self::ClosestObservation => (size * q - 1.0).round_ties_even_from_one(),
            Self::InterpolatedInvertedCdf => between(0.0, 1.0),
            Self::Hazen => between(0.5, 0.5),
            Self::Weibull => between(0.0, 0.0),
            Self::MedianUnbiased => between(1.0 / 3.0, 1.0 / 3.0),
            Self::NormalUnbiased => between(0.375, 0.375),
            Self::Linear => (size - 1.0) * q,
            Self::Lower => ((size - 1.0) * q).floor(),
            Self::Higher => ((size - 1.0) * q).ceil(),
            Self::Midpoint => {
                let rank = (size - 1.0) * q;
                (rank.floor() + rank.ceil()) / 2.0
            }
            Self::Nearest => ((size - 1.0) * q).round_ties_even(),
        };
        let rank = virtual_rank.clamp(0.0, (size - 1.0).max(0.0));
        (rank.floor() as u64, rank.fract())
    }
}

/// Type 3 rounds halves to the even rank, counted from 1.
trait RoundFromOne {
    fn round_ties_even_from_one(self) -> f64;
}

impl RoundFromOne for f64 {
    fn round_ties_even_from_one(self) -> f64 {
        (self + 1.0).round_ties_even() - 1.0
    }
}

/// The quantiles at fractions `q`, or the intervals that another reading must bracket. NaN in the data spreads; of no
/// values it is NaN.
pub(crate) fn quantiles(brackets: &Brackets, q: &[f64], method: Method) -> std::result::Result<Vec<f64>, Intervals> {
    if brackets.nans() > 0 || brackets.count() == 0 {
        return Ok(vec![f64::NAN; q.len()]);
    }
    let positions: Vec<_> = q.iter().map(|&q| method.position(q, brackets.count())).collect();
    let mut ranks: Vec<u64> = positions.iter().flat_map(|&(rank, _)| [rank, rank + 1]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let found = values_of_ranks(brackets, &ranks)?;
    let value = |rank: u64| ranks.binary_search(&rank).map_or(f64::NAN, |at| found[at]);
    Ok(positions.iter().map(|&(rank, part)| between(value(rank), value(rank + 1), part)).collect())
}

/// What quantiles are found in: brackets, or with weights ranks by them.
pub(crate) type Ranked = Either<Brackets, WeightedRanks>;

/// How that begins.
pub(crate) type Ranking = Either<Intervals, Cells>;

/// The first reading for quantiles at fractions `q`.
pub(crate) fn first_reading(spec: &Spec, shape: &Shape<'_>, q: &[f64]) -> Ranking {
    match spec.is_weighted(shape.columns) {
        true => Either::Second(Cells::everything()),
        false => Either::First(Intervals::around(q, shape)),
    }
}

/// The quantiles at fractions `q` after a reading, or how the next one begins.
pub(crate) fn after_reading(ranked: &Ranked, q: &[f64], method: Option<Method>) -> Result<Either<Vec<f64>, Ranking>> {
    match ranked {
        Either::First(brackets) if brackets.count() + brackets.nans() == 0 => Err(Reject::Empty),
        Either::First(brackets) => Ok(match quantiles(brackets, q, method.unwrap_or_default()) {
            Ok(values) => Either::First(values),
            Err(within) => Either::Second(Either::First(within)),
        }),
        Either::Second(ranks) => Ok(match AtTie::of(method)?.quantiles(ranks, q)? {
            Either::First(values) => Either::First(values),
            Either::Second(within) => Either::Second(Either::Second(within)),
        }),
    }
}

/// How a quantile by weight is defined where the weights come to just the fraction asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtTie {
    /// It is that value: Hyndman and Fan's type 1.
    This,
    /// It is halfway to the next value: type 2.
    Halfway,
}

impl AtTie {
    /// What a method says of weights. Most ask for distances between ranks, which weights have in some unit only.
    pub(crate) fn of(method: Option<Method>) -> Result<Self> {
        match method {
            Some(Method::InvertedCdf) => Ok(Self::This),
            None | Some(Method::AveragedInvertedCdf) => Ok(Self::Halfway),
            Some(_) => Err(Reject::Parameter {
                name: "method",
                value: "one that looks between ranks".to_owned(),
                expected: "inverted_cdf or averaged_inverted_cdf where there are weights",
            }),
        }
    }

    /// The quantiles at fractions `q` of the weight: the smallest values with which the weights come to so much. Or the cells that
    /// another reading must keep. NaN in the data spreads.
    pub(crate) fn quantiles(self, ranks: &WeightedRanks, q: &[f64]) -> Result<Either<Vec<f64>, Cells>> {
        if ranks.checked()?.count() == 0 {
            return Err(Reject::Empty);
        }
        if ranks.nans() > 0 {
            return Ok(Either::First(vec![f64::NAN; q.len()]));
        }
        let reached: fn(f64) -> Vec<Share> = match self {
            Self::This => |weight| vec![Share::Of(weight)],
            Self::Halfway => |weight| vec![Share::Of(weight), Share::Beyond(weight)],
        };
        let mut rising: Vec<f64> = q.to_vec();
        rising.sort_unstable_by(f64::total_cmp);
        // All of the weight: no sum of it, which may be rounded, is what the largest value is told by.
        let part = |q: f64, weight: f64| if q < 1.0 { q * weight } else { f64::INFINITY };
        let found = ranks.values(|weight| rising.iter().flat_map(|&q| reached(part(q, weight))).collect());
        let values = match found {
            Err(cells) => return Ok(Either::Second(cells)),
            Ok(values) => values,
        };
        let at = |q: &f64| {
            let at = rising.partition_point(|other| other < q);
            match self {
                Self::This => values[at],
                Self::Halfway => between(values[2 * at], values[2 * at + 1], 0.5),
            }
        };
        Ok(Either::First(q.iter().map(at).collect()))
    }
}

/// The values of rising ranks, or the intervals that another reading must bracket.
pub(crate) fn values_of_ranks(brackets: &Brackets, ranks: &[u64]) -> std::result::Result<Vec<f64>, Intervals> {
    let found = brackets.ranks(ranks);
    let missed: Vec<[f64; 2]> =
        found.iter().filter_map(|rank| if let Rank::Within(i) = rank { Some(*i) } else { None }).collect();
    let known = found.iter().filter_map(|rank| if let Rank::Value(v) = rank { Some(*v) } else { None });
    if missed.is_empty() {
        return Ok(known.collect());
    }
    Err(Intervals::apart(missed.iter().copied().chain(known.map(|v| [v, v])).collect()))
}

/// `a + (b − a) part`, from the nearer end, so that it is exact at both and monotonic; halfway rounded once.
pub(crate) fn between(a: f64, b: f64, part: f64) -> f64 {
    if part == 0.0 || a == b {
        a
    } else if part == 0.5 {
        a.midpoint(b)
    } else if !(b - a).is_finite() {
        // Further apart than a double can say.
        a * (1.0 - part) + b * part
    } else if part < 0.5 {
        a + (b - a) * part
    } else {
        b - (b - a) * (1.0 - part)
    }
}
