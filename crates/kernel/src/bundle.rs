//! Many partials in one reading, each kept once.

use crate::{
    Block, Fold, Partial, Result,
    sweep::{Halt, Sweeper},
    wire,
};
use std::any::Any;

/// A partial whose type has been forgotten, with the setup that it began with.
pub trait Leaf: Send + Sync {
    /// Name and version, [`Partial::NAME`].
    fn name(&self) -> &'static str;
    /// Makes room for so many rows, as [`Partial::make_room`].
    fn make_room(&mut self, rows: usize);
    /// Takes in the next rows.
    fn absorb(&mut self, block: &Block<'_>);
    /// Takes in the leaf of the rows after these; one of another type is ignored.
    fn merge(&mut self, later: &dyn Leaf);
    /// The leaf of no rows, begun with the same setup.
    fn fresh(&self) -> Box<dyn Leaf>;
    /// The leaf of no rows, begun with the [widest](Partial::widest) setup.
    fn widest(&self) -> Box<dyn Leaf>;
    /// Whether [`swept`](Leaf::swept) can make it.
    fn can_be_swept(&self) -> bool;
    /// The leaf of a whole column, begun with the same setup, from sweeps over it.
    ///
    /// # Errors
    /// [`Halt`] if it cannot be made of them, or one of them was not made.
    fn swept(&self, column: &mut dyn Sweeper) -> std::result::Result<Box<dyn Leaf>, Halt>;
    /// The setup as bytes: with the name, what tells the leaf from others over the same rows.
    ///
    /// # Errors
    /// As [`wire::encode`].
    fn setup(&self) -> Result<Vec<u8>>;
    /// A copy.
    fn boxed(&self) -> Box<dyn Leaf>;
    /// The partial as bytes, [`wire::encode`].
    ///
    /// # Errors
    /// As there.
    fn encode(&self) -> Result<Vec<u8>>;
    /// The leaf that [`encode`](Leaf::encode) wrote, with this one's setup.
    ///
    /// # Errors
    /// As [`wire::decode`].
    fn decode(&self, bytes: &[u8]) -> Result<Box<dyn Leaf>>;
    /// The leaf as [`Any`], to get its type back.
    fn as_any(&self) -> &dyn Any;
}

struct Typed<P: Partial> {
    setup: P::Setup,
    partial: P,
}

impl<P: Partial> Leaf for Typed<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }
    fn make_room(&mut self, rows: usize) {
        self.partial.make_room(rows);
    }
    fn absorb(&mut self, block: &Block<'_>) {
        self.partial.absorb(block);
    }
    fn merge(&mut self, later: &dyn Leaf) {
        if let Some(later) = later.as_any().downcast_ref::<Self>() {
            self.partial.merge(&later.partial);
        }
    }
    fn fresh(&self) -> Box<dyn Leaf> {
        Box::new(Self { setup: self.setup.clone(), partial: P::begin(&self.setup) })
    }
    fn widest(&self) -> Box<dyn Leaf> {
        let setup = P::widest(&self.setup);
        Box::new(Self { partial: P::begin(&setup), setup })
    }
    fn can_be_swept(&self) -> bool {
        P::swept(&self.setup).is_some()
    }
    fn swept(&self, column: &mut dyn Sweeper) -> std::result::Result<Box<dyn Leaf>, Halt> {
        let partial = P::swept(&self.setup).ok_or(Halt)?(&self.setup, column)?;
        Ok(Box::new(Self { setup: self.setup.clone(), partial }))
    }
    fn setup(&self) -> Result<Vec<u8>> {
        wire::setup::<P>(&self.setup)
    }
    fn boxed(&self) -> Box<dyn Leaf> {
        Box::new(Self { setup: self.setup.clone(), partial: self.partial.clone() })
    }
    fn encode(&self) -> Result<Vec<u8>> {
        wire::encode(&self.partial)
    }
    fn decode(&self, bytes: &[u8]) -> Result<Box<dyn Leaf>> {
        Ok(Box::new(Self { setup: self.setup.clone(), partial: wire::decode(bytes)? }))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Partials of different types, absorbed together; one that covers another is kept in its stead.
#[derive(Default)]
pub struct Bundle(Vec<Box<dyn Leaf>>);

impl Bundle {
    /// Adds the partial `P` begun with `setup`, unless one that covers it is there already.
    pub fn add<P: Partial>(&mut self, setup: &P::Setup) {
        if self.get::<P>(setup).is_some() {
            return;
        }
        self.0.retain(|leaf| typed::<P>(leaf.as_ref()).is_none_or(|kept| !P::covers(setup, &kept.setup)));
        self.0.push(Box::new(Typed { setup: setup.clone(), partial: P::begin(setup) }));
    }

    /// The partial `P` that answers for `setup`.
    pub fn get<P: Partial>(&self, setup: &P::Setup) -> Option<&P> {
        self.0
            .iter()
            .filter_map(|leaf| typed::<P>(leaf.as_ref()))
            .find(|kept| P::covers(&kept.setup, setup))
            .map(|kept| &kept.partial)
    }

    /// The same partials, of no rows.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self(self.0.iter().map(|leaf| leaf.fresh()).collect())
    }

    /// The partials, in the order in which they absorb.
    pub fn leaves(&self) -> impl Iterator<Item = &dyn Leaf> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The same partials or wider ones, of no rows.
    #[must_use]
    pub fn widest(&self) -> Self {
        self.0.iter().map(|leaf| leaf.widest()).collect()
    }

    /// Whether there are some, and [`swept`](Bundle::swept) can make all of them.
    pub fn can_be_swept(&self) -> bool {
        !self.is_empty() && self.0.iter().all(|leaf| leaf.can_be_swept())
    }

    /// The same partials of a whole column, from sweeps over it.
    ///
    /// # Errors
    /// [`Halt`] if one cannot be made of them, or a sweep was not made.
    pub fn swept(&self, column: &mut dyn Sweeper) -> std::result::Result<Self, Halt> {
        self.0.iter().map(|leaf| leaf.swept(column)).collect()
    }

    /// Whether there is nothing to absorb.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Extend<Box<dyn Leaf>> for Bundle {
    fn extend<I: IntoIterator<Item = Box<dyn Leaf>>>(&mut self, leaves: I) {
        self.0.extend(leaves);
    }
}

impl FromIterator<Box<dyn Leaf>> for Bundle {
    fn from_iter<I: IntoIterator<Item = Box<dyn Leaf>>>(leaves: I) -> Self {
        Self(leaves.into_iter().collect())
    }
}

impl IntoIterator for Bundle {
    type Item = Box<dyn Leaf>;
    type IntoIter = std::vec::IntoIter<Box<dyn Leaf>>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn typed<P: Partial>(leaf: &dyn Leaf) -> Option<&Typed<P>> {
    leaf.as_any().downcast_ref()
}

impl Clone for Bundle {
    fn clone(&self) -> Self {
        Self(self.0.iter().map(|leaf| leaf.boxed()).collect())
    }
}

impl Fold for Bundle {
    fn make_room(&mut self, rows: usize) {
        for leaf in &mut self.0 {
            leaf.make_room(rows);
        }
    }
    fn absorb(&mut self, block: &Block<'_>) {
        for leaf in &mut self.0 {
            leaf.absorb(block);
        }
    }
    fn merge(&mut self, later: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&later.0) {
            mine.merge(theirs.as_ref());
        }
    }
}
