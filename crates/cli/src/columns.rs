//! Which columns of a file a kernel gets.

use crate::exit::Failure;
use echoes_io::{
    Field, Source,
    names::{find, nearest, shorten},
};
use echoes_kernel::{Arity, Spec};

/// Names that a message lists.
const NAMED_MAX: usize = 12;

/// The column sets that a kernel runs on, by position.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) sets: Vec<Vec<usize>>,
    /// Columns that were passed over because they are not numeric.
    pub(crate) skipped: Vec<String>,
}

/// The columns of `source` for the kernel of `spec`: those that are `wanted`, or all that will do; then that of the weights.
pub(crate) fn choose(
    source: &dyn Source,
    spec: &Spec,
    wanted: &[String],
    weights: Option<&str>,
) -> Result<Choice, Failure> {
    let fields = source.fields();
    let weights = match weights {
        Some(name) => Some(find(fields, name).ok_or_else(|| unknown(source.name(), fields, name))?),
        None => None,
    };
    check_numeric(source, weights.as_slice())?;
    let mut choice = chosen(source, spec, wanted, weights)?;
    choice.sets.iter_mut().for_each(|set| set.extend(weights));
    Ok(choice)
}

/// The columns besides that of the weights.
fn chosen(source: &dyn Source, spec: &Spec, wanted: &[String], weights: Option<usize>) -> Result<Choice, Failure> {
    let fields = source.fields();
    if !wanted.is_empty() {
        let mut columns = Vec::new();
        for wanted in wanted {
            columns.extend(named(source.name(), fields, wanted)?);
        }
        check_numeric(source, &columns)?;
        return Ok(Choice { sets: sets(source, spec, columns)?, skipped: Vec::new() });
    }
    let is_wanted = |&i: &usize| fields[i].dtype.is_some() && Some(i) != weights;
    let numeric: Vec<usize> = (0..fields.len()).filter(is_wanted).collect();
    if numeric.is_empty() {
        return Err(weights.map_or_else(|| all_text(source), |weights| only_weights(source, weights)));
    }
    let skipped = fields.iter().filter(|field| field.dtype.is_none()).map(|field| field.name.clone()).collect();
    Ok(Choice { sets: sets(source, spec, numeric)?, skipped })
}

/// Refuses columns that cannot be read as numbers.
pub(crate) fn check_numeric(source: &dyn Source, columns: &[usize]) -> Result<(), Failure> {
    let is_text = |column: &&usize| source.fields().get(**column).is_some_and(|field| field.dtype.is_none());
    columns.iter().find(is_text).map_or(Ok(()), |&text| Err(not_numeric(source, text)))
}

/// No column is numeric; where there is one, its own reason says more.
fn all_text(source: &dyn Source) -> Failure {
    match source.fields() {
        [_] => not_numeric(source, 0),
        fields => {
            Failure::data(format!("{}: no column is numeric: there are {}", source.name(), listed(names(fields))))
        }
    }
}

/// No column is numeric but that of the weights.
fn only_weights(source: &dyn Source, weights: usize) -> Failure {
    let name = source.fields().get(weights).map_or_else(String::new, |field| shorten(&field.name));
    Failure::data(format!("{}: no column is numeric beside {name}, which has the weights", source.name()))
}

fn not_numeric(source: &dyn Source, column: usize) -> Failure {
    Failure::data(why_text(source, column))
}

/// Why a column is not numeric: the first value that is no number, and where it is.
fn why_text(source: &dyn Source, column: usize) -> String {
    match source.read(&[column]) {
        Err(error) => error.to_string(),
        Ok(_) => format!("{}: column {column} is not numeric", source.name()),
    }
}

/// What is said of columns that were passed over, if some were: which, and why the first of them.
pub(crate) fn passed_over(source: &dyn Source, skipped: &[String]) -> Option<String> {
    let first = source.fields().iter().position(|field| skipped.first() == Some(&field.name))?;
    let columns = listed(skipped.iter().map(String::as_str));
    Some(format!("skipped what is not numeric, {columns}; {}", why_text(source, first)))
}

/// A one-column kernel runs on each column, others on all together.
fn sets(source: &dyn Source, spec: &Spec, columns: Vec<usize>) -> Result<Vec<Vec<usize>>, Failure> {
    if matches!(spec.columns, Arity::Exactly(1) | Arity::Samples(1)) {
        return Ok(columns.into_iter().map(|column| vec![column]).collect());
    }
    if spec.columns.accepts(columns.len()) {
        return Ok(vec![columns]);
    }
    let numeric = source.fields().iter().filter(|field| field.dtype.is_some());
    let numeric = listed(numeric.map(|field| field.name.as_str()));
    Err(Failure::usage(format!(
        "{}: `{}` takes {}, not {}; choose with -c from {numeric}",
        source.name(),
        spec.name,
        spec.columns,
        columns.len(),
    )))
}

/// The columns that one `-c` means: a whole name, a list of names, or positions.
fn named(source: &str, fields: &[Field], wanted: &str) -> Result<Vec<usize>, Failure> {
    if let Some(column) = find(fields, wanted) {
        return Ok(vec![column]);
    }
    let parts: Vec<&str> = wanted.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Err(Failure::usage(format!("{source}: -c names no column; there are {}", listed(names(fields)))));
    }
    parts.into_iter().map(|part| find(fields, part).ok_or_else(|| unknown(source, fields, part))).collect()
}

fn unknown(source: &str, fields: &[Field], wanted: &str) -> Failure {
    Failure::usage(format!("{source}: there is no column {}; {}", shorten(wanted), instead(fields, wanted)))
}

/// What may be written instead of a name that no column has.
pub(crate) fn instead(fields: &[Field], wanted: &str) -> String {
    let there_are = format!("here are {}", listed(names(fields)));
    match nearest(wanted, names(fields)) {
        Some(near) => format!("did you mean {}? T{there_are}", shorten(near)),
        None => format!("t{there_are}"),
    }
}

fn names(fields: &[Field]) -> impl Iterator<Item = &str> {
    fields.iter().map(|field| field.name.as_str())
}

/// Names for a message: the beginnings of the first few, then how many more.
pub(crate) fn listed<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let mut shown: Vec<String> = names.by_ref().take(NAMED_MAX).map(shorten).collect();
    match names.count() {
        0 => {}
        more => shown.push(format!("{more} more")),
    }
    match shown.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use echoes_io::OpenOptions;
    use echoes_kernel::Category;

    const ONE: Spec = Spec::new("mean", Category::Descriptive);

    fn weighted(spec: Spec, wanted: &[&str], weights: Option<&str>) -> Result<Choice, Failure> {
        let text = &b"item,price,qty,\"a,b\"\npen,1.5,2,3\nbook,2,4,5\n"[..];
        let source = echoes_io::parse("s.csv", text, &OpenOptions::default()).unwrap();
        choose(source.as_ref(), &spec, &wanted.iter().map(ToString::to_string).collect::<Vec<_>>(), weights)
    }

    fn chosen(spec: Spec, wanted: &[&str]) -> Result<Choice, Failure> {
        weighted(spec, wanted, None)
    }

    #[test]
    fn weights_stand_last_and_are_no_columns_of_their_own() {
        let sets = |spec, wanted: &[&str]| weighted(spec, wanted, Some("qty")).map(|choice| choice.sets);
        assert_eq!(sets(ONE, &[]).unwrap(), [[1, 2], [3, 2]]);
        assert_eq!(sets(ONE, &["a,b", "qty"]).unwrap(), [[3, 2], [2, 2]]);
        assert_eq!(sets(ONE.columns(2), &[]).unwrap(), [[1, 3, 2]]);
        // A third column is never taken for weights.
        assert!(chosen(ONE.columns(2).weighable(), &[]).is_err());
        assert_eq!(weighted(ONE, &[], Some("item")).unwrap_err().exit, Exit::Data);
        let alone = echoes_io::parse("s.csv", &b"item,qty\npen,2\n"[..], &OpenOptions::default()).unwrap();
        let refused = choose(alone.as_ref(), &ONE, &[], Some("qty")).unwrap_err();
        let line = "s.csv: no column is numeric beside qty, which has the weights";
        assert_eq!((refused.exit, refused.line.as_deref()), (Exit::Data, Some(line)));
        let line = weighted(ONE, &[], Some("qtty")).unwrap_err().line.unwrap();
        assert_eq!(line, "s.csv: there is no column qtty; did you mean qty? There are item, price, qty and a,b");
    }

    #[test]
    fn names_lists_and_positions() {
        assert_eq!(chosen(ONE, &["qty,price"]).unwrap().sets, [[2], [1]]);
        assert_eq!(chosen(ONE, &["a,b", "1"]).unwrap().sets, [[3], [1]]);
        assert_eq!(chosen(ONE.columns(2), &["qty", "price"]).unwrap().sets, [[2, 1]]);
    }

    #[test]
    fn all_that_will_do() {
        let all = chosen(ONE, &[]).unwrap();
        assert_eq!((all.sets.len(), all.skipped), (3, vec!["item".to_owned()]));
        assert_eq!(chosen(ONE.at_least(2), &[]).unwrap().sets, [[1, 2, 3]]);
        let refused = chosen(ONE.columns(2), &[]).unwrap_err();
        assert_eq!(
            refused.line.unwrap(),
            "s.csv: `mean` takes 2 columns, not 3; choose with -c from price, qty and a,b"
        );
    }

    #[test]
    fn what_is_not_numeric_is_bad_data_and_no_name_is_usage() {
        let text = chosen(ONE, &["price", "item"]).unwrap_err();
        let line = "s.csv:2:1: column item is not numeric, it has \"pen\": choose others";
        assert_eq!((text.exit, text.line.as_deref()), (Exit::Data, Some(line)));
        for none in ["", " ", ","] {
            let line = "s.csv: -c names no column; there are item, price, qty and a,b";
            assert_eq!(chosen(ONE, &[none]).unwrap_err(), Failure::usage(line));
        }
    }

    #[test]
    fn lists_are_short_however_long_the_names() {
        let long = "x".repeat(1000);
        let line = listed(std::iter::repeat_n(&*long, 100_000));
        assert!(line.ends_with("… and 99988 more") && line.len() < 600, "{line}");
    }

    #[test]
    fn a_slip_is_mended() {
        let line = |wanted| chosen(ONE, &[wanted]).unwrap_err().line.unwrap();
        assert_eq!(
            line("Prize"),
            "s.csv: there is no column Prize; did you mean price? There are item, price, qty and a,b"
        );
        assert_eq!(line("9"), "s.csv: there is no column 9; there are item, price, qty and a,b");
    }
}
