//! Comoments of a column with itself some rows later.
//!
//! Pairs within a part are those of [`Comoments`]; of pairs whose rows lie in two parts, a part keeps its first and its
//! last rows.

use super::Comoments;
use echoes_kernel::{BLOCK, Block, Column, Partial};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Comoments of a column with itself `lag` rows later, over the pairs of rows that are both present.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lagged {
    lag: u64,
    pairs: Comoments,
    /// Values of the first `lag` rows.
    first: VecDeque<Value>,
    /// Values of the last `lag` rows.
    last: VecDeque<Value>,
    /// Room for pairs, so that `absorb` allocates nothing; no part of the state.
    #[serde(skip)]
    scratch: [Vec<f64>; 2],
}

/// A value and its row.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Value {
    row: u64,
    x: f64,
}

impl Lagged {
    /// Of the pairs, the earlier value first.
    pub const fn pairs(&self) -> &Comoments {
        &self.pairs
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Takes in the pairs of one value of each, both in the order of their rows.
    fn pair(&mut self, earlier: impl Iterator<Item = Value>, later: impl Iterator<Item = Value>) {
        let mut later = later.peekable();
        for value in earlier {
            let row = value.row.saturating_add(self.lag);
            while later.next_if(|later| later.row < row).is_some() {}
            let Some(partner) = later.next_if(|later| later.row == row) else { continue };
            self.scratch[0].push(value.x);
            self.scratch[1].push(partner.x);
            if self.scratch[0].len() == BLOCK {
                self.flush();
            }
        }
        self.flush();
    }

    fn flush(&mut self) {
        let [x, y] = &self.scratch;
        self.pairs.absorb(&Block::new(&[Column::of(x), Column::of(y)], 0));
        self.scratch.iter_mut().for_each(Vec::clear);
    }

    /// Keeps what is among the first or the last rows of all; of rows that are not after those before, nothing.
    fn keep(&mut self, first: impl Iterator<Item = Value>, last: impl Iterator<Item = Value>) {
        let is_after = |kept: &VecDeque<Value>, value: Value| kept.back().is_none_or(|last| last.row < value.row);
        for value in first {
            let start = self.first.front().map_or(value.row, |start| start.row);
            if value.row >= start.saturating_add(self.lag) {
                break;
            }
            if is_after(&self.first, value) {
                self.first.push_back(value);
            }
        }
        for value in last {
            if !is_after(&self.last, value) {
                continue;
            }
            while self.last.front().is_some_and(|front| front.row.saturating_add(self.lag) <= value.row) {
                self.last.pop_front();
            }
            self.last.push_back(value);
        }
    }
}

fn values<'a>(block: &Block<'a>, from: usize) -> impl Iterator<Item = Value> {
    let block = *block;
    (from..block.len()).map(move |i| Value { row: block.row(i), x: block.values(0)[i] })
}

impl Partial for Lagged {
    type Setup = u32;
    const NAME: &'static str = "lagged/2";

    fn begin(&lag: &u32) -> Self {
        let (first, last) = (VecDeque::new(), VecDeque::new());
        Self { lag: lag.into(), pairs: Comoments::begin(&2), first, last, scratch: [Vec::new(), Vec::new()] }
    }

    fn make_room(&mut self, rows: usize) {
        let rows = rows.min(self.lag as usize);
        self.first.reserve(rows);
        self.last.reserve(rows);
        self.scratch.iter_mut().for_each(|scratch| scratch.reserve(BLOCK));
    }

    fn absorb(&mut self, block: &Block<'_>) {
        let (x, lag) = (block.values(0), self.lag as usize);
        let Some(last) = x.len().checked_sub(1) else { return };
        let before = std::mem::take(&mut self.last);
        self.pair(before.iter().copied(), values(block, 0));
        self.last = before;
        if block.row(last) - block.row(0) != last as u64 {
            self.pair(values(block, 0), values(block, 0));
        } else if lag < x.len() {
            self.pairs.absorb(&Block::new(&[Column::of(&x[..x.len() - lag]), Column::of(&x[lag..])], 0));
        }
        self.keep(values(block, 0), values(block, x.len().saturating_sub(lag)));
    }

    fn merge(&mut self, later: &Self) {
        if later.is_empty() {
            return;
        }
        if self.is_empty() {
            self.clone_from(later);
            return;
        }
        let before = std::mem::take(&mut self.last);
        self.pair(before.iter().copied(), later.first.iter().copied());
        self.last = before;
        Partial::merge(&mut self.pairs, &later.pairs);
        self.keep(later.first.iter().copied(), later.last.iter().copied());
    }

    fn is_sound(&self) -> bool {
        self.pairs.is_sound() && self.pairs.columns() == 2
    }
}
