//! Text to number: the bits that the standard library's `parse` gives, sooner.
//!
//! Where a number of the usual form has its point and its end is found by looking at many bytes at once. Up to eight
//! digits make an exact double, which one exact power of ten divides; more are read sixteen at a time.
//! Up to 19 digits and 10^±54 takes one or two multiplications of integers by a power of five in 128 bits
//! (Lemire, "Number parsing at a gigabyte per second", 2021, algorithm 1; that it needs no further case:
//! Mushtak and Lemire, "Fast number parsing without fallback", 2023). Elsewhere a mantissa up to 2⁵³ and a power of
//! ten up to 10²² take one exact multiplication or division of doubles (Clinger, "How to read floating point numbers
//! accurately", 1990). What is left goes to the standard library.

use wide::{i8x16, i16x8, i32x4, i32x8, u8x16, u16x8};

/// A number as it was written: whole, or with a point, an exponent, or no end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Parsed {
    /// Digits alone, within `i64`.
    Int(i64),
    /// Digits alone, beyond `i64` and within `u64`.
    Large(u64),
    /// Any other number, infinity or NaN; also `-0`, which no integer is.
    Float(f64),
}

impl Parsed {
    /// The nearest double.
    pub const fn to_f64(self) -> f64 {
        match self {
            Self::Int(x) => x as f64,
            Self::Large(x) => x as f64,
            Self::Float(x) => x,
        }
    }
}

/// The number that `text` is: decimal digits with an optional sign, point and exponent, or `inf`, `infinity` or
/// `nan` in any case, between spaces or tabs. `None` for all else, hexadecimal and underscores included.
///
/// ```
/// use echoes_io::number::{Parsed, parse};
/// assert_eq!(parse(b" -12"), Some(Parsed::Int(-12)));
/// assert_eq!(parse(b"1e3"), Some(Parsed::Float(1000.0)));
/// assert_eq!(parse(b"1_000"), None);
/// ```
#[inline]
pub fn parse(text: &[u8]) -> Option<Parsed> {
    let text = trim(text);
    match parse_prefix(text) {
        Some((number, [])) => Some(number),
        _ => slow(text),
    }
}

/// The number that `text` begins with and what follows it, if it is short enough to be found fast.
///
/// The number ends where no longer one can be read, so what follows must be looked at before it is believed.
///
/// ```
/// use echoes_io::number::{Parsed, parse_prefix};
/// assert_eq!(parse_prefix(b"2.5, 3]"), Some((Parsed::Float(2.5), &b", 3]"[..])));
/// ```
#[inline]
pub fn parse_prefix(text: &[u8]) -> Option<(Parsed, &[u8])> {
    match usual_prefix(text) {
        Some((number, rest)) => Some((number, rest)),
        None => any_prefix(text),
    }
}

/// The number that `text` begins with and what follows it, if it is one to eight digits, perhaps with a point and more behind it,
/// 19 in all at most, as JSON writes it (no plus, no zero in front of another digit), and there are 33 bytes.
///
/// ```
/// use echoes_io::number::{Parsed, usual_prefix};
/// let text = format!("-2.5,{}", " ".repeat(33));
/// assert_eq!(usual_prefix(text.as_bytes()).map(|(number, _)| number), Some(Parsed::Float(-2.5)));
/// assert_eq!(usual_prefix(b"1e3"), None);
/// ```
#[inline(always)]
pub fn usual_prefix(text: &[u8]) -> Option<(Parsed, &[u8])> {
    let window = text.first_chunk::<WINDOW>()?;
    let negative = window[0] == b'-';
    let first = usize::from(negative);
    let digits: &[u8; 32] = window.get(first..)?.first_chunk()?;
    let word = word_at(digits, 0);
    let units = (not_digits(word).trailing_zeros() / 8) as usize;
    if units == 0 || (digits[0] == b'0' && units > 1) {
        return None;
    }
    if digits[units] != b'.' {
        let value = eight_digits(word << (64 - 8 * units)).cast_signed();
        let number = Parsed::Int(if negative { -value } else { value });
        let whole = !digits[units].is_ascii_digit() && !matches!(digits[units], b'e' | b'E');
        return (whole && (value != 0 || !negative)).then_some((number, &text[first + units..]));
    }
    // The end is found without waiting for the sign and the point: the next number waits for the end.
    let others = others(window) & !1;
    let end = (others & (others - 1)).trailing_zeros() as usize;
    let count = end - first - 1;
    if count == units || count > 19 || matches!(window[end], b'e' | b'E') {
        return None;
    }
    let value = if count <= 8 {
        let in_front = (1 << (8 * units)) - 1;
        let word = (word & in_front) | (word_at(digits, 1) & !in_front);
        eight_digits(word << (64 - 8 * count)) as f64 / TENS[count - units]
    } else {
        nearest_of_many(nineteen_digits(digits, units, count), units as i64 - 19)?
    };
    Some((Parsed::Float(if negative { -value } else { value }), &text[end..]))
}

/// What [`usual_prefix`] looks at: 32 bytes, perhaps behind a sign.
const WINDOW: usize = 33;

/// Sixteen bytes.
#[inline]
fn sixteen_at(bytes: &[u8], from: usize) -> u8x16 {
    u8x16::new(bytes.get(from..from + 16).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default())
}

/// Which of the bytes are no digits, the first in the lowest bit.
#[inline]
fn others(window: &[u8; WINDOW]) -> u32 {
    let mask = |from| {
        // The digits become the smallest of all numbers with a sign.
        let bytes: i8x16 = bytemuck::cast(sixteen_at(window, from));
        (bytes + i8x16::splat(i8::MIN.wrapping_sub(b'0'.cast_signed()))).simd_gt(i8x16::splat(i8::MIN + 9)).to_bitmask()
    };
    mask(0) | mask(16) << 16
}

/// So many digits, the first `units` of them in front of a point, and zeros behind them: the whole number that 19 digits are.
#[inline]
fn nineteen_digits(window: &[u8; 32], units: usize, count: usize) -> u64 {
    let in_front = first(units);
    // What stands behind the point moves up by one.
    let digits = (sixteen_at(window, 0) & in_front) | (sixteen_at(window, 1) & !in_front);
    let eights = two_eights((digits ^ u8x16::splat(b'0')) & first(count));
    let [hundreds, tens, ones, _] = last_digits(window, count).to_le_bytes();
    let [first, second] = eights.map(u64::from);
    first * 100_000_000_000 + second * 1000 + 100 * u64::from(hundreds) + 10 * u64::from(tens) + u64::from(ones)
}

/// The values of the digits from the 17th to the 19th, of so many in all, the first in the lowest byte.
#[inline]
fn last_digits(window: &[u8; 32], count: usize) -> u32 {
    const THERE: [u32; 32] = {
        let mut there = [0; 32];
        (there[17], there[18], there[19]) = (0xff, 0xffff, 0xff_ffff);
        there
    };
    (u32::from_le_bytes([window[17], window[18], window[19], window[20]]) ^ 0x3030_3030) & THERE[count & 31]
}

/// All bits of the first so many bytes, 19 at most.
#[inline]
fn first(count: usize) -> u8x16 {
    const ONES_AND_ZEROS: [u8; 35] = {
        let mut bytes = [0; 35];
        let (ones, _) = bytes.split_at_mut(19);
        let mut i = 0;
        while i < ones.len() {
            ones[i] = 0xff;
            i += 1;
        }
        bytes
    };
    sixteen_at(&ONES_AND_ZEROS, 19 - count)
}

/// The values of the first eight and the last eight of sixteen digits: pairs, then fours, then eights.
#[inline]
fn two_eights(digits: u8x16) -> [u32; 2] {
    let words: u16x8 = bytemuck::cast(digits);
    let pairs: i16x8 = bytemuck::cast((words & u16x8::splat(0xff)) * u16x8::splat(10) + (words >> 8));
    let fours = pairs.dot(i16x8::new([100, 1, 100, 1, 100, 1, 100, 1]));
    let fours = i16x8::from_i32x8_saturate(bytemuck::cast::<[i32x4; 2], i32x8>([fours, fours]));
    let eights = fours.dot(i16x8::new([10_000, 1, 10_000, 1, 10_000, 1, 10_000, 1]));
    let [both, _]: [u64; 2] = bytemuck::cast(eights);
    [both as u32, (both >> 32) as u32]
}

/// Eight bytes, those that are digits as their values.
#[inline]
fn word_at(digits: &[u8; 32], from: usize) -> u64 {
    let eight = digits.get(from..from + 8).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; 8]);
    u64::from_le_bytes(eight) ^ ZEROS
}

#[inline]
const fn without_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', body @ ..] => (true, body),
        [b'+', body @ ..] => (false, body),
        body => (false, body),
    }
}

/// As [`parse_prefix`], whatever the form of the number.
#[inline]
fn any_prefix(text: &[u8]) -> Option<(Parsed, &[u8])> {
    let (negative, body) = without_sign(text);
    let (mut mantissa, mut rest) = take_digits(0, body);
    let mut digits = body.len() - rest.len();
    let mut exponent = 0;
    if let [b'.', fraction @ ..] = rest {
        (mantissa, rest) = take_digits(mantissa, fraction);
        let decimals = fraction.len() - rest.len();
        digits += decimals;
        // More decimals than 19 are too many in any case.
        exponent = -(decimals as i64);
    } else if !matches!(rest, [b'e' | b'E', ..]) {
        let whole = matches!(digits, 1..=18) && (mantissa != 0 || !negative);
        let value = mantissa.cast_signed();
        // Beyond 18 digits the value is of no account, and may be the one without a negative.
        return whole.then_some((Parsed::Int(if negative { value.wrapping_neg() } else { value }), rest));
    }
    if !matches!(digits, 1..=19) {
        return None;
    }
    if let [b'e' | b'E', power @ ..] = rest {
        let (more, after) = take_exponent(power)?;
        (exponent, rest) = (exponent + more, after);
    }
    let value = nearest(mantissa, exponent)?;
    Some((Parsed::Float(if negative { -value } else { value }), rest))
}

/// The double that `text` is, as [`parse`].
#[inline]
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    parse(text).map(Parsed::to_f64)
}

/// The whole number that `text` is; `None` also if it has a point or an exponent, or is beyond `i64`.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    match parse(text)? {
        Parsed::Int(x) => Some(x),
        Parsed::Large(_) => None,
        Parsed::Float(x) => (x == 0.0 && !text.iter().any(|b| matches!(b, b'.' | b'e' | b'E'))).then_some(0),
    }
}

/// The text without spaces and tabs around it.
#[inline]
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Appends the digits that `text` begins with to `value`, wrapping beyond 19 digits, and returns what follows them.
#[inline]
fn take_digits(mut value: u64, mut text: &[u8]) -> (u64, &[u8]) {
    while let Some((&eight, rest)) = text.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(eight) ^ ZEROS;
        let others = not_digits(word);
        if others == 0 {
            value = value.wrapping_mul(100_000_000).wrapping_add(eight_digits(word));
            text = rest;
            continue;
        }
        let count = others.trailing_zeros() / 8;
        if count > 0 {
            // Zeros in front of the digits, which are the low bytes.
            let word = word << (64 - 8 * count);
            value = value.wrapping_mul(POWERS[count as usize & 7]).wrapping_add(eight_digits(word));
        }
        return (value, text.get(count as usize..).unwrap_or_default());
    }
    while let [digit @ b'0'..=b'9', rest @ ..] = text {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        text = rest;
    }
    (value, text)
}

/// Eight zeros, as text.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The high bit of each byte that is no digit's value; beyond the first of them, others may be mistaken for one: a carry comes
/// only out of such a byte.
#[inline]
const fn not_digits(word: u64) -> u64 {
    (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080
}

const POWERS: [u64; 9] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The value of eight digits, the first in the lowest byte: pairs, then fours, then all.
#[inline]
const fn eight_digits(word: u64) -> u64 {
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    low.wrapping_add(high) >> 32
}

/// What follows an `e`: an optional sign and one to four digits.
#[inline]
fn take_exponent(text: &[u8]) -> Option<(i64, &[u8])> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let (mut value, mut rest) = (0, digits);
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        value = value * 10 + i64::from(digit - b'0');
        rest = after;
        if digits.len() - rest.len() > 4 {
            return None;
        }
    }
    (digits.len() > rest.len()).then_some((if negative { -value } else { value }, rest))
}

/// The double nearest to mantissa × 10^exponent, unless the exponent is far from 0.
#[inline]
fn nearest(mantissa: u64, exponent: i64) -> Option<f64> {
    if mantissa <= 1 << 53
        && let Some(&ten) = usize::try_from(exponent.unsigned_abs()).ok().and_then(|power| TENS.get(power))
    {
        let mantissa = mantissa as f64;
        return Some(if exponent < 0 { mantissa / ten } else { mantissa * ten });
    }
    nearest_of_many(mantissa, exponent)
}

/// As [`nearest`], by integers.
#[inline]
fn nearest_of_many(mantissa: u64, exponent: i64) -> Option<f64> {
    let five = FIVES.get(usize::try_from(exponent + FIVES_BELOW as i64).ok()?)?;
    if mantissa == 0 {
        return Some(0.0);
    }
    let zeros = mantissa.leading_zeros();
    let scaled = u128::from(mantissa << zeros);
    let product = scaled * (five >> 64);
    let (mut high, mut low) = ((product >> 64) as u64, product as u64);
    if high & 0x1ff == 0x1ff {
        // The lower half of the power could still carry into the bits that are kept.
        let (sum, carry) = low.overflowing_add(((scaled * (five & u128::from(u64::MAX))) >> 64) as u64);
        low = sum;
        high += u64::from(carry);
    }
    if low == u64::MAX && exponent < -27 {
        return None;
    }
    let top = high >> 63;
    let shift = top + 9;
    let mut bits = high >> shift;
    // Exactly halfway between two doubles: round to the even one. Only these powers of five allow it.
    if low <= 1 && (-4..=23).contains(&exponent) && bits & 3 == 1 && bits << shift == high {
        bits &= !1;
    }
    // 54 bits to 53. A carry out of them lands in the exponent, where it belongs.
    bits = (bits + (bits & 1)) >> 1;
    // ⌊log₂ 10^exponent⌋, by a fraction that is exact far beyond this range.
    let log = (217_706 * exponent) >> 16;
    let biased = (log + 63 + 1023).cast_unsigned() + top - u64::from(zeros);
    Some(f64::from_bits((biased << 52).wrapping_add(bits - (1 << 52))))
}

/// The powers of ten that are doubles.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Negative powers of five in [`FIVES`]; the last of them is below 2^127, which the division below needs.
const FIVES_BELOW: usize = 54;

/// 5^-54 to 5^55, each shifted to 128 bits: those below 1 rounded up, the others exact.
const FIVES: [u128; 110] = {
    let mut fives = [0; 110];
    let mut power: u128 = 1;
    let mut i = 0;
    loop {
        fives[FIVES_BELOW + i] = power << power.leading_zeros();
        if i == 55 {
            break;
        }
        if i > 0 {
            // Long division of 2^n by the power, until the quotient has 128 bits.
            let (mut quotient, mut rest): (u128, u128) = (0, 1);
            while quotient >> 127 == 0 {
                rest <<= 1;
                quotient <<= 1;
                if rest >= power {
                    rest -= power;
                    quotient |= 1;
                }
            }
            fives[FIVES_BELOW - i] = quotient + 1;
        }
        power *= 5;
        i += 1;
    }
    fives
};

/// What the fast way does not know: long mantissas, far exponents, infinity, NaN, and what is no number.
#[cold]
fn slow(text: &[u8]) -> Option<Parsed> {
    let text = std::str::from_utf8(text).ok()?;
    match (text.parse(), text.parse()) {
        (Ok(x), _) if x != 0 || !text.starts_with('-') => Some(Parsed::Int(x)),
        // A whole number with a minus sign is below.
        (Err(_), Ok(x)) => Some(Parsed::Large(x)),
        _ => text.parse().ok().map(Parsed::Float),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The twin: the standard library, on the same grammar, which is its own but for the spaces.
    fn twin(text: &str) -> Option<Parsed> {
        let text = text.trim_matches([' ', '\t']);
        match text.parse::<i128>() {
            Ok(0) if text.starts_with('-') => Some(Parsed::Float(-0.0)),
            Ok(x) if i64::try_from(x).is_ok() => i64::try_from(x).ok().map(Parsed::Int),
            Ok(x) if u64::try_from(x).is_ok() => u64::try_from(x).ok().map(Parsed::Large),
            _ => text.parse().ok().map(Parsed::Float),
        }
    }

    fn check(text: &str) {
        let bits = |number: Option<Parsed>| {
            number.map(|number| match number {
                Parsed::Int(x) => ("int", x as u64),
                Parsed::Large(x) => ("large", x),
                Parsed::Float(x) => ("float", x.to_bits()),
            })
        };
        assert_eq!(bits(parse(text.as_bytes())), bits(twin(text)), "{text:?}");
        let std = text.trim_matches([' ', '\t']).parse::<f64>().ok().map(f64::to_bits);
        assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), std, "{text:?}");
        // The same where more text follows, which is what the usual way looks at.
        let followed = format!("{text},{}", "7".repeat(WINDOW));
        if let Some((number, rest)) = usual_prefix(followed.as_bytes())
            && rest.len() == 1 + WINDOW
        {
            assert_eq!(bits(Some(number)), bits(twin(text)), "{text:?}");
        }
    }

    #[test]
    fn the_usual_number_is_read_in_the_usual_way() {
        let reads = |text: &str| usual_prefix(format!("{text},{}", " ".repeat(WINDOW)).as_bytes()).is_some();
        for text in [
            "0",
            "-1",
            "1234567",
            "12345678",
            "-12345678",
            "0.1",
            "-0.0",
            "1234567.8",
            "-12345678.87654321098",
            "0.12345678901234567",
            "12.12345678",
            "9.876543210987654321",
        ] {
            assert!(reads(text), "{text}");
        }
        for text in [
            "-0",
            "+1",
            "00",
            "-007",
            "01.5",
            "123456789",
            "123456789.5",
            "1.",
            ".5",
            "-.5",
            "1e5",
            "12345678e5",
            "1.5e5",
            "1.5E5",
            "0.1234567890123456789",
            "x",
            "",
            "-",
            "--1",
        ] {
            assert!(!reads(text), "{text}");
        }
        assert_eq!(usual_prefix(b"1.5"), None);
    }

    #[test]
    fn edges() {
        for text in [
            "",
            " ",
            "+",
            "-",
            ".",
            "-.",
            "e5",
            ".e5",
            "1e",
            "1e+",
            "5.",
            ".5",
            "-.5e-1",
            "0",
            "-0",
            "+0",
            "-0.0",
            "00",
            "007",
            "1_000",
            "0x10",
            "1,5",
            "١",
            "1 2",
            "--1",
            "+-1",
            "1.2.3",
            "1e5e5",
            "1e5.",
            "inf",
            "-inf",
            "+Infinity",
            "INF",
            "nan",
            "NaN",
            "-nan",
            "NA",
            "N/A",
            "n",
            "infinit",
            "12345678",
            "123456789",
            "1234567a",
            "1234567.",
            "12345678.12345678",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "-9223372036854775809",
            "18446744073709551615",
            "18446744073709551616",
            "00000000000000000000000000001",
            "-00000000000000000000000000000",
            "0.00000000000000000000000000001",
            "9007199254740992",
            "9007199254740993.0",
            "9007199254740993e0",
            "9007199254740993e1",
            "9007199254740993e-1",
            "1e22",
            "1e23",
            "1e27",
            "1e28",
            "1e-27",
            "1e-28",
            "1e308",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "1e309",
            "-1e400",
            "2.2250738585072014e-308",
            "5e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1e-400",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "0e99999999999999999999",
            " 1",
            "1 ",
            "\t-2.5\t ",
            "1\n",
            "9999999999999999999e27",
            "9999999999999999999e-27",
            "0.3",
            "0.1000000000000000055511151231257827",
            "8.5e-27",
        ] {
            check(text);
        }
    }

    #[test]
    fn whole_numbers() {
        assert_eq!(parse_i64(b"-0"), Some(0));
        assert_eq!(parse_i64(b"0.0"), None);
        assert_eq!(parse_i64(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_i64(b"9223372036854775808"), None);
        assert_eq!(parse(b"18446744073709551615"), Some(Parsed::Large(u64::MAX)));
        assert_eq!(parse(b"-0").map(|x| x.to_f64().to_bits()), Some((-0.0f64).to_bits()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn any_double_in_many_forms(bits: u64, places in 0usize..25) {
            let x = f64::from_bits(bits);
            check(&format!("{x}"));
            check(&format!("{x:e}"));
            check(&format!("{x:.places$e}"));
            let small = (bits as f64) / 2f64.powi((bits % 100) as i32);
            check(&format!("{small:.places$}"));
        }

        #[test]
        fn any_digits_and_exponent(text in "[ +-]?[0-9]{0,22}\\.?[0-9]{0,22}([eE][+-]?[0-9]{1,3})? ?") {
            check(&text);
        }

        #[test]
        fn any_usual_number(text in "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{0,20})?[eE-]?") {
            check(&text);
        }

        #[test]
        fn near_the_edges_of_the_fast_paths(mantissa: u64, exponent in -60i32..61, cut in 0u32..64) {
            check(&format!("{}e{exponent}", mantissa >> cut));
            check(&format!("{}e{exponent}", (1u64 << 53).wrapping_add(mantissa % 16).wrapping_sub(8)));
        }

        /// Halfway between two doubles, and one beside it.
        #[test]
        fn halves(bits in 0u64..(1 << 52), power in 0u32..11) {
            let middle = u128::from((1u64 << 53) | bits << 1 | 1) << power;
            for value in [middle - 1, middle, middle + 1] {
                check(&format!("{value}.0"));
                check(&format!("{}.{:03}", value / 1000, value % 1000));
            }
        }

        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
            let std = std::str::from_utf8(&bytes).ok().and_then(twin);
            prop_assert_eq!(parse(&bytes).is_some(), std.is_some());
        }

        #[test]
        fn any_text_of_its_characters(text in "[-+.eE0-9 infatyINFATY_x]{0,24}") {
            check(&text);
        }
    }
}
