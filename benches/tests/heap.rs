//! One allocation that is planted in a kernel is counted, wherever it stands. One test: the counter is the process's.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails as it should")]

use echoes_benches::{allocated_in_absorb, kernels};
use echoes_kernel::{BLOCK, Block, CHUNK, Category, Entry, Kernel, Next, Partial, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

/// Counts blocks, and allocates a byte when it takes in one of them.
#[derive(Clone, Serialize, Deserialize)]
struct Leaky {
    at: u64,
    blocks: u64,
}

impl Partial for Leaky {
    type Setup = u64;
    const NAME: &'static str = "leaky/1";

    fn begin(&at: &u64) -> Self {
        Self { at, blocks: 0 }
    }

    fn absorb(&mut self, _: &Block<'_>) {
        if self.blocks == self.at {
            drop(std::hint::black_box(Box::new(1u8)));
        }
        self.blocks += 1;
    }

    fn merge(&mut self, later: &Self) {
        self.blocks += later.blocks;
    }
}

/// Allocates at one block.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Planted {
    at: u64,
}

impl Kernel for Planted {
    const SPEC: Spec = Spec::new("planted", Category::Descriptive);
    type Pass = Leaky;
    type Output = u64;

    fn pass(&self, _: &Shape<'_>) -> Result<u64> {
        Ok(self.at)
    }

    fn finish(&self, pass: &Leaky) -> Result<Next<Self>> {
        Ok(Next::Done(pass.blocks))
    }
}

#[test]
fn one_planted_allocation_is_caught_every_time() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let allocated = || dhat::HeapStats::get().total_blocks;
    let blocks = (CHUNK / BLOCK) as u64;
    let planted = |at: u64| {
        let kernel = (Entry::of::<Planted>().bind)(json!({ "at": at })).unwrap();
        allocated_in_absorb(kernel.as_ref(), allocated).unwrap()
    };
    for at in 0..blocks {
        assert_eq!(planted(at), 1, "at block {at}");
    }
    // Beyond the last block it never comes to it.
    assert_eq!(planted(blocks), 0);
    for kernel in kernels() {
        assert_eq!(allocated_in_absorb(kernel.as_ref(), allocated), Ok(0), "{}", kernel.spec().name);
    }
}
