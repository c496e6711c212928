//! Tables for people: text to the left, numbers under each other at their points.

use super::number::{grouped, rounded};
use crate::{
    exit::on_one_line,
    layout::{Cell, Grid},
};

/// Rows of a long column that are shown.
const ROWS_SHOWN: usize = 10;
const GAP: &str = "  ";

/// A grid as aligned text.
pub(super) fn grid(grid: &Grid) -> String {
    let text = aligned(&grid.header, shown(grid));
    text + &rest(grid).map_or(String::new(), |rest| format!("{rest}\n"))
}

/// The rows that people are shown.
pub(super) fn shown(grid: &Grid) -> &[Vec<Cell>] {
    let count = if grid.long { grid.rows.len().min(ROWS_SHOWN) } else { grid.rows.len() };
    &grid.rows[..count]
}

/// What is said of the rows that are not shown.
pub(super) fn rest(grid: &Grid) -> Option<String> {
    let more = grid.rows.len() - shown(grid).len();
    (more > 0).then(|| format!("… and {} more (--format csv has all rows)", grouped(more as u64)))
}

/// Rows under a header, each column aligned.
pub(crate) fn aligned(header: &[String], rows: &[Vec<Cell>]) -> String {
    let columns: Vec<Column> =
        (0..header.len()).map(|i| Column::of(&header[i], rows.iter().map(|row| row.get(i)))).collect();
    let mut text = String::new();
    for line in 0..=rows.len() {
        let fields: Vec<String> = columns.iter().map(|column| column.field(line)).collect();
        text += fields.join(GAP).trim_end();
        text.push('\n');
    }
    text
}

/// A column of text, its header first.
struct Column {
    fields: Vec<String>,
    width: usize,
    numeric: bool,
}

impl Column {
    fn of<'a>(name: &str, cells: impl Iterator<Item = Option<&'a Cell>> + Clone) -> Self {
        let numeric = cells.clone().any(|cell| matches!(cell, Some(Cell::Number(_))));
        let numbers: Vec<String> = cells
            .clone()
            .map(|cell| if let Some(Cell::Number(json)) = cell { rounded(json) } else { String::new() })
            .collect();
        let decimals = numbers.iter().map(|number| decimals(number)).max().unwrap_or_default();
        let padded = cells.zip(numbers).map(|(cell, number)| match cell {
            Some(Cell::Text(text)) => on_one_line(text),
            Some(Cell::Number(_)) => {
                let missing = decimals - self::decimals(&number);
                number + &" ".repeat(missing)
            }
            _ => String::new(),
        });
        let fields: Vec<String> = std::iter::once(on_one_line(name)).chain(padded).collect();
        let width = fields.iter().map(|field| field.chars().count()).max().unwrap_or_default();
        Self { fields, width, numeric }
    }

    fn field(&self, line: usize) -> String {
        let field = self.fields.get(line).map_or("", String::as_str);
        let width = self.width;
        if self.numeric { format!("{field:>width$}") } else { format!("{field:width$}") }
    }
}

/// Characters from the point on.
fn decimals(number: &str) -> usize {
    number.find(['.', 'e']).map_or(0, |point| number.len() - point)
}
