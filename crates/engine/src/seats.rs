//! Which processors the threads of a pool may be woken on.
//!
//! Linux wakes a thread on another processor than its waker's only if it believes that one to be idle. On small machines that have been
//! busy it does not look (`SIS_UTIL`), and in a virtual machine a processor that halts passes for one that the host has taken away
//! (`vcpu_is_preempted`): then all threads of a pool wait in turn for one processor beside an idle one, for milliseconds. So who hands
//! work to a pool keeps the others off its own processor until the work is done. Two threads, a million rows, after another program had
//! worked for 100 ms: `sort` 8.8 -> 5.0 ms. It takes some 10 us a time, too much for a caller who works too and wakes but one
//! ([`share`](crate::share::share): a sum of a million rows 160 -> 190 us).

#[cfg(target_os = "linux")]
pub(crate) use linux::Seats;
#[cfg(not(target_os = "linux"))]
pub(crate) use unknown::Seats;

#[cfg(target_os = "linux")]
mod linux {
    use crate::share::lock;
    use rustix::thread::{CpuSet, Pid, gettid, sched_getaffinity, sched_getcpu, sched_setaffinity};
    use std::sync::Mutex;

    /// Threads that are worth it: each takes a microsecond, and among many processors an idle one is found.
    const FEW: usize = 8;

    /// The threads of a pool.
    #[derive(Debug, Default)]
    pub(crate) struct Seats(Mutex<Seated>);

    #[derive(Debug, Default)]
    struct Seated {
        threads: Vec<Seat>,
        /// How many share work now.
        sharing: usize,
    }

    #[derive(Debug)]
    struct Seat {
        thread: Pid,
        /// Where it may sit otherwise, while it is kept off a processor.
        otherwise: Option<CpuSet>,
    }

    impl Seats {
        /// The thread that calls is one of them from now on.
        pub(crate) fn take(&self) {
            lock(&self.0).threads.push(Seat { thread: gettid(), otherwise: None });
        }

        /// It is none of them any more.
        pub(crate) fn leave(&self) {
            lock(&self.0).threads.retain(|seat| seat.thread != gettid());
        }

        /// Does work that the thread that calls shares with them, who sit elsewhere meanwhile.
        pub(crate) fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
            lock(&self.0).part();
            let _sharing = Sharing(self);
            work()
        }
    }

    /// Until it is dropped, be it by a panic.
    struct Sharing<'a>(&'a Seats);

    impl Drop for Sharing<'_> {
        fn drop(&mut self) {
            lock(&self.0.0).join();
        }
    }

    impl Seated {
        /// A thread that may not be moved stays where it is: it is a wish, and nobody's error.
        fn part(&mut self) {
            self.sharing += 1;
            if self.sharing > 1 || self.threads.len() > FEW {
                return;
            }
            let (own, processor) = (gettid(), sched_getcpu());
            for seat in self.threads.iter_mut().filter(|seat| seat.thread != own) {
                let Ok(otherwise) = sched_getaffinity(Some(seat.thread)) else { continue };
                let mut elsewhere = otherwise;
                elsewhere.unset(processor);
                if sched_setaffinity(Some(seat.thread), &elsewhere).is_ok() {
                    seat.otherwise = Some(otherwise);
                }
            }
        }

        fn join(&mut self) {
            self.sharing -= 1;
            if self.sharing == 0 {
                for seat in &mut self.threads {
                    if let Some(otherwise) = seat.otherwise.take() {
                        sched_setaffinity(Some(seat.thread), &otherwise).ok();
                    }
                }
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use crate::crew::Crew;
        use rustix::thread::{CpuSet, Pid, sched_getaffinity};
        use std::panic::{self, AssertUnwindSafe};

        fn threads(crew: &Crew) -> Vec<Pid> {
            crew.broadcast(|_| rustix::thread::gettid())
        }

        fn allowed(threads: &[Pid]) -> Vec<CpuSet> {
            threads.iter().map(|&thread| sched_getaffinity(Some(thread)).unwrap()).collect()
        }

        #[test]
        fn the_others_sit_elsewhere_until_the_work_is_done() {
            let crew = Crew::new(2).unwrap();
            let threads = threads(&crew);
            let before = allowed(&threads);
            let processors = before[0].count();
            let during = crew.seats().apart(|| {
                // Who shares work meanwhile changes nothing.
                crew.seats().apart(|| ());
                allowed(&threads)
            });
            assert!(during.iter().all(|cpus| cpus.count() == (processors - 1).max(1)));
            assert!(allowed(&threads) == before);
            // One of them is not kept off itself.
            let inside = crew.install(|| crew.seats().apart(|| allowed(&threads)));
            let kept = inside.iter().filter(|cpus| cpus.count() == processors).count();
            assert!(kept == if processors == 1 { 2 } else { 1 });
            let panicking = AssertUnwindSafe(|| crew.seats().apart(|| panic!("what is shared panics")));
            assert!(panic::catch_unwind(panicking).is_err());
            assert!(allowed(&threads) == before);
        }

        #[test]
        fn of_many_threads_all_stay() {
            let crew = Crew::new(super::FEW + 1).unwrap();
            let threads = threads(&crew);
            let before = allowed(&threads);
            assert!(crew.seats().apart(|| allowed(&threads)) == before);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod unknown {
    /// The threads of a pool, which the system alone seats.
    #[derive(Debug, Default)]
    pub(crate) struct Seats;

    impl Seats {
        pub(crate) const fn take(&self) {}
        pub(crate) const fn leave(&self) {}
        pub(crate) fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
            work()
        }
    }
}
