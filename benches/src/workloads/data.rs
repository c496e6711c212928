//! Columns that live as long as the process.

use crate::uniform;
use echoes_io::{Memory, View};
use std::fs;

/// The type of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// Doubles.
    Float64,
    /// Floats.
    Float32,
}

impl Dtype {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Float64, Self::Float32];

    /// As in names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Float64 => "f64",
            Self::Float32 => "f32",
        }
    }

    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    const fn size(self) -> usize {
        match self {
            Self::Float64 => 8,
            Self::Float32 => 4,
        }
    }
}

/// Columns, all alike: a kernel takes as long for the same numbers as for others.
pub(super) struct Data {
    dtype: Dtype,
    pub(super) rows: usize,
    pub(super) doubles: &'static [f64],
    pub(super) memory: Memory<'static>,
}

impl Data {
    /// `columns` columns of `rows` rows. They are never freed: a process measures some work, then ends.
    pub(super) fn new(dtype: Dtype, rows: usize, columns: usize) -> Self {
        let doubles: &'static [f64] = Vec::leak(uniform(rows));
        let view = |_| match dtype {
            Dtype::Float64 => View::from(&*Vec::leak(doubles.to_vec())),
            Dtype::Float32 => View::from(&*Vec::leak(doubles.iter().map(|&x| x as f32).collect::<Vec<_>>())),
        };
        let memory = Memory::named((0..columns).map(|i| (format!("c{i}"), view(i))));
        Self { dtype, rows, doubles, memory }
    }

    /// Bytes of all columns.
    pub(super) fn bytes(&self) -> u64 {
        (self.rows * self.dtype.size() * echoes_io::Source::fields(&self.memory).len()) as u64
    }
}

/// The rows that a size stands for.
pub(super) fn rows_of(size: &str, dtype: Dtype, columns: usize) -> Option<usize> {
    match size {
        // A power of two, as transforms of any other length take longer for reasons of their own.
        "large" => Some((last_cache_bytes() * 3 / 2 / (dtype.size() * columns)).next_power_of_two()),
        rows => rows.parse().ok().filter(|rows| (1..=1 << 32).contains(rows)),
    }
}

/// Bytes of the last cache; 32 MiB where the system does not say.
fn last_cache_bytes() -> usize {
    let sizes = (0..8).filter_map(|i| fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{i}/size")).ok());
    let bytes = sizes.filter_map(|size| Some(size.trim().strip_suffix('K')?.parse::<usize>().ok()? << 10));
    bytes.max().unwrap_or(32 << 20)
}
