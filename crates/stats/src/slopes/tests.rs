//! The slopes of all pairs, sorted, are those found by rank.

use super::*;

/// Sets of each kind.
const SETS: u64 = if cfg!(miri) { 1 } else { 12 };

fn naive(x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut slopes = Vec::new();
    for i in 0..x.len() {
        let later = (0..x.len()).filter(|&j| x[j] - x[i] > 0.0);
        slopes.extend(later.map(|j| (y[j] - y[i]) / (x[j] - x[i]) + 0.0));
    }
    slopes.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(b)));
    slopes
}

/// Sebastiano Vigna's splitmix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    fn below(&mut self, end: u64) -> f64 {
        (self.bits() % end) as f64
    }
    /// Between −1 and 1, more often near 0.
    fn real(&mut self) -> f64 {
        (self.bits() as f64 - self.bits() as f64) / 2f64.powi(64)
    }
}

type Draw = fn(&mut Random, f64) -> (f64, f64);

/// Points of all kinds, from a row's number.
const KINDS: [(&str, Draw); 35] = [
    ("a cloud", |r, _| (r.real(), r.real())),
    (
        "a cloud, and half of the points at one place",
        |r, i| if i % 2.0 == 0.0 { (0.0, 0.0) } else { (r.real(), r.real()) },
    ),
    ("level", |r, _| (r.real(), 3.0)),
    ("a small grid", |r, _| (r.below(4), r.below(5))),
    ("a grid", |r, _| (r.below(30), r.below(30))),
    ("tenths", |r, _| (r.below(30) / 10.0, r.below(30) / 10.0)),
    ("dates", |r, i| (1e15 + i, r.real())),
    ("dates with days in common", |r, _| (1e15 + r.below(9), 1e15 + r.below(99))),
    ("a line of rounded numbers", |_, i| (i, 0.1 * i)),
    ("a line of numbers that are all rounded", |_, i| (0.3 * i, 0.1 * i + 32.0)),
    ("a line of whole numbers", |_, i| (i, -i)),
    ("a line that is reversed", |_, i| (-i, 7.0 * i)),
    ("points anywhere on a line", |r, _| Some(r.real()).map_or((0.0, 0.0), |x| (x, 3.0 * x + 1.0))),
    ("a line of numbers of all sizes", |r, _| Some((40.0 * r.real()).exp()).map_or((0.0, 0.0), |x| (x, 0.3 * x))),
    ("lines beside each other", |_, i| (0.1 * i, 0.1 * (i % 7.0) + 0.1 * i)),
    ("a parabola", |_, i| (i, i * i)),
    ("a step", |r, i| (i, if i > 40.0 { 5.0 } else { 0.0 } + r.below(2))),
    ("few heights", |r, _| (r.real() * 1e-7, r.below(3))),
    ("few x", |r, _| (r.below(3), r.real())),
    ("two x next to each other", |r, _| (1.0 + r.below(2) * f64::EPSILON, r.real())),
    ("a trend of whole numbers", |r, i| (i, (0.01 * i + r.real()).round())),
    ("a trend of tenths", |r, i| (i, ((0.01 * i + r.real()) * 10.0).round() / 10.0)),
    ("far up", |r, _| (r.real(), 1e16 + 2.0 * r.below(4))),
    ("any bits", |r, _| (f64::from_bits(r.bits()), f64::from_bits(r.bits()))),
    ("all sizes", |r, _| ((60.0 * r.real()).exp(), (60.0 * r.real()).exp())),
    ("subnormal", |r, _| (5e-324 * r.below(99), 5e-324 * r.below(99))),
    ("subnormal and not", |r, _| (r.real() * 1e-310, r.real())),
    ("slopes that are subnormal", |r, _| (r.real(), 5e-324 * r.below(9))),
    ("slopes that underflow", |r, _| (r.real() * 1e300, r.real() * 1e-320)),
    ("slopes that overflow", |r, _| (r.real() * 1e-300, r.real() * 1e300)),
    ("the largest", |r, _| (r.real().abs() * f64::MAX, r.real().abs() * f64::MAX)),
    ("differences that overflow", |r, _| (r.real() * f64::MAX, r.real() * f64::MAX)),
    ("an infinite y", |r, i| (r.below(50), if i == 7.0 { f64::NEG_INFINITY } else { r.real() })),
    ("infinite x", |r, _| (1.0 / (r.below(9) - 4.0), r.real())),
    ("infinite numbers", |r, _| (1.0 / (r.below(9) - 4.0), 1.0 / (r.below(9) - 4.0))),
];

fn check(name: &str, x: &[f64], y: &[f64], random: &mut Random) {
    let (all, slopes) = (naive(x, y), Slopes::of(x, y).unwrap());
    assert_eq!(slopes.len(), all.len() as u64, "{name}");
    assert_eq!(slopes.any_nan().unwrap(), all.last().is_some_and(|last| last.is_nan()), "{name}");
    if all.is_empty() {
        return;
    }
    let mut ranks: Vec<u64> = (0..4).map(|_| random.bits() % slopes.len()).collect();
    ranks.extend([0, (slopes.len() - 1) / 2, slopes.len() / 2, slopes.len() - 1]);
    ranks.sort_unstable();
    for (found, &rank) in slopes.at(&ranks).unwrap().iter().zip(&ranks) {
        let wanted = all[rank as usize];
        let same = found.to_bits() == wanted.to_bits() || found.is_nan() && wanted.is_nan();
        assert!(same, "{name}, {} points: {found:e} is not {wanted:e}, which has rank {rank}", x.len());
    }
}

#[test]
fn slopes_of_all_kinds_of_points() {
    let mut random = Random(1);
    for set in 0..SETS {
        for (name, draw) in KINDS {
            let rows = [1, 2, 3, 20, 100, 300, 150, 600][(set % 8) as usize];
            let draw = |i: u32| draw(&mut random, f64::from(i));
            let (x, y): (Vec<f64>, Vec<f64>) = (0..rows).map(draw).filter(|(x, y)| !x.is_nan() && !y.is_nan()).unzip();
            check(name, &x, &y, &mut random);
        }
    }
}

#[test]
fn threads_change_nothing() {
    let mut random = Random(2);
    let rows = if cfg!(miri) { 200 } else { 70_000 };
    let (x, y): (Vec<f64>, Vec<f64>) = (0..rows).map(|_| (random.real(), random.real())).unzip();
    let found = || {
        let slopes = Slopes::of(&x, &y).unwrap();
        slopes.at(&[slopes.len() / 7, slopes.len() / 2, slopes.len() / 2 + 1]).unwrap()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(found(), pool.install(found));
}

#[test]
fn too_many_points_whose_differences_overflow() {
    let x: Vec<f64> = (0..=OVERFLOWING_MAX as u32).map(|i| f64::MAX * f64::from(i as i32 % 3 - 1)).collect();
    assert!(matches!(Slopes::of(&x, &x), Err(Reject::TooLarge { needed: 16_385, limit: 16_384, .. })));
}

#[test]
fn too_many_points_on_a_line_but_for_rounding() {
    let rows = (1 << 15) + 1;
    let (x, y): (Vec<f64>, Vec<f64>) = (0..rows).map(|i| (0.3 * f64::from(i), 0.1 * f64::from(i) + 32.0)).unzip();
    let slopes = Slopes::of(&x, &y).unwrap();
    let refused = slopes.at(&[slopes.len() / 2]);
    assert!(matches!(refused, Err(Reject::TooLarge { needed: 32_769, limit: 32_768, .. })), "{refused:?}");
}
