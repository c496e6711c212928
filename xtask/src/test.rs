//! `test`: all that must be true of a change, in one command that needs nothing but stable cargo.

use crate::{Outcome, Stop, docker, fmt, gate, no_args, shell, steps::Steps, tidy};

/// The crates whose results depend on the instruction set.
const UNDER_THE_LAWS: [&str; 3] = ["echoes-simd", "echoes-stats", "echoes-engine"];

/// The crate with the most to compile. Its tests need no speed: without optimisation its dependencies take a third of the time.
const SQL: &str = "echoes-datafusion";

pub(crate) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    let mut all = Steps::default();
    steps(&mut all);
    all.finish()
}

/// Adds the steps of `test` to a list.
pub(crate) fn steps(steps: &mut Steps) {
    steps.step("format", || fmt::installed().and_then(|()| fmt::check()));
    steps.step("clippy", clippy);
    steps.step("tidy", || tidy::run(&[]));
    steps.step("docker", || docker::run(&[]));
    let runner = Runner::find();
    steps.step("tests", || runner.run(&[], None));
    steps.step("tests in SQL", sql);
    steps.step("programs for a GPU", gpu);
    steps.step("the gate's own test", gate::selftest);
    steps.step("tests in the docs", || {
        shell::run(&mut shell::cargo(&["test", "--workspace", "--exclude", SQL, "--doc"]))
    });
    for level in &LEVELS {
        steps.step(&format!("laws at {}", level.name), || {
            (level.detect)().then_some(()).ok_or_else(|| Stop::Skipped(format!("this CPU has no {}", level.says)))?;
            runner.run(&UNDER_THE_LAWS, Some(level.name))
        });
    }
}

/// The tests of `echoes-gpu` pass without a driver too: this says in the summary whether they had what they need.
fn gpu() -> Outcome {
    let mut cargo = shell::cargo(&["test", "--quiet", "--package", "echoes-gpu", "--lib", "--test", "device"]);
    let said = shell::output(cargo.args(["--", "--nocapture", "open::", "every_module_is_valid"]))?;
    match said.lines().find_map(|line| line.strip_prefix("skipped: ")) {
        Some(why) => Err(Stop::Skipped(why.to_owned())),
        None => Ok(()),
    }
}

/// Its examples in the docs too.
fn sql() -> Outcome {
    let mut cargo = shell::cargo(&["test", "--package", SQL]);
    shell::run(cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0"))
}

fn clippy() -> Outcome {
    if !shell::works(&mut shell::cargo(&["clippy", "--version"])) {
        return Err(Stop::Skipped("not installed; get it with `rustup component add clippy`".to_owned()));
    }
    shell::run(&mut shell::cargo(&["clippy", "--workspace", "--all-targets", "--keep-going", "--", "-D", "warnings"]))
}

/// What runs the tests: nextest where it is installed, because it uses every core; else cargo.
enum Runner {
    Nextest,
    Cargo,
}

impl Runner {
    fn find() -> Self {
        if shell::works(&mut shell::cargo(&["nextest", "--version"])) { Self::Nextest } else { Self::Cargo }
    }

    /// Runs the tests of these crates, of all but those in SQL if none is named, at a level of SIMD.
    fn run(&self, only: &[&str], level: Option<&str>) -> Outcome {
        let mut cargo = match self {
            Self::Nextest => {
                shell::cargo(&["nextest", "run", "--config-file", "xtask/nextest.toml", "--status-level", "fail"])
            }
            Self::Cargo => shell::cargo(&["test"]),
        };
        // Not the benches, and not the examples in the docs, which have their own step.
        cargo.args(["--no-fail-fast", "--lib", "--bins", "--tests", "--examples"]).args(self.packages(only));
        shell::run(match level {
            Some(level) => cargo.env("ECHOES_SIMD", level),
            None => cargo.env_remove("ECHOES_SIMD"),
        })
    }

    fn packages(&self, only: &[&str]) -> Vec<String> {
        let mut all = ["--workspace", "--exclude", SQL].map(str::to_owned).to_vec();
        match self {
            _ if only.is_empty() => all,
            // Built as all are: what a few depend on has other features, and would be built anew.
            Self::Nextest => {
                let packages: Vec<String> = only.iter().map(|name| format!("package({name})")).collect();
                all.extend(["--filterset".to_owned(), packages.join(" | ")]);
                all
            }
            Self::Cargo => only.iter().flat_map(|name| ["--package".to_owned(), (*name).to_owned()]).collect(),
        }
    }
}

/// A value of `ECHOES_SIMD`.
struct Level {
    name: &'static str,
    says: &'static str,
    detect: fn() -> bool,
}

/// The levels of `echoes-simd`, with its conditions: a level that it would refuse cannot be tested.
static LEVELS: [Level; 3] = [
    Level { name: "portable", says: "portable level", detect: || true },
    Level { name: "avx2", says: "AVX2", detect: has_avx2 },
    Level { name: "avx512", says: "AVX-512 as of Ice Lake and Zen 4", detect: has_avx512 },
];

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("popcnt")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vpopcntdq")
        && is_x86_feature_detected!("gfni")
        && is_x86_feature_detected!("popcnt")
}

#[cfg(not(target_arch = "x86_64"))]
const fn has_avx2() -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
const fn has_avx512() -> bool {
    false
}
