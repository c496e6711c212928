//! A line on a terminal that says how far a long run is.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A run that is shorter shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const BETWEEN_MS: u64 = 100;
const WIDTH: usize = 30;

/// A line on standard error, drawn over and over.
pub(crate) struct Bar {
    terminal: bool,
    started: Instant,
    /// When it may next be drawn, in milliseconds after the start.
    next_ms: AtomicU64,
    drawn: Mutex<bool>,
}

impl Bar {
    pub(crate) fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            started: Instant::now(),
            next_ms: AtomicU64::new(PATIENCE.as_millis() as u64),
            drawn: Mutex::new(false),
        }
    }

    /// Is told how far the run is, from any thread; one of them draws.
    pub(crate) fn tell(&self, done: u64, total: Option<u64>) {
        let now = self.started.elapsed().as_millis() as u64;
        let next = self.next_ms.load(Ordering::Relaxed);
        let due = self.terminal && now >= next;
        if !due || self.next_ms.compare_exchange(next, now + BETWEEN_MS, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        *self.drawn.lock().unwrap_or_else(PoisonError::into_inner) = true;
        let _ = write!(io::stderr(), "\r\x1b[K{}", line(done, total, now as f64 / 1e3));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if *self.drawn.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(done: u64, total: Option<u64>, seconds: f64) -> String {
    let millions = done as f64 / 1e6;
    let Some(total) = total.filter(|&total| total > 0) else {
        return format!("{millions:.1} million rows, {seconds:.0} s");
    };
    let part = (done as f64 / total as f64).min(1.0);
    let full = (part * WIDTH as f64) as usize;
    format!("[{}{}] {:3.0} %, {seconds:.0} s", "#".repeat(full), "·".repeat(WIDTH - full), part * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(line(1_500_000, None, 2.0), "1.5 million rows, 2 s");
        assert_eq!(line(1, Some(2), 1.0), format!("[{}{}]  50 %, 1 s", "#".repeat(15), "·".repeat(15)));
        assert_eq!(line(3, Some(2), 1.0), format!("[{}] 100 %, 1 s", "#".repeat(30)));
    }
}
