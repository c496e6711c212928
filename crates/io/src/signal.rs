//! Signals of a Unix system: the one by which it tells that a mapped page is gone, and whether the parent wants one ignored.

use std::{
    ffi::CString,
    io,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// What to say, and the exit code, when a mapped page is gone.
static LAST_WORDS: OnceLock<(String, i32)> = OnceLock::new();

/// The file to remove then.
static UNFINISHED: OnceLock<CString> = OnceLock::new();

/// Whether a thread is ending the process already.
static ENDING: AtomicBool = AtomicBool::new(false);

/// From now on, a mapped file that is cut shorter while its bytes are being read ends the process with `line` on standard error
/// and `code`, instead of a signal (`SIGBUS`) that says nothing. For programs, once; a library leaves the signal alone.
///
/// # Errors
/// If the system refuses.
pub fn end_on_lost_page(line: &str, code: i32) -> io::Result<()> {
    if LAST_WORDS.set((format!("{line}\n"), code)).is_err() {
        return Ok(());
    }
    let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = lost_page;
    // SAFETY: all zeros are a value of this struct of integers, sets and pointers; `sigemptyset` is given a set that is ours. The
    // handler has the signature that `SA_SIGINFO` asks for, and does only what a signal handler may (see there).
    let installed = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut())
    };
    if installed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Names the file of the process that is not complete yet, the first that is named: it goes when a mapped page is gone.
pub fn remove_on_lost_page(unfinished: impl Into<Vec<u8>>) {
    // A name with a zero byte is none of a file.
    if let Ok(path) = CString::new(unfinished) {
        let _ = UNFINISHED.set(path);
    }
}

extern "C" fn lost_page(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: with `SA_SIGINFO` the system passes a valid `siginfo_t`.
    let words = LAST_WORDS.get().filter(|_| unsafe { (*info).si_code } == libc::BUS_ADRERR);
    let Some((line, code)) = words else {
        // Another fault: on return it comes again, and finds the default action.
        // SAFETY: a signal handler may call `signal` (POSIX, signal-safety).
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        return;
    };
    // Threads that read the same file lose their pages together; the first speaks, and the process ends under the others.
    while ENDING.swap(true, Ordering::Relaxed) {
        // SAFETY: `pause` is among the functions that a signal handler may call.
        unsafe { libc::pause() };
    }
    // SAFETY: `unlink`, `write` and `_exit` are among the functions that a signal handler may call (POSIX, signal-safety);
    // the path ends in a zero byte, the text is as long as is said, and both live as long as the process. Reading a
    // `OnceLock` that is set is one atomic load.
    unsafe {
        if let Some(path) = UNFINISHED.get() {
            libc::unlink(path.as_ptr());
        }
        libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len());
        libc::_exit(*code);
    }
}

/// Whether the process was started with this signal ignored, as `nohup` does with that of a terminal that hangs up.
pub fn is_ignored(signal: i32) -> bool {
    // SAFETY: all zeros are a value of the struct, see above; without a new action the call only writes the present one into it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_pipes_are_ignored_by_every_rust_program_and_interrupts_are_not() {
        assert!(is_ignored(libc::SIGPIPE));
        assert!(!is_ignored(libc::SIGINT));
    }
}
