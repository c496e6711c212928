//! Copying past the caches.

/// Copies `from` to `to`, which is as long, past the caches where the processor can: a line is then written without being read
/// before, which is a third of what a copy moves, and nothing else has to leave the caches for it. For what is larger than these.
/// Meanwhile as many numbers from the beginning of `next` are asked for, which so are in the caches when they are wanted.
///
/// # Panics
/// If the lengths differ.
///
/// ```
/// let mut to = [0.0; 3];
/// echoes_simd::stream(&[1.0, 2.0, 3.0], &mut to, &[]);
/// assert_eq!(to, [1.0, 2.0, 3.0]);
/// ```
#[cfg(target_arch = "x86_64")]
pub fn stream(from: &[f64], to: &mut [f64], next: &[f64]) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_loadu_pd, _mm_prefetch, _mm_sfence, _mm_stream_pd};
    /// Doubles in a line of the caches.
    const LINE: usize = 8;
    assert_eq!(from.len(), to.len());
    let head = to.as_ptr().align_offset(size_of::<[f64; LINE]>()).min(to.len());
    let (first, from) = from.split_at(head);
    let (before, to) = to.split_at_mut(head);
    before.copy_from_slice(first);
    let (lines, rest) = from.as_chunks::<LINE>();
    let (to, after) = to.split_at_mut(LINE * lines.len());
    after.copy_from_slice(rest);
    for (i, (line, to)) in lines.iter().zip(to.as_chunks_mut::<LINE>().0).enumerate() {
        if let Some(next) = next.get(LINE * i) {
            // SAFETY: a prefetch only hints.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(next).cast()) };
        }
        for (pair, to) in line.as_chunks::<2>().0.iter().zip(to.as_chunks_mut::<2>().0) {
            // SAFETY: every x86-64 has SSE2. `pair` is 16 readable bytes; `to` is 16 writable ones, aligned because its line is.
            unsafe { _mm_stream_pd(to.as_mut_ptr(), _mm_loadu_pd(pair.as_ptr())) };
        }
    }
    // SAFETY: every x86-64 has SSE. Whoever is told that these have been written, must see them written.
    unsafe { _mm_sfence() };
}

/// Copies `from` to `to`, which is as long.
///
/// # Panics
/// If the lengths differ.
#[cfg(not(target_arch = "x86_64"))]
pub fn stream(from: &[f64], to: &mut [f64], _next: &[f64]) {
    to.copy_from_slice(from);
}

#[cfg(test)]
mod tests {
    use super::stream;

    #[test]
    fn every_length_is_copied_to_every_place() {
        let from: Vec<f64> = (0..50).map(f64::from).collect();
        for start in 0..10 {
            for len in 0..=40 {
                let mut to = vec![-1.0; 60];
                stream(&from[3..3 + len], &mut to[start..start + len], &from[start..]);
                assert_eq!(to[start..start + len], from[3..3 + len]);
                assert!(to[..start].iter().chain(&to[start + len..]).all(|&x| x == -1.0));
            }
        }
    }
}
