//! What the machine does beside us, from `/proc/stat`: time that the host steals, work of other programs.

use std::fs;

/// Counters since the start of the machine, in ticks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ticks {
    all: u64,
    busy: u64,
    steal: u64,
    /// Of this process and those that it has waited for.
    own: u64,
}

/// Shares of the processors' time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Disturbance {
    /// Taken by the host.
    pub(super) steal: f64,
    /// Used by other programs.
    pub(super) others: f64,
}

impl Ticks {
    /// Now; all zero on a system that does not say.
    pub(super) fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let own = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        Self { own: own_ticks(&own), ..machine_ticks(&stat) }
    }

    /// What happened from `before` to now.
    pub(super) fn since(self, before: Self) -> Disturbance {
        let all = self.all.saturating_sub(before.all).max(1) as f64;
        let (busy, own) = (self.busy.saturating_sub(before.busy), self.own.saturating_sub(before.own));
        Disturbance {
            steal: self.steal.saturating_sub(before.steal) as f64 / all,
            others: busy.saturating_sub(own) as f64 / all,
        }
    }
}

impl Disturbance {
    /// Whether a block is to be measured again. The limits are fixed beforehand, and know nothing of arms or times.
    pub(super) fn is_dirty(self) -> bool {
        self.steal > 0.05 || self.others > 0.20
    }
}

/// `cpu user nice system idle iowait irq softirq steal …`
fn machine_ticks(stat: &str) -> Ticks {
    let line = stat.lines().next().unwrap_or_default();
    let fields: Vec<u64> =
        line.split_whitespace().skip(1).take(8).map(|field| field.parse().unwrap_or_default()).collect();
    let [user, nice, system, idle, wait, irq, softirq, steal] = fields[..] else { return Ticks::default() };
    let busy = user + nice + system + irq + softirq;
    Ticks { all: busy + idle + wait + steal, busy, steal, own: 0 }
}

/// The 14th to 17th field: user and system, its own and its children's. The second field may hold blanks and brackets.
fn own_ticks(stat: &str) -> u64 {
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    after.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_what_passed() {
        let before = Ticks { own: 5, ..machine_ticks("cpu  100 0 0 800 0 0 0 100 0 0\ncpu0 1\n") };
        let after = Ticks { own: 25, ..machine_ticks("cpu  150 0 10 930 0 0 0 110 0 0\n") };
        let passed = after.since(before);
        assert_eq!(passed, Disturbance { steal: 0.05, others: 0.2 });
        assert!(!passed.is_dirty());
        assert!(Disturbance { steal: 0.06, others: 0.0 }.is_dirty());
        assert!(Disturbance { steal: 0.0, others: 0.3 }.is_dirty());
    }

    #[test]
    fn own_time_is_found_behind_any_name() {
        assert_eq!(own_ticks("7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 99"), 11 + 12 + 13 + 14);
    }

    #[test]
    fn what_is_not_said_is_zero() {
        assert_eq!(machine_ticks("nothing").since(Ticks::default()), Disturbance::default());
    }
}
