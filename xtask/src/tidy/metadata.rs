//! What cargo knows of the workspace and of everything that it depends on.

use crate::{Stop, shell};
use serde_json::Value;
use std::path::Path;

/// The part of `cargo metadata` that the rules ask about.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
    /// The files in which the members' libraries and programs begin.
    pub(super) roots: Vec<String>,
}

/// A package, of the workspace or of somebody else.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) licence: Option<String>,
    /// The manifest of a member, from the top of the repository.
    pub(super) manifest: Option<String>,
    /// Names of what it depends on, in any way.
    pub(super) dependencies: Vec<String>,
}

impl Metadata {
    /// Asks cargo. Only for this machine's platform: what another needs may not be on this disk, and that one's own
    /// run looks at it.
    pub(super) fn read() -> Result<Self, Stop> {
        let host = shell::host()?;
        let mut cargo = shell::cargo(&["metadata", "--format-version", "1", "--filter-platform", &host]);
        let text = shell::output(&mut cargo)?;
        let json = serde_json::from_str(&text).map_err(|error| Stop::Failed(format!("cargo metadata: {error}")))?;
        Ok(Self::of(&json, &shell::root()))
    }

    fn of(json: &Value, root: &Path) -> Self {
        let packages = || json["packages"].as_array().into_iter().flatten();
        let roots = packages().filter(|package| is_member(json, package)).flat_map(|package| roots(package, root));
        Self { packages: packages().map(|package| Package::of(json, package, root)).collect(), roots: roots.collect() }
    }
}

impl Package {
    fn of(json: &Value, package: &Value, root: &Path) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        Self {
            name: text(&package["name"]).unwrap_or_default(),
            licence: text(&package["license"]),
            manifest: is_member(json, package).then(|| path(&package["manifest_path"], root)).flatten(),
            dependencies: dependencies.filter_map(|dependency| text(&dependency["name"])).collect(),
        }
    }
}

fn is_member(json: &Value, package: &Value) -> bool {
    json["workspace_members"].as_array().is_some_and(|members| members.contains(&package["id"]))
}

fn roots(package: &Value, root: &Path) -> Vec<String> {
    let targets = package["targets"].as_array().into_iter().flatten();
    let shipped = targets.filter(|target| {
        let kinds = target["kind"].as_array().into_iter().flatten().filter_map(Value::as_str);
        kinds.into_iter().any(|kind| matches!(kind, "lib" | "bin" | "proc-macro"))
    });
    shipped.filter_map(|target| path(&target["src_path"], root)).collect()
}

/// A path from the top of the repository, with `/` between folders.
fn path(value: &Value, root: &Path) -> Option<String> {
    let path = Path::new(value.as_str()?).strip_prefix(root).ok()?;
    Some(path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_its_own_package() {
        let Ok(metadata) = Metadata::read() else { panic!("cargo must answer") };
        let Some(own) = metadata.packages.iter().find(|package| package.name == "xtask") else { panic!("a member") };
        assert_eq!(own.manifest.as_deref(), Some("xtask/Cargo.toml"));
        assert!(own.licence.is_some() && own.dependencies.contains(&"serde_json".to_owned()));
        assert!(metadata.roots.contains(&"xtask/src/main.rs".to_owned()));
        let other = metadata.packages.iter().find(|package| package.name == "serde_json");
        assert!(other.is_some_and(|package| package.manifest.is_none()));
    }
}
