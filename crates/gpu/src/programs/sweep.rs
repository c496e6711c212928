//! Sums of powers of deviations, block by block, in the order in which the processor adds.
//!
//! Value `i` of a block is of lane `i mod 32`; an invocation is a lane. A lane adds eight values one by one, a run; the four
//! vectors of eight lanes of a run are added as a tree, and the runs without loss (D. E. Knuth's TwoSum); the values that fill
//! no 32 are a run of their own. At the end eight lanes are added as a tree. Third and fourth powers are added one by one.

use super::halves;
use crate::{
    BLOCK, Column, Device, Error, Result,
    assembler::{Array, Assembler, F, Module, U, Var},
    vulkan::{Buffer, Floats, Program, Step},
};
use echoes_kernel::sweep::{Powers, Sums};
use std::sync::Arc;

/// Lanes: invocations of a group.
const LANES: u32 = 32;
/// Values that a lane adds one by one.
const RUN: u32 = 8;
/// Runs of a block, and the one of what is left over.
const RUNS: u32 = BLOCK as u32 / LANES / RUN + 1;
/// Numbers that a block leaves: four sums, and the value where all are the same, else NaN.
const RESULTS: usize = 5;

/// The program.
pub struct Sweep {
    device: Arc<Device>,
    program: Program,
    powers: Powers,
}

impl Sweep {
    /// Makes the program ready.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn new(device: &Arc<Device>, powers: Powers) -> Result<Self> {
        let program = device.program(&module(device.floats(), powers))?;
        Ok(Self { device: Arc::clone(device), program, powers })
    }

    /// What each of the blocks leaves about its center: blocks by their number, in rising order.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a block that the column has not, and what the driver refuses.
    pub fn run(&self, column: &Column, blocks: &[(u64, f64)]) -> Result<Vec<Sums>> {
        let mut sums = Vec::with_capacity(blocks.len());
        let size = column.tile_blocks() as u64;
        for blocks in blocks.chunk_by(|a, b| a.0 / size == b.0 / size) {
            let number = blocks.first().map_or(0, |(block, _)| (block / size) as usize);
            let (tile, rows) = column.tile(number)?;
            for blocks in blocks.chunks(column.tile_blocks()) {
                let local: Vec<(u32, f64)> =
                    blocks.iter().map(|(block, center)| ((block % size) as u32, *center)).collect();
                self.tile(tile, rows, &local, &mut sums)?;
            }
        }
        Ok(sums)
    }

    fn tile(&self, tile: &Buffer, rows: u32, blocks: &[(u32, f64)], sums: &mut Vec<Sums>) -> Result<()> {
        let numbers: Vec<u32> = blocks.iter().map(|(block, _)| *block).collect();
        if numbers.iter().any(|number| number * BLOCK as u32 >= rows) {
            return Err(Error::Invalid("a block beyond the column"));
        }
        let centers: Vec<f64> = blocks.iter().map(|(_, center)| *center).collect();
        let mut found = vec![0.0; RESULTS * blocks.len()];
        let buffer = |bytes: usize| self.device.buffer(bytes as u64);
        let (number, center) = (buffer(4 * blocks.len())?, buffer(8 * blocks.len())?);
        let out = buffer(8 * found.len())?;
        let groups = blocks.len() as u32;
        let zero = halves(if self.powers == Powers::Total { -0.0 } else { 0.0 });
        self.device.run(&mut [
            Step::Upload { to: &number, bytes: bytemuck::cast_slice(&numbers) },
            Step::Upload { to: &center, bytes: bytemuck::cast_slice(&centers) },
            Step::Dispatch {
                program: &self.program,
                buffers: &[tile, &number, &center, &out],
                words: &[rows, zero[0], zero[1]],
                groups,
            },
            Step::Download { from: &out, bytes: bytemuck::cast_slice_mut(&mut found) },
        ])?;
        sums.extend(found.chunks_exact(RESULTS).map(|found| Sums {
            powers: [found[0], found[1], found[2], found[3]],
            constant: (!found[4].is_nan()).then_some(found[4]),
        }));
        Ok(())
    }
}

/// The module for the sums of some powers.
pub(super) fn module(floats: Floats, powers: Powers) -> Module {
    let mut a = Assembler::new(floats, LANES);
    let (values, numbers, centers, out) = (a.buffer::<F>(), a.buffer::<U>(), a.buffer::<F>(), a.buffer::<F>());
    let shared = Shared {
        runs: a.shared(2 * RUNS * LANES),
        slow: a.shared(2 * LANES),
        parts: a.shared(2 * 16),
        same: a.shared(LANES),
    };
    let block = Block::new(&mut a, powers, values, numbers, centers);
    let runs = block.lanes(&mut a, shared);
    a.barrier();
    join_runs(&mut a, shared, runs, block.zero);
    a.barrier();
    write(&mut a, shared, block.first, out);
    a.finish()
}

/// What the invocations of a group share.
#[derive(Clone, Copy)]
struct Shared {
    /// First and second powers: a lane's sum of each run.
    runs: Array<F>,
    /// Third and fourth powers: a lane's sum.
    slow: Array<F>,
    /// High and low parts of eight lanes of the first powers, then of the second.
    parts: Array<F>,
    /// Whether a lane's values are all that of the block's first.
    same: Array<U>,
}

/// A block, as one lane sees it.
struct Block {
    powers: Powers,
    values: Array<F>,
    /// The row where it begins.
    start: U,
    /// Values that it has.
    len: U,
    center: F,
    /// What sums begin with.
    zero: F,
    /// The first value of the block.
    first: F,
}

/// A lane's sums while they grow.
#[derive(Clone, Copy)]
struct Lane {
    first: Var<F>,
    second: Var<F>,
    third: Var<F>,
    fourth: Var<F>,
    same: Var<U>,
}

impl Block {
    fn new(a: &mut Assembler, powers: Powers, values: Array<F>, numbers: Array<U>, centers: Array<F>) -> Self {
        let (rows, zero) = (a.word(0), a.double(1));
        let item = a.group();
        let number = a.load(numbers, item);
        let size = a.u(BLOCK as u32);
        let start = a.imul(number, size);
        let left = a.isub(rows, start);
        let len = a.smaller(left, size);
        let center = match powers {
            Powers::Total => a.f(0.0),
            _ => a.load(centers, item),
        };
        let first = a.load(values, start);
        Self { powers, values, start, len, center, zero, first }
    }

    /// Leaves the lane's sums in shared memory; gives the number of runs.
    fn lanes(&self, a: &mut Assembler, shared: Shared) -> U {
        let (zero, one) = (a.f(0.0), a.u(1));
        let lane = Lane {
            first: a.var(self.zero),
            second: a.var(self.zero),
            third: a.var(zero),
            fourth: a.var(zero),
            same: a.var(one),
        };
        let [bits, mask, seven, eight, three, none] = [5, 31, 7, 8, 3, 0].map(|x| a.u(x));
        let groups = a.shift_right(self.len, bits);
        let rest = a.and(self.len, mask);
        let rounded = a.iadd(groups, seven);
        let runs = a.shift_right(rounded, three);
        a.count(none, runs, |a, run| {
            self.begin(a, lane);
            let from = a.shift_left(run, three);
            let end = a.iadd(from, eight);
            let to = a.smaller(end, groups);
            a.count(from, to, |a, group| self.value(a, lane, group));
            Self::leave(a, lane, shared, run);
        });
        let left = a.less(none, rest);
        let all = a.var(runs);
        a.when(left, |a| {
            self.begin(a, lane);
            let inside = a.less(a.local(), rest);
            a.when(inside, |a| self.value(a, lane, groups));
            Self::leave(a, lane, shared, runs);
            let more = a.iadd(runs, one);
            a.set(all, more);
        });
        Self::leave_slow(a, lane, shared);
        a.get(all)
    }

    fn begin(&self, a: &mut Assembler, lane: Lane) {
        a.set(lane.first, self.zero);
        a.set(lane.second, self.zero);
    }

    /// Takes in the lane's value of a group of 32.
    fn value(&self, a: &mut Assembler, lane: Lane, group: U) {
        let bits = a.u(5);
        let offset = a.shift_left(group, bits);
        let row = a.iadd(self.start, offset);
        let row = a.iadd(row, a.local());
        let x = a.load(self.values, row);
        let d = a.sub(x, self.center);
        grow(a, lane.first, d);
        if matches!(self.powers, Powers::Second | Powers::Fourth) {
            let d2 = a.mul(d, d);
            grow(a, lane.second, d2);
            if self.powers == Powers::Fourth {
                let d3 = a.mul(d2, d);
                grow(a, lane.third, d3);
                let d4 = a.mul(d2, d2);
                grow(a, lane.fourth, d4);
            }
        }
        let same = a.same(x, self.first);
        let none = a.u(0);
        let before = a.get(lane.same);
        let now = a.select(same, before, none);
        a.set(lane.same, now);
    }

    /// Leaves the sums of a run.
    fn leave(a: &mut Assembler, lane: Lane, shared: Shared, run: U) {
        let [bits, second] = [5, RUNS * LANES].map(|x| a.u(x));
        let offset = a.shift_left(run, bits);
        let at = a.iadd(offset, a.local());
        let sum = a.get(lane.first);
        a.store(shared.runs, at, sum);
        let at = a.iadd(at, second);
        let sum = a.get(lane.second);
        a.store(shared.runs, at, sum);
    }

    fn leave_slow(a: &mut Assembler, lane: Lane, shared: Shared) {
        let (local, lanes) = (a.local(), a.u(LANES));
        let sum = a.get(lane.third);
        a.store(shared.slow, local, sum);
        let at = a.iadd(local, lanes);
        let sum = a.get(lane.fourth);
        a.store(shared.slow, at, sum);
        let same = a.get(lane.same);
        a.store(shared.same, local, same);
    }
}

fn grow(a: &mut Assembler, sum: Var<F>, by: F) {
    let before = a.get(sum);
    let after = a.add(before, by);
    a.set(sum, after);
}

/// Adds the runs without loss: eight invocations the first powers, eight the second.
fn join_runs(a: &mut Assembler, shared: Shared, runs: U, zero: F) {
    let [none, three, seven, sixteen, bits, second] = [0, 3, 7, 16, 5, RUNS * LANES].map(|x| a.u(x));
    let works = a.less(a.local(), sixteen);
    a.when(works, |a| {
        let lane = a.and(a.local(), seven);
        let power = a.shift_right(a.local(), three);
        let offset = a.imul(power, second);
        let start = a.iadd(offset, lane);
        let no_loss = a.f(0.0);
        let (high, low) = (a.var(zero), a.var(no_loss));
        a.count(none, runs, |a, run| {
            let offset = a.shift_left(run, bits);
            let at = a.iadd(start, offset);
            let sum = across_vectors(a, shared.runs, at);
            two_sum(a, high, low, sum);
        });
        let sum = a.get(high);
        a.store(shared.parts, a.local(), sum);
        let at = a.iadd(a.local(), sixteen);
        let sum = a.get(low);
        a.store(shared.parts, at, sum);
    });
}

/// `high + low` grows by a sum, without loss.
fn two_sum(a: &mut Assembler, high: Var<F>, low: Var<F>, sum: F) {
    let before = a.get(high);
    let after = a.add(before, sum);
    let part = a.sub(after, before);
    let kept = a.sub(after, part);
    let lost_before = a.sub(before, kept);
    let lost_sum = a.sub(sum, part);
    let lost = a.add(lost_before, lost_sum);
    grow(a, low, lost);
    a.set(high, after);
}

/// A lane of four vectors of eight, added: `(v₀ + v₁) + (v₂ + v₃)`.
fn across_vectors(a: &mut Assembler, from: Array<F>, at: U) -> F {
    let v = [0, 8, 16, 24].map(|vector| {
        let vector = a.u(vector);
        let at = a.iadd(at, vector);
        a.load(from, at)
    });
    let (left, right) = (a.add(v[0], v[1]), a.add(v[2], v[3]));
    a.add(left, right)
}

/// Eight lanes, added as a tree.
fn across(a: &mut Assembler, x: [F; 8]) -> F {
    let halves = [0, 2, 1, 3].map(|i| a.add(x[i], x[i + 4]));
    let (left, right) = (a.add(halves[0], halves[1]), a.add(halves[2], halves[3]));
    a.add(left, right)
}

/// Writes what the block leaves: an invocation each number.
fn write(a: &mut Assembler, shared: Shared, first: F, out: Array<F>) {
    let results = a.u(RESULTS as u32);
    let start = a.imul(a.group(), results);
    let [two, four, five] = [2, 4, 5].map(|x| a.u(x));
    let local = a.local();
    let fast = a.less(local, two);
    let slow_or_fast = a.less(local, four);
    let not_fast = a.not(fast);
    let slow = a.both(not_fast, slow_or_fast);
    let at = a.iadd(start, local);
    a.when(fast, |a| {
        let sum = joined(a, shared.parts);
        a.store(out, at, sum);
    });
    a.when(slow, |a| {
        let power = a.isub(local, two);
        let bits = a.u(5);
        let from = a.shift_left(power, bits);
        let lanes = std::array::from_fn(|lane| {
            let lane = a.u(lane as u32);
            let at = a.iadd(from, lane);
            across_vectors(a, shared.slow, at)
        });
        let sum = across(a, lanes);
        a.store(out, at, sum);
    });
    let below_five = a.less(local, five);
    let above = a.not(slow_or_fast);
    let flag = a.both(above, below_five);
    a.when(flag, |a| {
        let same = all_same(a, shared.same, first);
        a.store(out, at, same);
    });
}

/// High and low parts of eight lanes, added. What an infinite sum rounds off is NaN, and a zero would take the sign of −0.
fn joined(a: &mut Assembler, parts: Array<F>) -> F {
    let three = a.u(3);
    let start = a.shift_left(a.local(), three);
    let [high, low] = [0, 16].map(|part| {
        let lanes = std::array::from_fn(|lane| {
            let offset = a.u(part + lane as u32);
            let at = a.iadd(start, offset);
            a.load(parts, at)
        });
        across(a, lanes)
    });
    let zero = a.f(0.0);
    let counts = a.differs(low, zero);
    let sum = a.add(high, low);
    a.select(counts, sum, high)
}

/// The first value if all lanes saw no other, else NaN.
fn all_same(a: &mut Assembler, same: Array<U>, first: F) -> F {
    let [none, one, lanes] = [0, 1, LANES].map(|x| a.u(x));
    let all = a.var(one);
    a.count(none, lanes, |a, lane| {
        let (now, this) = (a.get(all), a.load(same, lane));
        let both = a.and(now, this);
        a.set(all, both);
    });
    let all = a.get(all);
    let (holds, nan) = (a.equal(all, one), a.f(f64::NAN));
    a.select(holds, first, nan)
}
