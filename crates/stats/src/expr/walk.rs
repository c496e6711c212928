//! Steps that go on with the value before, put together: their rows are walked over once, and what is in between stays in registers
//! of the processor.

use super::program::{Binary, Operand, Step, Unary};

/// One walk over the rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Walk {
    /// The value that it begins with.
    pub(super) from: Operand,
    /// What becomes of it, one after the other.
    pub(super) links: Vec<Link>,
    /// The register to write.
    pub(super) to: u16,
}

/// What becomes of the value at hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Link {
    /// `operation(value)`.
    Unary(Unary),
    /// `operation(value, value)`.
    Both(Binary),
    /// `operation(value, other)`.
    Left(Binary, Operand),
    /// `operation(other, value)`.
    Right(Binary, Operand),
}

impl Link {
    /// Whether it takes long enough to hide the way to memory, which shorter ones leave to the processor.
    pub(super) const fn is_slow(&self) -> bool {
        match self {
            Self::Unary(operation) => matches!(operation, Unary::Exp | Unary::Ln),
            Self::Both(operation) | Self::Left(operation, _) | Self::Right(operation, _) => {
                matches!(operation, Binary::Power)
            }
        }
    }

    /// How a step goes on with what stands at `value`, if that is what it reads.
    fn with(step: &Step, value: Operand) -> Option<Self> {
        match *step {
            Step::Unary { operation, of, .. } => (of == value).then_some(Self::Unary(operation)),
            Step::Binary { operation, left, right, .. } => match (left == value, right == value) {
                (true, true) => Some(Self::Both(operation)),
                (true, false) => Some(Self::Left(operation, right)),
                (false, true) => Some(Self::Right(operation, left)),
                (false, false) => None,
            },
        }
    }
}

/// The walks that take these steps, whose last gives `result`; one that only copies where there is no step.
pub(super) fn walks(steps: &[Step], result: Operand) -> Vec<Walk> {
    let mut walks: Vec<Walk> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        if let Some(walk) = walks.last_mut() {
            let value = Operand::Register(walk.to);
            if let Some(link) = Link::with(step, value)
                && !is_read(&steps[at + 1..], walk.to)
            {
                walk.links.push(link);
                walk.to = step.to();
                continue;
            }
        }
        let from = match *step {
            Step::Unary { of, .. } => of,
            Step::Binary { left, .. } => left,
        };
        walks.push(Walk { from, links: Link::with(step, from).into_iter().collect(), to: step.to() });
    }
    if walks.is_empty() {
        walks.push(Walk { from: result, links: Vec::new(), to: 0 });
    }
    walks
}

/// Whether a register is read before it is written; the result, which the last step writes, is none that an earlier one left.
fn is_read(steps: &[Step], register: u16) -> bool {
    for step in steps {
        if step.operands().any(|operand| operand == Operand::Register(register)) {
            return true;
        }
        if step.to() == register {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{super::parse::parse, *};

    fn walks_of(text: &str) -> Vec<(Operand, usize)> {
        let (plan, _) = parse(text).unwrap();
        let program = plan.program;
        walks(program.steps(), program.result()).iter().map(|walk| (walk.from, walk.links.len())).collect()
    }

    #[test]
    fn a_density_is_one_walk() {
        assert_eq!(walks_of("exp(-0.5 * ((x - 16) / 7)^2) / 3"), [(Operand::Column(0), 6)]);
    }

    #[test]
    fn what_is_needed_again_is_kept() {
        // y = x + 1 is read by both logarithms: one walk for it, one for each, of which the second also adds.
        let walks = walks_of("ln(x + 1) + ln(2 - (x + 1))");
        assert_eq!(walks.iter().map(|(_, links)| links).sum::<usize>(), 5);
        assert_eq!(walks.len(), 3, "{walks:?}");
    }

    #[test]
    fn a_column_alone_is_copied() {
        assert_eq!(walks_of("x"), [(Operand::Column(0), 0)]);
    }
}
