//! Where each column's elements lie in a `.npy` file.

use super::descr::{Descr, Item, Scalar};
use super::header::Header;
use crate::names::{self, COLUMNS_MAX};
use crate::{Bytes, Field, Result};

/// Columns that a file without rows may have: nothing but its header vouches for them.
const COLUMNS_EMPTY_MAX: u64 = 10_000;

/// Numbers at a stride.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strided {
    pub(super) scalar: Scalar,
    pub(super) swap: bool,
    /// Position of the first in the file.
    pub(super) offset: u64,
    /// Bytes from one row to the next.
    pub(super) stride: u64,
}

/// All columns.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) rows: u64,
    pub(super) fields: Vec<Field>,
    /// One for each field; `None` for what is not numeric.
    pub(super) columns: Vec<Option<Strided>>,
}

impl Layout {
    /// The layout that the header claims, if the file is as long as that demands.
    pub(super) fn of(header: Header, bytes: &Bytes<'_>) -> Result<Self> {
        let Header { descr, fortran, shape, data } = header;
        let size = descr.size().filter(|&size| size > 0);
        let size = size.ok_or_else(|| bytes.malformed("has elements of no size, or of one beyond counting"))?;
        let (leading, last) = match shape.as_slice() {
            [] => (&[][..], None),
            [rows] => (std::slice::from_ref(rows), None),
            [leading @ .., last] => (leading, Some(*last)),
        };
        if fortran && leading.len() > 1 {
            let what = "has three axes or more in Fortran order: save numpy.ascontiguousarray(x)";
            return Err(bytes.malformed(what));
        }
        let width = last.unwrap_or(1);
        let claim = leading.iter().try_fold(1u64, |product, &n| product.checked_mul(n)).and_then(|rows| {
            let total = rows.checked_mul(width)?.checked_mul(size)?;
            Some((rows, total))
        });
        let there = bytes.len() - data;
        let (rows, total) = match claim {
            Some((rows, total)) if total <= there => (rows, total),
            _ => {
                let what = format!(
                    "is cut off: its header claims the shape {} of {size} bytes each, and {there} bytes are there: copy or download it again",
                    show(&shape)
                );
                return Err(bytes.malformed(what));
            }
        };
        if total < there {
            let what =
                format!("goes on for {} bytes after its array: save each array to a file of its own", there - total);
            return Err(bytes.malformed(what));
        }
        let limit = if rows == 0 { COLUMNS_EMPTY_MAX } else { COLUMNS_MAX as u64 };
        if width > limit {
            let what = format!("has {width} columns: at most {limit} are read; save its transpose");
            return Err(bytes.malformed(what));
        }
        // Without columns there are no rows, whatever the header says.
        let rows = if width == 0 { 0 } else { rows };
        let mut layout = Self { rows, fields: Vec::new(), columns: Vec::new() };
        match (&descr, last) {
            (Descr::Plain(item), None) => layout.push("x", item, data, size),
            (Descr::Plain(item), Some(width)) => {
                for i in 0..width {
                    let (offset, stride) = if fortran { (i * rows * size, size) } else { (i * size, width * size) };
                    layout.push(&format!("c{i}"), item, data + offset, stride);
                }
            }
            (Descr::Record(_), Some(_)) => {
                return Err(bytes.malformed("has records on two axes or more: save x.ravel()"));
            }
            (Descr::Record(items), None) => {
                let mut offset = data;
                for (name, item) in items {
                    // NumPy's padding is raw bytes without a name.
                    if !(name.is_empty() && matches!(item, Item::Other { .. })) {
                        layout.push(name, item, offset, size);
                    }
                    offset = offset.saturating_add(item.size());
                }
                let all = layout.fields.iter_mut().map(|field| std::mem::take(&mut field.name));
                let all = names::unique(all.collect::<Vec<_>>());
                layout.fields.iter_mut().zip(all).for_each(|(field, name)| field.name = name);
            }
        }
        Ok(layout)
    }

    fn push(&mut self, name: &str, item: &Item, offset: u64, stride: u64) {
        let mut add = |name: String, scalar: Scalar, swap, offset| {
            self.fields.push(Field { name, dtype: Some(scalar.dtype()) });
            self.columns.push(Some(Strided { scalar, swap, offset, stride }));
        };
        match *item {
            Item::Real { scalar, swap } => add(name.to_owned(), scalar, swap, offset),
            Item::Complex { scalar, swap } => {
                add(format!("{name}.re"), scalar, swap, offset);
                add(format!("{name}.im"), scalar, swap, offset.saturating_add(scalar.size()));
            }
            Item::Other { .. } => {
                self.fields.push(Field { name: name.to_owned(), dtype: None });
                self.columns.push(None);
            }
        }
    }
}

/// A shape as Python writes it, cut short if it has many axes.
fn show(shape: &[u64]) -> String {
    let axes: Vec<_> = shape.iter().take(8).map(u64::to_string).collect();
    let more = match shape.len() {
        1 => ",",
        n if n > axes.len() => ", …",
        _ => "",
    };
    format!("({}{more})", axes.join(", "))
}
