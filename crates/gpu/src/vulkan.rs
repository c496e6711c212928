//! All of Vulkan, and all that knows `vulkano`: opening a device, memory, programs, and running them.
//!
//! Work is given as [`Step`]s, and [`Device::run`] comes back when all of them are done. `vulkano`'s futures are not used: they
//! panic when a device is lost. Every call goes through one gate, `gate.rs`.

mod gate;
mod memory;
mod open;
mod program;
mod run;

pub use gate::Faults;
pub(crate) use memory::{ALIGNED, Buffer, Part};
pub use open::Options;
pub(crate) use program::Program;
pub(crate) use run::Step;

use gate::Gate;
use std::{
    fmt,
    sync::{Arc, Mutex},
};
use vulkano::{
    command_buffer::allocator::StandardCommandBufferAllocator,
    descriptor_set::allocator::StandardDescriptorSetAllocator, device::Queue, instance::debug::DebugUtilsMessenger,
    sync::fence::Fence,
};

/// What sort of device it is, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Has memory of its own.
    Discrete,
    /// Shares the processor's memory.
    Integrated,
    /// A part of a device of another machine.
    Virtual,
    /// A driver that runs on the processor: for tests.
    Processor,
}

/// A device that is open: its queue, its memory, its programs.
pub struct Device {
    gate: Gate,
    kind: Kind,
    name: String,
    driver: String,
    identity: String,
    memory: u64,
    limits: Limits,
    pool: Mutex<memory::Pool>,
    /// Fences that nobody waits for.
    fences: Mutex<Vec<Arc<Fence>>>,
    queue: Arc<Queue>,
    commands: Arc<StandardCommandBufferAllocator>,
    sets: Arc<StandardDescriptorSetAllocator>,
    /// Hands on what the validation layer says of the calls.
    _messenger: Option<DebugUtilsMessenger>,
    inner: Arc<vulkano::device::Device>,
}

/// What a device allows.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Bytes that a program can reach of one buffer.
    buffer: u64,
    /// Groups of a dispatch.
    groups: u32,
    /// How it rounds.
    floats: Floats,
}

/// What a device lets programs ask of its arithmetic with doubles.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Floats {
    /// Subnormal numbers are kept.
    pub(crate) denormals: bool,
    /// To the nearest, ties to even.
    pub(crate) nearest: bool,
    /// The sign of zero, infinities and NaN are kept.
    pub(crate) specials: bool,
}

impl Device {
    /// Its name, as the driver gives it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The driver's name and version.
    pub fn driver(&self) -> &str {
        &self.driver
    }

    /// What this device with this version of its driver is known by, as letters, digits and dashes.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Bytes of the memory that its programs work in, taken or not.
    pub const fn memory(&self) -> u64 {
        self.memory
    }

    /// What sort of device it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it has stopped answering; then every call fails with [`Error::Lost`](crate::Error::Lost).
    pub fn is_lost(&self) -> bool {
        self.gate.is_lost()
    }

    pub(crate) const fn floats(&self) -> Floats {
        self.limits.floats
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("name", &self.name).field("driver", &self.driver).finish_non_exhaustive()
    }
}
