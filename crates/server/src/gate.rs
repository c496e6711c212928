//! The gate: how many requests, and how many bytes of them, are inside at a time.

use crate::{
    Config,
    problem::{Problem, Shed},
};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that one permit of the memory stands for.
const PAGE: usize = 4096;

/// How many requests, and how many bytes of them, are inside at a time.
#[derive(Debug)]
pub(crate) struct Gate {
    requests: Arc<Semaphore>,
    pages: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new(config: &Config) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)));
        Self { requests: semaphore(config.in_flight_max), pages: semaphore(config.bodies_bytes_max / PAGE) }
    }

    /// Lets a request in, or refuses it at once.
    pub(crate) fn enter(&self) -> Result<Admission, Problem> {
        let request = Arc::clone(&self.requests).try_acquire_owned();
        let request = request.map_err(|_| Shed::InFlight)?;
        Ok(Admission { _request: request, pages: Arc::clone(&self.pages), held: None })
    }

    /// Whether the next request would be refused.
    pub(crate) fn is_full(&self) -> bool {
        self.requests.available_permits() == 0 || self.pages.available_permits() == 0
    }
}

/// A request's place inside; dropping it makes room for the next.
#[derive(Debug)]
pub(crate) struct Admission {
    _request: OwnedSemaphorePermit,
    pages: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

impl Admission {
    /// Makes sure that the request may hold so many bytes in all.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Problem> {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.div_ceil(PAGE).saturating_sub(held);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| Shed::Memory)?;
        let more = Arc::clone(&self.pages).try_acquire_many_owned(missing).map_err(|_| Shed::Memory)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_bytes_are_given_back() {
        let gate = Gate::new(&Config { in_flight_max: 2, bodies_bytes_max: 8 * PAGE, ..Config::default() });
        let mut first = gate.enter().unwrap();
        let mut second = gate.enter().unwrap();
        assert!(gate.enter().is_err() && gate.is_full());
        first.hold(6 * PAGE).unwrap();
        first.hold(5 * PAGE).unwrap();
        second.hold(2 * PAGE).unwrap();
        assert!(second.hold(2 * PAGE + 1).is_err());
        drop(first);
        second.hold(8 * PAGE).unwrap();
        drop(second);
        assert!(!gate.is_full());
    }
}
