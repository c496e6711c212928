//! Expressions: what they mean, where they are wrong, and that nothing that can be typed breaks them.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails as it should")]

use echoes_kernel::reference;
use echoes_stats::expr::{Expression, Fault, Map, Program};
use proptest::prelude::*;

fn map(text: &str, columns: &[&[f64]]) -> Vec<f64> {
    let expression = Expression::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    reference(&Map::new(expression), columns).unwrap().0
}

/// The value for one row, of columns `x` and `y` in the order of their mention.
fn of(text: &str, x: f64, y: f64) -> f64 {
    let expression = Expression::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let values: Vec<[f64; 1]> = expression.columns().map(|name| [if name == "x" { x } else { y }]).collect();
    let columns: Vec<&[f64]> = values.iter().map(<[f64; 1]>::as_slice).collect();
    reference(&Map::new(expression), &columns).unwrap()[0]
}

#[test]
fn precedence_and_associativity() {
    let (x, y) = (3.0, 7.0);
    let cases = [
        ("x + y * 2", x + y * 2.0),
        ("(x + y) * 2", (x + y) * 2.0),
        ("x - y - 1", x - y - 1.0),
        ("x / y / 2", x / y / 2.0),
        ("-x^2", -9.0),
        ("(-x)^2", 9.0),
        ("x^2^3 + 0*y", 6561.0),
        ("y^-x^0", 1.0 / 7.0),
        ("x * -y", -21.0),
        ("- - x", 3.0),
        ("+x", 3.0),
        ("x < y", 1.0),
        ("x + 4 == y", 1.0),
        ("x >= y", 0.0),
        ("(x > 1) * (y ≠ 7) + (x ≤ 3)", 1.0),
        ("x × y ÷ 7 − 1", 2.0),
        ("abs(-x) + sqrt(y + 2)", 6.0),
        ("x^-2", 1.0 / 9.0),
        ("x^0 + y*0", 1.0),
        ("x^y", 2187.0),
        ("(-x)^y", -2187.0),
        ("2^y + 2^(x*x)", 640.0),
        ("(x*y)^5 + (x/4)^3", 4_084_101.0 + 27.0 / 64.0),
        ("`x`*pi/pi", 3.0 * std::f64::consts::PI / std::f64::consts::PI),
    ];
    for (text, wanted) in cases {
        assert_eq!(of(text, x, y), wanted, "{text}");
    }
}

#[test]
fn aggregates_over_expressions() {
    let (x, y) = ([1.0, 2.0, 6.0], [4.0, 0.0, 2.0]);
    assert_eq!(map("x - mean(x)", &[&x]), [-2.0, -1.0, 3.0]);
    assert_eq!(map("x + sum(x*y) + max(x + y) - min(y)", &[&x, &y]), [25.0, 26.0, 30.0]);
    assert_eq!(map("0*x + mean((x - y)^2) + mean(x)", &[&x, &y]), [29.0 / 3.0 + 3.0; 3]);
    assert_eq!(map("std(y) + 0*x", &[&y, &x]), [(8f64 / 3.0).sqrt(); 3]);
    let long: Vec<f64> = (0..300_000).map(|i| f64::from(i % 1000)).collect();
    assert_eq!(map("sum(2*x) + 0*x", &[&long])[7], 299_700_000.0);
    assert!(map("x - mean(x)", &[&[]]).is_empty());
}

#[test]
fn errors_point_at_the_place() {
    let cases = [
        ("", 1, "it is empty"),
        ("x + ", 4, "a column, a number or a function should stand here"),
        ("x + * y", 5, "a column, a number or a function should stand here"),
        ("x y", 3, "an operator should stand here"),
        ("exp()", 5, "a column, a number or a function should stand here"),
        ("(x + 1", 1, "this parenthesis is not closed"),
        ("x + 1)", 6, "there is no parenthesis to close"),
        ("größe + $", 9, "`$` means nothing here"),
        ("x < y < 2", 7, "comparisons do not chain: put one in parentheses"),
        ("1 + sin(x)", 5, "there is no function `sin`: there are exp ln sqrt abs, sum mean std min max"),
        (
            "mean(x - mean(x))",
            10,
            "an aggregate within an aggregate needs another reading: compute the inner one first",
        ),
        (
            "1 + e",
            1,
            "it names no column, so it has no rows; pi and e are numbers, a column of that name stands in backticks",
        ),
        ("x * 1e999", 5, "this is not a number that a double can hold"),
        ("x + `y", 5, "a name in backticks must end with one, on something"),
    ];
    for (text, column, fault) in cases {
        let error = Expression::parse(text).unwrap_err();
        assert_eq!((error.character, error.fault.to_string().as_str()), (column, fault), "{text}");
        assert!(text.is_char_boundary(error.at));
    }
    let unknown = Expression::parse("x + price").unwrap().locate(&["x", "y"]).unwrap_err();
    assert_eq!((unknown.character, unknown.fault), (5, Fault::Column("price".to_owned())));
}

#[test]
fn hostile_texts_are_refused() {
    let deep = "(".repeat(100_000);
    let texts = [
        "(".repeat(60_000) + "x" + &")".repeat(5000),
        deep.clone() + "x" + &")".repeat(100_000),
        "-".repeat(60_000) + "x",
        "x^".repeat(30_000) + "x",
        "x+".repeat(500_000) + "x",
        "exp(".repeat(10_000),
        (0..8000).map(|i| format!("x*{i}.5+")).collect::<String>() + "x",
        (0..300).map(|i| format!("c{i}+")).collect::<String>() + "x",
    ];
    for text in texts {
        assert!(Expression::parse(&text).is_err(), "{}…", &text[..20]);
    }
    // Long, and harmless.
    let sum = "x+".repeat(2000) + "x";
    assert_eq!(map(&sum, &[&[1.0]]), [2001.0]);
}

#[test]
fn a_plan_is_plain_data_and_damage_is_refused() {
    let expression = Expression::parse("exp(x) * y + mean(x / 2)").unwrap();
    let text = serde_json::to_string(&expression.plan().program).unwrap();
    let again: Program = serde_json::from_str(&text).unwrap();
    assert_eq!(&again, &expression.plan().program);
    for (from, to) in
        [("\"Register\":0", "\"Register\":9"), ("\"Column\":1", "\"Column\":2"), ("\"Aggregate\":0", "\"Aggregate\":1")]
    {
        assert!(text.contains(from), "{text}");
        assert!(serde_json::from_str::<Program>(&text.replacen(from, to, 1)).is_err(), "{from}");
    }
    let stored = serde_json::to_string(&Map::new(expression.clone())).unwrap();
    assert_eq!(serde_json::from_str::<Map>(&stored).unwrap(), Map::new(expression));
    assert!(serde_json::from_str::<Map>(r#"{"expr": "x +"}"#).unwrap_err().to_string().contains("character 4"));
}

/// An expression as a tree, for a naive evaluation.
#[derive(Debug, Clone)]
enum Tree {
    X,
    Y,
    Number(f64),
    Call(&'static str, Box<Tree>),
    Pair(&'static str, Box<Tree>, Box<Tree>),
    Square(Box<Tree>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::X => "x".to_owned(),
            Self::Y => "y".to_owned(),
            Self::Number(n) => format!("{n:?}"),
            Self::Call(name, of) => format!("{name}({})", of.text()),
            Self::Pair(sign, a, b) => format!("({} {sign} {})", a.text(), b.text()),
            Self::Square(of) => format!("({})^2", of.text()),
        }
    }

    fn value(&self, x: f64, y: f64) -> f64 {
        match self {
            Self::X => x,
            Self::Y => y,
            Self::Number(n) => *n,
            Self::Call(name, tree) => match (*name, tree.value(x, y)) {
                ("-", a) => -a,
                ("abs", a) => a.abs(),
                ("sqrt", a) => a.sqrt(),
                (name, a) => of(&format!("{name}(x)"), a, 0.0),
            },
            Self::Pair(sign, a, b) => {
                let (a, b) = (a.value(x, y), b.value(x, y));
                match *sign {
                    "+" => a + b,
                    "-" => a - b,
                    "*" => a * b,
                    "/" => a / b,
                    "<" => f64::from(a < b),
                    ">=" => f64::from(a >= b),
                    "==" => f64::from(a == b),
                    _ => f64::from(a != b),
                }
            }
            Self::Square(of) => of.value(x, y) * of.value(x, y),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![Just(Tree::X), Just(Tree::Y), (0.0..100.0).prop_map(Tree::Number)];
    leaf.prop_recursive(6, 48, 2, |inner| {
        let signs = proptest::sample::select(vec!["+", "-", "*", "/", "<", ">=", "==", "!="]);
        let names = proptest::sample::select(vec!["exp", "ln", "sqrt", "abs", "-"]);
        prop_oneof![
            (names, inner.clone()).prop_map(|(name, of)| Tree::Call(name, of.into())),
            (signs, inner.clone(), inner.clone()).prop_map(|(sign, a, b)| Tree::Pair(sign, a.into(), b.into())),
            inner.prop_map(|of| Tree::Square(of.into())),
        ]
    })
}

proptest! {
    #[test]
    fn random_trees_agree_with_a_naive_evaluation(tree in tree(), x in -50.0..50.0f64, y in -2.0..2.0f64) {
        let text = format!("{} + 0*(x + y)", tree.text());
        let (found, wanted) = (of(&text, x, y), tree.value(x, y) + 0.0 * (x + y));
        prop_assert!(found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan()), "{text}: {found} {wanted}");
    }

    #[test]
    fn no_text_panics(text in "[-+*/^()<>=!.0-9a-z`é×, ]{0,60}|\\PC{0,40}") {
        if let Ok(expression) = Expression::parse(&text) {
            let rows = [0.5; 3];
            let columns = vec![&rows[..]; expression.columns().count()];
            prop_assert_eq!(reference(&Map::new(expression), &columns).unwrap().len(), 3);
        }
    }
}
