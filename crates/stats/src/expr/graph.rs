//! The values of an expression, each once; what is known beforehand is computed beforehand.

use super::{
    error::Fault,
    evaluate,
    program::{Binary, Operand, Parts, Program, STEPS_MAX, Step, Unary},
};
use std::collections::HashMap;

/// A value and what it is made of. Numbers are kept as bits, so that equal values can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Column(u16),
    Constant(u64),
    Aggregate(u16),
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
}

/// Values; each is made of earlier ones.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, usize>,
}

impl Graph {
    pub(super) fn add(&mut self, node: Node) -> Result<usize, Fault> {
        if let Some(&known) = self.known.get(&node) {
            return Ok(known);
        }
        if self.nodes.len() == STEPS_MAX {
            return Err(Fault::TooMany(STEPS_MAX, "steps"));
        }
        self.nodes.push(node);
        self.known.insert(node, self.nodes.len() - 1);
        Ok(self.nodes.len() - 1)
    }

    pub(super) fn constant(&mut self, x: f64) -> Result<usize, Fault> {
        self.add(Node::Constant(x.to_bits()))
    }

    fn known(&self, of: usize) -> Option<f64> {
        match self.nodes[of] {
            Node::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    pub(super) fn unary(&mut self, operation: Unary, of: usize) -> Result<usize, Fault> {
        match self.known(of) {
            Some(x) => self.constant(evaluate::unary(operation, x)),
            None => self.add(Node::Unary(operation, of)),
        }
    }

    pub(super) fn binary(&mut self, operation: Binary, left: usize, right: usize) -> Result<usize, Fault> {
        match (operation, self.known(left), self.known(right)) {
            // One operation, which rounds once.
            (Binary::Power, _, Some(0.0)) => self.constant(1.0),
            (Binary::Power, _, Some(1.0)) => Ok(left),
            (Binary::Power, _, Some(2.0)) => self.binary(Binary::Multiply, left, left),
            (Binary::Power, _, Some(-1.0)) => {
                let one = self.constant(1.0)?;
                self.binary(Binary::Divide, one, left)
            }
            (_, Some(a), Some(b)) => self.constant(evaluate::binary(operation, a, b)),
            // The same bits, whatever the value.
            (Binary::Multiply | Binary::Divide, _, Some(1.0)) => Ok(left),
            (Binary::Multiply, Some(1.0), _) => Ok(right),
            (Binary::Subtract, _, Some(b)) if b.to_bits() == 0 => Ok(left),
            _ => self.add(Node::Binary(operation, left, right)),
        }
    }

    /// The program that computes value `root`.
    pub(super) fn program(&self, root: usize, columns: u16, aggregates: u16) -> Result<Program, Fault> {
        let last_uses = self.last_uses(root);
        let mut parts = Parts {
            columns,
            constants: Vec::new(),
            aggregates,
            registers: 0,
            steps: Vec::new(),
            result: Operand::Constant(0),
        };
        let mut places: Vec<Option<Operand>> = vec![None; root + 1];
        let mut free: Vec<u16> = Vec::new();
        let place_of = |places: &[Option<Operand>], of: usize| places[of].unwrap_or(Operand::Constant(0));
        for at in (0..=root).filter(|&at| last_uses[at].is_some()) {
            let node = self.nodes[at];
            if let Some(place) = leaf(node, &mut parts.constants) {
                places[at] = Some(place);
                continue;
            }
            let to = free.pop().unwrap_or_else(|| {
                parts.registers += 1;
                parts.registers - 1
            });
            places[at] = Some(Operand::Register(to));
            let (first, second) = match node {
                Node::Unary(operation, of) => {
                    parts.steps.push(Step::Unary { operation, to, of: place_of(&places, of) });
                    (of, None)
                }
                Node::Binary(operation, left, right) => {
                    let (from, with) = (place_of(&places, left), place_of(&places, right));
                    parts.steps.push(Step::Binary { operation, to, left: from, right: with });
                    (left, Some(right).filter(|right| *right != left))
                }
                _ => continue,
            };
            for of in std::iter::once(first).chain(second).filter(|&of| last_uses[of] == Some(at)) {
                if let Some(Operand::Register(register)) = places[of] {
                    free.push(register);
                }
            }
        }
        parts.result = place_of(&places, root);
        parts.try_into()
    }

    /// For each value that `root` needs, the last one that is made of it; `root` itself is used in the end.
    fn last_uses(&self, root: usize) -> Vec<Option<usize>> {
        let mut last = vec![None; root + 1];
        last[root] = Some(usize::MAX);
        for at in (0..=root).rev() {
            if last[at].is_none() {
                continue;
            }
            let (first, second) = match self.nodes[at] {
                Node::Unary(_, of) => (of, of),
                Node::Binary(_, left, right) => (left, right),
                _ => continue,
            };
            for of in [first, second] {
                last[of] = last[of].or(Some(at));
            }
        }
        last
    }
}

/// The place of a value that takes no step.
fn leaf(node: Node, constants: &mut Vec<f64>) -> Option<Operand> {
    match node {
        Node::Column(i) => Some(Operand::Column(i)),
        Node::Aggregate(i) => Some(Operand::Aggregate(i)),
        Node::Constant(bits) => {
            constants.push(f64::from_bits(bits));
            Some(Operand::Constant((constants.len() - 1) as u16))
        }
        _ => None,
    }
}
