//! Sums of powers of deviations, block by block, in the order in which the processor adds.
//!
//! Value `i` of a block is of lane `i mod 32`; an invocation is a lane. A lane adds eight values one by one, a run; the four
//! vectors of eight lanes of a run are added as a tree, and the runs without loss (D. E. Knuth's TwoSum); the values that fill
//! no 32 are a run of their own. At the end eight lanes are added as a tree. Third and fourth powers are added one by one.

use super::{aligned, halves};
use crate::{
    BLOCK, Column, Device, Error, Result,
    assembler::{Array, Assembler, F, Module, U, Var},
    column::{TILE, TILES},
    vulkan::{Buffer, Floats, Part, Program, Step},
};
use echoes_kernel::sweep::{Powers, Sums};
use std::{ops::Range, sync::Arc};

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
        for blocks in blocks.chunks(TILES * TILE) {
            self.batch(column, blocks, &mut sums)?;
        }
        Ok(sums)
    }

    /// All tiles at once, so that the device is waited for once.
    fn batch(&self, column: &Column, blocks: &[(u64, f64)], sums: &mut Vec<Sums>) -> Result<()> {
        let plan = Plan::new(column, blocks)?;
        let places = plan.numbers.len();
        let buffer = |bytes: usize| self.device.buffer(bytes as u64);
        let (number, center, out) = (buffer(4 * places)?, buffer(8 * places)?, buffer(8 * RESULTS * places)?);
        let landing = self.device.landing(out.len())?;
        let parts: Vec<[Part<'_>; 4]> = plan
            .tiles
            .iter()
            .map(|(tile, _, places)| {
                [tile.all(), number.of(4, places), center.of(8, places), out.of(8 * RESULTS, places)]
            })
            .collect();
        let zero = halves(if self.powers == Powers::Total { -0.0 } else { 0.0 });
        let words: Vec<[u32; 3]> = plan.tiles.iter().map(|(_, rows, _)| [*rows, zero[0], zero[1]]).collect();
        let mut steps = vec![
            Step::Upload { to: &number, bytes: bytemuck::cast_slice(&plan.numbers) },
            Step::Upload { to: &center, bytes: bytemuck::cast_slice(&plan.centers) },
        ];
        steps.extend(plan.tiles.iter().zip(&parts).zip(&words).map(|(((_, _, places), buffers), words)| {
            Step::Dispatch { program: &self.program, buffers, words, groups: places.len() as u32 }
        }));
        steps.push(Step::Copy { from: &out, to: &landing });
        self.device.run(&mut steps)?;
        let sums_of = |found: &[f64]| Sums {
            powers: [found[0], found[1], found[2], found[3]],
            constant: (!found[4].is_nan()).then_some(found[4]),
        };
        self.device.read(&landing, |found| {
            let found: &[f64] = bytemuck::cast_slice(found);
            for (_, _, places) in &plan.tiles {
                sums.extend(found[RESULTS * places.start..RESULTS * places.end].chunks_exact(RESULTS).map(sums_of));
            }
        })
    }
}

/// Blocks by the tiles that they are in.
struct Plan<'a> {
    /// A tile, its rows, and the places of its blocks. Those of different tiles lie so far apart that their parts are aligned.
    tiles: Vec<(&'a Buffer, u32, Range<usize>)>,
    /// At each place, the number of the block in its tile.
    numbers: Vec<u32>,
    centers: Vec<f64>,
}

impl<'a> Plan<'a> {
    fn new(column: &'a Column, blocks: &[(u64, f64)]) -> Result<Self> {
        let mut plan = Self { tiles: Vec::new(), numbers: Vec::new(), centers: Vec::new() };
        let size = column.tile_blocks() as u64;
        for blocks in blocks.chunk_by(|a, b| a.0 / size == b.0 / size) {
            let (tile, rows) = column.tile(blocks.first().map_or(0, |(block, _)| (block / size) as usize))?;
            let from = aligned(plan.numbers.len());
            plan.numbers.resize(from, 0);
            plan.centers.resize(from, 0.0);
            plan.numbers.extend(blocks.iter().map(|(block, _)| (block % size) as u32));
            plan.centers.extend(blocks.iter().map(|(_, center)| *center));
            let places = from..plan.numbers.len();
            if plan.numbers[places.clone()].iter().any(|number| number * BLOCK as u32 >= rows) {
                return Err(Error::Invalid("a block beyond the column"));
            }
            plan.tiles.push((tile, rows, places));
        }
        Ok(plan)
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
        let [bits, mask, seven, three, none] = [5, 31, 7, 3, 0].map(|x| a.u(x));
        let groups = a.shift_right(self.len, bits);
        let rest = a.and(self.len, mask);
        let rounded = a.iadd(groups, seven);
        let runs = a.shift_right(rounded, three);
        let full = a.shift_right(groups, three);
        a.count(none, full, |a, run| {
            self.begin(a, lane);
            let from = a.shift_left(run, three);
            self.run(a, lane, from);
            Self::leave(a, lane, shared, run);
        });
        let short = a.less(full, runs);
        a.when(short, |a| {
            self.begin(a, lane);
            let from = a.shift_left(full, three);
            a.count(from, groups, |a, group| self.value(a, lane, group));
            Self::leave(a, lane, shared, full);
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

    /// Takes in the lane's values of a run. All are asked for before the first is added: memory answers late, but many at once.
    fn run(&self, a: &mut Assembler, lane: Lane, from: U) {
        let values: [F; RUN as usize] = std::array::from_fn(|i| {
            let i = a.u(i as u32);
            let group = a.iadd(from, i);
            self.load(a, group)
        });
        values.into_iter().for_each(|x| self.take(a, lane, x));
    }

    /// Takes in the lane's value of a group of 32.
    fn value(&self, a: &mut Assembler, lane: Lane, group: U) {
        let x = self.load(a, group);
        self.take(a, lane, x);
    }

    fn load(&self, a: &mut Assembler, group: U) -> F {
        let bits = a.u(5);
        let offset = a.shift_left(group, bits);
        let row = a.iadd(self.start, offset);
        let row = a.iadd(row, a.local());
        a.load(self.values, row)
    }

    fn take(&self, a: &mut Assembler, lane: Lane, x: F) {
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
