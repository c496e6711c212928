//! Transforms agree with the truth, to twice the error of rustfft.

use crate::{numbers, on_device, twice};
use echoes_gpu::{Column, Device, Error, RealFft};
use rustfft::{FftPlanner, num_complex::Complex};
use std::sync::Arc;

fn transform(device: &Arc<Device>, x: &[f64]) -> Vec<[f64; 2]> {
    RealFft::new(device).unwrap().run(&Column::upload(device, x).unwrap()).unwrap()
}

fn peer(x: &[f64]) -> Vec<Complex<f64>> {
    let mut all: Vec<Complex<f64>> = x.iter().map(|&x| x.into()).collect();
    FftPlanner::new().plan_fft_forward(x.len()).process(&mut all);
    all
}

#[test]
fn the_error_is_within_twice_that_of_rustfft() {
    on_device(|device| {
        for bits in 2..=14 {
            let x: Vec<f64> = numbers(bits).take(1 << bits).map(|x| x - 0.5).collect();
            let (found, peer) = (transform(device, &x), peer(&x));
            assert_eq!(found.len(), x.len() / 2 + 1);
            let truth =
                twice::transform(&x.iter().map(|&x| (twice::Twice::of(x), Default::default())).collect::<Vec<_>>());
            let mut errors = [0.0; 2];
            for ((found, peer), truth) in found.iter().zip(&peer).zip(&truth) {
                errors[0] += truth.0.error(found[0]).powi(2) + truth.1.error(found[1]).powi(2);
                errors[1] += truth.0.error(peer.re).powi(2) + truth.1.error(peer.im).powi(2);
            }
            let [ours, theirs] = errors.map(|sum| (sum / found.len() as f64).sqrt());
            println!("2^{bits}: {ours:.2e}, rustfft {theirs:.2e}");
            // Below a unit in the last place of what is added there is nothing to compare.
            assert!(ours <= 2.0 * theirs || ours < 1e-17, "2^{bits}: {ours:e} against {theirs:e}");
        }
    });
}

#[test]
fn a_long_transform_agrees() {
    on_device(|device| {
        let x: Vec<f64> = numbers(5).take(1 << 19).collect();
        let (found, peer) = (transform(device, &x), peer(&x));
        let off = found.iter().zip(&peer).map(|(found, peer)| (found[0] - peer.re).hypot(found[1] - peer.im));
        assert!(off.fold(0.0, f64::max) < 1e-10);
    });
}

#[test]
fn a_wave_is_one_line_and_lengths_are_checked() {
    on_device(|device| {
        let wave: Vec<f64> = (0..64).map(|j| (std::f64::consts::TAU * 5.0 * f64::from(j) / 64.0).cos()).collect();
        for (k, [re, im]) in transform(device, &wave).into_iter().enumerate() {
            let expected = if k == 5 { 32.0 } else { 0.0 };
            assert!((re - expected).abs() < 1e-13 && im.abs() < 1e-13, "{k}: {re} {im}");
        }
        let fft = RealFft::new(device).unwrap();
        for wrong in [0, 1, 2, 3, 6, 1000] {
            let column = Column::upload(device, &vec![1.0; wrong]).unwrap();
            assert!(matches!(fft.run(&column), Err(Error::Invalid(_))), "{wrong}");
        }
    });
}
