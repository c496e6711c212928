//! Runs a program: each step over a few hundred rows at a time, so that what is in between stays in the first-level cache.

use super::program::{Binary, Operand, Program, Step, Unary};
use crate::special::{exp_sum, ln, power};
use echoes_simd::{Divisor, Lanes, Operation, run};

/// Rows that a step takes at a time: 2 KiB a value.
const TILE: usize = 256;

/// Rows in a line of the cache.
const LINE: usize = 8;

/// Where a program keeps its values: numbers and aggregates as columns that are the same all over, and registers.
#[derive(Debug, Clone, Default)]
pub(super) struct Space {
    same: Vec<f64>,
    registers: Vec<Vec<f64>>,
}

impl Space {
    pub(super) fn new(program: &Program, aggregates: &[f64]) -> Self {
        let mut space = Self::default();
        space.prepare(program, aggregates);
        space
    }

    fn prepare(&mut self, program: &Program, aggregates: &[f64]) {
        for &value in program.constants().iter().chain(aggregates) {
            self.same.resize(self.same.len() + TILE, value);
        }
        self.registers.resize_with(program.registers(), || vec![0.0; TILE]);
    }
}

/// Writes the program's value of each row to `out`; the columns are as long.
pub(super) fn evaluate(program: &Program, space: &mut Space, columns: &[&[f64]], out: &mut [f64]) {
    if space.registers.len() != program.registers() {
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
        let mut start = 0;
        while start < self.out.len() {
            let rows = TILE.min(self.out.len() - start);
            self.fetch_ahead(l, start + rows);
            self.tile(l, start, rows);
            start += rows;
        }
    }
}

impl Evaluate<'_> {
    /// Asks for the tile that comes next: a step alone has too little to do to hide the way to memory.
    #[inline(always)]
    fn fetch_ahead<L: Lanes>(&self, l: L, start: usize) {
        let mut column = 0;
        while column <= self.columns.len() {
            let values = if column < self.columns.len() { self.columns[column] } else { &*self.out };
            let mut line = start;
            while line < values.len().min(start + TILE) {
                l.prefetch(&raw const values[line]);
                line += LINE;
            }
            column += 1;
        }
    }

    #[inline(always)]
    fn tile<L: Lanes>(&mut self, l: L, start: usize, rows: usize) {
        let out = &mut self.out[start..start + rows];
        let columns = Columns { columns: self.columns, start, rows, numbers: self.program.constants().len() };
        let Some((last, steps)) = self.program.steps().split_last() else {
            out.copy_from_slice(columns.at(self.space, self.program.result()));
            return;
        };
        for step in steps {
            let to = usize::from(step.to());
            let mut register = std::mem::take(&mut self.space.registers[to]);
            take(l, step, &columns, self.space, &mut register[..rows]);
            self.space.registers[to] = register;
        }
        take(l, last, &columns, self.space, out);
    }
}

/// Where operands stand while a tile is computed.
struct Columns<'a> {
    columns: &'a [&'a [f64]],
    start: usize,
    rows: usize,
    numbers: usize,
}

impl Columns<'_> {
    fn at<'s>(&'s self, space: &'s Space, operand: Operand) -> &'s [f64] {
        let same = |i: usize| &space.same[i * TILE..i * TILE + self.rows];
        match operand {
            Operand::Column(i) => &self.columns[usize::from(i)][self.start..self.start + self.rows],
            Operand::Constant(i) => same(i.into()),
            Operand::Aggregate(i) => same(self.numbers + usize::from(i)),
            Operand::Register(i) => &space.registers[usize::from(i)][..self.rows],
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
                Unary::Negate => each(l, &Negate, x, x, to),
                Unary::Exp => each(l, &Exp, x, x, to),
                Unary::Ln => each(l, &Ln, x, x, to),
                Unary::Sqrt => each(l, &Sqrt, x, x, to),
                Unary::Abs => each(l, &Abs, x, x, to),
            }
        }
        Step::Binary { operation, left, right, .. } => {
            let (a, b) = (columns.at(space, left), columns.at(space, right));
            match operation {
                Binary::Add => each(l, &Add, a, b, to),
                Binary::Subtract => each(l, &Subtract, a, b, to),
                Binary::Multiply => each(l, &Multiply, a, b, to),
                Binary::Divide => match (right, b) {
                    (Operand::Constant(_) | Operand::Aggregate(_), [by, ..]) => {
                        each(l, &DivideBy(Divisor::new(*by)), a, a, to);
                    }
                    _ => each(l, &Divide, a, b, to),
                },
                Binary::Power => each(l, &Power, a, b, to),
                Binary::Less => each(l, &Less, a, b, to),
                Binary::LessEqual => each(l, &LessEqual, a, b, to),
                Binary::Equal => each(l, &Equal, a, b, to),
                Binary::NotEqual => each(l, &NotEqual, a, b, to),
            }
        }
    }
}

/// Writes what becomes of each pair of rows.
#[inline(always)]
fn each<L: Lanes>(l: L, work: &impl Pair, a: &[f64], b: &[f64], to: &mut [f64]) {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let (to, to_rest) = to.as_chunks_mut::<8>();
    for ((a, b), to) in a.iter().zip(b).zip(to) {
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
    fn of<L: Lanes>(&self, l: L, a: L::V, b: L::V) -> L::V;
}

macro_rules! pairs {
    ($($name:ident $l:ident $a:ident $b:ident => $value:expr;)*) => {$(
        struct $name;
        impl Pair for $name {
            #[inline(always)]
            fn of<L: Lanes>(&self, $l: L, $a: L::V, $b: L::V) -> L::V { $value }
        }
    )*};
}
pairs! {
    Negate l a _b => l.splat(-0.0) - a;
    Exp l a _b => exp_sum(l, a, l.splat(0.0));
    Ln l a _b => ln(l, a);
    Sqrt l a _b => l.sqrt(a);
    Abs l a _b => l.and(a, l.splat(f64::from_bits(u64::MAX >> 1)));
    Add _l a b => a + b;
    Subtract _l a b => a - b;
    Multiply _l a b => a * b;
    Divide _l a b => a / b;
    Power l a b => power(l, a, b);
    Less l a b => l.select(l.lt(a, b), l.splat(1.0), l.splat(0.0));
    LessEqual l a b => l.select(l.le(a, b), l.splat(1.0), l.splat(0.0));
    Equal l a b => l.select(l.le(a, b) & l.le(b, a), l.splat(1.0), l.splat(0.0));
    NotEqual l a b => l.select(l.le(a, b) & l.le(b, a), l.splat(0.0), l.splat(1.0));
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
    run(One(step, Columns { columns, start: 0, rows: 1, numbers: 0 }))
}
