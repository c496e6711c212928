//! Columns that live as long as the process.

use crate::{uniform, weights};
use echoes_io::{Memory, View};
use std::{
    collections::HashMap,
    fs,
    sync::{LazyLock, Mutex, PoisonError},
};

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
    /// `columns` columns of `rows` rows, which all work of that size reads; one of them may be weights.
    pub(super) fn new(dtype: Dtype, rows: usize, columns: usize, weights: Option<usize>) -> Self {
        let view = |column| {
            let key = (rows, column, weights == Some(column));
            match dtype {
                Dtype::Float64 => View::from(doubles(key)),
                Dtype::Float32 => View::from(floats(key)),
            }
        };
        let memory = Memory::named((0..columns).map(|i| (format!("c{i}"), view(i))));
        Self { dtype, rows, doubles: doubles((rows, 0, false)), memory }
    }

    /// Bytes of all columns.
    pub(super) fn bytes(&self) -> u64 {
        (self.rows * self.dtype.size() * echoes_io::Source::fields(&self.memory).len()) as u64
    }
}

/// A column, made once and kept as long as the process runs.
fn doubles(key: Key) -> &'static [f64] {
    static MADE: LazyLock<Made<f64>> = LazyLock::new(Made::default);
    kept(&MADE, key, |x| x)
}

fn floats(key: Key) -> &'static [f32] {
    static MADE: LazyLock<Made<f32>> = LazyLock::new(Made::default);
    kept(&MADE, key, |x| x as f32)
}

/// The rows and the number of a column, and whether it has weights.
type Key = (usize, usize, bool);

type Made<T> = Mutex<HashMap<Key, &'static [T]>>;

fn kept<T>(made: &Made<T>, key: Key, of: fn(f64) -> T) -> &'static [T] {
    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
    let make = |(rows, _, is_weights): Key| if is_weights { weights(rows) } else { uniform(rows) };
    made.entry(key).or_insert_with(|| Vec::leak(make(key).into_iter().map(of).collect()))
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
    let sizes =
        (0..8).filter_map(|i| fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{i}/size")).ok());
    let bytes = sizes.filter_map(|size| Some(size.trim().strip_suffix('K')?.parse::<usize>().ok()? << 10));
    bytes.max().unwrap_or(32 << 20)
}
