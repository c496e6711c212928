//! What a kernel says of itself.

use serde::Serialize;

/// What a kernel says of itself; its summary and help come from the doc comments of its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spec {
    /// The name, in the field's words: `"skewness"`.
    pub name: &'static str,
    /// Where it stands in the catalogue.
    pub category: Category,
    /// The columns it takes, that of weights not counted.
    pub columns: Arity,
    /// Whether it takes a column of weights besides: if it is given one, that stands last.
    pub weighable: bool,
    /// How it goes through the data.
    pub form: Form,
    /// Doubles for each row that a kernel on whole columns works on besides; 0 for twice as many as it has columns, or fewer.
    #[serde(skip)]
    pub work: usize,
    /// Whether [`Shape::sample`](crate::Shape) should be filled, whatever the parameters ([`Kernel::wants_sample`](crate::Kernel)).
    pub sampled: bool,
    /// Whether it may ask for [another reading](crate::Next::Again).
    pub rereads: bool,
    /// Papers and tables, each a full citation.
    pub references: &'static [&'static str],
}

impl Spec {
    /// A kernel of one column that reads it and answers with a value.
    pub const fn new(name: &'static str, category: Category) -> Self {
        let (columns, form) = (Arity::Exactly(1), Form::Reduce);
        Self {
            name,
            category,
            columns,
            weighable: false,
            form,
            work: 0,
            sampled: false,
            rereads: false,
            references: &[],
        }
    }
    /// Takes exactly `n` columns of equal length, row by row.
    pub const fn columns(self, n: usize) -> Self {
        Self { columns: Arity::Exactly(n), ..self }
    }
    /// Takes `n` columns or more.
    pub const fn at_least(self, n: usize) -> Self {
        Self { columns: Arity::AtLeast(n), ..self }
    }
    /// Takes `n` independent samples, which may differ in length.
    pub const fn samples(self, n: usize) -> Self {
        Self { columns: Arity::Samples(n), ..self }
    }
    /// Takes a column of weights besides, if it is given one.
    pub const fn weighable(self) -> Self {
        Self { weighable: true, ..self }
    }
    /// Goes through the data as `form`.
    pub const fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }
    /// Works on so many doubles for each row.
    pub const fn work(self, work: usize) -> Self {
        Self { work, ..self }
    }
    /// Wants a sample of the first column before it chooses its setup, which another reading may have to narrow.
    pub const fn sampled(self) -> Self {
        Self { sampled: true, ..self.rereads() }
    }
    /// May ask for another reading.
    pub const fn rereads(self) -> Self {
        Self { rereads: true, ..self }
    }
    /// Whether it takes independent samples.
    pub const fn is_samples(&self) -> bool {
        matches!(self.columns, Arity::Samples(_))
    }
    /// Whether `n` columns will do, with weights or without.
    pub const fn accepts(&self, n: usize) -> bool {
        self.columns.accepts(n) || self.is_weighted(n)
    }
    /// Whether the last of `n` columns has the weights.
    pub const fn is_weighted(&self, n: usize) -> bool {
        self.weighable && n > 0 && !self.columns.accepts(n) && self.columns.accepts(n - 1)
    }
    /// The columns that it takes, in words.
    pub fn takes(&self) -> String {
        let weights = if self.weighable { ", and one of weights where there are some" } else { "" };
        format!("{}{weights}", self.columns)
    }
    /// Names its sources.
    pub const fn references(self, references: &'static [&'static str]) -> Self {
        Self { references, ..self }
    }
}

/// Where a kernel stands in the catalogue; also its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// One number, or a few, for a column.
    Descriptive,
    /// By rank.
    Order,
    /// Where the values lie: how many in each bin.
    Histogram,
    /// Two columns, row by row.
    Pair,
    /// Many columns at once.
    Matrix,
    /// Lines, planes and polynomials by least squares.
    Regression,
    /// Hypothesis tests.
    Test,
    /// A column in, a column out, in the order of the rows.
    Series,
    /// Estimates of bounded size.
    Sketch,
    /// Frequencies.
    Spectral,
    /// Probability distributions, and the functions that they are made of.
    Distribution,
}

/// How many columns a kernel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Arity {
    /// So many, of equal length, row by row.
    Exactly(usize),
    /// So many or more, of equal length, row by row.
    AtLeast(usize),
    /// So many independent samples, which may differ in length.
    Samples(usize),
}

impl Arity {
    /// Whether `n` columns will do.
    pub const fn accepts(self, n: usize) -> bool {
        match self {
            Self::Exactly(k) | Self::Samples(k) => n == k,
            Self::AtLeast(k) => n >= k,
        }
    }
}

impl std::fmt::Display for Arity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(1) => write!(f, "one column"),
            Self::Exactly(n) => write!(f, "{n} columns"),
            Self::AtLeast(n) => write!(f, "{n} columns or more"),
            Self::Samples(n) => write!(f, "{n} samples"),
        }
    }
}

/// How a kernel goes through the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Reads everything (again, if it asks to), then answers with a value.
    Reduce,
    /// Reads everything, then writes each row anew: z-score.
    Map,
    /// Writes each row from those before it or around it, in one reading: cumsum, rolling mean.
    Scan,
    /// Needs whole columns in memory and answers with columns: FFT.
    Whole,
    /// Needs whole columns in memory and answers with a value: mode.
    Gather,
}

impl Form {
    /// Whether the data are read before anything is written or gathered.
    pub const fn reads_first(self) -> bool {
        matches!(self, Self::Reduce | Self::Map)
    }

    /// Whether the answer is columns, which can be written as they come.
    pub const fn writes_columns(self) -> bool {
        !matches!(self, Self::Reduce | Self::Gather)
    }

    /// Whether the columns must be in memory, all of their rows at once.
    pub const fn gathers(self) -> bool {
        matches!(self, Self::Whole | Self::Gather)
    }
}
