//! Column names, made unique, and texts, made short.

use std::collections::BTreeSet;

/// The names, with `c3` for an empty fourth and `_2`, `_3`, … after one that came before.
pub(crate) fn unique(names: impl IntoIterator<Item = String>) -> Vec<String> {
    // Not hashed: names freed in an order of chance would leave the allocator in another state each time.
    let mut seen = BTreeSet::new();
    let mut result = Vec::new();
    for (i, name) in names.into_iter().enumerate() {
        let name = if name.is_empty() { format!("c{i}") } else { name };
        let mut candidate = name.clone();
        let mut n = 2u64;
        while !seen.insert(candidate.clone()) {
            candidate = format!("{name}_{n}");
            n += 1;
        }
        result.push(candidate);
    }
    result
}

/// The beginning of a text, for messages.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.split_at(end).0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_and_empty_names() {
        let names = ["a", "", "a", "a_2", "a", "c1"].map(str::to_owned);
        assert_eq!(unique(names), ["a", "c1", "a_2", "a_2_2", "a_3", "c1_2"]);
    }
}
