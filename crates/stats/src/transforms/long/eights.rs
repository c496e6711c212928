//! Reading and writing numbers eight at a time, or as many as there are.

use super::super::{butterflies::LANES, columns::Row};
use crate::nans::alike;
use echoes_simd::{Divisor, Lanes, Strip};

/// Rows ahead of the one that is read that are asked for: they lie far apart, where the processor does not foresee them.
const AHEAD: usize = 8;

/// The columns of eight rows, all of one length, beside each other.
#[inline(always)]
pub(super) fn gather<L: Lanes>(l: L, from: ([&[f64]; LANES], [&[f64]; LANES]), to: &mut [Row]) {
    let n = to.len();
    let mut j = 0;
    while j < n {
        let (mut re, mut im) = ([l.splat(0.0); LANES], [l.splat(0.0); LANES]);
        let mut lane = 0;
        while lane < LANES {
            (re[lane], im[lane]) = (load(l, from.0[lane], j), load(l, from.1[lane], j));
            lane += 1;
        }
        let (re, im) = (l.transposed(re), l.transposed(im));
        let mut i = 0;
        while i < LANES && j + i < n {
            to[j + i].store(l, (re[i], im[i]));
            i += 1;
        }
        j += LANES;
    }
}

/// The eight numbers from one on, or those that there are and zeros after them.
#[inline(always)]
pub(super) fn load<L: Lanes>(l: L, x: &[f64], at: usize) -> L::V {
    if let Some(eight) = x.get(at..at + LANES).and_then(<[f64]>::first_chunk) {
        return l.load8(eight);
    }
    let mut some = [0.0; LANES];
    let mut i = 0;
    while at + i < x.len() {
        some[i] = x[at + i];
        i += 1;
    }
    l.load8(&some)
}

/// Writes eight numbers from one on, or as many as there is room for.
#[inline(always)]
pub(super) fn put<L: Lanes>(l: L, to: &mut [f64], at: usize, numbers: L::V) {
    if let Some(eight) = to.get_mut(at..at + LANES).and_then(<[f64]>::first_chunk_mut) {
        *eight = l.to_array(numbers);
        return;
    }
    let numbers = l.to_array(numbers);
    let mut i = 0;
    while at + i < to.len() {
        to[at + i] = numbers[i];
        i += 1;
    }
}

/// Writes eight numbers, that of lane `at` of the tile the first one, backwards before `end`, or those that there is room for.
#[inline(always)]
pub(super) fn put_mirrored<L: Lanes>(l: L, to: &mut [f64], end: usize, at: usize, numbers: L::V) {
    if at + LANES <= end
        && let Some(eight) = to.get_mut(end - at - LANES..end - at).and_then(<[f64]>::first_chunk_mut)
    {
        *eight = l.to_array(l.crossed::<7>(numbers));
        return;
    }
    let numbers = l.to_array(numbers);
    let mut i = 0;
    while i < LANES && at + i < end {
        if let Some(to) = to.get_mut(end - 1 - at - i) {
            *to = numbers[i];
        }
        i += 1;
    }
}

/// Writes sixteen numbers, or as many as there is room for.
#[inline(always)]
pub(super) fn put_both<L: Lanes>(l: L, to: &mut [f64], at: usize, (low, high): (L::V, L::V)) {
    put(l, to, at, low);
    put(l, to, at + LANES, high);
}

/// Reads row `i` of a strip of real columns, sixteen of them as one row `place` of each `n`; and asks for a later row.
#[inline(always)]
pub(super) fn take_row<L: Lanes>(l: L, strip: &Strip<'_>, i: usize, numbers: &mut [Row], (n, place): (usize, usize)) {
    let (row, later) = (strip.row(i), strip.row(i + AHEAD));
    let (mut at, mut to) = (0, place);
    while at < row.len() {
        l.prefetch_near(later.as_ptr().wrapping_add(at));
        l.prefetch_near(later.as_ptr().wrapping_add(at + LANES));
        numbers[to].store(l, (load(l, row, at), load(l, row, at + LANES)));
        at += 2 * LANES;
        to += n;
    }
}

/// Writes row `place` of each `n` to a row of two strips, each part over what all are divided by.
#[inline(always)]
pub(super) fn put_row<L: Lanes>(
    l: L,
    (re, im): (&mut [f64], &mut [f64]),
    numbers: &[Row],
    (n, place): (usize, usize),
    divisor: Option<Divisor>,
) {
    let (mut at, mut from) = (0, place);
    while at < re.len() {
        let number = numbers[from].load(l);
        put(l, re, at, over(l, number.0, divisor));
        put(l, im, at, over(l, number.1, divisor));
        at += LANES;
        from += n;
    }
}

/// A number of the answer: over what all are divided by, and of all NaN the one.
#[inline(always)]
pub(super) fn over<L: Lanes>(l: L, x: L::V, divisor: Option<Divisor>) -> L::V {
    let quotient = match divisor {
        Some(divisor) => l.quotient(x, divisor),
        None => x,
    };
    alike(l, quotient)
}
