//! Plans that are kept: making one takes longer than a short transform.

use std::sync::{Arc, Mutex, PoisonError};

/// Plans of one kind, by what they are for; the one that was used last is the first.
pub(super) struct Plans<K, P: ?Sized> {
    plans: Mutex<Vec<Kept<K, P>>>,
    /// Numbers that they may be for, together: each holds a complex number or two for each.
    most: usize,
}

struct Kept<K, P: ?Sized> {
    key: K,
    size: usize,
    plan: Arc<P>,
}

impl<K: PartialEq, P: ?Sized> Plans<K, P> {
    pub(super) const fn new(most: usize) -> Self {
        Self { plans: Mutex::new(Vec::new()), most }
    }

    /// The plan for `key`, which holds about `size` numbers; the ones that nobody has asked for longest make room for it.
    pub(super) fn get(&self, key: K, size: usize, make: impl FnOnce() -> Arc<P>) -> Arc<P> {
        {
            let mut kept = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = kept.iter().position(|kept| kept.key == key) {
                kept[..=at].rotate_right(1);
                return Arc::clone(&kept[0].plan);
            }
        }
        // Others need not wait while it is made; two may make the same.
        let plan = make();
        if size <= self.most {
            let mut kept = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
            kept.insert(0, Kept { key, size, plan: Arc::clone(&plan) });
            let mut total = 0;
            kept.retain(|kept| {
                // A little more for what a plan is besides its numbers.
                total += kept.size + 256;
                total <= self.most + 256
            });
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: usize = 1 << 20;

    #[test]
    fn the_last_used_stay_and_the_largest_are_not_kept() {
        let plans: Plans<usize, usize> = Plans::new(KEPT);
        let kept = |key: usize| Arc::strong_count(&plans.get(key, KEPT / 2 - 256, || Arc::new(key))) > 1;
        let asked = |key: usize| {
            let mut made = false;
            plans.get(key, KEPT / 2 - 256, || {
                made = true;
                Arc::new(key)
            });
            !made
        };
        assert!(kept(1) && kept(2));
        assert!(asked(1) && !asked(3));
        assert!(asked(1) && !asked(2), "the one that was used longest ago went");
        assert_eq!(Arc::strong_count(&plans.get(9, KEPT + 1, || Arc::new(9))), 1);
        assert!(asked(1), "what is not kept pushes nothing out");
    }
}
