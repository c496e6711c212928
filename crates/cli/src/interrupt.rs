//! Ctrl-C, a request to end, a terminal that hangs up: the run stops at its next block and tidies up; a second one ends the process
//! at once, but for the file that it was writing.

use crate::exit::{Exit, Failure, say};
use echoes_engine::Cancel;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
};

/// The number of SIGINT, which Ctrl-C has everywhere.
const INTERRUPT: i32 = 2;

/// The signal that came first.
static SIGNAL: AtomicI32 = AtomicI32::new(INTERRUPT);
static CANCEL: OnceLock<Cancel> = OnceLock::new();
/// Whether the engine is at work, and so will see the flag. Elsewhere (waiting for standard input, printing) nothing looks at it.
static RUNNING: AtomicBool = AtomicBool::new(false);
/// The file of passing name that is being written, if any. Its name is no other file's, so removing it again does no harm.
static PASSING: Mutex<Option<PathBuf>> = Mutex::new(None);

fn passing() -> MutexGuard<'static, Option<PathBuf>> {
    PASSING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a file that goes if the process is interrupted.
pub(crate) fn make_passing<T: AsRef<Path>, F>(make: impl FnOnce() -> io::Result<(F, T)>) -> io::Result<(F, T)> {
    // Whoever ends the process waits until it is known what was made.
    let mut passing = passing();
    let made = make()?;
    let path = made.1.as_ref();
    #[cfg(unix)]
    echoes_io::signal::remove_on_lost_page(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()));
    *passing = Some(path.to_owned());
    Ok(made)
}

/// Ends the process, and leaves no file half written.
fn end() -> ! {
    // Held to the end, so that no other is made.
    let passing = passing();
    if let Some(path) = passing.as_deref() {
        let _ = fs::remove_file(path);
    }
    let failure = failure();
    say(failure.line.as_deref().unwrap_or_default());
    process::exit(failure.exit.code().into());
}

/// What the signal that came makes of the run.
pub(crate) fn failure() -> Failure {
    match SIGNAL.load(Ordering::SeqCst) {
        INTERRUPT => Failure::new(Exit::Interrupted, "interrupted"),
        signal => Failure::new(Exit::Ended(signal as u8), "ended by a signal"),
    }
}

/// Installs the handler, once a process.
pub(crate) fn install() -> &'static Cancel {
    CANCEL.get_or_init(|| {
        let cancel = Cancel::new();
        let flag = cancel.clone();
        // Without a handler a signal still ends the process.
        let _ = listen(move |signal| {
            let again = flag.is_cancelled();
            if !again {
                SIGNAL.store(signal, Ordering::SeqCst);
            }
            if again || !RUNNING.load(Ordering::SeqCst) {
                end();
            }
            flag.cancel();
        });
        cancel
    })
}

/// Calls `act` at each signal that asks the process to end, on a thread of its own.
#[cfg(unix)]
fn listen(act: impl Fn(i32) + Send + 'static) -> io::Result<()> {
    use signal_hook::{consts, flag, iterator::Signals};
    use std::sync::{Arc, atomic::AtomicBool};
    debug_assert_eq!(consts::SIGINT, INTERRUPT, "POSIX numbers it so");
    // A file that may not grow is an error of the write to it, as a full disk is, and does not end the process.
    flag::register(consts::SIGXFSZ, Arc::<AtomicBool>::default())?;
    let mut signals = Signals::new([consts::SIGINT, consts::SIGTERM])?;
    // `nohup` asks that a terminal that hangs up be ignored.
    if !echoes_io::signal::is_ignored(consts::SIGHUP) {
        signals.add_signal(consts::SIGHUP)?;
    }
    std::thread::Builder::new().name("echoes-signals".to_owned()).spawn(move || signals.forever().for_each(act))?;
    Ok(())
}

/// Calls `act` at Ctrl-C, on a thread of its own.
#[cfg(not(unix))]
fn listen(act: impl Fn(i32) + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || act(INTERRUPT))
}

/// While it lives, the engine looks after Ctrl-C.
pub(crate) struct Running;

impl Running {
    pub(crate) fn start() -> Self {
        RUNNING.store(true, Ordering::SeqCst);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.store(false, Ordering::SeqCst);
    }
}
