//! Work shared between the caller and the threads of a pool.
//!
//! The caller works too. Who hands all work to a pool and sleeps pays for two threads being woken one after the other, and both are
//! likely to be woken where the caller has been: after a pause of some milliseconds that doubled the time of a reading of a million rows.
//! Nor do threads fall asleep at once: whoever waits stays awake for as long as it takes to wake somebody ([`AWAKE`]), which is at most
//! twice what the best guess would cost (A. R. Karlin et al., Competitive randomized algorithms for nonuniform problems, Algorithmica
//! 11(6), 1994). A loop over a million rows so finds its threads where it has left them.

use crate::{crew::Crew, seats::Watch};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a thread without work stays awake.
pub(crate) const AWAKE: Duration = Duration::from_micros(50);

/// Work that has been begun on any pool since the process has: what threads that stay awake look at.
static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// What `work` makes of each item, in their order. Items are begun in their order, each as soon as a thread is free.
pub(crate) fn share<I: Send, T: Send>(pool: Option<&Crew>, items: Vec<I>, work: impl Fn(I) -> T + Sync) -> Vec<T> {
    let Some(pool) = pool.filter(|_| items.len() > 1) else { return items.into_iter().map(work).collect() };
    let helpers = items.len().min(pool.current_num_threads()) - 1;
    let places: Vec<Mutex<(Option<I>, Option<T>)>> =
        items.into_iter().map(|item| Mutex::new((Some(item), None))).collect();
    let next = AtomicUsize::new(0);
    let take_turn = || {
        let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) else { return false };
        let item = lock(place).0.take();
        let made = item.map(&work);
        lock(place).1 = made;
        true
    };
    let helping = AtomicUsize::new(helpers);
    // A thread of a pool that waits looks for the pool's work by itself.
    let is_outside = rayon::current_thread_index().is_none();
    // Nor does it need to be kept off: `inside` has seen to that.
    let watch = is_outside.then(|| Watch::begin(pool.seats()));
    let watched = || watch.as_ref().filter(|_| next.load(Ordering::Relaxed) < places.len());
    rouse();
    pool.in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| {
                watched().inspect(|watch| watch.has_come());
                while take_turn() {}
                helping.fetch_sub(1, Ordering::Release);
            });
        }
        while take_turn() {
            watched().inspect(|watch| watch.look_around());
        }
        if is_outside {
            stay_awake(Instant::now() + AWAKE, || helping.load(Ordering::Acquire) > 0);
        }
    });
    if is_outside {
        linger(pool, helpers);
    }
    places.into_iter().filter_map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner).1).collect()
}

/// Does work on a thread of the pool, so that it can share itself among them.
pub(crate) fn inside<T: Send>(pool: &Crew, work: impl FnOnce() -> T + Send) -> T {
    rouse();
    pool.install(|| pool.seats().apart(work))
}

/// Has threads that stay awake look for work, which is about to be given to their pool.
pub(crate) fn rouse() {
    BEGUN.fetch_add(1, Ordering::Relaxed);
}

/// Keeps threads of the pool awake until other work is begun.
fn linger(pool: &Crew, threads: usize) {
    let begun = BEGUN.load(Ordering::Relaxed);
    let until = Instant::now() + AWAKE;
    (0..threads).for_each(|_| pool.spawn(move || stay_awake(until, || BEGUN.load(Ordering::Relaxed) == begun)));
}

/// Waits until then, as long as it is worth it, and gives way to whoever wants the processor. Asked for by a pool that has been busy
/// since, it is over at once.
fn stay_awake(until: Instant, is_worth_it: impl Fn() -> bool) {
    while is_worth_it() && Instant::now() < until {
        thread::yield_now();
    }
}

/// What another thread left there, be it that it panicked: its panic reaches the caller by itself.
pub(crate) fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic;

    #[test]
    fn every_item_is_done_once_and_in_its_place() {
        let squares: Vec<u64> = (0..1000).map(|x| x * x).collect();
        assert_eq!(share(None, (0..1000).collect(), |x: u64| x * x), squares);
        for threads in [1, 2, 3] {
            let pool = Crew::new(threads).unwrap();
            let shared = || share(Some(&pool), (0..1000).collect(), |x: u64| x * x);
            assert_eq!(shared(), squares);
            assert_eq!(pool.install(shared), squares);
            assert_eq!(share(Some(&pool), vec![7], |x: u64| x), [7]);
            assert!(share(Some(&pool), Vec::<u64>::new(), |x| x).is_empty());
        }
    }

    #[test]
    fn the_caller_works_too() {
        let pool = Crew::new(1).unwrap();
        let caller = thread::current().id();
        assert!(share(Some(&pool), vec![(); 3], |()| thread::current().id()).iter().all(|&id| id == caller));
    }

    #[test]
    fn threads_stay_awake_for_a_moment() {
        let pool = Crew::new(1).unwrap();
        // Until it is over, until there is work, and not at all where it was over before.
        stay_awake(Instant::now() + AWAKE, || true);
        stay_awake(Instant::now() + Duration::from_secs(1000), || false);
        let (begun, asked) = (BEGUN.load(Ordering::Relaxed), Instant::now());
        pool.spawn(|| thread::sleep(Duration::from_millis(20)));
        // Each of them for a moment would be five seconds.
        linger(&pool, 100_000);
        let over = pool.install(Instant::now);
        assert!(over - asked < Duration::from_secs(1), "{:?}", over - asked);
        rouse();
        assert_ne!(BEGUN.load(Ordering::Relaxed), begun);
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let pool = Crew::new(2).unwrap();
        let shared = || share(Some(&pool), (0..100).collect(), |x: u64| assert!(x != 50, "fifty"));
        assert!(panic::catch_unwind(panic::AssertUnwindSafe(shared)).is_err());
        assert_eq!(share(Some(&pool), vec![1, 2], |x| x), [1, 2]);
    }
}
