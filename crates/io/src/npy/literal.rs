//! The few Python literals that a `.npy` header is made of. Nothing is evaluated.

use crate::names::shorten;

/// A Python literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    Bool(bool),
    Int(u64),
    None,
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// Literals within literals; NumPy's own need four.
const DEPTH_MAX: usize = 16;

/// Reads a text that is one literal.
pub(super) fn parse(text: &str) -> Result<Literal, String> {
    let mut cursor = Cursor(text);
    let literal = cursor.literal(0)?;
    cursor.skip_space();
    if cursor.0.is_empty() { Ok(literal) } else { Err(cursor.unexpected("the end")) }
}

struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn literal(&mut self, depth: usize) -> Result<Literal, String> {
        if depth > DEPTH_MAX {
            return Err("its header is nested too deep".to_owned());
        }
        self.skip_space();
        for (word, literal) in [("True", Literal::Bool(true)), ("False", Literal::Bool(false)), ("None", Literal::None)]
        {
            if self.take(word) {
                return Ok(literal);
            }
        }
        match self.0.chars().next() {
            Some('0'..='9') => self.int(),
            Some(quote @ ('\'' | '"')) => self.text(quote),
            Some('[') => self.items('[', ']', depth).map(|(items, _)| Literal::List(items)),
            Some('(') => self.items('(', ')', depth).map(|(mut items, comma)| match items.pop() {
                Some(only) if items.is_empty() && !comma => only,
                last => {
                    items.extend(last);
                    Literal::Tuple(items)
                }
            }),
            Some('{') => self.dict(depth),
            Some('-') => Err("its header holds a negative number".to_owned()),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn int(&mut self) -> Result<Literal, String> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        let value = digits.parse().map_err(|_| format!("its header holds {}, which is too large", shorten(digits)))?;
        self.0 = rest;
        self.take("L"); // Python 2 marked long integers.
        Ok(Literal::Int(value))
    }

    fn text(&mut self, quote: char) -> Result<Literal, String> {
        let mut text = String::new();
        let mut chars = self.0.chars();
        chars.next();
        loop {
            match chars.next() {
                None => return Err("its header ends within a text".to_owned()),
                Some('\\') => text.push(escape(&mut chars).ok_or("its header holds an unknown escape")?),
                Some(c) if c == quote => break,
                Some(c) => text.push(c),
            }
        }
        self.0 = chars.as_str();
        Ok(Literal::Text(text))
    }

    /// Items between brackets, and whether a comma followed the last.
    fn items(&mut self, open: char, close: char, depth: usize) -> Result<(Vec<Literal>, bool), String> {
        self.expect(open)?;
        let mut items = Vec::new();
        let mut comma = false;
        loop {
            self.skip_space();
            if self.take(close.encode_utf8(&mut [0; 4])) {
                return Ok((items, comma));
            }
            if !items.is_empty() && !comma {
                return Err(self.unexpected("a comma"));
            }
            items.push(self.literal(depth + 1)?);
            self.skip_space();
            comma = self.take(",");
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Literal, String> {
        self.expect('{')?;
        let mut items = Vec::new();
        let mut comma = true;
        loop {
            self.skip_space();
            if self.take("}") {
                return Ok(Literal::Dict(items));
            }
            if !comma {
                return Err(self.unexpected("a comma"));
            }
            let key = self.literal(depth + 1)?;
            self.skip_space();
            self.expect(':')?;
            items.push((key, self.literal(depth + 1)?));
            self.skip_space();
            comma = self.take(",");
        }
    }

    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
    }

    fn take(&mut self, word: &str) -> bool {
        let rest = self.0.strip_prefix(word);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.take(c.encode_utf8(&mut [0; 4])) { Ok(()) } else { Err(self.unexpected(&format!("`{c}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.0.chars().next() {
            None => format!("its header ends where {wanted} should be"),
            Some(c) => format!("its header has {c:?} where {wanted} should be"),
        }
    }
}

fn escape(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match chars.next()? {
        c @ ('\\' | '\'' | '"') => return Some(c),
        'n' => return Some('\n'),
        'r' => return Some('\r'),
        't' => return Some('\t'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let code = (0..digits).try_fold(0u32, |code, _| Some(code.checked_mul(16)? + chars.next()?.to_digit(16)?));
    char::from_u32(code?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_numpy_writes() {
        let header = parse("{'descr': [('a', '<f8'), (\"b\", '|V4')], 'fortran_order': False, 'shape': (3L,), }  \n");
        let text = |s: &str| Literal::Text(s.to_owned());
        assert_eq!(
            header,
            Ok(Literal::Dict(vec![
                (
                    text("descr"),
                    Literal::List(vec![
                        Literal::Tuple(vec![text("a"), text("<f8")]),
                        Literal::Tuple(vec![text("b"), text("|V4")]),
                    ])
                ),
                (text("fortran_order"), Literal::Bool(false)),
                (text("shape"), Literal::Tuple(vec![Literal::Int(3)])),
            ]))
        );
        assert_eq!(parse("()"), Ok(Literal::Tuple(vec![])));
        assert_eq!(parse("(4)"), Ok(Literal::Int(4)));
        assert_eq!(parse(r"'\'\\\xe9\u20ac'"), Ok(text("'\\é€")));
    }

    #[test]
    fn what_is_refused() {
        for (text, why) in [
            ("", "its header ends where a value should be"),
            ("(1 2)", "its header has '2' where a comma should be"),
            ("{'a' 1}", "its header has '1' where `:` should be"),
            ("-1", "its header holds a negative number"),
            ("'abc", "its header ends within a text"),
            ("99999999999999999999", "its header holds 99999999999999999999, which is too large"),
            ("1 1", "its header has '1' where the end should be"),
            ("__import__('os')", "its header has '_' where a value should be"),
            (r"'\q'", "its header holds an unknown escape"),
        ] {
            assert_eq!(parse(text).unwrap_err(), why);
        }
        assert!(parse(&"[".repeat(100_000)).unwrap_err().contains("nested"));
    }
}
