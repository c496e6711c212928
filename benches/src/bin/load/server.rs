//! The server under load: started, kept to one processor, watched, stopped.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A server that ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From its start to the line that says where it listens.
    pub(crate) started_in: Duration,
}

impl Server {
    /// Starts `echoes serve` at a port that is free.
    pub(crate) fn start(program: &Path, flags: &[String]) -> Result<Self, String> {
        let shown = program.display();
        let start = Instant::now();
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(flags).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{shown}: {error}"))?;
        let mut line = String::new();
        let said = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        match (said, address) {
            (Some(Ok(_)), Some(address)) => Ok(Self { child, address, started_in: start.elapsed() }),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("{shown} serve does not say where it listens, but {:?}", line.trim()))
            }
        }
    }

    /// What it has used so far, where the system says so.
    pub(crate) fn used(&self) -> Option<Used> {
        system::used(self.child.id())
    }

    /// Stops it after `wait` for so long, from another thread; it goes on even if this one is gone.
    pub(crate) fn stall_after(&self, wait: Duration, length: Duration) -> Result<(), String> {
        let id = self.child.id();
        system::can_stall()?;
        thread::spawn(move || {
            thread::sleep(wait);
            system::stall(id, length);
        });
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It keeps nothing that could be lost.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// Seconds of processors.
    pub(crate) processor_s: f64,
    /// The largest resident memory that it ever had, in bytes.
    pub(crate) memory_peak: u64,
}

/// Gives what is started from now on the first processor, and when the guard is asked to part, this thread the last.
pub(crate) use system::Processors;

#[cfg(target_os = "linux")]
mod system {
    use super::Used;
    use rustix::{
        process::{Pid, Signal, kill_process},
        thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    };
    use std::{fs, thread, time::Duration};

    /// The server's processor and the generator's.
    pub(crate) struct Processors {
        server: CpuSet,
        generator: CpuSet,
    }

    impl Processors {
        /// Two of those that this process may use, or why not.
        pub(crate) fn two() -> Result<Self, String> {
            let all = sched_getaffinity(None).map_err(|error| error.to_string())?;
            let mut allowed = (0..CpuSet::MAX_CPU).filter(|&cpu| all.is_set(cpu));
            match (allowed.next(), allowed.next_back()) {
                (Some(first), Some(last)) => Ok(Self { server: only(first), generator: only(last) }),
                _ => Err("there is one processor for both".to_owned()),
            }
        }

        /// What is started from now on inherits the server's.
        pub(crate) fn for_the_server(&self) -> Result<(), String> {
            sched_setaffinity(None, &self.server).map_err(|error| error.to_string())
        }

        /// This thread has the generator's from now on.
        pub(crate) fn for_the_generator(&self) -> Result<(), String> {
            sched_setaffinity(None, &self.generator).map_err(|error| error.to_string())
        }
    }

    fn only(cpu: usize) -> CpuSet {
        let mut set = CpuSet::new();
        set.set(cpu);
        set
    }

    pub(super) fn used(id: u32) -> Option<Used> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?;
        Some(Used { processor_s: processor_ticks(&stat)? / ticks, memory_peak: kilobytes.parse::<u64>().ok()? << 10 })
    }

    /// User's and system's time of `/proc/PID/stat`: the 14th and 15th fields; the second, in brackets, may hold anything.
    pub(super) fn processor_ticks(stat: &str) -> Option<f64> {
        let (_, after) = stat.rsplit_once(')')?;
        let mut fields = after.split_ascii_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    }

    pub(super) const fn can_stall() -> Result<(), String> {
        Ok(())
    }

    pub(super) fn stall(id: u32, length: Duration) {
        let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) else { return };
        // A server that has ended cannot stall, and shows that otherwise.
        let _ = kill_process(id, Signal::STOP);
        thread::sleep(length);
        let _ = kill_process(id, Signal::CONT);
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Used;
    use std::time::Duration;

    /// The server's processor and the generator's.
    pub(crate) struct Processors {}

    impl Processors {
        /// Two of those that this process may use, or why not.
        pub(crate) fn two() -> Result<Self, String> {
            Err("this system does not let a process choose".to_owned())
        }

        /// What is started from now on inherits the server's.
        pub(crate) fn for_the_server(&self) -> Result<(), String> {
            Ok(())
        }

        /// This thread has the generator's from now on.
        pub(crate) fn for_the_generator(&self) -> Result<(), String> {
            Ok(())
        }
    }

    pub(super) fn used(_: u32) -> Option<Used> {
        None
    }

    pub(super) fn can_stall() -> Result<(), String> {
        Err("a stall can be planted on Linux only".to_owned())
    }

    pub(super) fn stall(_: u32, _: Duration) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 5";
        assert_eq!(system::processor_ticks(stat), Some(300.0));
        assert_eq!(system::processor_ticks("7 (a"), None);
    }

    #[test]
    fn this_process_has_used_something() {
        let used = system::used(std::process::id()).unwrap();
        assert!(used.memory_peak > 1 << 20 && used.processor_s >= 0.0, "{used:?}");
    }

    #[test]
    fn who_does_not_serve_is_no_server() {
        let refused = Server::start(Path::new("/bin/echo"), &[]).err().unwrap();
        assert!(refused.contains("does not say where it listens"), "{refused}");
        assert!(Server::start(Path::new("/nowhere/echoes"), &[]).is_err());
    }
}
