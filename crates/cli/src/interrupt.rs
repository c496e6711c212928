//! Ctrl-C: the run stops at its next block and tidies up; a second one ends the process at once, but for the file that it was writing.

use crate::exit::{Exit, say};
use echoes_engine::Cancel;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

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
    *passing = Some(made.1.as_ref().to_owned());
    Ok(made)
}

/// Ends the process, and leaves no file half written.
fn end() -> ! {
    // Held to the end, so that no other is made.
    let passing = passing();
    if let Some(path) = passing.as_deref() {
        let _ = fs::remove_file(path);
    }
    say("interrupted");
    process::exit(Exit::Interrupted as i32);
}

/// Installs the handler, once a process.
pub(crate) fn install() -> &'static Cancel {
    CANCEL.get_or_init(|| {
        let cancel = Cancel::new();
        let flag = cancel.clone();
        // Without a handler Ctrl-C still ends the process.
        let _ = ctrlc::set_handler(move || {
            if flag.is_cancelled() || !RUNNING.load(Ordering::SeqCst) {
                end();
            }
            flag.cancel();
        });
        cancel
    })
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
