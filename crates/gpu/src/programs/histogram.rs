//! How many values fall into bins of one width. Counts are whole numbers, so the order in which they grow is all one.

use super::halves;
use crate::{
    BLOCK, Column, Device, Error, Result,
    assembler::{Array, Assembler, F, Module, U},
    vulkan::{Floats, Program, Step},
};
use echoes_kernel::sweep::{BINS_MAX, Bins, Counts};
use std::sync::Arc;

/// Counts beside the bins: below, above, NaN.
const ASIDE: u32 = 3;
/// Invocations of a group.
const LANES: u32 = 128;
/// Blocks that a group takes.
const BLOCKS: u32 = 16;

/// The program.
pub struct Histogram {
    device: Arc<Device>,
    program: Program,
}

impl Histogram {
    /// Makes the program ready.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn new(device: &Arc<Device>) -> Result<Self> {
        Ok(Self { device: Arc::clone(device), program: device.program(&module(device.floats()))? })
    }

    /// Counts the column's values.
    ///
    /// # Errors
    /// As [`tile`](Histogram::tile).
    pub fn run(&self, column: &Column, bins: Bins) -> Result<Counts> {
        let mut counts = Counts::none(bins);
        for number in 0..column.tiles() {
            counts.add(&self.tile(column, number, bins)?);
        }
        Ok(counts)
    }

    /// Counts the values of one tile.
    ///
    /// # Errors
    /// [`Error::Invalid`] for no bin or more than [`BINS_MAX`], and for a tile that is not there; what the driver refuses.
    pub fn tile(&self, column: &Column, number: usize, bins: Bins) -> Result<Counts> {
        if bins.count == 0 || bins.count > BINS_MAX {
            return Err(Error::Invalid("from 1 to 2,048 bins"));
        }
        let (tile, rows) = column.tile(number)?;
        let mut counts = vec![0u32; (bins.count + ASIDE) as usize];
        let doubles = [bins.low, bins.high, bins.width, bins.per_unit].map(halves);
        let words: Vec<u32> = [rows, bins.count].into_iter().chain(doubles.into_iter().flatten()).collect();
        let buffer = self.device.buffer(4 * counts.len() as u64)?;
        self.device.run(&mut [
            Step::Clear { buffer: &buffer },
            Step::Dispatch {
                program: &self.program,
                buffers: &[tile, &buffer],
                words: &words,
                groups: rows.div_ceil(BLOCK as u32 * BLOCKS),
            },
            Step::Download { from: &buffer, bytes: bytemuck::cast_slice_mut(&mut counts) },
        ])?;
        let mut bins: Vec<u64> = counts.into_iter().map(u64::from).collect();
        let aside = bins.split_off(bins.len() - ASIDE as usize);
        Ok(Counts { bins, below: aside[0], above: aside[1], nan: aside[2] })
    }
}

/// The module.
pub(super) fn module(floats: Floats) -> Module {
    let mut a = Assembler::new(floats, LANES);
    let (values, out) = (a.buffer::<F>(), a.buffer::<U>());
    let shared = a.shared::<U>(BINS_MAX + ASIDE);
    let bins = a.word(1);
    let aside = a.u(ASIDE);
    let slots = a.iadd(bins, aside);
    each(&mut a, slots, |a, slot| {
        let zero = a.u(0);
        a.store(shared, slot, zero);
    });
    a.barrier();
    count(&mut a, values, shared, bins);
    a.barrier();
    each(&mut a, slots, |a, slot| {
        let count = a.load(shared, slot);
        a.atomic_add(out, slot, count);
    });
    a.finish()
}

/// Does something for each number below `len`, the invocations in turns.
fn each(a: &mut Assembler, len: U, body: impl FnOnce(&mut Assembler, U)) {
    let (lanes, rounding, none) = (a.u(LANES.ilog2()), a.u(LANES - 1), a.u(0));
    let rounded = a.iadd(len, rounding);
    let steps = a.shift_right(rounded, lanes);
    a.count(none, steps, |a, step| {
        let offset = a.shift_left(step, lanes);
        let number = a.iadd(offset, a.local());
        let inside = a.less(number, len);
        a.when(inside, |a| body(a, number));
    });
}

/// Counts the values of the group's blocks.
fn count(a: &mut Assembler, values: Array<F>, shared: Array<U>, bins: U) {
    let rows = a.word(0);
    let [low, high, width, per_unit] = [2, 4, 6, 8].map(|at| a.double(at));
    let size = a.u(BLOCK as u32 * BLOCKS);
    let start = a.imul(a.group(), size);
    let left = a.isub(rows, start);
    let len = a.smaller(left, size);
    each(a, len, |a, place| {
        let row = a.iadd(start, place);
        let x = a.load(values, row);
        let (one, two) = (a.u(1), a.u(2));
        let last = a.isub(bins, one);
        let (above, nan) = (a.iadd(bins, one), a.iadd(bins, two));
        let slot = a.var(nan);
        let is_below = a.below(x, low);
        a.when(is_below, |a| a.set(slot, bins));
        let is_above = a.below(high, x);
        a.when(is_above, |a| a.set(slot, above));
        let (from, to) = (a.at_most(low, x), a.at_most(x, high));
        let inside = a.both(from, to);
        a.when(inside, |a| {
            let distance = a.sub(x, low);
            let guess = a.mul(distance, per_unit);
            let limit = a.double_of(last);
            let beyond = a.below(limit, guess);
            let guess = a.select(beyond, limit, guess);
            let guess = a.whole_of(guess);
            let bin = settle(a, x, guess, last, low, width);
            a.set(slot, bin);
        });
        let slot = a.get(slot);
        a.atomic_add(shared, slot, one);
    });
}

/// The bin of a value whose guess is at most one off: what counts are the edges.
fn settle(a: &mut Assembler, x: F, guess: U, last: U, low: F, width: F) -> U {
    let one = a.u(1);
    let bin = a.var(guess);
    let begin = edge(a, guess, low, width);
    let before = a.below(x, begin);
    let none = a.u(0);
    let is_first = a.equal(guess, none);
    let not_first = a.not(is_first);
    let down = a.both(before, not_first);
    a.when(down, |a| {
        let lower = a.isub(guess, one);
        a.set(bin, lower);
    });
    let next = a.iadd(guess, one);
    let end = edge(a, next, low, width);
    let after = a.at_most(end, x);
    let not_last = a.less(guess, last);
    let up = a.both(after, not_last);
    a.when(up, |a| a.set(bin, next));
    a.get(bin)
}

fn edge(a: &mut Assembler, bin: U, low: F, width: F) -> F {
    let bin = a.double_of(bin);
    let offset = a.mul(bin, width);
    a.add(low, offset)
}
