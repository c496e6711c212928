//! Times readings of a file: `scan FILE [auto|mmap|pread] [READINGS]`. Sums every column, as a kernel would.
#![allow(clippy::print_stdout)]

use echoes_io::{Access, Buffer, OpenOptions, Reading, Source};
use echoes_kernel::{BLOCK, CHUNK, Values};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("scan FILE [auto|mmap|pread] [READINGS]")?;
    let access = arguments.next().map_or(Ok(Access::Auto), |word| word.parse())?;
    let readings = arguments.next().map_or(Ok(3), |word| word.parse())?;
    let bytes = std::fs::metadata(&path)?.len() as f64;
    let begin = Instant::now();
    let source = echoes_io::open(&path, &OpenOptions { access, ..OpenOptions::default() })?;
    for _ in 0..readings {
        let sum = scan(source.as_ref())?;
        let elapsed = begin.elapsed().as_secs_f64();
        println!(
            "{} by {}: sum {sum}, {elapsed:.4} s since opening, {:.0} MB in all",
            source.name(),
            source.backend(),
            bytes / 1e6
        );
    }
    Ok(())
}

fn scan(source: &dyn Source) -> echoes_io::Result<f64> {
    let numeric: Vec<usize> = (0..source.fields().len()).filter(|&i| source.fields()[i].dtype.is_some()).collect();
    let mut total = 0.0;
    match source.read(&numeric)? {
        Reading::Rows(rows) => {
            let mut buffer = Buffer::default();
            let mut start = 0;
            while start < rows.rows() {
                let end = (start + CHUNK as u64).min(rows.rows());
                for slice in rows.read(start..end, &mut buffer)? {
                    total += sum(slice.values);
                }
                start = end;
            }
            rows.finish()?;
        }
        Reading::Stream(mut stream) => {
            while let Some(columns) = stream.next()? {
                total += columns.iter().map(|column| sum(column.slice().values)).sum::<f64>();
            }
        }
    }
    Ok(total)
}

fn sum(values: Values<'_>) -> f64 {
    let mut block = [0.0; BLOCK];
    let mut lanes = [0.0; 32];
    for start in (0..values.len()).step_by(BLOCK) {
        let part = values.slice(start, (start + BLOCK).min(values.len()));
        let part = match part.as_f64() {
            Some(part) => part,
            None => {
                part.to_f64(&mut block[..part.len()]);
                &block[..part.len()]
            }
        };
        for eight in part.chunks(32) {
            lanes.iter_mut().zip(eight).for_each(|(lane, x)| *lane += x);
        }
    }
    lanes.iter().sum()
}
