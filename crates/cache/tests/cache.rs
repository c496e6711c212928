//! What a cache promises: one computation, a bound, and bytes that are right or absent.

use echoes_cache::{Cache, Claim};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, thread};

const LONG: Duration = Duration::from_secs(30);

fn get(cache: &Cache, key: &[u8]) -> Option<Vec<u8>> {
    match cache.claim(key, Duration::ZERO) {
        Claim::Held(bytes) => Some(bytes.to_vec()),
        Claim::Lead(_) | Claim::Busy => None,
    }
}

fn put(cache: &Cache, key: &[u8], bytes: &[u8]) {
    match cache.claim(key, LONG) {
        Claim::Lead(lead) => lead.publish(bytes.to_vec()),
        Claim::Held(held) => assert_eq!(*held, *bytes),
        Claim::Busy => panic!("nobody else is at it"),
    }
}

#[test]
fn a_hundred_who_ask_at_once_cost_one_computation() {
    let (cache, computed, start) = (Cache::new(1 << 20), AtomicU64::new(0), Barrier::new(100));
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                start.wait();
                match cache.claim(b"key", LONG) {
                    Claim::Lead(lead) => {
                        computed.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(20));
                        lead.publish(vec![7; 9]);
                    }
                    Claim::Held(bytes) => assert_eq!(*bytes, [7; 9]),
                    Claim::Busy => panic!("the wait was long enough"),
                }
            });
        }
    });
    assert_eq!(computed.into_inner(), 1);
    assert_eq!((cache.usage().held, cache.usage().led), (99, 1));
}

#[test]
fn a_leader_that_gives_up_hands_its_duty_on() {
    let cache = Cache::new(1 << 20);
    let Claim::Lead(first) = cache.claim(b"key", LONG) else { panic!("nothing is there") };
    thread::scope(|scope| {
        let waiting = scope.spawn(|| match cache.claim(b"key", LONG) {
            Claim::Lead(lead) => lead.publish(b"second".to_vec()),
            _ => panic!("the first has published nothing"),
        });
        thread::sleep(Duration::from_millis(20));
        drop(first);
        waiting.join().unwrap();
    });
    assert_eq!(get(&cache, b"key").unwrap(), b"second");
}

#[test]
fn who_has_no_patience_is_told_that_somebody_is_at_it() {
    let cache = Cache::new(1 << 20);
    let _lead = cache.claim(b"key", LONG);
    assert!(matches!(cache.claim(b"key", Duration::ZERO), Claim::Busy));
    assert!(matches!(cache.claim(b"key", Duration::from_millis(5)), Claim::Busy));
}

#[test]
fn memory_is_bounded_and_an_entry_beyond_it_is_not_kept() {
    let cache = Cache::new(100_000);
    for i in 0..1000u32 {
        put(&cache, &i.to_le_bytes(), &[1; 1000]);
        assert!(cache.usage().bytes <= 100_000);
    }
    assert!(cache.usage().entries > 50);
    put(&cache, b"large", &[0; 100_001]);
    assert_eq!(get(&cache, b"large"), None);
}

#[test]
fn what_is_on_disk_outlives_the_process_and_what_is_damaged_is_absent() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Cache::persistent(1 << 20, directory.path(), 1 << 20).unwrap();
    put(&open(), b"key", b"bytes");
    assert_eq!(get(&open(), b"key").unwrap(), b"bytes");
    let file = fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        fs::write(&file, altered).unwrap();
        assert_eq!(get(&open(), b"key"), None, "altered at {at}");
        fs::write(&file, &whole[..at]).unwrap();
        assert_eq!(get(&open(), b"key"), None, "cut off at {at}");
    }
    fs::write(&file, &whole).unwrap();
    open().remove(b"key");
    assert_eq!(get(&open(), b"key"), None);
}

#[test]
fn the_disk_is_bounded_too_and_files_of_others_stay() {
    let directory = tempfile::tempdir().unwrap();
    let theirs = directory.path().join("notes.txt");
    fs::write(&theirs, [0; 50_000]).unwrap();
    let cache = Cache::persistent(1 << 10, directory.path(), 40_000).unwrap();
    for i in 0..200u32 {
        put(&cache, &i.to_le_bytes(), &[1; 1000]);
    }
    let sizes = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    let bytes = sizes.sum::<u64>() - 50_000;
    assert!((20_000..=40_000).contains(&bytes), "{bytes}");
    assert!(theirs.exists());
}

proptest! {
    /// Whatever is asked in whatever order, bytes are those that were published for that very key.
    #[test]
    fn bytes_are_right_or_absent(steps in prop::collection::vec((0..12u8, prop::collection::vec(any::<u8>(), 0..300)), 1..80)) {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::persistent(2_000, directory.path(), 4_000).unwrap();
        let mut published: HashMap<u8, Vec<u8>> = HashMap::new();
        for (key, bytes) in steps {
            match cache.claim(&[key], LONG) {
                Claim::Held(held) => prop_assert_eq!(Some(&held.to_vec()), published.get(&key)),
                Claim::Lead(lead) => {
                    lead.publish(bytes.clone());
                    published.insert(key, bytes);
                }
                Claim::Busy => prop_assert!(false, "nobody else is at it"),
            }
        }
    }
}
