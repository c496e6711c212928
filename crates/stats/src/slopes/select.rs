//! The slopes of given ranks.

use super::{
    band::Band,
    check,
    cut::Cut,
    places::{place as place_of, value},
    points::Points,
};
use crate::threads;
use echoes_kernel::Result;

/// Points whose pairs are gone through where cuts cannot tell slopes apart.
const ALIKE_MAX: u64 = 1 << 15;

/// Slopes for each point that are looked at one by one.
const FEW: u64 = 20;

/// Samples are of at least so many slopes.
const SAMPLE_MIN: u64 = 1 << 14;

/// Standard deviations of a rank in a sample that the next cuts are away from it.
const WIDE: f64 = 3.0;

/// Times that a band is cut before its slopes are counted one by one.
const ROUNDS: u32 = 24;

/// Bits of a slope's place that a cut is not told by where it may be as close to slopes as they are rounded: as few as will do.
const COARSE: [u32; 3] = [12, 24, 36];

/// Ranges of places in which slopes are counted at a time, as a power of two.
const BINS: u32 = 13;

/// The slopes of these ranks, which rise; NaN where the others are.
///
/// # Errors
/// As [`all`].
pub(super) fn slopes(points: &Points, ranks: &[u64]) -> Result<Vec<f64>> {
    let (bottom, top) = (Cut::bottom(points), Cut::top(points));
    let mut found = vec![f64::NAN; ranks.len()];
    descend(Band { points, from: &bottom, to: &top }, ranks, &mut found, ROUNDS)?;
    Ok(found)
}

/// How many slopes are below zero.
///
/// # Errors
/// As [`all`].
pub(super) fn below_zero(points: &Points) -> Result<u64> {
    let (bottom, top) = (Cut::bottom(points), Cut::top(points));
    match Cut::uncounted(points, 0) {
        Some(cut) => Ok(cut.count_from(&bottom, points).below),
        None => Ok(all(Band { points, from: &bottom, to: &top })?.tally(0, 0, 0).0),
    }
}

/// A band all of whose pairs are to be gone through.
///
/// # Errors
/// [`Reject::TooLarge`](echoes_kernel::Reject) for more than 2^15 points: it is some seconds for so many.
fn all(band: Band<'_>) -> Result<Band<'_>> {
    check("slopes that rounding makes nearly alike", band.points.len(), ALIKE_MAX)?;
    Ok(band)
}

fn descend(band: Band<'_>, ranks: &[u64], found: &mut [f64], rounds: u32) -> Result<()> {
    if ranks.is_empty() {
    } else if band.from.place + 1 == band.to.place {
        found.fill(value(band.from.place));
    } else if band.len() <= FEW * band.points.len() as u64 {
        look(band, ranks, found);
    } else if rounds == 0 || band.points.keys.is_none() {
        tally(all(band)?, band.first(), band.last(), ranks, found);
    } else {
        narrow(band, ranks, found, rounds)?;
    }
    Ok(())
}

/// By having them all.
fn look(band: Band<'_>, ranks: &[u64], found: &mut [f64]) {
    let mut places = band.all();
    let mut rest = &mut places[..];
    let mut before = band.from.below;
    for (&rank, found) in ranks.iter().zip(found) {
        let at = (rank - before) as usize;
        // Beyond the last are those that are NaN.
        if at < rest.len() {
            let (_, &mut place, _) = rest.select_nth_unstable(at);
            *found = value(place);
            rest = &mut rest[at..];
            before = rank;
        }
    }
}

/// By counting them in ever smaller ranges of places, at first from `first` up to `last`.
fn tally(band: Band<'_>, first: i64, last: i64, ranks: &[u64], found: &mut [f64]) {
    let many = last.wrapping_sub(first) as u64;
    if ranks.is_empty() || last <= first {
        return;
    }
    let shift = (u64::BITS - (many - 1).leading_zeros()).saturating_sub(BINS);
    let (below, bins) = band.tally(first, shift, 1 << BINS);
    let mut end = band.from.below + below;
    let before = ranks.partition_point(|&rank| rank < end);
    let ((ranks_before, mut ranks), (found_before, mut found)) = (ranks.split_at(before), found.split_at_mut(before));
    tally(band, band.first(), first, ranks_before, found_before);
    for (bin, many) in bins.into_iter().enumerate() {
        end += many;
        let inside = ranks.partition_point(|&rank| rank < end);
        if inside > 0 {
            let (found_inside, found_after) = found.split_at_mut(inside);
            let first = first.wrapping_add((bin as i64) << shift);
            match shift {
                0 => found_inside.fill(value(first)),
                _ => tally(band, first, first + (1 << shift), &ranks[..inside], found_inside),
            }
            (ranks, found) = (&ranks[inside..], found_after);
        }
    }
    tally(band, last, band.last(), ranks, found);
}

/// Places that all ranks of a group are likely to be between.
struct Window {
    ranks: usize,
    from: i64,
    to: i64,
}

/// By cutting around them.
fn narrow(band: Band<'_>, ranks: &[u64], found: &mut [f64], rounds: u32) -> Result<()> {
    let many = (band.points.len() as u64).max(SAMPLE_MIN);
    let mut sample = band.sample((band.len() / many).max(1));
    sample.sort_unstable();
    let windows = windows(&sample, band, ranks);
    if let [first, .., last] | [first @ last] = &windows[..]
        && cannot_be_cut(band, &sample, first.from, last.to)
    {
        tally(all(band)?, first.from, last.to, ranks, found);
        return Ok(());
    }
    in_windows(band, &windows, ranks, found, rounds)
}

/// Whether most slopes are so close to these that they are counted as soon as they are cut out.
fn cannot_be_cut(band: Band<'_>, sample: &[i64], from: i64, to: i64) -> bool {
    let (low, high) = match &band.points.keys {
        Some(keys) if is_number(from) && is_number(to) => {
            (keys.near(from, COARSE[0], false), keys.near(to, COARSE[0], true))
        }
        _ => return false,
    };
    let inside = sample.partition_point(|&place| place < high) - sample.partition_point(|&place| place < low);
    high.saturating_sub(low) > 1 && to.saturating_sub(from) <= 1 << BINS && 2 * inside > sample.len()
}

/// Whether a double at the place has slopes below it that are told by a line: neither infinity, nor beyond.
fn is_number(place: i64) -> bool {
    place.unsigned_abs() < place_of(f64::INFINITY).unsigned_abs()
}

/// Each window on a thread of its own.
fn in_windows(band: Band<'_>, windows: &[Window], ranks: &[u64], found: &mut [f64], rounds: u32) -> Result<()> {
    match windows {
        [] => Ok(()),
        [window] => in_window(band, window, ranks, found, rounds),
        _ => {
            let (some, others) = windows.split_at(windows.len() / 2);
            let middle = some.iter().map(|window| window.ranks).sum();
            let ((ranks, other_ranks), (found, other_found)) = (ranks.split_at(middle), found.split_at_mut(middle));
            let (some, others) = threads::both(
                true,
                || in_windows(band, some, ranks, found, rounds),
                || in_windows(band, others, other_ranks, other_found, rounds),
            );
            some.and(others)
        }
    }
}

/// Groups of ranks whose surroundings in the sample are apart.
fn windows(sample: &[i64], band: Band<'_>, ranks: &[u64]) -> Vec<Window> {
    let size = sample.len() as f64;
    let mut windows: Vec<(Window, i64)> = Vec::new();
    for &rank in ranks {
        let part = ((rank - band.from.below) as f64 + 0.5) / band.len() as f64;
        let aside = WIDE * (size * part * (1.0 - part)).sqrt() + 2.0;
        let (first, last) = ((part * size - aside).floor() as i64, (part * size + aside).ceil() as i64);
        match windows.last_mut() {
            Some((window, end)) if first <= *end => (window.ranks, *end) = (window.ranks + 1, last),
            _ => windows.push((Window { ranks: 1, from: first, to: 0 }, last)),
        }
    }
    let bounds = |(window, last): (Window, i64)| {
        let at = |i: i64, beyond: i64| usize::try_from(i).ok().and_then(|i| sample.get(i).copied()).unwrap_or(beyond);
        let (mut from, mut to) = (at(window.from, i64::MIN), at(last, i64::MAX));
        // Where most are one value it is that which is cut out.
        let common = at(window.from + (last - window.from) / 2, i64::MIN);
        let equal = sample.partition_point(|&x| x <= common) - sample.partition_point(|&x| x < common);
        if common > i64::MIN && equal as i64 > (last - window.from) / 2 {
            (from, to) = (common, common);
        }
        Window { from, to: to.saturating_add(1), ..window }
    };
    windows.into_iter().map(bounds).collect()
}

/// Cuts at both ends of a window and looks for each rank where it turns out to be.
fn in_window(band: Band<'_>, window: &Window, ranks: &[u64], found: &mut [f64], rounds: u32) -> Result<()> {
    let points = band.points;
    let cut = |place: i64, up: bool| {
        let keys = points.keys.as_ref().filter(|_| is_number(place))?;
        let places = COARSE.map(|bits| keys.near(place, bits, up));
        let is_new = |place: i64| is_number(place) && band.from.place < place && place < band.to.place;
        places.into_iter().filter(|&place| is_new(place)).find_map(|place| Cut::uncounted(points, place))
    };
    let (low, high) = threads::both(true, || cut(window.from, false), || cut(window.to, true));
    if low.is_none() && high.is_none() {
        return descend(band, ranks, found, 0);
    }
    let low = low.map(|low| low.count_from(band.from, points));
    let from = low.as_ref().unwrap_or(band.from);
    let high = high.map(|high| high.count_from(from, points));
    let to = high.as_ref().unwrap_or(band.to);
    let below = ranks.partition_point(|&rank| rank < from.below);
    let inside = ranks.partition_point(|&rank| rank < to.below);
    let (found_below, rest) = found.split_at_mut(below);
    let (found_inside, found_above) = rest.split_at_mut(inside - below);
    descend(Band { to: from, ..band }, &ranks[..below], found_below, rounds - 1)?;
    descend(Band { from, to, points }, &ranks[below..inside], found_inside, rounds - 1)?;
    descend(Band { from: to, ..band }, &ranks[inside..], found_above, rounds - 1)
}
