//! From text to a plan, without recursion: operators wait on a stack until what follows shows how far they reach.

use super::{
    aggregates::Input,
    error::{ExprError, Fault},
    graph::{Graph, Node},
    program::{Aggregate, Binary, COLUMNS_MAX, Measure, Plan, Unary},
    token::{Infix, Token, Tokens},
};

/// Bytes of an expression.
pub(super) const TEXT_MAX: usize = 64 << 10;
/// Parentheses and operators that wait at a time.
const DEPTH_MAX: usize = 256;
/// Aggregates of an expression.
const AGGREGATES_MAX: usize = 64;

/// A column's name, and the byte of the text where it first stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) at: usize,
}

/// What an expression computes, of which columns.
pub(super) fn parse(text: &str) -> Result<(Plan, Vec<Named>), ExprError> {
    let fail = |(at, fault)| ExprError::new(text, at, fault);
    if text.len() > TEXT_MAX {
        return Err(fail((0, Fault::TooLong(TEXT_MAX))));
    }
    Parser::new(text).run().map_err(fail)
}

type Located<T> = Result<T, (usize, Fault)>;

/// What waits for what follows.
#[derive(Clone, Copy)]
enum Waiting {
    Open(Option<Function>),
    Negate,
    Infix(Infix),
}

#[derive(Clone, Copy)]
enum Function {
    Unary(Unary),
    Aggregate(Aggregate),
}

impl Waiting {
    /// How tightly it binds; an open parenthesis keeps everything apart.
    const fn strength(self) -> u8 {
        match self {
            Self::Open(_) => 0,
            Self::Infix(infix) => strength(infix.operation),
            Self::Negate => 4,
        }
    }
}

const fn strength(operation: Binary) -> u8 {
    match operation {
        Binary::Less | Binary::LessEqual | Binary::Equal | Binary::NotEqual => 1,
        Binary::Add | Binary::Subtract => 2,
        Binary::Multiply | Binary::Divide => 3,
        Binary::Power => 5,
    }
}

fn function(name: &str) -> Option<Function> {
    Some(match name {
        "exp" => Function::Unary(Unary::Exp),
        "ln" => Function::Unary(Unary::Ln),
        "sqrt" => Function::Unary(Unary::Sqrt),
        "abs" => Function::Unary(Unary::Abs),
        "sum" => Function::Aggregate(Aggregate::Sum),
        "mean" => Function::Aggregate(Aggregate::Mean),
        "std" => Function::Aggregate(Aggregate::Std),
        "min" => Function::Aggregate(Aggregate::Min),
        "max" => Function::Aggregate(Aggregate::Max),
        _ => return None,
    })
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    len: usize,
    graph: Graph,
    values: Vec<usize>,
    waiting: Vec<(usize, Waiting)>,
    columns: Vec<Named>,
    /// Aggregates, and the value that each is taken of.
    measures: Vec<(Aggregate, usize)>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            tokens: Tokens::new(text),
            len: text.trim_end().len(),
            graph: Graph::default(),
            values: Vec::new(),
            waiting: Vec::new(),
            columns: Vec::new(),
            measures: Vec::new(),
        }
    }

    fn run(mut self) -> Located<(Plan, Vec<Named>)> {
        if self.len == 0 {
            return Err((0, Fault::Empty));
        }
        // Whether a value was the last to be read.
        let mut after_value = false;
        while let Some((at, token)) = self.tokens.next()? {
            after_value = if after_value { self.after_value(at, token)? } else { self.value(at, token)? };
        }
        if !after_value {
            return Err((self.len, Fault::Value));
        }
        self.settle(0)?;
        if let Some((at, _)) = self.waiting.pop() {
            return Err((at, Fault::Open));
        }
        self.plan()
    }

    /// Takes what may begin a value; whether one is complete then.
    fn value(&mut self, at: usize, token: Token<'a>) -> Located<bool> {
        let node = match token {
            Token::Number(x) => self.graph.constant(x),
            Token::Name(name) if self.tokens.opens() => return self.call(at, name).map(|()| false),
            Token::Name("pi") => self.graph.constant(std::f64::consts::PI),
            Token::Name("e") => self.graph.constant(std::f64::consts::E),
            Token::Name(name) | Token::Quoted(name) => self.column(at, name),
            Token::Open => return self.wait(at, Waiting::Open(None)).map(|()| false),
            Token::Operator(Infix { operation: Binary::Subtract, .. }) => {
                return self.wait(at, Waiting::Negate).map(|()| false);
            }
            Token::Operator(Infix { operation: Binary::Add, .. }) => return Ok(false),
            Token::Operator(_) | Token::Close => return Err((at, Fault::Value)),
        };
        self.values.push(node.map_err(|fault| (at, fault))?);
        Ok(true)
    }

    /// Takes what may follow a value; whether a value is complete then.
    fn after_value(&mut self, at: usize, token: Token<'a>) -> Located<bool> {
        match token {
            Token::Operator(infix) => {
                let strength = strength(infix.operation);
                // Powers are taken from the right, everything else from the left.
                self.settle(if strength == 5 { strength + 1 } else { strength.max(2) })?;
                if strength == 1 && self.waiting.last().is_some_and(|(_, waiting)| waiting.strength() == 1) {
                    return Err((at, Fault::Chain));
                }
                self.wait(at, Waiting::Infix(infix))?;
                Ok(false)
            }
            Token::Close => {
                self.settle(1)?;
                let Some((opened, Waiting::Open(function))) = self.waiting.pop() else {
                    return Err((at, Fault::Closed));
                };
                self.close(opened, function)?;
                Ok(true)
            }
            _ => Err((at, Fault::Operator)),
        }
    }

    fn wait(&mut self, at: usize, what: Waiting) -> Located<()> {
        if self.waiting.len() == DEPTH_MAX {
            return Err((at, Fault::TooMany(DEPTH_MAX, "levels")));
        }
        self.waiting.push((at, what));
        Ok(())
    }

    /// Carries out what waits and binds at least so tightly, up to the last open parenthesis.
    fn settle(&mut self, strength: u8) -> Located<()> {
        while let Some((at, what)) = self.waiting.pop_if(|(_, what)| what.strength() >= strength.max(1)) {
            let last = self.values.pop().ok_or((at, Fault::Value))?;
            let made = match what {
                Waiting::Infix(infix) => {
                    let first = self.values.pop().ok_or((at, Fault::Value))?;
                    let (left, right) = if infix.swapped { (last, first) } else { (first, last) };
                    self.graph.binary(infix.operation, left, right)
                }
                _ => self.graph.unary(Unary::Negate, last),
            };
            self.values.push(made.map_err(|fault| (at, fault))?);
        }
        Ok(())
    }

    fn call(&mut self, at: usize, name: &str) -> Located<()> {
        let function = function(name).ok_or_else(|| (at, Fault::Function(name.chars().take(64).collect())))?;
        let is_aggregate = |function: &Waiting| matches!(function, Waiting::Open(Some(Function::Aggregate(_))));
        if is_aggregate(&Waiting::Open(Some(function))) && self.waiting.iter().any(|(_, what)| is_aggregate(what)) {
            return Err((at, Fault::Nested));
        }
        // Its parenthesis is the next word.
        let open = self.tokens.next()?.map_or(at, |(open, _)| open);
        self.wait(open, Waiting::Open(Some(function)))
    }

    fn close(&mut self, at: usize, function: Option<Function>) -> Located<()> {
        let Some(function) = function else { return Ok(()) };
        let of = self.values.pop().ok_or((at, Fault::Value))?;
        let made = match function {
            Function::Unary(operation) => self.graph.unary(operation, of),
            Function::Aggregate(aggregate) => self.measure(aggregate, of),
        };
        self.values.push(made.map_err(|fault| (at, fault))?);
        Ok(())
    }

    fn measure(&mut self, aggregate: Aggregate, of: usize) -> Result<usize, Fault> {
        let known = self.measures.iter().position(|known| *known == (aggregate, of));
        let number = known.unwrap_or(self.measures.len());
        if number == AGGREGATES_MAX {
            return Err(Fault::TooMany(AGGREGATES_MAX, "aggregates"));
        }
        if known.is_none() {
            self.measures.push((aggregate, of));
        }
        self.graph.add(Node::Aggregate(number as u16))
    }

    fn column(&mut self, at: usize, name: &str) -> Result<usize, Fault> {
        let known = self.columns.iter().position(|column| column.name == name);
        let number = known.unwrap_or(self.columns.len());
        if number == COLUMNS_MAX {
            return Err(Fault::TooMany(COLUMNS_MAX, "columns"));
        }
        if known.is_none() {
            self.columns.push(Named { name: name.to_owned(), at });
        }
        self.graph.add(Node::Column(number as u16))
    }

    fn plan(self) -> Located<(Plan, Vec<Named>)> {
        if self.columns.is_empty() {
            return Err((0, Fault::NoColumn));
        }
        let columns = self.columns.len() as u16;
        let program = |root, aggregates| self.graph.program(root, columns, aggregates).map_err(|fault| (0, fault));
        let mut inputs: Vec<(usize, Input)> = Vec::new();
        let mut measures = Vec::new();
        for &(aggregate, of) in &self.measures {
            let known = inputs.iter().position(|(root, _)| *root == of);
            let input = known.unwrap_or(inputs.len());
            if known.is_none() {
                inputs.push((of, Input::new(program(of, 0)?)));
            }
            inputs[input].1.ask(aggregate);
            measures.push(Measure { aggregate, input });
        }
        let root = self.values.last().copied().unwrap_or_default();
        let program = program(root, self.measures.len() as u16)?;
        Ok((Plan { inputs: inputs.into_iter().map(|(_, input)| input).collect(), measures, program }, self.columns))
    }
}
