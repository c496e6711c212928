//! Looking for a device is quiet, and says why there is none.

use crate::{on_device, on_graphics};
use echoes_gpu::{Absent, Error, Kind, Options};

#[test]
fn a_driver_on_the_processor_is_taken_only_when_asked_for() {
    on_device(|device| {
        assert_eq!(device.kind() == Kind::Processor, !on_graphics());
        assert!(!device.name().is_empty() && !device.driver().is_empty() && !device.is_lost());
    });
    if let Ok(device) = Options::default().open() {
        assert_ne!(device.kind(), Kind::Processor);
    }
}

#[test]
fn each_reason_is_told_apart() {
    let fails = |call: &'static str| {
        let fault = Error::Driver { call, reason: "absent".to_owned() };
        Options::default().faults(move |at| (at == call).then(|| fault.clone())).open().unwrap_err()
    };
    assert!(matches!(fails("dlopen"), Error::Absent(Absent::Library(_))));
    on_device(|_| {
        assert!(matches!(fails("vkCreateInstance"), Error::Absent(Absent::Driver(_))));
        assert!(matches!(fails("vkEnumeratePhysicalDevices"), Error::Absent(Absent::Driver(_))));
    });
}
