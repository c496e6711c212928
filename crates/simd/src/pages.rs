//! Large columns on large pages.

/// Below it a column has too few of them to matter.
#[cfg(target_os = "linux")]
const LEAST_BYTES: usize = 2 << 20;

/// Columns of zeros, whose memory the system hands out when it is first written: where they are large, on pages of 2 MiB, which it
/// hands out several times as fast as those of 4 KiB.
///
/// ```
/// let columns = echoes_simd::pages::zeros(2, 1_000_000);
/// assert_eq!((columns.len(), columns[1].len(), columns[1][999_999]), (2, 1_000_000, 0.0));
/// ```
pub fn zeros(columns: usize, rows: usize) -> Vec<Vec<f64>> {
    std::iter::repeat_with(|| column(rows)).take(columns).collect()
}

/// One such column.
pub fn column(rows: usize) -> Vec<f64> {
    let mut column = vec![0.0; rows];
    on_large_pages(&mut column);
    column
}

#[cfg(target_os = "linux")]
fn on_large_pages(column: &mut [f64]) {
    use rustix::mm::{Advice, madvise};
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(column);
    if bytes.len() < LEAST_BYTES {
        return;
    }
    // From the page of the first byte on: an allocator's own few bytes may stand before it, on what would be a large page.
    let page = rustix::param::page_size();
    let before = bytes.as_ptr().addr() % page;
    // SAFETY: every one of these pages holds bytes of the column, so it is there, and the advice changes no byte of any. A system that does
    // not take it hands out its usual pages.
    let _ =
        unsafe { madvise(bytes.as_mut_ptr().wrapping_sub(before).cast(), before + bytes.len(), Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
fn on_large_pages(_: &mut [f64]) {}

#[cfg(test)]
mod tests {
    use super::zeros;

    #[test]
    fn they_are_zeros_of_any_length() {
        for rows in [0, 1, 1000, (4 << 20) / 8, 1_000_003] {
            let columns = zeros(2, rows);
            assert_eq!(columns.len(), 2);
            assert!(columns.iter().all(|column| column.len() == rows && column.iter().all(|&x| x == 0.0)), "{rows}");
        }
    }
}
