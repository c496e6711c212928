//! Transforms of eight columns at a time: each number is a vector of eight, so no lane has to do with another.

use super::{
    butterflies::{Butterfly, C, Eight, Five, Four, LANES, Three, Two, add, minus_i, plus_i, subtract, times},
    roots::root,
    stages::{PRIME_MAX, radices},
};
use echoes_simd::Lanes;

/// Rows of a block that the nearest cache holds: 32 KiB.
const NEAR: usize = 256;

/// Eight complex numbers beside each other.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(64))]
pub(super) struct Row {
    pub(super) re: [f64; LANES],
    pub(super) im: [f64; LANES],
}

impl Row {
    #[inline(always)]
    pub(super) fn load<L: Lanes>(&self, l: L) -> C<L> {
        (l.load8(&self.re), l.load8(&self.im))
    }

    #[inline(always)]
    pub(super) fn store<L: Lanes>(&mut self, l: L, x: C<L>) {
        (self.re, self.im) = (l.to_array(x.0), l.to_array(x.1));
    }
}

/// The plan of the transform of columns of `n` complex numbers.
///
/// The numbers are transformed where they are (decimation in frequency; Gentleman and Sande, Fast Fourier transforms: for fun and
/// profit, AFIPS 29, 1966), which leaves them in another order. The first stages go over all of them; from where blocks fit the
/// nearest cache on, a block is gone through to its end before the next one is.
pub(super) struct Columns {
    n: usize,
    stages: Vec<Stage>,
    /// Stages before the blocks are near.
    far: usize,
    /// Where each number of the transform stands.
    places: Vec<u32>,
}

/// Butterflies over blocks: number `p + (block/radix) j` is part `j` of butterfly `p`, and result `k`, twisted by the root of unity
/// `p k` of the block, takes the place of part `k`.
struct Stage {
    radix: usize,
    block: usize,
    /// For each `p` those of `k = 1` to `radix − 1`.
    twists: Vec<[f64; 2]>,
    /// Cosines and sines of the parts of a circle, for radices without a butterfly of their own.
    circle: Vec<[f64; 2]>,
}

impl Stage {
    fn new(radix: usize, block: usize) -> Self {
        let parts = |k: usize, n: usize| root(k as u64, n as u64);
        let twist = |p: usize, k: usize| [parts(p * k, block).re, parts(p * k, block).im];
        let twists = (0..block / radix).flat_map(|p| (1..radix).map(move |k| twist(p, k))).collect();
        let circle = (0..radix).map(|i| [parts(i, radix).re, -parts(i, radix).im]).collect();
        Self { radix, block, twists, circle }
    }

    #[inline(always)]
    fn run<L: Lanes>(&self, l: L, rows: &mut [Row]) {
        match self.radix {
            2 => self.with::<L, Two, 2>(l, rows),
            3 => self.with::<L, Three, 3>(l, rows),
            4 => self.with::<L, Four, 4>(l, rows),
            5 => self.with::<L, Five, 5>(l, rows),
            8 => self.with::<L, Eight, 8>(l, rows),
            _ => self.prime(l, rows),
        }
    }

    #[inline(always)]
    fn with<L: Lanes, B: Butterfly<R>, const R: usize>(&self, l: L, rows: &mut [Row]) {
        let step = self.block / R;
        for block in rows.chunks_exact_mut(self.block) {
            let mut p = 0;
            while p < step {
                let mut x = [(l.splat(0.0), l.splat(0.0)); R];
                let mut k = 0;
                while k < R {
                    x[k] = block[p + step * k].load(l);
                    k += 1;
                }
                let y = B::of(l, x);
                block[p].store(l, y[0]);
                let twists = &self.twists[p * (R - 1)..][..R - 1];
                let mut k = 1;
                while k < R {
                    let twist = twists[k - 1];
                    // The last stage has nothing but butterflies of `p = 0`, whose twists are 1.
                    let number =
                        if step == 1 { y[k] } else { times::<L>(y[k], (l.splat(twist[0]), l.splat(twist[1]))) };
                    block[p + step * k].store(l, number);
                    k += 1;
                }
                p += 1;
            }
        }
    }

    /// The sums that define a transform, of the radix's length: pairs that mirror each other share their products.
    #[inline(always)]
    fn prime<L: Lanes>(&self, l: L, rows: &mut [Row]) {
        let (radix, step, half) = (self.radix, self.block / self.radix, self.radix / 2);
        let zero = (l.splat(0.0), l.splat(0.0));
        let (mut sums, mut differences) = ([zero; PRIME_MAX / 2 + 1], [zero; PRIME_MAX / 2 + 1]);
        for block in rows.chunks_exact_mut(self.block) {
            let mut p = 0;
            while p < step {
                let first = block[p].load(l);
                let mut total = first;
                let mut j = 1;
                while j <= half {
                    let (a, b) = (block[p + step * j].load(l), block[p + step * (radix - j)].load(l));
                    (sums[j], differences[j]) = (add::<L>(a, b), subtract::<L>(a, b));
                    total = add::<L>(total, sums[j]);
                    j += 1;
                }
                block[p].store(l, total);
                let twists = &self.twists[p * (radix - 1)..][..radix - 1];
                let mut k = 1;
                while k <= half {
                    let (mut even, mut odd) = (first, zero);
                    let (mut at, mut j) = (0, 1);
                    while j <= half {
                        at = if at + k < radix { at + k } else { at + k - radix };
                        let (cos, sin) = (l.splat(self.circle[at][0]), l.splat(self.circle[at][1]));
                        even = (even.0 + cos * sums[j].0, even.1 + cos * sums[j].1);
                        odd = (odd.0 + sin * differences[j].0, odd.1 + sin * differences[j].1);
                        j += 1;
                    }
                    let (twist, mirror) = (twists[k - 1], twists[radix - k - 1]);
                    let number = times::<L>(minus_i::<L>(even, odd), (l.splat(twist[0]), l.splat(twist[1])));
                    block[p + step * k].store(l, number);
                    let number = times::<L>(plus_i::<L>(even, odd), (l.splat(mirror[0]), l.splat(mirror[1])));
                    block[p + step * (radix - k)].store(l, number);
                    k += 1;
                }
                p += 1;
            }
        }
    }
}

impl Columns {
    /// Whether there is one for `n`.
    pub(super) fn is_for(n: usize) -> bool {
        radices(n).is_some()
    }

    pub(super) fn new(n: usize) -> Self {
        let (mut block, mut places) = (n, vec![0]);
        let mut stages = Vec::new();
        for radix in radices(n).unwrap_or_default() {
            stages.push(Stage::new(radix, block));
            block /= radix;
            places = (0..radix as u32).flat_map(|k| places.iter().map(move |place| place + k * block as u32)).collect();
        }
        let far = stages.iter().take_while(|stage| stage.block > NEAR).count();
        Self { n, stages, far, places }
    }

    pub(super) const fn len(&self) -> usize {
        self.n
    }

    /// Where number `k` of the transform stands.
    #[inline(always)]
    pub(super) fn place(&self, k: usize) -> usize {
        self.places[k] as usize
    }

    /// Transforms the columns of `n` rows.
    #[inline(always)]
    pub(super) fn run<L: Lanes>(&self, l: L, rows: &mut [Row]) {
        let (far, near) = self.stages.split_at(self.far);
        let block = near.first().map_or(self.n, |stage| stage.block);
        for (size, stages) in [(self.n, far), (block, near)] {
            for rows in rows.chunks_exact_mut(size) {
                for stage in stages {
                    stage.run(l, rows);
                }
            }
        }
    }
}
