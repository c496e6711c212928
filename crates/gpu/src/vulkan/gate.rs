//! The one gate through which every call to the driver goes: it translates errors, remembers that a device is lost, and lets a
//! test make any call fail.

use crate::{Error, Result};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use vulkano::{LoadingError, Validated, ValidationError, VulkanError, sync::HostAccessError};

/// Asked before each call to the driver, by its name: an error is what the call ends with, without being made.
pub type Faults = dyn Fn(&'static str) -> Option<Error> + Send + Sync;

/// The gate of one device.
pub(crate) struct Gate {
    faults: Option<Arc<Faults>>,
    lost: AtomicBool,
}

impl Gate {
    pub(crate) const fn new(faults: Option<Arc<Faults>>) -> Self {
        Self { faults, lost: AtomicBool::new(false) }
    }

    /// Makes a call, unless the device is lost or the call is to fail.
    pub(crate) fn call<T, E: Into<Failure>>(
        &self,
        name: &'static str,
        call: impl FnOnce() -> std::result::Result<T, E>,
    ) -> Result<T> {
        if self.is_lost() {
            return Err(Error::Lost);
        }
        let result = match self.faults.as_ref().and_then(|fault| fault(name)) {
            Some(error) => Err(error),
            None => call().map_err(|e| e.into().of(name)),
        };
        result.inspect_err(|error| {
            if *error == Error::Lost {
                self.lose();
            }
        })
    }

    /// From now on every call fails.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Release);
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("lost", &self.lost).finish_non_exhaustive()
    }
}

/// What a call of the wrapper can end with.
pub(crate) enum Failure {
    Driver(VulkanError),
    Other(String),
}

impl Failure {
    fn of(self, call: &'static str) -> Error {
        use VulkanError::{
            DeviceLost, FragmentedPool, OutOfDeviceMemory, OutOfHostMemory, OutOfPoolMemory, Timeout, TooManyObjects,
        };
        match self {
            // A device that does not end its work in the time that it is given is as good as lost.
            Self::Driver(DeviceLost | Timeout) => Error::Lost,
            Self::Driver(OutOfDeviceMemory | OutOfHostMemory | OutOfPoolMemory | FragmentedPool | TooManyObjects) => {
                Error::OutOfMemory
            }
            Self::Driver(error) => Error::Driver { call, reason: error.to_string() },
            Self::Other(reason) => Error::Driver { call, reason },
        }
    }
}

impl From<VulkanError> for Failure {
    fn from(error: VulkanError) -> Self {
        Self::Driver(error)
    }
}

impl From<Validated<VulkanError>> for Failure {
    fn from(error: Validated<VulkanError>) -> Self {
        match error {
            Validated::Error(error) => Self::Driver(error),
            Validated::ValidationError(error) => error.into(),
        }
    }
}

impl From<Box<ValidationError>> for Failure {
    fn from(error: Box<ValidationError>) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<HostAccessError> for Failure {
    fn from(error: HostAccessError) -> Self {
        match error {
            HostAccessError::Invalidate(error) => Self::Driver(error),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<LoadingError> for Failure {
    fn from(error: LoadingError) -> Self {
        match error {
            LoadingError::VulkanError(error) => Self::Driver(error),
            LoadingError::LibraryLoadFailure(error) => Self::Other(error.to_string()),
        }
    }
}
