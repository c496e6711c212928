//! `echoes map`: expressions over the columns of a file.

use crate::tool::{command, echoes_in, finish, with_file};

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

#[test]
fn powers_of_columns_are_exact() {
    let directory = with_file("in.csv", "x,y\n2,9\n-3,5\n9,0.5\n");
    let ran = echoes_in(directory.path(), "map x^y in.csv --format csv");
    assert_eq!(ran.good(), "map\n512.0\n-243.0\n3.0\n");
}

#[test]
fn bad_data_is_told_from_a_bad_expression() {
    let text = map("town", "");
    let line = "echoes: in.csv:2:5: column town is not numeric, it has \"Ulm\": choose others";
    assert_eq!((text.code, text.line()), (Some(3), line));
    let slip = map("x+`unitprice`", "");
    let line = "echoes: in.csv: at character 3 of the expression: there is no column `unitprice`; did you mean unit price? \
        There are x, unit price and town";
    assert_eq!((slip.code, slip.line()), (Some(2), line));
    let constant = map("e", "");
    let line = "echoes: at character 1 of the expression: it names no column, so it has no rows; pi and e are numbers, \
        a column of that name stands in backticks";
    assert_eq!((constant.code, constant.line()), (Some(2), line));
}

#[test]
fn hostile_expressions_are_one_line_that_points_at_a_character() {
    let directory = with_file("in.csv", DATA);
    // No system takes a longer argument than 128 KiB.
    let cases = [
        ("(".repeat(60_000), "at character 257 of the expression: it has more than 256 levels"),
        ("-".repeat(60_000) + "x", "at character 257 of the expression: it has more than 256 levels"),
        ("x^".repeat(30_000) + "x", "at character 514 of the expression: it has more than 256 levels"),
        ("(".repeat(100_000), "at character 1 of the expression: it is longer than 65536 bytes"),
        ("x".repeat(120_000), "at character 1 of the expression: it is longer than 65536 bytes"),
        ("x+".repeat(100) + "$", "at character 201 of the expression: `$` means nothing here"),
    ];
    for (expression, says) in cases {
        let ran = finish(command().current_dir(directory.path()).args(["map", &expression, "in.csv"]));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{says}");
        assert!(ran.line().contains(says) && ran.err.len() < 200, "{}", ran.err);
    }
}
