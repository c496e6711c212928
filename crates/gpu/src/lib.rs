//! Programs for graphics processors, through Vulkan: sweeps over columns of doubles, histograms, Fourier transforms.
//!
//! [`Options::open`] looks for a device, quietly: without a library, a driver or a device there is a reason, [`Absent`], and
//! nothing is loaded before it is asked. A [`Column`] stays in the device's memory; the programs read it there. They know no
//! statistics: they give, for each block of [`BLOCK`] rows, the numbers that a sweep on the processor gives, added in the same
//! order and so the same bits, and the partials take them in.
//!
//! Programs are SPIR-V, put together here without any compiler; Vulkan is needed to run them, not to build this crate.
//! After any [`Error`] the processor can do the same work. A device that is lost stays lost, [`Device::is_lost`].
//!
//! ```
//! use echoes_gpu::{Column, Options, Sweep};
//! use echoes_kernel::sweep::Powers;
//! match Options::default().open() {
//!     Err(reason) => println!("{reason}"),
//!     Ok(device) => {
//!         let column = Column::upload(&device, &[1.0, 2.0, 6.0])?;
//!         let sums = Sweep::new(&device, Powers::Second)?.run(&column, &[(0, 3.0)])?;
//!         assert_eq!(sums[0].powers, [0.0, 14.0, 0.0, 0.0]);
//!     }
//! }
//! # Ok::<(), echoes_gpu::Error>(())
//! ```

mod assembler;
mod column;
mod error;
mod programs;
mod vulkan;

pub use column::{Column, TILE};
pub use echoes_kernel::BLOCK;
pub use error::{Absent, Error, Result};
pub use programs::{Histogram, Range, RealFft, Standardise, Sweep};
pub use vulkan::{Device, Faults, Kind, Options};
