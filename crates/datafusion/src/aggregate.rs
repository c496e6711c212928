//! One kernel as a function of DataFusion.

use crate::accumulator::Rows;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use datafusion::physical_expr::expressions::Literal;
use echoes_kernel::Entry;
use serde_json::{Value, json};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A line of the registry under a name of its own.
pub(crate) struct Aggregate {
    entry: &'static Entry,
    name: String,
    signature: Signature,
}

impl Aggregate {
    pub(crate) fn new(entry: &'static Entry) -> Self {
        let name = format!("echoes_{}", entry.spec.name);
        Self { entry, name, signature: Signature::user_defined(Volatility::Immutable) }
    }

    /// How many of the arguments are columns; the one after them, if any, is the parameters.
    fn columns(&self, arguments: usize, parameters: bool) -> Result<usize> {
        let columns = arguments - usize::from(parameters);
        if self.entry.spec.accepts(columns) {
            return Ok(columns);
        }
        plan_err!("{} takes {}, then its parameters as a JSON object if any", self.name, self.entry.spec.takes())
    }

    /// What the answer is in Arrow: a number, or JSON text.
    fn answer_type(&self) -> DataType {
        match Value::from((self.entry.output)())["type"].as_str() {
            Some("integer") => DataType::Int64,
            Some("number") => DataType::Float64,
            _ => DataType::Utf8,
        }
    }

    /// The parameters of a call, which must be known before the rows.
    fn parameters(&self, args: &AccumulatorArgs<'_>) -> Result<Value> {
        let Some(last) = args.expr_fields.last().filter(|field| is_text(field.data_type())) else {
            return Ok(json!({}));
        };
        let literal = args.exprs.last().and_then(|last| last.downcast_ref::<Literal>());
        let text = literal.and_then(|literal| literal.value().try_as_str().flatten());
        match text.map(serde_json::from_str) {
            Some(Ok(parameters)) => Ok(parameters),
            Some(Err(e)) => exec_err!("{}: its parameters are not JSON: {e}", self.name),
            None => exec_err!("{}: `{}` must be a JSON object as text, not a column", self.name, last.name()),
        }
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

impl AggregateUDFImpl for Aggregate {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Numbers stay in their types, in which integers are exact; decimals become doubles.
    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let columns = self.columns(arguments.len(), arguments.last().is_some_and(is_text))?;
        let coerce = |(i, given): (usize, &DataType)| match given {
            text if i >= columns => Ok(text.clone()),
            DataType::Float16 | DataType::Null => Ok(DataType::Float64),
            number if number.is_integer() || number.is_floating() => Ok(number.clone()),
            number if number.is_numeric() => Ok(DataType::Float64),
            other => plan_err!("{} takes numbers, not {other}", self.name),
        };
        arguments.iter().enumerate().map(coerce).collect()
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.answer_type())
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return exec_err!("{}: DISTINCT is not there; select distinct rows first", self.name);
        }
        let parameters = args.expr_fields.last().is_some_and(|field| is_text(field.data_type()));
        let columns = self.columns(args.exprs.len(), parameters)?;
        match (self.entry.bind)(self.parameters(&args)?) {
            Ok(kernel) => Ok(Box::new(Rows::new(kernel, columns, self.answer_type())?)),
            Err(reject) => exec_err!("{}: {reject}", self.name),
        }
    }

    /// One field: the partials in their wire format.
    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[partials]", args.name), DataType::Binary, true))])
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        ScalarValue::try_from(data_type)
    }
}

impl std::fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Aggregate").field(&self.name).finish()
    }
}

// A name stands for one line of the registry.
impl PartialEq for Aggregate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Aggregate {}

impl Hash for Aggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_numbers_where_the_kernel_says_so() {
        let answer = |name: &str| {
            let entry = echoes_stats::KERNELS.iter().find(|entry| entry.spec.name == name).unwrap();
            Aggregate::new(entry).answer_type()
        };
        assert_eq!(
            [answer("count"), answer("mean"), answer("corr_matrix")],
            [DataType::Int64, DataType::Float64, DataType::Utf8]
        );
    }

    #[test]
    fn the_number_of_columns_is_checked() {
        let aggregate = |name: &str| Aggregate::new(echoes_stats::find(name).unwrap());
        assert_eq!(aggregate("pearsonr").columns(3, true).unwrap(), 2);
        assert!(aggregate("pearsonr").columns(3, false).is_err());
        // Weights stand last.
        assert_eq!((aggregate("corr").columns(3, false).unwrap(), aggregate("mean").columns(3, true).unwrap()), (3, 2));
        assert!(aggregate("mean").columns(3, false).is_err());
    }
}
