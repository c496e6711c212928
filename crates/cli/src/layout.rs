//! Answers as rows and columns, for the formats that have them.

use crate::{
    answer::{Answers, Set},
    tree::{Entries, Node},
};
use echoes_kernel::{INFINITY, MINUS_INFINITY, Spec};
use serde_json::{Value, value::RawValue};

/// Data columns that `describe` sets side by side; more are set one below another.
const SIDE_BY_SIDE_MAX: usize = 6;

/// Rows and columns of cells.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Whether the rows may be cut short where people read them.
    pub(crate) long: bool,
    /// Whether the first column only counts the rows, for people.
    pub(crate) numbered: bool,
}

/// What stands in a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    /// A number, in the digits of its JSON; `inf` and `-inf`, which JSON lacks.
    Number(String),
    /// Undefined.
    Blank,
}

impl Cell {
    fn of(raw: &RawValue) -> Self {
        let text = match raw.get() {
            INFINITY => "inf",
            MINUS_INFINITY => "-inf",
            text => text,
        };
        match text.as_bytes().first() {
            Some(b'n') => Self::Blank,
            Some(b'-' | b'i' | b'0'..=b'9') => Self::Number(text.to_owned()),
            Some(b'"') => Self::Text(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())),
            _ => Self::Text(text.to_owned()),
        }
    }

    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// `describe`: a row for each column of the data.
pub(crate) fn describe(answers: &Answers) -> Grid {
    let mut grid = Grid { header: vec!["name".to_owned(), "dtype".to_owned()], ..Grid::default() };
    for set in &answers.sets {
        let entries = entries(&set.answer);
        if grid.rows.is_empty() {
            grid.header.extend(entries.0.iter().map(|(name, _)| name.clone()));
        }
        let mut row = vec![Cell::text(set.columns.join(", ")), Cell::text(set.dtype)];
        row.extend(entries.0.iter().map(|(_, value)| Cell::of(value)));
        grid.rows.push(row);
    }
    grid
}

/// `describe` for people: a row for each statistic, if the data columns are few.
pub(crate) fn describe_for_people(answers: &Answers) -> Grid {
    let grid = describe(answers);
    if grid.rows.len() > SIDE_BY_SIDE_MAX {
        return grid;
    }
    let mut header = vec![String::new()];
    header.extend(answers.sets.iter().map(|set| set.columns.join(", ")));
    let row = |(i, name): (usize, &String)| {
        let cells = grid.rows.iter().map(|row| row.get(i).cloned().unwrap_or(Cell::Blank));
        std::iter::once(Cell::text(name)).chain(cells).collect()
    };
    let rows = grid.header.iter().enumerate().skip(1).map(row).collect();
    Grid { header, rows, ..Grid::default() }
}

/// Any other kernel's answers: one grid, or one for each set of columns where each is a matrix.
pub(crate) fn kernel(answers: &Answers) -> Vec<Grid> {
    let nodes: Vec<Node<'_>> = answers.sets.iter().map(|set| Node::of(&set.answer)).collect();
    match nodes.first() {
        Some(Node::Array(items)) if items.first().is_some_and(|item| item.get().starts_with('[')) => {
            answers.sets.iter().zip(&nodes).map(|(set, node)| matrix(set, node)).collect()
        }
        Some(Node::Array(_)) => vec![series(answers, &nodes)],
        Some(Node::Object(entries)) if entries.0.iter().any(|(_, value)| value.get().starts_with('[')) => {
            vec![series(answers, &nodes)]
        }
        _ => vec![values(answers, &nodes)],
    }
}

/// A row for each set of columns, its values beside it.
fn values(answers: &Answers, nodes: &[Node<'_>]) -> Grid {
    let first = if answers.sets.iter().all(|set| set.columns.len() == 1) { "column" } else { "columns" };
    let mut grid = Grid { header: vec![first.to_owned()], ..Grid::default() };
    match nodes.first() {
        Some(Node::Object(entries)) => grid.header.extend(entries.0.iter().map(|(name, _)| name.clone())),
        _ => grid.header.push(answers.spec.name.to_owned()),
    }
    for (set, node) in answers.sets.iter().zip(nodes) {
        let mut row = vec![Cell::text(set.columns.join(", "))];
        match node {
            Node::Object(entries) => row.extend(entries.0.iter().map(|(_, value)| Cell::of(value))),
            _ => row.push(Cell::of(&set.answer)),
        }
        grid.rows.push(row);
    }
    grid
}

fn matrix(set: &Set, node: &Node<'_>) -> Grid {
    let Node::Array(lines) = node else { return Grid::default() };
    let lines: Vec<Vec<&RawValue>> = lines.iter().filter_map(|line| serde_json::from_str(line.get()).ok()).collect();
    let width = lines.iter().map(Vec::len).max().unwrap_or_default();
    let name = |i: usize, count: usize| if set.columns.len() == count { set.columns[i].clone() } else { i.to_string() };
    let header = std::iter::once(String::new()).chain((0..width).map(|i| name(i, width))).collect();
    let row = |(i, line): (usize, &Vec<&RawValue>)| {
        std::iter::once(Cell::text(name(i, lines.len()))).chain(line.iter().map(|x| Cell::of(x))).collect()
    };
    let rows = lines.iter().enumerate().map(row).collect();
    Grid { header, rows, ..Grid::default() }
}

/// Columns side by side: those of each answer, for each set.
fn series(answers: &Answers, nodes: &[Node<'_>]) -> Grid {
    let mut columns: Vec<(String, Vec<&RawValue>)> = Vec::new();
    for (set, node) in answers.sets.iter().zip(nodes) {
        let title = |name: &str| match answers.sets.len() {
            1 => name.to_owned(),
            _ => format!("{name}({})", set.columns.join(", ")),
        };
        match node {
            Node::Array(items) => columns.push((title(answers.spec.name), items.clone())),
            Node::Object(entries) => columns.extend(entries.0.iter().map(|(name, value)| match Node::of(value) {
                Node::Array(items) => (title(name), items),
                _ => (title(name), vec![*value]),
            })),
            Node::Scalar => {}
        }
    }
    let len = columns.iter().map(|(_, items)| items.len()).max().unwrap_or_default();
    let labels = labels(&answers.spec, &answers.params, len);
    let (name, cells) = labels.unwrap_or_else(|| ("row".to_owned(), Vec::new()));
    let numbered = cells.is_empty();
    let label = |i: usize| cells.get(i).cloned().unwrap_or_else(|| Cell::Number(i.to_string()));
    let row = |i: usize| {
        let cells = columns.iter().map(|(_, items)| items.get(i).map_or(Cell::Blank, |item| Cell::of(item)));
        std::iter::once(label(i)).chain(cells).collect()
    };
    let header = std::iter::once(name).chain(columns.iter().map(|(name, _)| name.clone())).collect();
    Grid { header, rows: (0..len).map(row).collect(), long: numbered, numbered }
}

/// The parameter that has a value for each row of an answer that is not rows of the data: a quantile's fractions.
fn labels(spec: &Spec, params: &Value, len: usize) -> Option<(String, Vec<Cell>)> {
    if spec.form.writes_columns() {
        return None;
    }
    let lists = params.as_object()?.iter().filter_map(|(name, value)| Some((name, value.as_array()?)));
    let (name, list) = lists.into_iter().find(|(_, list)| list.len() == len)?;
    Some((name.clone(), list.iter().map(|value| Cell::Number(value.to_string())).collect()))
}

/// An answer's entries; one that is no object has the kernel's value alone.
pub(crate) fn entries(answer: &RawValue) -> Entries<'_> {
    match Node::of(answer) {
        Node::Object(entries) => entries,
        _ => Entries(vec![("result".to_owned(), answer)]),
    }
}
