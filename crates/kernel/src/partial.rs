//! What one reading of the data leaves behind.

use crate::{
    Block, Bundle,
    name::{Joined, Name},
    sweep::{Halt, Sweep},
};
use serde::{Serialize, de::DeserializeOwned};

/// What one reading of the data leaves behind: a few numbers that stand for all rows seen so far.
///
/// Laws, tested over the registry: [`begin`](Partial::begin) is the identity of [`merge`](Partial::merge);
/// `merge` is associative (within the error that the partial documents); `absorb` neither allocates (for
/// the rows that [`make_room`](Partial::make_room) was told of) nor panics.
pub trait Partial: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// What must be known before the first row; with [`NAME`](Partial::NAME) it is the key in a cache.
    type Setup: Clone + PartialEq + Serialize + Send + Sync + 'static;

    /// Name and version of the wire format: `"moments/1"`. A change of either meaning or layout raises the version.
    const NAME: &'static str;

    /// The partial of no rows.
    fn begin(setup: &Self::Setup) -> Self;

    /// Makes room for so many rows, all of those that are absorbed before the next merge. One that keeps values allocates here and not
    /// in [`begin`](Partial::begin): of thousands of columns most wait for their turn.
    fn make_room(&mut self, rows: usize) {
        let _ = rows;
    }

    /// Takes in the next rows. Hot: no allocation.
    fn absorb(&mut self, block: &Block<'_>);

    /// Takes in the partial of the rows after these.
    fn merge(&mut self, later: &Self);

    /// Whether the parts go together, for one that comes over the wire: what is sound must not panic.
    fn is_sound(&self) -> bool {
        true
    }

    /// Whether a partial that began with `have` answers everything that one begun with `want` does, to the same bits.
    fn covers(have: &Self::Setup, want: &Self::Setup) -> bool {
        have == want
    }

    /// The setup that [covers](Partial::covers) the most at about the same cost: what to read where the partial is kept for
    /// questions to come.
    fn widest(setup: &Self::Setup) -> Self::Setup {
        setup.clone()
    }

    /// Whether one that began with `setup` learns nothing from rows, so that they need not be read for it.
    fn is_nothing(setup: &Self::Setup) -> bool {
        let _ = setup;
        false
    }

    /// How the partial of a whole column is made of sweeps that something else makes over its blocks, to the bits of absorbing
    /// them; `None` if it cannot be.
    fn swept(setup: &Self::Setup) -> Option<Sweep<Self>> {
        let _ = setup;
        None
    }

    /// Adds the partials that this one is made of to the reading; a tuple adds each of its own.
    fn spread(setup: &Self::Setup, bundle: &mut Bundle) {
        bundle.add::<Self>(setup);
    }

    /// Takes this partial back out of a bundle that [`spread`](Partial::spread) put it into.
    fn gather(setup: &Self::Setup, bundle: &Bundle) -> Option<Self> {
        bundle.get::<Self>(setup).cloned()
    }
}

/// The part of a partial that a reading drives; partials and [`Bundle`]s of them have it.
pub trait Fold: Clone + Send + Sync {
    /// Makes room for so many rows, as [`Partial::make_room`].
    fn make_room(&mut self, rows: usize);
    /// Takes in the next rows.
    fn absorb(&mut self, block: &Block<'_>);
    /// Takes in the fold of the rows after these.
    fn merge(&mut self, later: &Self);
}

impl<P: Partial> Fold for P {
    #[inline]
    fn make_room(&mut self, rows: usize) {
        Partial::make_room(self, rows);
    }
    #[inline]
    fn absorb(&mut self, block: &Block<'_>) {
        Partial::absorb(self, block);
    }
    #[inline]
    fn merge(&mut self, later: &Self) {
        Partial::merge(self, later);
    }
}

/// Nothing: the partial of kernels that need no reading before they write.
impl Partial for () {
    type Setup = ();
    const NAME: &'static str = "nothing/1";
    fn begin((): &()) -> Self {}
    fn absorb(&mut self, _: &Block<'_>) {}
    fn merge(&mut self, (): &Self) {}
    fn is_nothing((): &()) -> bool {
        true
    }
    fn spread((): &(), _: &mut Bundle) {}
    fn gather((): &(), _: &Bundle) -> Option<Self> {
        Some(())
    }
}

/// Several partials are one partial, so that one reading serves them all.
macro_rules! tuple {
    ($first:ident 0, $($letter:ident $index:tt),+) => {
        impl<$first: Partial, $($letter: Partial),+> Name<($first, $($letter),+)> {
            const TEXT: Joined = Joined::of(&[$first::NAME, $("+", $letter::NAME),+]);
        }
        tuple!(@partial Name<($first, $($letter),+)>: $first 0, $($letter $index),+);
    };
    (@partial $name:ty: $($letter:ident $index:tt),+) => {
        impl<$($letter: Partial),+> Partial for ($($letter,)+) {
            type Setup = ($($letter::Setup,)+);
            const NAME: &'static str = <$name>::TEXT.as_str();
            fn begin(setup: &Self::Setup) -> Self { ($($letter::begin(&setup.$index),)+) }
            fn make_room(&mut self, rows: usize) { $(Partial::make_room(&mut self.$index, rows);)+ }
            fn absorb(&mut self, block: &Block<'_>) { $(Partial::absorb(&mut self.$index, block);)+ }
            fn merge(&mut self, later: &Self) { $(Partial::merge(&mut self.$index, &later.$index);)+ }
            fn is_sound(&self) -> bool { true $(&& self.$index.is_sound())+ }
            fn covers(have: &Self::Setup, want: &Self::Setup) -> bool {
                true $(&& $letter::covers(&have.$index, &want.$index))+
            }
            fn swept(setup: &Self::Setup) -> Option<Sweep<Self>> {
                $($letter::swept(&setup.$index)?;)+
                Some(|setup, column| {
                    Ok(($($letter::swept(&setup.$index).ok_or(Halt)?(&setup.$index, column)?,)+))
                })
            }
            fn spread(setup: &Self::Setup, bundle: &mut Bundle) { $($letter::spread(&setup.$index, bundle);)+ }
            fn gather(setup: &Self::Setup, bundle: &Bundle) -> Option<Self> {
                Some(($($letter::gather(&setup.$index, bundle)?,)+))
            }
        }
    };
}
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);

/// One partial or another, as the setup says: for a kernel whose second reading is after something else than its first, or
/// one of whose parameters wants something else kept.
///
/// In a reading with others it is the partial that it stands for, and is kept, and found again, as that.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub enum Either<A, B> {
    /// The one of the first reading.
    First(A),
    /// The one of the second.
    Second(B),
}

impl<A: Partial, B: Partial> Name<Either<A, B>> {
    const TEXT: Joined = Joined::of(&[A::NAME, " or ", B::NAME]);
}

impl<A: Partial, B: Partial> Partial for Either<A, B> {
    type Setup = Either<A::Setup, B::Setup>;
    const NAME: &'static str = Name::<Self>::TEXT.as_str();
    fn begin(setup: &Self::Setup) -> Self {
        match setup {
            Either::First(setup) => Self::First(A::begin(setup)),
            Either::Second(setup) => Self::Second(B::begin(setup)),
        }
    }
    fn make_room(&mut self, rows: usize) {
        match self {
            Self::First(partial) => Partial::make_room(partial, rows),
            Self::Second(partial) => Partial::make_room(partial, rows),
        }
    }
    fn absorb(&mut self, block: &Block<'_>) {
        match self {
            Self::First(partial) => Partial::absorb(partial, block),
            Self::Second(partial) => Partial::absorb(partial, block),
        }
    }
    fn merge(&mut self, later: &Self) {
        match (self, later) {
            (Self::First(partial), Self::First(later)) => Partial::merge(partial, later),
            (Self::Second(partial), Self::Second(later)) => Partial::merge(partial, later),
            // Partials of one reading began with one setup.
            _ => {}
        }
    }
    fn is_sound(&self) -> bool {
        match self {
            Self::First(partial) => partial.is_sound(),
            Self::Second(partial) => partial.is_sound(),
        }
    }
    fn covers(have: &Self::Setup, want: &Self::Setup) -> bool {
        match (have, want) {
            (Either::First(have), Either::First(want)) => A::covers(have, want),
            (Either::Second(have), Either::Second(want)) => B::covers(have, want),
            _ => false,
        }
    }
    fn widest(setup: &Self::Setup) -> Self::Setup {
        match setup {
            Either::First(setup) => Either::First(A::widest(setup)),
            Either::Second(setup) => Either::Second(B::widest(setup)),
        }
    }
    fn is_nothing(setup: &Self::Setup) -> bool {
        match setup {
            Either::First(setup) => A::is_nothing(setup),
            Either::Second(setup) => B::is_nothing(setup),
        }
    }
    fn swept(setup: &Self::Setup) -> Option<Sweep<Self>> {
        match setup {
            Either::First(setup) => A::swept(setup).map(|_| ()),
            Either::Second(setup) => B::swept(setup).map(|_| ()),
        }?;
        Some(|setup, column| match setup {
            Either::First(setup) => Ok(Self::First(A::swept(setup).ok_or(Halt)?(setup, column)?)),
            Either::Second(setup) => Ok(Self::Second(B::swept(setup).ok_or(Halt)?(setup, column)?)),
        })
    }
    fn spread(setup: &Self::Setup, bundle: &mut Bundle) {
        match setup {
            Either::First(setup) => A::spread(setup, bundle),
            Either::Second(setup) => B::spread(setup, bundle),
        }
    }
    fn gather(setup: &Self::Setup, bundle: &Bundle) -> Option<Self> {
        match setup {
            Either::First(setup) => A::gather(setup, bundle).map(Self::First),
            Either::Second(setup) => B::gather(setup, bundle).map(Self::Second),
        }
    }
}

/// The same partial for each of `N` independent samples, which may differ in length.
#[derive(Debug, Clone)]
pub struct Samples<P, const N: usize>(pub [P; N]);

impl<P: Serialize, const N: usize> Serialize for Samples<P, N> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.as_slice().serialize(to)
    }
}

impl<'de, P: serde::Deserialize<'de>, const N: usize> serde::Deserialize<'de> for Samples<P, N> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let samples = Vec::<P>::deserialize(from)?;
        let found = samples.len();
        let samples = samples
            .try_into()
            .map_err(|_| serde::de::Error::invalid_length(found, &"as many samples as the kernel compares"))?;
        Ok(Self(samples))
    }
}

impl<P: Partial, const N: usize> Name<Samples<P, N>> {
    const TEXT: Joined = Joined::of(&["samples of ", P::NAME]);
}

impl<P: Partial, const N: usize> Partial for Samples<P, N> {
    type Setup = P::Setup;
    const NAME: &'static str = Name::<Self>::TEXT.as_str();
    fn is_sound(&self) -> bool {
        self.0.iter().all(P::is_sound)
    }
    fn begin(setup: &Self::Setup) -> Self {
        Self(std::array::from_fn(|_| P::begin(setup)))
    }
    fn absorb(&mut self, block: &Block<'_>) {
        if let Some(sample) = self.0.get_mut(block.sample()) {
            Partial::absorb(sample, block);
        }
    }
    fn merge(&mut self, later: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&later.0) {
            Partial::merge(mine, theirs);
        }
    }
    fn covers(have: &Self::Setup, want: &Self::Setup) -> bool {
        P::covers(have, want)
    }
}
