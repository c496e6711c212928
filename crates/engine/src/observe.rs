//! Telling the embedder of every run.

use crate::Report;
use std::{fmt, sync::Arc};

/// A run that came to its end with an answer; one that was refused or cancelled is not told of.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Run<'a> {
    /// The kernels, in the order in which they were asked for; several shared the readings.
    pub kernels: &'a [&'static str],
    /// How the data were read: `memory`, `mmap`, `pread`, `csv`; `gpu` where a graphics processor took part.
    pub backend: &'static str,
    /// Rows of the source, missing ones included.
    pub rows: u64,
    /// Bytes of columns that were read, over all readings.
    pub bytes: u64,
    /// Seconds from asking to answering.
    pub seconds: f64,
}

/// Is told of every run, on the thread that asked for it.
pub type Observer = dyn Fn(&Run<'_>) + Send + Sync;

/// An engine's observer, if it has one.
#[derive(Clone, Default)]
pub(crate) struct Observed(pub(crate) Option<Arc<Observer>>);

impl Observed {
    /// Tells of a run with a report.
    pub(crate) fn tell(&self, report: &Report, kernels: impl Iterator<Item = &'static str>) {
        if let Some(observer) = &self.0 {
            let kernels: Vec<_> = kernels.collect();
            let &Report { backend, rows, bytes, seconds, .. } = report;
            observer(&Run { kernels: &kernels, backend, rows, bytes, seconds });
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observed" } else { "Unobserved" })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Engine, Request};
    use echoes_io::{Memory, View};
    use echoes_stats::kernels::descriptive::Mean;
    use std::sync::{Arc, Mutex};

    #[test]
    fn every_run_with_an_answer_is_told_of_once() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&told);
        let engine = Engine::new().observer(Arc::new(move |run| {
            to.lock().unwrap().push((run.kernels.to_vec(), run.backend, run.rows, run.bytes));
        }));
        let x = [1.0, 2.0, 6.0];
        assert_eq!(engine.run(&Mean::default(), &x), Ok(3.0));
        let empty: [f64; 0] = [];
        assert!(engine.run(&Mean::default(), &empty).is_err());
        let kernels =
            ["mean", "std"].map(|name| (echoes_stats::find(name).unwrap().bind)(serde_json::json!({})).unwrap());
        let source = Memory::named([("x".to_owned(), View::from(&x[..]))]);
        let requests = kernels.each_ref().map(|kernel| Request { kernel: kernel.as_ref(), columns: vec![0] });
        engine.job().answers(&source, &requests).unwrap();
        let told = told.lock().unwrap();
        assert_eq!(*told, [(vec!["mean"], "memory", 3, 24), (vec!["mean", "std"], "memory", 3, 24)]);
    }
}
