//! Each alert has a case that fires and one that stays silent, and knows the quota that is granted.

use super::{Finding, Metadata};
use crate::tree::Tree;

const RULES: &str = "docker/prometheus/rules.yml";
const TESTS: &str = "docker/prometheus/rules_test.yml";
const COMPOSE: &str = "docker/compose.yaml";

pub(super) fn check(tree: &Tree, _: &Metadata) -> Vec<Finding> {
    let text = |path| tree.text(path).unwrap_or_default();
    let mut findings = untested(text(RULES), text(TESTS));
    findings.extend(quota(text(RULES), text(COMPOSE)));
    findings
}

fn untested(rules: &str, tests: &str) -> Vec<Finding> {
    let alerts = rules.lines().enumerate().filter_map(|(at, line)| Some((at, value(line, "alert:")?)));
    let missing = |alert: &str, fires: bool| !cases(tests).any(|case| case == (alert, fires));
    let finding = |at: usize, alert: &str, says: &str| {
        Finding::new(RULES, at + 1, format!("no case {says} `{alert}`"), format!("add one to {TESTS}"))
    };
    let mut findings = Vec::new();
    for (at, alert) in alerts {
        findings.extend(missing(alert, true).then(|| finding(at, alert, "fires")));
        findings.extend(missing(alert, false).then(|| finding(at, alert, "silences")));
    }
    findings
}

/// Each case's alert, and whether it expects it to fire.
fn cases(tests: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut alert = "";
    tests.lines().filter_map(move |line| {
        alert = value(line, "alertname:").unwrap_or(alert);
        value(line, "exp_alerts:").map(|expected| (alert, expected != "[]"))
    })
}

/// The processors that compose grants the server, which no metric says, stand in the rules too.
fn quota(rules: &str, compose: &str) -> Option<Finding> {
    let recorded =
        rules.lines().enumerate().find_map(|(at, line)| Some((at, value(line, "expr: vector(")?.strip_suffix(')')?)));
    let service = compose.lines().skip_while(|line| *line != "  echoes:");
    let granted = service.filter_map(|line| value(line, "cpus:")).next()?;
    let (at, known) = recorded.unwrap_or((0, "nothing"));
    (known != granted).then(|| {
        let what = format!("the quota is {known}, and {COMPOSE} grants {granted}");
        Finding::new(RULES, at + 1, what, "write the same number in both")
    })
}

/// What follows a key, in a list or not, without a comment.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.trim_start_matches([' ', '-']).strip_prefix(key).map(|rest| rest.split(" #").next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "- alert: A\n  expr: a\n- alert: B\n";

    #[test]
    fn an_alert_without_both_cases_is_found() {
        let both = "- alertname: A\n  exp_alerts: []\n- alertname: A\n  exp_alerts:\n    - exp_labels: {}\n";
        let lines = |tests: &str| untested(TWO, tests).iter().map(|finding| finding.line).collect::<Vec<_>>();
        assert_eq!(lines(both), [3, 3]);
        assert_eq!(lines(&both.replace("[]", "")), [1, 3, 3]);
        assert!(lines(&format!("{both}{}", both.replace("e: A", "e: B"))).is_empty());
    }

    #[test]
    fn another_quota_is_found() {
        let rules = "- record: quota\n  expr: vector(2)\n";
        let compose = "services:\n  echoes:\n    cpus: 2 # see the rules\n  other:\n    cpus: 1\n";
        assert_eq!(quota(rules, compose), None);
        assert_eq!(quota(rules, &compose.replace('2', "4")).map(|finding| finding.line), Some(2));
        assert_eq!(quota("", compose).map(|finding| finding.line), Some(1));
    }
}
