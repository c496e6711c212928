//! What a cache spares of a reading: partials that are kept, and those that somebody else is reading.

use crate::{Result, context::Context};
use echoes_cache::{Cache, Claim, Lead};
use echoes_kernel::{Bundle, Leaf, Nan};
use std::{sync::atomic::Ordering, time::Duration};

/// A cache, and what the content of the source is known by.
#[derive(Clone, Copy)]
pub(crate) struct Shelf<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) content: &'a [u8],
}

/// Columns, and the partials wanted of them.
pub(crate) type Group = (Vec<usize>, Bundle);

/// How long to wait for somebody else's reading before looking whether this run is cancelled.
const PATIENCE: Duration = Duration::from_millis(2);

/// A partial on its way.
struct Item {
    group: usize,
    key: Vec<u8>,
    /// Of no rows.
    fresh: Box<dyn Leaf>,
    found: Option<Box<dyn Leaf>>,
}

impl Shelf<'_> {
    /// The partials of each group: those that are kept, the others by `read`, which are then kept.
    ///
    /// Never waits for somebody else while others wait for this run, so no two runs can wait for each other.
    pub(crate) fn read(
        &self,
        context: &Context<'_>,
        groups: &[Group],
        read: impl Fn(&[Group]) -> Result<Vec<Bundle>>,
    ) -> Result<Vec<Bundle>> {
        let mut items = self.items(context.nan, groups)?;
        let mut patience = Duration::ZERO;
        while items.iter().any(|item| item.found.is_none()) {
            context.check()?;
            let leads = self.claim(context, &mut items, patience);
            patience = if leads.is_empty() { PATIENCE } else { Duration::ZERO };
            if !leads.is_empty() {
                lead(context, &mut items, leads, groups, &read)?;
            }
        }
        let mut bundles: Vec<Vec<Box<dyn Leaf>>> = groups.iter().map(|_| Vec::new()).collect();
        for item in items {
            bundles[item.group].extend(item.found);
        }
        Ok(bundles.into_iter().map(Bundle::from_iter).collect())
    }

    fn items(&self, nan: Nan, groups: &[Group]) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        for (group, (columns, bundle)) in groups.iter().enumerate() {
            for fresh in bundle.widest() {
                items.push(Item { group, key: self.key(nan, columns, fresh.as_ref())?, fresh, found: None });
            }
        }
        Ok(items)
    }

    /// Everything that a partial depends on. Each part tells its length, so that no two keys can be alike.
    fn key(&self, nan: Nan, columns: &[usize], leaf: &dyn Leaf) -> Result<Vec<u8>> {
        let columns: Vec<u8> = columns.iter().flat_map(|&column| (column as u64).to_le_bytes()).collect();
        let setup = leaf.setup()?;
        let mut key = Vec::new();
        for part in [self.content, &[nan as u8], &columns, leaf.name().as_bytes(), &setup] {
            key.extend_from_slice(&(part.len() as u64).to_le_bytes());
            key.extend_from_slice(part);
        }
        Ok(key)
    }

    /// Finds what is kept by now; what is neither kept nor being read by others is ours to read.
    fn claim(&self, context: &Context<'_>, items: &mut [Item], patience: Duration) -> Vec<(usize, Lead<'_>)> {
        let mut leads = Vec::new();
        for (at, item) in items.iter_mut().enumerate().filter(|(_, item)| item.found.is_none()) {
            match self.cache.claim(&item.key, patience) {
                Claim::Lead(lead) => leads.push((at, lead)),
                // Whoever reads this one reads what follows too, most likely: of those who ask alike, one reads all.
                Claim::Busy => break,
                Claim::Held(bytes) => match unpack(item.fresh.as_ref(), &bytes) {
                    Some((rows, leaf)) => {
                        context.cached.fetch_add(1, Ordering::Relaxed);
                        context.rows.store(rows, Ordering::Relaxed);
                        item.found = Some(leaf);
                    }
                    // Of no use: the next round reads it anew.
                    None => self.cache.remove(&item.key),
                },
            }
        }
        leads
    }
}

/// What is kept: the rows that were read, which a stream does not know beforehand, and the partial in its wire format.
fn pack(rows: u64, leaf: &dyn Leaf) -> Result<Vec<u8>> {
    let mut bytes = rows.to_le_bytes().to_vec();
    bytes.extend(leaf.encode()?);
    Ok(bytes)
}

fn unpack(fresh: &dyn Leaf, bytes: &[u8]) -> Option<(u64, Box<dyn Leaf>)> {
    let (rows, partial) = bytes.split_first_chunk()?;
    Some((u64::from_le_bytes(*rows), fresh.decode(partial).ok()?))
}

/// Reads the partials that are this run's to read, and hands them to all who wait. If the reading fails, the duty goes to one of them.
fn lead(
    context: &Context<'_>,
    items: &mut [Item],
    leads: Vec<(usize, Lead<'_>)>,
    groups: &[Group],
    read: impl Fn(&[Group]) -> Result<Vec<Bundle>>,
) -> Result<()> {
    let mut wanted: Vec<(usize, Group)> = Vec::new();
    for (at, _) in &leads {
        let item = &items[*at];
        if wanted.last().is_none_or(|(group, _)| *group != item.group) {
            wanted.push((item.group, (groups[item.group].0.clone(), Bundle::default())));
        }
        if let Some((_, (_, bundle))) = wanted.last_mut() {
            bundle.extend([item.fresh.fresh()]);
        }
    }
    let wanted: Vec<Group> = wanted.into_iter().map(|(_, group)| group).collect();
    let leaves: Vec<Box<dyn Leaf>> = read(&wanted)?.into_iter().flatten().collect();
    let rows = context.rows.load(Ordering::Relaxed);
    for ((at, lead), leaf) in leads.into_iter().zip(leaves) {
        lead.publish(pack(rows, leaf.as_ref())?);
        context.computed.fetch_add(1, Ordering::Relaxed);
        items[at].found = Some(leaf);
    }
    Ok(())
}
