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
//!
//! The stages, in the order they run:
//! 1. [`affine`]: positions as functions of the loops;
//! 2. [`solve`]: the target's positions become loops. Where that cannot be, parts are added one after the other
//!    ([`scatter`]); where it would be mostly zeros, products are ([`spread`]); where they lie apart, by way of a buffer
//!    ([`mod@transposed`]);
//! 3. [`gather`]: every source becomes an array without edges, itself or a [`buffer`], block by block ([`blocks`]), and
//!    without steps along rows ([`classes`]), some with another axis innermost ([`mod@turned`]); [`results`] says where the
//!    sums are formed. Where [`channels`] are adjacent, nothing of it is needed, and neither where vectors are along the
//!    source without windows ([`broadcast`]), nor where kernels are told what of a vector is outside ([`positions`]);
//! 4. the kernels that all nests have, some by way of a [`stencil`]; so are nests without edges at once ([`mod@direct`]).
//!
//! What ways take is compared in the units of [`tiles`].
//!
//! A zero stands for what is not there. Whether it is multiplied depends on the way: by something infinite it makes a sum no
//! number, or nothing.

#![allow(unsafe_code)]

mod affine;
mod blocks;
mod broadcast;
mod buffer;
#[cfg(target_arch = "x86_64")]
mod channels;
mod classes;
mod direct;
mod edges;
#[cfg(target_arch = "x86_64")]
mod fetch;
pub(crate) mod few;
mod gather;
#[cfg(target_arch = "x86_64")]
mod positions;
mod results;
#[cfg(target_arch = "x86_64")]
mod rows;
mod scatter;
#[cfg(target_arch = "x86_64")]
mod short;
mod solve;
mod spread;
mod stencil;
#[cfg(target_arch = "x86_64")]
mod taps;
#[cfg(test)]
mod tests;
mod tiles;
mod transposed;
mod turned;

use crate::kernel::level::Level;
use crate::kernel::raw::{RawKernels, RawMode, RawRead};
use crate::kernel::{Dim, Dims};
use affine::Affine;

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
    kernels: &RawKernels,
    nest: &Windowed<'_, P>,
    sources: [RawRead; P],
    out: *mut u8,
    mode: RawMode,
) {
    // All that follows is compiled once: one source is two, of which the second has no axes and is not read.
    let second = if P == 2 { nest.sources[1] } else { &[] };
    let kernel = if P == 2 { product } else { sum };
    let sources = [sources[0], sources[P - 1]];
    let nest =
        Windowed { extents: nest.extents, sources: [nest.sources[0], second], target: nest.target };
    let job = Job { kernels, kernel, is_single: P == 1, sources, out, mode };
    // SAFETY: the caller's duties.
    unsafe { solve::solve(&job, Affine::of(&nest)) }
}

/// Runs a kernel of the table.
type RunKernel = unsafe fn(&RawKernels, &mut Dims<2>, [RawRead; 2], *mut u8, RawMode);

/// # Safety
///
/// As [`RawKernels::binary`].
unsafe fn product(
    kernels: &RawKernels,
    dims: &mut Dims<2>,
    sources: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duties.
    unsafe { kernels.binary(dims, sources, out, mode) }
}

/// # Safety
///
/// As [`RawKernels::unary`], for the first source: the other one is not read.
unsafe fn sum(
    kernels: &RawKernels,
    dims: &mut Dims<2>,
    [source, _]: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
) {
    let single = |d: &Dim<2>| Dim {
        extent: d.extent,
        out: d.out,
        sources: [d.sources[0]],
        summed: d.summed,
    };
    let mut dims: Dims<1> = dims.iter().map(single).collect();
    // SAFETY: the caller's duties.
    unsafe { kernels.unary(&mut dims, source, out, mode) }
}

/// The most results that use an element of a source at a point of a window of what is a stencil.
pub(crate) const STENCIL: usize = 2;

/// Whether results are formed by [`rows`], for so many that use an element of a source.
fn is_stencil(results: usize) -> bool {
    results <= STENCIL && Level::current() >= Level::Avx2
}

/// The arrays of a nest, and what happens to them.
struct Job<'j> {
    kernels: &'j RawKernels,
    kernel: RunKernel,
    /// Whether the second source is none.
    is_single: bool,
    sources: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
}

impl Job<'_> {
    /// Returns the place in the target at an offset in elements.
    fn out_at(&self, offset: isize) -> *mut u8 {
        self.out.wrapping_offset(offset.wrapping_mul(self.kernels.element.size().cast_signed()))
    }

    /// Returns the place in a source at an offset in elements.
    fn source_at(&self, p: usize, offset: isize) -> *const u8 {
        let size = self.kernels.element.size().cast_signed();
        self.sources[p].ptr.wrapping_offset(offset.wrapping_mul(size))
    }
}
