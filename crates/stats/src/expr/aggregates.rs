//! What the aggregates of an expression need of a reading: existing partials, of expressions instead of columns.

use super::{
    evaluate::{Space, evaluate},
    program::{Aggregate, COLUMNS_MAX, Measure, Operand, Program},
};
use crate::partials::{Extrema, Moments, Order, Sum};
use echoes_kernel::{BLOCK, Block, Bundle, Column, Partial};
use serde::{Deserialize, Serialize};

/// An expression that aggregates are taken of, and the partials that they need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The expression.
    pub program: Program,
    /// Moments up to this one.
    pub moments: Option<Order>,
    /// Whether the extrema are needed.
    pub extrema: bool,
    /// Whether the sum is needed.
    pub sum: bool,
}

impl Input {
    pub(super) const fn new(program: Program) -> Self {
        Self { program, moments: None, extrema: false, sum: false }
    }

    /// Adds what `aggregate` needs.
    pub(super) fn ask(&mut self, aggregate: Aggregate) {
        match aggregate {
            Aggregate::Sum => self.sum = true,
            Aggregate::Min | Aggregate::Max => self.extrema = true,
            Aggregate::Mean => self.moments = self.moments.max(Some(Order::First)),
            Aggregate::Std => self.moments = self.moments.max(Some(Order::Second)),
        }
    }
}

/// The partials of each input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Aggregates {
    gathered: Vec<Gathered>,
    /// Where the rows of inputs are made.
    #[serde(skip)]
    space: Vec<f64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Gathered {
    program: Program,
    moments: Option<Moments>,
    extrema: Option<Extrema>,
    sum: Option<Sum>,
    #[serde(skip)]
    space: Space,
}

impl Gathered {
    fn begin(input: &Input) -> Self {
        Self {
            program: input.program.clone(),
            moments: input.moments.map(|order| Moments::begin(&order)),
            extrema: input.extrema.then(|| Extrema::begin(&())),
            sum: input.sum.then(|| Sum::begin(&())),
            space: Space::new(&input.program),
        }
    }

    fn absorb(&mut self, block: &Block<'_>, made: &mut [f64]) {
        let column = match self.program.result() {
            // As it is stored: integers stay exact.
            Operand::Column(i) => Column { values: block.values(i.into()), stored: block.stored(i.into()) },
            _ => {
                let columns: [&[f64]; COLUMNS_MAX] =
                    std::array::from_fn(|i| if i < block.columns() { block.values(i) } else { &[] });
                let columns = &columns[..block.columns().min(COLUMNS_MAX)];
                evaluate(&self.program, &mut self.space, &[], columns, made);
                Column::of(made)
            }
        };
        let columns = [column];
        let block = Block::new(&columns, 0);
        if let Some(moments) = &mut self.moments {
            Partial::absorb(moments, &block);
        }
        if let Some(extrema) = &mut self.extrema {
            Partial::absorb(extrema, &block);
        }
        if let Some(sum) = &mut self.sum {
            Partial::absorb(sum, &block);
        }
    }

    fn merge(&mut self, later: &Self) {
        if let (Some(mine), Some(theirs)) = (&mut self.moments, &later.moments) {
            Partial::merge(mine, theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.extrema, &later.extrema) {
            Partial::merge(mine, theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.sum, &later.sum) {
            Partial::merge(mine, theirs);
        }
    }

    /// The aggregate; NaN where there is none, as for no rows.
    fn value(&self, aggregate: Aggregate) -> f64 {
        let value = match aggregate {
            Aggregate::Sum => self.sum.map(|sum| sum.value().to_f64()),
            Aggregate::Mean => self.moments.and_then(|moments| moments.mean()),
            Aggregate::Std => self.moments.and_then(|moments| moments.std(0.0)),
            Aggregate::Min => self.extrema.and_then(|extrema| extrema.min()).map(|(min, _)| min.to_f64()),
            Aggregate::Max => self.extrema.and_then(|extrema| extrema.max()).map(|(max, _)| max.to_f64()),
        };
        value.unwrap_or(f64::NAN)
    }
}

impl Aggregates {
    /// The values of `measures`, in their order.
    pub(super) fn values(&self, measures: &[Measure]) -> Vec<f64> {
        let value = |measure: &Measure| self.gathered.get(measure.input).map(|of| of.value(measure.aggregate));
        measures.iter().map(|measure| value(measure).unwrap_or(f64::NAN)).collect()
    }
}

impl Partial for Aggregates {
    type Setup = Vec<Input>;
    const NAME: &'static str = "aggregates/3";

    fn begin(setup: &Vec<Input>) -> Self {
        Self { gathered: setup.iter().map(Gathered::begin).collect(), space: vec![0.0; BLOCK] }
    }

    fn absorb(&mut self, block: &Block<'_>) {
        // One that has travelled left its space behind.
        self.space.resize(BLOCK, 0.0);
        for gathered in &mut self.gathered {
            gathered.absorb(block, &mut self.space[..block.len()]);
        }
    }

    fn merge(&mut self, later: &Self) {
        for (mine, theirs) in self.gathered.iter_mut().zip(&later.gathered) {
            mine.merge(theirs);
        }
    }

    fn is_nothing(setup: &Vec<Input>) -> bool {
        setup.is_empty()
    }

    fn spread(setup: &Vec<Input>, bundle: &mut Bundle) {
        if !setup.is_empty() {
            bundle.add::<Self>(setup);
        }
    }

    fn gather(setup: &Vec<Input>, bundle: &Bundle) -> Option<Self> {
        if setup.is_empty() { Some(Self::begin(setup)) } else { bundle.get::<Self>(setup).cloned() }
    }
}
