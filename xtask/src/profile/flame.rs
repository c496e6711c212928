//! A flame graph (B. Gregg, The Flame Graph, CACM 59(6), 2016): who called whom, as wide as the time that it took.

use std::{collections::BTreeMap, fmt::Write};

const WIDTH: f64 = 1200.0;
const ROW: f64 = 17.0;

/// Narrower ones could not be seen.
const WIDTH_MIN: f64 = 0.3;

/// A function, and what it called.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Frame {
    /// How often it, or what it called, was found running.
    pub(super) samples: u64,
    called: BTreeMap<String, Frame>,
}

/// The stacks that `perf script --fields ip,sym` prints: an empty line between two, in each the innermost frame first.
pub(super) fn fold(text: &str) -> Frame {
    let mut root = Frame::default();
    let mut stack: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        match line.trim().split_once(char::is_whitespace) {
            Some((_, symbol)) => stack.push(symbol.trim()),
            None if line.trim().is_empty() => root.add(stack.drain(..).rev()),
            // An address without a symbol.
            None => stack.push("[unknown]"),
        }
    }
    root
}

impl Frame {
    fn add<'a>(&mut self, outermost_first: impl Iterator<Item = &'a str>) {
        let mut outermost_first = outermost_first.peekable();
        if outermost_first.peek().is_none() {
            return;
        }
        self.samples += 1;
        let mut frame = self;
        for symbol in outermost_first {
            frame = frame.called.entry(short(symbol)).or_default();
            frame.samples += 1;
        }
    }

    fn depth(&self) -> usize {
        self.called.values().map(|frame| 1 + frame.depth()).max().unwrap_or(0)
    }

    fn own(&self) -> u64 {
        self.samples - self.called.values().map(|frame| frame.samples).sum::<u64>()
    }
}

/// A Rust symbol without the hash at its end.
fn short(symbol: &str) -> String {
    let hash = |tail: &str| tail.len() == 16 && tail.bytes().all(|byte| byte.is_ascii_hexdigit());
    match symbol.rsplit_once("::h") {
        Some((name, tail)) if hash(tail) => name.to_owned(),
        _ => symbol.to_owned(),
    }
}

/// The share of the samples in which a function itself was running, the largest first.
pub(super) fn own(root: &Frame) -> Vec<(String, f64)> {
    fn gather(frame: &Frame, into: &mut BTreeMap<String, u64>) {
        for (symbol, called) in &frame.called {
            *into.entry(symbol.clone()).or_default() += called.own();
            gather(called, into);
        }
    }
    let mut counts = BTreeMap::new();
    gather(root, &mut counts);
    let mut shares: Vec<(String, f64)> =
        counts.into_iter().map(|(symbol, count)| (symbol, count as f64 / root.samples.max(1) as f64)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

/// The picture; what a function is called and its share stand in its tooltip too.
pub(super) fn svg(title: &str, root: &Frame) -> String {
    let height = ROW * (root.depth() + 2) as f64;
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" font-size=\"11\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n<text x=\"4\" y=\"13\">{}: {} samples</text>\n",
        escaped(title),
        root.samples
    );
    draw(root, 0.0, height - ROW, WIDTH / root.samples.max(1) as f64, root.samples, &mut picture);
    picture.push_str("</svg>\n");
    picture
}

/// What a frame called, from `x` on, at the height `y`; a sample is `scale` wide.
fn draw(frame: &Frame, mut x: f64, y: f64, scale: f64, all: u64, picture: &mut String) {
    for (symbol, called) in &frame.called {
        let width = called.samples as f64 * scale;
        if width >= WIDTH_MIN {
            let share = 100.0 * called.samples as f64 / all as f64;
            let name = escaped(symbol);
            let fits: String = symbol.chars().take((width / 7.0) as usize).collect();
            // Shades of one flame, the same for a name whenever it is drawn.
            let green = 90 + symbol.bytes().fold(0u32, |sum, byte| (sum * 31 + u32::from(byte)) % 120);
            let _ = writeln!(
                picture,
                "<g><title>{name}: {share:.1} %</title><rect x=\"{x:.2}\" y=\"{y}\" width=\"{width:.2}\" height=\"{}\" \
                 fill=\"rgb(235,{green},60)\" stroke=\"#fff\" stroke-width=\"0.4\"/><text x=\"{:.2}\" y=\"{}\">{}</text></g>",
                ROW - 1.0,
                x + 2.0,
                y + 12.0,
                escaped(&fits)
            );
            draw(called, x, y - ROW, scale, all, picture);
        }
        x += width;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "\
        \n    55d0 core::sum::h0123456789abcdef\n    55d1 work::main\n    7f00 _start\n\n\
        \n    55d0 core::sum::hfedcba9876543210\n    55d1 work::main\n    7f00 _start\n\n\
        \n    55d2 Vec<f64>::push\n    55d1 work::main\n    7f00 _start\n\n\
        \n    7f00\n\n";

    #[test]
    fn stacks_are_counted_from_the_outside() {
        let tree = fold(SCRIPT);
        assert_eq!((tree.samples, tree.depth()), (4, 3));
        let main = &tree.called["_start"].called["work::main"];
        assert_eq!((main.samples, main.own()), (3, 0));
        assert_eq!(main.called["core::sum"].samples, 2);
        assert_eq!(tree.called["[unknown]"].samples, 1);
        assert_eq!(own(&tree)[0], ("core::sum".to_owned(), 0.5));
    }

    #[test]
    fn a_frame_is_as_wide_as_its_share() {
        let picture = svg("mean/f64", &fold(SCRIPT));
        assert!(picture.contains("<title>core::sum: 50.0 %</title>"), "{picture}");
        assert!(picture.contains("<title>Vec&lt;f64&gt;::push: 25.0 %</title>"), "{picture}");
        let sum = picture.lines().find(|line| line.contains("core::sum: ")).unwrap_or_default();
        assert!(sum.contains("width=\"600.00\""), "{sum}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(fold(""), Frame::default());
        assert!(svg("mean", &fold("")).contains("0 samples"));
    }
}
