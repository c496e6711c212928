//! Runs a program: each step over a few hundred rows at a time, so that what is in between stays in the first-level cache.

use super::program::{Binary, Operand, Program, Step, Unary};
use crate::special::{exp_sum, ln, power};
use echoes_simd::{Divisor, Lanes, Operation, run};

/// Rows that a step takes at a time: 2 KiB a value.
const TILE: usize = 256;

/// Rows in a line of the cache.
const LINE: usize = 8;

/// The values of a tile's rows.
#[derive(Debug, Clone)]
struct Tile(Box<[f64; TILE]>);

impl Default for Tile {
    fn default() -> Self {
        Self::of(0.0)
    }
}

impl Tile {
    /// The same number all over.
    fn of(value: f64) -> Self {
        Self(Box::new([value; TILE]))
    }
}

/// Where a program keeps its values: numbers and aggregates as columns that are the same all over, and registers, behind which stands
/// one to spare.
#[derive(Debug, Clone, Default)]
pub(super) struct Space {
    same: Vec<Tile>,
    registers: Vec<Tile>,
}

impl Space {
    pub(super) fn new(program: &Program, aggregates: &[f64]) -> Self {
        let mut space = Self::default();
        space.prepare(program, aggregates);
        space
    }

    fn prepare(&mut self, program: &Program, aggregates: &[f64]) {
        self.same.extend(program.constants().iter().chain(aggregates).map(|&value| Tile::of(value)));
        self.registers.resize_with(program.registers() + 1, Tile::default);
    }
}

/// Writes the program's value of each row to `out`; the columns are as long.
pub(super) fn evaluate(program: &Program, space: &mut Space, columns: &[&[f64]], out: &mut [f64]) {
    if space.registers.len() != program.registers() + 1 {
        // It was made anew from what was stored.
        space.prepare(program, &[]);
    }
    run(Evaluate { program, space, columns, out });
}

struct Evaluate<'a> {
    program: &'a Program,
    space: &'a mut Space,
    columns: &'a [&'a [f64]],
    out: &'a mut [f64],
}

impl Operation for Evaluate<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        // What a step writes to before it becomes the register that the step gives.
        let mut spare = self.space.registers.pop().unwrap_or_default();
        let mut start = 0;
        while start < self.out.len() {
            let rows = TILE.min(self.out.len() - start);
            self.tile(l, start, rows, &mut spare);
            start += rows;
        }
        self.space.registers.push(spare);
    }
}

impl Evaluate<'_> {
    #[inline(always)]
    fn tile<L: Lanes>(&mut self, l: L, start: usize, rows: usize, spare: &mut Tile) {
        let (numbers, out) = (self.program.constants().len(), self.out.as_ptr());
        let columns = Columns { columns: self.columns, out, start, rows, numbers };
        let Some((last, steps)) = self.program.steps().split_last() else {
            self.out[start..start + rows].copy_from_slice(columns.at(self.space, self.program.result()));
            return;
        };
        for step in steps {
            take(l, step, &columns, self.space, &mut spare.0[..rows]);
            std::mem::swap(&mut self.space.registers[usize::from(step.to())], spare);
        }
        take(l, last, &columns, self.space, &mut self.out[start..start + rows]);
    }
}

/// Where operands stand while a tile is computed.
struct Columns<'a> {
    columns: &'a [&'a [f64]],
    /// Where the rows are written, for its address alone.
    out: *const f64,
    start: usize,
    rows: usize,
    numbers: usize,
}

impl Columns<'_> {
    fn at<'s>(&'s self, space: &'s Space, operand: Operand) -> &'s [f64] {
        let same = |i: usize| &space.same[i].0[..self.rows];
        match operand {
            Operand::Column(i) => &self.columns[usize::from(i)][self.start..self.start + self.rows],
            Operand::Constant(i) => same(i.into()),
            Operand::Aggregate(i) => same(self.numbers + usize::from(i)),
            Operand::Register(i) => &space.registers[usize::from(i)].0[..self.rows],
        }
    }

    /// Asks for a line of each column in the tile that comes next: a tile is read and written faster than memory gives it, and the
    /// processor does not look far enough ahead.
    #[inline(always)]
    fn fetch_ahead<L: Lanes>(&self, l: L, line: usize) {
        let row = self.start + self.rows + line * LINE;
        l.prefetch_near(self.out.wrapping_add(row));
        for column in self.columns {
            l.prefetch_near(column.as_ptr().wrapping_add(row));
        }
    }
}

/// Takes one step.
#[inline(always)]
fn take<L: Lanes>(l: L, step: &Step, columns: &Columns<'_>, space: &Space, to: &mut [f64]) {
    match *step {
        Step::Unary { operation, of, .. } => {
            let x = columns.at(space, of);
            match operation {
                Unary::Negate => each(l, &Negate, x, x, to, columns),
                Unary::Exp => each(l, &Exp, x, x, to, columns),
                Unary::Ln => each(l, &Ln, x, x, to, columns),
                Unary::Sqrt => each(l, &Sqrt, x, x, to, columns),
                Unary::Abs => each(l, &Abs, x, x, to, columns),
            }
        }
        Step::Binary { operation, left, right, .. } => {
            let (a, b) = (columns.at(space, left), columns.at(space, right));
            match operation {
                Binary::Add => each(l, &Add, a, b, to, columns),
                Binary::Subtract => each(l, &Subtract, a, b, to, columns),
                Binary::Multiply => each(l, &Multiply, a, b, to, columns),
                Binary::Divide => match (right, b) {
                    (Operand::Constant(_) | Operand::Aggregate(_), &[by, ..]) => match inverse(by) {
                        Some(inverse) => each(l, &Times(inverse), a, a, to, columns),
                        None => each(l, &DivideBy(Divisor::new(by)), a, a, to, columns),
                    },
                    _ => each(l, &Divide, a, b, to, columns),
                },
                Binary::Power => each(l, &Power, a, b, to, columns),
                Binary::Less => each(l, &Less, a, b, to, columns),
                Binary::LessEqual => each(l, &LessEqual, a, b, to, columns),
                Binary::Equal => each(l, &Equal, a, b, to, columns),
                Binary::NotEqual => each(l, &NotEqual, a, b, to, columns),
            }
        }
    }
}

/// Writes what becomes of each pair of rows.
#[inline(always)]
fn each<L: Lanes, P: Pair>(l: L, work: &P, a: &[f64], b: &[f64], to: &mut [f64], columns: &Columns<'_>) {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let (to, to_rest) = to.as_chunks_mut::<8>();
    for (line, ((a, b), to)) in a.iter().zip(b).zip(to).enumerate() {
        if P::IS_SLOW {
            columns.fetch_ahead(l, line);
        }
        *to = l.to_array(work.of(l, l.load8(a), l.load8(b)));
    }
    if !to_rest.is_empty() {
        let made = l.to_array(work.of(l, l.load8(&filled(a_rest)), l.load8(&filled(b_rest))));
        to_rest.copy_from_slice(&made[..to_rest.len()]);
    }
}

fn filled(rest: &[f64]) -> [f64; 8] {
    let mut eight = [1.0; 8];
    eight[..rest.len()].copy_from_slice(rest);
    eight
}

/// What becomes of two values, or of the first.
trait Pair {
    /// Whether it takes long enough to hide the way to memory, which those of one instruction leave to the processor.
    const IS_SLOW: bool = false;

    fn of<L: Lanes>(&self, l: L, a: L::V, b: L::V) -> L::V;
}

macro_rules! pairs {
    ($($name:ident $slow:literal $l:ident $a:ident $b:ident => $value:expr;)*) => {$(
        struct $name;
        impl Pair for $name {
            const IS_SLOW: bool = $slow;
            #[inline(always)]
            fn of<L: Lanes>(&self, $l: L, $a: L::V, $b: L::V) -> L::V { $value }
        }
    )*};
}
pairs! {
    Negate false l a _b => l.splat(-0.0) - a;
    Exp true l a _b => exp_sum(l, a, l.splat(0.0));
    Ln true l a _b => ln(l, a);
    Sqrt false l a _b => l.sqrt(a);
    Abs false l a _b => l.and(a, l.splat(f64::from_bits(u64::MAX >> 1)));
    Add false _l a b => a + b;
    Subtract false _l a b => a - b;
    Multiply false _l a b => a * b;
    Divide false _l a b => a / b;
    Power true l a b => power(l, a, b);
    Less false l a b => l.select(l.lt(a, b), l.splat(1.0), l.splat(0.0));
    LessEqual false l a b => l.select(l.le(a, b), l.splat(1.0), l.splat(0.0));
    Equal false l a b => l.select(l.le(a, b) & l.le(b, a), l.splat(1.0), l.splat(0.0));
    NotEqual false l a b => l.select(l.le(a, b) & l.le(b, a), l.splat(0.0), l.splat(1.0));
}

/// `1 / by` where that is exact, so that multiplying by it gives the bits of dividing: for powers of two.
fn inverse(by: f64) -> Option<f64> {
    let inverse = 1.0 / by;
    let is_power = by.is_normal() && by.to_bits().trailing_zeros() >= f64::MANTISSA_DIGITS - 1;
    (is_power && inverse.is_normal()).then_some(inverse)
}

/// Multiplication by the same number all over.
struct Times(f64);

impl Pair for Times {
    #[inline(always)]
    fn of<L: Lanes>(&self, l: L, a: L::V, _: L::V) -> L::V {
        a * l.splat(self.0)
    }
}

/// Division by the same number all over.
struct DivideBy(Divisor);

impl Pair for DivideBy {
    #[inline(always)]
    fn of<L: Lanes>(&self, l: L, a: L::V, _: L::V) -> L::V {
        l.quotient(a, self.0)
    }
}

/// One operation on one number, to the bits of a program.
pub(super) fn unary(operation: Unary, x: f64) -> f64 {
    let step = Step::Unary { operation, to: 0, of: Operand::Column(0) };
    one(step, &[&[x]])
}

/// One operation on two numbers, to the bits of a program.
pub(super) fn binary(operation: Binary, a: f64, b: f64) -> f64 {
    let step = Step::Binary { operation, to: 0, left: Operand::Column(0), right: Operand::Column(1) };
    one(step, &[&[a], &[b]])
}

fn one(step: Step, columns: &[&[f64]]) -> f64 {
    struct One<'a>(Step, Columns<'a>);
    impl Operation for One<'_> {
        type Output = f64;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> f64 {
            let mut out = [0.0];
            take(l, &self.0, &self.1, &Space::default(), &mut out);
            out[0]
        }
    }
    run(One(step, Columns { columns, out: std::ptr::null(), start: 0, rows: 1, numbers: 0 }))
}
