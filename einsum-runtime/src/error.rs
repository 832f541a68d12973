//! The one run-time error: shapes that do not fit the terms.

use core::fmt;

use crate::source::{AxisExtent, Source};

/// The shapes of the arrays do not fit the terms of an einsum.
///
/// Its text names the label, the arrays, their axes, and their extents. Nothing was computed or written.
#[derive(Clone, PartialEq, Eq)]
pub struct ShapeError {
    problem: Box<Problem>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Two axes of one label have different extents.
    Extents { label: &'static str, first: AxisExtent, second: AxisExtent },
    /// An array of dynamic rank has `found` axes; its term has `named` axes, or at least that many.
    Rank { source: Source, found: usize, named: usize, ellipsis: bool },
    /// An axis written `1` has another extent.
    Unit { at: AxisExtent },
    /// Two axes of the ellipsis are neither equal nor 1.
    Broadcast { first: AxisExtent, second: AxisExtent },
    /// An axis of the output's ellipsis is not what the operands broadcast to.
    BroadcastResult { at: AxisExtent, broadcast: usize },
    /// The output's ellipsis does not have as many axes as the operands broadcast to.
    BroadcastRank { source: Source, found: usize, broadcast: usize },
    /// The result does not fit in memory.
    TooLarge { extents: Vec<usize> },
}

impl ShapeError {
    #[cold]
    #[inline(never)]
    pub(crate) fn new(problem: Problem) -> Self {
        ShapeError { problem: Box::new(problem) }
    }

    /// Returns the label whose extents disagree, `...` for an ellipsis, and `None` if the error is not about a label.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        match &*self.problem {
            Problem::Extents { label, .. } => Some(label),
            Problem::Broadcast { .. }
            | Problem::BroadcastResult { .. }
            | Problem::BroadcastRank { .. } => Some("..."),
            Problem::Unit { .. } => Some("1"),
            Problem::Rank { .. } | Problem::TooLarge { .. } => None,
        }
    }

    /// Returns the two extents that disagree, in the order in which the text gives them.
    #[must_use]
    pub fn extents(&self) -> Option<(usize, usize)> {
        match &*self.problem {
            Problem::Extents { first, second, .. } | Problem::Broadcast { first, second } => {
                Some((first.extent, second.extent))
            }
            Problem::BroadcastResult { at, broadcast } => Some((at.extent, *broadcast)),
            Problem::Unit { at } => Some((at.extent, 1)),
            Problem::BroadcastRank { .. } | Problem::Rank { .. } | Problem::TooLarge { .. } => None,
        }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.problem {
            Problem::Extents { label, first, second } => {
                write!(f, "extents of `{label}` disagree: {first}, but {second}")
            }
            Problem::Rank { source, found, named, ellipsis } => {
                let (found, term) = (Axes(*found), source.term());
                let needs = if *ellipsis { "needs at least" } else { "has" };
                write!(f, "{source} has {found}, but its term `{term}` {needs} {named}")
            }
            Problem::Unit { at } => write!(
                f,
                "axis {} of {} is written `1`, but its extent is {}",
                at.axis, at.source, at.extent
            ),
            Problem::Broadcast { first, second } => {
                write!(f, "axes of `...` do not broadcast: {first}, but {second}")
            }
            Problem::BroadcastResult { at, broadcast } => write!(
                f,
                "axes of `...` disagree: {at}, but {broadcast} after broadcasting the operands"
            ),
            Problem::BroadcastRank { source, found, broadcast } => {
                let found = Axes(*found);
                write!(f, "{source} has {found} for `...`, but the operands have {broadcast}")
            }
            Problem::TooLarge { extents } => {
                write!(f, "the result has too many elements: its extents are {extents:?}")
            }
        }
    }
}

impl fmt::Debug for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShapeError({:?})", self.to_string())
    }
}

impl core::error::Error for ShapeError {}

/// A number of axes, in words.
struct Axes(usize);

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "axis" } else { "axes" };
        write!(f, "{} {plural}", self.0)
    }
}
