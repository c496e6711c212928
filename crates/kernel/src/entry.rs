//! The registry's entries: kernels whose types have been forgotten.

use crate::{
    Bundle, Columns, Emission, Emit, Kernel, NamedColumns, Needs, Next, Partial, Piece, Reject, Result, Shape, Spec,
    Whole, infinite::Telling, sweep::Formula,
};
use schemars::Schema;
use serde_json::value::{RawValue, Value, to_raw_value};

/// An answer as JSON text, which keeps integers of any size exact.
pub type Answer = Box<RawValue>;

/// A line of the registry: a kernel as functions.
#[derive(Clone, Copy)]
pub struct Entry {
    /// What the kernel says of itself.
    pub spec: Spec,
    /// JSON schema of its parameters; the description is the help text.
    pub params: fn() -> Schema,
    /// JSON schema of its answer.
    pub output: fn() -> Schema,
    /// The kernel with the parameters of a JSON object.
    pub bind: fn(Value) -> Result<Box<dyn BoundKernel>>,
}

impl Entry {
    /// The entry of kernel `K`.
    pub const fn of<K: Kernel>() -> Self {
        Self {
            spec: K::SPEC,
            params: || schemars::schema_for!(K),
            output: || schemars::schema_for!(K::Output),
            bind: bind::<K>,
        }
    }

    /// The first sentence of the kernel's documentation.
    pub fn summary(&self) -> String {
        let schema = (self.params)();
        let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let paragraph = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        paragraph.split_once(". ").map_or(paragraph.as_str(), |(first, _)| first).trim_end_matches('.').to_owned()
    }
}

fn bind<K: Kernel>(params: Value) -> Result<Box<dyn BoundKernel>> {
    let kernel: K = serde_path_to_error::deserialize(params).map_err(|error| {
        let words = in_words::<K>(&error.inner().to_string());
        // What the field itself has to say names it.
        let is_of_serde = ["invalid ", "unknown variant ", "expected "].iter().any(|start| words.starts_with(start));
        Reject::Parameters(if is_of_serde { format!("parameter `{}`: {words}", error.path()) } else { words })
    })?;
    Ok(Box::new(Bound { kernel, text: Text::Json }))
}

/// What is wrong with parameters, without Rust's names of types.
fn in_words<K: Kernel>(error: &str) -> String {
    let quoted = error.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    if let Some((unknown, _)) = quoted {
        let schema = schemars::schema_for!(K);
        let known = schema.get("properties").and_then(Value::as_object);
        let known: Vec<String> = known.into_iter().flatten().map(|(name, _)| format!("`{name}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return format!("`{}` takes no parameter `{unknown}`: it takes {known}", K::SPEC.name);
    }
    let whole = ["u8", "u16", "u32", "u64", "usize"].map(|name| (name, "a whole number from 0"));
    let words = [("f64", "a number"), ("i64", "a whole number"), ("a sequence", "an array")];
    let found = whole.into_iter().chain(words).find_map(|(name, word)| {
        let start = error.strip_suffix(name)?.strip_suffix("expected ")?;
        Some(format!("{start}expected {word}"))
    });
    found.unwrap_or_else(|| error.to_owned())
}

/// A kernel with its parameters, its type forgotten.
pub trait BoundKernel: Send + Sync {
    /// What the kernel says of itself.
    fn spec(&self) -> Spec;
    /// The parameters, defaults filled in.
    fn params(&self) -> Value;
    /// The same kernel, whose answers say [`INFINITY`](crate::INFINITY) and [`MINUS_INFINITY`](crate::MINUS_INFINITY) where they
    /// else say null.
    fn telling_infinities(self: Box<Self>) -> Box<dyn BoundKernel>;
    /// As [`Kernel::wants_sample`].
    fn wants_sample(&self) -> bool;
    /// As [`Kernel::rows_made`].
    fn rows_made(&self, rows: u64) -> u64;
    /// Checks the parameters and adds the partials that are needed to the reading.
    ///
    /// # Errors
    /// As [`Kernel::pass`].
    fn spread(&self, shape: &Shape<'_>, bundle: &mut Bundle) -> Result<()>;
    /// Makes the answer from the reading that [`spread`](BoundKernel::spread) prepared, or says what else is needed.
    ///
    /// # Errors
    /// As [`Kernel::finish`].
    fn finish(&self, shape: &Shape<'_>, bundle: &Bundle) -> Result<Step>;
}

/// What follows a reading, as [`Next`].
pub enum Step {
    /// The answer.
    Done(Answer),
    /// Another reading, with narrower parameters.
    Again(Box<dyn BoundKernel>),
    /// Columns out, piece by piece.
    Emit(Box<dyn Emitting>),
    /// The answer needs whole columns in memory.
    Whole(Box<dyn Gathering>),
}

/// As [`Emit`], its types forgotten.
pub trait Emitting: Send + Sync {
    /// As [`Emit::needs`].
    fn needs(&self) -> Needs;
    /// As [`Emit::names`].
    fn names(&self) -> &'static [&'static str];
    /// As [`Emit::formula`].
    fn formula(&self) -> Option<Formula>;
    /// As [`Emit::emit`].
    fn emit(&self, before: &Bundle, piece: &Piece<'_>, out: &mut [&mut [f64]]);
    /// The kernel's answer from the columns that were written.
    ///
    /// # Errors
    /// [`Reject::Kernel`] if it cannot be serialised.
    fn collect(&self, columns: Columns) -> Result<Answer>;
}

/// As [`Whole`], its types forgotten.
pub trait Gathering: Send + Sync {
    /// The answer as JSON.
    ///
    /// # Errors
    /// As [`Whole::whole`].
    fn answer(&self, columns: Columns) -> Result<Answer>;
    /// The answer as named columns; `None` if it is not columns.
    ///
    /// # Errors
    /// As [`Whole::whole`].
    fn columns(&self, columns: Columns) -> Result<Option<NamedColumns>>;
}

struct Bound<K> {
    kernel: K,
    text: Text,
}

impl<K: Kernel> BoundKernel for Bound<K> {
    fn spec(&self) -> Spec {
        K::SPEC
    }
    fn params(&self) -> Value {
        serde_json::to_value(&self.kernel).unwrap_or_default()
    }
    fn telling_infinities(self: Box<Self>) -> Box<dyn BoundKernel> {
        Box::new(Self { text: Text::Telling, ..*self })
    }
    fn wants_sample(&self) -> bool {
        self.kernel.wants_sample()
    }
    fn rows_made(&self, rows: u64) -> u64 {
        self.kernel.rows_made(rows)
    }
    fn spread(&self, shape: &Shape<'_>, bundle: &mut Bundle) -> Result<()> {
        K::Pass::spread(&self.kernel.pass(shape)?, bundle);
        Ok(())
    }
    fn finish(&self, shape: &Shape<'_>, bundle: &Bundle) -> Result<Step> {
        let setup = self.kernel.pass(shape)?;
        let pass = K::Pass::gather(&setup, bundle).ok_or(Reject::Kernel("its partial is not in the reading"))?;
        Ok(match self.kernel.finish(&pass)? {
            Next::Done(output) => Step::Done(self.text.of(&output)?),
            Next::Again(kernel) => Step::Again(Box::new(Self { kernel, text: self.text })),
            Next::Whole(whole) => Step::Whole(Box::new(ErasedWhole { whole, text: self.text })),
            Next::Emit(Emission { emit, collect }) => {
                Step::Emit(Box::new(ErasedEmit::<K> { emit, collect, setup, text: self.text }))
            }
        })
    }
}

/// How an answer becomes text.
#[derive(Clone, Copy)]
enum Text {
    /// Infinities are null.
    Json,
    /// Infinities are told.
    Telling,
}

impl Text {
    fn of<T: serde::Serialize>(self, output: &T) -> Result<Answer> {
        let text = match self {
            Self::Json => to_raw_value(output),
            Self::Telling => to_raw_value(&Telling(output)),
        };
        text.map_err(|_| Reject::Kernel("its answer is not JSON"))
    }
}

struct ErasedEmit<K: Kernel> {
    emit: Box<dyn Emit<K::Pass>>,
    collect: fn(Columns) -> K::Output,
    setup: <K::Pass as Partial>::Setup,
    text: Text,
}

impl<K: Kernel> Emitting for ErasedEmit<K> {
    fn needs(&self) -> Needs {
        self.emit.needs()
    }
    fn names(&self) -> &'static [&'static str] {
        self.emit.names()
    }
    fn formula(&self) -> Option<Formula> {
        self.emit.formula()
    }
    fn emit(&self, before: &Bundle, piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        let before = K::Pass::gather(&self.setup, before).unwrap_or_else(|| K::Pass::begin(&self.setup));
        self.emit.emit(&before, piece, out);
    }
    fn collect(&self, columns: Columns) -> Result<Answer> {
        self.text.of(&(self.collect)(columns))
    }
}

struct ErasedWhole<O> {
    whole: Box<dyn Whole<O>>,
    text: Text,
}

impl<O: serde::Serialize> Gathering for ErasedWhole<O> {
    fn answer(&self, columns: Columns) -> Result<Answer> {
        self.text.of(&self.whole.whole(columns)?)
    }
    fn columns(&self, columns: Columns) -> Result<Option<NamedColumns>> {
        let answer = self.whole.whole(columns)?;
        Ok(self.whole.columns(answer))
    }
}
