//! Instructions, counted by callgrind: the same number each time, so that half a percent is seen without any statistics.
//!
//! Every kernel of the registry is counted on 10,000 doubles, on one thread, at each level that valgrind knows; it has no AVX-512, so those
//! kernels are judged by their times alone. Counts know nothing of memory, locks and threads: that is the other tier's.
//! How far an allocator searches depends on all that was freed before: each work has a process for itself, and each
//! call of the allocator one price. What it copies or clears meanwhile is not counted either; the times see that.

use super::{arm::Arm, blocks::Arms};
use crate::{Stop, shell};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// Growth that is red.
pub(super) const GROWTH: f64 = 0.005;

/// The levels that valgrind can run.
pub(super) const LEVELS: [&str; 2] = ["portable", "avx2"];

/// What callgrind counts in.
const COUNTED: &str = "gate_arm::counted";

/// What the C library allocates with, and the instructions that a call of it counts for: about what one takes.
const ALLOCATOR: [&str; 6] = ["malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc"];
const ALLOCATION: u64 = 50;

/// What a copy in the C library does depends on the caches that it finds.
const TUNABLES: &str = "glibc.cpu.x86_data_cache_size=0x8000:glibc.cpu.x86_shared_cache_size=0x100000:\
                        glibc.cpu.x86_non_temporal_threshold=0xc0000:glibc.cpu.x86_rep_movsb_threshold=0x800";

/// Instructions of one bench.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) total: u64,
    /// Of each function itself, those of the allocator as they are.
    pub(super) functions: BTreeMap<String, u64>,
}

/// A call in callgrind's format.
#[derive(Default)]
struct Call<'a> {
    /// Whether it goes to another library.
    leaves: bool,
    of: &'a str,
    times: Option<u64>,
}

impl Call<'_> {
    /// Calls within the C library are what an allocation costs, not more of them.
    fn allocates(&self) -> bool {
        self.leaves && ALLOCATOR.contains(&self.of)
    }
}

/// A bench at a level, in both arms.
pub(super) struct Growth {
    pub(super) bench: String,
    pub(super) level: &'static str,
    pub(super) counts: [Count; 2],
}

/// All that was counted.
pub(super) struct Counts {
    pub(super) growths: Vec<Growth>,
    /// Benches that the first arm has and the second has not.
    pub(super) lost: Vec<String>,
}

impl Growth {
    /// The ratio of the counts, less one.
    pub(super) fn change(&self) -> f64 {
        self.counts[1].total as f64 / self.counts[0].total as f64 - 1.0
    }

    pub(super) fn is_red(&self) -> bool {
        self.counts[1].total as f64 >= (1.0 + GROWTH) * self.counts[0].total as f64
    }
}

impl Counts {
    /// Those that have grown too much.
    pub(super) fn grown(&self) -> impl Iterator<Item = &Growth> {
        self.growths.iter().filter(|growth| growth.is_red())
    }
}

/// Counts all benches that both arms have.
pub(super) fn compare(arms: &Arms<'_>) -> Result<Counts, Stop> {
    installed()?;
    let names = [arms.arms[0].names()?, arms.arms[1].names()?];
    let benches: Vec<String> =
        names[1].iter().filter(|name| is_counted(name) && names[0].contains(name)).cloned().collect();
    let lost = names[0].iter().filter(|name| !names[1].contains(name)).cloned().collect();
    Ok(Counts { growths: growths(arms, &benches)?, lost })
}

/// Counts these benches.
pub(super) fn growths(arms: &Arms<'_>, benches: &[String]) -> Result<Vec<Growth>, Stop> {
    let mut growths = Vec::new();
    for level in LEVELS {
        // The counts are the same whatever else the machine does.
        let both = thread::scope(|scope| {
            let first = scope.spawn(|| count(arms.arms[0], level, arms.again[0], benches, "first"));
            let second = count(arms.arms[1], level, arms.again[1], benches, "second");
            let first =
                first.join().unwrap_or_else(|_| Err(Stop::Harness("a thread that counts has panicked".to_owned())));
            Ok::<_, Stop>([first?, second?])
        })?;
        let [first, second] = both;
        for ((bench, first), second) in benches.iter().zip(first).zip(second) {
            growths.push(Growth { bench: bench.clone(), level, counts: [first, second] });
        }
    }
    Ok(growths)
}

/// Whether callgrind can be had.
pub(super) fn installed() -> Result<(), Stop> {
    match shell::works(Command::new("valgrind").arg("--version")) {
        true => Ok(()),
        false => Err(Stop::Skipped("valgrind not installed".to_owned())),
    }
}

/// Work on one thread that 10,000 rows are enough for; a request is answered on other threads.
fn is_counted(name: &str) -> bool {
    name.ends_with("/f64/10000") && !name.starts_with("json/")
}

fn count(arm: &Arm, level: &str, again: f64, benches: &[String], side: &str) -> Result<Vec<Count>, Stop> {
    let directory = shell::root().join(format!("target/gate/callgrind/{side}-{level}-{}", std::process::id()));
    let failed = |error: std::io::Error| Stop::Harness(format!("{}: {error}", directory.display()));
    fs::create_dir_all(&directory).map_err(failed)?;
    let counts = benches.iter().map(|bench| count_one(arm, level, again, bench, &directory)).collect();
    // If it stays, it only takes room.
    let _ = fs::remove_dir_all(&directory);
    counts
}

fn count_one(arm: &Arm, level: &str, again: f64, bench: &str, directory: &Path) -> Result<Count, Stop> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--cache-sim=no", "--compress-strings=no", "--compress-pos=no", "--quiet"]);
    valgrind.args([format!("--toggle-collect={COUNTED}"), format!("--dump-after={COUNTED}")]);
    valgrind.arg(format!("--callgrind-out-file={}", directory.join("out").display()));
    valgrind.arg(&arm.built).args(["count", &again.to_string(), &format!("{bench}:1")]);
    valgrind.env("ECHOES_SIMD", level).env("RAYON_NUM_THREADS", "1").env("GLIBC_TUNABLES", TUNABLES);
    let out = valgrind.current_dir(shell::root()).stderr(Stdio::null()).output();
    let out = out.map_err(|error| Stop::Harness(format!("valgrind cannot be started: {error}")))?;
    let said = String::from_utf8_lossy(&out.stdout);
    if said.lines().find_map(|line| line.strip_prefix("counted ")) != Some(bench) {
        let why = said.lines().find(|line| line.starts_with("failed ")).unwrap_or("it ended early");
        return Err(Stop::Harness(format!("{} under callgrind at {level}: {bench}: {why}", arm.name)));
    }
    let dump = directory.join("out.1");
    let count = read(&dump);
    // The next one must not be taken for its own.
    let _ = fs::remove_file(dump);
    count
}

fn read(path: &Path) -> Result<Count, Stop> {
    let text = fs::read_to_string(path).map_err(|error| Stop::Harness(format!("{}: {error}", path.display())))?;
    let count = parse(&text);
    match count.total {
        0 => Err(Stop::Harness(format!("{}: callgrind counted nothing", path.display()))),
        _ => Ok(count),
    }
}

/// Callgrind's format, without compression: `fn=NAME`, then `LINE COST`. A call is `cob=OBJECT` if it leaves the program
/// or the library that it is made in, `cfn=NAME`, `calls=N`, and a line with what the called function and all under it cost.
fn parse(text: &str) -> Count {
    let mut count = Count::default();
    let (mut function, mut call) = ("", Call::default());
    let (mut allocations, mut allocating) = (0, 0);
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            function = plain(name);
        } else if line.starts_with("cob=") {
            call.leaves = true;
        } else if let Some(name) = line.strip_prefix("cfn=") {
            call.of = plain(name);
        } else if let Some(rest) = line.strip_prefix("calls=") {
            call.times = rest.split(' ').next().and_then(|times| times.parse().ok());
        } else if line.starts_with(|c: char| c.is_ascii_digit()) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<u64>().ok()).unwrap_or_default();
            match call.times {
                None => {
                    count.total += cost;
                    *count.functions.entry(function.to_owned()).or_default() += cost;
                }
                Some(times) if call.allocates() => {
                    allocations += times;
                    allocating += cost;
                }
                Some(_) => {}
            }
            call = Call::default();
        }
    }
    count.total = count.total.saturating_sub(allocating) + ALLOCATION * allocations;
    count
}

/// A function's name without the hash that the compiler gives it, or the cycle that callgrind found it in.
fn plain(name: &str) -> &str {
    let name = name.split('\'').next().unwrap_or(name);
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => path,
        _ => name,
    }
}

/// The functions that changed most, with the instructions that they gained.
pub(super) fn difference([before, after]: &[Count; 2]) -> Vec<(String, i64)> {
    let names: std::collections::BTreeSet<&String> = before.functions.keys().chain(after.functions.keys()).collect();
    let of = |count: &Count, name: &String| count.functions.get(name).copied().unwrap_or_default() as i64;
    let gained = names.into_iter().map(|name| (name.clone(), of(after, name) - of(before, name)));
    let mut gained: Vec<(String, i64)> = gained.filter(|(_, gain)| *gain != 0).collect();
    gained.sort_by_key(|(_, gain)| std::cmp::Reverse(gain.unsigned_abs()));
    gained.truncate(4);
    gained
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "version: 1\npositions: line\nevents: Ir\nsummary: 130\n\nob=gate-arm\nfl=???\n\
        fn=echoes::sum::h0123456789abcdef\n0 100\ncfn=memcpy\ncalls=2 0\n0 25\n0 5\n\nfn=memcpy'2\n0 25\n\ntotals: 130\n";

    #[test]
    fn what_a_function_calls_is_not_its_own() {
        let count = parse(DUMP);
        assert_eq!(count.total, 130);
        let functions: Vec<_> = count.functions.iter().map(|(name, cost)| (name.as_str(), *cost)).collect();
        assert_eq!(functions, [("echoes::sum", 105), ("memcpy", 25)]);
        assert_eq!(parse("nothing"), Count::default());
    }

    /// Two buffers from an allocator that takes so many instructions for both.
    fn allocating(instructions: u64) -> u64 {
        let within = format!("fn=_int_malloc\n0 {}\n", instructions - 30);
        let malloc = format!("fn=malloc\n0 30\ncfn=_int_malloc\ncalls=1 0\n0 {}\n", instructions - 30);
        let work = format!("fn=sum\n0 100\ncob=libc.so.6\ncfn=malloc\ncalls=2 0\n0 {instructions}\n");
        parse(&format!("ob=libc.so.6\n{within}{malloc}ob=gate-arm\n{work}")).total
    }

    #[test]
    fn an_allocation_has_one_price_however_long_the_allocator_searched() {
        assert_eq!(allocating(40), 100 + 2 * ALLOCATION);
        assert_eq!(allocating(4000), allocating(40));
    }

    #[test]
    fn half_a_percent_is_red() {
        let growth = |after| {
            let count = |total| Count { total, functions: BTreeMap::new() };
            Growth { bench: "mean".to_owned(), level: "avx2", counts: [count(1000), count(after)] }
        };
        assert!(growth(1005).is_red() && !growth(1004).is_red() && !growth(900).is_red());
    }

    #[test]
    fn the_greatest_differences_come_first() {
        let count = |functions: &[(&str, u64)]| Count {
            total: 1,
            functions: functions.iter().map(|&(name, cost)| (name.to_owned(), cost)).collect(),
        };
        let difference =
            difference(&[count(&[("a", 5), ("b", 70), ("c", 1)]), count(&[("a", 6), ("c", 1), ("d", 30)])]);
        assert_eq!(difference, [("b".to_owned(), -70), ("d".to_owned(), 30), ("a".to_owned(), 1)]);
    }

    #[test]
    fn requests_and_threads_are_not_counted() {
        assert!(is_counted("mean/f64/10000") && is_counted("csv/f64/10000"));
        assert!(
            !is_counted("json/f64/10000") && !is_counted("mean/f64/1000000") && !is_counted("mean/f64/10000/threads")
        );
    }
}
