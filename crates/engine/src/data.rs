//! What can be handed to a kernel: slices, vectors and ndarray views, alone or several together.

use echoes_io::View;
use echoes_kernel::for_each_dtype;
use ndarray::{Array1, ArrayView1};
use smallvec::{SmallVec, smallvec};

/// Columns in memory.
pub type Views<'a> = SmallVec<[View<'a>; 2]>;

/// What can be handed to a kernel: a column, or a tuple, array or slice of them.
pub trait Data<'a> {
    /// The columns.
    fn views(self) -> Views<'a>;
}

macro_rules! one_column {
    ($($variant:ident $type:ident $name:literal),*) => {$(
        impl<'a> Data<'a> for &'a [$type] {
            fn views(self) -> Views<'a> { smallvec![self.into()] }
        }
        impl<'a, const N: usize> Data<'a> for &'a [$type; N] {
            fn views(self) -> Views<'a> { smallvec![self.into()] }
        }
        impl<'a> Data<'a> for &'a Vec<$type> {
            fn views(self) -> Views<'a> { smallvec![self.into()] }
        }
        impl<'a> Data<'a> for &'a Array1<$type> {
            fn views(self) -> Views<'a> { smallvec![self.into()] }
        }
        impl<'a> Data<'a> for ArrayView1<'a, $type> {
            fn views(self) -> Views<'a> { smallvec![self.into()] }
        }
    )*};
}
for_each_dtype!(one_column);

impl<'a> Data<'a> for View<'a> {
    fn views(self) -> Views<'a> {
        smallvec![self]
    }
}

impl<'a> Data<'a> for Vec<View<'a>> {
    fn views(self) -> Views<'a> {
        self.into()
    }
}

impl<'a, A: Into<View<'a>>, B: Into<View<'a>>> Data<'a> for (A, B) {
    fn views(self) -> Views<'a> {
        smallvec![self.0.into(), self.1.into()]
    }
}
