//! Number of values.

use crate::partials;
use echoes_kernel::{Category, Kernel, Next, Result, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Number of values, missing ones left aside.
///
/// ```
/// use echoes_kernel::reference;
/// use echoes_stats::kernels::descriptive::Count;
/// assert_eq!(reference(&Count {}, &[&[1.0, 2.0]])?, 2);
/// # Ok::<(), echoes_kernel::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {}

impl Kernel for Count {
    const SPEC: Spec = Spec::new("count", Category::Descriptive);
    type Pass = partials::Count;
    type Output = u64;

    fn pass(&self, _: &Shape<'_>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, count: &partials::Count) -> Result<Next<Self>> {
        Ok(Next::Done(count.present))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::reference;

    #[test]
    fn of_nothing_it_is_zero() {
        assert_eq!(reference(&Count {}, &[&[]]), Ok(0));
    }
}
