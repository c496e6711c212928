//! What is profiled: a kernel, where its rows lie, and how many there are.

use crate::{Discard, column_for, columns_for, kernels};
use echoes_engine::{Engine, Request};
use echoes_io::{Memory, OpenOptions, Source, View, csv::CsvWriter, npy::NpyWriter};
use echoes_kernel::BoundKernel;
use std::{hint::black_box, io::BufWriter};

/// Rows, if a name does not say how many.
const ROWS: usize = 1_000_000;

/// Rows at most: 256 MB of doubles a column.
const ROWS_MAX: usize = 32_000_000;

type Result<T> = std::result::Result<T, String>;

/// A kernel on rows, called as its bench is: `mean/f64/1000000`. The place of the rows may be a file too: `npy`, `csv`.
pub struct Subject {
    /// The kernel, with parameters for a bench.
    pub kernel: Box<dyn BoundKernel>,
    rows: usize,
    data: Data,
}

/// Where rows lie.
enum Data {
    Doubles(Vec<Vec<f64>>),
    Floats(Vec<Vec<f32>>),
    /// A file that goes with the subject.
    File(tempfile::TempPath),
}

impl Subject {
    /// The subject of that name; doubles in memory, and a million of them, if it does not say otherwise.
    ///
    /// # Errors
    /// What is wrong with the name, or why a file cannot be written.
    ///
    /// ```
    /// let subject = echoes_benches::Subject::named("mean/f32/100")?;
    /// subject.call(&echoes_engine::Engine::sequential())?;
    /// assert!(echoes_benches::Subject::named("mean/f16").is_err());
    /// # Ok::<(), String>(())
    /// ```
    pub fn named(name: &str) -> Result<Self> {
        let mut parts = name.split('/');
        let (kernel, place) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("f64"));
        let rows = parts.next().map_or(Ok(ROWS), |rows| rows.replace('_', "").parse());
        let rows = rows.ok().filter(|rows| (1..=ROWS_MAX).contains(rows));
        let rows = rows.ok_or_else(|| format!("`{name}`: rows are from 1 to {ROWS_MAX}"))?;
        let bound = kernels().into_iter().find(|bound| bound.spec().name == kernel);
        let kernel = bound.ok_or_else(|| format!("no kernel is called `{kernel}`; `echoes kernels` lists them"))?;
        let columns = || {
            let columns = columns_for(kernel.as_ref()).into_iter();
            columns.map(|place| column_for(kernel.as_ref(), place, rows)).collect::<Vec<_>>()
        };
        let data = match place {
            "f64" => Data::Doubles(columns()),
            "f32" => Data::Floats(columns().iter().map(|x| x.iter().map(|&x| x as f32).collect()).collect()),
            "npy" | "csv" => {
                Data::File(write(place, &columns()).map_err(|error| format!("a temporary file: {error}"))?)
            }
            other => return Err(format!("`{other}` is no place for rows: f64, f32, npy or csv")),
        };
        match parts.next() {
            None => Ok(Self { kernel, rows, data }),
            Some(more) => Err(format!("`{name}`: nothing is meant by `{more}`")),
        }
    }

    /// How many rows a call reads.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Opens what it reads, and has the kernel's answer, or its columns, made and forgotten.
    ///
    /// # Errors
    /// As the engine.
    #[inline(never)] // `cargo xtask profile` counts the instructions inside.
    pub fn call(&self, engine: &Engine) -> Result<()> {
        match &self.data {
            Data::Doubles(columns) => self.on(&memory(columns), engine),
            Data::Floats(columns) => self.on(&memory(columns), engine),
            Data::File(path) => {
                let path = path.to_str().ok_or("the temporary folder has a name that is not text")?;
                let source = echoes_io::open(path, &OpenOptions::default()).map_err(|error| error.to_string())?;
                self.on(source.as_ref(), engine)
            }
        }
    }

    fn on(&self, source: &dyn Source, engine: &Engine) -> Result<()> {
        let request = [Request { kernel: self.kernel.as_ref(), columns: columns_for(self.kernel.as_ref()) }];
        let done = match self.kernel.spec().form.writes_columns() {
            true => engine.job().write(source, &request[0], &mut Discard).map(drop),
            false => engine.job().answers(source, &request).map(|answers| drop(black_box(answers))),
        };
        done.map_err(|error| error.to_string())
    }
}

fn memory<T>(columns: &[Vec<T>]) -> Memory<'_>
where
    for<'a> View<'a>: From<&'a Vec<T>>,
{
    Memory::named(columns.iter().zip(0..).map(|(x, i)| (format!("c{i}"), View::from(x))))
}

fn write(format: &str, columns: &[Vec<f64>]) -> std::io::Result<tempfile::TempPath> {
    let file = tempfile::Builder::new().suffix(&format!(".{format}")).tempfile()?;
    let out = BufWriter::new(file.as_file());
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let out = if format == "csv" {
        let names: Vec<String> = (0..columns.len()).map(|i| format!("c{i}")).collect();
        let mut writer = CsvWriter::create(out, &names)?;
        writer.append(&columns)?;
        writer.finish()?
    } else {
        let mut writer = NpyWriter::create(out, columns.len())?;
        writer.append_columns(&columns)?;
        writer.finish()?
    };
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    Ok(file.into_temp_path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_runs_wherever_its_rows_lie() {
        for kernel in kernels() {
            for place in ["f64", "f32", "npy", "csv"] {
                let name = format!("{}/{place}/500", kernel.spec().name);
                let done = Subject::named(&name).and_then(|subject| subject.call(&Engine::sequential()));
                assert_eq!(done, Ok(()), "{name}");
            }
        }
    }

    #[test]
    fn a_name_that_means_nothing_is_refused() {
        for name in ["", "modus", "mean/f16", "mean/f64/0", "mean/f64/1e6", "mean/f64/10/10", "mean/f64/99999999999"] {
            assert!(Subject::named(name).is_err(), "{name}");
        }
        assert_eq!(Subject::named("mean/f64/1_000").map(|subject| subject.rows()), Ok(1000));
    }
}
