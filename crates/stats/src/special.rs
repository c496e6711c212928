//! Special functions.

mod beta;

pub(crate) use beta::incomplete_beta;
