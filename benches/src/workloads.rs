//! The work that is measured, each by a name: `mean/f64/10000`, `describe/f64/1000000/threads`, `csv/f64/10000`.
//!
//! The first word is a kernel of the registry or one of the paths to it, then the type of the numbers, the rows (`large` is more
//! than the last cache holds), and `threads` where all processors take part. A kernel that joins the registry has its benches at once.

mod api;
mod control;
mod data;
mod paths;

use crate::{Discard, columns_for, kernels, weights_of};
use data::{Data, rows_of};
use echoes_engine::{Engine, Request};
use echoes_kernel::BoundKernel;
use std::hint::black_box;

pub use data::Dtype;

/// The paths to the kernels, in the order of [`names`].
const PATHS: [&str; 6] = ["cached", "csv", "expression", "json", "npy", "write"];

/// The sizes that are benched: one that the first caches hold, one that the last does, one that none does.
const SIZES: [&str; 3] = ["10000", "1000000", "large"];

/// Why a call did not do its work.
pub type Failure = String;

type Call = Box<dyn FnMut() -> Result<(), Failure>>;

/// Work that can be done again and again.
pub struct Workload {
    /// Its name.
    pub name: String,
    /// Rows of a call.
    pub rows: usize,
    /// Bytes of input of a call.
    pub bytes: u64,
    call: Call,
}

impl Workload {
    /// Does the work once.
    ///
    /// # Errors
    /// What the engine said.
    pub fn call(&mut self) -> Result<(), Failure> {
        (self.call)()
    }
}

/// The names of all work: every kernel at each size and type, the paths of the doors, and the control.
pub fn names() -> Vec<String> {
    let kernels = kernels();
    let registry = kernels.iter().flat_map(|kernel| {
        let name = kernel.spec().name;
        SIZES.iter().flat_map(move |size| Dtype::ALL.map(|dtype| format!("{name}/{}/{size}", dtype.name())))
    });
    let threads = kernels.iter().map(|kernel| format!("{}/f64/1000000/threads", kernel.spec().name));
    let paths = PATHS.iter().flat_map(|path| ["10000", "100000"].map(|size| format!("{path}/f64/{size}")));
    let control = std::iter::once(control::NAME.to_owned());
    registry.chain(threads).chain(paths).chain(control).collect()
}

/// The work of that name.
///
/// # Errors
/// If the name is not understood, or the work cannot be set up.
pub fn find(name: &str) -> Result<Workload, Failure> {
    if name == control::NAME {
        return Ok(control::workload());
    }
    let unknown = || format!("`{name}`: no such work; `gate-arm list` names it all");
    let mut words = name.split('/');
    let (what, dtype) = (words.next().unwrap_or_default(), words.next().and_then(Dtype::find).ok_or_else(unknown)?);
    let size = words.next().unwrap_or_default();
    let engine = match (words.next(), words.next()) {
        (None, None) => Engine::sequential(),
        (Some("threads"), None) => Engine::new(),
        _ => return Err(unknown()),
    };
    let kernel = kernels().into_iter().find(|kernel| kernel.spec().name == what);
    let columns = kernel.as_ref().map_or(1, |kernel| columns_for(kernel.as_ref()).len());
    let weights = kernel.as_ref().and_then(|kernel| weights_of(kernel.as_ref()));
    let data = Data::new(dtype, rows_of(size, dtype, columns).ok_or_else(unknown)?, columns, weights);
    let (rows, mut bytes) = (data.rows, data.bytes());
    let call = match (kernel, what) {
        (Some(kernel), _) => of_kernel(engine, kernel, data),
        (None, "cached") => paths::cached(engine, data),
        (None, "csv") => paths::csv(engine, &data, &mut bytes),
        (None, "expression") => paths::expression(engine, data)?,
        (None, "json") => api::json(&data, &mut bytes)?,
        (None, "npy") => paths::npy(engine, &data)?,
        (None, "write") => paths::write(data),
        _ => return Err(unknown()),
    };
    Ok(Workload { name: name.to_owned(), rows, bytes, call })
}

/// The name of the same work on `percent` of the rows; none where the rows are not what takes the time.
pub fn part_of(name: &str, percent: f64) -> Option<String> {
    let mut words: Vec<String> = name.split('/').map(str::to_owned).collect();
    let of_rows = words.first().is_some_and(|what| !matches!(what.as_str(), "cached" | "json"));
    let rows = words.get(2)?.parse::<usize>().ok().filter(|_| of_rows)?;
    *words.get_mut(2)? = ((rows as f64 * percent / 100.0) as usize).max(1).to_string();
    Some(words.join("/"))
}

/// A kernel on columns in memory.
fn of_kernel(engine: Engine, kernel: Box<dyn BoundKernel>, data: Data) -> Call {
    let columns = columns_for(kernel.as_ref());
    let writes = kernel.spec().form.writes_columns();
    Box::new(move || {
        let request = Request { kernel: kernel.as_ref(), columns: columns.clone() };
        if writes {
            let report = engine.job().write(&data.memory, &request, &mut Discard);
            return black_box(report).map(drop).map_err(|error| error.to_string());
        }
        answer(&engine, &data, &request)
    })
}

/// Asks for one answer; a kernel that refuses has not done its work.
fn answer(engine: &Engine, data: &Data, request: &Request<'_>) -> Result<(), Failure> {
    let answers = engine.job().answers(&data.memory, std::slice::from_ref(request));
    first(black_box(answers).map(|(answers, _)| answers))
}

/// The first answer, if there is one.
fn first<T>(answers: echoes_engine::Result<Vec<echoes_engine::Result<T>>>) -> Result<(), Failure> {
    let answers = answers.map_err(|error| error.to_string())?;
    let first = answers.into_iter().next().ok_or("no answer")?;
    first.map(drop).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_stats::KERNELS;

    #[test]
    fn every_kernel_has_its_benches() {
        let names = names();
        for entry in KERNELS {
            for size in SIZES {
                assert!(names.contains(&format!("{}/f32/{size}", entry.spec.name)), "{}", entry.spec.name);
            }
        }
    }

    #[test]
    fn every_small_work_can_be_done() {
        for name in
            names().iter().filter(|name| name.contains("/10000") && !name.contains("/100000") || !name.contains('/'))
        {
            let mut work = find(name).unwrap();
            assert_eq!(work.call(), Ok(()), "{name}");
            assert_eq!(work.call(), Ok(()), "{name}, again");
            assert!(name == control::NAME || work.rows == 10_000 && work.bytes >= 40_000, "{name}");
        }
    }

    #[test]
    fn a_name_that_is_not_understood_is_refused() {
        for name in ["", "mean", "mean/f64", "mean/i8/10", "mean/f64/x", "mean/f64/10/fast", "modus/f64/10"] {
            assert!(find(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_part_is_the_same_work_on_fewer_rows() {
        assert_eq!(part_of("mean/f64/10000", 5.0).as_deref(), Some("mean/f64/500"));
        assert_eq!(part_of("mean/f64/1000000/threads", 0.5).as_deref(), Some("mean/f64/5000/threads"));
        assert_eq!(part_of("json/f64/10000", 5.0), None);
        assert_eq!(part_of(control::NAME, 5.0), None);
    }
}
