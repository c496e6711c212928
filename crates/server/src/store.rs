//! The datasets on disk: contents under their hashes, names that point at them.
//!
//! ```text
//! DIR/lock            held while a server runs
//! DIR/incoming/       files that are being written; swept at the start
//! DIR/objects/ab/ab…  contents, each under its BLAKE3 hash
//! DIR/names/…         a small JSON file a name, which is hex in the file's name
//! ```
//!
//! A name is there if its file is: the contents are on the disk before it is moved into place, and it before the
//! client is told. So a crash at any moment leaves whole datasets, and at most files that nothing points at.

mod name;
mod precondition;
mod upload;

pub(crate) use name::{Name, RULE};
pub(crate) use precondition::Precondition;
use upload::Temporary;
pub(crate) use upload::Upload;

use crate::{
    Error,
    problem::{Kind, Problem},
};
use axum::http::HeaderName;
use echoes_io::{Access, Bytes, Source, csv, npy};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// What a dataset is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Format {
    #[serde(rename = "application/x-npy")]
    Npy,
    #[serde(rename = "text/csv")]
    Csv,
}

impl Format {
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Npy => "application/x-npy",
            Self::Csv => "text/csv",
        }
    }

    pub(crate) fn of_media_type(given: &str) -> Option<Self> {
        [Self::Npy, Self::Csv].into_iter().find(|format| given.eq_ignore_ascii_case(format.media_type()))
    }

    /// Refuses bytes that begin as a file of the other format does.
    pub(crate) fn check(self, beginning: &[u8]) -> Result<(), Problem> {
        if self == Self::Csv && beginning.starts_with(npy::MAGIC) {
            let mend = Self::Npy.media_type();
            return Err(
                Kind::MediaType.because(format!("the body is a .npy file: send the header Content-Type: {mend}"))
            );
        }
        Ok(())
    }

    /// The columns of a file of this format. The store's files are not written again once they have their place, and only it
    /// writes them: so they may be mapped.
    pub(crate) fn read(self, file: File) -> echoes_io::Result<Box<dyn Source>> {
        const NAME: &str = "dataset";
        Ok(match self {
            Self::Npy => Box::new(npy::NpySource::new(Bytes::from_file(NAME, file, Access::Auto)?)?),
            Self::Csv => {
                let text = Bytes::from_file(NAME, file, Access::Pread)?;
                Box::new(csv::CsvSource::new(text, &csv::CsvOptions::default())?)
            }
        })
    }
}

/// A dataset, as its name's file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dataset {
    pub name: Name,
    /// BLAKE3 of the contents, in hex.
    pub hash: String,
    pub bytes: u64,
    pub format: Format,
}

impl Dataset {
    /// What its contents, as they are read, are known by.
    pub(crate) fn content(&self) -> String {
        format!("{:?} {}", self.format, self.hash)
    }
}

/// The datasets on disk.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    /// One change at a time; whoever only reads does not wait for the disk.
    change: Mutex<()>,
    index: RwLock<BTreeMap<Name, Arc<Dataset>>>,
    temporary: AtomicU64,
    datasets_max: usize,
    /// Whether every name could be read: contents whose name is damaged have no other trace, so none are removed.
    whole: bool,
    /// Held as long as the store is open.
    _lock: File,
}

/// Why contents were not kept under a name.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There are as many datasets as there may be.
    Full,
    /// What the client wants to be so is not, by this header.
    Precondition(HeaderName),
    /// The disk fails.
    Disk(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Why contents cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// They are not there, or not as they were kept.
    #[error("dataset `{}`: {} {what}", name.as_str(), path.display())]
    Damaged { name: Name, path: PathBuf, what: String },
    /// The disk fails.
    #[error("dataset `{}`: {}: {source}", name.as_str(), path.display())]
    Disk { name: Name, path: PathBuf, source: io::Error },
}

impl Store {
    /// Opens the directory, which is made if it is not there, and removes what a crash left behind.
    pub(crate) fn open(root: &Path, datasets_max: usize) -> Result<Self, Error> {
        let unusable = |what: String| Error::Data { directory: root.to_owned(), what };
        let failed = |error: io::Error| unusable(error.to_string());
        for directory in ["incoming", "objects", "names"] {
            fs::create_dir_all(root.join(directory)).map_err(failed)?;
        }
        sync_directory(root).map_err(failed)?;
        let lock = File::create(root.join("lock")).map_err(failed)?;
        lock.try_lock().map_err(|_| unusable("another server uses it".to_owned()))?;
        for entry in fs::read_dir(root.join("incoming")).map_err(failed)? {
            fs::remove_file(entry.map_err(failed)?.path()).map_err(failed)?;
        }
        let (mut index, mut whole) = (BTreeMap::new(), true);
        for entry in fs::read_dir(root.join("names")).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(dataset) = read_name(&path).map_err(failed)? else {
                tracing::warn!("{} is damaged, and its dataset not served: restore it, or remove it", path.display());
                whole = false;
                continue;
            };
            if let Err(fault) = open_object(root, &dataset) {
                tracing::warn!("{fault}: put the dataset again, or remove it");
            }
            index.insert(dataset.name.clone(), Arc::new(dataset));
        }
        if whole {
            sweep_objects(root, &index).map_err(failed)?;
        }
        Ok(Self {
            root: root.to_owned(),
            change: Mutex::new(()),
            index: RwLock::new(index),
            temporary: AtomicU64::new(0),
            datasets_max,
            whole,
            _lock: lock,
        })
    }

    /// Every dataset, by name.
    pub(crate) fn list(&self) -> Vec<Arc<Dataset>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The dataset of that name.
    pub(crate) fn find(&self, name: &Name) -> Option<Arc<Dataset>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The dataset of that name with its contents, which can be read whatever becomes of the name.
    pub(crate) fn contents(&self, name: &Name) -> Result<Option<(Arc<Dataset>, File)>, Fault> {
        // Contents are removed after their last name has left the index: they are there as long as this is locked.
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let Some(dataset) = index.get(name) else { return Ok(None) };
        Ok(Some((Arc::clone(dataset), open_object(&self.root, dataset)?)))
    }

    /// Begins to take contents in.
    pub(crate) fn begin(&self) -> io::Result<Upload> {
        Upload::create(self.temporary())
    }

    /// Keeps contents under a name. Once this returns they survive a crash; whether the name is new.
    pub(crate) fn commit(
        &self,
        name: Name,
        format: Format,
        upload: Upload,
        wanted: &Precondition,
    ) -> Result<(Arc<Dataset>, bool), Refusal> {
        let contents = upload.finish()?;
        let _change = self.changing();
        let before = self.find(&name);
        wanted.check(before.as_deref())?;
        if before.is_none() && self.count() >= self.datasets_max {
            return Err(Refusal::Full);
        }
        let dataset = Dataset { name, hash: contents.hash.clone(), bytes: contents.bytes, format };
        self.keep_object(contents.path(), &dataset.hash)?;
        self.keep_name(&dataset)?;
        let dataset = Arc::new(dataset);
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.insert(dataset.name.clone(), Arc::clone(&dataset));
        drop(index);
        let created = before.is_none();
        if let Some(before) = before {
            self.forget_object(&before.hash);
        }
        Ok((dataset, created))
    }

    /// Removes a name, and its contents if no other has them; whether it was there.
    pub(crate) fn remove(&self, name: &Name, wanted: &Precondition) -> Result<bool, Refusal> {
        let _change = self.changing();
        let Some(dataset) = self.find(name) else { return Ok(false) };
        wanted.check(Some(&dataset))?;
        let names = self.root.join("names");
        fs::remove_file(names.join(name.file_name()))?;
        sync_directory(&names)?;
        self.index.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        self.forget_object(&dataset.hash);
        Ok(true)
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) -> usize {
        self.index.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn temporary(&self) -> PathBuf {
        self.root.join("incoming").join(self.temporary.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Moves contents to their place. What is there already gives way, for it may be damaged; who reads it still can.
    fn keep_object(&self, from: &Path, hash: &str) -> io::Result<()> {
        let to = object(&self.root, hash);
        let objects = self.root.join("objects");
        let directory = to.parent().unwrap_or(&objects);
        if !directory.exists() {
            fs::create_dir(directory)?;
            sync_directory(&objects)?;
        }
        fs::rename(from, &to)?;
        sync_directory(directory)
    }

    /// Puts a name's file in place, whole or not at all.
    fn keep_name(&self, dataset: &Dataset) -> io::Result<()> {
        let names = self.root.join("names");
        let temporary = Temporary(self.temporary());
        let mut file = File::create_new(&temporary.0)?;
        file.write_all(&serde_json::to_vec(dataset)?)?;
        file.sync_all()?;
        fs::rename(&temporary.0, names.join(dataset.name.file_name()))?;
        sync_directory(&names)
    }

    /// Removes contents that no name has any more. Who reads them still can.
    fn forget_object(&self, hash: &str) {
        if self.whole && self.list().iter().all(|dataset| dataset.hash != hash) {
            // If it stays, the next whole start sweeps it.
            let _ = fs::remove_file(object(&self.root, hash));
        }
    }
}

fn object(root: &Path, hash: &str) -> PathBuf {
    root.join("objects").join(hash.get(..2).unwrap_or_default()).join(hash)
}

/// What a name's file says; `None` if it is damaged, or another's.
fn read_name(path: &Path) -> io::Result<Option<Dataset>> {
    let text = fs::read(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    let own = |dataset: &Dataset| path.file_name() == Some(dataset.name.file_name().as_ref());
    Ok(serde_json::from_slice(&text).ok().filter(own))
}

/// The contents of a dataset, if they are as long as when they were kept.
fn open_object(root: &Path, dataset: &Dataset) -> Result<File, Fault> {
    let (name, path) = (dataset.name.clone(), object(root, &dataset.hash));
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
    match opened {
        Ok((bytes, file)) if bytes == dataset.bytes => Ok(file),
        Ok((bytes, _)) => Err(Fault::Damaged { name, path, what: format!("has {bytes} bytes, not {}", dataset.bytes) }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Fault::Damaged { name, path, what: "is missing".to_owned() })
        }
        Err(source) => Err(Fault::Disk { name, path, source }),
    }
}

/// Removes contents that no name has.
fn sweep_objects(root: &Path, index: &BTreeMap<Name, Arc<Dataset>>) -> io::Result<()> {
    let known: HashSet<&str> = index.values().map(|dataset| dataset.hash.as_str()).collect();
    for directory in fs::read_dir(root.join("objects"))? {
        for entry in fs::read_dir(directory?.path())? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(|name| known.contains(name)) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Makes the names in a directory survive a crash. Elsewhere than on Unix directories cannot be opened, nor need be.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn put(store: &Store, name: &str, contents: &[u8]) -> bool {
        let mut upload = store.begin().unwrap();
        upload.append(contents).unwrap();
        store.commit(name.parse().unwrap(), Format::Csv, upload, &Precondition::default()).unwrap().1
    }

    fn remove(store: &Store, name: &Name) -> bool {
        store.remove(name, &Precondition::default()).unwrap()
    }

    fn contents(store: &Store, name: &str) -> Option<Vec<u8>> {
        let (_, file) = store.contents(&name.parse().unwrap()).unwrap()?;
        Some(read(file))
    }

    fn read(mut file: File) -> Vec<u8> {
        let mut contents = Vec::new();
        file.read_to_end(&mut contents).unwrap();
        contents
    }

    fn objects(root: &Path) -> usize {
        let folders = fs::read_dir(root.join("objects")).unwrap();
        folders.map(|folder| fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
    }

    #[test]
    fn contents_are_kept_once_and_outlive_the_process() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), 3).unwrap();
        assert!(put(&store, "a", b"x\n1\n") && put(&store, "b", b"x\n1\n") && !put(&store, "a", b"x\n2\n"));
        assert_eq!(objects(root.path()), 2);
        assert!(matches!(Store::open(root.path(), 3), Err(Error::Data { .. })));
        drop(store);
        let store = Store::open(root.path(), 3).unwrap();
        assert_eq!(
            (contents(&store, "a").unwrap(), contents(&store, "b").unwrap()),
            (b"x\n2\n".to_vec(), b"x\n1\n".to_vec())
        );
        assert!(remove(&store, &"b".parse().unwrap()) && !remove(&store, &"b".parse().unwrap()));
        assert_eq!((objects(root.path()), store.list().len()), (1, 1));
    }

    #[test]
    fn what_was_found_can_be_read_whatever_becomes_of_the_name() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), 1).unwrap();
        let name: Name = "a".parse().unwrap();
        put(&store, "a", b"x\n1\n");
        let (first, first_file) = store.contents(&name).unwrap().unwrap();
        put(&store, "a", b"x\n2\n");
        let (second, second_file) = store.contents(&name).unwrap().unwrap();
        assert!(remove(&store, &name) && store.contents(&name).unwrap().is_none());
        assert_eq!(objects(root.path()), 0);
        assert_eq!((read(first_file), read(second_file)), (b"x\n1\n".to_vec(), b"x\n2\n".to_vec()));
        assert_ne!(first.hash, second.hash);
    }

    #[test]
    fn readers_never_find_what_writers_have_removed() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), 1).unwrap();
        let name: Name = "a".parse().unwrap();
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                for i in 0..100 {
                    put(&store, "a", format!("x\n{i}\n").as_bytes());
                    assert!(i % 3 != 0 || remove(&store, &name));
                }
            });
            while !writing.is_finished() {
                if let Some((dataset, file)) = store.contents(&name).unwrap() {
                    assert_eq!(blake3::hash(&read(file)).to_hex().as_str(), dataset.hash);
                }
            }
        });
    }

    #[test]
    fn a_name_that_cannot_be_kept_leaves_nothing_on_the_way() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), 1).unwrap();
        // Nothing can be moved to where a directory is.
        let name: Name = "a".parse().unwrap();
        fs::create_dir(root.path().join("names").join(name.file_name())).unwrap();
        let mut upload = store.begin().unwrap();
        upload.append(b"x\n1\n").unwrap();
        assert!(matches!(store.commit(name, Format::Csv, upload, &Precondition::default()), Err(Refusal::Disk(_))));
        assert_eq!((store.list().len(), fs::read_dir(root.path().join("incoming")).unwrap().count()), (0, 0));
    }

    #[test]
    fn no_more_datasets_than_may_be() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), 1).unwrap();
        assert!(put(&store, "a", b"x\n1\n") && !put(&store, "a", b"x\n2\n"));
        let mut upload = store.begin().unwrap();
        upload.append(b"x\n3\n").unwrap();
        assert!(matches!(
            store.commit("b".parse().unwrap(), Format::Csv, upload, &Precondition::default()),
            Err(Refusal::Full)
        ));
        assert_eq!(fs::read_dir(root.path().join("incoming")).unwrap().count(), 0);
    }

    #[test]
    fn what_a_crash_leaves_is_swept() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), 3).unwrap();
        put(&store, "a", b"x\n1\n");
        let path = object(root.path(), &store.find(&"a".parse().unwrap()).unwrap().hash);
        drop(store);
        fs::write(root.path().join("incoming/7"), b"half").unwrap();
        fs::write(path.with_file_name("stray"), b"no name has it").unwrap();
        drop(Store::open(root.path(), 3).unwrap());
        assert_eq!((objects(root.path()), fs::read_dir(root.path().join("incoming")).unwrap().count()), (1, 0));
    }

    #[test]
    fn damaged_contents_are_named_and_the_same_put_again_mend_them() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), 3).unwrap();
        put(&store, "a", b"x\n1\n");
        put(&store, "b", b"x\n2\n");
        let name: Name = "a".parse().unwrap();
        let path = object(root.path(), &store.find(&name).unwrap().hash);
        for damage in [|path: &Path| fs::write(path, b"x\n1\n2\n"), |path: &Path| fs::remove_file(path)] {
            damage(&path).unwrap();
            let fault = store.contents(&name).unwrap_err();
            assert!(matches!(&fault, Fault::Damaged { path: named, .. } if *named == path), "{fault}");
            assert_eq!((put(&store, "a", b"x\n1\n"), contents(&store, "a").unwrap()), (false, b"x\n1\n".to_vec()));
        }
        fs::remove_file(&path).unwrap();
        drop(store);
        let store = Store::open(root.path(), 3).unwrap();
        assert!(store.contents(&name).is_err() && contents(&store, "b").is_some());
        assert!(remove(&store, &name));
    }

    #[test]
    fn contents_of_a_damaged_name_are_not_swept() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), 3).unwrap();
        put(&store, "a", b"x\n1\n");
        put(&store, "b", b"x\n2\n");
        drop(store);
        fs::write(root.path().join("names/61"), b"{").unwrap();
        let store = Store::open(root.path(), 3).unwrap();
        assert_eq!((store.list().len(), objects(root.path())), (1, 2));
    }
}
