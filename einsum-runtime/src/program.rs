//! What a call computes, as constants of emitted code: the terms of its arrays, and the loop nests that make its results.
//!
//! Indices, loops, axes, and arrays are numbers of one byte, so that lists of them are byte strings, which cost rustc
//! next to nothing. Nothing here is trusted: wherever a number is used it is compared with what it counts.

use crate::source::Source;

/// No number: an axis of extent one without an index, a result that is no existing array.
pub const NONE: u8 = u8::MAX;

/// A call.
#[derive(Debug)]
pub struct Program {
    /// The label of each named index.
    pub labels: &'static [&'static str],
    /// The indices whose extents the options give, in their order.
    pub given: &'static [u8],
    /// The operands; then the cotangent, the tangents, and the existing outputs, as far as there are any.
    pub arrays: &'static [Array],
    /// For each result the existing array that it goes to, or [`NONE`] for a new one.
    pub results: &'static [u8],
    /// Each of them makes all results, nest by nest; which is the cheapest depends on the extents. At least one.
    pub bodies: &'static [&'static [Nest]],
}

/// An array of the call.
#[derive(Debug)]
pub struct Array {
    /// Its role and its words in the user's source.
    pub source: Source,
    /// Its named axes: an index each, or [`NONE`] for an axis written `1`.
    pub axes: &'static [u8],
    /// Empty without an ellipsis. Else how many of the named axes stand before it, and for all but an operand the arrays
    /// whose ellipses broadcast to exactly this one.
    pub ellipsis: &'static [u8],
}

/// A loop nest: `target[…] += Σ Π sources[…]`, where the first nest of a target assigns.
#[derive(Debug)]
pub struct Nest {
    /// The target: results first, then intermediates, each of which is made before it is read and before the next one is.
    pub into: u16,
    /// The indices of the loops that the target keeps.
    pub kept: &'static [u8],
    /// The indices of the loops that are summed over, numbered on after those that are kept.
    pub summed: &'static [u8],
    /// One or two; without any the target becomes zero.
    pub sources: &'static [Access],
    /// For each named axis of the target its loop, or [`NONE`] for one of extent one. Axes of one loop make a diagonal.
    pub target: &'static [u8],
    /// Empty without an ellipsis. Else how many of the target's named axes stand before it, and the arrays to whose
    /// broadcast it extends.
    pub ellipsis: &'static [u8],
}

/// How a nest reads an array or intermediate.
#[derive(Debug)]
pub struct Access {
    /// Which: arrays first, then intermediates.
    pub tensor: u16,
    /// Whether its elements are conjugated.
    pub conj: bool,
    /// For each named axis its loop, or [`NONE`] for one of extent one. Axes of one loop make a diagonal; an axis that a
    /// loop lacks is broadcast.
    pub loops: &'static [u8],
}

impl Array {
    pub(crate) fn has_ellipsis(&self) -> bool {
        !self.ellipsis.is_empty()
    }

    /// How many named axes stand before the ellipsis.
    pub(crate) fn before(&self) -> usize {
        self.ellipsis.first().map_or(usize::MAX, |&before| usize::from(before))
    }
}

impl Nest {
    pub(crate) fn has_ellipsis(&self) -> bool {
        !self.ellipsis.is_empty()
    }

    /// How many named axes of the target stand before the ellipsis.
    pub(crate) fn before(&self) -> usize {
        self.ellipsis.first().map_or(usize::MAX, |&before| usize::from(before))
    }

    /// Whether this is one of the nests that read or write a tensor: its number among sources, and among targets.
    pub(crate) fn uses(&self, source: u16, target: usize) -> bool {
        usize::from(self.into) == target
            || self.sources.iter().any(|access| access.tensor == source)
    }
}
