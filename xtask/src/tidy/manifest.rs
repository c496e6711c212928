//! A `Cargo.toml` or `Cargo.lock`, line by line, so that findings have line numbers.
//!
//! It knows tables, and keys with a value that begins on the same line: that is how manifests are written here.

/// A line `key = value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The table it stands in, without its brackets.
    pub(super) table: &'a str,
    pub(super) key: &'a str,
    /// As written, quotes included.
    pub(super) value: &'a str,
    /// From 1.
    pub(super) line: usize,
}

/// The lines of a manifest that set something.
pub(super) fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut table = "";
    text.lines().enumerate().filter_map(move |(at, line)| {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            table = rest.split(']').next().unwrap_or(rest).trim_start_matches('[').trim();
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let is_key = !line.starts_with(['#', '"', '{', ']']);
        is_key.then_some(Entry { table, key: key.trim(), value: value.trim(), line: at + 1 })
    })
}

/// A dependency of a member: its name, whether the root's table gives its version, its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency<'a> {
    pub(super) name: &'a str,
    pub(super) inherited: bool,
    pub(super) line: usize,
}

/// The dependencies of a member, of every kind and target.
pub(super) fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let mut found: Vec<Dependency<'_>> = Vec::new();
    for entry in entries(text) {
        let (name, inherited) = if entry.table.ends_with("dependencies") {
            let (name, dotted) = entry.key.split_once('.').unwrap_or((entry.key, ""));
            let inline = entry.value.replace(' ', "").contains("workspace=true");
            (name, inline || (dotted == "workspace" && entry.value == "true"))
        } else if let Some((_, name)) = entry.table.rsplit_once("dependencies.") {
            (name, entry.key == "workspace" && entry.value == "true")
        } else {
            continue;
        };
        match found.last_mut().filter(|last| last.name == name && last.line + 1 == entry.line) {
            // Another line of the same dependency: `serde.workspace = true`, then `serde.features = […]`.
            Some(last) => *last = Dependency { name, inherited: last.inherited || inherited, line: entry.line },
            None => found.push(Dependency { name, inherited, line: entry.line }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keys_and_lines_are_found() {
        let text = "# a = 1\n[package]\nname = \"x\"\n\n[[bin]]\npath = \"y\" # z\n";
        let found: Vec<_> = entries(text).map(|e| (e.table, e.key, e.line)).collect();
        assert_eq!(found, [("package", "name", 3), ("bin", "path", 6)]);
    }

    #[test]
    fn every_way_to_write_a_dependency_is_read() {
        let text = "[dependencies]\na.workspace = true\nb = { workspace = true, features = [\"x\"] }\nc = \"1\"\n\
                    [target.'cfg(unix)'.dev-dependencies]\nd = { version = \"1\" }\n[dependencies.e]\nfeatures = []\n\
                    workspace = true\n[lints]\nworkspace = true\n";
        let found = dependencies(text);
        let found: Vec<_> = found.iter().map(|d| (d.name, d.inherited, d.line)).collect();
        assert_eq!(found, [("a", true, 2), ("b", true, 3), ("c", false, 4), ("d", false, 6), ("e", true, 9)]);
    }
}
