//! The kernels of Echoes as aggregate functions of DataFusion, in one process or over a Ballista cluster.
//!
//! One adapter serves the whole registry: each kernel that reads once and answers with a value is the function `echoes_NAME`,
//! grouped or not. Partials travel between partitions and machines in their wire format. Parameters other than the columns are
//! a JSON object as the last argument: `echoes_std(x, '{"ddof": 0}')`. NULLs are missing rows. Undefined results are NULL.
//!
//! DISTINCT is what the planner makes of it: rows of one column are made distinct beforehand, more are refused.
//!
//! SQL does not say in what order rows come, so answers are those of the engine within its documented errors (the tests
//! hold them to 1e-10 of themselves), and to its bits where rows come in the same blocks.
//! Left out are kernels whose answer is a row's number, those that may need several readings (quantiles, histograms), those on independent
//! samples, and those that write columns.
//!
//! ```
//! use datafusion::prelude::SessionContext;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> datafusion::error::Result<()> {
//! let context = SessionContext::new();
//! echoes_datafusion::register_all(&context);
//! let rows = context.sql("SELECT echoes_mean(x) FROM (VALUES (1.0), (2.0), (6.0)) AS t(x)").await?.collect().await?;
//! assert_eq!(datafusion::arrow::util::pretty::pretty_format_batches(&rows)?.to_string().matches("3.0").count(), 1);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod accumulator;
mod aggregate;
mod rows;

use aggregate::Aggregate;
use datafusion::logical_expr::AggregateUDF;
use datafusion::prelude::SessionContext;
use echoes_kernel::{Arity, Entry, Form};

/// Kernels that answer with the number of a row, or go by the order of the rows, which rows do not have in SQL.
const OF_ORDER: [&str; 4] = ["argmax", "argmin", "autocorr", "topk"];

/// Every kernel that can be an aggregate function.
pub fn aggregates() -> impl Iterator<Item = AggregateUDF> {
    echoes_stats::KERNELS.iter().filter(|entry| aggregates_rows(entry)).map(|entry| Aggregate::new(entry).into())
}

/// Makes them known to a session.
pub fn register_all(context: &SessionContext) {
    aggregates().for_each(|aggregate| context.register_udaf(aggregate));
}

fn aggregates_rows(entry: &Entry) -> bool {
    let spec = entry.spec;
    spec.form == Form::Reduce
        && !spec.rereads
        && !matches!(spec.columns, Arity::Samples(_))
        && !OF_ORDER.contains(&spec.name)
}
