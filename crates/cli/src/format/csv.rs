//! CSV: every digit, `inf` and `-inf`, undefined as an empty field; as `""` where a line has no other, which would be blank.

use crate::layout::{Cell, Grid};
use echoes_io::csv::quoted;

/// A grid under its header, unless it stands under the same one already.
pub(super) fn grid(grid: Grid, source: Option<&str>, standing: &mut Vec<String>) -> String {
    let from = usize::from(grid.numbered);
    let mut text = String::new();
    let names = grid.header.iter().skip(from).cloned();
    let header: Vec<String> = source.map(|_| "source".to_owned()).into_iter().chain(names).collect();
    if *standing != header {
        line(&mut text, header.iter().map(String::as_str));
        *standing = header;
    }
    for row in &grid.rows {
        line(&mut text, source.into_iter().chain(row.iter().skip(from).map(plain)));
    }
    text
}

fn plain(cell: &Cell) -> &str {
    match cell {
        Cell::Text(text) | Cell::Number(text) => text,
        Cell::Blank => "",
    }
}

fn line<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>) {
    let start = text.len();
    for (i, field) in fields.enumerate() {
        if i > 0 {
            text.push(',');
        }
        if !field.is_empty() {
            *text += &quoted(field);
        }
    }
    if text.len() == start {
        *text += &quoted("");
    }
    text.push('\n');
}
