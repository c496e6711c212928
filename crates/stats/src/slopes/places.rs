//! Doubles as whole numbers with the same order.

/// Where a double stands among all; both zeros at 0, NaN last.
#[inline(always)]
pub(super) fn place(x: f64) -> i64 {
    let (bits, size) = (x.to_bits() as i64, (x.to_bits() << 1 >> 1) as i64);
    let place = if bits < 0 { -size } else { size };
    if x.is_nan() { i64::MAX } else { place }
}

/// The double that stands there.
pub(super) fn value(place: i64) -> f64 {
    let size = f64::from_bits(place.unsigned_abs());
    if place < 0 { -size } else { size }
}

/// The double at a place as a whole number of units of `2^exponent`; infinity is the number after the last.
pub(super) fn parts(place: i64) -> (i64, i32) {
    let size = place.abs();
    let (field, fraction) = ((size >> 52) as i32, size & ((1 << 52) - 1));
    let whole = if field == 0 { fraction } else { fraction | 1 << 52 };
    (if place < 0 { -whole } else { whole }, field.max(1) - 1075)
}

/// `2^exponent`, or what it becomes outside of the doubles.
pub(super) fn power(exponent: i32) -> f64 {
    match exponent {
        ..-1074 => 0.0,
        -1074..-1022 => f64::from_bits(1 << (exponent + 1074)),
        -1022..1024 => f64::from_bits(((exponent + 1023) as u64) << 52),
        _ => f64::INFINITY,
    }
}

/// `x 2^exponent`, in two steps of which neither leaves the doubles before the product does.
pub(super) fn scaled(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    x * power(half) * power(exponent - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_the_order_of_doubles() {
        let values = [f64::NEG_INFINITY, -f64::MAX, -1.0, -5e-324, 0.0, 5e-324, f64::MIN_POSITIVE, 1.5, f64::INFINITY];
        assert!(values.is_sorted_by_key(|&x| place(x)));
        for x in values {
            assert_eq!(value(place(x)).to_bits(), x.to_bits());
            let (whole, exponent) = parts(place(x));
            assert_eq!(scaled(whole as f64, exponent), x);
        }
        assert_eq!((place(-0.0), place(0.0), place(5e-324), place(-f64::NAN)), (0, 0, 1, i64::MAX));
    }
}
