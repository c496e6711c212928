//! The partials of a group of rows.

use crate::rows;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, exec_err};
use datafusion::logical_expr::Accumulator;
use echoes_kernel::{BoundKernel, Bundle, Fold as _, Reject, Shape, Step};

/// The partials of a group of rows.
pub(crate) struct Rows {
    kernel: Box<dyn BoundKernel>,
    columns: usize,
    answer: DataType,
    bundle: Bundle,
    seen: u64,
}

impl Rows {
    pub(crate) fn new(kernel: Box<dyn BoundKernel>, columns: usize, answer: DataType) -> Result<Self> {
        let mut bundle = Bundle::default();
        let spread = kernel.spread(&shape(columns), &mut bundle);
        spread.map_err(|reject| exec_datafusion_err!("{}: {reject}", kernel.spec().name))?;
        Ok(Self { kernel, columns, answer, bundle, seen: 0 })
    }

    fn failed(&self, reject: &Reject) -> datafusion::error::DataFusionError {
        exec_datafusion_err!("{}: {reject}", self.kernel.spec().name)
    }

    /// Each partial as its length and its bytes.
    fn encode(&self) -> Result<Vec<u8>> {
        let mut state = Vec::new();
        for leaf in self.bundle.leaves() {
            let bytes = leaf.encode().map_err(|reject| self.failed(&reject))?;
            state.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            state.extend_from_slice(&bytes);
        }
        Ok(state)
    }

    fn decode(&self, mut state: &[u8]) -> Result<Bundle> {
        let mut leaves = Vec::new();
        for leaf in self.bundle.leaves() {
            let Some((length, rest)) = state.split_first_chunk() else { return exec_err!("a partial is cut off") };
            let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let Some((bytes, rest)) = rest.split_at_checked(length) else { return exec_err!("a partial is cut off") };
            leaves.push(leaf.decode(bytes).map_err(|reject| self.failed(&reject))?);
            state = rest;
        }
        Ok(leaves.into_iter().collect())
    }

    /// An answer in the type that was promised.
    fn scalar(&self, json: &str) -> Result<ScalarValue> {
        let null = || ScalarValue::try_from(&self.answer);
        Ok(match self.answer {
            _ if json == "null" => null()?,
            DataType::Int64 => ScalarValue::Int64(Some(json.parse().map_err(|e| exec_datafusion_err!("{json}: {e}"))?)),
            DataType::Float64 => {
                ScalarValue::Float64(Some(json.parse().map_err(|e| exec_datafusion_err!("{json}: {e}"))?))
            }
            _ => ScalarValue::Utf8(Some(json.to_owned())),
        })
    }
}

fn shape(columns: usize) -> Shape<'static> {
    Shape { rows: None, columns, sample: &[] }
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values.get(..self.columns).unwrap_or_default();
        rows::absorb(&mut self.bundle, values, self.seen)?;
        self.seen += values.first().map_or(0, |array| array.len() as u64);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        match self.kernel.finish(&shape(self.columns), &self.bundle) {
            Ok(Step::Done(answer)) => self.scalar(answer.get()),
            // No rows: SQL's answer is NULL.
            Err(Reject::Empty) => ScalarValue::try_from(&self.answer),
            Err(reject) => Err(self.failed(&reject)),
            Ok(_) => exec_err!("{} needs more than one reading", self.kernel.spec().name),
        }
    }

    fn size(&self) -> usize {
        // What partials keep on the heap is what they would send, about.
        size_of::<Self>() + self.encode().map_or(0, |state| state.len())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.encode()?))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else { return Ok(()) };
        let states = states.as_binary::<i32>();
        for state in states.iter().flatten() {
            let later = self.decode(state)?;
            self.bundle.merge(&later);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("kernel", &self.kernel.spec().name).field("seen", &self.seen).finish()
    }
}
