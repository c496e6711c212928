//! The kernels by name, and the list of them.

use crate::{
    body::shorten,
    problem::{Kind, Problem},
};
use echoes_kernel::{Category, Entry};
use echoes_stats::{KERNELS, expr::MAP};
use schemars::Schema;
use serde::Serialize;

/// A line of the list.
#[derive(Serialize)]
pub(crate) struct Line {
    name: &'static str,
    category: Category,
    summary: String,
    params: Schema,
    output: Schema,
}

/// Every kernel with its parameters and its answer.
pub(crate) fn list() -> Vec<Line> {
    let line = |entry: &Entry| Line {
        name: entry.spec.name,
        category: entry.spec.category,
        summary: entry.summary(),
        params: (entry.params)(),
        output: (entry.output)(),
    };
    KERNELS.iter().map(line).collect()
}

/// The kernel of that name; `map` runs expressions.
pub(crate) fn find(name: &str) -> Result<&'static Entry, Problem> {
    let map = Some(&MAP).filter(|map| map.spec.name == name);
    map.or_else(|| echoes_stats::find(name)).ok_or_else(|| {
        let names = KERNELS.iter().map(|entry| entry.spec.name);
        let near = names.min_by_key(|known| (distance(name, known), name.len().abs_diff(known.len())));
        let near = near.filter(|known| distance(name, known) <= 1 + known.len() / 3);
        let hint = near.map_or_else(|| ".".to_owned(), |known| format!(": did you mean `{known}`?"));
        Kind::UnknownKernel.because(format!("no kernel is called `{}`{hint} The list is at /v1/kernels", shorten(name)))
    })
}

/// Letters to put in, take out or change to make `b` of the beginning of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().take(64).enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_mended() {
        let hint = |name| format!("{:?}", find(name).map(|_| ()).unwrap_err());
        assert!(hint("maen").contains("did you mean `mean`? The list"), "{}", hint("maen"));
        assert!(hint("kurtosys").contains("`kurtosis`?"));
        assert!(!hint("xylophone").contains("did you mean"));
        assert!(!hint(&"m".repeat(10_000)).contains("did you mean"));
    }

    #[test]
    fn distances() {
        assert_eq!([distance("", "abc"), distance("abc", "abc"), distance("kitten", "sitting")], [3, 0, 3]);
    }
}
