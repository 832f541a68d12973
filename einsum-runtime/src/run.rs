//! The kernels as emitted code calls them: safe, each lays its arrays along the loops and hands over to
//! [`kernel`](crate::kernel).

#![allow(unsafe_code)]

use crate::kernel::raw::{RawKernels, RawMode, RawRead};
use crate::nest::{self, Axes, Loops};
use crate::view::Along;

/// What a kernel writes to: a fresh array, a fresh scalar, or an existing array.
pub trait Target<T>: sealed::Target<T> {}

/// A target's memory while a kernel runs.
pub struct Writer<'w> {
    pub(crate) ptr: *mut u8,
    pub(crate) axes: Axes<'w>,
    pub(crate) mode: RawMode,
}

pub(crate) mod sealed {
    use super::{RawKernels, Writer};

    /// Gives a kernel its memory and turns it into the result.
    pub trait Target<T> {
        /// What the kernel returns.
        type Done;

        /// Calls `run` with the target's memory: elements `T` may be written at every position of `axes`, and read as
        /// well unless `mode` is an assignment. Factors of the mode are elements `T`.
        ///
        /// # Safety
        ///
        /// - `kernels` are those of `T`.
        /// - If `run` returns, it has written every position of the target that its kept loops reach, for all
        ///   positions inside `axes` that lie on the diagonal that `axes.loops` makes.
        unsafe fn fill(
            self,
            kernels: &'static RawKernels,
            run: impl FnOnce(Writer<'_>),
        ) -> Self::Done;
    }
}

/// Copies a source: permutation, diagonal, broadcast. Nothing is computed, bits are preserved.
#[inline]
pub fn copy<T, W, const K: usize, const S: usize, const R: usize>(
    loops: Loops<K, S>,
    source: Along<'_, T, R>,
    target: W,
) -> W::Done
where
    W: Target<T>,
{
    unary(&loops.kept, &loops.summed, source, target)
}

/// Sums a source over the summed loops.
#[inline]
pub fn reduce<T, W, const K: usize, const S: usize, const R: usize>(
    loops: Loops<K, S>,
    source: Along<'_, T, R>,
    target: W,
) -> W::Done
where
    W: Target<T>,
{
    unary(&loops.kept, &loops.summed, source, target)
}

/// Multiplies two sources; nothing is summed.
#[inline]
pub fn multiply<T, W, const K: usize, const S: usize, const R1: usize, const R2: usize>(
    loops: Loops<K, S>,
    first: Along<'_, T, R1>,
    second: Along<'_, T, R2>,
    target: W,
) -> W::Done
where
    W: Target<T>,
{
    binary(&loops.kept, &loops.summed, first, second, target)
}

/// Multiplies two sources and sums over the summed loops.
#[inline]
pub fn contract<T, W, const K: usize, const S: usize, const R1: usize, const R2: usize>(
    loops: Loops<K, S>,
    first: Along<'_, T, R1>,
    second: Along<'_, T, R2>,
    target: W,
) -> W::Done
where
    W: Target<T>,
{
    binary(&loops.kept, &loops.summed, first, second, target)
}

#[inline]
fn unary<T, W, const R: usize>(
    kept: &[usize],
    summed: &[usize],
    source: Along<'_, T, R>,
    target: W,
) -> W::Done
where
    W: Target<T>,
{
    let (kernels, source) = (source.kernels, source.raw());
    // SAFETY: the kernels of an operand are those of its elements. They write every point of the kept loops, and `lay`
    // has checked that these are the target's axes.
    unsafe { target.fill(kernels, |writer| run_unary(kernels, kept, summed, source, writer)) }
}

#[inline]
fn binary<T, W, const R1: usize, const R2: usize>(
    kept: &[usize],
    summed: &[usize],
    first: Along<'_, T, R1>,
    second: Along<'_, T, R2>,
    target: W,
) -> W::Done
where
    W: Target<T>,
{
    let kernels = first.kernels;
    let sources = [first.raw(), second.raw()];
    // SAFETY: as in `unary`.
    unsafe { target.fill(kernels, |writer| run_binary(kernels, kept, summed, sources, writer)) }
}

/// A source of a kernel without its element type, which is that of the kernels it is used with.
#[derive(Clone, Copy)]
pub(crate) struct RawSource<'v> {
    read: RawRead,
    axes: Axes<'v>,
}

impl<T, const R: usize> Along<'_, T, R> {
    #[inline]
    fn raw(&self) -> RawSource<'_> {
        let read = RawRead { ptr: self.ptr.as_ptr().cast(), conjugated: self.conjugated };
        RawSource { read, axes: self.axes() }
    }
}

/// # Safety
///
/// `source` borrows elements of the kernels' type for reading, and `writer` its own exclusively.
unsafe fn run_unary(
    kernels: &RawKernels,
    kept: &[usize],
    summed: &[usize],
    source: RawSource<'_>,
    writer: Writer<'_>,
) {
    if let Some(nest) = nest::lay_tiny(kept, summed, &[source.axes], &writer.axes) {
        // SAFETY: as below.
        return unsafe { kernels.tiny_unary(&nest, source.read, writer.ptr, writer.mode) };
    }
    let mut dims = nest::lay(kept, summed, [source.axes], writer.axes);
    // SAFETY: `lay` keeps every offset inside the arrays, which do not overlap, by the caller's duties.
    unsafe { kernels.unary(&mut dims, source.read, writer.ptr, writer.mode) }
}

/// # Safety
///
/// The sources borrow elements of the kernels' type for reading, and `writer` its own exclusively.
unsafe fn run_binary(
    kernels: &RawKernels,
    kept: &[usize],
    summed: &[usize],
    sources: [RawSource<'_>; 2],
    writer: Writer<'_>,
) {
    let (axes, reads) = (sources.map(|source| source.axes), sources.map(|source| source.read));
    if let Some(nest) = nest::lay_tiny(kept, summed, &axes, &writer.axes) {
        // SAFETY: as below.
        return unsafe { kernels.tiny_binary(&nest, reads, writer.ptr, writer.mode) };
    }
    let mut dims = nest::lay(kept, summed, axes, writer.axes);
    // SAFETY: `lay` keeps every offset inside the arrays, which do not overlap, by the caller's duties.
    unsafe { kernels.binary(&mut dims, reads, writer.ptr, writer.mode) }
}
