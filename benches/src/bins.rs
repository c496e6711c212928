//! Counts in bins between −0.5 and 0.5, as a kernel for measurements.

use echoes_kernel::{Category, Kernel, Next, Reject, Result, Shape, Spec};
use echoes_stats::partials::{Edges, Histogram};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Counts in bins of one width between −0.5 and 0.5.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bins {
    /// How many bins.
    pub count: u32,
}

impl Kernel for Bins {
    const SPEC: Spec = Spec::new("bins", Category::Descriptive);
    type Pass = Histogram;
    type Output = Vec<u64>;

    fn pass(&self, _: &Shape<'_>) -> Result<Edges> {
        Edges::new(-0.5, 0.5, self.count).ok_or(Reject::Kernel("no bins"))
    }

    fn finish(&self, pass: &Histogram) -> Result<Next<Self>> {
        Ok(Next::Done(pass.counts().bins.clone()))
    }
}
