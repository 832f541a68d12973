//! Nests whose axes are affine in their loops: windows, padded or not, in sources and in the target.
//!
//! An axis is read or written at the position `Σ coefficient · loop + offset`. The nest computes
//!
//! ```text
//! target[t] = Σ over all points of the loops at which the target's positions are t of  Π over p of source_p[…]
//! ```
//!
//! where a source is zero outside its axes, and points at which the target's position is outside its axes count for
//! nothing. A position of the target that no point reaches has an empty sum.

#![allow(unsafe_code)]

use crate::kernel::raw::{RawKernels, RawMode, RawRead};

/// A nest over `P` sources, one or two. The positions of any axis may lie outside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windowed<'w, const P: usize> {
    /// The extents of the loops.
    pub(crate) extents: &'w [usize],
    /// The axes of every source.
    pub(crate) sources: [&'w [Axis<'w>]; P],
    pub(crate) target: &'w [Axis<'w>],
}

/// An axis of an array, and where the loops are in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis<'w> {
    pub(crate) extent: usize,
    /// In elements.
    pub(crate) stride: isize,
    /// The loops that move along the axis; a loop may occur more than once.
    pub(crate) terms: &'w [Term],
    /// The position where all loops are at 0.
    pub(crate) offset: isize,
}

/// A loop that moves along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// The loop's number in [`Windowed::extents`].
    pub(crate) number: u8,
    /// The positions from one point of the loop to the next.
    pub(crate) coefficient: isize,
}

/// Runs a nest. All of the target is written.
///
/// # Safety
///
/// For elements of the kernels' type,
/// - every source can be read at all positions of its axes;
/// - the target can be written at all positions of its axes, at which it has different elements, and holds values unless
///   the mode is an assignment; no source overlaps it;
/// - factors of the mode can be read.
///
/// # Panics
///
/// If a term's loop does not exist, or a position is not representable.
pub(crate) unsafe fn run<const P: usize>(
    _kernels: &RawKernels,
    _nest: &Windowed<'_, P>,
    _sources: [RawRead; P],
    _out: *mut u8,
    _mode: RawMode,
) {
    todo!()
}
