//! Cumulative sum.

use crate::{ahead::Ahead, partials::Sum, sweeps};
use echoes_kernel::{BLOCK, Category, Emit, Form, Kernel, Needs, Next, Piece, Result, Series, Shape, Spec};
use echoes_simd::{Lanes, Operation, run};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cumulative sum: each row is the sum of all rows up to it.
///
/// Rounding does not pile up: 512 rows at a time are added one by one, what came before them is a sum in two
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
        for (x, out) in self.x.chunks(4 * SEGMENT).zip(self.out.chunks_mut(4 * SEGMENT)) {
            let mut bases = [0.0; 4];
            for (base, segment) in bases.iter_mut().zip(x.chunks(SEGMENT)) {
                *base = before.value().to_f64();
                before.add(sweeps::total(l, segment, Ahead::Nothing));
            }
            if x.len() == 4 * SEGMENT {
                four(x, bases, out);
            } else {
                for ((x, base), out) in x.chunks(SEGMENT).zip(bases).zip(out.chunks_mut(SEGMENT)) {
                    one(x, base, out);
                }
            }
        }
    }
}

/// Rows that are added one by one.
const SEGMENT: usize = BLOCK / 4;

/// The rows of a segment.
fn one(x: &[f64], base: f64, out: &mut [f64]) {
    let mut sum = 0.0;
    for (x, out) in x.iter().zip(out) {
        sum += x;
        *out = base + sum;
    }
}

/// The rows of four segments, row by row: each sum waits for its own last addition, not for the others'.
#[inline(always)]
fn four(x: &[f64], bases: [f64; 4], out: &mut [f64]) {
    let (x01, x23) = x.split_at(2 * SEGMENT);
    let ((x0, x1), (x2, x3)) = (x01.split_at(SEGMENT), x23.split_at(SEGMENT));
    let (out01, out23) = out.split_at_mut(2 * SEGMENT);
    let ((out0, out1), (out2, out3)) = (out01.split_at_mut(SEGMENT), out23.split_at_mut(SEGMENT));
    let (mut sum0, mut sum1, mut sum2, mut sum3) = (0.0, 0.0, 0.0, 0.0);
    for row in 0..SEGMENT {
        sum0 += x0[row];
        sum1 += x1[row];
        sum2 += x2[row];
        sum3 += x3[row];
        out0[row] = bases[0] + sum0;
        out1[row] = bases[1] + sum1;
        out2[row] = bases[2] + sum2;
        out3[row] = bases[3] + sum3;
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
