//! Sums of weighted deviations: a row of weight 0 is left out, whatever it holds.

use super::{Long, RUN};
use echoes_simd::{GROUP, Lanes, split};

/// `Σ w (x − c)`.
#[inline(always)]
pub(crate) fn deviations<L: Lanes>(l: L, w: &[f64], x: (&[f64], f64)) -> f64 {
    sum::<L, false>(l, w, x, x)
}

/// `Σ w (x − cx)(y − cy)`; the columns may change places.
#[inline(always)]
pub(crate) fn products<L: Lanes>(l: L, w: &[f64], x: (&[f64], f64), y: (&[f64], f64)) -> f64 {
    sum::<L, true>(l, w, x, y)
}

#[inline(always)]
fn sum<L: Lanes, const PAIRS: bool>(l: L, w: &[f64], (x, cx): (&[f64], f64), (y, cy): (&[f64], f64)) -> f64 {
    let mut spaces = [[0.0; GROUP]; 3];
    let [w_space, x_space, y_space] = &mut spaces;
    let (ws, w_tail) = split(w, 0.0, w_space);
    let ((xs, x_tail), (ys, y_tail)) = (split(x, 0.0, x_space), split(y, 0.0, y_space));
    let centers = (l.splat(cx), l.splat(cy));
    let mut total = Long::new(l, 0.0);
    for ((ws, xs), ys) in ws.chunks(RUN).zip(xs.chunks(RUN)).zip(ys.chunks(RUN)) {
        total.add(lanes::<L, PAIRS>(l, ws, xs, ys, centers));
    }
    if let (Some(w), Some(x), Some(y)) = (w_tail, x_tail, y_tail) {
        let [w, x, y] = [w, x, y].map(std::slice::from_ref);
        total.add(lanes::<L, PAIRS>(l, w, x, y, centers));
    }
    total.value(l)
}

/// The sums of a run in each lane.
#[inline(always)]
fn lanes<L: Lanes, const PAIRS: bool>(
    l: L,
    ws: &[[f64; GROUP]],
    xs: &[[f64; GROUP]],
    ys: &[[f64; GROUP]],
    (cx, cy): (L::V, L::V),
) -> [L::V; 4] {
    let zero = l.splat(0.0);
    let mut sums = [zero; 4];
    for ((w, x), y) in ws.iter().zip(xs).zip(ys) {
        let (w, x, y) = (l.load(w), l.load(x), l.load(y));
        for i in 0..4 {
            let d = x[i] - cx;
            // The deviations first: (x, y) and (y, x) have the same bits.
            let term = w[i] * if PAIRS { d * (y[i] - cy) } else { d };
            sums[i] = sums[i] + l.select(l.lt(zero, w[i]), term, zero);
        }
    }
    sums
}
