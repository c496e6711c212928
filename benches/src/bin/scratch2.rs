//! scratch
use echoes_benches::uniform;
use echoes_kernel::{Block, Column, Partial};
use echoes_stats::partials::*;
fn main() {
    let x = uniform(2048);
    let mut m = Moments::begin(&Order::First);
    for _ in 0..10_000_000 {
        m.absorb(&Block::new(&[Column::of(&x)], 0));
        std::hint::black_box(&mut m);
    }
}
