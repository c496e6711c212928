//! Cumulative sum.

use crate::{ahead::Ahead, partials::Sum, sweeps};
use echoes_kernel::{BLOCK, Category, Emit, Form, Kernel, Needs, Next, Piece, Result, Series, Shape, Spec};
use echoes_simd::{Lanes, Operation, run};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cumulative sum: each row is the sum of all rows up to it.
///
/// Rounding hardly piles up: 512 rows at a time are added one by one, and their sums in two doubles. Where such rows by themselves, or
/// all up to one, come to more than a double holds, rows from there on are infinite or NaN, and those after the 512 may be finite
/// again. Whole numbers beyond 2^53 are taken as the nearest doubles. A missing row stays missing and adds nothing.
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
        for (x, out) in self.x.chunks(8 * SEGMENT).zip(self.out.chunks_mut(8 * SEGMENT)) {
            let mut bases = [0.0; 8];
            for (base, segment) in bases.iter_mut().zip(x.chunks(SEGMENT)) {
                *base = before.value().to_f64();
                before.add(sweeps::total(l, segment, Ahead::Nothing));
            }
            let whole = x.len() / SEGMENT;
            let ((x, rest), (out, out_rest)) = (x.split_at(whole * SEGMENT), out.split_at_mut(whole * SEGMENT));
            side_by_side(l, x, bases, out);
            if !rest.is_empty() {
                one(rest, bases[whole], out_rest);
            }
        }
    }
}

/// Rows that are added one by one.
const SEGMENT: usize = BLOCK / 4;

/// The rows of a segment that is not whole.
fn one(x: &[f64], base: f64, out: &mut [f64]) {
    let mut sum = 0.0;
    for (x, out) in x.iter().zip(out) {
        sum += x;
        *out = base + sum;
    }
}

/// The rows of up to eight whole segments, each in a lane of its own: a sum waits for its own last addition, not for the others'.
#[inline(always)]
fn side_by_side<L: Lanes>(l: L, x: &[f64], bases: [f64; 8], out: &mut [f64]) {
    let ((eights, _), (out, _)) = (x.as_chunks::<8>(), out.as_chunks_mut::<8>());
    let (mut sum, base) = (l.splat(0.0), l.load8(&bases));
    for first in 0..(SEGMENT / 8).min(eights.len()) {
        let mut rows = [l.splat(0.0); 8];
        for (row, eight) in rows.iter_mut().zip(eights[first..].iter().step_by(SEGMENT / 8)) {
            *row = l.load8(eight);
        }
        let mut columns = l.transposed(rows);
        for column in &mut columns {
            sum = sum + *column;
            *column = base + sum;
        }
        for (out, row) in out[first..].iter_mut().step_by(SEGMENT / 8).zip(l.transposed(columns)) {
            *out = l.to_array(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{CHUNK, Partial, reference};
    use echoes_simd::{Level, run_at};

    #[test]
    fn the_last_row_is_the_sum_across_chunks() {
        let x: Vec<f64> = (0..2 * CHUNK + 3 * SEGMENT + 5).map(|i| (i % 7) as f64).collect();
        let out = reference(&CumSum {}, &[&x]).unwrap();
        let mut sum = 0.0;
        for (x, &out) in x.iter().zip(out.iter()) {
            sum += x;
            assert_eq!(out, sum);
        }
    }

    struct Total<'a>(&'a [f64]);

    impl Operation for Total<'_> {
        type Output = f64;
        fn run<L: Lanes>(self, l: L) -> f64 {
            sweeps::total(l, self.0, Ahead::Nothing)
        }
    }

    #[test]
    fn segments_side_by_side_have_the_bits_of_each_by_itself() {
        let mut noise = crate::special::oracle::noise(5);
        for segments in 0..=9 {
            let x: Vec<f64> = (0..segments * SEGMENT + 7).map(|_| noise() - 0.3).collect();
            let (mut before, mut by_itself) = (Sum::begin(&()), vec![0.0; x.len()]);
            for (x, out) in x.chunks(SEGMENT).zip(by_itself.chunks_mut(SEGMENT)) {
                one(x, before.value().to_f64(), out);
                before.add(run(Total(x)));
            }
            for level in Level::available() {
                let mut out = vec![0.0; x.len()];
                run_at(level, Write { before: Sum::begin(&()), x: &x, out: &mut out });
                assert!(out.iter().zip(&by_itself).all(|(a, b)| a.to_bits() == b.to_bits()), "{segments} {level:?}");
            }
        }
    }
}
