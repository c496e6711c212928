//! Every call to the driver can fail: an error comes back, never a panic, and never a wrong number.

use crate::{Messages, skip};
use echoes_gpu::{Column, Error, Histogram, Options, Sweep};
use echoes_kernel::sweep::{Bins, Powers};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

static X: [f64; 3000] = [1.5; 3000];

fn work(options: &Options) -> Result<Vec<[f64; 4]>, Error> {
    let device = options.open()?;
    let column = Column::upload(&device, &X)?;
    let sums = Sweep::new(&device, Powers::Second)?.run(&column, &[(0, 1.0), (1, 1.0)])?;
    let bins = Bins { low: 0.0, high: 2.0, width: 1.0, per_unit: 1.0, count: 2 };
    assert_eq!(Histogram::new(&device)?.run(&column, bins)?.bins, [0, 3000]);
    assert_eq!(column.download(&device)?, X);
    Ok(sums.into_iter().map(|sums| sums.powers).collect())
}

/// Fails the call number `nth` that the work makes; gives what came of it, and the calls that were made.
fn fail(nth: usize, fault: &Error) -> (Result<Vec<[f64; 4]>, Error>, usize) {
    let calls = Arc::new(AtomicUsize::new(0));
    let (count, fault) = (Arc::clone(&calls), fault.clone());
    let messages = Messages::default();
    let options =
        messages.options().faults(move |_| (count.fetch_add(1, Ordering::Relaxed) == nth).then(|| fault.clone()));
    let found = work(&options);
    if !matches!(found, Err(Error::Absent(_))) {
        messages.check();
    }
    (found, calls.load(Ordering::Relaxed))
}

#[test]
fn a_fault_at_each_call_is_an_error() {
    let none = Error::Invalid("never");
    let (whole, calls) = fail(usize::MAX, &none);
    let whole = match whole {
        Err(Error::Absent(reason)) => return skip(&reason),
        other => other.unwrap(),
    };
    assert!(calls > 40, "{calls} calls");
    for fault in [Error::Lost, Error::OutOfMemory, Error::Driver { call: "any", reason: "refused".to_owned() }] {
        for nth in 0..calls {
            let (found, made) = fail(nth, &fault);
            assert!(made > nth);
            match found {
                // Memory that is full once is asked for again.
                Ok(found) => assert!(fault == Error::OutOfMemory && found == whole, "call {nth}, {fault}"),
                Err(error) => assert!(error == fault || matches!(error, Error::Absent(_) | Error::Lost), "{error}"),
            }
        }
    }
}

#[test]
fn a_lost_device_stays_lost() {
    let armed = Arc::new(AtomicUsize::new(usize::MAX));
    let left = Arc::clone(&armed);
    let messages = Messages::default();
    let options = messages.options().faults(move |call| {
        let is_now = call == "vkWaitForFences" && left.fetch_sub(1, Ordering::Relaxed) == 0;
        is_now.then_some(Error::OutOfMemory)
    });
    let device = match options.open() {
        Err(Error::Absent(reason)) => return skip(&reason),
        other => other.unwrap(),
    };
    let column = Column::upload(&device, &X).unwrap();
    armed.store(0, Ordering::Relaxed);
    // Whatever a wait ends with: the device may still be at work with the memory, so it is given up.
    assert_eq!(column.download(&device), Err(Error::Lost));
    assert!(device.is_lost());
    assert_eq!(column.download(&device), Err(Error::Lost));
    assert_eq!(Sweep::new(&device, Powers::First).err(), Some(Error::Lost));
    drop((column, device));
    assert!(messages.options().open().is_ok());
}
