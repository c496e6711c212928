//! The extrema of each of several columns.

use super::Extrema;
use echoes_kernel::{Block, Partial};
use serde::{Deserialize, Serialize};

/// The extrema of each column, over the rows in which all of them are present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extents(Vec<Extrema>);

impl Extents {
    /// Those of each column.
    pub fn columns(&self) -> &[Extrema] {
        &self.0
    }
}

impl Partial for Extents {
    type Setup = usize;
    const NAME: &'static str = "extents/1";

    fn begin(&columns: &usize) -> Self {
        Self(vec![Extrema::default(); columns])
    }

    fn absorb(&mut self, block: &Block<'_>) {
        for (i, extrema) in self.0.iter_mut().enumerate() {
            Partial::absorb(extrema, &block.column(i));
        }
    }

    fn merge(&mut self, later: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&later.0) {
            Partial::merge(mine, theirs);
        }
    }
}
