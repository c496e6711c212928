//! The file of settings, `benches/load.toml`.

use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

/// What is asked, how often, and what must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) warmup_s: f64,
    pub(crate) measured_s: f64,
    pub(crate) grace_s: f64,
    pub(crate) connections_max: usize,
    pub(crate) p95_ms_max: f64,
    /// Requests a second, a run each.
    pub(crate) rates: Vec<f64>,
    /// Names of `payload`, runs each.
    pub(crate) payloads: Vec<String>,
    /// Further flags of the server.
    pub(crate) server: Vec<String>,
    pub(crate) payload: BTreeMap<String, Vec<Question>>,
}

/// A kind of request, and how many there are of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// A weight among those of its payload.
    pub(crate) share: f64,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) columns: usize,
    #[serde(default)]
    pub(crate) rows: usize,
    #[serde(default)]
    pub(crate) params: serde_json::Map<String, serde_json::Value>,
    /// The status of a right answer.
    #[serde(default = "ok")]
    pub(crate) status: u16,
}

const fn ok() -> u16 {
    200
}

impl Settings {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("{shown}: {error}"))
    }

    /// What makes a run impossible, in one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        let at_most = |value: f64, max: f64| value > 0.0 && value <= max;
        let total: f64 = self.rates.iter().map(|rate| rate * (self.warmup_s + self.measured_s)).fold(0.0, f64::max);
        if !self.rates.iter().all(|&rate| at_most(rate, 1e6)) || self.rates.is_empty() {
            return Err("rates are numbers above 0, a million at most".to_owned());
        }
        if !at_most(self.measured_s, 3600.0) || !at_most(self.grace_s, 600.0) || !(0.0..=600.0).contains(&self.warmup_s)
        {
            return Err("a run takes up to an hour, its beginning and end ten minutes each".to_owned());
        }
        if total > 1e7 {
            return Err("a run has ten million requests at most".to_owned());
        }
        if !(1..=4096).contains(&self.connections_max) {
            return Err("connections_max is from 1 to 4096".to_owned());
        }
        self.payloads.iter().try_for_each(|name| self.questions(name).map(drop))
    }

    /// The questions of a payload.
    pub(crate) fn questions(&self, name: &str) -> Result<&[Question], String> {
        let questions = self.payload.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.payload.keys().map(String::as_str).collect();
            format!("no payload is called `{name}`; there are {}", known.join(", "))
        })?;
        match questions.iter().all(|question| question.share > 0.0 && question.columns * question.rows <= 1_000_000) {
            true if !questions.is_empty() => Ok(questions),
            _ => Err(format!("payload `{name}`: shares are above 0, and there are a million numbers at most")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("load.toml")).unwrap()
    }

    #[test]
    fn the_file_of_the_house_is_in_order() {
        let settings = settings();
        settings.check().unwrap();
        // The floor: 10,000 a minute, 95 of 100 within 200 ms.
        assert!(settings.rates.iter().any(|rate| rate * 60.0 >= 10_000.0));
        assert!(settings.p95_ms_max <= 200.0);
    }

    #[test]
    fn what_cannot_run_is_said() {
        let wrong = |change: fn(&mut Settings)| {
            let mut settings = settings();
            change(&mut settings);
            settings.check().unwrap_err()
        };
        assert!(wrong(|settings| settings.rates = vec![0.0]).contains("rates"));
        assert!(wrong(|settings| settings.rates.clear()).contains("rates"));
        assert!(wrong(|settings| settings.measured_s = f64::NAN).contains("an hour"));
        assert!(wrong(|settings| settings.rates = vec![999_999.0]).contains("ten million"));
        assert!(wrong(|settings| settings.connections_max = 0).contains("connections_max"));
        assert!(wrong(|settings| settings.payloads = vec!["tiny".to_owned()]).contains("dashboard"));
    }
}
