//! Kernels whose weights decay: their parameters, and how they write.

use crate::{
    partials::{Decayed, Weighted},
    special::exp_of,
};
use echoes_kernel::{Emit, Needs, Piece, Reject, Result};
use std::f64::consts::LN_2;

/// What `ln 2` has beyond its double.
const LN_2_REST: f64 = 2.319_046_813_846_299_6e-17;

/// A kernel's struct with the parameters that all decaying weights have, its own behind them.
macro_rules! decaying {
    (
        $(#[$meta:meta])*
        pub struct $kernel:ident {
            $($(#[$own_meta:meta])* pub $own:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[$meta])*
        ///
        /// Exactly one of `alpha`, `com`, `span` and `halflife` says how fast weights decay: a row later, `1 − α` of
        /// one is left. A missing row or NaN is no value, whatever `nan` says: its row has the answer of the row before
        /// it, as in pandas.
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $kernel {
            /// The smoothing factor `α`, above 0, 1 at most.
            #[serde(default)]
            #[schemars(range(min = 0.0, max = 1.0))]
            pub alpha: Option<f64>,
            /// The center of mass, 0 or more: `α = 1 / (1 + com)`.
            #[serde(default)]
            #[schemars(range(min = 0.0))]
            pub com: Option<f64>,
            /// The span, 1 or more: `α = 2 / (1 + span)`.
            #[serde(default)]
            #[schemars(range(min = 1.0))]
            pub span: Option<f64>,
            /// The rows after which half of a weight is left, more than 0: `1 − α = 2^(−1 / halflife)`.
            #[serde(default)]
            #[schemars(range(min = 0.0))]
            pub halflife: Option<f64>,
            /// Whether to divide by the weights that there are, because those of the first rows lack what came before;
            /// else the first value stands for all before it: `y ← (1 − α) y + α x`. True if not given.
            #[serde(default = "yes")]
            pub adjust: bool,
            /// Whether weights decay from value to value, instead of from row to row.
            #[serde(default)]
            pub ignore_na: bool,
            /// Values that must have been there for an answer; one of them in any case.
            #[serde(default)]
            pub min_periods: u32,
            $($(#[$own_meta])* pub $own: $type,)*
        }

        impl $kernel {
            /// The kernel with a smoothing factor, everything else by default.
            pub const fn of(alpha: f64) -> Self {
                Self {
                    alpha: Some(alpha),
                    com: None,
                    span: None,
                    halflife: None,
                    adjust: true,
                    ignore_na: false,
                    min_periods: 0,
                    $($own: $default,)*
                }
            }

            fn decay(&self) -> echoes_kernel::Result<$crate::partials::Decay> {
                let speed = $crate::decay::Speed {
                    alpha: self.alpha, com: self.com, span: self.span, halflife: self.halflife,
                };
                let [left, alpha] = speed.shares()?;
                Ok($crate::partials::Decay::new(left, alpha, self.adjust, self.ignore_na))
            }
        }

        const fn yes() -> bool {
            true
        }
    };
}
pub(crate) use decaying;

/// How fast weights decay, said in one of four ways.
pub(crate) struct Speed {
    pub(crate) alpha: Option<f64>,
    pub(crate) com: Option<f64>,
    pub(crate) span: Option<f64>,
    pub(crate) halflife: Option<f64>,
}

impl Speed {
    /// What is left of a weight a row later, and what is not.
    pub(crate) fn shares(&self) -> Result<[f64; 2]> {
        let refuse = |name, value: f64, expected| Err(Reject::Parameter { name, value: value.to_string(), expected });
        match (self.alpha, self.com, self.span, self.halflife) {
            (Some(alpha), None, None, None) if alpha > 0.0 && alpha <= 1.0 => Ok([1.0 - alpha, alpha]),
            (Some(alpha), None, None, None) => refuse("alpha", alpha, "above 0 and 1 at most"),
            (None, Some(com), None, None) if (0.0..f64::INFINITY).contains(&com) => {
                Ok([com / (1.0 + com), 1.0 / (1.0 + com)])
            }
            (None, Some(com), None, None) => refuse("com", com, "a number from 0 on"),
            (None, None, Some(span), None) if (1.0..f64::INFINITY).contains(&span) => {
                Ok([(span - 1.0) / (span + 1.0), 2.0 / (span + 1.0)])
            }
            (None, None, Some(span), None) => refuse("span", span, "a number from 1 on"),
            (None, None, None, Some(halflife)) if halflife > 0.0 && halflife < f64::INFINITY => {
                let (high, low) = (-LN_2 / halflife, -LN_2_REST / halflife);
                let left = exp_of(high, low);
                Ok([left, 1.0 - left])
            }
            (None, None, None, Some(halflife)) => refuse("halflife", halflife, "a number above 0"),
            _ => {
                let given = [self.alpha, self.com, self.span, self.halflife].iter().flatten().count();
                let value = if given == 0 { "none" } else { "more than one" }.to_owned();
                Err(Reject::Parameter {
                    name: "alpha",
                    value,
                    expected: "exactly one of `alpha`, `com`, `span`, `halflife`",
                })
            }
        }
    }
}

/// Writes what the rows up to each come to.
pub(crate) struct Decaying {
    pub(crate) min_periods: u32,
    pub(crate) bias: bool,
}

impl<W: Weighted> Emit<Decayed<W>> for Decaying {
    fn needs(&self) -> Needs {
        // Who has neighbours sees missing rows too.
        Needs { before: true, behind: 1, ahead: 0 }
    }

    fn emit(&self, before: &Decayed<W>, piece: &Piece<'_>, out: &mut [&mut [f64]]) {
        let mut running = before.running();
        let wanted = u64::from(self.min_periods.max(1));
        for ((row, &x), out) in (piece.start..).zip(piece.own(0)).zip(&mut *out[0]) {
            running.add(row, x);
            *out = if running.values >= wanted { running.total.answer(self.bias) } else { f64::NAN };
        }
    }
}
