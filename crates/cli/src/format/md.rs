//! Markdown tables.

use super::{number::rounded, table};
use crate::{
    exit::on_one_line,
    layout::{Cell, Grid},
};

/// A grid as a Markdown table.
pub(super) fn grid(grid: &Grid) -> String {
    let shown = table::shown(grid);
    let escape = |text: &str| on_one_line(text).replace('|', "\\|");
    let mut text = line(grid.header.iter().map(|name| escape(name)));
    let right = |i: usize| shown.iter().any(|row| matches!(row.get(i), Some(Cell::Number(_))));
    text += &line((0..grid.header.len()).map(|i| if right(i) { "---:".to_owned() } else { "---".to_owned() }));
    for row in shown {
        text += &line(row.iter().map(|cell| match cell {
            Cell::Text(text) => escape(text),
            Cell::Number(digits) => rounded(digits),
            Cell::Blank => String::new(),
        }));
    }
    text + &table::rest(grid).map_or(String::new(), |rest| format!("\n{rest}\n"))
}

fn line(fields: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", fields.collect::<Vec<_>>().join(" | "))
}
