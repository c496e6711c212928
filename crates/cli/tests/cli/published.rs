//! Answers against values that others have published.

use crate::tool::{echoes, piped};
use serde_json::Value;

fn answer(kernel: &str, data: &str) -> f64 {
    let line = piped(&format!("{kernel} - --format json"), data.as_bytes()).good();
    serde_json::from_str::<Value>(&line).unwrap()["result"].as_f64().unwrap()
}

/// A first value, then 500 times a second and a third.
fn alternating(first: &str, second: &str, third: &str) -> String {
    format!("x\n{first}\n{}", format!("{second}\n{third}\n").repeat(500))
}

/// NIST Statistical Reference Datasets, univariate summary statistics, NumAcc1 to NumAcc4: data, certified mean and standard deviation.
/// <https://www.itl.nist.gov/div898/strd/univ/homepage.html>
#[test]
fn nist_numerical_accuracy() {
    let sets = [
        ("x\n10000001\n10000003\n10000002\n".to_owned(), 10_000_002.0, 1.0),
        (alternating("1.2", "1.1", "1.3"), 1.2, 0.1),
        (alternating("1000000.2", "1000000.1", "1000000.3"), 1_000_000.2, 0.1),
        (alternating("10000000.2", "10000000.1", "10000000.3"), 10_000_000.2, 0.1),
    ];
    for (data, mean, std) in sets {
        let near = |found: f64, certified: f64, bound: f64| {
            assert!((found - certified).abs() <= bound * certified, "{found} is not {certified}");
        };
        near(answer("mean", &data), mean, 1e-15);
        // The decimal data are not doubles: their own rounding moves the last digits of the spread.
        near(answer("std --ddof 1", &data), std, 1e-8);
    }
}

/// statsmodels' documentation of the series: 309 observations, annual, 1700 to 2008.
/// <https://www.statsmodels.org/stable/datasets/generated/sunspots.html>
#[test]
fn the_sample_is_the_series_that_it_says() {
    let line = echoes("describe sunspots.csv --format json").good();
    let described: Value = serde_json::from_str(&line).unwrap();
    let year = &described["columns"][0];
    assert_eq!(described["rows"], 309);
    assert_eq!((&year["min"], &year["max"], &year["missing"]), (&1700.into(), &2008.into(), &0.into()));
}
