//! Runs a program: each walk over a few hundred rows at a time, so that what is kept from one to the next stays in the first-level
//! cache, and in it over 32 rows at a time, which stay in registers of the processor from link to link.

use super::{
    program::{Binary, Operand, Program, Unary},
    walk::{Link, Walk},
};
use crate::{
    nans::make_alike,
    special::{exp_sum, ln, power},
};
use echoes_simd::{GROUP, Lanes, Operation, run};

/// Rows that are walked over at a time: 2 KiB a value.
const TILE: usize = 256;

/// Rows in a line of the cache.
const LINE: usize = 8;

/// The values of a tile's rows.
#[derive(Debug, Clone)]
struct Tile(Box<[f64; TILE]>);

impl Default for Tile {
    fn default() -> Self {
        Self(Box::new([0.0; TILE]))
    }
}

/// What a program works with, kept from call to call.
#[derive(Debug, Clone, Default)]
pub(super) struct Space {
    registers: Vec<Tile>,
    /// What a walk writes to before it becomes the register that the walk gives.
    spare: Tile,
    /// The links of all walks, with the numbers that they take.
    works: Vec<Work>,
}

impl Space {
    /// Room for a program, which then needs no more.
    pub(super) fn new(program: &Program) -> Self {
        let links = program.walks().iter().map(|walk| walk.links.len()).sum();
        let registers = vec![Tile::default(); program.registers()];
        Self { registers, spare: Tile::default(), works: Vec::with_capacity(links) }
    }
}

/// Writes the program's value of each row to `out`; the columns are as long.
pub(super) fn evaluate(program: &Program, space: &mut Space, aggregates: &[f64], columns: &[&[f64]], out: &mut [f64]) {
    let value = |operand| Value::of(operand, program.constants(), aggregates);
    // It is there already, but in a space that was left behind when what it belongs to travelled.
    space.registers.resize_with(program.registers(), Tile::default);
    space.works.clear();
    let links = program.walks().iter().flat_map(|walk| &walk.links);
    space.works.extend(links.map(|link| Work::of(*link, value)));
    run(Evaluate { walks: program.walks(), space, columns, out, value });
}

/// A value that is taken.
#[derive(Debug, Clone, Copy)]
enum Value {
    /// The same all over.
    Same(f64),
    /// A column's.
    Column(u16),
    /// A register's.
    Register(u16),
}

impl Value {
    fn of(operand: Operand, constants: &[f64], aggregates: &[f64]) -> Self {
        match operand {
            Operand::Constant(i) => Self::Same(constants[usize::from(i)]),
            Operand::Aggregate(i) => Self::Same(aggregates[usize::from(i)]),
            Operand::Column(i) => Self::Column(i),
            Operand::Register(i) => Self::Register(i),
        }
    }
}

/// A [`Link`] as it is done.
#[derive(Debug, Clone, Copy)]
enum Work {
    Unary(Unary),
    Both(Binary),
    Left(Binary, Value),
    Right(Binary, Value),
}

impl Work {
    fn of(link: Link, value: impl Fn(Operand) -> Value) -> Self {
        match link {
            Link::Unary(operation) => Self::Unary(operation),
            Link::Both(operation) => Self::Both(operation),
            Link::Left(operation, other) => Self::left(operation, value(other)),
            Link::Right(operation, other) => Self::Right(operation, value(other)),
        }
    }

    fn left(operation: Binary, other: Value) -> Self {
        match (operation, other) {
            (Binary::Divide, Value::Same(by)) => match inverse(by) {
                Some(inverse) => Self::Left(Binary::Multiply, Value::Same(inverse)),
                None => Self::Left(operation, other),
            },
            _ => Self::Left(operation, other),
        }
    }
}

/// `1 / by` where that is exact, so that multiplying by it gives the bits of dividing: for powers of two.
fn inverse(by: f64) -> Option<f64> {
    let inverse = 1.0 / by;
    let is_power = by.is_normal() && by.to_bits().trailing_zeros() >= f64::MANTISSA_DIGITS - 1;
    (is_power && inverse.is_normal()).then_some(inverse)
}

struct Evaluate<'a, V> {
    walks: &'a [Walk],
    space: &'a mut Space,
    columns: &'a [&'a [f64]],
    out: &'a mut [f64],
    value: V,
}

impl<V: Fn(Operand) -> Value> Operation for Evaluate<'_, V> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        for start in (0..self.out.len()).step_by(TILE) {
            self.tile(l, start, TILE.min(self.out.len() - start));
        }
    }
}

impl<V: Fn(Operand) -> Value> Evaluate<'_, V> {
    #[inline(always)]
    fn tile<L: Lanes>(&mut self, l: L, start: usize, rows: usize) {
        let Space { registers, spare, works } = &mut *self.space;
        let next = Next { columns: self.columns, out: self.out.as_ptr(), start: start + rows };
        let Some((last, walks)) = self.walks.split_last() else { return };
        let mut works = works.as_slice();
        for walk in walks {
            let values = Values { columns: self.columns, registers, start, rows };
            take(l, walk, (self.value)(walk.from), &mut works, &values, &next, &mut spare.0[..rows]);
            std::mem::swap(&mut registers[usize::from(walk.to)], spare);
        }
        let values = Values { columns: self.columns, registers, start, rows };
        take(l, last, (self.value)(last.from), &mut works, &values, &next, &mut self.out[start..start + rows]);
        make_alike(l, &mut self.out[start..start + rows]);
    }
}

/// The tile that comes next. A tile is read and written faster than memory gives it, and the processor does not look far enough ahead.
struct Next<'a> {
    columns: &'a [&'a [f64]],
    /// Where the rows are written, for its address alone.
    out: *const f64,
    start: usize,
}

impl Next<'_> {
    /// Asks for a group of each column.
    #[inline(always)]
    fn fetch<L: Lanes>(&self, l: L, at: usize) {
        for row in (self.start + at..self.start + at + GROUP).step_by(LINE) {
            l.prefetch_near(self.out.wrapping_add(row));
            for column in self.columns {
                l.prefetch_near(column.as_ptr().wrapping_add(row));
            }
        }
    }
}

/// The values of a tile.
struct Values<'a> {
    columns: &'a [&'a [f64]],
    registers: &'a [Tile],
    start: usize,
    rows: usize,
}

impl Values<'_> {
    /// The rows from `at` on, of the tile or of the group that begins there.
    #[inline(always)]
    fn group<L: Lanes>(&self, l: L, value: Value, at: usize) -> Group<L> {
        match value {
            Value::Same(x) => [l.splat(x); 4],
            Value::Column(i) => load(l, &self.columns[usize::from(i)][self.start + at..self.start + self.rows]),
            Value::Register(i) => load(l, &self.registers[usize::from(i)].0[at..]),
        }
    }
}

/// The rows that are in registers of the processor.
type Group<L> = [<L as Lanes>::V; 4];

/// What becomes of each vector of a group, or of two. No closure: those are compiled without the instructions of the level.
macro_rules! each {
    ($x:ident => $value:expr) => {{
        let [a, b, c, d] = $x;
        [
            {
                let $x = a;
                $value
            },
            {
                let $x = b;
                $value
            },
            {
                let $x = c;
                $value
            },
            {
                let $x = d;
                $value
            },
        ]
    }};
    ($x:ident, $y:ident => $value:expr) => {{
        let ([a, b, c, d], [e, f, g, h]) = ($x, $y);
        [
            {
                let ($x, $y) = (a, e);
                $value
            },
            {
                let ($x, $y) = (b, f);
                $value
            },
            {
                let ($x, $y) = (c, g);
                $value
            },
            {
                let ($x, $y) = (d, h);
                $value
            },
        ]
    }};
}

#[inline(always)]
fn load<L: Lanes>(l: L, rows: &[f64]) -> Group<L> {
    let mut filled = [1.0; GROUP];
    let rows = rows.first_chunk::<GROUP>().unwrap_or_else(|| {
        filled[..rows.len()].copy_from_slice(rows);
        &filled
    });
    let (eights, _) = rows.as_chunks::<8>();
    [l.load8(&eights[0]), l.load8(&eights[1]), l.load8(&eights[2]), l.load8(&eights[3])]
}

#[inline(always)]
fn store<L: Lanes>(l: L, group: Group<L>, to: &mut [f64]) {
    let made = each!(group => l.to_array(group));
    match to.first_chunk_mut::<GROUP>() {
        Some(to) => to.copy_from_slice(made.as_flattened()),
        None => to.copy_from_slice(&made.as_flattened()[..to.len()]),
    }
}

/// Takes one walk, which does the first of the works.
#[inline(always)]
fn take<L: Lanes>(
    l: L,
    walk: &Walk,
    from: Value,
    works: &mut &[Work],
    values: &Values<'_>,
    next: &Next<'_>,
    to: &mut [f64],
) {
    let (mine, others) = works.split_at(walk.links.len());
    *works = others;
    let is_slow = walk.links.iter().any(Link::is_slow);
    for (i, to) in to.chunks_mut(GROUP).enumerate() {
        let at = i * GROUP;
        if is_slow {
            next.fetch(l, at);
        }
        let mut group = values.group(l, from, at);
        for work in mine {
            group = apply(l, work, group, values, at);
        }
        store(l, group, to);
    }
}

/// What becomes of a group of rows, that at `at`.
#[inline(always)]
fn apply<L: Lanes>(l: L, work: &Work, x: Group<L>, values: &Values<'_>, at: usize) -> Group<L> {
    match *work {
        Work::Unary(operation) => unary_of(l, operation, x),
        Work::Both(operation) => binary_of(l, operation, x, x),
        Work::Left(operation, other) => binary_of(l, operation, x, values.group(l, other, at)),
        Work::Right(operation, other) => binary_of(l, operation, values.group(l, other, at), x),
    }
}

#[inline(always)]
fn unary_of<L: Lanes>(l: L, operation: Unary, x: Group<L>) -> Group<L> {
    match operation {
        Unary::Negate => each!(x => l.splat(-0.0) - x),
        Unary::Exp => each!(x => exp_sum(l, x, l.splat(0.0))),
        Unary::Ln => each!(x => ln(l, x)),
        Unary::Sqrt => each!(x => l.sqrt(x)),
        Unary::Abs => each!(x => l.and(x, l.splat(f64::from_bits(u64::MAX >> 1)))),
    }
}

#[inline(always)]
fn binary_of<L: Lanes>(l: L, operation: Binary, x: Group<L>, y: Group<L>) -> Group<L> {
    let (no, yes) = (l.splat(0.0), l.splat(1.0));
    match operation {
        Binary::Add => each!(x, y => x + y),
        Binary::Subtract => each!(x, y => x - y),
        Binary::Multiply => each!(x, y => x * y),
        Binary::Divide => each!(x, y => x / y),
        Binary::Power => each!(x, y => power(l, x, y)),
        Binary::Less => each!(x, y => l.select(l.lt(x, y), yes, no)),
        Binary::LessEqual => each!(x, y => l.select(l.le(x, y), yes, no)),
        Binary::Equal => each!(x, y => l.select(l.le(x, y) & l.le(y, x), yes, no)),
        Binary::NotEqual => each!(x, y => l.select(l.le(x, y) & l.le(y, x), no, yes)),
    }
}

/// One operation on one number, to the bits of a program.
pub(super) fn unary(operation: Unary, x: f64) -> f64 {
    one(Work::Unary(operation), x)
}

/// One operation on two numbers, to the bits of a program.
pub(super) fn binary(operation: Binary, a: f64, b: f64) -> f64 {
    one(Work::left(operation, Value::Same(b)), a)
}

fn one(work: Work, x: f64) -> f64 {
    struct One(Work, f64);
    impl Operation for One {
        type Output = f64;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> f64 {
            let values = Values { columns: &[], registers: &[], start: 0, rows: 0 };
            let group = apply(l, &self.0, [l.splat(self.1); 4], &values, 0);
            l.to_array(group[0])[0]
        }
    }
    run(One(work, x))
}
