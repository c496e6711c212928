//! Law 6: no kernel allocates in `absorb`, and a small run allocates nothing at all. One test: the counter is the process's.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails as it should")]

mod common;

use common::{columns, columns_for, kernels};
use echoes_engine::{Compute, Engine};
use echoes_kernel::{BLOCK, Block, Bundle, CHUNK, Column, Fold, Shape};
use echoes_stats::kernels::descriptive::{Mean, Skewness, Sum};
use echoes_stats::kernels::pair::Corr;

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

fn blocks_allocated() -> u64 {
    dhat::HeapStats::get().total_blocks
}

#[test]
fn absorb_allocates_nothing_and_small_runs_neither() {
    // The choice of the level, once a process, looks at the environment.
    echoes_simd::level();
    let _profiler = dhat::Profiler::builder().testing().build();
    let columns = columns(CHUNK);
    for kernel in kernels() {
        let wanted = columns_for(kernel.as_ref());
        // A chunk that is all there is, and one of many of which there is a sample.
        for (rows, sample) in [(CHUNK, &[][..]), (1 << 24, &columns[wanted[0]][..BLOCK])] {
            let mut bundle = Bundle::default();
            let shape = Shape { rows: Some(rows as u64), columns: wanted.len(), sample };
            // What refuses so many rows absorbs none.
            if kernel.spread(&shape, &mut bundle).is_err() {
                continue;
            }
            let blocks: Vec<Vec<Column<'_>>> = (0..CHUNK)
                .step_by(BLOCK)
                .map(|start| wanted.iter().map(|&i| Column::of(&columns[i][start..start + BLOCK])).collect())
                .collect();
            bundle.make_room(CHUNK);
            let before = blocks_allocated();
            for (i, block) in blocks.iter().enumerate() {
                bundle.absorb(&Block::new(block, (i * BLOCK) as u64));
            }
            assert_eq!(blocks_allocated(), before, "{} allocates in absorb of {rows} rows", kernel.spec().name);
        }
    }

    let engine = Engine::new();
    let (x, y) = (&columns[0][..10_000], &columns[1][..10_000]);
    let before = blocks_allocated();
    Mean::default().of(x).unwrap();
    engine.run(&Mean::default(), x).unwrap();
    engine.run(&Sum::default(), x).unwrap();
    engine.run(&Skewness { bias: true }, x).unwrap();
    assert_eq!(blocks_allocated(), before, "a small run allocates");
    engine.run(&Corr {}, (x, y)).unwrap();
    assert!(blocks_allocated() > before, "the counter counts");
}
