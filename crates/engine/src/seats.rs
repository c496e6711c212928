//! Which processors the threads of a pool may be woken on.
//!
//! Linux wakes a thread on another processor than its waker's only if it believes that one to be idle. On small machines that have been
//! busy it does not look (`SIS_UTIL`), and in a virtual machine a processor that halts passes for one that the host has taken away
//! (`vcpu_is_preempted`): then all threads of a pool wait in turn for one processor beside an idle one, for milliseconds. So who hands
//! work to a pool, alone, keeps the others off its own processor until the work is done. Two threads, a million rows, after another
//! program had worked for 100 ms: `sort` 8.8 -> 5.0 ms. It takes some 10 us a time, too much for a caller who works too and wakes but
//! one ([`share`](crate::share::share): a sum of a million rows 160 -> 190 us): he does so only once that one is seen to be late, or to
//! sit where he does ([`Watch`]).

#[cfg(target_os = "linux")]
pub(crate) use linux::{Seats, Watch};
#[cfg(not(target_os = "linux"))]
pub(crate) use unknown::{Seats, Watch};

#[cfg(target_os = "linux")]
mod linux {
    use crate::share::{AWAKE, lock};
    use rustix::thread::{CpuSet, Pid, gettid, sched_getaffinity, sched_getcpu, sched_setaffinity};
    use std::{
        sync::{
            Mutex, OnceLock,
            atomic::{AtomicBool, Ordering},
        },
        time::Instant,
    };

    /// Threads that are worth it: each takes a microsecond, and among many processors an idle one is found.
    const FEW: usize = 8;

    /// The threads of a pool. That they may not be moved is nobody's error.
    #[derive(Debug, Default)]
    pub(crate) struct Seats(Mutex<Seated>);

    #[derive(Debug, Default)]
    struct Seated {
        threads: Vec<Seat>,
        /// How many keep them off, or would.
        sharing: usize,
    }

    #[derive(Debug)]
    struct Seat {
        thread: Pid,
        /// What to ask for where it may sit anywhere again.
        anywhere: CpuSet,
        /// What it is held to meanwhile.
        held: Option<CpuSet>,
    }

    impl Seats {
        /// The thread that calls is one of them from now on.
        pub(crate) fn take(&self) {
            if let Some(anywhere) = anywhere() {
                lock(&self.0).threads.push(Seat { thread: gettid(), anywhere, held: None });
            }
        }

        /// It is none of them any more.
        pub(crate) fn leave(&self) {
            lock(&self.0).threads.retain(|seat| seat.thread != gettid());
        }

        /// Does work that the thread that calls shares with them, who sit elsewhere meanwhile, unless somebody else keeps them off
        /// too: then the processors are awake. Threads that are begun meanwhile by one of them are held to the same.
        pub(crate) fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
            let _sharing = Sharing::begin(self, Place::own());
            work()
        }
    }

    /// A thread, and where it sits.
    #[derive(Debug, Clone, Copy)]
    struct Place {
        thread: Pid,
        processor: usize,
    }

    impl Place {
        fn own() -> Self {
            Self { thread: gettid(), processor: sched_getcpu() }
        }
    }

    /// Looks after threads that are to help the one that begins it, until it is dropped.
    pub(crate) struct Watch<'a> {
        seats: &'a Seats,
        place: Place,
        since: Instant,
        somebody_came: AtomicBool,
        apart: OnceLock<Sharing<'a>>,
    }

    impl<'a> Watch<'a> {
        pub(crate) fn begin(seats: &'a Seats) -> Self {
            let (place, since) = (Place::own(), Instant::now());
            Self { seats, place, since, somebody_came: AtomicBool::new(false), apart: OnceLock::new() }
        }

        /// Is told by a helper that it is here. Where that is the processor of whom it helps, both would take turns there.
        pub(crate) fn has_come(&self) {
            self.somebody_came.store(true, Ordering::Relaxed);
            if sched_getcpu() == self.place.processor {
                self.part(self.place);
            }
        }

        /// Is asked from time to time by the one whom they help. Who takes longer than waking him does may wait for that one's processor.
        pub(crate) fn look_around(&self) {
            if !self.somebody_came.load(Ordering::Relaxed) && self.since.elapsed() > AWAKE {
                self.part(Place::own());
            }
        }

        fn part(&self, place: Place) {
            self.apart.get_or_init(|| Sharing::begin(self.seats, place));
        }
    }

    /// What to ask for where the thread that calls may sit as it does now: every processor there can be if nothing but the set that the
    /// system gives the process restricts it, so that it has its share where that set grows.
    fn anywhere() -> Option<CpuSet> {
        let now = sched_getaffinity(None).ok()?;
        let mut every = CpuSet::new();
        (0..CpuSet::MAX_CPU).for_each(|processor| every.set(processor));
        sched_setaffinity(None, &every).ok()?;
        if sched_getaffinity(None) == Ok(now) {
            return Some(every);
        }
        sched_setaffinity(None, &now).ok().map(|()| now)
    }

    /// Until it is dropped, be it by a panic.
    struct Sharing<'a>(&'a Seats);

    impl<'a> Sharing<'a> {
        fn begin(seats: &'a Seats, place: Place) -> Self {
            let mut seated = lock(&seats.0);
            seated.sharing += 1;
            match seated.sharing {
                1 => seated.part(place),
                _ => seated.join(),
            }
            Self(seats)
        }
    }

    impl Drop for Sharing<'_> {
        fn drop(&mut self) {
            let mut seated = lock(&self.0.0);
            seated.sharing -= 1;
            seated.join();
        }
    }

    impl Seated {
        /// Holds the others off a thread's processor, if there is one for each of them then.
        fn part(&mut self, Place { thread, processor }: Place) {
            let others = self.threads.len().saturating_sub(1);
            if self.threads.len() > FEW || processor >= CpuSet::MAX_CPU {
                return;
            }
            for seat in self.threads.iter_mut().filter(|seat| seat.thread != thread) {
                let Ok(mut elsewhere) = sched_getaffinity(Some(seat.thread)) else { continue };
                elsewhere.unset(processor);
                if elsewhere.count() as usize >= others && sched_setaffinity(Some(seat.thread), &elsewhere).is_ok() {
                    seat.held = Some(elsewhere);
                }
            }
        }

        /// Holds nobody any more; who has been moved by somebody else since stays there.
        fn join(&mut self) {
            for seat in &mut self.threads {
                if let Some(held) = seat.held.take()
                    && sched_getaffinity(Some(seat.thread)) == Ok(held)
                {
                    sched_setaffinity(Some(seat.thread), &seat.anywhere).ok();
                }
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::{
            crew::Crew,
            share::{inside, share},
        };
        use std::{
            panic::{self, AssertUnwindSafe},
            sync::atomic::AtomicUsize,
            thread,
        };

        fn threads(crew: &Crew) -> Vec<Pid> {
            crew.broadcast(|_| gettid())
        }

        /// A crew of two, where there are processors to be kept off, and threads may be.
        fn two() -> Option<(Crew, Vec<Pid>)> {
            let own = sched_getaffinity(None).ok()?;
            let is_possible = own.count() > 1 && sched_setaffinity(None, &own).is_ok();
            let crew = is_possible.then(|| Crew::new(2).unwrap())?;
            let threads = threads(&crew);
            Some((crew, threads))
        }

        fn allowed(threads: &[Pid]) -> Vec<CpuSet> {
            threads.iter().map(|&thread| sched_getaffinity(Some(thread)).unwrap()).collect()
        }

        #[test]
        fn the_others_sit_elsewhere_until_the_work_is_done() {
            let Some((crew, threads)) = two() else { return };
            let before = allowed(&threads);
            let held = |during: &[CpuSet]| during.iter().filter(|cpus| cpus.count() == before[0].count() - 1).count();
            assert_eq!(held(&crew.seats().apart(|| allowed(&threads))), 2);
            // One of them is not kept off itself.
            assert_eq!(held(&inside(&crew, || allowed(&threads))), 1);
            // Of two who share work nobody keeps them off, to the end.
            let of_two = crew.seats().apart(|| (crew.seats().apart(|| allowed(&threads)), allowed(&threads)));
            assert!(of_two == (before.clone(), before.clone()));
            let panicking = AssertUnwindSafe(|| crew.seats().apart(|| panic!("what is shared panics")));
            assert!(panic::catch_unwind(panicking).is_err());
            assert!(allowed(&threads) == before);
        }

        #[test]
        fn who_does_not_come_or_sits_there_too_is_moved() {
            let Some((crew, threads)) = two() else { return };
            let before = allowed(&threads);
            let held = || allowed(&threads).iter().filter(|cpus| cpus.count() < before[0].count()).count();
            let watch = Watch::begin(crew.seats());
            thread::sleep(2 * AWAKE);
            watch.look_around();
            assert_eq!(held(), 2);
            drop(watch);
            // Nobody is at the last processor that there could be.
            let watch = Watch::begin(crew.seats());
            let watch = Watch { place: Place { processor: CpuSet::MAX_CPU - 1, ..watch.place }, ..watch };
            watch.has_come();
            thread::sleep(2 * AWAKE);
            watch.look_around();
            assert_eq!(held(), 0);
            drop(watch);
            let held_by_who_comes = || {
                let watch = Watch::begin(crew.seats());
                watch.has_come();
                held()
            };
            // The test itself may be moved meanwhile.
            assert!(std::iter::repeat_with(held_by_who_comes).take(1000).any(|held| held == 2));
            assert_eq!(held(), 0);
        }

        #[test]
        fn helpers_of_a_shared_work_that_are_late_are_moved() {
            let Some((crew, threads)) = two() else { return };
            let before = allowed(&threads);
            // Nobody comes: both are busy until the last item has been looked at.
            let (busy, items) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let wait = |number: &AtomicUsize, wanted| {
                while number.load(Ordering::Relaxed) < wanted {
                    thread::yield_now();
                }
            };
            let held = crew.in_place_scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|_| {
                        busy.fetch_add(1, Ordering::Relaxed);
                        wait(&items, 3);
                    });
                }
                wait(&busy, 2);
                share(Some(&crew), vec![(); 3], |()| {
                    let held = allowed(&threads).iter().filter(|cpus| cpus.count() < before[0].count()).count();
                    thread::sleep(2 * AWAKE);
                    items.fetch_add(1, Ordering::Relaxed);
                    held
                })
            });
            assert_eq!(held, [0, 2, 2]);
            assert!(allowed(&threads) == before);
        }

        #[test]
        fn who_is_moved_by_somebody_else_stays_there() {
            let Some((crew, threads)) = two() else { return };
            let mut moved = allowed(&threads)[0];
            crew.seats().apart(|| {
                // To where it is kept off.
                let held = allowed(&threads)[0];
                (0..CpuSet::MAX_CPU)
                    .filter(|&processor| held.is_set(processor))
                    .for_each(|processor| moved.unset(processor));
                sched_setaffinity(Some(threads[0]), &moved).unwrap();
            });
            let after = allowed(&threads);
            assert!(moved.count() == 1 && after[0] == moved && after[1].count() > 1);
        }

        #[test]
        fn of_many_threads_all_stay() {
            let crew = Crew::new(FEW + 1).unwrap();
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

    /// Nobody is looked after.
    pub(crate) struct Watch;

    impl Watch {
        pub(crate) const fn begin(_: &Seats) -> Self {
            Self
        }
        pub(crate) const fn has_come(&self) {}
        pub(crate) const fn look_around(&self) {}
    }
}
