//! `echoes map`: expressions over the columns of a file.

use crate::tool::{echoes_in, with_file};

const DATA: &str = "x,unit price,town\n1,4,Ulm\n3,2,Bonn\n";

fn map(expression: &str, rest: &str) -> crate::tool::Ran {
    // The tool splits its line at blanks.
    let directory = with_file("in.csv", DATA);
    assert!(!expression.contains(' '));
    echoes_in(directory.path(), &format!("map {expression} in.csv {rest}"))
}

#[test]
fn a_column_of_others() {
    assert_eq!(map("(x-mean(x))/std(x)", "--format csv").good(), "map\n-1.0\n1.0\n");
    assert!(map("-x^2+max(x)", "--format json").good().contains(r#""result":[2.0,-6.0]"#));
}

#[test]
fn a_file_of_it() {
    let directory = with_file("in.csv", DATA);
    echoes_in(directory.path(), "map x*2<5 in.csv -o out.csv").good();
    assert_eq!(std::fs::read_to_string(directory.path().join("out.csv")).unwrap(), "map\n1.0\n0.0\n");
}
