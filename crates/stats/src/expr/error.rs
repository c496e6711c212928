//! What is wrong with an expression, and where.

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {character} of the expression: {fault}")]
pub struct ExprError {
    /// The byte of the text where it is.
    pub at: usize,
    /// The character where it is, from 1.
    pub character: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing is written.
    #[error("it is empty")]
    Empty,
    /// It is too long to be read.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    /// It needs too much to be computed.
    #[error("it has more than {0} {1}")]
    TooMany(usize, &'static str),
    /// A character that nothing begins with.
    #[error("`{0}` means nothing here")]
    Character(char),
    /// A number that is none, or too large.
    #[error("this is not a number that a double can hold")]
    Number,
    /// A name in backticks that does not end, or is empty.
    #[error("a name in backticks must end with one, on something")]
    Name,
    /// A value should stand here.
    #[error("a column, a number or a function should stand here")]
    Value,
    /// An operator should stand here.
    #[error("an operator should stand here")]
    Operator,
    /// A closing parenthesis without an opening one.
    #[error("there is no parenthesis to close")]
    Closed,
    /// An opening parenthesis without a closing one.
    #[error("this parenthesis is not closed")]
    Open,
    /// A comparison of a comparison.
    #[error("comparisons do not chain: put one in parentheses")]
    Chain,
    /// A function that does not exist.
    #[error("there is no function `{0}`: there are exp ln sqrt abs, sum mean std min max")]
    Function(String),
    /// An aggregate within an aggregate.
    #[error("an aggregate within an aggregate needs another reading: compute the inner one first")]
    Nested,
    /// No column is named, so there are no rows.
    #[error("it names no column, so it has no rows; pi and e are numbers, a column of that name stands in backticks")]
    NoColumn,
    /// The data have no such column.
    #[error("there is no column `{0}`")]
    Column(String),
}

impl ExprError {
    /// The fault at byte `at` of `text`.
    pub(super) fn new(text: &str, at: usize, fault: Fault) -> Self {
        let character = 1 + text.char_indices().take_while(|(i, _)| *i < at).count();
        Self { at, character, fault }
    }
}
