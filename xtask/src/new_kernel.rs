//! `new-kernel`: one file and one line of the registry.
//!
//! The file compiles and is under the laws at once. Its one test fails until somebody writes down a value that
//! somebody else has published.

use crate::registry::{self, Category, Registry};
use crate::{Outcome, Stop, shell};

/// Where `Category` is, whose variants are the categories that there can be.
const SPEC: &str = "crates/kernel/src/spec.rs";

pub(crate) fn run(args: &[String]) -> Outcome {
    let [kernel] = args else {
        return Err(Stop::Usage("new-kernel takes one name, as `order/trimmed_mean`".to_owned()));
    };
    let (category, name) = kernel.split_once('/').unwrap_or(("descriptive", kernel));
    if !is_name(name) {
        return Err(Stop::Usage(format!("`{name}` is no name for a kernel; one is like `trimmed_mean`")));
    }
    let spec = read(SPEC)?;
    let known = categories(&spec);
    let Some((_, about)) = known.iter().find(|(known, _)| known == category) else {
        let known: Vec<_> = known.into_iter().map(|(name, _)| name).collect();
        return Err(Stop::Usage(format!("there is no category `{category}`; there are {}", known.join(", "))));
    };
    let file = format!("crates/stats/src/kernels/{category}/{name}.rs");
    if shell::root().join(&file).exists() {
        return Err(Stop::Failed(format!("{file} exists already; choose another name")));
    }
    let text = read(registry::PATH)?;
    let text = insert(&text, (category, about), name)
        .map_err(|(line, what)| Stop::Failed(format!("{}:{}: {what}", registry::PATH, line + 1)))?;
    write(&file, &template(category, name))?;
    write(registry::PATH, &text)?;
    println!("{file}: write the formula, its worked example and what it means\n{}: one line", registry::PATH);
    Ok(())
}

fn is_name(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(rest) && !name.ends_with('_')
}

/// The variants of `enum Category`, in small letters, each with its documentation.
fn categories(spec: &str) -> Vec<(String, &str)> {
    let body = spec.split_once("pub enum Category {").map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or("", |(body, _)| body);
    let lines: Vec<_> = body.lines().map(str::trim).collect();
    let variants = lines.windows(2).filter_map(|pair| match pair {
        [about, variant] if about.starts_with("///") => Some((variant.strip_suffix(',')?.to_lowercase(), *about)),
        _ => None,
    });
    variants.filter(|(name, _)| !name.starts_with('/')).collect()
}

/// The registry's text with the kernel's line, in its order; a category comes with what it is about.
fn insert(text: &str, (category, about): (&str, &str), name: &str) -> Result<String, (usize, String)> {
    let registry = Registry::parse(text)?;
    let line = format!("        {name}::{},", pascal(name));
    let (at, new) = match registry.categories.iter().find(|block| block.name == category) {
        Some(block) => (place(block, name), vec![line]),
        None => {
            let after = registry.categories.iter().find(|block| block.name.as_str() > category);
            let at = after.map_or(registry.end, |block| block.line);
            (at, vec![format!("    {about}"), format!("    {category} {{"), line, "    }".to_owned()])
        }
    };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.splice(at..at, new);
    Ok(lines.join("\n") + "\n")
}

fn place(block: &Category, name: &str) -> usize {
    block.kernels.iter().find(|kernel| kernel.file.as_str() > name).map_or(block.end, |kernel| kernel.line)
}

/// `trimmed_mean` as `TrimmedMean`.
fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    name.split('_').map(word).collect()
}

fn template(category: &str, name: &str) -> String {
    include_str!("new_kernel.txt")
        .replace("{Category}", &pascal(category))
        .replace("{Name}", &pascal(name))
        .replace("{name}", name)
        .replace("{words}", &name.replace('_', " "))
}

fn read(path: &str) -> Result<String, Stop> {
    std::fs::read_to_string(shell::root().join(path)).map_err(|error| Stop::Failed(format!("{path}: {error}")))
}

fn write(path: &str, text: &str) -> Outcome {
    let full = shell::root().join(path);
    let written = full.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&full, text));
    written.map_err(|error| Stop::Failed(format!("{path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "registry! {\n    /// One column.\n    descriptive {\n        count::Count,\n        mean::Mean,\n    }\n    /// By rank.\n    order {\n        median::Median,\n    }\n}\n";

    fn inserted(category: &str, name: &str) -> String {
        let Ok(after) = insert(REGISTRY, (category, "/// About."), name) else { panic!("the registry parses") };
        assert!(Registry::parse(&after).is_ok());
        after
    }

    #[test]
    fn a_kernel_is_one_line_in_order() {
        let text = inserted("descriptive", "kurtosis");
        assert!(text.contains("count::Count,\n        kurtosis::Kurtosis,\n        mean::Mean,"));
        assert_eq!(text.lines().count(), REGISTRY.lines().count() + 1);
        assert!(inserted("order", "trim").ends_with("median::Median,\n        trim::Trim,\n    }\n}\n"));
    }

    #[test]
    fn a_new_category_goes_before_the_documentation_of_the_next() {
        let text = inserted("matrix", "gram");
        assert!(text.contains("    }\n    /// About.\n    matrix {\n        gram::Gram,\n    }\n    /// By rank."));
        assert!(inserted("test", "welch").ends_with("    test {\n        welch::Welch,\n    }\n}\n"));
    }

    #[test]
    fn categories_are_those_of_the_enum() {
        let spec = "pub enum Category {\n    /// One, or {a few},\n    Descriptive,\n    /// By rank,\n    /// sorted,\n    Order,\n}\npub enum Other {\n    /// A.\n    A,\n}";
        let found = categories(spec);
        assert_eq!(found, [("descriptive".into(), "/// One, or {a few},"), ("order".into(), "/// sorted,")]);
    }

    #[test]
    fn names_are_those_of_files() {
        assert!(is_name("trimmed_mean") && is_name("f2"));
        assert!(!is_name("TrimmedMean") && !is_name("") && !is_name("2f") && !is_name("../x") && !is_name("x_"));
        assert_eq!(pascal("trimmed_mean"), "TrimmedMean");
    }

    #[test]
    fn the_template_is_filled_in_and_its_test_fails_until_written() {
        let text = template("order", "trimmed_mean");
        assert!(text.contains("struct TrimmedMean") && text.contains("Category::Order"));
        assert!(text.contains("panic!(\"write the worked example of `trimmed_mean`"));
        assert!(!text.contains("{name}") && !text.contains("{words}"));
    }
}
