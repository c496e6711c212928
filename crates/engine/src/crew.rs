//! The threads of an engine.

use crate::seats::Seats;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::{ops::Deref, sync::Arc};

/// A pool of threads that know where they sit.
#[derive(Debug)]
pub(crate) struct Crew {
    pool: ThreadPool,
    seats: Arc<Seats>,
}

impl Crew {
    pub(crate) fn new(threads: usize) -> Result<Self, ThreadPoolBuildError> {
        let seats = Arc::<Seats>::default();
        let (coming, going) = (Arc::clone(&seats), Arc::clone(&seats));
        let builder = ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("echoes-{i}"));
        let pool = builder.start_handler(move |_| coming.take()).exit_handler(move |_| going.leave()).build()?;
        Ok(Self { pool, seats })
    }

    /// Where the threads sit.
    pub(crate) const fn seats(&self) -> &Arc<Seats> {
        &self.seats
    }
}

impl Deref for Crew {
    type Target = ThreadPool;
    fn deref(&self) -> &ThreadPool {
        &self.pool
    }
}
