//! An expression's words.

use super::{error::Fault, program::Binary};

/// A word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    /// A name as it stands.
    Name(&'a str),
    /// A name that stood in backticks: always a column's.
    Quoted(&'a str),
    Operator(Infix),
    Open,
    Close,
}

/// What may stand between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Infix {
    pub(super) operation: Binary,
    /// Whether the sides change places: `a > b` is `b < a`.
    pub(super) swapped: bool,
}

impl Infix {
    const fn plain(operation: Binary) -> Token<'static> {
        Token::Operator(Self { operation, swapped: false })
    }

    const fn swapped(operation: Binary) -> Token<'static> {
        Token::Operator(Self { operation, swapped: true })
    }
}

/// Symbols, longer ones before those that they begin with.
const SYMBOLS: [(&str, Token<'static>); 19] = [
    ("<=", Infix::plain(Binary::LessEqual)),
    (">=", Infix::swapped(Binary::LessEqual)),
    ("==", Infix::plain(Binary::Equal)),
    ("!=", Infix::plain(Binary::NotEqual)),
    ("≤", Infix::plain(Binary::LessEqual)),
    ("≥", Infix::swapped(Binary::LessEqual)),
    ("≠", Infix::plain(Binary::NotEqual)),
    ("<", Infix::plain(Binary::Less)),
    (">", Infix::swapped(Binary::Less)),
    ("+", Infix::plain(Binary::Add)),
    ("-", Infix::plain(Binary::Subtract)),
    ("−", Infix::plain(Binary::Subtract)),
    ("*", Infix::plain(Binary::Multiply)),
    ("×", Infix::plain(Binary::Multiply)),
    ("/", Infix::plain(Binary::Divide)),
    ("÷", Infix::plain(Binary::Divide)),
    ("^", Infix::plain(Binary::Power)),
    ("(", Token::Open),
    (")", Token::Close),
];

/// The words of a text, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next word and the byte where it begins; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Token<'a>)>, (usize, Fault)> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = rest.trim_start();
        let at = self.text.len() - word.len();
        let Some(first) = word.chars().next() else { return Ok(None) };
        let (token, len) = word_of(word, first).map_err(|fault| (at, fault))?;
        self.at = at + len;
        Ok(Some((at, token)))
    }

    /// Whether the next word opens a parenthesis.
    pub(super) fn opens(&self) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.trim_start().starts_with('('))
    }
}

/// The word that `text` begins with, and its length.
fn word_of(text: &str, first: char) -> Result<(Token<'_>, usize), Fault> {
    if let Some((symbol, token)) = SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol)) {
        return Ok((*token, symbol.len()));
    }
    if first == '`' {
        let name = text[1..].split_once('`').map(|(name, _)| name).filter(|name| !name.is_empty());
        return name.map(|name| (Token::Quoted(name), name.len() + 2)).ok_or(Fault::Name);
    }
    if first.is_ascii_digit() || first == '.' {
        let len = number_len(text.as_bytes());
        let number: f64 = text[..len].parse().map_err(|_| Fault::Number)?;
        return if number.is_finite() { Ok((Token::Number(number), len)) } else { Err(Fault::Number) };
    }
    if first.is_alphabetic() || first == '_' {
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(text.len());
        return Ok((Token::Name(&text[..end]), end));
    }
    Err(Fault::Character(first))
}

/// Digits, a point, digits, and an exponent if there is a whole one.
fn number_len(text: &[u8]) -> usize {
    let digits = |from: usize| from + text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = digits(0);
    if text.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = (end + 1 + sign).min(text.len());
        if digits(exponent) > exponent {
            return digits(exponent);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names() {
        let words = |text| {
            let mut tokens = Tokens::new(text);
            std::iter::from_fn(move || tokens.next().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(words(" 1.5e3x"), [(1, Token::Number(1500.0)), (6, Token::Name("x"))]);
        assert_eq!(words("2e"), [(0, Token::Number(2.0)), (1, Token::Name("e"))]);
        assert_eq!(words("`a b`.5"), [(0, Token::Quoted("a b")), (5, Token::Number(0.5))]);
        assert_eq!(words("größe.1 "), [(0, Token::Name("größe.1"))]);
        assert_eq!(Tokens::new("1e999").next(), Err((0, Fault::Number)));
        assert_eq!(Tokens::new(".").next(), Err((0, Fault::Number)));
        assert_eq!(Tokens::new("  `a").next(), Err((2, Fault::Name)));
    }
}
