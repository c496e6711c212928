//! Stored elements as columns: borrowed, read in place, or gathered at a stride.

use super::descr::Scalar;
use super::layout::Strided;
use crate::memory::Element;
use crate::{Bytes, OwnedColumn, Result};
use echoes_kernel::{DType, Values, for_each_dtype};
use half::f16;

impl Strided {
    /// Whether the elements lie one after the other.
    pub(super) const fn is_dense(&self) -> bool {
        self.stride == self.scalar.size()
    }

    /// `rows` elements as they lie in `bytes`, which begins with the first; `None` if they must be converted,
    /// or are not aligned for their type.
    pub(super) fn borrow<'b>(&self, bytes: &'b [u8], rows: usize) -> Option<Values<'b>> {
        let Scalar::Plain(dtype) = self.scalar else { return None };
        if self.swap || !self.is_dense() {
            return None;
        }
        cast(dtype, bytes.get(..rows.checked_mul(dtype.size())?)?)
    }

    /// Adds `rows` elements from `bytes`, which begins with the first, to the column.
    pub(super) fn gather(&self, bytes: &[u8], rows: usize, to: &mut OwnedColumn) {
        // Strides are at least 1, and a stride beyond memory has one row.
        let stride = usize::try_from(self.stride).unwrap_or(usize::MAX).max(1);
        let elements = bytes.chunks(stride).take(rows);
        match self.scalar {
            Scalar::Bool => u8::slot(to).extend(elements.map(|e| u8::from(first::<1>(e) != [0]))),
            Scalar::Half if self.swap => {
                f32::slot(to).extend(elements.map(|e| f16::from_ne_bytes(reversed(first(e))).to_f32()));
            }
            Scalar::Half => f32::slot(to).extend(elements.map(|e| f16::from_ne_bytes(first(e)).to_f32())),
            Scalar::Plain(dtype) => gather_plain(dtype, self.swap, elements, to),
        }
    }

    /// Replaces the column by `rows` elements at `offset` of a file, where they lie one after the other.
    pub(super) fn read_dense(
        &self,
        file: &Bytes<'_>,
        offset: u64,
        rows: usize,
        to: &mut OwnedColumn,
        spare: &mut Vec<u8>,
    ) -> Result<()> {
        match self.scalar {
            Scalar::Bool => {
                let slot = u8::slot(to);
                slot.resize(rows, 0);
                file.read_at(offset, slot)?;
                slot.iter_mut().for_each(|x| *x = u8::from(*x != 0));
                Ok(())
            }
            Scalar::Half => {
                spare.resize(rows.saturating_mul(2), 0);
                file.read_at(offset, spare)?;
                f32::slot(to).clear();
                self.gather(spare, rows, to);
                Ok(())
            }
            Scalar::Plain(dtype) => read_plain(dtype, self.swap, file, offset, rows, to),
        }
    }
}

/// The first `N` bytes of an element.
fn first<const N: usize>(element: &[u8]) -> [u8; N] {
    element.first_chunk().copied().unwrap_or([0; N])
}

fn reversed<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    bytes.reverse();
    bytes
}

macro_rules! define {
    ($($variant:ident $type:ident $name:literal),*) => {
        fn cast(dtype: DType, bytes: &[u8]) -> Option<Values<'_>> {
            match dtype {
                $(DType::$variant => bytemuck::try_cast_slice::<u8, $type>(bytes).ok().map(Values::$variant)),*
            }
        }

        fn gather_plain<'e>(
            dtype: DType,
            swap: bool,
            elements: impl Iterator<Item = &'e [u8]>,
            to: &mut OwnedColumn,
        ) {
            match dtype {
                $(DType::$variant if swap => {
                    <$type>::slot(to).extend(elements.map(|e| <$type>::from_ne_bytes(reversed(first(e)))));
                }
                DType::$variant => {
                    <$type>::slot(to).extend(elements.map(|e| <$type>::from_ne_bytes(first(e))));
                })*
            }
        }

        fn read_plain(
            dtype: DType,
            swap: bool,
            file: &Bytes<'_>,
            offset: u64,
            rows: usize,
            to: &mut OwnedColumn,
        ) -> Result<()> {
            match dtype {
                $(DType::$variant => {
                    let slot = <$type>::slot(to);
                    slot.resize(rows, <$type>::default());
                    file.read_at(offset, bytemuck::cast_slice_mut(slot))?;
                    if swap {
                        slot.iter_mut().for_each(|x| *x = <$type>::from_ne_bytes(reversed(x.to_ne_bytes())));
                    }
                })*
            }
            Ok(())
        }

        /// Makes the column one of `scalar`'s type, without elements and without missing rows.
        pub(super) fn clear(scalar: Scalar, column: &mut OwnedColumn) {
            column.valid = None;
            match scalar.dtype() {
                $(DType::$variant => <$type>::slot(column).clear()),*
            }
        }
    };
}
for_each_dtype!(define);
