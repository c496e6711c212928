//! Memory, counted by dhat in a program of the benches that is built for nothing else: it would falsify times.

use super::{build, result};
use crate::{Outcome, shell};

pub(super) fn run(what: &str) -> Outcome {
    build("heap", &["--features", "heap"])?;
    let mut heap = shell::program("target/profiling/heap");
    heap.arg(what);
    if what != "all" {
        let viewable = result(what, "dhat.json")?;
        println!("for dhat's viewer: {}", viewable.display());
        heap.arg("--out").arg(viewable);
    }
    shell::run(&mut heap)
}
