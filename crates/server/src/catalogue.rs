//! The kernels by name, and the list of them.

use crate::problem::{Kind, Problem};
use echoes_io::names::{nearest, shorten};
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
        let hint = nearest(name, names).map_or_else(|| ".".to_owned(), |known| format!(": did you mean `{known}`?"));
        Kind::UnknownKernel.because(format!("no kernel is called `{}`{hint} The list is at /v1/kernels", shorten(name)))
    })
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
}
