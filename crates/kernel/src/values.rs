//! Element types, and borrowed runs of elements in the type that they are stored in.

use serde::{Deserialize, Serialize};

/// Calls a macro with `Variant type "name"` for every element type, so that each list of them is this list.
#[macro_export]
macro_rules! for_each_dtype {
    ($macro:ident) => {
        $macro! {
            Int8 i8 "int8", Int16 i16 "int16", Int32 i32 "int32", Int64 i64 "int64",
            UInt8 u8 "uint8", UInt16 u16 "uint16", UInt32 u32 "uint32", UInt64 u64 "uint64",
            Float32 f32 "float32", Float64 f64 "float64"
        }
    };
}

macro_rules! define {
    ($($variant:ident $type:ident $name:literal),*) => {
        /// The type of a column's elements, by NumPy's names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum DType {
            $(#[doc = concat!("`", stringify!($type), "`.")] #[serde(rename = $name)] $variant),*
        }

        impl DType {
            /// NumPy's name: `"float64"`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Bytes an element.
            pub const fn size(self) -> usize {
                match self { $(Self::$variant => size_of::<$type>()),* }
            }
        }

        /// A borrowed run of elements, in the type that they are stored in.
        #[derive(Debug, Clone, Copy)]
        pub enum Values<'a> {
            $(#[doc = concat!("`", stringify!($type), "` elements.")] $variant(&'a [$type])),*
        }

        impl<'a> Values<'a> {
            /// The number of elements.
            pub const fn len(&self) -> usize {
                match self { $(Self::$variant(x) => x.len()),* }
            }

            /// The type of the elements.
            pub const fn dtype(&self) -> DType {
                match self { $(Self::$variant(_) => DType::$variant),* }
            }

            /// The elements `from..to`.
            ///
            /// # Panics
            /// If the range lies outside the run, as slicing does.
            pub fn slice(&self, from: usize, to: usize) -> Values<'a> {
                match self { $(Self::$variant(x) => Values::$variant(&x[from..to])),* }
            }

            /// Writes the elements as `f64` into `out`, whose length is the run's.
            ///
            /// Exact but for 64-bit integers beyond 2⁵³, which round to the nearest double.
            pub fn to_f64(&self, out: &mut [f64]) {
                match self { $(Self::$variant(x) => {
                    for (to, &from) in out.iter_mut().zip(*x) { *to = from as f64; }
                }),* }
            }
        }

        $(impl<'a> From<&'a [$type]> for Values<'a> {
            fn from(x: &'a [$type]) -> Self { Values::$variant(x) }
        })*
    };
}
for_each_dtype!(define);

impl<'a> Values<'a> {
    /// Whether there is no element.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The run itself, when it is stored as `f64` already.
    pub const fn as_f64(&self) -> Option<&'a [f64]> {
        match self {
            Self::Float64(x) => Some(x),
            _ => None,
        }
    }
}

impl DType {
    /// Whether elements can be NaN.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::Float32 | Self::Float64)
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_converts_its_extremes() {
        let mut out = [0.0; 2];
        Values::from(&[i8::MIN, i8::MAX][..]).to_f64(&mut out);
        assert_eq!(out, [-128.0, 127.0]);
        Values::from(&[0, u64::MAX][..]).to_f64(&mut out);
        assert_eq!(out, [0.0, 18_446_744_073_709_551_615.0]);
        Values::from(&[f32::MIN_POSITIVE, f32::INFINITY][..]).to_f64(&mut out);
        assert_eq!(out, [f64::from(f32::MIN_POSITIVE), f64::INFINITY]);
    }

    #[test]
    fn names_and_sizes() {
        assert_eq!(DType::UInt16.name(), "uint16");
        assert_eq!(DType::Float32.size(), 4);
        assert_eq!(serde_json::to_string(&DType::Int64).unwrap(), "\"int64\"");
    }
}
