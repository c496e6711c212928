//! Spreads many values over buckets of values alike, so that memory is read and written once where three splits would do it thrice, and all
//! threads take part from the first value on (P. Sanders, S. Winkel, Super Scalar Sample Sort, ESA 2004, with comparisons in vectors
//! instead of a tree).

use super::sort_alone;
use crate::threads;
use echoes_simd::{Lanes, Operation, run};

/// More values than these are spread. Where they are in the caches, splits are as quick.
pub(super) const MANY: usize = 1 << 20;

const BUCKETS: usize = 8;

/// What lies between the buckets.
type Borders = [f64; BUCKETS - 1];

/// Values that the borders are found among, for each bucket.
const CANDIDATES: usize = 64;

/// Values that a thread spreads at a time.
const PIECE: usize = 1 << 15;

/// Vectors that are spread before a bucket can be full.
const RUN: usize = 8;

/// Values that are written at once.
const FULL: usize = 64;

/// Room for those, for a run, and for a vector behind the last value.
const BUFFER: usize = FULL + 8 * RUN + 8;

/// Spreads `values` over as much `room`, bucket after bucket from the smallest values on; how many are in each. `None`,
/// and nothing is moved, where most are in one: values are the same then, or made to defy us.
pub(super) fn spread(values: &[f64], room: &mut [f64]) -> Option<[usize; BUCKETS]> {
    let borders = borders(values);
    let piece = |x| Piece { x, counts: [0; BUCKETS], to: std::array::from_fn(|_| Default::default()) };
    let mut pieces: Vec<Piece<'_>> = values.chunks(PIECE).map(piece).collect();
    each(&mut pieces, |piece| piece.counts = run(Count { x: piece.x, borders }));
    let lens = std::array::from_fn(|bucket| pieces.iter().map(|piece| piece.counts[bucket]).sum());
    if lens.iter().any(|&len| len > values.len() / 2) {
        return None;
    }
    let mut rest = room;
    for bucket in 0..BUCKETS {
        for piece in &mut pieces {
            (piece.to[bucket], rest) = rest.split_at_mut(piece.counts[bucket]);
        }
    }
    each(&mut pieces, |piece| run(Spread { piece, borders }));
    Some(lens)
}

/// Some values, and where those of each bucket go.
struct Piece<'a> {
    x: &'a [f64],
    counts: [usize; BUCKETS],
    to: [&'a mut [f64]; BUCKETS],
}

fn each(pieces: &mut [Piece<'_>], work: impl Fn(&mut Piece<'_>) + Send + Sync) {
    threads::each_piece(pieces, 1, || (), |(), _, pieces| pieces.iter_mut().for_each(&work));
}

/// Those that part a sample into equal parts.
fn borders(values: &[f64]) -> Borders {
    let step = values.len() / (BUCKETS * CANDIDATES);
    let mut sample: Vec<f64> = values.iter().skip(step / 2).step_by(step.max(1)).copied().collect();
    sort_alone(&mut sample, &mut Vec::new());
    std::array::from_fn(|i| sample[(i + 1) * sample.len() / BUCKETS])
}

struct Count<'a> {
    x: &'a [f64],
    borders: Borders,
}

impl Operation for Count<'_> {
    type Output = [usize; BUCKETS];
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> [usize; BUCKETS] {
        let (eights, rest) = self.x.as_chunks::<8>();
        let one = l.splat(1.0);
        let mut counts = [l.splat(0.0); BUCKETS - 1];
        for eight in eights {
            let x = l.load8(eight);
            for (count, border) in counts.iter_mut().zip(self.borders) {
                *count = l.select(l.le(l.splat(border), x), *count + one, *count);
            }
        }
        // From each border on; then between them.
        let mut from = [self.x.len(); BUCKETS];
        for ((from, count), border) in from[1..].iter_mut().zip(counts).zip(self.borders) {
            *from = l.across(count) as usize + rest.iter().filter(|&&x| border <= x).count();
        }
        std::array::from_fn(|bucket| from[bucket] - from.get(bucket + 1).unwrap_or(&0))
    }
}

struct Spread<'a, 'b> {
    piece: &'a mut Piece<'b>,
    borders: Borders,
}

impl Operation for Spread<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self { piece, borders } = self;
        let mut buffers = [[0.0; BUFFER]; BUCKETS];
        let mut lens = [0; BUCKETS];
        let (eights, rest) = piece.x.as_chunks::<8>();
        for run in eights.chunks(RUN) {
            for eight in run {
                let x = l.load8(eight);
                let mut here = l.le(x, x);
                for bucket in 0..BUCKETS {
                    // Those from the border behind the bucket on are in later ones.
                    let from = match borders.get(bucket) {
                        Some(&border) => l.le(l.splat(border), x),
                        None => !l.le(x, x),
                    };
                    let own = here & !from;
                    here = from;
                    if let Some(to) = buffers[bucket][lens[bucket]..].first_chunk_mut() {
                        *to = l.pack(x, own);
                        lens[bucket] += l.bits(own).count_ones() as usize;
                    }
                }
            }
            for ((to, buffer), len) in piece.to.iter_mut().zip(&buffers).zip(&mut lens) {
                if *len >= FULL {
                    write(to, &buffer[..std::mem::take(len)]);
                }
            }
        }
        for ((to, buffer), len) in piece.to.iter_mut().zip(&buffers).zip(lens) {
            write(to, &buffer[..len]);
        }
        for x in rest {
            let bucket = borders.iter().filter(|&border| border <= x).count();
            write(&mut piece.to[bucket], &[*x]);
        }
    }
}

/// Writes in front of `to`, which is what lies behind from then on.
#[inline(always)]
fn write(to: &mut &mut [f64], values: &[f64]) {
    let (front, behind) = std::mem::take(to).split_at_mut(values.len());
    front.copy_from_slice(values);
    *to = behind;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = if cfg!(miri) { 3000 } else { MANY + 13 };

    #[test]
    fn buckets_hold_all_values_and_rise() {
        let mut noise = crate::special::oracle::noise(3);
        let values: Vec<f64> = (0..SIZE).map(|_| noise()).collect();
        let mut room = vec![0.0; values.len()];
        let lens = spread(&values, &mut room).unwrap();
        let mut rest = &room[..];
        let mut last = f64::NEG_INFINITY;
        for len in lens {
            let (bucket, behind) = rest.split_at(len);
            assert!(len > values.len() / 16 && bucket.iter().all(|&x| last <= x));
            last = bucket.iter().copied().fold(last, f64::max);
            rest = behind;
        }
        assert!(rest.is_empty());
        let sorted = |x: &[f64]| {
            let mut bits: Vec<u64> = x.iter().map(|x| x.to_bits()).collect();
            bits.sort_unstable();
            bits
        };
        assert_eq!(sorted(&values), sorted(&room));
    }

    #[test]
    fn values_alike_are_not_spread() {
        let mut room = vec![0.0; SIZE];
        assert_eq!(spread(&[7.0; SIZE], &mut room), None);
        assert_eq!(room, vec![0.0; SIZE]);
    }
}
