//! Names of partials that are made of others, put together when the program is compiled.

use std::marker::PhantomData;

/// Room for a name; the wire's limit is 255.
const SPACE: usize = 255;

/// A text of a few parts.
pub(crate) struct Joined {
    bytes: [u8; SPACE],
    len: usize,
}

impl Joined {
    /// The parts, one after the other. More than there is room for does not compile.
    pub(crate) const fn of(parts: &[&str]) -> Self {
        let mut joined = Self { bytes: [0; SPACE], len: 0 };
        let mut part = 0;
        while part < parts.len() {
            let bytes = parts[part].as_bytes();
            let mut at = 0;
            while at < bytes.len() {
                joined.bytes[joined.len] = bytes[at];
                joined.len += 1;
                at += 1;
            }
            part += 1;
        }
        joined
    }

    /// The text.
    pub(crate) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

/// Where the name of the partial `T` is kept.
pub(crate) struct Name<T>(PhantomData<T>);

#[cfg(test)]
mod tests {
    use crate::{Either, Partial, Samples};

    #[test]
    fn names_say_what_is_inside() {
        assert_eq!(<((), ())>::NAME, "nothing/1+nothing/1");
        assert_eq!(Either::<(), ((), ())>::NAME, "nothing/1 or nothing/1+nothing/1");
        assert_eq!(Samples::<((), (), ()), 2>::NAME, "samples of nothing/1+nothing/1+nothing/1");
    }
}
