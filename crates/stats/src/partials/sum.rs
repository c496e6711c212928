//! The sum: exact for integers of every width; for doubles, lanes within a block and two doubles between blocks.
//!
//! Error for doubles: runs of eight values are added one by one, the runs of a lane without loss, the 32 lanes of a block as a
//! tree, the blocks without loss: a relative error below 14 · 2⁻⁵³ of `Σ|x|`, in practice below 2⁻⁵².

use crate::{ahead::Ahead, double::Double, sweeps, swept};
use echoes_kernel::{
    Block, Number, Partial, Values,
    sweep::{Powers, Sweep},
};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// The sum of one column.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Sum {
    integers: i128,
    doubles: Option<Double>,
}

impl Sum {
    /// The sum: an integer if every value was stored as one; 0 for no values.
    pub fn value(&self) -> Number {
        match self.doubles {
            None => Number::Int(self.integers),
            Some(sum) if self.integers == 0 => Number::Float(sum.value()),
            Some(sum) => Number::Float(sum.add(self.integers as f64).value()),
        }
    }

    /// Takes in the sum of a block of doubles, wherever it was added.
    pub(crate) fn add(&mut self, sum: f64) {
        self.doubles = Some(self.doubles.map_or(sum.into(), |before| before.add(sum)));
    }
}

impl Partial for Sum {
    type Setup = ();
    const NAME: &'static str = "sum/1";

    fn begin((): &()) -> Self {
        Self::default()
    }

    fn absorb(&mut self, block: &Block<'_>) {
        run(Absorb(self, block));
    }

    fn merge(&mut self, later: &Self) {
        self.integers = self.integers.saturating_add(later.integers);
        self.doubles = match (self.doubles, later.doubles) {
            (Some(a), Some(b)) => Some(a.add_double(b)),
            (a, b) => a.or(b),
        };
    }

    fn swept((): &()) -> Option<Sweep<Self>> {
        Some(|(), column| {
            let blocks: Vec<(u64, f64)> = (0..column.blocks()).map(|block| (block, 0.0)).collect();
            let sums = column.sums(Powers::Total, &blocks)?;
            Ok(swept::of_blocks(column, &(), &sums, |sum: &mut Self, _, found| sum.add(found.powers[0])))
        })
    }
}

struct Absorb<'a, 'b>(&'a mut Sum, &'a Block<'b>);

impl Operation for Absorb<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self(sum, block) = self;
        match integers(block.stored(0)) {
            // 2¹²⁷ is beyond 2⁶³ rows of the widest integers.
            Some(integers) => sum.integers = sum.integers.saturating_add(integers),
            None if block.is_empty() => {}
            None => sum.add(sweeps::total(l, block.values(0), Ahead::of(block))),
        }
    }
}

/// The exact sum of a block of integers; `None` for floating point. A block's narrow integers fit an `i64`, which vectorises.
#[inline(always)]
fn integers(values: Values<'_>) -> Option<i128> {
    #[inline(always)]
    fn narrow<T: Copy + Into<i64>>(x: &[T]) -> i128 {
        let mut sum = 0;
        for &x in x {
            sum += x.into();
        }
        sum.into()
    }
    #[inline(always)]
    fn wide<T: Copy + Into<i128>>(x: &[T]) -> i128 {
        let mut sum = 0;
        for &x in x {
            sum += x.into();
        }
        sum
    }
    match values {
        Values::Int8(x) => Some(narrow(x)),
        Values::Int16(x) => Some(narrow(x)),
        Values::Int32(x) => Some(narrow(x)),
        Values::UInt8(x) => Some(narrow(x)),
        Values::UInt16(x) => Some(narrow(x)),
        Values::UInt32(x) => Some(narrow(x)),
        Values::Int64(x) => Some(wide(x)),
        Values::UInt64(x) => Some(wide(x)),
        Values::Float32(_) | Values::Float64(_) => None,
    }
}
