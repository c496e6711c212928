//! A column that grows number by number: integers until the first that is none.

use crate::OwnedColumn;
use crate::number::Parsed;

/// A column that grows: integers as long as each number is whole and fits 64 bits, doubles from the first that is not.
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
            Parsed::Float(x) => self.push_float(x),
        }
        if let Some(valid) = &mut self.valid {
            valid.push(true);
        }
    }

    /// Adds a row without a value.
    pub fn push_missing(&mut self) {
        let rows = match &mut self.values {
            Values::Ints(values) => {
                values.push(0);
                values.len()
            }
            Values::Floats(values) => {
                values.push(0.0);
                values.len()
            }
        };
        self.valid.get_or_insert_with(|| vec![true; rows - 1]).push(false);
    }

    /// The column.
    pub fn finish(self) -> OwnedColumn {
        let values = match self.values {
            Values::Ints(values) => values.into(),
            Values::Floats(values) => values.into(),
        };
        OwnedColumn { values, valid: self.valid }
    }

    #[inline]
    fn push_int(&mut self, x: i64) {
        match &mut self.values {
            Values::Ints(values) => values.push(x),
            Values::Floats(values) => values.push(x as f64),
        }
    }

    #[inline]
    fn push_float(&mut self, x: f64) {
        match &mut self.values {
            Values::Floats(values) => values.push(x),
            Values::Ints(values) => {
                // Digits of a double round the same by way of an integer, which holds them exactly.
                let mut floats = Vec::with_capacity(values.capacity());
                floats.extend(values.iter().map(|&x| x as f64));
                floats.push(x);
                self.values = Values::Floats(floats);
            }
        }
    }
}
