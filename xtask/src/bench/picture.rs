//! The picture of a run: a bar a bench, as long as its gigabytes a second, and a line where memory ends.

use super::{Machine, Row};
use crate::svg::{Side, Svg};

/// Of bars.
pub(super) const BAR: &str = "#4878a8";
const MEMORY: &str = "#c04040";
const GRID: &str = "#dddddd";

const LEFT: f64 = 240.0;
const WIDTH: f64 = 600.0;
const TOP: f64 = 50.0;
const ROW: f64 = 18.0;

/// The scale is a logarithm's, from 10 MB/s to 1 TB/s: caches are many times as fast as memory, text many times as slow.
fn at(gigabytes: f64) -> f64 {
    LEFT + WIDTH * ((gigabytes.max(0.01).log10() + 2.0) / 5.0).clamp(0.0, 1.0)
}

pub(super) fn draw(rows: &[Row], machine: &Machine) -> String {
    let bottom = TOP + ROW * rows.len() as f64;
    let mut svg = Svg::new(LEFT + WIDTH + 90.0, bottom + 40.0);
    svg.words(LEFT, 20.0, Side::Right, &format!("Input read, GB/s, at {} (logarithmic)", machine.level));
    for tick in [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0] {
        svg.line([at(tick), TOP, at(tick), bottom], GRID);
        svg.words(at(tick), bottom + 16.0, Side::Middle, &tick.to_string());
    }
    for (row, i) in rows.iter().zip(0..) {
        let y = TOP + ROW * f64::from(i);
        let end = at(row.gigabytes_a_second());
        svg.words(LEFT - 6.0, y + 13.0, Side::Left, &row.name());
        svg.fill([LEFT, y + 3.0, end - LEFT, ROW - 6.0], BAR);
        svg.words(end + 4.0, y + 13.0, Side::Right, &format!("{:.2}", row.gigabytes_a_second()));
    }
    for (threads, bytes) in &machine.read {
        svg.line([at(bytes / 1e9), TOP, at(bytes / 1e9), bottom], MEMORY);
        let side = if *threads == 1 { Side::Left } else { Side::Right };
        svg.words(
            at(bytes / 1e9),
            TOP - 8.0,
            side,
            &format!("memory, {threads} thread{}", if *threads == 1 { "" } else { "s" }),
        );
    }
    svg.text()
}
