//! Special functions: of vectors where rows are made anew by them, else of one number.

mod beta;
mod exp;
mod gamma;
mod ln;
mod normal;
#[cfg(test)]
pub(crate) mod oracle;
mod power;
mod tails;
mod twofold;

pub(crate) use beta::incomplete_beta;
pub(crate) use exp::{WHOLE, exp_in_range, exp_of, exp_sum};
pub use gamma::gamma;
pub(crate) use ln::{COUNTER, ln, ln_1p_of, ln_of};
pub(crate) use normal::normal_beyond;
pub(crate) use power::{SIZE, power, power_of};
pub(crate) use tails::{beyond, fisher_beyond, normal_quantile, student_both};
pub(crate) use twofold::{Twofold, product, sum, times};
