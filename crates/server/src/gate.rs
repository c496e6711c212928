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
        self.take(bytes.div_ceil(PAGE).saturating_sub(held))
    }

    /// Makes sure that the request may hold so many bytes beside those that it holds.
    pub(crate) fn hold_more(&mut self, bytes: usize) -> Result<(), Problem> {
        self.take(bytes.div_ceil(PAGE))
    }

    fn take(&mut self, pages: usize) -> Result<(), Problem> {
        if pages == 0 {
            return Ok(());
        }
        let pages = u32::try_from(pages).map_err(|_| Shed::Memory)?;
        let more = Arc::clone(&self.pages).try_acquire_many_owned(pages).map_err(|_| Shed::Memory)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }

    /// Gives the place inside to the next, and holds on to so many bytes: those of an answer, until it has been sent.
    pub(crate) fn leave(mut self, bytes: usize) -> Result<Memory, Problem> {
        self.hold(bytes)?;
        let surplus = |held: &OwnedSemaphorePermit| held.num_permits() - bytes.div_ceil(PAGE);
        drop(self.held.as_mut().and_then(|held| held.split(surplus(held))));
        Ok(Memory { _held: self.held })
    }
}

/// Memory that an answer takes; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Memory {
    _held: Option<OwnedSemaphorePermit>,
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

    #[test]
    fn an_answer_holds_its_bytes_until_it_is_sent_and_no_place() {
        let gate = Gate::new(&Config { in_flight_max: 1, bodies_bytes_max: 8 * PAGE, ..Config::default() });
        let mut first = gate.enter().unwrap();
        first.hold(2 * PAGE).unwrap();
        first.hold_more(PAGE + 1).unwrap();
        first.hold(4 * PAGE).unwrap();
        assert!(first.hold_more(4 * PAGE + 1).is_err());
        let answer = first.leave(PAGE + 1).unwrap();
        let mut second = gate.enter().unwrap();
        assert!(second.hold(6 * PAGE + 1).is_err());
        second.hold(6 * PAGE).unwrap();
        drop(answer);
        // What is longer than the room that was taken for it takes more, or is refused.
        let answer = second.leave(8 * PAGE).unwrap();
        assert!(gate.enter().unwrap().leave(1).is_err());
        drop(answer);
        assert!(gate.enter().unwrap().leave(8 * PAGE + 1).is_err() && !gate.is_full());
    }
}
