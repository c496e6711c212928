//! Times the number parser against the standard library's, in MB of text a second.
#![allow(clippy::print_stdout)]

use echoes_io::number;
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut make = |form: fn(f64) -> String| -> Vec<String> { (0..4_000).map(|_| form(next())).collect() };
    for (name, texts) in [
        ("whole, 1 to 6 digits", make(|x| format!("{}", 10f64.powf(6.0 * x) as i64))),
        ("money, 2 decimals", make(|x| format!("{:.2}", x * 10_000.0))),
        ("6 decimals, signed", make(|x| format!("{:.6}", 200.0 * x - 100.0))),
        ("shortest of 17 digits", make(|x| format!("{x}"))),
        ("with an exponent", make(|x| format!("{:e}", x * 1e-20))),
        ("far exponents", make(|x| format!("{:e}", x * 1e-200))),
    ] {
        let bytes: usize = texts.iter().map(String::len).sum();
        let ours = best(|| texts.iter().filter_map(|text| number::parse_f64(text.as_bytes())).sum());
        let std = best(|| texts.iter().filter_map(|text| text.parse::<f64>().ok()).sum());
        let speed = |seconds: f64| bytes as f64 / 1e6 / seconds;
        println!("{name:22} {:5.0} MB/s, std {:5.0} MB/s", speed(ours), speed(std));
    }
}

fn best(work: impl Fn() -> f64) -> f64 {
    let time = |_| {
        let begin = Instant::now();
        black_box(work());
        begin.elapsed().as_secs_f64()
    };
    (0..500).map(time).fold(f64::INFINITY, f64::min)
}
