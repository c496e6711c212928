//! NumPy's words for element types: `<f8`, `|b1`, `[('a', '<i4'), ('b', '<f8')]`.

use super::literal::Literal;
use crate::names::shorten;
use echoes_kernel::DType;

/// A number as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    /// A byte that is true unless it is 0; read as `uint8`, 0 or 1.
    Bool,
    /// IEEE half precision; read as `float32`.
    Half,
    /// As it is read.
    Plain(DType),
}

impl Scalar {
    /// Bytes an element takes in the file.
    pub(super) const fn size(self) -> u64 {
        match self {
            Self::Bool => 1,
            Self::Half => 2,
            Self::Plain(dtype) => dtype.size() as u64,
        }
    }

    /// The type that it is read as.
    pub(super) const fn dtype(self) -> DType {
        match self {
            Self::Bool => DType::UInt8,
            Self::Half => DType::Float32,
            Self::Plain(dtype) => dtype,
        }
    }
}

/// What one element of an array holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A number.
    Real { scalar: Scalar, swap: bool },
    /// Two numbers, the real part first.
    Complex { scalar: Scalar, swap: bool },
    /// Bytes that are no number, such as text: they can be stepped over, and not read.
    Other { size: u64, what: &'static str },
}

impl Item {
    pub(super) const fn size(&self) -> u64 {
        match self {
            Self::Real { scalar, .. } => scalar.size(),
            Self::Complex { scalar, .. } => 2 * scalar.size(),
            Self::Other { size, .. } => *size,
        }
    }
}

/// The element type of an array.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Descr {
    /// One item.
    Plain(Item),
    /// Named items, one after the other.
    Record(Vec<(String, Item)>),
}

impl Descr {
    /// Bytes an element takes; `None` if they are beyond counting.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::Plain(item) => Some(item.size()),
            Self::Record(items) => items.iter().try_fold(0u64, |sum, (_, item)| sum.checked_add(item.size())),
        }
    }
}

/// The element type that a header's `descr` names.
pub(super) fn parse_descr(literal: Literal) -> Result<Descr, String> {
    match literal {
        Literal::Text(word) => match parse_item(&word)? {
            Item::Other { what, .. } => Err(format!("holds {word:?}, which is {what}")),
            item => Ok(Descr::Plain(item)),
        },
        Literal::List(fields) => fields.into_iter().map(parse_field).collect::<Result<_, _>>().map(Descr::Record),
        _ => Err("its header's descr is neither a text nor a list".to_owned()),
    }
}

fn parse_field(field: Literal) -> Result<(String, Item), String> {
    let Literal::Tuple(parts) = field else { return Err("its header's descr has a field that is no tuple".to_owned()) };
    let mut parts = parts.into_iter();
    let name = match parts.next() {
        Some(Literal::Text(name)) => name,
        // A title and a name.
        Some(Literal::Tuple(mut names)) => match names.pop() {
            Some(Literal::Text(name)) => name,
            _ => return Err("its header's descr has a field without a name".to_owned()),
        },
        _ => return Err("its header's descr has a field without a name".to_owned()),
    };
    let nested = || {
        let name = shorten(&name);
        format!("has a field {name:?} of several values: save its parts as fields of their own")
    };
    let item = match parts.next() {
        Some(Literal::Text(word)) => parse_item(&word)?,
        _ => return Err(nested()),
    };
    if parts.next().is_some() {
        return Err(nested());
    }
    Ok((name, item))
}

/// One word: byte order, kind, size.
fn parse_item(word: &str) -> Result<Item, String> {
    let unknown = || format!("has elements of an unknown type {:?}", shorten(word));
    let (big, rest) = match word.as_bytes() {
        [b'>', ..] => (true, word.get(1..)),
        [b'<', ..] => (false, word.get(1..)),
        [b'|' | b'=', ..] => (cfg!(target_endian = "big"), word.get(1..)),
        _ => (cfg!(target_endian = "big"), Some(word)),
    };
    let rest = rest.unwrap_or_default();
    let kind = rest.chars().next().ok_or_else(unknown)?;
    let size = rest.get(kind.len_utf8()..).unwrap_or_default();
    // The unit of dates follows in brackets.
    let size = size.split('[').next().unwrap_or_default();
    let swap = big != cfg!(target_endian = "big");
    let real = |scalar| Ok(Item::Real { scalar, swap: swap && Scalar::size(scalar) > 1 });
    let plain = |dtype| real(Scalar::Plain(dtype));
    match (kind, size) {
        ('b', "1") => real(Scalar::Bool),
        ('i', "1") => plain(DType::Int8),
        ('i', "2") => plain(DType::Int16),
        ('i', "4") => plain(DType::Int32),
        ('i', "8") => plain(DType::Int64),
        ('u', "1") => plain(DType::UInt8),
        ('u', "2") => plain(DType::UInt16),
        ('u', "4") => plain(DType::UInt32),
        ('u', "8") => plain(DType::UInt64),
        ('f', "2") => real(Scalar::Half),
        ('f', "4") => plain(DType::Float32),
        ('f', "8") => plain(DType::Float64),
        ('c', "8") => Ok(Item::Complex { scalar: Scalar::Plain(DType::Float32), swap }),
        ('c', "16") => Ok(Item::Complex { scalar: Scalar::Plain(DType::Float64), swap }),
        ('f', "10" | "12" | "16") => Err(format!("holds long doubles ({word:?}): save x.astype('float64')")),
        ('c', "20" | "24" | "32") => Err(format!("holds complex long doubles ({word:?}): save x.astype('complex128')")),
        ('O', _) => Err(format!("holds Python objects ({word:?}), which are never run: save x.astype('float64')")),
        _ => {
            let size = size.parse::<u64>().ok();
            let (unit, what) = match kind {
                'S' | 'a' => (1, "text: save numbers, as x.astype('float64')"),
                'U' => (4, "text: save numbers, as x.astype('float64')"),
                'V' => (1, "raw bytes: save numbers, as x.view('float64')"),
                'M' | 'm' => (1, "dates: save them as numbers, x.astype('int64')"),
                _ => return Err(unknown()),
            };
            let size = size.and_then(|size| size.checked_mul(unit)).ok_or_else(unknown)?;
            Ok(Item::Other { size, what })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_and_size() {
        let little = cfg!(target_endian = "little");
        let real = |dtype, swap| Item::Real { scalar: Scalar::Plain(dtype), swap };
        assert_eq!(parse_item("<f8"), Ok(real(DType::Float64, !little)));
        assert_eq!(parse_item(">i2"), Ok(real(DType::Int16, little)));
        assert_eq!(parse_item("=u4"), Ok(real(DType::UInt32, false)));
        assert_eq!(parse_item("|u1"), Ok(real(DType::UInt8, false)));
        assert_eq!(parse_item(">i1"), Ok(real(DType::Int8, false)));
        assert_eq!(parse_item("<U5").map(|item| item.size()), Ok(20));
        assert_eq!(parse_item("<M8[ns]").map(|item| item.size()), Ok(8));
    }

    #[test]
    fn refusals_name_the_mend() {
        for word in ["<f16", "<c32", "|O", "<U5", "|S3", "|V8", "<M8[ns]"] {
            let why = parse_descr(Literal::Text(word.to_owned())).unwrap_err();
            assert!(why.contains(word) && why.contains("save"), "{why}");
        }
        for word in ["", "<", "é", "<f3", "<U99999999999999999999", "<q8"] {
            assert!(parse_item(word).unwrap_err().contains("unknown type"), "{word}");
        }
    }
}
