//! Arrow's arrays as blocks.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::filter;
use datafusion::arrow::datatypes::{self, ArrowPrimitiveType, DataType};
use datafusion::common::{Result, exec_err};
use echoes_kernel::{BLOCK, Block, Bundle, Column, Fold as _, Values};

/// Absorbs rows, those without a NULL in any column; `start` is the number of the first.
pub(crate) fn absorb(bundle: &mut Bundle, arrays: &[ArrayRef], start: u64) -> Result<()> {
    let present =
        arrays.iter().fold(None, |all, array| NullBuffer::union(all.as_ref(), array.logical_nulls().as_ref()));
    match present.filter(|nulls| nulls.null_count() > 0) {
        None => absorb_all(bundle, arrays, start),
        Some(nulls) => {
            let present = BooleanArray::new(nulls.into_inner(), None);
            let arrays = arrays.iter().map(|array| Ok(filter(array, &present)?)).collect::<Result<Vec<_>>>()?;
            absorb_all(bundle, &arrays, start)
        }
    }
}

fn absorb_all(bundle: &mut Bundle, arrays: &[ArrayRef], start: u64) -> Result<()> {
    let stored = arrays.iter().map(values).collect::<Result<Vec<_>>>()?;
    let rows = arrays.first().map_or(0, |array| array.len());
    let mut doubles = vec![Vec::new(); stored.len()];
    for from in (0..rows).step_by(BLOCK) {
        let to = rows.min(from + BLOCK);
        let stored: Vec<Values<'_>> = stored.iter().map(|values| values.slice(from, to)).collect();
        for (values, doubles) in stored.iter().zip(&mut doubles) {
            doubles.resize(to - from, 0.0);
            values.to_f64(doubles);
        }
        let columns = stored.iter().zip(&doubles).map(|(&stored, values)| Column { values, stored });
        bundle.absorb(&Block::new(&columns.collect::<Vec<_>>(), start + from as u64));
    }
    Ok(())
}

fn values(array: &ArrayRef) -> Result<Values<'_>> {
    fn of<T: ArrowPrimitiveType>(array: &ArrayRef) -> &[T::Native] {
        let array: &PrimitiveArray<T> = array.as_primitive();
        array.values()
    }
    Ok(match array.data_type() {
        DataType::Int8 => of::<datatypes::Int8Type>(array).into(),
        DataType::Int16 => of::<datatypes::Int16Type>(array).into(),
        DataType::Int32 => of::<datatypes::Int32Type>(array).into(),
        DataType::Int64 => of::<datatypes::Int64Type>(array).into(),
        DataType::UInt8 => of::<datatypes::UInt8Type>(array).into(),
        DataType::UInt16 => of::<datatypes::UInt16Type>(array).into(),
        DataType::UInt32 => of::<datatypes::UInt32Type>(array).into(),
        DataType::UInt64 => of::<datatypes::UInt64Type>(array).into(),
        DataType::Float32 => of::<datatypes::Float32Type>(array).into(),
        DataType::Float64 => of::<datatypes::Float64Type>(array).into(),
        other => return exec_err!("{other} is no number"),
    })
}
