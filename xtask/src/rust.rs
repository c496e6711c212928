//! Rust text as lines of code and comment, so that a word in a string or a comment is not taken for code.

/// A line of a Rust file.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Line {
    /// The code, its literals emptied.
    pub(crate) code: String,
    /// The text of its comments.
    pub(crate) comment: String,
}

impl Line {
    /// Whether there is a comment and nothing else.
    pub(crate) fn is_comment(&self) -> bool {
        self.code.trim().is_empty() && !self.comment.is_empty()
    }

    /// Where `word` stands in the code as a word of its own.
    pub(crate) fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        self.code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
            let (before, after) = (&self.code[..at], &self.code[at + word.len()..]);
            !before.ends_with(is_word) && !after.starts_with(is_word)
        })
    }
}

enum State {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

/// Splits a file.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut reader = Reader { chars: text.chars().collect(), at: 0, state: State::Code, lines: vec![Line::default()] };
    while reader.at < reader.chars.len() {
        reader.step();
    }
    reader.lines
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    state: State,
    lines: Vec<Line>,
}

impl Reader {
    fn step(&mut self) {
        let c = self.chars[self.at];
        if c == '\n' {
            if matches!(self.state, State::LineComment) {
                self.state = State::Code;
            }
            self.lines.push(Line::default());
            self.at += 1;
            return;
        }
        match self.state {
            State::Code => self.code(c),
            State::LineComment => self.comment(c, 1),
            State::BlockComment(depth) => self.block_comment(c, depth),
            State::Text => self.text(c),
            State::RawText(hashes) => self.raw_text(c, hashes),
        }
    }

    fn code(&mut self, c: char) {
        match c {
            '/' if self.looks_at("//") => self.begin(State::LineComment, 2, true),
            '/' if self.looks_at("/*") => self.begin(State::BlockComment(1), 2, true),
            '"' => self.begin(State::Text, 1, false),
            'r' if !self.in_word() => match self.raw_hashes() {
                Some(hashes) => self.begin(State::RawText(hashes), 2 + hashes, false),
                None => self.push(1),
            },
            '\'' => self.quote(),
            _ => self.push(1),
        }
    }

    /// A character literal is left out; a lifetime is code.
    fn quote(&mut self) {
        let rest = &self.chars[self.at + 1..];
        let len = match rest {
            ['\\', _, tail @ ..] => tail.iter().position(|&c| c == '\'').map(|end| end + 4),
            [_, '\'', ..] => Some(3),
            _ => None,
        };
        match len {
            Some(len) => self.at += len,
            None => self.push(1),
        }
    }

    fn block_comment(&mut self, c: char, depth: usize) {
        if self.looks_at("*/") {
            self.state = if depth == 1 { State::Code } else { State::BlockComment(depth - 1) };
            self.at += 2;
        } else if self.looks_at("/*") {
            self.state = State::BlockComment(depth + 1);
            self.at += 2;
        } else {
            self.comment(c, 1);
        }
    }

    fn text(&mut self, c: char) {
        match c {
            // A line that ends in `\` goes on in the next: the end of the line must still be seen.
            '\\' if self.chars.get(self.at + 1) != Some(&'\n') => self.at += 2,
            '"' => self.end_text(1),
            _ => self.at += 1,
        }
    }

    fn raw_text(&mut self, c: char, hashes: usize) {
        let end = self.chars[self.at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
        if c == '"' && end {
            self.end_text(1 + hashes);
        } else {
            self.at += 1;
        }
    }

    fn begin(&mut self, state: State, len: usize, is_comment: bool) {
        self.state = state;
        self.at += len;
        let line = self.line();
        // A comment that is empty is still a comment; a literal leaves its quotes.
        if is_comment { line.comment.push(' ') } else { line.code.push('"') }
    }

    fn end_text(&mut self, len: usize) {
        self.state = State::Code;
        self.at += len;
        self.line().code.push('"');
    }

    fn push(&mut self, len: usize) {
        let c = self.chars[self.at];
        self.line().code.push(c);
        self.at += len;
    }

    fn comment(&mut self, c: char, len: usize) {
        self.line().comment.push(c);
        self.at += len;
    }

    fn line(&mut self) -> &mut Line {
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }

    fn looks_at(&self, word: &str) -> bool {
        word.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    /// Whether the character before belongs to a word; the `b` and `c` of `br"…"` and `cr"…"` do not count.
    fn in_word(&self) -> bool {
        let before = |n: usize| self.at.checked_sub(n).map(|at| self.chars[at]);
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        if matches!(before(1), Some('b' | 'c')) { is_word(before(2)) } else { is_word(before(1)) }
    }

    /// How many `#` open the raw string that begins here, if one does.
    fn raw_hashes(&self) -> Option<usize> {
        let rest = &self.chars[self.at + 1..];
        let hashes = rest.iter().take_while(|&&c| c == '#').count();
        (rest.get(hashes) == Some(&'"')).then_some(hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<String> {
        lines(text).into_iter().map(|line| line.code).collect()
    }

    #[test]
    fn literals_are_emptied() {
        assert_eq!(code(r#"f("unsafe \" //", 'x', '\'', '"', 1)"#), [r#"f("", , , , 1)"#]);
        assert_eq!(code("g(r#\"a \" unsafe\"#, br\"\\\", b\"x\")"), [r#"g("", b"", b"")"#]);
        assert_eq!(code("'\\u{1F600}' unsafe"), [" unsafe"]);
    }

    #[test]
    fn lifetimes_are_code() {
        assert_eq!(code("fn f<'a>(x: &'a str) -> &'static str {"), ["fn f<'a>(x: &'a str) -> &'static str {"]);
    }

    #[test]
    fn comments_are_kept_apart_and_nest() {
        let found = lines("a /* b /* c */\nd */ e // f\n//");
        assert_eq!(found[0], Line { code: "a ".into(), comment: "  b  c ".into() });
        assert_eq!(found[1], Line { code: " e ".into(), comment: "d   f".into() });
        assert!(found[2].is_comment());
    }

    #[test]
    fn text_may_span_lines() {
        assert_eq!(code("\"a\\\n unsafe\"; b"), ["\"", "\"; b"]);
    }

    #[test]
    fn a_word_is_not_part_of_another() {
        let line = &lines("unsafe_code unsafe_ unsafe(x)")[0];
        assert_eq!(line.words("unsafe").collect::<Vec<_>>(), [20]);
    }
}
