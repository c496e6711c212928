//! What is printed of a comparison: for people, and as JSON.

use super::{
    blocks::Arms,
    compare::Comparison,
    instructions::{self, Counts, GROWTH, Growth, LEVELS},
    verdict::{Reading, Verdict},
};
use crate::Stop;
use serde_json::{Value, json};
use std::fmt::Write;

/// Both tiers.
pub(super) struct Report {
    pub(super) rev: String,
    pub(super) comparison: Comparison,
    /// Or why nothing was counted.
    pub(super) counts: Result<Counts, String>,
}

/// What changed in the instructions of a bench that is slower.
pub(super) struct Profile {
    bench: String,
    said: String,
}

impl Report {
    /// The worse of both tiers.
    pub(super) fn verdict(&self) -> Verdict {
        let red = self.grown().next().is_some() || self.gone().next().is_some();
        if red { Verdict::Regressed } else { self.comparison.verdict() }
    }

    fn grown(&self) -> impl Iterator<Item = &Growth> {
        self.counts.iter().flat_map(Counts::grown)
    }

    /// Benches that are no more.
    fn gone(&self) -> impl Iterator<Item = &String> {
        let lost = self.comparison.lost.iter().map(|(bench, _)| bench);
        lost.chain(self.counts.iter().flat_map(|counts| &counts.lost))
    }

    /// The verdict in a line.
    pub(super) fn headline(&self) -> String {
        let names = |verdict| {
            let named = self.comparison.readings.iter().filter(move |reading| reading.verdict == verdict);
            named.map(|reading| reading.bench.clone()).collect::<Vec<_>>()
        };
        match self.verdict() {
            Verdict::Pass => format!("pass: nothing is slower than {}", self.rev),
            Verdict::Inconclusive => {
                format!(
                    "inconclusive: too much noise in {}; measure again on a quieter machine",
                    names(Verdict::Inconclusive).join(", ")
                )
            }
            Verdict::Regressed => {
                let grown = self.grown().map(|growth| format!("{} at {} (instructions)", growth.bench, growth.level));
                let gone = self.gone().map(|bench| format!("{bench} (gone)"));
                let all: Vec<String> = names(Verdict::Regressed).into_iter().chain(grown).chain(gone).collect();
                format!("regressed against {}: {}", self.rev, all.join(", "))
            }
        }
    }

    /// Counts the instructions of what is slower, to say which functions have changed.
    pub(super) fn profiles(&self, arms: &Arms<'_>) -> Result<Vec<Profile>, Stop> {
        let slower: Vec<String> = self.comparison.regressed().map(|reading| reading.bench.clone()).collect();
        if slower.is_empty() {
            return Ok(Vec::new());
        }
        if let Err(why) = &self.counts {
            return Ok(slower.into_iter().map(|bench| Profile { bench, said: format!("none: {why}") }).collect());
        }
        let growths = instructions::growths(arms, &slower)?;
        let widest = growths.into_iter().filter(|growth| Some(&growth.level) == LEVELS.last());
        Ok(widest.map(|growth| Profile { bench: growth.bench.clone(), said: gained(&growth) }).collect())
    }

    /// For people.
    pub(super) fn text(&self, profiles: &[Profile]) -> String {
        let mut text = self.times();
        text += &self.instructions();
        let Comparison { new, lost, .. } = &self.comparison;
        for bench in new {
            let _ = writeln!(text, "new        {bench}: {} cannot do it", self.rev);
        }
        for (bench, why) in lost {
            let _ = writeln!(text, "GONE       {bench}: {why}");
        }
        for bench in self.counts.iter().flat_map(|counts| &counts.lost) {
            let _ = writeln!(text, "GONE       {bench}: {} has it", self.rev);
        }
        for reading in self.comparison.regressed() {
            text += &self.regression(reading, profiles);
        }
        for growth in self.grown() {
            let Growth { bench, level, counts: [before, after] } = growth;
            let _ = writeln!(
                text,
                "REGRESSED  {bench} at {level}: {} instructions, {} before; {}",
                after.total,
                before.total,
                gained(growth)
            );
        }
        let _ = writeln!(text, "{}", self.headline());
        text
    }

    fn times(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{:<28} {:>10} {:>10} {:>8} {:>18} {:>7} {:>8}  verdict",
            "bench", "before", "after", "change", "95 % interval", "slower", "sees"
        );
        let Comparison { readings, control, disturbance, dirty, seconds, seed, .. } = &self.comparison;
        for reading in readings.iter().chain([control]) {
            let Reading { bench, times, change, interval, blocks, slower, smallest, verdict } = reading;
            let _ = writeln!(
                text,
                "{bench:<28} {:>10} {:>10} {:>8} {:>18} {slower:>4}/{blocks:<2} {:>8}  {}",
                time(times.0),
                time(times.1),
                percent(*change),
                format!("{} … {}", percent(interval.0), percent(interval.1)),
                percent(*smallest),
                verdict.name()
            );
        }
        let _ = writeln!(
            text,
            "steal {:.1} %, other programs {:.1} % of the processors; {dirty} blocks measured again; {seconds:.0} s; seed {seed}",
            100.0 * disturbance.steal,
            100.0 * disturbance.others,
        );
        text
    }

    fn instructions(&self) -> String {
        match &self.counts {
            Err(why) => format!("instructions: skipped: {why}\n"),
            Ok(counts) => {
                let most = counts.growths.iter().map(Growth::change).fold(f64::NEG_INFINITY, f64::max);
                format!(
                    "instructions: {} counts at {}, greatest growth {:+.2} %, red from {:.1} %; AVX-512: times only\n",
                    counts.growths.len(),
                    LEVELS.join(" and "),
                    100.0 * most,
                    100.0 * GROWTH
                )
            }
        }
    }

    fn regression(&self, reading: &Reading, profiles: &[Profile]) -> String {
        let Reading { bench, times, change, interval, blocks, slower, .. } = reading;
        let profile =
            profiles.iter().find(|profile| profile.bench == *bench).map_or("none", |profile| profile.said.as_str());
        format!(
            "REGRESSED  {bench}: {} ({} … {}), {} now, {} before\n  \
             blocks   slower in {slower} of {blocks}, measured anew after the first look, with processes and layouts of their own\n  \
             steal    {:.1} % of the processors' time\n  \
             repeat   cargo xtask gate --against {} --bench {bench} --seed {}\n  \
             profile  {profile}\n",
            percent(*change),
            percent(interval.0),
            percent(interval.1),
            time(times.1),
            time(times.0),
            100.0 * self.comparison.disturbance.steal,
            self.rev,
            self.comparison.seed,
        )
    }

    /// For programs: one object.
    pub(super) fn json(&self, profiles: &[Profile]) -> Value {
        let Comparison { readings, control, disturbance, dirty, seconds, seed, new, lost } = &self.comparison;
        let counts = self.counts.as_ref().map_or_else(
            |why| json!({ "skipped": why }),
            |counts| json!({ "benches": counts.growths.iter().map(growth_json).collect::<Vec<_>>(), "lost": counts.lost }),
        );
        json!({
            "against": self.rev,
            "verdict": self.verdict().name(),
            "seed": seed,
            "seconds": seconds,
            "steal": disturbance.steal,
            "others": disturbance.others,
            "blocks_again": dirty,
            "benches": readings.iter().map(reading_json).collect::<Vec<_>>(),
            "control": reading_json(control),
            "new": new,
            "lost": lost.iter().map(|(bench, why)| json!({ "bench": bench, "why": why })).collect::<Vec<_>>(),
            "instructions": counts,
            "profiles": profiles.iter().map(|profile| json!({ "bench": profile.bench, "said": profile.said })).collect::<Vec<_>>(),
        })
    }
}

/// A bench.
pub(super) fn reading_json(reading: &Reading) -> Value {
    json!({
        "bench": reading.bench,
        "before_ns": reading.times.0,
        "after_ns": reading.times.1,
        "change": reading.change,
        "interval": [reading.interval.0, reading.interval.1],
        "blocks": reading.blocks,
        "slower": reading.slower,
        "sees": reading.smallest,
        "verdict": reading.verdict.name(),
    })
}

fn growth_json(growth: &Growth) -> Value {
    let [before, after] = &growth.counts;
    json!({ "bench": growth.bench, "level": growth.level, "before": before.total, "after": after.total })
}

/// How many instructions came, and where.
fn gained(growth: &Growth) -> String {
    let functions = instructions::difference(&growth.counts);
    if functions.is_empty() {
        return format!("the same instructions at {}: memory, threads, locks or AVX-512 made it slower", growth.level);
    }
    let functions: Vec<String> = functions.iter().map(|(name, gain)| format!("{name} {gain:+}")).collect();
    format!("{} instructions at {}: {}", percent(growth.change()), growth.level, functions.join(", "))
}

fn percent(share: f64) -> String {
    format!("{:+.1} %", 100.0 * share)
}

/// Nanoseconds, in the unit that people would take.
pub(crate) fn time(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        ns => format!("{:.2} s", ns / 1e9),
    }
}
