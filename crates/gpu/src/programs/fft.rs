//! Fourier transform of real numbers, as many as a power of two.
//!
//! `n` reals are `n/2` complex numbers as they lie; those are transformed by C. Van Loan's Stockham steps (Computational Frameworks
//! for the Fast Fourier Transform, 1992, § 1.7), four parts at a time and two at the end where it must be; at last the transform of
//! the reals is untangled from that of the pairs. Factors come from one table of `n/2`, made by the processor from angles
//! below π/4, so that each is as good as its cosine.
//!
//! Error: below that of twice rustfft's, in the root of the mean square against the exact transform (tests).

use crate::{
    Column, Device, Error, Result,
    assembler::{Array, Assembler, F, Module, U},
    column::TILE,
    vulkan::{Buffer, Floats, Part, Program, Step},
};
use std::{
    f64::consts::PI,
    sync::{Arc, Mutex, PoisonError},
};

/// Invocations of a group: so many that the longest transform has no more groups than every device allows.
const LANES: u32 = 128;
/// The longest transform: a tile.
const LEN_MAX: u64 = (TILE * crate::BLOCK) as u64;

/// The programs.
pub struct RealFft {
    device: Arc<Device>,
    two: Program,
    four: Program,
    untangle: Program,
    /// The factors of the last length, on the device.
    table: Mutex<Option<(u64, Arc<Buffer>)>>,
}

impl RealFft {
    /// Makes the programs ready.
    ///
    /// # Errors
    /// What the driver refuses.
    pub fn new(device: &Arc<Device>) -> Result<Self> {
        let floats = device.floats();
        Ok(Self {
            two: device.program(&two(floats))?,
            four: device.program(&four(floats))?,
            untangle: device.program(&untangle(floats))?,
            table: Mutex::new(None),
            device: Arc::clone(device),
        })
    }

    /// `X[k] = Σ x[j] exp(−2πi jk/n)` for `k` from 0 to `n/2`, as pairs; the others are their conjugates.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the rows are no power of two from 4 on or in several tiles, [`Error::TooLarge`] beyond 2²³, and what the driver refuses.
    pub fn run(&self, column: &Column) -> Result<Vec<[f64; 2]>> {
        let n = column.rows();
        if !n.is_power_of_two() || n < 4 {
            return Err(Error::Invalid("a power of two of rows from 4 on"));
        }
        if n > LEN_MAX {
            return Err(Error::TooLarge { needed: 8 * n, limit: 8 * LEN_MAX });
        }
        let (values, rows) = column.tile(0)?;
        if u64::from(rows) != n {
            return Err(Error::Invalid("a transform needs its column in one tile"));
        }
        let mut spectrum = vec![[0.0; 2]; n as usize / 2 + 1];
        let table = self.table(n)?;
        let spaces = [self.device.buffer(8 * n)?, self.device.buffer(8 * n)?];
        let out = self.device.buffer(16 * spectrum.len() as u64)?;
        let plan = Plan::new(n as u32 / 2);
        let buffers: Vec<[Part<'_>; 3]> = (0..plan.0.len())
            .map(|step| {
                let from = if step == 0 { values } else { &spaces[(step + 1) % 2] };
                [from.all(), table.all(), spaces[step % 2].all()]
            })
            .collect();
        let mut steps = Vec::with_capacity(plan.0.len() + 2);
        let words: Vec<[u32; 3]> = plan.0.iter().map(|step| [step.quarter, step.stride, n as u32 / 2]).collect();
        for ((step, buffers), words) in plan.0.iter().zip(&buffers).zip(&words) {
            let program = if step.parts == 4 { &self.four } else { &self.two };
            let groups = (n as u32 / 2 / step.parts).div_ceil(LANES);
            steps.push(Step::Dispatch { program, buffers, words, groups });
        }
        let last = [buffers.last().map_or(values.all(), |buffers| buffers[2]), table.all(), out.all()];
        let size = [n as u32 / 2];
        let groups = (n as u32 / 2 + 1).div_ceil(LANES);
        steps.push(Step::Dispatch { program: &self.untangle, buffers: &last, words: &size, groups });
        steps.push(Step::Download { from: &out, bytes: bytemuck::cast_slice_mut(spectrum.as_flattened_mut()) });
        self.device.run(&mut steps)?;
        Ok(spectrum)
    }

    /// The factors of a length on the device; making them takes longer than a transform, so the last ones stay.
    fn table(&self, n: u64) -> Result<Arc<Buffer>> {
        let last = || self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last().as_ref().filter(|(len, _)| *len == n).map(|(_, table)| Arc::clone(table));
        if let Some(table) = known {
            return Ok(table);
        }
        let table = Arc::new(self.device.buffer(8 * n)?);
        let factors = factors(n as usize);
        self.device.run(&mut [Step::Upload { to: &table, bytes: bytemuck::cast_slice(&factors) }])?;
        *last() = Some((n, Arc::clone(&table)));
        Ok(table)
    }
}

/// The steps of a transform.
struct Plan(Vec<Stage>);

/// A step: `parts` transforms joined to one; those of `quarter · parts` numbers, `stride` of them beside each other.
struct Stage {
    parts: u32,
    quarter: u32,
    stride: u32,
}

impl Plan {
    fn new(size: u32) -> Self {
        let (mut left, mut stride, mut stages) = (size, 1, Vec::new());
        while left > 1 {
            let parts = if left == 2 { 2 } else { 4 };
            left /= parts;
            stages.push(Stage { parts, quarter: left, stride });
            stride *= parts;
        }
        Self(stages)
    }
}

/// `exp(−2πi k/n)` for `k` below `n/2`; `n` is a multiple of 4.
fn factors(n: usize) -> Vec<[f64; 2]> {
    let mut all = vec![[0.0; 2]; n / 2];
    for (k, factor) in all.iter_mut().enumerate() {
        // The angle is brought into the first eighth of the circle, where cosine and sine lose nothing.
        let quarter = n / 4;
        let (turned, k) = (k >= quarter, k % quarter);
        let mirrored = 8 * k > n;
        let angle = 2.0 * PI * (if mirrored { quarter - k } else { k }) as f64 / n as f64;
        let (sin, cos) = angle.sin_cos();
        let (cos, sin) = if mirrored { (sin, cos) } else { (cos, sin) };
        *factor = if turned { [-sin, -cos] } else { [cos, -sin] };
    }
    all
}

/// A complex number.
#[derive(Clone, Copy)]
struct C {
    re: F,
    im: F,
}

impl C {
    fn load(a: &mut Assembler, from: Array<F>, at: U) -> Self {
        let one = a.u(1);
        let re = a.shift_left(at, one);
        let im = a.iadd(re, one);
        Self { re: a.load(from, re), im: a.load(from, im) }
    }

    fn store(self, a: &mut Assembler, to: Array<F>, at: U) {
        let one = a.u(1);
        let re = a.shift_left(at, one);
        let im = a.iadd(re, one);
        a.store(to, re, self.re);
        a.store(to, im, self.im);
    }

    fn add(self, a: &mut Assembler, other: Self) -> Self {
        Self { re: a.add(self.re, other.re), im: a.add(self.im, other.im) }
    }

    fn sub(self, a: &mut Assembler, other: Self) -> Self {
        Self { re: a.sub(self.re, other.re), im: a.sub(self.im, other.im) }
    }

    fn mul(self, a: &mut Assembler, other: Self) -> Self {
        let (rr, ii) = (a.mul(self.re, other.re), a.mul(self.im, other.im));
        let (ri, ir) = (a.mul(self.re, other.im), a.mul(self.im, other.re));
        Self { re: a.sub(rr, ii), im: a.add(ri, ir) }
    }

    /// Times `i`.
    fn turn(self, a: &mut Assembler) -> Self {
        Self { re: a.neg(self.im), im: self.re }
    }

    fn conjugate(self, a: &mut Assembler) -> Self {
        Self { im: a.neg(self.im), ..self }
    }

    fn halve(self, a: &mut Assembler) -> Self {
        let half = a.f(0.5);
        Self { re: a.mul(self.re, half), im: a.mul(self.im, half) }
    }
}

/// The factor `exp(−2πi k/half)`, where `2 k` may reach beyond the table of `half`: then it is minus one of the table.
fn factor(a: &mut Assembler, table: Array<F>, k: U, half: U) -> C {
    let one = a.u(1);
    let at = a.shift_left(k, one);
    let inside = a.less(at, half);
    let beyond = a.isub(at, half);
    let at = a.select(inside, at, beyond);
    let found = C::load(a, table, at);
    let minus = C { re: a.neg(found.re), im: a.neg(found.im) };
    C { re: a.select(inside, found.re, minus.re), im: a.select(inside, found.im, minus.im) }
}

/// What a step is handed: buffers, and the invocation's number, which is `p · stride + q`.
struct Place {
    from: Array<F>,
    table: Array<F>,
    to: Array<F>,
    number: U,
    /// Numbers of one part: `quarter · stride`.
    part: U,
    stride: U,
    half: U,
}

/// A step's module around its body.
fn stage(floats: Floats, body: impl FnOnce(&mut Assembler, &Place)) -> Module {
    let mut a = Assembler::new(floats, LANES);
    let (from, table, to) = (a.buffer::<F>(), a.buffer::<F>(), a.buffer::<F>());
    let (quarter, stride, half) = (a.word(0), a.word(1), a.word(2));
    let lanes = a.u(LANES);
    let start = a.imul(a.group(), lanes);
    let number = a.iadd(start, a.local());
    let part = a.imul(quarter, stride);
    let inside = a.less(number, part);
    a.when(inside, |a| body(a, &Place { from, table, to, number, part, stride, half }));
    a.finish()
}

/// Joins two transforms of one number each.
pub(super) fn two(floats: Floats) -> Module {
    stage(floats, |a, place| {
        let next = a.iadd(place.number, place.part);
        let (x, y) = (C::load(a, place.from, place.number), C::load(a, place.from, next));
        let (sum, difference) = (x.add(a, y), x.sub(a, y));
        sum.store(a, place.to, place.number);
        difference.store(a, place.to, next);
    })
}

/// Joins four.
pub(super) fn four(floats: Floats) -> Module {
    stage(floats, |a, place| {
        // The stride is a power of two: what lies below it is q, and p · stride what is left.
        let one = a.u(1);
        let mask = a.isub(place.stride, one);
        let q = a.and(place.number, mask);
        let turn = a.isub(place.number, q);
        let mut at = place.number;
        let mut next = || {
            let x = C::load(a, place.from, at);
            at = a.iadd(at, place.part);
            x
        };
        let [x0, x1, x2, x3] = [next(), next(), next(), next()];
        let (even, odd) = (x0.add(a, x2), x0.sub(a, x2));
        let (sum, difference) = (x1.add(a, x3), x1.sub(a, x3));
        let turned = difference.turn(a);
        let parts = [even.add(a, sum), odd.sub(a, turned), even.sub(a, sum), odd.add(a, turned)];
        let two = a.u(2);
        let fourfold = a.shift_left(turn, two);
        let mut at = a.iadd(fourfold, q);
        let mut angle = a.u(0);
        for (i, part) in parts.into_iter().enumerate() {
            let value = if i == 0 {
                part
            } else {
                angle = a.iadd(angle, turn);
                let factor = factor(a, place.table, angle, place.half);
                part.mul(a, factor)
            };
            value.store(a, place.to, at);
            at = a.iadd(at, place.stride);
        }
    })
}

/// The transform of `2 m` reals from that of their `m` pairs: `X[k] = (Z[k] + Z̄[m−k])/2 − i wᵏ (Z[k] − Z̄[m−k])/2`.
pub(super) fn untangle(floats: Floats) -> Module {
    let mut a = Assembler::new(floats, LANES);
    let (from, table, to) = (a.buffer::<F>(), a.buffer::<F>(), a.buffer::<F>());
    let (size, lanes, one) = (a.word(0), a.u(LANES), a.u(1));
    let start = a.imul(a.group(), lanes);
    let k = a.iadd(start, a.local());
    let end = a.iadd(size, one);
    let inside = a.less(k, end);
    a.when(inside, |a| {
        let mask = a.isub(size, one);
        let rest = a.isub(size, k);
        let (at, mirror) = (a.and(k, mask), a.and(rest, mask));
        let z = C::load(a, from, at);
        let mirrored = C::load(a, from, mirror).conjugate(a);
        let even = z.add(a, mirrored).halve(a);
        let odd = z.sub(a, mirrored).halve(a);
        // The factor at m is −1, which the table has not: there it is that at 0, turned.
        let found = C::load(a, table, at);
        let is_inside = a.less(k, size);
        let minus = C { re: a.neg(found.re), im: a.neg(found.im) };
        let factor = C { re: a.select(is_inside, found.re, minus.re), im: a.select(is_inside, found.im, minus.im) };
        let turned = factor.mul(a, odd).turn(a);
        even.sub(a, turned).store(a, to, k);
    });
    a.finish()
}
