//! The study's picture: of each case, the share of runs that were red, with its interval.

use super::table::Row;
use crate::svg::{Side, Svg};

const BAR: &str = "#4878a8";
const INTERVAL: &str = "#202020";
const GRID: &str = "#dddddd";

const LEFT: f64 = 190.0;
const WIDTH: f64 = 400.0;
const TOP: f64 = 40.0;
const ROW: f64 = 24.0;

pub(super) fn draw(rows: &[Row]) -> String {
    let bottom = TOP + ROW * rows.len() as f64;
    let mut svg = Svg::new(LEFT + WIDTH + 110.0, bottom + 30.0);
    svg.words(LEFT, 20.0, Side::Right, "Runs of the gate that were red, with the interval of 95 %");
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        svg.line([LEFT + tick * WIDTH, TOP, LEFT + tick * WIDTH, bottom], GRID);
        svg.words(LEFT + tick * WIDTH, bottom + 16.0, Side::Middle, &format!("{:.0} %", 100.0 * tick));
    }
    for (row, i) in rows.iter().zip(0..) {
        let y = TOP + ROW * f64::from(i);
        svg.words(LEFT - 8.0, y + 16.0, Side::Left, &row.case);
        if row.runs == 0 {
            svg.words(LEFT + 8.0, y + 16.0, Side::Right, "not run yet");
            continue;
        }
        let (share, low, high) = row.share();
        svg.fill([LEFT, y + 5.0, share * WIDTH, ROW - 10.0], BAR);
        svg.line([LEFT + low * WIDTH, y + ROW / 2.0, LEFT + high * WIDTH, y + ROW / 2.0], INTERVAL);
        svg.words(LEFT + WIDTH + 8.0, y + 16.0, Side::Right, &format!("{} of {}", row.red, row.runs));
    }
    svg.text()
}
