//! `--gpu`: the same bytes with a graphics processor, and one line where there must be one and is none.

use crate::tool::{Ran, command, echoes, echoes_in, finish, noise, npy, with_file};

/// Runs a line where the Vulkan library finds no driver.
fn without_driver(line: &str) -> Ran {
    let nowhere = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].map(|name| (name, "/nowhere"));
    finish(command().envs(nowhere).args(line.split_whitespace()))
}

#[test]
fn a_graphics_processor_does_not_show() {
    let directory = with_file("x.npy", npy(&noise(300_000)));
    let run = |line: &str| echoes_in(directory.path(), line);
    for kernel in ["describe", "mean", "kurtosis", "argmax", "zscore"] {
        let by = |gpu: &str| run(&format!("{kernel} x.npy --format json --gpu {gpu}")).good();
        let off = by("off");
        assert!(off == by("cpu") && off == by("auto"), "{kernel}");
    }
    let report = run("mean x.npy --gpu cpu --report").err;
    if report.contains(" by mmap ") {
        println!("skipped: no Vulkan driver");
    } else {
        assert!(report.contains(" by gpu "), "{report}");
    }
    let plan = run("mean x.npy --explain --gpu off").good();
    assert!(plan.contains("from moments/3, on the processor: the GPU is off"), "{plan}");
}

/// The library says so when it is loaded.
#[test]
fn nothing_is_loaded_before_a_run_could_gain_from_it() {
    let directory = with_file("x.npy", npy(&noise(300_000)));
    let run = |line: &str| {
        finish(command().current_dir(directory.path()).env("VK_LOADER_DEBUG", "all").args(line.split_whitespace()))
    };
    for line in ["--version", "describe x.npy", "mean x.npy", "zscore x.npy", "mean x.npy --explain", "kernels"] {
        run(line).good();
    }
    if run("mean x.npy --gpu cpu").err.is_empty() {
        println!("skipped: no Vulkan library");
    }
}

#[test]
fn one_that_must_be_there_and_is_not_is_a_line() {
    let refused = without_driver("mean sunspots.csv --gpu on");
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    let line = refused.line();
    assert!(line.starts_with("echoes: no graphics processor: no "), "{line}");
    assert!(line.ends_with("; leave it to --gpu auto"), "{line}");
    for gpu in ["auto", "off", "cpu"] {
        without_driver(&format!("mean sunspots.csv --gpu {gpu}")).good();
    }
    assert_eq!(echoes("mean sunspots.csv --gpu maybe").code, Some(2));
}
