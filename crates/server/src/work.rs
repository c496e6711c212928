//! Work on the kernels' threads: waited for until the deadline, cancelled when nobody waits any more.

use crate::{
    app::App,
    config::seconds,
    problem::{Kind, Problem, Shed},
    workers::{Panicked, guarded},
};
use echoes_engine::{Cancel, Held};
use std::sync::{Arc, mpsc};
use tokio::time::{Instant, timeout_at};

/// Where work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the request arrived: so little that a thread's hand-over would take longer.
    Here,
    /// On a thread of its own.
    Worker,
}

/// Does the work, and waits for it until the deadline.
pub(crate) async fn run<T: Send + 'static>(
    app: &Arc<App>,
    place: Place,
    deadline: Instant,
    job: impl FnOnce(&App, &Cancel) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let cancel = CancelOnDrop(Cancel::new());
    let (shared, flag) = (Arc::clone(app), cancel.0.clone());
    let job = move || job(&shared, &flag);
    let done = if place == Place::Here {
        guarded(job)
    } else {
        let patience = deadline.min(Instant::now() + seconds(app.config.wait_seconds_max));
        let worker = timeout_at(patience, app.workers.free()).await.ok().flatten().ok_or(Shed::Wait)?;
        let late = || Kind::Deadline.because(format!("it is not done within {} s", app.config.timeout_seconds));
        timeout_at(deadline, worker.run(job)).await.map_err(|_| late())?
    };
    done.unwrap_or_else(|Panicked| Err(Problem::internal("a kernel panicked")))
}

/// A run of the engine, to the end of the last of its work. A cancelled run returns while a transform that cannot be stopped goes
/// on: until that ends, the thread stays taken and the request's memory too.
pub(crate) fn to_its_end<T>(run: impl FnOnce(&Held) -> T) -> T {
    let (going_on, ended) = mpsc::channel::<()>();
    let held: Held = Arc::new(going_on);
    let result = run(&held);
    drop(held);
    // Nothing is ever sent: this is the end of the last sender.
    let _ = ended.recv();
    result
}

/// Stops the kernel when nobody waits for it any more: the deadline has passed, or the client has gone.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
        time::Duration,
    };

    #[test]
    fn what_goes_on_is_waited_for() {
        let done = Arc::new(AtomicBool::new(false));
        to_its_end(|held| {
            let (held, done) = (Arc::clone(held), Arc::clone(&done));
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(20));
                done.store(true, Ordering::SeqCst);
                drop(held);
            });
        });
        assert!(done.load(Ordering::SeqCst));
    }
}
