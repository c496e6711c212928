//! Butterflies: transforms of a few numbers, eight of them at a time.

use echoes_simd::Lanes;

/// Numbers in a vector.
pub(super) const LANES: usize = 8;

/// Eight complex numbers.
pub(super) type C<L> = (<L as Lanes>::V, <L as Lanes>::V);

#[inline(always)]
pub(super) fn add<L: Lanes>(a: C<L>, b: C<L>) -> C<L> {
    (a.0 + b.0, a.1 + b.1)
}

#[inline(always)]
pub(super) fn subtract<L: Lanes>(a: C<L>, b: C<L>) -> C<L> {
    (a.0 - b.0, a.1 - b.1)
}

#[inline(always)]
pub(super) fn times<L: Lanes>(a: C<L>, b: C<L>) -> C<L> {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// `a − ib`.
#[inline(always)]
pub(super) fn minus_i<L: Lanes>(a: C<L>, b: C<L>) -> C<L> {
    (a.0 + b.1, a.1 - b.0)
}

/// `a + ib`.
#[inline(always)]
pub(super) fn plus_i<L: Lanes>(a: C<L>, b: C<L>) -> C<L> {
    (a.0 - b.1, a.1 + b.0)
}

/// The transform of so many numbers.
pub(super) trait Butterfly<const R: usize> {
    fn of<L: Lanes>(l: L, x: [C<L>; R]) -> [C<L>; R];
}

pub(super) struct Two;

impl Butterfly<2> for Two {
    #[inline(always)]
    fn of<L: Lanes>(_: L, [a, b]: [C<L>; 2]) -> [C<L>; 2] {
        [add::<L>(a, b), subtract::<L>(a, b)]
    }
}

pub(super) struct Three;

impl Butterfly<3> for Three {
    #[inline(always)]
    fn of<L: Lanes>(l: L, [a, b, c]: [C<L>; 3]) -> [C<L>; 3] {
        /// The sine of a third of a circle.
        const SIN: f64 = 0.866_025_403_784_438_6;
        let (half, sin) = (l.splat(0.5), l.splat(SIN));
        let (sum, difference) = (add::<L>(b, c), subtract::<L>(b, c));
        let even = (a.0 - half * sum.0, a.1 - half * sum.1);
        let odd = (sin * difference.0, sin * difference.1);
        [add::<L>(a, sum), minus_i::<L>(even, odd), plus_i::<L>(even, odd)]
    }
}

pub(super) struct Four;

impl Butterfly<4> for Four {
    #[inline(always)]
    fn of<L: Lanes>(_: L, [a, b, c, d]: [C<L>; 4]) -> [C<L>; 4] {
        let (even, odd) = (add::<L>(a, c), add::<L>(b, d));
        let (even_less, odd_less) = (subtract::<L>(a, c), subtract::<L>(b, d));
        [
            add::<L>(even, odd),
            minus_i::<L>(even_less, odd_less),
            subtract::<L>(even, odd),
            plus_i::<L>(even_less, odd_less),
        ]
    }
}

pub(super) struct Five;

impl Butterfly<5> for Five {
    #[inline(always)]
    fn of<L: Lanes>(l: L, [a, b, c, d, e]: [C<L>; 5]) -> [C<L>; 5] {
        /// Cosines and sines of one and two fifths of a circle.
        const COS: [f64; 2] = [0.309_016_994_374_947_45, -0.809_016_994_374_947_5];
        const SIN: [f64; 2] = [0.951_056_516_295_153_5, 0.587_785_252_292_473_1];
        let (cos1, cos2, sin1, sin2) = (l.splat(COS[0]), l.splat(COS[1]), l.splat(SIN[0]), l.splat(SIN[1]));
        let (s, t, u, v) = (add::<L>(b, e), add::<L>(c, d), subtract::<L>(b, e), subtract::<L>(c, d));
        let even1 = (a.0 + (cos1 * s.0 + cos2 * t.0), a.1 + (cos1 * s.1 + cos2 * t.1));
        let even2 = (a.0 + (cos2 * s.0 + cos1 * t.0), a.1 + (cos2 * s.1 + cos1 * t.1));
        let odd1 = (sin1 * u.0 + sin2 * v.0, sin1 * u.1 + sin2 * v.1);
        let odd2 = (sin2 * u.0 - sin1 * v.0, sin2 * u.1 - sin1 * v.1);
        let all = add::<L>(a, add::<L>(s, t));
        [all, minus_i::<L>(even1, odd1), minus_i::<L>(even2, odd2), plus_i::<L>(even2, odd2), plus_i::<L>(even1, odd1)]
    }
}

pub(super) struct Eight;

impl Butterfly<8> for Eight {
    #[inline(always)]
    fn of<L: Lanes>(l: L, [a, b, c, d, e, f, g, h]: [C<L>; 8]) -> [C<L>; 8] {
        let root = l.splat(std::f64::consts::FRAC_1_SQRT_2);
        let [a, c, e, g] = Four::of(l, [a, c, e, g]);
        let [b, d, f, h] = Four::of(l, [b, d, f, h]);
        // Times an eighth of a circle, and times three.
        let d = (root * (d.0 + d.1), root * (d.1 - d.0));
        let h = (root * (h.1 - h.0), root * (h.0 + h.1));
        [
            add::<L>(a, b),
            add::<L>(c, d),
            minus_i::<L>(e, f),
            (g.0 + h.0, g.1 - h.1),
            subtract::<L>(a, b),
            subtract::<L>(c, d),
            plus_i::<L>(e, f),
            (g.0 - h.0, g.1 + h.1),
        ]
    }
}
