//! An answer's JSON text, taken apart no further than needed: digits stay as they are.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;
use std::fmt;

/// JSON, one level of it.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    /// A number, text, a truth value or null.
    Scalar,
    Array(Vec<&'a RawValue>),
    Object(Entries<'a>),
}

impl<'a> Node<'a> {
    pub(crate) fn of(raw: &'a RawValue) -> Self {
        let text = raw.get();
        let array = || serde_json::from_str(text).ok().map(Node::Array);
        let object = || serde_json::from_str(text).ok().map(Node::Object);
        let node = match text.as_bytes().first() {
            Some(b'[') => array(),
            Some(b'{') => object(),
            _ => None,
        };
        node.unwrap_or(Node::Scalar)
    }
}

/// An object's entries, in their order.
#[derive(Debug, Default)]
pub(crate) struct Entries<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        from.deserialize_map(Collect)
    }
}

/// An object that begins with entries of its own and goes on with an answer's.
pub(crate) struct Headed<'a> {
    pub(crate) head: Vec<(&'a str, &'a str)>,
    pub(crate) rest: Entries<'a>,
}

impl Serialize for Headed<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.head.len() + self.rest.0.len()))?;
        for (key, value) in &self.head {
            map.serialize_entry(key, value)?;
        }
        for (key, value) in &self.rest.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
