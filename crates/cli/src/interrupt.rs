//! Ctrl-C: the run stops at its next block and tidies up; a second one ends the process at once.

use crate::exit::{Exit, say};
use echoes_engine::Cancel;
use std::{
    process,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

static CANCEL: OnceLock<Cancel> = OnceLock::new();
/// Whether the engine is at work, and so will see the flag. Elsewhere (waiting for standard input, printing) nothing looks at it, and
/// there is nothing to tidy up.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// Installs the handler, once a process.
pub(crate) fn install() -> &'static Cancel {
    CANCEL.get_or_init(|| {
        let cancel = Cancel::new();
        let flag = cancel.clone();
        // Without a handler Ctrl-C still ends the process.
        let _ = ctrlc::set_handler(move || {
            if flag.is_cancelled() || !RUNNING.load(Ordering::SeqCst) {
                say("interrupted");
                process::exit(Exit::Interrupted as i32);
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
