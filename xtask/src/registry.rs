//! The registry of kernels, read as text.
//!
//! It is one macro call, `registry! { … }`: a category a block, a kernel a line, both sorted by name.
//! ```text
//! registry! {
//!     /// By rank.
//!     order {
//!         median::Median,
//!     }
//! }
//! ```

use crate::rust;

/// Where it is.
pub(crate) const PATH: &str = "crates/stats/src/registry.rs";

/// A block of the registry; lines count from 0.
#[derive(Debug, PartialEq)]
pub(crate) struct Category {
    pub(crate) name: String,
    /// Its first line: documentation, if it has any.
    pub(crate) line: usize,
    /// The line of its `}`.
    pub(crate) end: usize,
    pub(crate) kernels: Vec<Kernel>,
}

/// A line of the registry.
#[derive(Debug, PartialEq)]
pub(crate) struct Kernel {
    /// `median`: the file and its module.
    pub(crate) file: String,
    /// `Median`: the type.
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// The registry.
#[derive(Debug, PartialEq)]
pub(crate) struct Registry {
    pub(crate) categories: Vec<Category>,
    /// The line of its last `}`.
    pub(crate) end: usize,
}

impl Registry {
    /// Reads it; the error is a line and what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, String)> {
        let lines = rust::lines(text);
        let start = lines.iter().position(|line| line.code.trim() == "registry! {");
        let start = start.ok_or((0, "there is no line `registry! {`".to_owned()))?;
        let mut categories = Vec::new();
        let mut open: Option<Category> = None;
        let mut documented = None;
        for (at, line) in lines.iter().enumerate().skip(start + 1) {
            let code = line.code.trim();
            open = match open {
                _ if code.is_empty() => {
                    documented = documented.or(line.is_comment().then_some(at));
                    open
                }
                None if code == "}" => return Ok(Self { categories, end: at }),
                None => Some(category(code, documented.unwrap_or(at)).ok_or((at, format!("`{code}` opens no block")))?),
                Some(category) if code == "}" => {
                    categories.push(Category { end: at, ..category });
                    documented = None;
                    None
                }
                Some(mut category) => {
                    let kernel = kernel(code, at).ok_or((at, format!("`{code}` is not `file::Kernel,`")))?;
                    category.kernels.push(kernel);
                    Some(category)
                }
            };
        }
        Err((start, "`registry! {` is not closed".to_owned()))
    }
}

fn category(code: &str, line: usize) -> Option<Category> {
    let name = code.strip_suffix(" {")?.to_owned();
    Some(Category { name, line, end: line, kernels: Vec::new() })
}

fn kernel(code: &str, line: usize) -> Option<Kernel> {
    let (file, name) = code.strip_suffix(',')?.split_once("::")?;
    Some(Kernel { file: file.to_owned(), name: name.to_owned(), line })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! Head.\nregistry! {\n    /// A column.\n    descriptive {\n        count::Count,\n        mean::Mean, // why\n    }\n    order {\n        median::Median,\n    }\n}\n";

    #[test]
    fn blocks_and_lines_are_found() {
        let Ok(registry) = Registry::parse(TEXT) else { panic!("it parses") };
        assert_eq!(registry.end, 10);
        let [descriptive, order] = &registry.categories[..] else { panic!("two categories") };
        assert_eq!((descriptive.name.as_str(), descriptive.line, descriptive.end), ("descriptive", 2, 6));
        assert_eq!(descriptive.kernels[1], Kernel { file: "mean".into(), name: "Mean".into(), line: 5 });
        assert_eq!((order.name.as_str(), order.line, order.end), ("order", 7, 9));
    }

    #[test]
    fn what_is_not_a_registry_is_refused_with_its_line() {
        assert_eq!(Registry::parse("//! Head.").map_err(|(line, _)| line), Err(0));
        assert_eq!(Registry::parse(&TEXT.replace("count::", "count.")).map_err(|(line, _)| line), Err(4));
        assert!(Registry::parse("registry! {\n    order {\n").is_err());
    }
}
