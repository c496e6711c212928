//! The programs on a real driver that runs on the processor, under the validation layer. Without a driver each test says that
//! it is skipped. With `ECHOES_TEST_GPU=on` they run on the machine's own graphics processor, and fail where there is none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod faults;
mod fft;
mod open;
mod others;
mod sweep;
mod twice;

use echoes_gpu::{Absent, Device, Error, Options};
use std::sync::{Arc, Mutex};

/// What the validation layer has said about one device.
#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<String>>>);

/// What a device without the layer has to say about it.
const NO_LAYER: &str = "the validation layer is not installed";

/// Whether the machine's own graphics processor is to be tested.
fn on_graphics() -> bool {
    std::env::var_os("ECHOES_TEST_GPU").is_some_and(|value| value == "on")
}

/// The device that is tested.
fn tested() -> Options {
    if on_graphics() { Options::default() } else { Options::default().on_processor() }
}

/// Says that there is no device to test, unless there must be one.
fn skip(reason: &Absent) {
    assert!(!on_graphics(), "{reason}");
    println!("skipped: no Vulkan driver ({reason})");
}

impl Messages {
    /// Fails on any message, but not where there is no layer to send one.
    fn check(&self) {
        let said = self.0.lock().unwrap();
        if *said == [NO_LAYER] {
            println!("skipped: {NO_LAYER}");
        } else {
            assert_eq!(*said, [""; 0]);
        }
    }

    fn options(&self) -> Options {
        let all = Arc::clone(&self.0);
        tested().validate(move |message| all.lock().unwrap().push(message.to_owned()))
    }
}

/// Runs a test on a device of its own, and fails on any message of the validation layer.
fn on_device(test: impl FnOnce(&Arc<Device>)) {
    let messages = Messages::default();
    match messages.options().open() {
        Ok(device) => {
            test(&device);
            messages.check();
        }
        Err(Error::Absent(reason)) => skip(&reason),
        Err(other) => panic!("{other}"),
    }
}

/// Numbers that look like data, the same each time.
fn numbers(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    })
}

/// Bits that are the same, where a NaN is as good as another.
fn bits(x: f64) -> u64 {
    if x.is_nan() { u64::MAX } else { x.to_bits() }
}
