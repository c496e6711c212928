//! Large columns on large pages.

/// Below it a column has too few of them to matter.
#[cfg(target_os = "linux")]
const LEAST_BYTES: usize = 2 << 20;

/// A column of zeros, whose memory the system hands out when it is first written: where it is large, on pages of 2 MiB, which it
/// hands out several times as fast as those of 4 KiB.
///
/// ```
/// let column = echoes_simd::pages::column(1_000_000);
/// assert_eq!((column.len(), column[999_999]), (1_000_000, 0.0));
/// ```
pub fn column(rows: usize) -> Vec<f64> {
    let mut column = vec![0.0; rows];
    on_large_pages(&mut column);
    column
}

/// Room for a column on such pages.
pub(crate) fn room(rows: usize) -> Vec<f64> {
    let mut room: Vec<f64> = Vec::with_capacity(rows);
    on_large_pages(room.spare_capacity_mut());
    room
}

#[cfg(target_os = "linux")]
fn on_large_pages<T>(column: &mut [T]) {
    use rustix::mm::{Advice, madvise};
    let bytes = size_of_val(column);
    if bytes < LEAST_BYTES {
        return;
    }
    // From the page of the first byte on: an allocator's own few bytes may stand before it, on what would be a large page.
    let page = rustix::param::page_size();
    let before = column.as_ptr().addr() % page;
    // SAFETY: every one of these pages holds bytes of the column, so they are mapped while that is, and the advice changes no byte of
    // any. A system that does not take it hands out its usual pages.
    let _ = unsafe {
        madvise(column.as_mut_ptr().cast::<u8>().wrapping_sub(before).cast(), before + bytes, Advice::LinuxHugepage)
    };
}

#[cfg(not(target_os = "linux"))]
fn on_large_pages<T>(_: &mut [T]) {}

#[cfg(test)]
mod tests {
    use super::column;

    #[test]
    fn they_are_zeros_of_any_length() {
        for rows in [0, 1, 1000, (4 << 20) / 8, 1_000_003] {
            let column = column(rows);
            assert!(column.len() == rows && column.iter().all(|&x| x == 0.0), "{rows}");
        }
    }
}
