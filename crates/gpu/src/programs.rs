//! The programs. Each file: the module, and the call that runs it over a column.

mod fft;
mod histogram;
mod range;
mod standardise;
mod sweep;

pub use fft::RealFft;
pub use histogram::Histogram;
pub use range::Range;
pub use standardise::Standardise;
pub use sweep::Sweep;

use crate::vulkan::ALIGNED;

/// The first place from which a part of a buffer may begin, whatever the size of its items: a multiple of a word's.
const fn aligned(place: usize) -> usize {
    place.next_multiple_of(ALIGNED as usize / size_of::<u32>())
}

/// A double as two words for a program, the low one first.
const fn halves(x: f64) -> [u32; 2] {
    let bits = x.to_bits();
    [bits as u32, (bits >> 32) as u32]
}

#[cfg(test)]
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
mod tests {
    use super::*;
    use crate::{assembler::Module, vulkan::Floats};
    use echoes_kernel::sweep::Powers;
    use std::process::Command;

    fn modules(floats: Floats) -> Vec<(&'static str, Module)> {
        vec![
            ("total", sweep::module(floats, Powers::Total)),
            ("first", sweep::module(floats, Powers::First)),
            ("second", sweep::module(floats, Powers::Second)),
            ("fourth", sweep::module(floats, Powers::Fourth)),
            ("range", range::module(floats)),
            ("histogram", histogram::module(floats)),
            ("standardise", standardise::module(floats)),
            ("fft of two", fft::two(floats)),
            ("fft of four", fft::four(floats)),
            ("fft of reals", fft::untangle(floats)),
        ]
    }

    #[test]
    fn every_module_is_valid() {
        if Command::new("spirv-val").arg("--version").output().is_err() {
            return println!("skipped: no spirv-val");
        }
        let folder = tempfile::tempdir().unwrap();
        for asked in [false, true] {
            for (name, module) in modules(Floats { denormals: asked, nearest: asked, specials: asked }) {
                let path = folder.path().join("module.spv");
                std::fs::write(&path, bytemuck::cast_slice::<u32, u8>(module.words())).unwrap();
                let found = Command::new("spirv-val").args(["--target-env", "vulkan1.2"]).arg(&path).output().unwrap();
                assert!(found.status.success(), "{name}: {}", String::from_utf8_lossy(&found.stderr));
            }
        }
    }
}
