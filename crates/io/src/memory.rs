//! Columns in memory: slices, ndarray views of any stride, owned vectors with missing values.

use crate::{Buffer, Chunk, Error, Field, Kind, Owned, OwnedColumn, Reading, Result, Rows, Slice, Source};
use echoes_kernel::{DType, Values, for_each_dtype};
use ndarray::ArrayView1;
use smallvec::SmallVec;
use std::ops::Range;

/// One element type, for code that reads columns of any of them.
pub(crate) trait Element: Copy {
    /// The column's elements, after making them of this type.
    fn slot(column: &mut OwnedColumn) -> &mut Vec<Self>;
}

macro_rules! define_view {
    ($($variant:ident $type:ident $name:literal),*) => {
        /// A column in memory, borrowed: contiguous or strided.
        #[derive(Debug, Clone)]
        pub enum View<'a> {
            /// One element after the other, with an optional mask of the rows that are present.
            Dense(Slice<'a>),
            $(#[doc = concat!("`", stringify!($type), "` elements at a stride.")] $variant(ArrayView1<'a, $type>)),*
        }

        impl<'a> View<'a> {
            /// Rows, missing ones included.
            pub fn len(&self) -> usize {
                match self { Self::Dense(x) => x.values.len(), $(Self::$variant(x) => x.len()),* }
            }

            /// The type of the elements.
            pub fn dtype(&self) -> DType {
                match self { Self::Dense(x) => x.values.dtype(), $(Self::$variant(_) => DType::$variant),* }
            }

            fn copy(&self, rows: Range<usize>, to: &mut OwnedColumn) {
                match self {
                    Self::Dense(_) => {}
                    $(Self::$variant(x) => {
                        let slot = <$type as Element>::slot(to);
                        slot.clear();
                        slot.extend(x.slice(ndarray::s![rows]).iter());
                    }),*
                }
            }
        }

        $(
        impl Element for $type {
            fn slot(column: &mut OwnedColumn) -> &mut Vec<Self> {
                if !matches!(column.values, Owned::$variant(_)) {
                    column.values = Owned::$variant(Vec::new());
                }
                match &mut column.values {
                    Owned::$variant(x) => x,
                    // The line above has just made it this variant.
                    _ => unreachable!(),
                }
            }
        }
        impl<'a> From<&'a [$type]> for View<'a> {
            fn from(x: &'a [$type]) -> Self { Self::Dense(Slice { values: Values::from(x), valid: None }) }
        }
        impl<'a> From<&'a Vec<$type>> for View<'a> {
            fn from(x: &'a Vec<$type>) -> Self { x.as_slice().into() }
        }
        impl<'a, const N: usize> From<&'a [$type; N]> for View<'a> {
            fn from(x: &'a [$type; N]) -> Self { x.as_slice().into() }
        }
        impl<'a> From<ArrayView1<'a, $type>> for View<'a> {
            fn from(x: ArrayView1<'a, $type>) -> Self {
                match x.to_slice() { Some(dense) => dense.into(), None => Self::$variant(x) }
            }
        }
        impl<'a> From<&ArrayView1<'a, $type>> for View<'a> {
            fn from(x: &ArrayView1<'a, $type>) -> Self { (*x).into() }
        }
        impl<'a> From<&'a ndarray::Array1<$type>> for View<'a> {
            fn from(x: &'a ndarray::Array1<$type>) -> Self { x.view().into() }
        }
        )*
    };
}
for_each_dtype!(define_view);

impl<'a> From<Slice<'a>> for View<'a> {
    fn from(slice: Slice<'a>) -> Self {
        Self::Dense(slice)
    }
}

impl View<'_> {
    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Columns in memory. One or two take no heap.
#[derive(Debug, Clone)]
pub struct Memory<'a> {
    views: SmallVec<[View<'a>; 2]>,
    fields: Vec<Field>,
}

impl<'a> Memory<'a> {
    /// Columns with names, for [`Source`].
    pub fn named<V: Into<View<'a>>>(columns: impl IntoIterator<Item = (String, V)>) -> Self {
        let mut memory = Self { views: SmallVec::new(), fields: Vec::new() };
        for (name, view) in columns {
            let view = view.into();
            memory.fields.push(Field { name, dtype: Some(view.dtype()) });
            memory.views.push(view);
        }
        memory
    }

    /// Columns without names, for one call on [`Rows`].
    ///
    /// # Errors
    /// [`Kind::Column`] if they differ in length.
    pub fn rows(views: impl IntoIterator<Item = View<'a>>) -> Result<Self> {
        let memory = Self { views: views.into_iter().collect(), fields: Vec::new() };
        memory.check_lengths()?;
        Ok(memory)
    }

    fn check_lengths(&self) -> Result<()> {
        let first = self.views.first().map_or(0, View::len);
        match self.views.iter().map(View::len).find(|&len| len != first) {
            None => Ok(()),
            Some(other) => Err(Error::new(
                Kind::Column,
                "memory",
                format!("columns of {first} and {other} rows cannot be read row by row: give columns of one length"),
            )),
        }
    }
}

impl Rows for Memory<'_> {
    fn rows(&self) -> u64 {
        self.views.first().map_or(0, |v| v.len() as u64)
    }

    fn width(&self) -> usize {
        self.views.len()
    }

    #[inline]
    fn read<'b>(&'b self, rows: Range<u64>, buffer: &'b mut Buffer) -> Result<Chunk<'b>> {
        let rows = rows.start as usize..rows.end as usize;
        let strided = self.views.iter().any(|v| !matches!(v, View::Dense(_)));
        if strided {
            buffer.columns.resize_with(self.views.len(), OwnedColumn::default);
            for (view, column) in self.views.iter().zip(&mut buffer.columns) {
                view.copy(rows.clone(), column);
            }
        }
        let buffer = &*buffer;
        Ok(self
            .views
            .iter()
            .enumerate()
            .map(|(i, view)| match view {
                View::Dense(x) => Slice {
                    values: x.values.slice(rows.start, rows.end),
                    valid: x.valid.map(|valid| &valid[rows.clone()]),
                },
                _ => buffer.columns[i].slice(),
            })
            .collect())
    }
}

impl Source for Memory<'_> {
    fn name(&self) -> &str {
        "memory"
    }

    fn backend(&self) -> &'static str {
        "memory"
    }

    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn rows(&self) -> Option<u64> {
        self.views.iter().map(|v| v.len() as u64).max()
    }

    fn read(&self, columns: &[usize]) -> Result<Reading<'_>> {
        let views = columns.iter().map(|&i| {
            self.views.get(i).cloned().ok_or_else(|| {
                Error::new(
                    Kind::Column,
                    "memory",
                    format!("there is no column number {i}: there are {}", self.views.len()),
                )
            })
        });
        let views = views.collect::<Result<SmallVec<[View<'_>; 2]>>>()?;
        Ok(Reading::Rows(Box::new(Self::rows(views)?)))
    }
}
