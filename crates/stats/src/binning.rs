//! How wide bins should be: the rules of NumPy's `histogram_bin_edges`.

use crate::{
    Method,
    partials::{Inside, Intervals, Order},
    quantiles::quantiles,
    special::{ln_of, power_of},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::{LOG2_E, PI};

/// A rule for the width of bins, by NumPy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The narrower of `sturges` and `fd`, the latter not below half of `sqrt`.
    Auto,
    /// Freedman and Diaconis: twice the interquartile range over the cube root of the number of values.
    Fd,
    /// Doane: that of `sturges` with more bins for skewed data.
    Doane,
    /// Scott: 3.49 standard deviations over the cube root of the number of values.
    Scott,
    /// Twice the cube root of the number of values bins.
    Rice,
    /// Sturges: `log₂ n + 1` bins.
    Sturges,
    /// The square root of the number of values bins.
    Sqrt,
}

impl Rule {
    /// The highest moment that it asks for.
    pub(crate) const fn order(self) -> Order {
        match self {
            Self::Doane => Order::Fourth,
            Self::Scott => Order::Second,
            _ => Order::First,
        }
    }

    /// The fractions whose quantiles it asks for.
    pub(crate) const fn fractions(self) -> &'static [f64] {
        match self {
            Self::Auto | Self::Fd => &[0.25, 0.75],
            _ => &[],
        }
    }

    /// How wide the bins should be; zero where the rule does not tell, as of values that are all the same. Or where the quartiles
    /// must be looked for.
    pub(crate) fn width(self, values: &Inside) -> Result<f64, Intervals> {
        let Some([min, max]) = values.extremes() else { return Ok(0.0) };
        let quartiles = quantiles(values.brackets(), self.fractions(), Method::Linear)?;
        let (n, span) = (values.count() as f64, max - min);
        let std = values.moments().std(0.0).unwrap_or_default();
        let sturges = || span / (log2(n) + 1.0);
        let sqrt = || span / n.sqrt();
        let fd =
            || 2.0 * quartiles.last().zip(quartiles.first()).map_or(0.0, |(q3, q1)| q3 - q1) * power_of(n, -1.0 / 3.0);
        Ok(match self {
            Self::Auto => fd().max(sqrt() / 2.0).min(sturges()),
            Self::Fd => fd(),
            Self::Doane if n > 2.0 && std > 0.0 => {
                let error = (6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0))).sqrt();
                let skewness = values.moments().skewness(true).unwrap_or_default();
                span / (1.0 + log2(n) + log2(1.0 + skewness.abs() / error))
            }
            Self::Doane => 0.0,
            Self::Scott => power_of(24.0 * PI.sqrt() / n, 1.0 / 3.0) * std,
            Self::Rice => span / (2.0 * power_of(n, 1.0 / 3.0)),
            Self::Sturges => sturges(),
            Self::Sqrt => sqrt(),
        })
    }
}

/// The binary logarithm of a number from 1 on, exact for powers of two.
fn log2(x: f64) -> f64 {
    let exponent = ((x.to_bits() >> 52) as i32 - 1023).clamp(0, 1023);
    let fraction = x / f64::from_bits(((exponent + 1023) as u64) << 52);
    f64::from(exponent) + ln_of(fraction) * LOG2_E
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_powers_of_two_are_whole() {
        assert!((0..60).all(|k| log2((1u64 << k) as f64) == f64::from(k)));
        assert!([1.5, 3.0, 10.0, 1e6, 1e300].iter().all(|x: &f64| (log2(*x) - x.log2()).abs() <= 1e-15 * x.log2()));
    }
}
