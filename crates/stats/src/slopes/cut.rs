//! Cuts: how many slopes are below a value, and which.

use super::{band::Band, keys::Order, points::Points};
use crate::inversions::inversions;

/// Pairs for each point that are looked at one by one because rounding may hide on which side of a cut they are.
const DOUBTFUL: usize = 8;

/// The slopes below a double, and the others.
pub(super) struct Cut {
    /// Where the double stands among all.
    pub(super) place: i64,
    /// The points, each pair of them the other way round than by x if its slope is below.
    pub(super) points: Vec<u32>,
    /// Pairs of which that is not true, each in the order of x, in order.
    pub(super) wrong: Vec<(u32, u32)>,
    /// How many slopes are below.
    pub(super) below: u64,
}

impl Cut {
    /// Below all slopes.
    pub(super) fn bottom(points: &Points) -> Self {
        Self { place: i64::MIN, points: (0..points.len() as u32).collect(), wrong: Vec::new(), below: 0 }
    }

    /// Above all slopes.
    pub(super) fn top(points: &Points) -> Self {
        Self { place: i64::MAX, points: points.reversed(), wrong: Vec::new(), below: points.pairs }
    }

    /// At a place; not yet counted. None where too many pairs are in doubt.
    pub(super) fn uncounted(points: &Points, place: i64) -> Option<Self> {
        let order = points.order(place)?;
        let wrong = wrong(points, place, &order)?;
        Some(Self { place, points: order.points, wrong, below: 0 })
    }

    /// Counts from a lower cut on.
    pub(super) fn count_from(self, lower: &Self, points: &Points) -> Self {
        let band = Band { points, from: lower, to: &self };
        let mut steps = band.steps();
        let mut spare = vec![0; steps.len()];
        let turned = inversions(&mut steps, &mut spare);
        let below = (lower.below + turned).wrapping_add_signed(band.beside());
        Self { below, ..self }
    }

    /// Whether a pair is among those that the order has wrong.
    pub(super) fn is_wrong(&self, pair: (u32, u32)) -> bool {
        !self.wrong.is_empty() && self.wrong.binary_search(&pair).is_ok()
    }
}

/// The pairs whose order says another thing than their slope.
fn wrong(points: &Points, place: i64, order: &Order) -> Option<Vec<(u32, u32)>> {
    let mut wrong = Vec::new();
    let Some((least, most)) = &order.errors else { return Some(wrong) };
    let mut least_from = least.clone();
    for at in (1..least_from.len()).rev() {
        least_from[at - 1] = least_from[at - 1].min(least_from[at]);
    }
    let ends = ends(points, &order.points);
    let mut steps = DOUBTFUL * points.len() + 1000;
    for (at, &a) in order.points.iter().enumerate() {
        let mut next = at + 1;
        while next < points.len() && least_from[next] <= most[at] {
            steps = steps.checked_sub(1)?;
            let b = order.points[next];
            if points.upright(a, b) {
                // There are no slopes between points that are above each other, of which there may be many.
                next = ends[next];
                continue;
            }
            if least[next] <= most[at] && (a > b) != (points.place(a, b) < place) {
                wrong.push((a.min(b), a.max(b)));
            }
            next += 1;
        }
    }
    wrong.sort_unstable();
    Some(wrong)
}

/// Where the points above one another end that begin at each place or before it.
fn ends(points: &Points, order: &[u32]) -> Vec<usize> {
    let mut ends: Vec<usize> = (1..=order.len()).collect();
    for at in (1..order.len()).rev() {
        if points.upright(order[at - 1], order[at]) {
            ends[at - 1] = ends[at];
        }
    }
    ends
}
