//! Numbers for people: six digits.

const DIGITS: i32 = 6;

/// A JSON number, rounded to six significant digits; integers keep all of theirs.
pub(super) fn rounded(json: &str) -> String {
    let is_integer = !json.contains(['.', 'e', 'E']);
    match json.parse::<f64>() {
        Ok(x) if !is_integer => short(x),
        _ => json.to_owned(),
    }
}

fn short(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let exponential = format!("{x:.*e}", DIGITS as usize - 1);
    let (mantissa, exponent) = exponential.split_once('e').unwrap_or((&exponential, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ -5..15) => trimmed(&format!("{x:.*}", (DIGITS - 1 - exponent).max(0) as usize)),
        _ => format!("{}e{exponent}", trimmed(mantissa)),
    }
}

fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// A count with its thousands apart.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits() {
        for (json, text) in [
            ("49.75210355987055", "49.7521"),
            ("1854.0", "1854"),
            ("-0.0", "0"),
            ("18446744073709551615", "18446744073709551615"),
            ("1234567.8", "1234568"),
            ("999999.96", "1000000"),
            ("0.1", "0.1"),
            ("0.00001234567", "0.0000123457"),
            ("1.5e-9", "1.5e-9"),
            ("1e300", "1e300"),
            ("-2.5e17", "-2.5e17"),
        ] {
            assert_eq!(rounded(json), text);
        }
        assert_eq!(
            (grouped(309), grouped(1_000), grouped(12_345_678)),
            ("309".into(), "1,000".into(), "12,345,678".into())
        );
    }
}
