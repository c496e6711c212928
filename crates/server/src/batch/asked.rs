//! What a batch asks for, read from JSON: objects alone, and no field of them twice.

use crate::{
    body::{NAN, PARAMETERS_BYTES_MAX, WEIGHTS, nan, parameter, refuse},
    problem::Problem,
};
use echoes_io::names::shorten;
use echoes_kernel::Nan;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Map, Value};
use std::{collections::HashSet, fmt, marker::PhantomData};

/// What is asked.
#[derive(Default)]
pub(super) struct Batch {
    pub requests: Vec<One>,
    pub nan: Nan,
}

/// One kernel.
#[derive(Default)]
pub(super) struct One {
    pub kernel: String,
    pub columns: Vec<String>,
    pub weights: Option<String>,
    pub params: Map<String, Value>,
}

/// Parameters by name, and the bytes that more of them may have.
struct Params {
    found: Map<String, Value>,
    room: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { found: Map::new(), room: PARAMETERS_BYTES_MAX }
    }
}

impl Batch {
    pub(super) fn read(text: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice::<Fields<Self>>(text).map(|batch| batch.0).map_err(|error| refuse(&error))
    }
}

/// An object that is read field by field.
trait Object<'de>: Default {
    /// What it is called in messages.
    const WHAT: &'static str;
    /// The field that it must have.
    const REQUIRED: Option<&'static str>;

    /// Takes the value of a field.
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

impl<'de> Object<'de> for Batch {
    const WHAT: &'static str = "an object with `requests`";
    const REQUIRED: Option<&'static str> = Some("requests");

    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "requests" => self.requests = map.next_value::<Vec<Fields<One>>>()?.into_iter().map(|one| one.0).collect(),
            NAN => self.nan = nan(map.next_value()?)?,
            other => return Err(unknown(other, "`requests` and `nan`")),
        }
        Ok(())
    }
}

impl<'de> Object<'de> for One {
    const WHAT: &'static str = "an object with `kernel`";
    const REQUIRED: Option<&'static str> = Some("kernel");

    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "kernel" => self.kernel = map.next_value()?,
            "columns" => self.columns = map.next_value()?,
            WEIGHTS => self.weights = Some(map.next_value()?),
            "params" => self.params = map.next_value::<Fields<Params>>()?.0.found,
            other => return Err(unknown(other, "`kernel`, `columns`, `weights` and `params`")),
        }
        Ok(())
    }
}

impl<'de> Object<'de> for Params {
    const WHAT: &'static str = "an object of parameters";
    const REQUIRED: Option<&'static str> = None;

    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let value = parameter(name, map.next_value()?, &mut self.room)?;
        self.found.insert(name.to_owned(), value);
        Ok(())
    }
}

fn unknown<E: Error>(name: &str, known: &str) -> E {
    E::custom(format_args!("`{}` is no field here: there are {known}", shorten(name)))
}

/// An object that stands where one is expected, no field of it twice.
struct Fields<T>(T);

impl<'de, T: Object<'de>> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Reader(PhantomData)).map(Self)
    }
}

/// Reads an object, and nothing else.
struct Reader<T>(PhantomData<T>);

impl<'de, T: Object<'de>> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let (mut object, mut seen) = (T::default(), HashSet::new());
        while let Some(name) = map.next_key::<String>()? {
            if seen.contains(&name) {
                return Err(A::Error::custom(format_args!("`{}` is given twice", shorten(&name))));
            }
            object.take(&name, &mut map)?;
            seen.insert(name);
        }
        match T::REQUIRED.filter(|&name| !seen.contains(name)) {
            Some(missing) => Err(A::Error::custom(format_args!("`{missing}` is missing: give {}", T::WHAT))),
            None => Ok(object),
        }
    }
}
