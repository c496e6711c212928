//! The same through a Ballista scheduler and executor, between which plans and partials travel.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails as it should")]

mod common;

use ballista::prelude::SessionContextExt as _;
use common::{ROWS, assert_agreed, close, row};
use datafusion::error::Result;
use datafusion::execution::{FunctionRegistry as _, SessionStateBuilder};
use datafusion::prelude::{CsvReadOptions, SessionConfig, SessionContext};
use std::fmt::Write as _;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn every_function_agrees_with_the_engine() -> Result<()> {
    let config = SessionConfig::new().with_target_partitions(4);
    let mut state = SessionStateBuilder::new().with_config(config).with_default_features().build();
    for aggregate in echoes_datafusion::aggregates() {
        state.register_udaf(Arc::new(aggregate))?;
    }
    let context = SessionContext::standalone_with_state(state).await?;
    // The state is the scheduler's and the executor's; the client's has functions of its own.
    echoes_datafusion::register_all(&context);
    let directory = tempfile::tempdir()?;
    write_parts(directory.path())?;
    context.register_csv("t", directory.path().display().to_string(), CsvReadOptions::new()).await?;
    assert_agreed(&context, &(0..ROWS).collect::<Vec<_>>(), close).await
}

/// The table as three files, because executors read them themselves.
fn write_parts(directory: &std::path::Path) -> Result<()> {
    for part in 0..3 {
        let mut text = "g,x,y\n".to_owned();
        for (g, x, y) in (0..ROWS).skip(part).step_by(3).map(row) {
            let x = x.map_or(String::new(), |x| x.to_string());
            let _ = writeln!(text, "{g},{x},{y}");
        }
        std::fs::write(directory.join(format!("{part}.csv")), text)?;
    }
    Ok(())
}
