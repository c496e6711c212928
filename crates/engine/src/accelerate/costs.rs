//! What work costs on a device and on the processor: measured once for each device, driver and count of threads, and kept in a file
//! if there is a directory for it.

use super::{device::Opened, pace};
use crate::{crew::Crew, share::inside};
use echoes_gpu::{BLOCK, Column, Result, TILE};
use echoes_kernel::{CHUNK, sweep::Powers};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{
    fs, hint,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

/// Doubles that are measured on: a tile, which is more than a processor's caches hold.
const VALUES: usize = TILE * BLOCK;
/// Each measurement is the best of so many.
const TIMES: usize = 3;

/// What work costs on a device and on the processor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// Seconds that the device takes for next to nothing.
    pub submit_seconds: f64,
    /// Bytes a second of a column to the device.
    pub upload: f64,
    /// Bytes a second that the device sweeps of what it has.
    pub sweep: f64,
    /// Bytes a second from the device.
    pub download: f64,
    /// Bytes a second that the processor's threads read from memory.
    pub processor: f64,
}

impl Costs {
    /// Seconds to bring so many bytes to the device.
    pub(super) fn upload_seconds(&self, bytes: u64) -> f64 {
        self.submits(bytes) + bytes as f64 / self.upload
    }

    /// Seconds to sweep so many bytes that are there, handed over as many at a time as may be.
    pub(super) fn sweep_seconds(&self, bytes: u64) -> f64 {
        self.submit_seconds * bytes.div_ceil((pace::MOST * BLOCK * size_of::<f64>()) as u64) as f64
            + bytes as f64 / self.sweep
    }

    /// Seconds to make as many bytes of others there and to fetch them.
    pub(super) fn write_seconds(&self, bytes: u64) -> f64 {
        self.submits(bytes) + bytes as f64 / self.sweep + bytes as f64 / self.download
    }

    /// Seconds for which the processor reads or writes so many bytes.
    pub(super) fn processor_seconds(&self, bytes: u64) -> f64 {
        bytes as f64 / self.processor
    }

    /// Seconds of waiting where each tile is handed over by itself.
    fn submits(&self, bytes: u64) -> f64 {
        self.submit_seconds * bytes.div_ceil((TILE * BLOCK * size_of::<f64>()) as u64) as f64
    }

    /// What is kept for the device, else what is measured now and then kept.
    pub(super) fn of(
        opened: &Opened,
        directory: Option<&Path>,
        threads: NonZeroUsize,
        pool: Option<&Crew>,
    ) -> Result<Self> {
        let file = directory.map(|path| path.join(format!("gpu-{}-{threads}.json", opened.device.identity())));
        if let Some(known) = file.as_deref().and_then(Self::load) {
            return Ok(known);
        }
        let costs = Self::measure(opened, pool)?;
        tracing::debug!(?costs, "measured the graphics processor");
        if let Some(Err(error)) = file.map(|file| costs.store(&file)) {
            tracing::debug!(%error, "cannot keep what was measured");
        }
        Ok(costs)
    }

    fn load(file: &Path) -> Option<Self> {
        let costs: Self = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        let Self { submit_seconds, upload, sweep, download, processor } = costs;
        let is_sound = [submit_seconds, upload, sweep, download, processor].iter().all(|x| x.is_finite() && *x > 0.0);
        is_sound.then_some(costs)
    }

    /// Writes beside the file, then moves: another process finds all of it or none.
    fn store(&self, file: &Path) -> std::io::Result<()> {
        let directory = file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        fs::create_dir_all(&directory)?;
        let beside = file.with_extension(process::id().to_string());
        fs::write(&beside, serde_json::to_vec(self)?)?;
        fs::rename(&beside, file).inspect_err(|_| {
            // It would be of no use to anybody.
            let _ = fs::remove_file(&beside);
        })
    }

    fn measure(opened: &Opened, pool: Option<&Crew>) -> Result<Self> {
        let values: Vec<f64> = (0..VALUES).map(|i| i as f64).collect();
        let bytes = size_of_val(values.as_slice()) as f64;
        let device = &opened.device;
        let column = Column::upload(device, &values)?;
        let all: Vec<(u64, f64)> = (0..column.blocks()).map(|block| (block, 0.0)).collect();
        let program = opened.sweep(Powers::Fourth)?;
        let upload = best(|| Column::upload(device, &values))?;
        let sweep = best(|| program.run(&column, &all))?;
        let submit = best(|| program.run(&column, &all[..1]))?;
        let download = best(|| column.download(device))?;
        let processor = best(|| Ok(hint::black_box(read(&values, pool))))?;
        let rate = |seconds: f64| bytes / seconds;
        Ok(Self {
            submit_seconds: submit,
            upload: rate(upload),
            sweep: rate((sweep - submit).max(sweep / 2.0)),
            download: rate(download),
            processor: rate(processor),
        })
    }
}

/// Seconds of the best of a few times.
fn best<T>(mut work: impl FnMut() -> Result<T>) -> Result<f64> {
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        let started = Instant::now();
        work()?;
        best = best.min(started.elapsed());
    }
    Ok(best.max(Duration::from_nanos(1)).as_secs_f64())
}

/// Reads all values as fast as the memory gives them.
fn read(values: &[f64], pool: Option<&Crew>) -> u64 {
    let add = |values: &[f64]| values.iter().fold(0u64, |sum, x| sum.wrapping_add(x.to_bits()));
    match pool {
        Some(pool) => inside(pool, || values.par_chunks(CHUNK).map(add).reduce(|| 0, u64::wrapping_add)),
        None => add(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: Costs = Costs { submit_seconds: 1e-4, upload: 1e10, sweep: 1e12, download: 2e10, processor: 5e10 };

    #[test]
    fn costs_are_kept_and_damage_is_not_believed() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("deeper").join("gpu-1-2.json");
        assert_eq!(Costs::load(&file), None);
        COSTS.store(&file).unwrap();
        COSTS.store(&file).unwrap();
        assert_eq!(Costs::load(&file), Some(COSTS));
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        let text = fs::read_to_string(&file).unwrap();
        for damaged in
            [&text[..text.len() / 2], "", &text.replace("10000000000.0", "-1.0"), &text.replace("sweep", "x")]
        {
            fs::write(&file, damaged).unwrap();
            assert_eq!(Costs::load(&file), None, "{damaged}");
        }
    }

    #[test]
    fn a_column_that_is_there_is_swept_sooner_than_one_that_is_brought() {
        let bytes = 1 << 30;
        assert!(COSTS.sweep_seconds(bytes) < COSTS.processor_seconds(bytes));
        assert!(COSTS.processor_seconds(bytes) < COSTS.upload_seconds(bytes) + COSTS.sweep_seconds(bytes));
        assert!(COSTS.sweep_seconds(1) > COSTS.processor_seconds(1));
    }
}
