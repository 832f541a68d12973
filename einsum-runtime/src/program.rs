//! What a call computes, as constants of emitted code: the terms of its arrays, and for each result the loop nests that
//! make it.
//!
//! Indices, loops, axes, and arrays are numbers of one byte, so that lists of them are byte strings, which cost rustc
//! next to nothing. Nothing here is trusted: wherever a number is used it is compared with what it counts.

use crate::source::Source;

/// No number: an axis of extent one without an index, a term without an ellipsis.
pub const NONE: u8 = u8::MAX;

/// A call.
#[derive(Debug)]
pub struct Program {
    /// The label of each named index.
    pub labels: &'static [&'static str],
    /// The indices whose extents the options give, in their order.
    pub given: &'static [u8],
    /// The operands; then the cotangent or the existing output, if there is one.
    pub arrays: &'static [Array],
    /// What is computed.
    pub products: &'static [Product],
}

/// An array of the call.
#[derive(Debug)]
pub struct Array {
    /// Its role and its words in the user's source.
    pub source: Source,
    /// Its named axes: an index each, or [`NONE`] for an axis written `1`.
    pub axes: &'static [u8],
    /// How many of them stand before the ellipsis; [`NONE`] without one.
    pub before: u8,
}

/// A result. Each of its bodies computes it; which is the cheapest depends on the extents.
#[derive(Debug)]
pub struct Product {
    /// At least one.
    pub bodies: &'static [&'static [Nest]],
    /// The array whose ellipsis the result has, as a gradient has its operand's; [`NONE`] if it is the broadcast of those
    /// that go into it.
    pub like: u8,
}

/// A loop nest: `target[…] = Σ Π sources[…]`. The last nest of a body makes its result, nest `n` before it intermediate
/// `n`.
#[derive(Debug)]
pub struct Nest {
    /// The indices of the loops that the target keeps.
    pub kept: &'static [u8],
    /// The indices of the loops that are summed over, numbered on after those that are kept.
    pub summed: &'static [u8],
    /// One or two.
    pub sources: &'static [Access],
    /// For each named axis of the target its loop, or [`NONE`] for one of extent one. Axes of one loop make a diagonal.
    pub target: &'static [u8],
    /// How many of these stand before the ellipsis; [`NONE`] without one.
    pub before: u8,
}

/// How a nest reads an array or intermediate.
#[derive(Debug)]
pub struct Access {
    /// Which: arrays first, then intermediates.
    pub tensor: u8,
    /// Whether its elements are conjugated.
    pub conj: bool,
    /// For each named axis its loop, or [`NONE`] for one of extent one. Axes of one loop make a diagonal; an axis that a
    /// loop lacks is broadcast.
    pub loops: &'static [u8],
}
