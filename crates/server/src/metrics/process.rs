//! What the system says of this process; nothing where it does not.

use super::{family, line};
use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

/// Parts of a second in which Linux states times to programs, on every machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

pub(super) fn write(text: &mut String, started: f64) {
    if let Some(bytes) = resident_bytes() {
        family(text, "process_resident_memory_bytes", "gauge", "Memory that the process holds.");
        line(text, format_args!("process_resident_memory_bytes {bytes}"));
    }
    if let Some(seconds) = cpu_seconds() {
        family(text, "process_cpu_seconds_total", "counter", "Processor time that the process has used.");
        line(text, format_args!("process_cpu_seconds_total {seconds}"));
    }
    family(text, "process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.");
    line(text, format_args!("process_start_time_seconds {started}"));
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))?;
    Some(kilobytes.trim().parse::<u64>().ok()? * 1024)
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let mut time = || times.next()?.parse::<f64>().ok();
    Some((time()? + time()?) / TICKS_PER_SECOND)
}
