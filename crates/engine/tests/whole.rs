//! Kernels that need whole columns: refused before too much is in memory, and holding on to what they were given.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use echoes_engine::{Cancel, Engine, Error, Held, Request};
use echoes_io::{Memory, OpenOptions, View};
use echoes_kernel::{
    CHUNK, Category, Columns, Entry, Form, Kernel, NamedColumns, Next, Reject, Result, Shape, Spec, Whole,
};
use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Rows that a whole may have.
const ROWS_MAX: u64 = 2 * CHUNK as u64;

static BEGUN: AtomicBool = AtomicBool::new(false);
static MAY_END: AtomicBool = AtomicBool::new(false);

/// Takes whole columns, and its time: until it is told to end.
#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Patient {}

impl Kernel for Patient {
    const SPEC: Spec = Spec::new("patient", Category::Spectral).form(Form::Whole);
    type Pass = ();
    type Output = usize;
    fn pass(&self, shape: &Shape<'_>) -> Result<()> {
        match shape.rows {
            Some(needed) if needed > ROWS_MAX => Err(Reject::TooLarge { what: "patience", needed, limit: ROWS_MAX }),
            _ => Ok(()),
        }
    }
    fn finish(&self, (): &()) -> Result<Next<Self>> {
        Ok(Next::Whole(Box::new(Self {})))
    }
}

impl Whole<usize> for Patient {
    fn whole(&self, columns: Columns) -> Result<usize> {
        BEGUN.store(true, Ordering::SeqCst);
        while !MAY_END.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(columns[0].len())
    }
    fn columns(&self, _: usize) -> Option<NamedColumns> {
        None
    }
}

fn patient() -> Box<dyn echoes_kernel::BoundKernel> {
    (Entry::of::<Patient>().bind)(serde_json::json!({})).unwrap()
}

#[test]
fn a_stream_is_refused_before_all_of_it_is_in_memory() {
    let text = format!("x\n{}", "1\n".repeat(5 * CHUNK));
    let source = echoes_io::parse("text", text.into_bytes(), &OpenOptions::default()).unwrap();
    let kernel = patient();
    let requests = [Request { kernel: kernel.as_ref(), columns: vec![0] }];
    let found = Engine::new().job().answers(source.as_ref(), &requests);
    // The first chunk beyond the limit is the last one that is looked at.
    let needed = 3 * CHUNK as u64;
    assert!(
        matches!(found, Err(Error::Reject(Reject::TooLarge { needed: n, .. })) if n == needed),
        "{:?}",
        found.err()
    );
}

#[test]
fn what_outlives_a_cancelled_run_keeps_what_it_holds() {
    let held: Held = Arc::new(()) as Arc<dyn Any + Send + Sync>;
    let (engine, cancel, x) = (Engine::new(), Cancel::new(), [1.0, 2.0]);
    let memory = Memory::named([("x".to_owned(), View::from(&x[..]))]);
    let kernel = patient();
    let requests = [Request { kernel: kernel.as_ref(), columns: vec![0] }];
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            engine.job().cancel(&cancel).holding(&held).answers(&memory, &requests).map(|(answers, _)| answers)
        });
        while !BEGUN.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        cancel.cancel();
        assert!(matches!(running.join().unwrap(), Err(Error::Cancelled)));
    });
    assert_eq!(Arc::strong_count(&held), 2);
    MAY_END.store(true, Ordering::SeqCst);
    while Arc::strong_count(&held) > 1 {
        thread::sleep(Duration::from_millis(1));
    }
}
