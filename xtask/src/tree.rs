//! The project's text files, as git knows them.

use crate::{Stop, shell};

/// A text file.
pub(crate) struct File {
    /// From the top of the repository, with `/` between folders.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every file that is tracked, or new and not ignored.
#[derive(Default)]
pub(crate) struct Tree {
    /// All paths, also of files that are not text.
    pub(crate) paths: Vec<String>,
    files: Vec<File>,
}

impl Tree {
    /// Reads the working copy.
    pub(crate) fn read() -> Result<Self, Stop> {
        let mut git = shell::program("git");
        let listed = shell::output(git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
        let root = shell::root();
        let mut paths: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
        // A file that is deleted but not yet committed is still listed.
        paths.retain(|path| root.join(path).exists());
        paths.sort();
        paths.dedup();
        let files = paths.iter().filter_map(|path| {
            let text = std::fs::read_to_string(root.join(path)).ok()?;
            Some(File { path: path.clone(), text })
        });
        Ok(Self { files: files.collect(), paths })
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The manifests of the workspace's members.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with("/Cargo.toml"))
    }

    /// The workspace's edition.
    pub(crate) fn edition(&self) -> Option<&str> {
        let line = self.text("Cargo.toml")?.lines().find_map(|line| line.strip_prefix("edition = \""))?;
        line.strip_suffix('"')
    }

    /// A tree for a test: pairs of path and text.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self {
            paths: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
            files: files
                .iter()
                .map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_its_own_file() {
        let Ok(tree) = Tree::read() else { panic!("git must list the files") };
        assert!(tree.text("xtask/src/tree.rs").is_some_and(|text| text.contains("it_finds_its_own_file")));
        assert!(tree.edition().is_some_and(|edition| edition.len() == 4));
    }
}
