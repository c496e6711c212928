//! Infinities in an answer's text. JSON has none and says null, as it does of what is undefined; who prints answers in other
//! formats must tell the two apart, and asks for a number of JSON's grammar that lies beyond every double.

use serde::{
    Serialize, Serializer,
    ser::{
        Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::value::RawValue;

/// What stands for infinity where a kernel [tells](crate::BoundKernel::telling_infinities) it.
pub const INFINITY: &str = "1e999";
/// What stands for minus infinity there.
pub const MINUS_INFINITY: &str = "-1e999";

/// Serialises as what it refers to, infinities told.
pub(crate) struct Telling<'a, T: ?Sized>(pub(crate) &'a T);

impl<T: Serialize + ?Sized> Serialize for Telling<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Teller(to))
    }
}

/// JSON's serialiser, or that of one of its arrays and objects: everything but infinities is handed on to it.
struct Teller<S>(S);

impl<S: Serializer> Teller<S> {
    fn told(self, infinity: &str) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(infinity).map_err(S::Error::custom)?.serialize(self.0)
    }
}

macro_rules! hand_on {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.0.$method(value)
        })*
    };
}

impl<S: Serializer> Serializer for Teller<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Teller<S::SerializeSeq>;
    type SerializeTuple = Teller<S::SerializeTuple>;
    type SerializeTupleStruct = Teller<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Teller<S::SerializeTupleVariant>;
    type SerializeMap = Teller<S::SerializeMap>;
    type SerializeStruct = Teller<S::SerializeStruct>;
    type SerializeStructVariant = Teller<S::SerializeStructVariant>;

    fn serialize_f64(self, x: f64) -> Result<S::Ok, S::Error> {
        match x {
            f64::INFINITY => self.told(INFINITY),
            f64::NEG_INFINITY => self.told(MINUS_INFINITY),
            _ => self.0.serialize_f64(x),
        }
    }

    fn serialize_f32(self, x: f32) -> Result<S::Ok, S::Error> {
        if x.is_infinite() { self.serialize_f64(x.into()) } else { self.0.serialize_f32(x) }
    }

    hand_on!(
        serialize_bool bool, serialize_char char, serialize_str &str, serialize_bytes &[u8], serialize_unit_struct &'static str,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128
    );

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_none()
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit()
    }

    fn serialize_unit_variant(self, of: &'static str, i: u32, name: &'static str) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit_variant(of, i, name)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Telling(value))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Telling(value))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        of: &'static str,
        i: u32,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(of, i, name, &Telling(value))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.0.serialize_seq(len).map(Teller)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.0.serialize_tuple(len).map(Teller)
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.0.serialize_tuple_struct(name, len).map(Teller)
    }

    fn serialize_tuple_variant(
        self,
        of: &'static str,
        i: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.0.serialize_tuple_variant(of, i, name, len).map(Teller)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.0.serialize_map(len).map(Teller)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.0.serialize_struct(name, len).map(Teller)
    }

    fn serialize_struct_variant(
        self,
        of: &'static str,
        i: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.0.serialize_struct_variant(of, i, name, len).map(Teller)
    }
}

macro_rules! tell_within {
    ($($part:ident: $($method:ident($($key:ident)?)),*;)*) => {
        $(impl<S: $part> $part for Teller<S> {
            type Ok = S::Ok;
            type Error = S::Error;
            $(fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), S::Error> {
                self.0.$method($($key,)? &Telling(value))
            })*
            fn end(self) -> Result<S::Ok, S::Error> {
                self.0.end()
            }
        })*
    };
}

tell_within!(
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeMap: serialize_key(), serialize_value();
    SerializeStruct: serialize_field(key);
    SerializeStructVariant: serialize_field(key);
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Number, Series};

    #[derive(Serialize)]
    struct Answer {
        whole: Number,
        column: Series,
        matrix: Vec<Vec<f64>>,
        pair: (f32, Option<f64>),
        name: &'static str,
        kind: Kind,
    }

    #[derive(Serialize)]
    enum Kind {
        Value(f64),
    }

    #[test]
    fn only_infinities_are_told() {
        let answer = |x: f64| Answer {
            whole: Number::Int(2 * i128::from(u64::MAX)),
            column: Series(vec![1.5, f64::NAN, -x]),
            matrix: vec![vec![x], vec![-0.0]],
            pair: (0.1, Some(x)),
            name: "null",
            kind: Kind::Value(x),
        };
        let text = |x: f64| serde_json::to_string(&Telling(&answer(x))).unwrap();
        assert_eq!(text(2.5), serde_json::to_string(&answer(2.5)).unwrap());
        assert_eq!(
            text(f64::INFINITY),
            r#"{"whole":36893488147419103230,"column":[1.5,null,-1e999],"matrix":[[1e999],[-0.0]],"pair":[0.1,1e999],"#
                .to_owned()
                + r#""name":"null","kind":{"Value":1e999}}"#
        );
        assert_eq!(serde_json::to_string(&answer(f64::INFINITY)).unwrap().matches(":null").count(), 1);
    }
}
