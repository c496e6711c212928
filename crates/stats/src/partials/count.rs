//! How many values are there, and how many are missing. Exact.

use echoes_kernel::{Block, Partial, sweep::Sweep};
use serde::{Deserialize, Serialize};

/// Values present and values missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Count {
    /// Values present.
    pub present: u64,
    /// Values missing: empty fields, nulls, and NaN where the policy is to omit them.
    pub missing: u64,
}

impl Partial for Count {
    type Setup = ();
    const NAME: &'static str = "count/1";

    fn begin((): &()) -> Self {
        Self::default()
    }

    fn absorb(&mut self, block: &Block<'_>) {
        self.present += block.len() as u64;
        self.missing += block.missing() as u64;
    }

    fn merge(&mut self, later: &Self) {
        self.present = self.present.saturating_add(later.present);
        self.missing = self.missing.saturating_add(later.missing);
    }

    fn swept((): &()) -> Option<Sweep<Self>> {
        Some(|(), column| Ok(Self { present: column.rows(), missing: 0 }))
    }
}
