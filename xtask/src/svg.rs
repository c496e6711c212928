//! Drawings as SVG, of lines, boxes and words.

use std::fmt::Write;

/// A drawing; lengths are pixels from its upper left corner.
pub(crate) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where words stand, seen from their point.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Left,
    Middle,
    Right,
}

impl Svg {
    pub(crate) const fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// A box.
    pub(crate) fn fill(&mut self, [x, y, width, height]: [f64; 4], colour: &str) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{colour}"/>"#
        );
    }

    /// A line from a point to another.
    pub(crate) fn line(&mut self, [x1, y1, x2, y2]: [f64; 4], colour: &str) {
        let _ = writeln!(self.body, r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{colour}"/>"#);
    }

    /// Words beside a point.
    pub(crate) fn words(&mut self, x: f64, y: f64, side: Side, words: &str) {
        let anchor = match side {
            Side::Left => "end",
            Side::Middle => "middle",
            Side::Right => "start",
        };
        let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(self.body, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{words}</text>"#);
    }

    /// The file's text.
    pub(crate) fn text(&self) -> String {
        let Self { width, height, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_no_markup() {
        let mut svg = Svg::new(100.0, 50.0);
        svg.words(1.0, 2.0, Side::Left, "a < b & c");
        svg.fill([0.0, 0.0, 3.0, 4.0], "red");
        let text = svg.text();
        assert!(text.contains(">a &lt; b &amp; c</text>") && text.contains("width=\"3.0\""));
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
    }
}
