//! The number of different values.

use crate::partials::Registers;
use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// About how many different values there are, by HyperLogLog.
///
/// One reading in `2^lg_k` bytes, whatever the rows; the same bits for any order of them. The estimate has a relative standard error
/// of `1.04 / 2^(lg_k / 2)`, a few values are counted exactly in all likelihood; the bounds, 1.96 standard errors away, hold in 95 of 100
/// cases. −0 and 0 are one value, and so are all NaN; with NaN omitted they are none. Whole numbers beyond 2⁵³ are told apart.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::sketch::Distinct;
/// let x: Vec<f64> = (0..1000).map(|i| f64::from(i % 50)).collect();
/// assert_eq!(reference(&Distinct::default(), &[&x])?.estimate, 50);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distinct {
    /// The binary logarithm of the number of registers, from 4 to 18.
    #[serde(default = "fourteen")]
    #[schemars(range(min = 4, max = 18))]
    pub lg_k: u8,
}

const fn fourteen() -> u8 {
    14
}

impl Default for Distinct {
    fn default() -> Self {
        Self { lg_k: fourteen() }
    }
}

/// An estimated number, and how far off it may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct EstimatedNumber {
    /// The estimate.
    pub estimate: u64,
    /// There are at least so many, in 97.5 of 100 cases.
    pub lower: u64,
    /// There are at most so many, in 97.5 of 100 cases.
    pub upper: u64,
    /// The standard deviation of the estimate, as a share of it.
    pub relative_standard_error: f64,
}

impl Kernel for Distinct {
    const SPEC: Spec = Spec::new("distinct", Category::Sketch).references(&[
        "P. Flajolet, É. Fusy, O. Gandouet, F. Meunier, HyperLogLog: The Analysis of a Near-Optimal Cardinality Estimation Algorithm, \
         AofA 2007",
        "O. Ertl, New Cardinality Estimation Algorithms for HyperLogLog Sketches, arXiv 1702.01284, 2017",
    ]);
    type Pass = Registers;
    type Output = EstimatedNumber;

    fn pass(&self, _: &Shape<'_>) -> Result<u8> {
        match self.lg_k {
            4..=18 => Ok(self.lg_k),
            other => Err(Reject::Parameter { name: "lg_k", value: other.to_string(), expected: "from 4 to 18" }),
        }
    }

    fn finish(&self, registers: &Registers) -> Result<Next<Self>> {
        let (estimate, error) = (registers.estimate(), Registers::relative_standard_error(self.lg_k));
        Ok(Next::Done(EstimatedNumber {
            estimate: estimate.round() as u64,
            lower: ((estimate / (1.0 + 1.96 * error)).floor() as u64).max(registers.used()),
            upper: (estimate / (1.0 - 1.96 * error)).ceil() as u64,
            relative_standard_error: error,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    fn distinct(x: &[f64]) -> EstimatedNumber {
        reference(&Distinct::default(), &[x]).unwrap()
    }

    #[test]
    fn few_values_are_counted() {
        let none = distinct(&[]);
        assert_eq!((none.estimate, none.lower, none.upper), (0, 0, 0));
        assert_eq!((distinct(&[7.0]).estimate, distinct(&[0.1; 50]).estimate), (1, 1));
        assert_eq!(distinct(&[f64::NAN, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0]).estimate, 5);
    }

    #[test]
    fn the_bounds_hold_as_often_as_they_say() {
        let kernel = Distinct { lg_k: 6 };
        let tries = if cfg!(miri) { 2 } else { 200 };
        let held = (0..tries).filter(|t| {
            let x: Vec<f64> = (0..1000).map(|i| f64::from(t * 1000 + i)).collect();
            let found = reference(&kernel, &[&x]).unwrap();
            (found.lower..=found.upper).contains(&1000)
        });
        let held = held.count();
        assert!(held >= tries as usize * 91 / 100, "{held} of {tries}");
    }

    #[test]
    fn other_sizes_are_refused() {
        for lg_k in [0, 3, 19, 255] {
            let refused = reference(&Distinct { lg_k }, &[&[1.0]]);
            assert!(matches!(refused, Err(Reject::Parameter { name: "lg_k", .. })));
        }
    }
}
