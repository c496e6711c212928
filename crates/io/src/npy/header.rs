//! The header of a `.npy` file: element type, order, shape, and where the data begin.

use super::descr::{Descr, parse_descr};
use super::literal::{Literal, parse};
use crate::names::shorten;
use crate::{Bytes, Result};

/// The six bytes that a `.npy` file begins with.
pub const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Bytes of header text that are read at most. NumPy itself stops trusting one at 10,000.
const HEADER_LEN_MAX: u64 = 1 << 20;

/// What the header says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) descr: Descr,
    pub(super) fortran: bool,
    pub(super) shape: Vec<u64>,
    /// Position of the first element.
    pub(super) data: u64,
}

impl Header {
    /// Reads the header, which takes no more memory than a small multiple of the file's size.
    pub(super) fn read(bytes: &Bytes<'_>) -> Result<Self> {
        let mut start = [0; 12];
        let available = bytes.len().min(12) as usize;
        if let Some(start) = start.get_mut(..available) {
            bytes.read_at(0, start)?;
        }
        if !start.starts_with(MAGIC) {
            return Err(bytes.malformed("does not begin as a .npy file does: write it with numpy.save"));
        }
        let [.., major, minor, a, b, c, d] = start;
        let (prefix, text_len) = match (major, minor) {
            (1, 0) => (10, u64::from(u16::from_le_bytes([a, b]))),
            (2 | 3, 0) => (12, u64::from(u32::from_le_bytes([a, b, c, d]))),
            _ => {
                let what = format!("is .npy version {major}.{minor}: versions 1.0, 2.0 and 3.0 are read");
                return Err(bytes.malformed(what));
            }
        };
        if text_len > HEADER_LEN_MAX {
            return Err(
                bytes.malformed(format!("claims a header of {text_len} bytes: at most {HEADER_LEN_MAX} are read"))
            );
        }
        let data = prefix + text_len;
        if data > bytes.len() {
            return Err(bytes.malformed("is cut off within its header: copy or download it again"));
        }
        let mut text = vec![0; text_len as usize];
        bytes.read_at(prefix, &mut text)?;
        let text = match major {
            3 => String::from_utf8(text).map_err(|_| bytes.malformed("its header is not UTF-8"))?,
            _ => text.into_iter().map(char::from).collect(),
        };
        let (descr, fortran, shape) = interpret(&text).map_err(|what| bytes.malformed(what))?;
        Ok(Self { descr, fortran, shape, data })
    }
}

fn interpret(text: &str) -> std::result::Result<(Descr, bool, Vec<u64>), String> {
    let Literal::Dict(items) = parse(text)? else { return Err("its header is not a dictionary".to_owned()) };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    for (key, value) in items {
        let slot = match &key {
            Literal::Text(key) if key == "descr" => &mut descr,
            Literal::Text(key) if key == "fortran_order" => &mut fortran,
            Literal::Text(key) if key == "shape" => &mut shape,
            Literal::Text(key) => return Err(format!("its header has an unknown key {:?}", shorten(key))),
            _ => return Err("its header has a key that is not a text".to_owned()),
        };
        *slot = Some(value);
    }
    let missing = |key: &str| format!("its header has no {key:?}");
    let descr = parse_descr(descr.ok_or_else(|| missing("descr"))?)?;
    let Literal::Bool(fortran) = fortran.ok_or_else(|| missing("fortran_order"))? else {
        return Err("its header's fortran_order is neither True nor False".to_owned());
    };
    let Literal::Tuple(shape) = shape.ok_or_else(|| missing("shape"))? else {
        return Err("its header's shape is not a tuple".to_owned());
    };
    let axis = |axis| match axis {
        Literal::Int(n) => Ok(n),
        _ => Err("its header's shape holds something other than whole numbers".to_owned()),
    };
    Ok((descr, fortran, shape.into_iter().map(axis).collect::<std::result::Result<_, _>>()?))
}
