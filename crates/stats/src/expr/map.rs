//! The kernel that runs an expression.

use super::{
    aggregates::{Aggregates, Input},
    error::{ExprError, Fault},
    evaluate::{Space, evaluate},
    parse::{Named, parse},
    program::{Plan, Program},
};
use echoes_kernel::{Category, Emit, Entry, Form, Kernel, Next, Piece, Reject, Result, Series, Shape, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An expression that can be computed. It is stored as its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Expression {
    text: String,
    columns: Vec<Named>,
    plan: Plan,
}

impl Expression {
    /// Reads an expression of at most 64 KiB.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> std::result::Result<Self, ExprError> {
        let (plan, columns) = parse(text)?;
        Ok(Self { text: text.to_owned(), columns, plan })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The columns by name, in the order in which [`Map`] takes them: that of their first mention.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// What it computes, as plain data.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where its columns stand among `names`.
    ///
    /// # Errors
    /// [`Fault::Column`] for the first that is not there.
    pub fn locate(&self, names: &[&str]) -> std::result::Result<Vec<usize>, ExprError> {
        let place = |column: &Named| {
            let missing = || ExprError::new(&self.text, column.at, Fault::Column(column.name.clone()));
            names.iter().position(|name| *name == column.name).ok_or_else(missing)
        };
        self.columns.iter().map(place).collect()
    }
}

impl TryFrom<String> for Expression {
    type Error = ExprError;
    fn try_from(text: String) -> std::result::Result<Self, ExprError> {
        Self::parse(&text)
    }
}

impl From<Expression> for String {
    fn from(expression: Expression) -> Self {
        expression.text
    }
}

/// The value of an expression for each row.
///
/// Not in the registry: those kernels take columns by position, and their callers choose them; an expression names its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The expression.
    pub expr: Expression,
}

impl Map {
    /// The kernel for an expression.
    pub const fn new(expr: Expression) -> Self {
        Self { expr }
    }
}

/// [`Map`] as the doors see it.
pub static MAP: Entry = Entry::of::<Map>();

impl Kernel for Map {
    const SPEC: Spec = Spec::new("map", Category::Series).at_least(1).form(Form::Map);
    type Pass = Aggregates;
    type Output = Series;

    fn pass(&self, shape: &Shape<'_>) -> Result<Vec<Input>> {
        let wanted = self.expr.columns.len();
        if shape.columns != wanted {
            let (found, names) = (shape.columns, self.expr.columns().collect::<Vec<_>>().join(", "));
            return Err(Reject::Parameters(format!("the expression takes {wanted} columns ({names}), not {found}")));
        }
        Ok(self.expr.plan.inputs.clone())
    }

    fn finish(&self, aggregates: &Aggregates) -> Result<Next<Self>> {
        let Plan { measures, program, .. } = &self.expr.plan;
        Ok(Next::emit(Write { program: program.clone(), aggregates: aggregates.values(measures) }))
    }
}

struct Write {
    program: Program,
    aggregates: Vec<f64>,
}

impl Emit<Aggregates> for Write {
    fn emit(&self, _: &Aggregates, piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        let columns: Vec<&[f64]> = (0..piece.columns.len()).map(|i| piece.own(i)).collect();
        evaluate(&self.program, &mut Space::new(&self.program), &self.aggregates, &columns, out[0]);
    }
}
