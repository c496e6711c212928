//! Why there is no device, and what can go wrong with one.

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no device to use. None of these is a fault: the work is done by the processor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Absent {
    /// The Vulkan library is not installed, or does not load.
    #[error("no Vulkan library: {0}")]
    Library(String),
    /// The library has no driver that starts.
    #[error("no Vulkan driver: {0}")]
    Driver(String),
    /// The driver sees no device.
    #[error("no device")]
    Device,
    /// There is nothing but a driver that runs on the processor itself, which is used only when asked for.
    #[error("only {0}, which runs on the processor")]
    Processor(String),
    /// The devices lack something that every program needs.
    #[error("{name} has no {lacks}")]
    Unfit {
        /// The device.
        name: String,
        /// What it lacks.
        lacks: &'static str,
    },
}

/// What can go wrong with a device. After each of them the same work can be done by the processor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error(transparent)]
    Absent(#[from] Absent),
    /// The device stopped answering, or was taken away. It stays so: a new one must be opened.
    #[error("the device was lost")]
    Lost,
    /// Its memory is full.
    #[error("the device's memory is full")]
    OutOfMemory,
    /// More than a buffer of this device can hold.
    #[error("{needed} bytes are more than the {limit} that a buffer of this device holds")]
    TooLarge {
        /// Bytes asked for.
        needed: u64,
        /// Bytes that there can be.
        limit: u64,
    },
    /// What was asked for makes no sense for this program.
    #[error("{0}")]
    Invalid(&'static str),
    /// The driver refused a call.
    #[error("{call} failed: {reason}")]
    Driver {
        /// The call.
        call: &'static str,
        /// What the driver said.
        reason: String,
    },
}
