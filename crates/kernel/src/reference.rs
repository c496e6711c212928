//! The plainest driver: columns of doubles in memory, on this thread. Every other driver must give its bits.

use crate::{BLOCK, Block, CHUNK, Column, Emission, Fold, Kernel, Next, Partial, Piece, Reject, Result, Shape};
use std::ops::Range;

/// Folds chunks in the one order that all drivers share: a range splits at its largest power of two, and the right
/// half is merged into the left.
///
/// # Errors
/// The first error of a leaf.
pub fn merge_tree<F: Fold, E>(
    chunks: Range<u64>,
    leaf: &mut impl FnMut(u64) -> std::result::Result<F, E>,
) -> std::result::Result<F, E> {
    let count = chunks.end - chunks.start;
    if count <= 1 {
        return leaf(chunks.start);
    }
    let middle = chunks.start + tree_split(count);
    let mut left = merge_tree(chunks.start..middle, leaf)?;
    left.merge(&merge_tree(middle..chunks.end, leaf)?);
    Ok(left)
}

/// Where `count` chunks, two at least, split: the largest power of two below `count`.
pub const fn tree_split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// Readings that a kernel may ask for.
pub const READINGS_MAX: usize = 100;

/// Runs a kernel on columns of doubles in memory, on this thread, without missing values.
///
/// For documentation, tests and tiny data; the engine does the same faster. Kernels on independent samples take one
/// column a sample.
///
/// ```
/// # use echoes_kernel::*;
/// # use serde::{Serialize, Deserialize};
/// # use schemars::JsonSchema;
/// #[derive(Clone, Serialize, Deserialize, JsonSchema)]
/// struct Nothing {}
/// impl Kernel for Nothing {
///     const SPEC: Spec = Spec::new("nothing", Category::Descriptive);
///     type Pass = ();
///     type Output = u8;
///     fn pass(&self, _: &Shape<'_>) -> Result<()> { Ok(()) }
///     fn finish(&self, _: &()) -> Result<Next<Self>> { Ok(Next::Done(7)) }
/// }
/// assert_eq!(reference(&Nothing {}, &[&[1.0]]), Ok(7));
/// ```
///
/// # Errors
/// As the kernel.
pub fn reference<K: Kernel>(kernel: &K, columns: &[&[f64]]) -> Result<K::Output> {
    let spec = K::SPEC;
    if !spec.accepts(columns.len()) {
        return Err(Reject::Columns { kernel: spec.name, expected: spec.columns, found: columns.len() });
    }
    let rows = columns.first().map(|c| c.len() as u64);
    let shape = Shape { rows, columns: columns.len(), sample: &[] };
    let mut kernel = kernel.clone();
    for _ in 0..READINGS_MAX {
        let setup = kernel.pass(&shape)?;
        let pass =
            if spec.form.reads_first() { read(&setup, spec.is_samples(), columns) } else { K::Pass::begin(&setup) };
        match kernel.finish(&pass)? {
            Next::Done(output) => return Ok(output),
            Next::Again(narrower) => kernel = narrower,
            Next::Emit(emission) => return Ok(emit::<K>(&setup, &emission, columns)),
            Next::Whole(whole) => return whole.whole(columns.iter().map(|c| c.to_vec()).collect()),
        }
    }
    Err(Reject::Kernel("it never has enough readings"))
}

fn read<P: Partial>(setup: &P::Setup, samples: bool, columns: &[&[f64]]) -> P {
    if !samples {
        return read_rows(setup, 0, columns);
    }
    let mut whole = P::begin(setup);
    for (sample, column) in columns.iter().enumerate() {
        Partial::merge(&mut whole, &read_rows(setup, sample, &[column]));
    }
    whole
}

fn read_rows<P: Partial>(setup: &P::Setup, sample: usize, columns: &[&[f64]]) -> P {
    let rows = columns.first().map_or(0, |c| c.len());
    let leaf = &mut |chunk: u64| {
        let mut partial = P::begin(setup);
        for start in chunk_rows(chunk, rows).step_by(BLOCK) {
            let end = chunk_rows(chunk, rows).end.min(start + BLOCK);
            let block: Vec<Column<'_>> = columns.iter().map(|c| Column::of(&c[start..end])).collect();
            Partial::absorb(&mut partial, &Block::new(&block, start as u64).of_sample(sample));
        }
        Ok::<P, std::convert::Infallible>(partial)
    };
    let Ok(partial) = merge_tree(0..rows.div_ceil(CHUNK) as u64, leaf);
    partial
}

fn chunk_rows(chunk: u64, rows: usize) -> Range<usize> {
    let start = chunk as usize * CHUNK;
    start..rows.min(start + CHUNK)
}

fn emit<K: Kernel>(setup: &<K::Pass as Partial>::Setup, emission: &Emission<K>, columns: &[&[f64]]) -> K::Output {
    let (emit, needs) = (&emission.emit, emission.emit.needs());
    let rows = columns.first().map_or(0, |c| c.len());
    let mut out = vec![vec![f64::NAN; rows]; emit.names().len()];
    let mut before = K::Pass::begin(setup);
    for chunk in 0..rows.div_ceil(CHUNK) as u64 {
        let own = chunk_rows(chunk, rows);
        let (from, to) = (own.start.saturating_sub(needs.behind), rows.min(own.end + needs.ahead));
        let seen: Vec<&[f64]> = columns.iter().map(|c| &c[from..to]).collect();
        let piece = Piece { columns: &seen, behind: own.start - from, len: own.len(), start: own.start as u64 };
        let mut to: Vec<&mut [f64]> = out.iter_mut().map(|c| &mut c[own.clone()]).collect();
        emit.emit(&before, &piece, &mut to);
        if needs.before {
            let own: Vec<&[f64]> = columns.iter().map(|c| &c[own.clone()]).collect();
            let later: K::Pass = read_rows(setup, 0, &own);
            Partial::merge(&mut before, &later);
        }
    }
    (emission.collect)(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_split_at_the_largest_power_of_two() {
        assert_eq!([2, 3, 4, 5, 8, 9].map(tree_split), [1, 2, 2, 4, 4, 8]);
    }
}
