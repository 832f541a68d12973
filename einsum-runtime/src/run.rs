//! The kernels as emitted code calls them: safe, each lays its arrays along the loops and hands over to
//! [`kernel`](crate::kernel).

#![allow(unsafe_code)]

use crate::kernel::{KernelsOf, Mode, Read};
use crate::nest::{self, Axes, Loops};
use crate::view::Along;

/// What a kernel writes to: a fresh array, a fresh scalar, or an existing array.
pub trait Target<T>: sealed::Target<T> {}

/// A target's memory while a kernel runs.
pub struct Writer<'w, T> {
    pub(crate) ptr: *mut T,
    pub(crate) axes: Axes<'w>,
    pub(crate) mode: Mode<T>,
}

pub(crate) mod sealed {
    use super::{KernelsOf, Writer};

    /// Gives a kernel its memory and turns it into the result.
    pub trait Target<T> {
        /// What the kernel returns.
        type Done;

        /// Calls `run` with the target's memory: `ptr` may be written at every position of `axes`, and read as well
        /// unless `mode` is an assignment.
        ///
        /// # Safety
        ///
        /// If `run` returns, it has written every position of the target that its kept loops reach, for all
        /// positions inside `axes` that lie on the diagonal that `axes.loops` makes.
        unsafe fn fill(self, kernels: KernelsOf<T>, run: impl FnOnce(Writer<'_, T>)) -> Self::Done;
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

fn unary<T, W, const R: usize>(
    kept: &[usize],
    summed: &[usize],
    source: Along<'_, T, R>,
    target: W,
) -> W::Done
where
    W: Target<T>,
{
    let kernels = source.kernels;
    let run = |writer: Writer<'_, T>| {
        let mut dims = nest::lay(kept, summed, [source.axes()], writer.axes);
        // SAFETY: `lay` keeps every offset inside the arrays; `source` borrows its elements for reading and `writer`
        // its own exclusively, so they do not overlap.
        unsafe { (kernels.get().unary)(&mut dims, [source.read()], writer.ptr, writer.mode) }
    };
    // SAFETY: kernels write every point of the kept loops, and `lay` has checked that these are the target's axes.
    unsafe { target.fill(kernels, run) }
}

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
    let run = |writer: Writer<'_, T>| {
        let mut dims = nest::lay(kept, summed, [first.axes(), second.axes()], writer.axes);
        let reads = [first.read(), second.read()];
        // SAFETY: `lay` keeps every offset inside the arrays; the sources borrow their elements for reading and
        // `writer` its own exclusively, so they do not overlap.
        unsafe { (kernels.get().binary)(&mut dims, reads, writer.ptr, writer.mode) }
    };
    // SAFETY: kernels write every point of the kept loops, and `lay` has checked that these are the target's axes.
    unsafe { target.fill(kernels, run) }
}

impl<T, const R: usize> Along<'_, T, R> {
    fn read(&self) -> Read<T> {
        Read { ptr: self.ptr.as_ptr(), conjugated: self.conjugated }
    }
}
