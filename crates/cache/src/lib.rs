//! Bytes by key: bounded, each computed once at a time, kept on disk if wanted.
//!
//! What the bytes are is the caller's business; the engine keeps partials here, under what they were read from and how. Keys
//! are compared whole, so that no two things can be taken for each other.
//!
//! ```
//! use echoes_cache::{Cache, Claim};
//! use std::time::Duration;
//!
//! let cache = Cache::new(1 << 20);
//! match cache.claim(b"a question", Duration::ZERO) {
//!     Claim::Lead(lead) => lead.publish(b"an answer".to_vec()),
//!     Claim::Held(_) | Claim::Busy => unreachable!(),
//! }
//! let Claim::Held(bytes) = cache.claim(b"a question", Duration::ZERO) else { unreachable!() };
//! assert_eq!(*bytes, *b"an answer");
//! ```
#![forbid(unsafe_code)]

mod disk;

use disk::Disk;
use quick_cache::sync::{Cache as Memory, DefaultLifecycle, GuardResult, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fmt, io};

/// Bytes by key. Copies are not needed: all methods take a shared reference, from any thread.
pub struct Cache {
    memory: Memory<Key, Value, Weight>,
    disk: Option<Disk>,
    held: AtomicU64,
    led: AtomicU64,
}

type Key = Vec<u8>;
type Value = Arc<[u8]>;

#[derive(Clone)]
struct Weight;

/// What an entry takes beyond its bytes: its place in the table and two allocations.
const OVERHEAD: usize = 128;

impl Weighter<Key, Value> for Weight {
    fn weight(&self, key: &Key, value: &Value) -> u64 {
        (key.len() + value.len() + OVERHEAD) as u64
    }
}

/// What there is for a key.
pub enum Claim<'c> {
    /// The bytes.
    Held(Arc<[u8]>),
    /// Nothing: the caller is to compute them, and others who ask wait for it.
    Lead(Lead<'c>),
    /// Somebody else is at it still.
    Busy,
}

/// The duty to compute the bytes for a key. Dropped without [`publish`](Lead::publish), it goes to the next who asks.
pub struct Lead<'c> {
    cache: &'c Cache,
    key: Key,
    guard: PlaceholderGuard<'c, Key, Value, Weight, DefaultHashBuilder, DefaultLifecycle<Key, Value>>,
}

/// What a cache has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Entries in memory.
    pub entries: u64,
    /// Bytes that they take, keys and places included.
    pub bytes: u64,
    /// Claims that found their bytes.
    pub held: u64,
    /// Claims that had to compute them.
    pub led: u64,
}

impl Cache {
    /// A cache in memory alone, of so many bytes. An entry of more is not kept.
    pub fn new(bytes_max: u64) -> Self {
        let options = OptionsBuilder::new()
            // Entries are of a kilobyte or so, or of megabytes. One shard, so that one entry may have all the room.
            .estimated_items_capacity(usize::try_from(bytes_max / 1024).unwrap_or(usize::MAX).clamp(16, 1 << 16))
            .weight_capacity(bytes_max)
            .shards(1)
            .build();
        // The options are complete, so this is not refused; if it were, nothing would be kept.
        let memory = match options {
            Ok(options) => {
                Memory::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default())
            }
            Err(_) => Memory::with_weighter(16, bytes_max, Weight),
        };
        Self { memory, disk: None, held: AtomicU64::new(0), led: AtomicU64::new(0) }
    }

    /// A cache that also keeps what is published in `directory`, of at most `disk_bytes_max` there.
    ///
    /// Other processes may use the directory at the same time. Files of it that are damaged are as good as absent.
    ///
    /// # Errors
    /// If the directory cannot be made or read.
    pub fn persistent(bytes_max: u64, directory: &Path, disk_bytes_max: u64) -> io::Result<Self> {
        Ok(Self { disk: Some(Disk::open(directory, disk_bytes_max)?), ..Self::new(bytes_max) })
    }

    /// The bytes for a key, or the duty to compute them. Where somebody else has the duty, waits up to `patience`.
    pub fn claim(&self, key: &[u8], patience: Duration) -> Claim<'_> {
        let guard = match self.memory.get_value_or_guard(key, Some(patience)) {
            GuardResult::Value(bytes) => return self.hold(bytes),
            GuardResult::Timeout => return Claim::Busy,
            GuardResult::Guard(guard) => guard,
        };
        if let Some(bytes) = self.disk.as_ref().and_then(|disk| disk.read(key)) {
            let bytes: Arc<[u8]> = bytes.into();
            // Refused only if the entry was removed meanwhile: then it is not kept.
            let _ = guard.insert(bytes.clone());
            return self.hold(bytes);
        }
        self.led.fetch_add(1, Ordering::Relaxed);
        Claim::Lead(Lead { cache: self, key: key.to_vec(), guard })
    }

    fn hold(&self, bytes: Arc<[u8]>) -> Claim<'_> {
        self.held.fetch_add(1, Ordering::Relaxed);
        Claim::Held(bytes)
    }

    /// Forgets a key, for bytes that turn out to be of no use.
    pub fn remove(&self, key: &[u8]) {
        self.memory.remove(key);
        if let Some(disk) = &self.disk {
            disk.remove(key);
        }
    }

    /// What it has done.
    pub fn usage(&self) -> Usage {
        Usage {
            entries: self.memory.len() as u64,
            bytes: self.memory.weight(),
            held: self.held.load(Ordering::Relaxed),
            led: self.led.load(Ordering::Relaxed),
        }
    }
}

impl Lead<'_> {
    /// Keeps the bytes, and wakes those who wait for them.
    pub fn publish(self, bytes: Vec<u8>) {
        if let Some(disk) = &self.cache.disk {
            disk.write(&self.key, &bytes);
        }
        // Refused only if the entry was removed meanwhile: then it is not kept.
        let _ = self.guard.insert(bytes.into());
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("usage", &self.usage()).field("disk", &self.disk).finish()
    }
}
