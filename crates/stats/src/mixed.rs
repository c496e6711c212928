//! A hash of whole numbers: the end of SplitMix64, D. Stafford's variant 13.

/// A number in which every bit depends on every bit of `x`; different for different `x`.
#[inline(always)]
pub(crate) const fn mixed(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}
