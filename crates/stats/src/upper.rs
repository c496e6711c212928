//! Least squares brought to a triangle: the factor R of the columns `[X y]`, every number of it in two doubles.
//!
//! R grows by rows: Householder's reflections annihilate them against it (G. H. Golub, C. F. Van Loan, Matrix Computations, 4th ed.,
//! 5.1 and 5.3), so that nothing is ever squared, and R of some rows and of others make R of both (J. Demmel et al., SIAM J. Sci. Comput.
//! 34(1), 2012: TSQR). Each column is measured in a power of two that none of its values exceeds, so that nothing overflows.

use crate::{
    double::Double,
    partials::Comoments,
    special::{Twofold, product, sum, times},
};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Rows that are annihilated at once.
pub(crate) const ROWS: usize = 256;

/// The exponent of a column that has no value yet.
pub(crate) const LEAST: i32 = -1022;

/// A square of a column below it is none, of values up to 1.
const NOTHING: f64 = 1e-250;

/// What is smaller than a column by this is the rounding of what was taken away: 2^-90.
const ROUNDING: f64 = 8.1e-28;

/// A column whose part beside the others is smaller by this depends on them: 2^-80.
const DEPENDENT: f64 = 8.3e-25;

/// A triangle of the columns of X, and y as the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Upper {
    /// Row by row, zeros below the diagonal, in the units of the columns.
    r: Vec<Double>,
    /// The binary logarithms of the units.
    exponents: Vec<i32>,
}

/// Rows to be annihilated, column by column, in the units of the columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Rows {
    /// Room for [`ROWS`] of so many columns, none in use.
    pub(crate) fn new(order: usize) -> Self {
        let mut rows = Self::default();
        rows.clear(order);
        rows
    }

    /// All zeros, which change nothing.
    pub(crate) fn clear(&mut self, order: usize) {
        for part in [&mut self.high, &mut self.low] {
            part.clear();
            part.resize(order * ROWS, 0.0);
        }
    }

    /// A column, in two parts.
    pub(crate) fn column(&mut self, column: usize) -> (&mut [f64], &mut [f64]) {
        let rows = column * ROWS..(column + 1) * ROWS;
        (&mut self.high[rows.clone()], &mut self.low[rows])
    }

    pub(crate) fn at(&self, row: usize, column: usize) -> Double {
        Double::sum(self.high[column * ROWS + row], self.low[column * ROWS + row])
    }

    pub(crate) fn set(&mut self, row: usize, column: usize, value: Double) {
        self.high[column * ROWS + row] = value.high();
        self.low[column * ROWS + row] = value.low();
    }
}

/// The binary logarithm of a power of two that exceeds a size, of those that a column can have for its unit.
pub(crate) fn exponent_beyond(size: f64) -> i32 {
    ((size.to_bits() >> 52 & 0x7ff) as i32 - 1022).max(LEAST)
}

impl Upper {
    /// The triangle of no rows, with the least units that its columns can have.
    pub(crate) fn new(exponents: Vec<i32>) -> Self {
        Self { r: vec![Double::default(); exponents.len() * exponents.len()], exponents }
    }

    /// Columns, y among them.
    pub(crate) fn order(&self) -> usize {
        self.exponents.len()
    }

    /// Whether the parts go together.
    pub(crate) fn is_sound(&self, order: usize) -> bool {
        let reach = -1 << 24..1 << 24;
        self.order() == order
            && self.r.len() == order * order
            && self.exponents.iter().all(|exponent| reach.contains(exponent))
    }

    fn at(&self, row: usize, column: usize) -> Double {
        self.r[row * self.exponents.len() + column]
    }

    fn set(&mut self, row: usize, column: usize, value: Double) {
        let order = self.order();
        self.r[row * order + column] = value;
    }

    /// The binary logarithm of a column's unit.
    pub(crate) fn exponent(&self, column: usize) -> i32 {
        self.exponents[column]
    }

    /// Measures a column in a larger unit, if it is larger.
    pub(crate) fn raise(&mut self, column: usize, exponent: i32) {
        let step = self.exponents[column] - exponent;
        if step < 0 {
            for row in 0..=column {
                self.set(row, column, self.at(row, column).shifted(step));
            }
            self.exponents[column] = exponent;
        }
    }

    /// Makes every value smaller by a power of two.
    pub(crate) fn shrink(&mut self, shift: i32) {
        for value in &mut self.r {
            *value = value.shifted(shift);
        }
    }

    /// Takes in rows, and leaves of them what is of no more use.
    pub(crate) fn absorb(&mut self, rows: &mut Rows) {
        run(Annihilate(self, rows));
    }

    /// Takes in the triangle of other rows, made smaller by a power of two.
    pub(crate) fn merge(&mut self, later: &Self, shift: i32, rows: &mut Rows) {
        let order = self.order();
        for column in 0..order {
            self.raise(column, later.exponents[column]);
        }
        for from in (0..order).step_by(ROWS) {
            rows.clear(order);
            for row in from..order.min(from + ROWS) {
                for column in row..order {
                    let step = later.exponents[column] + shift - self.exponents[column];
                    rows.set(row - from, column, later.at(row, column).shifted(step));
                }
            }
            self.absorb(rows);
        }
    }

    /// The triangle of columns of which the first one is y by Cholesky's factors of their products, which lose the square of the
    /// condition number: `None` if that is above a limit. With an intercept, a column of ones goes before.
    pub(crate) fn of_products(comoments: &Comoments, intercept: bool, condition_max: f64) -> Option<Self> {
        let (columns, n) = (comoments.columns(), Double::from(comoments.count() as f64));
        let first = usize::from(intercept);
        // y goes last.
        let source = |column: usize| (column - first + 1) % columns;
        let order = columns + first;
        let exponent = |column: usize| if column < first { 0 } else { comoments.unit_of(source(column)).exponent() };
        let mut upper = Self::new((0..order).map(exponent).collect());
        if intercept {
            let root = n.sqrt();
            upper.set(0, 0, root);
            for column in 1..order {
                upper.set(0, column, root.times(comoments.measured_mean(source(column))));
            }
        }
        for column in first..order {
            for row in first..=column {
                let (i, j) = (source(row), source(column));
                let mut rest = comoments.measured(i, j);
                if !intercept {
                    rest = rest.add_double(n.times(comoments.measured_mean(i)).times(comoments.measured_mean(j)));
                }
                let whole = rest.high();
                for above in first..row {
                    rest = rest.add_double(upper.at(above, row).times(upper.at(above, column)).negated());
                }
                let value = match rest.high() {
                    left if !left.is_finite() => return None,
                    _ if row < column => rest.over(upper.at(row, row)),
                    left if left * condition_max * condition_max > whole => rest.sqrt(),
                    // What is left of y is measured by another reading.
                    left if column == order - 1 => Double::from(left.max(0.0)).sqrt(),
                    _ => return None,
                };
                upper.set(row, column, value);
            }
        }
        (upper.condition(first) <= condition_max).then_some(upper)
    }

    /// The length of a column, in its unit.
    pub(crate) fn length(&self, column: usize) -> f64 {
        self.length_below(0, column)
    }

    /// That of its part in the rows from one on.
    fn length_below(&self, first: usize, column: usize) -> f64 {
        (first..=column).map(|row| self.at(row, column).high()).map(|x| x * x).sum::<f64>().sqrt()
    }

    /// What of the sum of the squares of y stands in some rows, in squares of its unit; what may be rounding does not count.
    pub(crate) fn squares(&self, rows: Range<usize>) -> f64 {
        rows.map(|row| self.turned(row).value()).map(|y| y * y).sum()
    }

    /// y turned into the directions of the columns; 0 where that is the rounding of y.
    fn turned(&self, row: usize) -> Double {
        let y = self.at(row, self.order() - 1);
        if self.is_rounding(y.high()) { Double::default() } else { y }
    }

    /// Whether a length, in the unit of y, is the rounding of y.
    pub(crate) fn is_rounding(&self, length: f64) -> bool {
        length.abs() <= ROUNDING * self.length(self.order() - 1)
    }

    /// How many columns of X do not depend on those before them; NaN depends on nothing.
    pub(crate) fn rank(&self) -> usize {
        (0..self.order() - 1).filter(|&column| self.stands(column, 0, DEPENDENT)).count()
    }

    /// Whether more than a part of what stands of a column from a row on stands beside the columns before it.
    pub(crate) fn stands(&self, column: usize, first: usize, least: f64) -> bool {
        let (own, length) = (self.at(column, column).high().abs(), self.length_below(first, column));
        length != 0.0 && (own.is_nan() || own > least * length)
    }

    /// The coefficients of the columns, in units of y over their own.
    pub(crate) fn coefficients(&self) -> Vec<Double> {
        let terms = self.order() - 1;
        let mut coefficients = vec![Double::default(); terms];
        for row in (0..terms).rev() {
            let known = (row + 1..terms).map(|column| self.at(row, column).times(coefficients[column]));
            let rest = known.fold(self.turned(row), |rest, part| rest.add_double(part.negated()));
            coefficients[row] = rest.over(self.at(row, row));
        }
        coefficients
    }

    /// The inverse of the triangle of some columns beside those before them, row by row.
    pub(crate) fn inverse(&self, columns: Range<usize>) -> Vec<Vec<Double>> {
        let (first, size) = (columns.start, columns.len());
        let solve = |column: usize| {
            let mut found = vec![Double::default(); size];
            found[column] = Double::from(1.0).over(self.at(first + column, first + column));
            for row in (0..column).rev() {
                let known = (row + 1..=column).map(|k| self.at(first + row, first + k).times(found[k]));
                let rest = known.fold(Double::default(), |rest, part| rest.add_double(part.negated()));
                found[row] = rest.over(self.at(first + row, first + row));
            }
            found
        };
        let columns: Vec<Vec<Double>> = (0..size).map(solve).collect();
        (0..size).map(|row| columns.iter().map(|column| column[row]).collect()).collect()
    }

    /// The sum of the squares of `R S⁻¹`, with another triangle of some of the columns in the same units.
    pub(crate) fn squares_against(&self, other: &Self, columns: Range<usize>) -> f64 {
        let (first, size, inverse) = (columns.start, columns.len(), other.inverse(columns));
        let square = |(row, column): (usize, usize)| {
            let parts = (row..=column).map(|k| self.at(first + row, first + k).times(inverse[k][column]));
            let entry = parts.fold(Double::default(), Double::add_double).value();
            entry * entry
        };
        (0..size).flat_map(|row| (row..size).map(move |column| (row, column))).map(square).sum()
    }

    /// The condition number of the columns of X from `first` on, below the rows of those before it, each scaled to length 1: the
    /// largest of their singular values over the smallest one.
    ///
    /// M. R. Hestenes, J. SIAM 6(1), 1958: pairs of columns are turned until all are orthogonal.
    pub(crate) fn condition(&self, first: usize) -> f64 {
        /// Fewer than ten are needed.
        const SWEEPS_MAX: usize = 40;
        let terms = self.order() - 1;
        let column = |column: usize| (first..terms).map(|row| self.at(row, column).high()).collect::<Vec<f64>>();
        let mut columns: Vec<Vec<f64>> = (first..terms).map(column).collect();
        for column in &mut columns {
            let length = dot(column, column).sqrt();
            column.iter_mut().for_each(|x| *x /= length);
        }
        for _ in 0..SWEEPS_MAX {
            let mut turned = false;
            for j in 1..columns.len() {
                let (before, after) = columns.split_at_mut(j);
                for x in before {
                    turned |= make_orthogonal(x, &mut after[0]);
                }
            }
            if !turned {
                break;
            }
        }
        let lengths = columns.iter().map(|column| dot(column, column));
        let (least, most) =
            lengths.fold(
                (f64::INFINITY, 0.0),
                |(least, most), x| {
                    if x.is_nan() { (x, x) } else { (x.min(least), x.max(most)) }
                },
            );
        if columns.is_empty() { 1.0 } else { (most / least).sqrt() }
    }
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// Turns two columns in their plane so that they are orthogonal; false if they were.
fn make_orthogonal(x: &mut [f64], y: &mut [f64]) -> bool {
    let (xx, xy, yy) = (dot(x, x), dot(x, y), dot(y, y));
    let are_aslant = xy.abs() > 1e-14 * (xx * yy).sqrt();
    if !are_aslant {
        return false;
    }
    let zeta = (yy - xx) / (2.0 * xy);
    let tangent = 1f64.copysign(zeta) / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = cosine * tangent;
    for (x, y) in x.iter_mut().zip(y) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
    true
}

struct Annihilate<'a, 'b>(&'a mut Upper, &'b mut Rows);

impl Operation for Annihilate<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self(upper, rows) = self;
        let order = upper.exponents.len();
        for j in 0..order {
            let (high, later_high) = rows.high[j * ROWS..].split_at_mut(ROWS);
            let (low, later_low) = rows.low[j * ROWS..].split_at_mut(ROWS);
            let column = (&*high, &*low);
            let square = inner(l, column, column);
            if square.high() < NOTHING {
                continue;
            }
            let pivot = upper.r[j * order + j];
            let norm = pivot.times(pivot).add_double(square).sqrt();
            // Of the two signs the one without cancellation.
            let diagonal = if pivot.high() > 0.0 { norm.negated() } else { norm };
            let head = pivot.add_double(diagonal.negated());
            let scale = diagonal.times(head);
            upper.r[j * order + j] = diagonal;
            let others = later_high.chunks_exact_mut(ROWS).zip(later_low.chunks_exact_mut(ROWS));
            for (other, (high, low)) in others.enumerate() {
                let entry = &mut upper.r[j * order + j + 1 + other];
                let along = head.times(*entry).add_double(inner(l, column, (&*high, &*low))).over(scale);
                *entry = entry.add_double(along.times(head));
                add_multiple(l, along, column, (high, low));
            }
        }
    }
}

/// `Σ x y` of two columns.
#[inline(always)]
fn inner<L: Lanes>(l: L, (x_high, x_low): (&[f64], &[f64]), (y_high, y_low): (&[f64], &[f64])) -> Double {
    let ((x_high, _), (x_low, _)) = (x_high.as_chunks::<8>(), x_low.as_chunks::<8>());
    let ((y_high, _), (y_low, _)) = (y_high.as_chunks::<8>(), y_low.as_chunks::<8>());
    let (mut high, mut low) = (l.splat(0.0), l.splat(0.0));
    for (((xh, xl), yh), yl) in x_high.iter().zip(x_low).zip(y_high).zip(y_low) {
        let (xh, xl, yh, yl) = (l.load8(xh), l.load8(xl), l.load8(yh), l.load8(yl));
        let part = product::<L>(l, xh, yh);
        let total = exact(l, high, part.high);
        high = total.high;
        low = low + (total.low + (part.low + (xh * yl + xl * yh)));
    }
    let (high, low) = (l.to_array(high), l.to_array(low));
    let mut sum = Double::default();
    for (high, low) in high.into_iter().zip(low) {
        sum = sum.add(high).add(low);
    }
    sum
}

/// Adds `factor` times a column to another.
#[inline(always)]
fn add_multiple<L: Lanes>(
    l: L,
    factor: Double,
    (x_high, x_low): (&[f64], &[f64]),
    (y_high, y_low): (&mut [f64], &mut [f64]),
) {
    let factor = Twofold { high: l.splat(factor.high()), low: l.splat(factor.low()) };
    let ((x_high, _), (x_low, _)) = (x_high.as_chunks::<8>(), x_low.as_chunks::<8>());
    let ((y_high, _), (y_low, _)) = (y_high.as_chunks_mut::<8>(), y_low.as_chunks_mut::<8>());
    for (((xh, xl), yh), yl) in x_high.iter().zip(x_low).zip(y_high).zip(y_low) {
        let x = Twofold { high: l.load8(xh), low: l.load8(xl) };
        let y = Twofold { high: l.load8(yh), low: l.load8(yl) };
        let y = plus(l, y, times(l, factor, x));
        (*yh, *yl) = (l.to_array(y.high), l.to_array(y.low));
    }
}

/// The sum of two, within 2^-104 of the larger one.
#[inline(always)]
pub(crate) fn plus<L: Lanes>(l: L, x: Twofold<L::V>, y: Twofold<L::V>) -> Twofold<L::V> {
    let total = exact(l, x.high, y.high);
    sum(l, total.high, total.low + (x.low + y.low))
}

/// `a + b` without rounding, whichever is the larger one.
#[inline(always)]
fn exact<L: Lanes>(_: L, a: L::V, b: L::V) -> Twofold<L::V> {
    let high = a + b;
    let part = high - a;
    Twofold { high, low: (a - (high - part)) + (b - part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A triangle of rows of whole numbers.
    fn of(rows: &[[i32; 3]]) -> Upper {
        let (mut upper, mut space) = (Upper::new(vec![0; 3]), Rows::new(3));
        for (i, row) in rows.iter().enumerate() {
            for (column, &value) in row.iter().enumerate() {
                space.set(i, column, Double::from(f64::from(value)));
            }
        }
        upper.absorb(&mut space);
        upper
    }

    const ROWS_OF_THREE: [[i32; 3]; 5] = [[1, 4, 2], [2, -1, 5], [-3, 2, 1], [1, 1, 7], [2, 5, -4]];

    /// `RᵀR = XᵀX` to the last of both parts, whatever the rows were split into.
    #[test]
    fn it_has_the_products_of_the_columns() {
        for cut in 0..=5 {
            let mut upper = of(&ROWS_OF_THREE[..cut]);
            upper.merge(&of(&ROWS_OF_THREE[cut..]), 0, &mut Rows::new(3));
            for (i, j) in [(0, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 2)] {
                let wanted: i32 = ROWS_OF_THREE.iter().map(|row| row[i] * row[j]).sum();
                let parts = (0..=i).map(|k| upper.at(k, i).times(upper.at(k, j)));
                let found = parts.fold(Double::default(), Double::add_double);
                let error = found.minus(Double::from(f64::from(wanted)));
                assert!(error.abs() < 1e-29, "cut {cut}, {i} {j}: {error:e}");
            }
        }
    }

    #[test]
    fn the_inverse_is_one() {
        let upper = of(&ROWS_OF_THREE);
        assert!((upper.squares_against(&upper, 0..3) - 3.0).abs() < 1e-15);
        assert!((upper.squares_against(&upper, 1..3) - 2.0).abs() < 1e-15);
    }

    /// Two columns at an angle: `√((1 + cos) / (1 − cos))`.
    #[test]
    fn condition_numbers() {
        let upper = of(&[[3, 4, 0], [0, 3, 0], [0, 0, 1]]);
        assert!((upper.condition(0) - 3.0).abs() < 1e-14, "{}", upper.condition(0));
        assert_eq!(upper.condition(1), 1.0);
        assert_eq!(upper.condition(2), 1.0);
        let nearly = of(&[[1 << 30, 1 << 30, 0], [0, 1, 0], [0, 0, 1]]);
        assert!((nearly.condition(0) / 2f64.powi(31) - 1.0).abs() < 1e-9);
        assert_eq!((nearly.rank(), of(&[[1, 2, 0], [3, 6, 1], [0, 0, 4]]).rank()), (2, 1));
        assert_eq!(of(&[[0, 2, 0], [0, 6, 1]]).rank(), 1);
    }

    #[test]
    fn units_exceed_sizes() {
        for (size, exponent) in [(1.0, 1), (0.75, 0), (0.0, LEAST), (5e-324, LEAST), (f64::MAX, 1024)] {
            assert_eq!(exponent_beyond(size), exponent, "{size:e}");
        }
    }
}
