//! A file that claims much and holds little takes little memory.
#![allow(clippy::unwrap_used)]

use echoes_io::{OpenOptions, parse};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The most that was held at once above what was held before, while `name` was opened.
fn peak(name: &str, bytes: &[u8]) -> usize {
    let profiler = dhat::Profiler::builder().testing().build();
    let _ = parse(name, bytes, &OpenOptions::default()).map(|source| source.fields().len());
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    peak
}

fn npy(header: &str, text_len: u32) -> Vec<u8> {
    [b"\x93NUMPY\x02\x00".as_slice(), &text_len.to_le_bytes(), header.as_bytes()].concat()
}

#[test]
fn claims_cost_nothing() {
    let claim = |descr: &str, shape: &str| {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}");
        npy(&header, header.len() as u32)
    };
    let nested = "[".repeat(1 << 20);
    for (bytes, limit) in [
        (claim("'<f8'", "(1152921504606846976,)"), 1 << 16),
        (claim("'<f8'", "(1, 1152921504606846976)"), 1 << 16),
        (claim("'<f8'", "(0, 1152921504606846976)"), 1 << 16),
        // A file without rows may have ten thousand columns on its header's word.
        (claim("'<f8'", "(0, 10000)"), 2 << 20),
        (claim("'|V1000000000000'", "(0,)"), 1 << 16),
        (npy("{", u32::MAX), 1 << 16),
        (npy("{", 1 << 20), 1 << 16),
        // The longest header that is read: no more than a small multiple of it.
        (npy(&nested, nested.len() as u32), 4 << 20),
        (npy(&"(1,".repeat(300_000), 900_000), 4 << 20),
        (npy(&format!("[{}]", "1,".repeat(500_000)), 1_000_002), 64 << 20),
    ] {
        let peak = peak("x.npy", &bytes);
        assert!(peak <= limit, "{peak} bytes for {} of input: at most {limit}", bytes.len());
    }
    let quote_left_open = [b"a,b\n\"".as_slice(), &vec![b'x'; 40 << 20]].concat();
    let peak = peak("x.csv", &quote_left_open);
    assert!(peak <= 80 << 20, "{peak} bytes for a quote left open");
}
