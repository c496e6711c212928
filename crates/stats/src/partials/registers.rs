//! HyperLogLog: how many different values there are, in a byte for each of `2^lg_k` registers.
//!
//! The upper bits of a value's hash choose a register, which keeps the longest run of zeros that the other bits began with. P. Flajolet,
//! É. Fusy, O. Gandouet, F. Meunier, HyperLogLog, AofA 2007; the estimate, without a table of biases and for any number, is that of
//! O. Ertl, New Cardinality Estimation Algorithms for HyperLogLog Sketches, arXiv 1702.01284, 2017, section 3.
//!
//! The crate `datasketches` was looked at and is not used: it keeps few values in lists and sets that grow as they are added, so that
//! `absorb` would allocate; has its own bytes instead of serde; and sums up an estimate as the values come, which depends on their
//! order. Here neither order nor merging matters to any bit: a register is a maximum.

use crate::mixed::mixed;
use echoes_kernel::{Block, Partial, Values};
use echoes_simd::{Lanes, Operation, run};
use serde::{Deserialize, Serialize};

/// The longest runs of zeros, and so the number of different values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registers {
    lg_k: u8,
    /// 0 where no value has come; none at all before the first one.
    registers: Vec<u8>,
}

impl Registers {
    /// The expected relative error, as a standard deviation, of an estimate by `2^lg_k` registers.
    pub fn relative_standard_error(lg_k: u8) -> f64 {
        // √(3 ln 2 − 1)
        const OF_ONE: f64 = 1.038_961_775_315_955_2;
        OF_ONE / f64::from(1u32 << lg_k.min(31)).sqrt()
    }

    /// About how many different values there are.
    pub fn estimate(&self) -> f64 {
        let longest = usize::from(64 - self.lg_k);
        let mut counts = [0u32; 64];
        for &register in &self.registers {
            counts[usize::from(register) % 64] += 1;
        }
        let size = self.registers.len() as f64;
        if self.registers.is_empty() {
            return 0.0;
        }
        let mut sum = size * tau(1.0 - f64::from(counts[longest + 1]) / size);
        for &count in counts[1..=longest].iter().rev() {
            sum = 0.5 * (sum + f64::from(count));
        }
        sum += size * sigma(f64::from(counts[0]) / size);
        size * size / (2.0 * std::f64::consts::LN_2 * sum)
    }

    /// Registers that a value has come to: there are not fewer different values than these.
    pub fn used(&self) -> u64 {
        self.registers.iter().filter(|&&register| register > 0).count() as u64
    }

    fn take<T: Key>(&mut self, x: &[T]) {
        run(Take { registers: &mut self.registers, lg_k: u32::from(self.lg_k), x });
    }
}

/// What can be told apart from others.
trait Key: Copy {
    /// The same number for the same values alone.
    fn key(self) -> u64;
}

struct Take<'a, T> {
    registers: &'a mut [u8],
    lg_k: u32,
    x: &'a [T],
}

impl<T: Key> Operation for Take<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let (shift, last) = (64 - self.lg_k, self.registers.len().saturating_sub(1));
        let mut hashes = [0; 64];
        for part in self.x.chunks(64) {
            // Vectors hash, where there are such; the registers are looked at one by one.
            for (hash, x) in hashes.iter_mut().zip(part) {
                *hash = mixed(x.key());
            }
            for &hash in &hashes[..part.len()] {
                let zeros = (hash | 1 << shift).trailing_zeros() as u8 + 1;
                // The registers are as many as these bits say.
                let register = &mut self.registers[(hash >> shift) as usize & last];
                *register = zeros.max(*register);
            }
        }
    }
}

/// `x + Σ x^(2^k) 2^(k−1)` over `k` from 1.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * power;
        power += power;
        if sum == before {
            return sum;
        }
    }
}

/// `(1 − x − Σ (1 − x^(2^−k))² 2^−k) / 3` over `k` from 1.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut power, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        power *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * power;
        if sum == before {
            return sum / 3.0;
        }
    }
}

impl Key for f64 {
    /// One key for both zeros, one for every NaN.
    #[inline(always)]
    fn key(self) -> u64 {
        if self.is_nan() { Self::NAN.to_bits() } else { (self + 0.0).to_bits() }
    }
}

impl Key for i64 {
    #[inline(always)]
    fn key(self) -> u64 {
        whole_key(self.into())
    }
}

impl Key for u64 {
    #[inline(always)]
    fn key(self) -> u64 {
        whole_key(self.into())
    }
}

/// Sets the keys of whole numbers that are no doubles apart from those of doubles.
const NO_DOUBLE: u64 = 0x7ff5_0000_0000_0000;

/// The key of a whole number, that of its double if there is one, so that it does not matter how numbers are stored.
#[inline(always)]
fn whole_key(whole: i128) -> u64 {
    let double = whole as f64;
    if double as i128 == whole { double.key() } else { whole as u64 ^ NO_DOUBLE }
}

impl Partial for Registers {
    /// The binary logarithm of the number of registers, from 4 to 18.
    type Setup = u8;
    const NAME: &'static str = "registers/1";

    fn begin(&lg_k: &u8) -> Self {
        Self { lg_k, registers: Vec::new() }
    }

    fn make_room(&mut self, _: usize) {
        if self.registers.is_empty() {
            self.registers = vec![0; 1 << self.lg_k];
        }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        if block.is_empty() {
            return;
        }
        Partial::make_room(self, block.len());
        match block.stored(0) {
            Values::Int64(x) => self.take(x),
            Values::UInt64(x) => self.take(x),
            _ => self.take(block.values(0)),
        }
    }

    fn merge(&mut self, later: &Self) {
        if self.registers.is_empty() {
            self.registers.clone_from(&later.registers);
        }
        for (mine, &theirs) in self.registers.iter_mut().zip(&later.registers) {
            *mine = theirs.max(*mine);
        }
    }

    fn is_sound(&self) -> bool {
        (4..=18).contains(&self.lg_k)
            && (self.registers.is_empty() || self.registers.len() == 1 << self.lg_k)
            && self.registers.iter().all(|&register| register <= 65 - self.lg_k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use echoes_kernel::{BLOCK, Column, wire};

    fn absorb(registers: &mut Registers, x: &[f64]) {
        for part in x.chunks(BLOCK) {
            registers.absorb(&Block::new(&[Column::of(part)], 0));
        }
    }

    fn of(lg_k: u8, x: &[f64]) -> Registers {
        let mut registers = Registers::begin(&lg_k);
        absorb(&mut registers, x);
        registers
    }

    #[test]
    fn the_error_is_what_is_stated() {
        // Kinds of values, from 1 to far beyond the registers: whole numbers, a fine grid, and bits at random.
        let kinds: [fn(u32) -> f64; 3] =
            [|i| f64::from(i), |i| 1.0 + f64::from(i) * 1e-9, |i| f64::from_bits(mixed(i.into()) >> 2)];
        let (lg_k, most) = if cfg!(miri) { (4, 100) } else { (10, 60_000) };
        let stated = Registers::relative_standard_error(lg_k);
        let (mut squares, mut tries) = (0.0, 0.0);
        for kind in kinds {
            for seed in 0..4u32 {
                let (mut registers, mut known) = (Registers::begin(&lg_k), 0);
                for n in [1u32, 10, 300, 2000, 9000, most].into_iter().filter(|&n| n <= most) {
                    let x: Vec<f64> = (known..n).map(|i| kind(i + 100_000 * seed)).collect();
                    absorb(&mut registers, &x);
                    known = n;
                    let error = registers.estimate() / f64::from(n) - 1.0;
                    assert!(error.abs() < 4.5 * stated, "{n}: {error} of {stated}");
                    squares += (error / stated).powi(2);
                    tries += 1.0;
                }
            }
        }
        let relative = f64::sqrt(squares / tries);
        println!("HyperLogLog: {relative:.3} of the standard error that is stated");
        assert!(relative < 1.25, "{relative}");
    }

    #[test]
    fn neither_order_nor_repetition_nor_merging_matters() {
        let x: Vec<f64> = (0..3000).map(|i| f64::from(i % 777) * 0.1).collect();
        let whole = of(8, &x);
        let reversed: Vec<f64> = x.iter().rev().copied().collect();
        assert_eq!((of(8, &x[..777]), of(8, &reversed)), (whole.clone(), whole.clone()));
        let mut merged = Registers::begin(&8);
        merged.merge(&of(8, &x[..400]));
        merged.merge(&of(8, &x[400..]));
        merged.merge(&Registers::begin(&8));
        assert_eq!(merged, whole);
    }

    #[test]
    fn zeros_are_one_value_and_so_are_nans() {
        assert_eq!(of(12, &[]).estimate(), 0.0);
        assert_eq!(of(12, &[0.0, -0.0]).estimate().round(), 1.0);
        assert_eq!(of(12, &[f64::NAN, -f64::NAN, 1.0, f64::INFINITY]).estimate().round(), 3.0);
    }

    #[test]
    fn whole_numbers_are_told_apart_that_are_one_double() {
        let big: Vec<i64> = (0..500).map(|i| (1 << 60) + i).collect();
        let as_doubles: Vec<f64> = big.iter().map(|&x| x as f64).collect();
        let stored = Column { values: &as_doubles, stored: Values::Int64(&big) };
        let mut registers = Registers::begin(&14);
        registers.absorb(&Block::new(&[stored], 0));
        assert!((registers.estimate() - 500.0).abs() < 20.0, "{}", registers.estimate());
        // Small ones are what they are as doubles.
        let (small, doubles) = ([-3i64, 7, 1 << 53], [-3.0, 7.0, (1u64 << 53) as f64]);
        let mut registers = Registers::begin(&14);
        registers.absorb(&Block::new(&[Column { values: &doubles, stored: Values::Int64(&small) }], 0));
        assert_eq!(registers, of(14, &doubles));
    }

    #[test]
    fn every_register_at_its_most_is_a_number_still() {
        let registers = Registers { lg_k: 4, registers: vec![61; 16] };
        assert_eq!(registers.estimate(), f64::INFINITY);
        let nearly = Registers { lg_k: 4, registers: [vec![61; 15], vec![60]].concat() };
        assert!(nearly.estimate() > 1e18 && nearly.estimate().is_finite());
    }

    #[test]
    fn what_does_not_hold_together_is_not_decoded() {
        let sound = of(4, &[1.0, 2.0]);
        assert_eq!(wire::decode::<Registers>(&wire::encode(&sound).unwrap()).as_ref(), Ok(&sound));
        for altered in [
            Registers { lg_k: 3, registers: vec![0; 8] },
            Registers { lg_k: 4, registers: vec![0; 15] },
            Registers { lg_k: 4, registers: vec![62; 16] },
        ] {
            assert!(wire::decode::<Registers>(&wire::encode(&altered).unwrap()).is_err());
        }
    }
}
