//! A column that grows number by number: integers until the first that is none, unsigned where they need to be.

use crate::OwnedColumn;
use crate::number::Parsed;
use std::mem::take;

/// A column that grows: integers as long as each number is whole and all fit `i64`, or all fit `u64`; doubles from the first that
/// does not.
///
/// ```
/// use echoes_io::{ColumnBuilder, number::Parsed};
/// let mut builder = ColumnBuilder::default();
/// builder.push(Parsed::Int(1));
/// builder.push_missing();
/// assert!(matches!(builder.finish().values, echoes_io::Owned::Int64(_)));
/// ```
#[derive(Debug)]
pub struct ColumnBuilder {
    values: Values,
    valid: Option<Vec<bool>>,
}

#[derive(Debug)]
enum Values {
    Ints(Vec<i64>),
    /// None is negative, and one is beyond `i64`.
    Larges(Vec<u64>),
    Floats(Vec<f64>),
}

impl Default for ColumnBuilder {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl ColumnBuilder {
    /// A column with room for so many rows.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { values: Values::Ints(Vec::with_capacity(capacity)), valid: None }
    }

    /// Adds a number.
    #[inline]
    pub fn push(&mut self, number: Parsed) {
        match number {
            Parsed::Int(x) => self.push_int(x),
            Parsed::Large(x) => self.push_large(x),
            Parsed::Float(x) => self.push_float(x),
        }
        if let Some(valid) = &mut self.valid {
            valid.push(true);
        }
    }

    /// Adds a row without a value.
    pub fn push_missing(&mut self) {
        let (rows, capacity) = match &mut self.values {
            Values::Ints(values) => grown(values),
            Values::Larges(values) => grown(values),
            Values::Floats(values) => grown(values),
        };
        let valid = self.valid.get_or_insert_with(|| {
            let mut valid = Vec::with_capacity(capacity);
            valid.resize(rows - 1, true);
            valid
        });
        valid.push(false);
    }

    /// The column.
    pub fn finish(self) -> OwnedColumn {
        let values = match self.values {
            Values::Ints(values) => values.into(),
            Values::Larges(values) => values.into(),
            Values::Floats(values) => values.into(),
        };
        OwnedColumn { values, valid: self.valid }
    }

    #[inline]
    fn push_int(&mut self, x: i64) {
        match &mut self.values {
            Values::Ints(values) => values.push(x),
            Values::Larges(values) => match u64::try_from(x) {
                Ok(x) => values.push(x),
                Err(_) => self.push_float(x as f64),
            },
            Values::Floats(values) => values.push(x as f64),
        }
    }

    #[cold]
    fn push_large(&mut self, x: u64) {
        if let Values::Ints(values) = &mut self.values
            && values.iter().all(|x| *x >= 0)
        {
            self.values = Values::Larges(take(values).into_iter().map(i64::cast_unsigned).collect());
        }
        match &mut self.values {
            Values::Larges(values) => values.push(x),
            _ => self.push_float(x as f64),
        }
    }

    #[inline]
    fn push_float(&mut self, x: f64) {
        match &mut self.values {
            Values::Floats(values) => values.push(x),
            // Digits of a double round the same by way of an integer, which holds them exactly.
            Values::Ints(values) => self.values = Values::Floats(with(take(values), |x| x as f64, x)),
            Values::Larges(values) => self.values = Values::Floats(with(take(values), |x| x as f64, x)),
        }
    }
}

/// Adds what stands at a missing row; the rows and what there is room for.
fn grown<T: Default>(values: &mut Vec<T>) -> (usize, usize) {
    values.push(T::default());
    (values.len(), values.capacity())
}

/// The integers as doubles, and one more. Elements of one size are collected where they are, so this takes no second column.
fn with<T>(integers: Vec<T>, to_f64: impl Fn(T) -> f64, x: f64) -> Vec<f64> {
    let mut floats: Vec<f64> = integers.into_iter().map(to_f64).collect();
    floats.push(x);
    floats
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::parse;
    use echoes_kernel::Values as Found;

    fn column(numbers: &[&str]) -> OwnedColumn {
        let mut builder = ColumnBuilder::default();
        for number in numbers {
            match parse(number.as_bytes()) {
                Some(number) => builder.push(number),
                None => builder.push_missing(),
            }
        }
        builder.finish()
    }

    #[test]
    fn large_integers_are_unsigned_where_none_is_negative() {
        let large = column(&["1", "", "18446744073709551615", "", "2"]);
        assert!(matches!(large.slice().values, Found::UInt64([1, 0, u64::MAX, 0, 2])), "{large:?}");
        assert_eq!(large.slice().valid, Some(&[true, false, true, false, true][..]));
        for numbers in [["-1", "18446744073709551615"], ["18446744073709551615", "-1"]] {
            let floats = numbers.map(|number| number.parse().unwrap());
            assert_eq!(column(&numbers).slice().values.as_f64(), Some(&floats[..]));
        }
        let mixed = column(&["9223372036854775808", "3", "0.5", "18446744073709551615"]);
        assert_eq!(
            mixed.slice().values.as_f64(),
            Some(&[9_223_372_036_854_775_808.0, 3.0, 0.5, 1.844_674_407_370_955_2e19][..])
        );
        assert_eq!(column(&["18446744073709551616"]).slice().values.as_f64(), Some(&[1.844_674_407_370_955_2e19][..]));
    }
}
