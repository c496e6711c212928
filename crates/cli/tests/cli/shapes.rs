//! The shapes of answers, in every format.

use crate::tool::{echoes, echoes_in, piped, with_file};
use serde_json::{Value, json};

#[test]
fn describe_in_every_format() {
    for format in ["table", "json", "csv", "md"] {
        let out = echoes(&format!("describe sunspots.csv --format {format}")).good();
        insta::assert_snapshot!(format!("describe_{format}"), out);
    }
}

#[test]
fn answers_of_every_shape() {
    let lines = [
        "mean sunspots.csv",
        "quantile sunspots.csv --q 0.1,0.5,0.99",
        "quantile sunspots.csv --q 0.1,0.5 -c sunspots --format csv",
        "corr sunspots.csv",
        "mean sunspots.csv --weights year",
        "cov sunspots.csv -c year,sunspots --weights sunspots --weights-kind reliability --format csv",
        "corr_matrix sunspots.csv --format md",
        "ttest_ind sunspots.csv -c sunspots,year --alternative less",
        "zscore sunspots.csv -c 1",
        "fft sunspots.csv",
        "std sunspots.csv sunspots.csv -c sunspots --ddof 1 --format csv",
        "std sunspots.csv sunspots.csv -c sunspots",
        "rolling_mean sunspots.csv -c sunspots --window 11 --center --format md",
        "describe sunspots.csv --explain --threads 2",
    ];
    let simd = Value::from_iter(["avx2", "avx512"]);
    let out = |line: &str| {
        let out = echoes(line).good();
        simd.as_array().unwrap().iter().fold(out, |out, level| out.replace(level.as_str().unwrap(), "portable"))
    };
    let all: String = lines.iter().map(|line| format!("$ echoes {line}\n{}\n", out(line))).collect();
    insta::assert_snapshot!("answers", all);
}

#[test]
fn json_has_the_documented_shape() {
    let line = echoes("quantile sunspots.csv -c sunspots --q 0.5 --format json").good();
    assert_eq!(
        serde_json::from_str::<Value>(&line).unwrap(),
        json!({
            "source": "sunspots.csv", "kernel": "quantile", "params": {"q": [0.5], "method": null},
            "columns": ["sunspots"], "result": [40.0],
        })
    );
    assert_eq!(echoes("mean sunspots.csv --format json").good().lines().count(), 2);
    assert_eq!(echoes("describe sunspots.csv sunspots.csv --format json").good().lines().count(), 2);
}

#[test]
fn integers_keep_every_digit() {
    let directory = with_file("big.csv", "n\n9223372036854775807\n9223372036854775807\n");
    assert!(echoes_in(directory.path(), "sum big.csv --format json").good().contains(":18446744073709551614}"));
    assert!(echoes_in(directory.path(), "sum big.csv").good().contains("18446744073709551614"));
}

#[test]
fn many_columns_stand_below_one_another_and_text_is_named() {
    let header: Vec<String> = (0..8).map(|i| format!("c{i}")).collect();
    let directory =
        with_file("wide.csv", format!("town,{}\nUlm,1,2,3,4,5,6,7,8\nBonn,2,,3,4,5,6,7,9.5\n", header.join(",")));
    let ran = echoes_in(directory.path(), "describe wide.csv");
    assert_eq!(ran.code, Some(0));
    assert!(ran.line().starts_with("echoes: skipped what is not numeric, town; "), "{}", ran.err);
    insta::assert_snapshot!("wide", ran.out);
}

#[test]
fn patterns_that_the_shell_left_alone() {
    let directory = with_file("a.csv", "x\n1\n");
    std::fs::write(directory.path().join("b.csv"), "x\n3\n").unwrap();
    assert_eq!(
        echoes_in(directory.path(), "mean *.csv --format csv").good(),
        "source,column,mean\na.csv,x,1.0\nb.csv,x,3.0\n"
    );
    assert_eq!(echoes_in(directory.path(), "mean *.npy").code, Some(4));
}

#[test]
fn standard_input() {
    assert_eq!(piped("mean - --format csv", b"x,y\n1,2\n3,5\n").good(), "column,mean\nx,2.0\ny,3.5\n");
    assert_eq!(piped("mean - --delimiter ; -c y", b"x;y\n1;2\n3;5\n").good(), "column  mean\ny        3.5\n");
}

#[test]
fn nothing_is_described_as_nothing() {
    let directory = with_file("none.csv", "a,b\n1,\n2,\n");
    let out = echoes_in(directory.path(), "describe none.csv --format csv").good();
    assert!(out.ends_with("b,int64,0,2,,,,,,,,,\n") || out.ends_with("b,float64,0,2,,,,,,,,,\n"), "{out}");
}

#[test]
fn nan_as_asked() {
    let nan = |how| piped(&format!("mean - --format csv --nan {how}"), b"x\n1\nnan\n3\n");
    assert_eq!(nan("propagate").good(), "column,mean\nx,\n");
    assert_eq!(nan("omit").good(), "column,mean\nx,2.0\n");
    assert_eq!(nan("raise").code, Some(3));
}

#[test]
fn a_nan_that_is_an_error_is_at_a_column() {
    let input = b"town,x,y\nUlm,1,2\nBonn,1,nan\n";
    let says = |name: &str| {
        format!(
            "echoes: standard input: column {name}, row 1 (from 0) is NaN; leave it out with --nan omit, or let it spread with --nan propagate"
        )
    };
    for line in
        ["mean - -c x,y", "corr - -c y,x", "corr_matrix - -c x,y", "ttest_ind - -c x,y", "cumsum - -c y", "fft - -c y"]
    {
        let ran = piped(&format!("{line} --nan raise"), input);
        assert_eq!((ran.code, ran.line()), (Some(3), &*says("y")), "{line}");
    }
}

#[test]
fn infinities_are_told_from_what_is_undefined() {
    let input = &b"x\n0\n-0.0\n-1\n2\n"[..];
    let gamma = |format| piped(&format!("gamma - --format {format}"), input).good();
    assert_eq!(gamma("csv"), "gamma\ninf\n-inf\n\"\"\n1.0\n");
    assert_eq!(gamma("table"), "row  gamma\n  0    inf\n  1   -inf\n  2\n  3      1\n");
    assert_eq!(gamma("md"), "| row | gamma |\n| ---: | ---: |\n| 0 | inf |\n| 1 | -inf |\n| 2 |  |\n| 3 | 1 |\n");
    assert!(gamma("json").contains(r#""result":[null,null,null,1.0]"#));
    let directory = with_file("x.csv", input);
    echoes_in(directory.path(), "gamma x.csv -o out.csv").good();
    assert_eq!(std::fs::read_to_string(directory.path().join("out.csv")).unwrap(), gamma("csv"));
    let extrema = |format| piped(&format!("describe - --format {format}"), b"x\ninf\n1\n-inf\n").good();
    assert!(extrema("csv").contains("x,float64,3,0,,,-inf,"), "{}", extrema("csv"));
    assert!(extrema("json").contains(r#""min":null"#));
    assert_eq!(piped("max - --format md", b"x\n1\ninf\n").good(), "| column | max |\n| --- | ---: |\n| x | inf |\n");
    assert_eq!(piped("quantile - --q 1 --format csv", b"x\n1\ninf\n").good(), "q,quantile\n1.0,inf\n");
}

#[test]
fn names_stay_on_their_line_and_in_their_cell() {
    let mean = |format| piped(&format!("mean - --format {format}"), b"\"a\nb\",\"c|\td\"\n1,2\n").good();
    assert_eq!(mean("table"), "column  mean\na b        1\nc| d       2\n");
    assert_eq!(mean("md"), "| column | mean |\n| --- | ---: |\n| a b | 1 |\n| c\\| d | 2 |\n");
    assert_eq!(mean("csv"), "column,mean\n\"a\nb\",1.0\nc|\td,2.0\n");
    let described = piped("describe - --format md", b"\"a\n|b\",c\n1,2\n").good();
    assert!(described.contains("|  | a \\|b | c |\n"), "{described}");
}

#[test]
fn a_column_that_widens_late_is_described_as_what_it_became() {
    let text = "1\n".repeat(600_000) + "0.5\n";
    let described = |text: &str| piped("describe - --format csv", text.as_bytes()).good();
    assert!(described(&text).contains("c0,float64,600001,"), "{}", described(&text));
    assert!(described("1\n2\n").contains("c0,int64,2,"));
}

#[test]
fn the_report_is_on_standard_error() {
    let ran = echoes("mean sunspots.csv --report");
    assert_eq!(ran.code, Some(0));
    assert!(ran.line().starts_with("echoes: 309 rows, 1 readings, "), "{}", ran.err);
}
