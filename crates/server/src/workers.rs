//! The threads that kernels run on, so that a long one never holds up a connection.

use std::{
    io,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};
use tokio::sync::{Semaphore, oneshot};

type Job = Box<dyn FnOnce() + Send>;

/// So many threads. A job waits in line until one is free, and may leave the line.
#[derive(Debug)]
pub(crate) struct Workers {
    jobs: Sender<Job>,
    free: Arc<Semaphore>,
}

/// A job has panicked; the thread lives on.
#[derive(Debug, PartialEq)]
pub(crate) struct Panicked;

impl Workers {
    pub(crate) fn new(threads: NonZeroUsize) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for i in 0..threads.get() {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(format!("echoes-kernel-{i}")).spawn(move || work(&queue))?;
        }
        Ok(Self { jobs, free: Arc::new(Semaphore::new(threads.get())) })
    }

    /// Waits in line for a free thread. Dropping the future leaves the line.
    pub(crate) async fn free(&self) -> Option<Worker<'_>> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        Some(Worker { jobs: &self.jobs, permit })
    }
}

/// A free thread.
pub(crate) struct Worker<'a> {
    jobs: &'a Sender<Job>,
    permit: tokio::sync::OwnedSemaphorePermit,
}

impl Worker<'_> {
    /// Runs a job on it. The thread stays taken until the job ends, even if nobody waits for the result any more.
    pub(crate) async fn run<T: Send + 'static>(self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
        let (reply, result) = oneshot::channel();
        let permit = self.permit;
        let job = move || {
            let result = guarded(job);
            drop(permit);
            // The client may have gone.
            let _ = reply.send(result);
        };
        self.jobs.send(Box::new(job)).map_err(|_| Panicked)?;
        result.await.unwrap_or(Err(Panicked))
    }
}

/// Runs a job here; a panic is its result.
pub(crate) fn guarded<T>(job: impl FnOnce() -> T) -> Result<T, Panicked> {
    // What the job shares with others is the engine, whose state a panic leaves whole.
    catch_unwind(AssertUnwindSafe(job)).map_err(|_| Panicked)
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_result_and_the_thread_lives_on() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let workers = Workers::new(NonZeroUsize::MIN).unwrap();
        runtime.block_on(async {
            let failed = workers.free().await.unwrap().run(|| -> u8 { std::panic::resume_unwind(Box::new(())) }).await;
            assert_eq!(failed, Err(Panicked));
            assert_eq!(workers.free().await.unwrap().run(|| 7).await, Ok(7));
        });
    }
}
