//! Eight-lane arithmetic: AVX-512, AVX2 and portable, chosen once a process, the same bits on each.
//!
//! An algorithm is written once, as an [`Operation`] over any [`Lanes`], and [`run`] compiles it for every
//! instruction set. The unit is a group of 32 numbers, four vectors of eight: enough independent sums to
//! hide the latency of an addition, and the reason why every level adds in the same order. Nothing here
//! rounds a product on one level that another does not: what is fused is fused on all, or exact.
//!
//! The portable level is [`wide`], which chooses its instructions when it is compiled (SSE2, NEON, WebAssembly);
//! AVX2 and AVX-512 are `core::arch`, chosen when the process runs. On processors other than x86-64 the portable
//! level is the only one; it has been run on x86-64 alone.
//!
//! [`pages`] has large columns on large pages, [`Unwritten`] columns that are cleared as they are written; [`stream`] copies past
//! the caches; [`strips`] are columns of a table that threads share.
//!
//! ```
//! use echoes_simd::{GROUP, Lanes, Operation, run, split};
//!
//! struct Sum<'a>(&'a [f64]);
//! impl Operation for Sum<'_> {
//!     type Output = f64;
//!     #[inline(always)]
//!     fn run<L: Lanes>(self, l: L) -> f64 {
//!         let mut space = [0.0; GROUP];
//!         let (groups, tail) = split(self.0, -0.0, &mut space);
//!         let mut sum = [l.splat(-0.0); 4];
//!         for group in groups.iter().chain(tail) {
//!             for (sum, x) in sum.iter_mut().zip(l.load(group)) {
//!                 *sum = *sum + x;
//!             }
//!         }
//!         l.total(sum)
//!     }
//! }
//! assert_eq!(run(Sum(&[1.0, 2.0, 3.5])), 6.5);
//! ```

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod divisor;
mod lanes;
mod level;
pub mod pages;
mod portable;
mod stream;
mod strips;
mod unwritten;

pub use divisor::Divisor;
pub use lanes::{Counters, GROUP, Lanes, Operation, SOON, split};
pub use level::{Level, Refused, choose, level, run, run_at};
pub use stream::stream;
pub use strips::{Strip, strips};
pub use unwritten::{Room, Unwritten};
