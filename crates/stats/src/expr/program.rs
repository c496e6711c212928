//! A plan: what an expression computes, as data that can be stored, sent, and compiled for other processors.

use super::{
    error::Fault,
    walk::{Walk, walks},
};
use serde::{Deserialize, Serialize};

/// Steps of one program, intermediate values that it keeps, and numbers that it knows: each at most so many.
pub(super) const STEPS_MAX: usize = 4096;
const REGISTERS_MAX: usize = 256;
const CONSTANTS_MAX: usize = 256;

/// Columns of an expression, at most.
pub(super) const COLUMNS_MAX: usize = 256;

/// What becomes of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the field's words")]
pub enum Unary {
    Negate,
    Exp,
    Ln,
    Sqrt,
    Abs,
}

/// What becomes of two values. Comparisons give 1 or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the field's words")]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    LessEqual,
    Equal,
    NotEqual,
}

/// What becomes of all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the field's words")]
pub enum Aggregate {
    Sum,
    Mean,
    Std,
    Min,
    Max,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operand {
    /// A column, by its number among those of the expression.
    Column(u16),
    /// A number of the program's.
    Constant(u16),
    /// An aggregate, by its number in the plan.
    Aggregate(u16),
    /// An intermediate value.
    Register(u16),
}

/// One operation on each row. It never writes to a register that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// `to = operation(of)`.
    Unary {
        /// The operation.
        operation: Unary,
        /// The register to write.
        to: u16,
        /// The value.
        of: Operand,
    },
    /// `to = operation(left, right)`.
    Binary {
        /// The operation.
        operation: Binary,
        /// The register to write.
        to: u16,
        /// The first value.
        left: Operand,
        /// The second value.
        right: Operand,
    },
}

impl Step {
    /// The register that it writes.
    pub const fn to(&self) -> u16 {
        match self {
            Self::Unary { to, .. } | Self::Binary { to, .. } => *to,
        }
    }

    /// What it reads.
    pub(super) fn operands(&self) -> impl Iterator<Item = Operand> {
        let (first, second) = match *self {
            Self::Unary { of, .. } => (of, None),
            Self::Binary { left, right, .. } => (left, Some(right)),
        };
        std::iter::once(first).chain(second)
    }
}

/// Steps that make one value of each row. Where its result is a register, the last step writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Program {
    parts: Parts,
    /// The steps as they are run here.
    walks: Vec<Walk>,
}

/// A program's data, not yet known to hold together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Parts {
    pub(super) columns: u16,
    pub(super) constants: Vec<f64>,
    pub(super) aggregates: u16,
    pub(super) registers: u16,
    pub(super) steps: Vec<Step>,
    pub(super) result: Operand,
}

impl From<Program> for Parts {
    fn from(program: Program) -> Self {
        program.parts
    }
}

impl TryFrom<Parts> for Program {
    type Error = Fault;

    /// Refuses data that refer to what is not there, so that running a program needs no checks.
    fn try_from(parts: Parts) -> Result<Self, Fault> {
        let limits = [
            (parts.steps.len(), STEPS_MAX, "steps"),
            (parts.registers.into(), REGISTERS_MAX, "values at a time"),
            (parts.constants.len(), CONSTANTS_MAX, "numbers"),
            (parts.columns.into(), COLUMNS_MAX, "columns"),
        ];
        if let Some((_, most, what)) = limits.into_iter().find(|(found, most, _)| found > most) {
            return Err(Fault::TooMany(most, what));
        }
        let is_there = |operand: Operand| match operand {
            Operand::Column(i) => i < parts.columns,
            Operand::Constant(i) => usize::from(i) < parts.constants.len(),
            Operand::Aggregate(i) => i < parts.aggregates,
            Operand::Register(i) => i < parts.registers,
        };
        let sound = |step: &Step| {
            let to = Operand::Register(step.to());
            is_there(to) && step.operands().all(|operand| is_there(operand) && operand != to)
        };
        let last = parts.steps.last().map(|step| Operand::Register(step.to()));
        let ends = !matches!(parts.result, Operand::Register(_)) || last == Some(parts.result);
        if !(is_there(parts.result) && ends && parts.steps.iter().all(sound)) {
            return Err(Fault::Operator);
        }
        let walks = walks(&parts.steps, parts.result);
        Ok(Self { parts, walks })
    }
}

impl Program {
    /// Columns that it may read.
    pub fn columns(&self) -> usize {
        self.parts.columns.into()
    }

    /// The numbers that it knows.
    pub fn constants(&self) -> &[f64] {
        &self.parts.constants
    }

    /// Aggregates that it may read.
    pub fn aggregates(&self) -> usize {
        self.parts.aggregates.into()
    }

    /// Registers that it writes.
    pub fn registers(&self) -> usize {
        self.parts.registers.into()
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.parts.steps
    }

    pub(super) fn walks(&self) -> &[Walk] {
        &self.walks
    }

    /// Where the value of each row stands in the end.
    pub const fn result(&self) -> Operand {
        self.parts.result
    }
}

/// An aggregate of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Which aggregate.
    pub aggregate: Aggregate,
    /// Of which of the plan's inputs.
    pub input: usize,
}

/// What an expression computes: first a reading of `inputs` for the aggregates, if there are any, then a value for each row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// What the aggregates are taken of.
    pub inputs: Vec<super::Input>,
    /// The aggregates, by the number that the program reads them by.
    pub measures: Vec<Measure>,
    /// The value of each row.
    pub program: Program,
}
