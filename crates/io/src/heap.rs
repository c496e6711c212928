//! What becomes of memory that is freed.

/// Has the C library keep freed memory, up to 32 MiB of each of its heaps, for what is allocated next, and place there whatever is
/// smaller than 32 MiB.
///
/// Otherwise glibc gives large blocks back to the system each time, which hands out pages anew, and zeroed, when they are next written:
/// a median of 10,000 values takes twice as long. It is for programs, once, when they begin: libraries leave it to them. Under
/// another C library, or another allocator, it does nothing.
///
/// ```
/// echoes_io::keep_freed_memory();
/// ```
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    for (what, bytes) in [(libc::M_MMAP_THRESHOLD, 32 << 20), (libc::M_TRIM_THRESHOLD, 32 << 20)] {
        // SAFETY: it takes two numbers, at any time, and says by its answer, which changes nothing here, whether it knows the first.
        let _ = unsafe { libc::mallopt(what, bytes) };
    }
}
