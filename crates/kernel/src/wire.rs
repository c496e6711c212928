//! Partials as bytes, for caches, stores and clusters.
//!
//! A frame is `ECHO`, the format's version (one byte), the length of the partial's name (one byte), the name,
//! the payload in postcard's encoding, and the XXH3 hash of all that (8 bytes, little-endian).
//! Any other bytes are refused: cut off, altered, of another partial or of another version.

use crate::{Partial, Reject, Result};
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 5] = b"ECHO\x01";
const HASH: usize = 8;

/// The partial as bytes.
///
/// # Errors
/// [`Reject::Wire`] if the partial cannot be serialised, which is a bug in it.
pub fn encode<P: Partial>(partial: &P) -> Result<Vec<u8>> {
    let name_len = u8::try_from(P::NAME.len()).map_err(|_| Reject::Wire("its name is too long"))?;
    let mut bytes = MAGIC.to_vec();
    bytes.push(name_len);
    bytes.extend_from_slice(P::NAME.as_bytes());
    let mut bytes = postcard::to_extend(partial, bytes).map_err(|_| Reject::Wire("it cannot be serialised"))?;
    bytes.extend_from_slice(&xxh3_64(&bytes).to_le_bytes());
    Ok(bytes)
}

/// A setup as bytes.
///
/// # Errors
/// As [`encode`].
pub(crate) fn setup<P: Partial>(setup: &P::Setup) -> Result<Vec<u8>> {
    postcard::to_stdvec(setup).map_err(|_| Reject::Wire("its setup cannot be serialised"))
}

/// The partial that [`encode`] wrote.
///
/// # Errors
/// [`Reject::Wire`] for any other bytes.
pub fn decode<P: Partial>(bytes: &[u8]) -> Result<P> {
    let split = bytes.len().checked_sub(HASH).ok_or(Reject::Wire("it is cut off"))?;
    let (frame, hash) = bytes.split_at(split);
    if hash != xxh3_64(frame).to_le_bytes() {
        return Err(Reject::Wire("it is altered or cut off"));
    }
    let rest = frame.strip_prefix(MAGIC).ok_or(Reject::Wire("it is of another format"))?;
    let payload = rest
        .split_first()
        .and_then(|(&len, rest)| rest.split_at_checked(usize::from(len)))
        .filter(|(name, _)| *name == P::NAME.as_bytes())
        .map(|(_, payload)| payload)
        .ok_or(Reject::Wire("it is another partial, or of another version"))?;
    match postcard::take_from_bytes(payload) {
        Ok((partial, [])) => {
            let partial: P = partial;
            if partial.is_sound() { Ok(partial) } else { Err(Reject::Wire("its parts do not go together")) }
        }
        _ => Err(Reject::Wire("its payload does not parse")),
    }
}
