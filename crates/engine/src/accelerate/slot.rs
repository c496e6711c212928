//! The one device of an engine: looked for once, and after a failure again, each time later.

use super::{device::Opened, why::Why};
use echoes_gpu::{Error, Options};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a device rests after its first failure; twice as long after each further one.
const REST: Duration = Duration::from_secs(2);
/// How often the rest doubles: to a little over an hour.
const DOUBLINGS: u32 = 11;

/// The one device of an engine.
#[derive(Default)]
pub(super) enum Slot {
    #[default]
    Unopened,
    Absent(String),
    Open {
        opened: Arc<Opened>,
        failures: u32,
    },
    Resting {
        until: Instant,
        failures: u32,
    },
}

impl Slot {
    /// The device, looked for if that is due.
    pub(super) fn open(&mut self, options: Options) -> Result<Arc<Opened>, Why> {
        let failures = match self {
            Self::Unopened => 0,
            Self::Absent(reason) => return Err(Why::Absent(reason.clone())),
            Self::Open { opened, .. } => return Ok(Arc::clone(opened)),
            Self::Resting { until, .. } if Instant::now() < *until => return Err(Why::Resting),
            Self::Resting { failures, .. } => *failures,
        };
        match options.open() {
            Ok(device) => {
                tracing::debug!(?device, "the graphics processor is open");
                let opened = Arc::new(Opened::new(device));
                *self = Self::Open { opened: Arc::clone(&opened), failures };
                Ok(opened)
            }
            Err(Error::Absent(reason)) => {
                let reason = reason.to_string();
                *self = Self::Absent(reason.clone());
                Err(Why::Absent(reason))
            }
            Err(_) => {
                self.fail(failures);
                Err(Why::Resting)
            }
        }
    }

    /// Gives a device up that has failed, and leaves it alone for a while.
    pub(super) fn rest(&mut self, failed: &Arc<Opened>) {
        match self {
            Self::Open { opened, failures } if Arc::ptr_eq(opened, failed) => {
                let failures = *failures;
                self.fail(failures);
            }
            _ => {}
        }
    }

    fn fail(&mut self, failures: u32) {
        let until = Instant::now() + REST * (1 << failures.min(DOUBLINGS));
        *self = Self::Resting { until, failures: failures.saturating_add(1) };
    }
}
