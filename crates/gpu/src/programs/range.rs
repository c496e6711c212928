//! Where the smallest and the largest value of each block first stand, and its first NaN.

use crate::{
    BLOCK, Column, Device, Result,
    assembler::{Array, Assembler, B, F, Module, U, Var},
    column::TILE,
    vulkan::{Floats, Program, Step},
};
use echoes_kernel::sweep::Extent;
use std::sync::Arc;

/// Invocations of a group.
const LANES: u32 = 32;
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
        for number in 0..column.tiles() {
            extents.extend(self.tile(column, number)?);
        }
        Ok(extents)
    }

    /// What each block of one tile leaves.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for a tile that is not there, and what the driver refuses.
    pub fn tile(&self, column: &Column, number: usize) -> Result<Vec<Extent>> {
        let (tile, rows) = column.tile(number)?;
        let blocks = rows.div_ceil(BLOCK as u32);
        let (mut values, mut places) = (vec![0.0; 2 * blocks as usize], vec![0; PLACES * blocks as usize]);
        let buffer = |bytes: usize| self.device.buffer(bytes as u64);
        let (value, place) = (buffer(8 * values.len())?, buffer(4 * places.len())?);
        self.device.run(&mut [
            Step::Dispatch { program: &self.program, buffers: &[tile, &value, &place], words: &[rows], groups: blocks },
            Step::Download { from: &value, bytes: bytemuck::cast_slice_mut(&mut values) },
            Step::Download { from: &place, bytes: bytemuck::cast_slice_mut(&mut places) },
        ])?;
        let there = |place: u32| (place != NOWHERE).then_some(place as usize);
        let blocks = values.chunks_exact(2).zip(places.chunks_exact(PLACES)).map(|(value, place)| Extent {
            min: there(place[0]).map(|at| (value[0], at)),
            max: there(place[1]).map(|at| (value[1], at)),
            nan: there(place[2]),
        });
        Ok(blocks.collect())
    }
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
    let (size, none, lanes) = (a.u(BLOCK as u32), a.u(0), a.u(LANES));
    let start = a.imul(a.group(), size);
    let left = a.isub(rows, start);
    let len = a.smaller(left, size);
    let (rounding, bits) = (a.u(LANES - 1), a.u(LANES.ilog2()));
    let rounded = a.iadd(len, rounding);
    let steps = a.shift_right(rounded, bits);
    a.count(none, steps, |a, step| {
        let offset = a.imul(step, lanes);
        let place = a.iadd(offset, a.local());
        let inside = a.less(place, len);
        a.when(inside, |a| {
            let row = a.iadd(start, place);
            let x = a.load(values, row);
            let number = a.same(x, x);
            let nowhere = a.u(NOWHERE);
            let seen = a.select(number, place, nowhere);
            offer(a, min, x, seen, false);
            offer(a, max, x, seen, true);
            let is_nan = a.not(number);
            let before = a.get(nan.place);
            let missing = a.equal(before, nowhere);
            let first = a.both(is_nan, missing);
            a.when(first, |a| a.set(nan.place, place));
        });
    });
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
