//! The slopes between two cuts.

use super::{cut::Cut, places::place, points::Points};
use crate::inversions::{Inversions, visit};
use std::hint::select_unpredictable;

/// The slopes that are not below one cut, but below the other.
#[derive(Clone, Copy)]
pub(super) struct Band<'a> {
    pub(super) points: &'a Points,
    pub(super) from: &'a Cut,
    pub(super) to: &'a Cut,
}

impl<'a> Band<'a> {
    /// How many there are.
    pub(super) const fn len(&self) -> u64 {
        self.to.below - self.from.below
    }

    /// For each point in the upper cut's order, where it stands in the lower one's.
    pub(super) fn steps(&self) -> Vec<u32> {
        let mut stands = vec![0; self.points.len()];
        self.from.points.iter().enumerate().for_each(|(at, &point)| stands[point as usize] = at as u32);
        self.to.points.iter().map(|&point| stands[point as usize]).collect()
    }

    /// The first place that a slope between the cuts may have.
    pub(super) fn first(&self) -> i64 {
        self.from.place.max(place(f64::NEG_INFINITY))
    }

    /// The place after the last one.
    pub(super) fn last(&self) -> i64 {
        self.to.place.min(place(f64::INFINITY) + 1)
    }

    fn contains(&self, place: i64) -> bool {
        self.from.place <= place && place < self.to.place
    }

    /// Pairs of which the order is wrong at either cut: whether the orders at both differ, and whether the slope is between them.
    fn wrong(&self) -> impl Iterator<Item = ((u32, u32), bool, bool)> + '_ {
        let only_above = self.to.wrong.iter().filter(|&&pair| !self.from.is_wrong(pair));
        self.from.wrong.iter().chain(only_above).map(|&pair| {
            let place = self.points.place(pair.0, pair.1);
            let at = |cut: &Cut| (place < cut.place) != cut.is_wrong(pair);
            (pair, at(self.from) != at(self.to), self.contains(place))
        })
    }

    /// Slopes between the cuts less those pairs whose orders differ.
    pub(super) fn beside(&self) -> i64 {
        self.wrong().map(|(_, differs, inside)| i64::from(inside) - i64::from(differs)).sum()
    }

    /// Shows the slopes to `look`, each with its place.
    fn each<L: Look>(self, look: L) -> L {
        let mut steps = self.steps();
        let mut spare = vec![0; steps.len()];
        let mut looking = Looking { band: self, look };
        visit(&mut steps, &mut spare, 0, &mut looking);
        for ((a, b), differs, inside) in self.wrong() {
            if inside && !differs {
                looking.look.at(self.points.place(a, b));
            }
        }
        looking.look
    }

    /// All of them, in some order, as places.
    pub(super) fn all(self) -> Vec<i64> {
        self.each(Vec::new())
    }

    /// How many there are before the place `first`, and in each of `bins` ranges of `2^shift` places from there on.
    pub(super) fn tally(self, first: i64, shift: u32, bins: usize) -> (u64, Vec<u64>) {
        let Tally { below, bins, .. } = self.each(Tally { first, shift, below: 0, bins: vec![0; bins] });
        (below, bins)
    }

    /// About every `step`th pair whose order differs, by its slope's place.
    pub(super) fn sample(self, step: u64) -> Vec<i64> {
        let mut steps = self.steps();
        let mut spare = vec![0; steps.len()];
        let mut sample = Sample::new(self, step, 0);
        visit(&mut steps, &mut spare, 0, &mut sample);
        sample.places
    }

    fn place(&self, a: u32, b: u32) -> i64 {
        self.points.place(self.from.points[a as usize], self.from.points[b as usize])
    }
}

/// What looks at slopes.
trait Look: Send {
    fn begin(&self) -> Self;
    fn at(&mut self, place: i64);
    fn join(&mut self, other: Self);
}

impl Look for Vec<i64> {
    fn begin(&self) -> Self {
        Self::new()
    }
    fn at(&mut self, place: i64) {
        self.push(place);
    }
    fn join(&mut self, other: Self) {
        self.extend(other);
    }
}

struct Tally {
    first: i64,
    shift: u32,
    below: u64,
    bins: Vec<u64>,
}

impl Look for Tally {
    fn begin(&self) -> Self {
        Self { below: 0, bins: vec![0; self.bins.len()], ..*self }
    }
    fn at(&mut self, place: i64) {
        if place < self.first {
            self.below += 1;
        } else if let Some(bin) = self.bins.get_mut((place.wrapping_sub(self.first) as u64 >> self.shift) as usize) {
            *bin += 1;
        }
    }
    fn join(&mut self, other: Self) {
        self.below += other.below;
        self.bins.iter_mut().zip(other.bins).for_each(|(bin, other)| *bin += other);
    }
}

struct Looking<'a, L> {
    band: Band<'a>,
    look: L,
}

impl<L: Look> Inversions for Looking<'_, L> {
    fn begin(&self, _: usize) -> Self {
        Self { band: self.band, look: self.look.begin() }
    }
    #[inline(always)]
    fn passed(&mut self, passes: bool, left: &[u32], right: u32) {
        if passes {
            for &left in left {
                let place = self.band.place(left, right);
                if self.band.contains(place) {
                    self.look.at(place);
                }
            }
        }
    }
    fn join(&mut self, other: Self) {
        self.look.join(other.look);
    }
}

/// Of every `step` inversions one, drawn by Marsaglia's xorshift.
struct Sample<'a> {
    band: Band<'a>,
    step: u64,
    state: u64,
    /// Inversions up to the next one that is drawn.
    next: u64,
    /// Those between it and the end of its step.
    rest: u64,
    places: Vec<i64>,
}

impl<'a> Sample<'a> {
    fn new(band: Band<'a>, step: u64, seed: usize) -> Self {
        let state = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut sample = Self { band, step, state, next: 0, rest: 0, places: Vec::new() };
        sample.draw();
        sample
    }

    fn draw(&mut self) {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let at = (self.state >> 11) % self.step;
        self.next += self.rest + at;
        self.rest = self.step - at;
    }
}

impl Inversions for Sample<'_> {
    fn begin(&self, seed: usize) -> Self {
        Self::new(self.band, self.step, seed)
    }
    #[inline(always)]
    fn passed(&mut self, passes: bool, left: &[u32], right: u32) {
        let many = select_unpredictable(passes, left.len() as u64, 0);
        while self.next < many {
            let place = self.band.place(left[self.next as usize], right);
            self.places.push(place);
            self.draw();
        }
        self.next -= many;
    }
    fn join(&mut self, other: Self) {
        self.places.extend(other.places);
    }
}
