//! What a call computes, as constants of emitted code: the terms of its arrays, and the loop nests that make its results.
//!
//! Indices, loops, axes, and arrays are numbers of one byte, so that lists of them are byte strings, which cost rustc
//! next to nothing. Nothing here is trusted: wherever a number is used it is compared with what it counts.

use crate::source::Source;

/// No number: an axis of extent one without an index, a result that is no existing array.
pub const NONE: u8 = u8::MAX;

/// From this number on, but for [`NONE`], an axis has the number of a window instead of that of an index or loop.
pub const WINDOWS: u8 = 200;

/// A call.
#[derive(Debug)]
pub struct Program {
    /// The label of each named index.
    pub labels: &'static [&'static str],
    /// The indices whose extents the options give, in their order.
    pub given: &'static [u8],
    /// The axes that run along several indices.
    pub windows: &'static [Window],
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
    /// Its named axes: an index each, a window from [`WINDOWS`] on, or [`NONE`] for an axis written `1`.
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
    /// For each named axis of the target its loop, a window from [`WINDOWS`] on, or [`NONE`] for one of extent one. Axes of
    /// one loop make a diagonal.
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
    /// For each named axis its loop, a window from [`WINDOWS`] on, or [`NONE`] for one of extent one. Axes of one loop make
    /// a diagonal; an axis that a loop lacks is broadcast.
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

/// An axis along several indices: a window, whose positions are `Σ factor · scale · index + offset`, or a composed axis, whose
/// positions are those of all its indices, the last one fastest.
#[derive(Debug)]
pub struct Window {
    /// As written, without parentheses.
    pub(crate) text: &'static str,
    /// An index may occur in several terms.
    pub(crate) indices: &'static [u8],
    /// What the positions of a window are; `None` for a composed axis.
    pub(crate) terms: Option<Terms>,
}

/// The coefficients of a window.
#[derive(Debug)]
pub(crate) struct Terms {
    /// One an index, positive.
    pub(crate) factors: &'static [usize],
    /// One an index: the index whose extent multiplies the factor, or [`NONE`].
    pub(crate) scales: &'static [u8],
    /// The position where all indices are at 0. Where it is negative, positions outside of the axis are read as zeros.
    pub(crate) offset: isize,
    /// The array and the number of the named axis that the window was written for. A gradient of the array, and a tangent,
    /// have the same extent there.
    pub(crate) site: &'static [u8; 2],
}

impl Window {
    /// Returns a window.
    #[must_use]
    pub const fn new(
        text: &'static str,
        indices: &'static [u8],
        factors: &'static [usize],
        scales: &'static [u8],
        offset: isize,
        site: &'static [u8; 2],
    ) -> Self {
        Window { text, indices, terms: Some(Terms { factors, scales, offset, site }) }
    }

    /// Returns a composed axis.
    #[must_use]
    pub const fn composed(text: &'static str, indices: &'static [u8]) -> Self {
        Window { text, indices, terms: None }
    }

    /// The position where all indices are at 0.
    pub(crate) fn offset(&self) -> isize {
        self.terms.as_ref().map_or(0, |terms| terms.offset)
    }

    /// Returns how many positions lie between one of term `number`'s index and the next; `None` if they are more than
    /// `isize::MAX`.
    pub(crate) fn coefficient(&self, number: usize, extents: &[usize]) -> Option<usize> {
        let extent = |index: u8| extents[usize::from(index)];
        let coefficient = match &self.terms {
            Some(Terms { factors, scales, .. }) => match scales[number] {
                NONE => Some(factors[number]),
                scale => factors[number].checked_mul(extent(scale)),
            },
            None => product(self.indices[number + 1..].iter().map(|&index| extent(index))),
        };
        coefficient.filter(|&coefficient| isize::try_from(coefficient).is_ok())
    }

    /// Returns the extent of a composed axis; `None` if it is more than `isize::MAX`.
    pub(crate) fn composed_extent(&self, extents: &[usize]) -> Option<usize> {
        product(self.indices.iter().map(|&index| extents[usize::from(index)]))
    }
}

/// Returns the product of extents, which is 0 if one of them is; `None` if it is more than `isize::MAX`.
pub(crate) fn product(mut extents: impl Iterator<Item = usize> + Clone) -> Option<usize> {
    if extents.clone().any(|extent| extent == 0) {
        return Some(0);
    }
    let product = extents.try_fold(1_usize, usize::checked_mul)?;
    isize::try_from(product).is_ok().then_some(product)
}

impl Program {
    /// Returns the window of an axis' number, if it is that of one.
    ///
    /// # Panics
    ///
    /// If there is no such window.
    #[inline]
    pub(crate) fn window(&self, axis: u8) -> Option<&'static Window> {
        if axis < WINDOWS || axis == NONE {
            return None;
        }
        Some(&self.windows[usize::from(axis - WINDOWS)])
    }
}
