//! How many values fall into bins of one width. Counts are whole numbers, so the order in which they grow is all one.

use super::{aligned, halves};
use crate::{
    BLOCK, Column, Device, Error, Result,
    assembler::{Array, Assembler, F, Module, U},
    column::TILES,
    vulkan::{Floats, Part, Program, Step},
};
use echoes_kernel::sweep::{BINS_MAX, Bins, Counts};
use std::{ops::Range, sync::Arc};

/// Counts beside the bins: below, above, NaN.
const ASIDE: u32 = 3;
/// Invocations of a group.
const LANES: u32 = 128;
/// Blocks that a group takes: so few that a tile keeps every core of a large device busy.
const BLOCKS: u32 = 4;
/// Values that an invocation asks for at once.
const RUN: u32 = 8;

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
    /// As [`tiles`](Histogram::tiles).
    pub fn run(&self, column: &Column, bins: Bins) -> Result<Counts> {
        let mut counts = Counts::none(bins.count);
        for first in (0..column.tiles()).step_by(TILES) {
            counts.add(&self.tiles(column, first..column.tiles().min(first + TILES), bins)?);
        }
        Ok(counts)
    }

    /// Counts the values of some tiles; the device is waited for once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for no bin or more than [`BINS_MAX`], and for a tile that is not there; what the driver refuses.
    pub fn tiles(&self, column: &Column, numbers: Range<usize>, bins: Bins) -> Result<Counts> {
        if bins.count == 0 || bins.count > BINS_MAX {
            return Err(Error::Invalid("from 1 to 2,048 bins"));
        }
        let tiles = numbers.map(|number| column.tile(number)).collect::<Result<Vec<_>>>()?;
        let mut counts = Counts::none(bins.count);
        if tiles.is_empty() {
            return Ok(counts);
        }
        // Each tile has counts of its own, so that none waits for another.
        let slots = (bins.count + ASIDE) as usize;
        let size = aligned(slots);
        let mut found = vec![0u32; size * tiles.len()];
        let buffer = self.device.buffer(4 * found.len() as u64)?;
        let doubles = [bins.low, bins.high, bins.width, bins.per_unit].map(halves);
        let words = |rows: u32| [rows, bins.count].into_iter().chain(doubles.into_iter().flatten()).collect();
        let words: Vec<Vec<u32>> = tiles.iter().map(|(_, rows)| words(*rows)).collect();
        let parts = tiles.iter().enumerate();
        let parts: Vec<[Part<'_>; 2]> =
            parts.map(|(i, (tile, _))| [tile.all(), buffer.of(4, &(i * size..(i + 1) * size))]).collect();
        let mut steps = vec![Step::Clear { buffer: &buffer }];
        steps.extend(tiles.iter().zip(&parts).zip(&words).map(|(((_, rows), buffers), words)| Step::Dispatch {
            program: &self.program,
            buffers,
            words,
            groups: rows.div_ceil(BLOCK as u32 * BLOCKS),
        }));
        steps.push(Step::Download { from: &buffer, bytes: bytemuck::cast_slice_mut(&mut found) });
        self.device.run(&mut steps)?;
        for found in found.chunks_exact(size) {
            let mut bins: Vec<u64> = found[..slots].iter().copied().map(u64::from).collect();
            let aside = bins.split_off(slots - ASIDE as usize);
            counts.add(&Counts { bins, below: aside[0], above: aside[1], nan: aside[2] });
        }
        Ok(counts)
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
    let counting = Counting { values, shared, bins, low, high, width, per_unit, start };
    let (run, none) = (a.u(RUN), a.u(0));
    let full_bits = a.u((LANES * RUN).ilog2());
    let full = a.shift_right(len, full_bits);
    a.count(none, full, |a, number| {
        let from = a.imul(number, run);
        // All are asked for before the first is counted: memory answers late, but many at once.
        let values: [F; RUN as usize] = std::array::from_fn(|i| {
            let (i, lanes) = (a.u(i as u32), a.u(LANES));
            let step = a.iadd(from, i);
            let offset = a.imul(step, lanes);
            let place = a.iadd(offset, a.local());
            counting.load(a, place)
        });
        values.into_iter().for_each(|x| counting.take(a, x));
    });
    let done = a.shift_left(full, full_bits);
    let left = a.isub(len, done);
    each(a, left, |a, number| {
        let place = a.iadd(done, number);
        let x = counting.load(a, place);
        counting.take(a, x);
    });
}

/// What values are counted in.
struct Counting {
    values: Array<F>,
    shared: Array<U>,
    bins: U,
    low: F,
    high: F,
    width: F,
    per_unit: F,
    /// The row where the group begins.
    start: U,
}

impl Counting {
    fn load(&self, a: &mut Assembler, place: U) -> F {
        let row = a.iadd(self.start, place);
        a.load(self.values, row)
    }

    fn take(&self, a: &mut Assembler, x: F) {
        let (one, two) = (a.u(1), a.u(2));
        let last = a.isub(self.bins, one);
        let (above, nan) = (a.iadd(self.bins, one), a.iadd(self.bins, two));
        let slot = a.var(nan);
        let is_below = a.below(x, self.low);
        a.when(is_below, |a| a.set(slot, self.bins));
        let is_above = a.below(self.high, x);
        a.when(is_above, |a| a.set(slot, above));
        let (from, to) = (a.at_most(self.low, x), a.at_most(x, self.high));
        let inside = a.both(from, to);
        a.when(inside, |a| {
            let distance = a.sub(x, self.low);
            let guess = a.mul(distance, self.per_unit);
            let limit = a.double_of(last);
            let beyond = a.below(limit, guess);
            let guess = a.select(beyond, limit, guess);
            let guess = a.whole_of(guess);
            let bin = settle(a, x, guess, last, self.low, self.width);
            a.set(slot, bin);
        });
        let slot = a.get(slot);
        a.atomic_add(self.shared, slot, one);
    }
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
