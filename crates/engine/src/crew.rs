//! The engine's threads, lent to work on whole columns.

use crate::{Cancel, Job, Result};
use echoes_kernel::Hands;
use rayon::ThreadPool;
use std::sync::Arc;

/// The threads of an engine for one piece of work, which may outlive its caller; none but the caller's where there is little to do.
pub(crate) struct Crew {
    pool: Option<Arc<ThreadPool>>,
    cancel: Option<Cancel>,
}

impl Crew {
    /// Those for so much data.
    pub(crate) fn of(job: &Job<'_>, columns: &[Vec<f64>]) -> Result<Self> {
        let rows = columns.first().map_or(0, Vec::len) as u64;
        Ok(Self { pool: job.engine.shared_pool(rows)?.cloned(), cancel: job.cancel.cloned() })
    }

    /// Does the work with them.
    pub(crate) fn lend<T: Send>(&self, work: impl FnOnce(&dyn Hands) -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(|| work(self)),
            None => work(self),
        }
    }
}

impl Hands for Crew {
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        // What is left undone is an answer that nobody hears.
        if self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return;
        }
        match &self.pool {
            Some(_) => {
                rayon::join(one, other);
            }
            None => {
                one();
                other();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    fn crew(threads: usize, cancel: Option<Cancel>) -> Crew {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        Crew { pool: pool.ok().filter(|_| threads > 1).map(Arc::new), cancel }
    }

    #[test]
    fn work_is_done_by_the_crew_and_by_no_one_else() {
        for threads in [1, 3] {
            let crew = crew(threads, None);
            let (mut one, mut other) = (None, None);
            let name = || Some(std::thread::current().id());
            crew.lend(|hands| hands.both(&mut || one = name(), &mut || other = name()));
            let mine = [one, other].iter().all(|&id| id == name());
            assert_eq!((one.is_some(), other.is_some(), mine), (true, true, threads == 1));
        }
    }

    #[test]
    fn nothing_is_done_for_nobody() {
        let cancel = Cancel::new();
        cancel.cancel();
        for threads in [1, 2] {
            let mut done = 0;
            crew(threads, Some(cancel.clone())).lend(|hands| hands.both(&mut || done += 1, &mut || ()));
            assert_eq!(done, 0);
        }
    }

    #[test]
    fn little_data_are_the_callers() {
        let engine = crate::Engine::with_threads(NonZeroUsize::MIN.saturating_add(1));
        let pool = |rows| Crew::of(&engine.job(), &[vec![0.0; rows]]).map(|crew| crew.pool.is_some());
        assert_eq!((pool(10), pool(echoes_kernel::CHUNK + 1)), (Ok(false), Ok(true)));
    }
}
