//! Help, the catalogue, completions, the doctor.

use crate::tool::{self, echoes};
use echoes_stats::KERNELS;
use serde_json::Value;

#[test]
fn help() {
    let help = echoes("--help").good();
    let (before, kernels) = help.split_once("Kernels, each").unwrap();
    let (kernels, after) = kernels.split_once("\n\n").unwrap();
    insta::assert_snapshot!("help", format!("{before}Kernels, each …\n\n{after}"));
    let listed: Vec<&str> = kernels.split_whitespace().collect();
    for entry in KERNELS.iter().filter(|entry| entry.spec.name != "describe") {
        assert!(listed.contains(&entry.spec.name), "{} is not in {kernels}", entry.spec.name);
    }
    insta::assert_snapshot!("quantile_help", echoes("quantile --help").good());
    insta::assert_snapshot!("zscore_short_help", echoes("zscore -h").good());
    assert_eq!(echoes("kernels quantile").good(), echoes("quantile --help").good());
    assert_eq!(echoes("help quantile").good(), echoes("quantile --help").good());
    assert_eq!(echoes("help").good(), echoes("--help").good());
}

#[test]
fn version() {
    assert_eq!(echoes("--version").good(), concat!("echoes ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_catalogue() {
    let text = echoes("kernels").good();
    insta::assert_snapshot!(
        "kernels",
        text.lines().filter(|line| !line.starts_with("  ")).collect::<Vec<_>>().join("\n")
    );
    for group in KERNELS.chunk_by(|a, b| a.spec.category == b.spec.category) {
        let category = format!("{:?}\n", group[0].spec.category).to_lowercase();
        let section = text.split("\n\n").find(|section| section.starts_with(&category)).unwrap();
        let lines: Vec<_> = section.lines().skip(1).map(|line| line.trim().split_once("  ").unwrap()).collect();
        let wanted: Vec<_> = group.iter().map(|entry| (entry.spec.name, entry.summary())).collect();
        let found: Vec<_> = lines.iter().map(|(name, summary)| (*name, summary.trim().to_owned())).collect();
        assert_eq!(found, wanted);
    }
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
    let cache = tempfile::tempdir().unwrap();
    let mut command = tool::command();
    let run =
        tool::finish(command.env("XDG_CACHE_HOME", cache.path()).args(["doctor", "--gpu", "cpu", "--format", "json"]));
    let findings: Value = serde_json::from_str(&run.good()).unwrap();
    if findings["gpu"].as_str().unwrap().starts_with("none: ") {
        assert_eq!(findings["gpu_costs"], Value::Null);
    } else {
        assert!(findings["gpu_costs"]["sweep"].as_f64().unwrap() > 0.0);
        assert_eq!(std::fs::read_dir(cache.path().join("echoes")).unwrap().count(), 1);
    }
}
