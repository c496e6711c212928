//! Help, the catalogue, completions, the doctor.

use crate::tool::echoes;
use serde_json::Value;

#[test]
fn help() {
    insta::assert_snapshot!("help", echoes("--help").good());
    insta::assert_snapshot!("quantile_help", echoes("quantile --help").good());
    insta::assert_snapshot!("zscore_short_help", echoes("zscore -h").good());
    assert_eq!(echoes("kernels quantile").good(), echoes("quantile --help").good());
}

#[test]
fn version() {
    assert_eq!(echoes("--version").good(), concat!("echoes ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_catalogue() {
    insta::assert_snapshot!("kernels", echoes("kernels").good());
    let listed: Vec<Value> = serde_json::from_str(&echoes("kernels --format json").good()).unwrap();
    let quantile = listed.iter().find(|kernel| kernel["name"] == "quantile").unwrap();
    assert_eq!(quantile["category"], "order");
    assert_eq!(quantile["summary"], "Quantiles, exact for data of any size");
    assert_eq!(quantile["params"]["required"], serde_json::json!(["q"]));
    assert_eq!(echoes("kernels --format csv").good().lines().count(), listed.len() + 1);
}

#[test]
fn every_kernel_has_help() {
    for line in echoes("kernels --format csv").good().lines().skip(1) {
        let name = line.split(',').next().unwrap();
        assert!(echoes(&format!("{name} --help")).good().contains("Usage: echoes"), "{name}");
    }
}

#[test]
fn completions_know_the_kernels() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = echoes(&format!("completions {shell}")).good();
        assert!(script.contains("rolling_mean") && script.contains("min-periods"), "{shell}");
    }
}

#[test]
fn the_doctor() {
    let findings: Value = serde_json::from_str(&echoes("doctor --format json --threads 1").good()).unwrap();
    assert_eq!(findings["threads"], 1);
    assert!(findings["gb_per_second"].as_f64().unwrap() > 0.0);
    assert!(echoes("doctor").good().contains("instructions"));
}
