//! JSON, an object a line. Numbers keep the digits that the kernel gave them.

use crate::{
    answer::{Answers, Set},
    layout,
    tree::Headed,
};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

#[derive(Serialize)]
struct Description<'a> {
    source: &'a str,
    rows: u64,
    columns: Vec<Headed<'a>>,
}

#[derive(Serialize)]
struct Called<'a> {
    source: &'a str,
    kernel: &'a str,
    params: &'a Value,
    columns: &'a [String],
    result: &'a RawValue,
}

/// `describe`: an object for the file; any other kernel: one for each set of columns.
pub(super) fn answers(answers: &Answers) -> String {
    if answers.is_description() {
        let columns = answers.sets.iter().map(column).collect();
        return line(&Description { source: &answers.source, rows: answers.rows, columns });
    }
    let called = answers.sets.iter().map(|set| Called {
        source: &answers.source,
        kernel: answers.spec.name,
        params: &answers.params,
        columns: &set.columns,
        result: &set.answer,
    });
    called.map(|called| line(&called)).collect()
}

fn column(set: &Set) -> Headed<'_> {
    let name = set.columns.first().map_or("", String::as_str);
    Headed { head: vec![("name", name), ("dtype", set.dtype)], rest: layout::entries(&set.answer) }
}

/// Anything, as a line.
pub(super) fn line(value: &impl Serialize) -> String {
    // What is printed here has text for keys, so that it cannot fail.
    serde_json::to_string(value).unwrap_or_default() + "\n"
}
