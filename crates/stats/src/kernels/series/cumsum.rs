//! Cumulative sum.

use crate::{partials::Sum, sweeps};
use echoes_kernel::{BLOCK, Category, Emit, Form, Kernel, Needs, Next, Piece, Result, Series, Shape, Spec};
use echoes_simd::{Lanes, Operation, run};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cumulative sum: each row is the sum of all rows up to it.
///
/// Rounding does not pile up: within a block of 2,048 the rows are added one by one, what came before a block is a sum in two
/// doubles. A missing row stays missing and adds nothing.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::series::CumSum;
/// assert_eq!(reference(&CumSum {}, &[&[1.0, 2.0, 4.0]])?.0, [1.0, 3.0, 7.0]);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CumSum {}

impl Kernel for CumSum {
    const SPEC: Spec = Spec::new("cumsum", Category::Series).form(Form::Scan);
    type Pass = Sum;
    type Output = Series;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, _: &Sum) -> Result<Next<Self>> {
        Ok(Next::emit(self.clone()))
    }
}

impl Emit<Sum> for CumSum {
    fn needs(&self) -> Needs {
        Needs { before: true, ..Needs::default() }
    }

    fn emit(&self, before: &Sum, piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        run(Write { before: *before, x: piece.own(0), out: out[0] });
    }
}

struct Write<'a> {
    before: Sum,
    x: &'a [f64],
    out: &'a mut [f64],
}

impl Operation for Write<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let mut before = self.before;
        for (x, out) in self.x.chunks(BLOCK).zip(self.out.chunks_mut(BLOCK)) {
            let base = before.value().to_f64();
            let mut sum = 0.0;
            for (x, out) in x.iter().zip(out) {
                sum += x;
                *out = base + sum;
            }
            before.add(sweeps::total(l, x, false));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{CHUNK, reference};

    #[test]
    fn the_last_row_is_the_sum_across_chunks() {
        let x: Vec<f64> = (0..2 * CHUNK + 5).map(|i| (i % 7) as f64).collect();
        let out = reference(&CumSum {}, &[&x]).unwrap();
        let mut sum = 0.0;
        for (x, &out) in x.iter().zip(out.iter()) {
            sum += x;
            assert_eq!(out, sum);
        }
    }
}
