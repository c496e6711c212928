//! Work that no change of the engine can touch: it shows what the machine and the comparison do by themselves.

use super::Workload;
use std::hint::black_box;

/// Its name.
pub(super) const NAME: &str = "control";

const ROUNDS: u64 = 20_000;

/// A chain of multiplications and shifts, in no memory but registers (D. Stafford's mix 13).
pub(super) fn workload() -> Workload {
    let call = || {
        let mut state = black_box(1_u64);
        for _ in 0..ROUNDS {
            state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            state ^= state >> 31;
        }
        black_box(state);
        Ok(())
    };
    Workload { name: NAME.to_owned(), rows: 0, bytes: 0, call: Box::new(call) }
}
