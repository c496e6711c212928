//! Who does the work on whole columns.

/// Who does the work on whole columns: one thread, or several. What it does may not depend on which.
pub trait Hands: Sync {
    /// Does both, at the same time if there are hands for it; neither, once nobody waits for the answer any more.
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send));
}

/// The caller's thread alone.
///
/// ```
/// use echoes_kernel::{Alone, Hands};
/// let (mut sum, mut product) = (0, 0);
/// Alone.both(&mut || sum = 3 + 4, &mut || product = 3 * 4);
/// assert_eq!((sum, product), (7, 12));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alone;

impl Hands for Alone {
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        one();
        other();
    }
}
