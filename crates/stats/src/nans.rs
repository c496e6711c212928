//! One NaN for all.
//!
//! Of two NaN an addition gives the one or the other, as the instructions have their operands, and two may differ in their signs: what
//! infinities leave has another than `f64::NAN`. So an answer that may have met several has this one, on every processor.

use echoes_simd::Lanes;

/// Eight numbers, every NaN among them the one.
#[inline(always)]
pub(crate) fn alike<L: Lanes>(l: L, x: L::V) -> L::V {
    l.select(l.ordered(x, x), x, l.splat(f64::NAN))
}

/// Makes every NaN the one.
#[inline(always)]
pub(crate) fn make_alike<L: Lanes>(l: L, x: &mut [f64]) {
    let (eights, rest) = x.as_chunks_mut::<8>();
    for eight in eights {
        *eight = l.to_array(alike(l, l.load8(eight)));
    }
    for x in rest.iter_mut().filter(|x| x.is_nan()) {
        *x = f64::NAN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_simd::{Level, Operation, run_at};

    struct Alike<'a>(&'a mut [f64]);

    impl Operation for Alike<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) {
            make_alike(l, self.0);
        }
    }

    #[test]
    fn nothing_but_nans_is_changed() {
        let others = [-0.0, 0.0, 1.5, f64::INFINITY, f64::NEG_INFINITY, 5e-324];
        let nans = [f64::NAN, -f64::NAN, f64::from_bits(f64::NAN.to_bits() | 7)];
        for level in Level::available() {
            let mut x: Vec<f64> = (0..29).map(|i| if i % 3 == 0 { nans[i % 9 / 3] } else { others[i % 6] }).collect();
            run_at(level, Alike(&mut x));
            for (i, x) in x.iter().enumerate() {
                let expected = if i % 3 == 0 { f64::NAN } else { others[i % 6] };
                assert_eq!(x.to_bits(), expected.to_bits(), "{level:?}");
            }
        }
    }
}
