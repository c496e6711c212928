//! Where the smallest and the largest value of each block first stand, and its first NaN.

use super::aligned;
use crate::{
    BLOCK, Column, Device, Result,
    assembler::{Array, Assembler, B, F, Module, U, Var},
    column::{TILE, TILES},
    vulkan::{Floats, Part, Program, Step},
};
use echoes_kernel::sweep::Extent;
use std::{ops, slice, sync::Arc};

/// Invocations of a group.
const LANES: u32 = 32;
/// Values that a lane asks for at once.
const RUN: u32 = 8;
/// Places that a block leaves: of the smallest, the largest, the first NaN.
const PLACES: usize = 3;
/// No place.
const NOWHERE: u32 = u32::MAX;

/// The program.
pub struct Range {
    device: Arc<Device>,
    program: Program,
}

impl Range {
    /// Makes the program ready.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn new(device: &Arc<Device>) -> Result<Self> {
        Ok(Self { device: Arc::clone(device), program: device.program(&module(device.floats()))? })
    }

    /// What each block of the column leaves.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn run(&self, column: &Column) -> Result<Vec<Extent>> {
        let mut extents = Vec::with_capacity(column.blocks() as usize);
        for first in (0..column.tiles()).step_by(TILES) {
            extents.extend(self.tiles(column, first..column.tiles().min(first + TILES))?);
        }
        Ok(extents)
    }

    /// What each block of some tiles leaves; the device is waited for once.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for a tile that is not there, and what the driver refuses.
    pub fn tiles(&self, column: &Column, numbers: ops::Range<usize>) -> Result<Vec<Extent>> {
        let tiles = numbers.map(|number| column.tile(number)).collect::<Result<Vec<_>>>()?;
        let mut blocks = 0;
        let places = tiles.iter().map(|(_, rows)| {
            let from = aligned(blocks);
            blocks = from + rows.div_ceil(BLOCK as u32) as usize;
            from..blocks
        });
        let places: Vec<ops::Range<usize>> = places.collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let (bytes_of_values, bytes_of_places) = ((8 * 2 * blocks) as u64, (4 * PLACES * blocks) as u64);
        let (value, place) = (self.device.buffer(bytes_of_values)?, self.device.buffer(bytes_of_places)?);
        let (values, found) = (self.device.landing(bytes_of_values)?, self.device.landing(bytes_of_places)?);
        let parts = tiles.iter().zip(&places);
        let parts: Vec<[Part<'_>; 3]> = parts
            .map(|((tile, _), places)| [tile.all(), value.of(8 * 2, places), place.of(4 * PLACES, places)])
            .collect();
        let mut steps: Vec<Step<'_>> = tiles
            .iter()
            .zip(&places)
            .zip(&parts)
            .map(|(((_, rows), places), buffers)| {
                let (words, groups) = (slice::from_ref(rows), places.len() as u32);
                Step::Dispatch { program: &self.program, buffers, words, groups }
            })
            .collect();
        steps.push(Step::Copy { from: &value, to: &values });
        steps.push(Step::Copy { from: &place, to: &found });
        self.device.run(&mut steps)?;
        self.device.read(&values, |values| {
            self.device.read(&found, |found| {
                let (values, found) = (bytemuck::cast_slice(values), bytemuck::cast_slice(found));
                let mut extents = Vec::with_capacity(blocks);
                places.into_iter().for_each(|places| extents.extend(places.map(|block| extent(values, found, block))));
                extents
            })
        })?
    }
}

/// What the program has left of the block at a place.
fn extent(values: &[f64], found: &[u32], block: usize) -> Extent {
    let (value, place) = (&values[2 * block..], &found[PLACES * block..]);
    let there = |place: u32| (place != NOWHERE).then_some(place as usize);
    let [min, max] = [0, 1].map(|i| there(place[i]).map(|at| (value[i], at)));
    Extent { min, max, nan: there(place[2]) }
}

/// Places that a lane, or the group, has found so far.
#[derive(Clone, Copy)]
struct Found {
    value: Var<F>,
    place: Var<U>,
}

/// The module.
pub(super) fn module(floats: Floats) -> Module {
    let mut a = Assembler::new(floats, LANES);
    let (values, out_values, out_places) = (a.buffer::<F>(), a.buffer::<F>(), a.buffer::<U>());
    let (shared_values, shared_places) = (a.shared::<F>(2 * LANES), a.shared::<U>(PLACES as u32 * LANES));
    let (lanes, nowhere, zero) = (a.u(LANES), a.u(NOWHERE), a.f(0.0));
    let mut found = || Found { value: a.var(zero), place: a.var(nowhere) };
    let (min, max, nan) = (found(), found(), found());
    lane(&mut a, values, [min, max], nan);
    let (local, group) = (a.local(), a.group());
    for (i, found) in [min, max, nan].into_iter().enumerate() {
        let offset = a.u(i as u32 * LANES);
        let at = a.iadd(offset, local);
        let place = a.get(found.place);
        a.store(shared_places, at, place);
        if i < 2 {
            let value = a.get(found.value);
            a.store(shared_values, at, value);
        }
    }
    a.barrier();
    // One invocation finds the first of the smallest, one that of the largest, one the first NaN.
    for (i, best) in [min, max, nan].into_iter().enumerate() {
        let number = a.u(i as u32);
        let mine = a.equal(local, number);
        a.when(mine, |a| {
            a.set(best.place, nowhere);
            let none = a.u(0);
            a.count(none, lanes, |a, lane| {
                let offset = a.u(i as u32 * LANES);
                let at = a.iadd(offset, lane);
                let place = a.load(shared_places, at);
                let value = if i < 2 { a.load(shared_values, at) } else { zero };
                offer(a, best, value, place, i == 1);
            });
            let places = a.u(PLACES as u32);
            let start = a.imul(group, places);
            let at = a.iadd(start, number);
            let place = a.get(best.place);
            a.store(out_places, at, place);
            if i < 2 {
                let two = a.u(2);
                let start = a.imul(group, two);
                let at = a.iadd(start, number);
                let value = a.get(best.value);
                a.store(out_values, at, value);
            }
        });
    }
    a.finish()
}

/// Every 32nd value of the block.
fn lane(a: &mut Assembler, values: Array<F>, [min, max]: [Found; 2], nan: Found) {
    let rows = a.word(0);
    let (size, none) = (a.u(BLOCK as u32), a.u(0));
    let start = a.imul(a.group(), size);
    let left = a.isub(rows, start);
    let len = a.smaller(left, size);
    let (rounding, bits) = (a.u(LANES - 1), a.u(LANES.ilog2()));
    let rounded = a.iadd(len, rounding);
    let steps = a.shift_right(rounded, bits);
    // All values of a run are asked for before the first is looked at: memory answers late, but many at once.
    let (run, whole_runs) = (a.u(RUN), a.u(LANES.ilog2() + RUN.ilog2()));
    let full = a.shift_right(len, whole_runs);
    let lane = Lane { values, min, max, nan, start };
    a.count(none, full, |a, number| {
        let from = a.imul(number, run);
        let places: [U; RUN as usize] = std::array::from_fn(|i| {
            let i = a.u(i as u32);
            let step = a.iadd(from, i);
            place(a, step)
        });
        let values = places.map(|place| lane.load(a, place));
        values.into_iter().zip(places).for_each(|(x, place)| lane.take(a, x, place));
    });
    let done = a.imul(full, run);
    a.count(done, steps, |a, step| {
        let place = place(a, step);
        let inside = a.less(place, len);
        a.when(inside, |a| {
            let x = lane.load(a, place);
            lane.take(a, x, place);
        });
    });
}

/// The lane's place of a step.
fn place(a: &mut Assembler, step: U) -> U {
    let lanes = a.u(LANES);
    let offset = a.imul(step, lanes);
    a.iadd(offset, a.local())
}

/// What a lane has found so far, and where its block begins.
struct Lane {
    values: Array<F>,
    min: Found,
    max: Found,
    nan: Found,
    start: U,
}

impl Lane {
    fn load(&self, a: &mut Assembler, place: U) -> F {
        let row = a.iadd(self.start, place);
        a.load(self.values, row)
    }

    fn take(&self, a: &mut Assembler, x: F, place: U) {
        let number = a.same(x, x);
        let nowhere = a.u(NOWHERE);
        let seen = a.select(number, place, nowhere);
        offer(a, self.min, x, seen, false);
        offer(a, self.max, x, seen, true);
        let is_nan = a.not(number);
        let before = a.get(self.nan.place);
        let missing = a.equal(before, nowhere);
        let first = a.both(is_nan, missing);
        a.when(first, |a| a.set(self.nan.place, place));
    }
}

/// Takes a value if it stands somewhere, and is better than the best so far or as good and stands before it.
fn offer(a: &mut Assembler, best: Found, value: F, place: U, larger: bool) {
    let (old, at) = (a.get(best.value), a.get(best.place));
    let nowhere = a.u(NOWHERE);
    let is_first = a.equal(at, nowhere);
    let better = if larger { a.below(old, value) } else { a.below(value, old) };
    let (as_good, before) = (a.same(value, old), a.less(place, at));
    let earlier = a.both(as_good, before);
    let improves = a.either(better, earlier);
    let taken = a.either(is_first, improves);
    let somewhere: B = a.less(place, nowhere);
    let taken = a.both(taken, somewhere);
    a.when(taken, |a| {
        a.set(best.value, value);
        a.set(best.place, place);
    });
}

const _: () = assert!(TILE * BLOCK < NOWHERE as usize);
