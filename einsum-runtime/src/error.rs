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
    /// An axis has another extent than the one that a window or composed axis tells of its label.
    Told { label: &'static str, told: Told, second: AxisExtent },
    /// A window does not fit into its axis: it reads at least `needed` positions, with those of the padding on both sides.
    Fit { window: &'static str, at: AxisExtent, needed: usize, padding: usize },
    /// With the extents of its labels a window reads beyond its axis.
    Reach { window: &'static str, at: AxisExtent, position: usize, labels: Vec<Labelled> },
    /// The extent of a composed axis is not a multiple of those that are known of its labels.
    Divide { axis: &'static str, at: AxisExtent, divisor: usize, labels: Vec<Labelled> },
    /// The extents of its labels do not multiply to that of a composed axis.
    Multiply { axis: &'static str, at: AxisExtent, product: Option<usize>, labels: Vec<Labelled> },
    /// A coefficient is zero.
    ZeroCoefficient { label: &'static str },
    /// The positions of a window are not representable.
    Overflow { window: &'static str, at: AxisExtent, labels: Vec<Labelled> },
    /// The result does not fit in memory.
    TooLarge { extents: Vec<usize> },
}

/// A label with its extent.
pub(crate) type Labelled = (&'static str, usize);

/// An extent that a window or composed axis tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) extent: usize,
    /// The axis as written.
    pub(crate) window: &'static str,
    pub(crate) at: AxisExtent,
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
            Problem::Extents { label, .. }
            | Problem::Told { label, .. }
            | Problem::ZeroCoefficient { label } => Some(label),
            Problem::Broadcast { .. }
            | Problem::BroadcastResult { .. }
            | Problem::BroadcastRank { .. } => Some("..."),
            Problem::Unit { .. } => Some("1"),
            Problem::Rank { .. }
            | Problem::Fit { .. }
            | Problem::Reach { .. }
            | Problem::Divide { .. }
            | Problem::Multiply { .. }
            | Problem::Overflow { .. }
            | Problem::TooLarge { .. } => None,
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
            Problem::Told { told, second, .. } => Some((told.extent, second.extent)),
            Problem::Fit { at, needed, .. } => Some((*needed, at.extent)),
            Problem::Divide { at, divisor, .. } => Some((at.extent, *divisor)),
            Problem::Multiply { at, product, .. } => product.map(|product| (product, at.extent)),
            Problem::BroadcastRank { .. }
            | Problem::Rank { .. }
            | Problem::Reach { .. }
            | Problem::ZeroCoefficient { .. }
            | Problem::Overflow { .. }
            | Problem::TooLarge { .. } => None,
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
            Problem::Told { label, told: Told { extent, window, at }, second } => write!(
                f,
                "extents of `{label}` disagree: {extent} from `{window}` on {}, but {second}",
                Place(at)
            ),
            Problem::Fit { window, at, needed, padding } => {
                write!(f, "`{window}` does not fit on {}: ", Place(at))?;
                write!(f, "it needs {needed} positions, but there are {}", at.extent)?;
                match padding {
                    0 => Ok(()),
                    _ => write!(f, " and {padding} of padding on both sides"),
                }
            }
            Problem::Reach { window, at, position, labels } => write!(
                f,
                "`{window}` leaves {}: with {} it reads position {position}, but there are {}",
                Place(at),
                Extents(labels),
                at.extent
            ),
            Problem::Divide { axis, at, divisor, labels } => write!(
                f,
                "`{axis}` does not divide {}: with {} its extent {} is not a multiple of {divisor}",
                Place(at),
                Extents(labels),
                at.extent
            ),
            Problem::Multiply { axis, at, product, labels } => {
                write!(f, "extents of `{axis}` do not multiply to that of {}: ", Place(at))?;
                match product {
                    Some(product) => write!(f, "{product} ")?,
                    None => f.write_str("too many ")?,
                }
                write!(f, "with {}, but {}", Extents(labels), at.extent)
            }
            Problem::ZeroCoefficient { label } => {
                write!(f, "the coefficient `{label}` is 0, which leaves a window at one position")
            }
            Problem::Overflow { window, at, labels } => write!(
                f,
                "`{window}` on {} reads positions that are too large with {}",
                Place(at),
                Extents(labels)
            ),
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

/// An axis without its extent: ``axis 1 of operand 0 (`&a`)``.
struct Place<'a>(&'a AxisExtent);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "axis {} of {}", self.0.axis, self.0.source)
    }
}

/// Labels with their extents: `x = 4, k = 3`.
struct Extents<'a>(&'a [Labelled]);

impl fmt::Display for Extents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (label, extent)) in self.0.iter().enumerate() {
            f.write_str(if position > 0 { ", " } else { "" })?;
            write!(f, "{label} = {extent}")?;
        }
        Ok(())
    }
}
