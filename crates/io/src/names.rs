//! Names of columns, made unique; names that were probably meant; texts, made short for messages.

use crate::Field;
use std::collections::BTreeMap;

/// Columns that a source may have.
pub(crate) const COLUMNS_MAX: usize = 1_000_000;

/// The names, with `c3` for an empty fourth and `_2`, `_3`, … after one that came before.
pub(crate) fn unique(names: impl IntoIterator<Item = String>) -> Vec<String> {
    // For each name that is taken, the number to try next after it: all below are taken too.
    // Not hashed: names freed in an order of chance would leave the allocator in another state each time.
    let mut taken: BTreeMap<String, u64> = BTreeMap::new();
    let mut result = Vec::new();
    for (i, name) in names.into_iter().enumerate() {
        let name = if name.is_empty() { format!("c{i}") } else { name };
        let mut free = name.clone();
        if let Some(&next) = taken.get(&name) {
            let mut n = next;
            loop {
                free = format!("{name}_{n}");
                n += 1;
                if !taken.contains_key(&free) {
                    break;
                }
            }
            taken.insert(name, n);
        }
        taken.insert(free.clone(), 2);
        result.push(free);
    }
    result
}

/// The column that is meant: the one of that name, else the one at that position, from 0.
///
/// ```
/// use echoes_io::{Field, names::find};
/// let fields = ["b", "0"].map(|name| Field { name: name.to_owned(), dtype: None });
/// assert_eq!([find(&fields, "b"), find(&fields, "0"), find(&fields, "1"), find(&fields, "2")], [Some(0), Some(1), Some(1), None]);
/// ```
pub fn find(fields: &[Field], wanted: &str) -> Option<usize> {
    let by_name = fields.iter().position(|field| field.name == wanted);
    by_name.or_else(|| wanted.parse().ok().filter(|&position: &usize| position < fields.len()))
}

/// The beginning of a text, for messages.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.split_at(end).0),
    }
}

/// Letters of a name that are compared.
const COMPARED_MAX: usize = 64;

/// The name that was probably meant: the nearest in letters, whatever their case, if it is near enough.
///
/// ```
/// use echoes_io::names::nearest;
/// assert_eq!(nearest("Prize", ["item", "price"]), Some("price"));
/// assert_eq!(nearest("weight", ["item", "price"]), None);
/// ```
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = letters(wanted);
    let near = names.into_iter().filter_map(|name| {
        let known = letters(name);
        let distance = distance(&wanted, &known);
        (distance <= 1 + known.len() / 3).then_some((distance, wanted.len().abs_diff(known.len()), name))
    });
    near.min_by_key(|&(distance, lengths, _)| (distance, lengths)).map(|(_, _, name)| name)
}

/// The letters of a name that are compared, small.
fn letters(name: &str) -> Vec<char> {
    name.chars().take(COMPARED_MAX).flat_map(char::to_lowercase).collect()
}

/// Letters to insert, remove or change (V. I. Levenshtein, Soviet Physics Doklady 10, 1966).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// As the doc comment says it: the first number that is free, looked for from 2.
    fn naive(names: Vec<String>) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut result = Vec::new();
        for (i, name) in names.into_iter().enumerate() {
            let name = if name.is_empty() { format!("c{i}") } else { name };
            let mut candidates = std::iter::once(name.clone()).chain((2..).map(|n| format!("{name}_{n}")));
            result.push(candidates.find(|candidate| seen.insert(candidate.clone())).unwrap());
        }
        result
    }

    #[test]
    fn repeated_and_empty_names() {
        let names = ["a", "", "a", "a_2", "a", "c1"].map(str::to_owned);
        assert_eq!(unique(names), ["a", "c1", "a_2", "a_2_2", "a_3", "c1_2"]);
    }

    /// One search from 2 for each of them would take hours.
    #[test]
    fn as_many_equal_names_as_there_may_be() {
        let names = unique(std::iter::repeat_n("a".to_owned(), COLUMNS_MAX));
        assert_eq!((names.len(), names.last().unwrap().as_str()), (COLUMNS_MAX, "a_1000000"));
    }

    #[test]
    fn distances() {
        let between = |a: &str, b: &str| distance(&letters(a), &letters(b));
        assert_eq!([between("", "abc"), between("abc", "abc"), between("kitten", "Sitting")], [3, 0, 3]);
    }

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        assert_eq!(nearest("maen", ["median", "mean", "max"]), Some("mean"));
        assert_eq!(nearest(&"m".repeat(100_000), ["mean", &"m".repeat(50)]), Some(&*"m".repeat(50)));
        assert_eq!(nearest("xylophone", ["mean", "max"]), None);
    }

    proptest! {
        #[test]
        fn numbers_are_the_first_that_are_free(names in prop::collection::vec("(a|b|c1)?(_[23]){0,3}", 0..60)) {
            prop_assert_eq!(unique(names.clone()), naive(names));
        }
    }
}
