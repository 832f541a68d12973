//! Nests whose sources are read where they lie, and loops over what has no edges, be it a source or a buffer.

use super::Job;
use super::affine::{Affine, Line};
#[cfg(target_arch = "x86_64")]
use super::rows::{are_apart, bounds, planes, rows};
use super::stencil::stencil;
#[cfg(target_arch = "x86_64")]
use super::taps::taps;
use crate::kernel::Dims;
use crate::kernel::raw::{RawMode, RawRead};

/// Runs a nest on the sources themselves.
///
/// # Safety
///
/// As [`gather`](super::gather::gather); all positions are inside.
pub(super) unsafe fn direct(job: &Job<'_>, nest: &Affine, mode: RawMode) {
    let (mut dims, reads) = as_they_lie(job, nest);
    // SAFETY: the caller's duties.
    unsafe { multiply(job, &mut dims, reads, job.out_at(nest.out), mode, None) }
}

/// Runs a stencil on the sources themselves that is padded, or whose rows have elements apart from each other, if it is one;
/// else does nothing and returns `false`.
///
/// # Safety
///
/// As [`gather`](super::gather::gather).
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn own_rows(job: &Job<'_>, nest: &Affine, mode: RawMode) -> bool {
    if job.is_single || !job.kernels.is_real {
        return false;
    }
    let bounds = bounds(nest);
    let is_apart = are_apart(nest);
    if is_apart == Some(false) || bounds.is_none() && !(is_apart.is_some() && are_inside(nest)) {
        return false;
    }
    let (dims, reads) = as_they_lie(job, nest);
    let out = job.out_at(nest.out);
    // SAFETY: the caller's duties; of the axes of a source only what is inside of their bounds is read.
    unsafe {
        bounds.as_ref().is_some_and(|b| planes(job.kernels, &dims, reads, out, mode, b))
            || rows(job.kernels, &dims, reads, out, mode, bounds.as_ref())
    }
}

/// Returns the loops with the steps of the sources, and where their first points are.
pub(super) fn as_they_lie(job: &Job<'_>, nest: &Affine) -> (Dims<2>, [RawRead; 2]) {
    let mut dims = nest.dims();
    let reads = core::array::from_fn(|p| {
        let steps = dims.iter_mut().map(|dim| &mut dim.sources[p]);
        let first = lay(&nest.sources[p], steps, core::iter::repeat(0));
        RawRead { ptr: job.source_at(p, first), ..job.sources[p] }
    });
    (dims, reads)
}

/// Runs a nest that has no windows as it lies; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`gather`](super::gather::gather).
pub(super) unsafe fn without_windows(job: &Job<'_>, nest: &Affine, mode: RawMode) -> bool {
    if !has_no_windows(nest) {
        return false;
    }
    #[cfg(test)]
    super::tests::take(super::tests::Way::NoWindows);
    // SAFETY: the caller's duties; all positions are inside.
    unsafe { direct(job, nest, mode) };
    true
}

/// Whether every axis of a source is a loop of its own, all of whose points it has: such are the nests that the kernels are
/// for, whatever windows of one point they have been written with.
fn has_no_windows(nest: &Affine) -> bool {
    let is_plain = |line: &Line| {
        let mut along = line.coefficients.iter().filter(|c| **c != 0);
        along.next().is_none_or(|c| c.abs() == 1) && along.next().is_none()
    };
    nest.sources.iter().flatten().all(is_plain) && are_inside(nest)
}

/// Whether all positions in the sources are inside.
fn are_inside(nest: &Affine) -> bool {
    let is_inside = |line: &Line| line.has(line.range(nest.loops.iter().map(|l| l.extent)));
    nest.sources.iter().flatten().all(is_inside)
}

/// Sets the steps of a source that is read as it is, and returns the offset of the point where the loops start.
pub(super) fn lay<'s>(
    lines: &[Line],
    steps: impl Iterator<Item = &'s mut isize>,
    starts: impl Iterator<Item = isize>,
) -> isize {
    let mut first = 0_isize;
    for line in lines {
        first = first.wrapping_add(line.offset.wrapping_mul(line.stride));
    }
    for (number, (step, start)) in steps.zip(starts).enumerate() {
        *step = 0;
        for line in lines {
            *step = step.wrapping_add(line.coefficients[number].wrapping_mul(line.stride));
        }
        first = first.wrapping_add(step.wrapping_mul(start));
    }
    first
}

/// Runs loops over arrays without edges, as sums along rows that are adjacent in both if a source has taps.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels).
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables))]
pub(super) unsafe fn multiply(
    job: &Job<'_>,
    dims: &mut Dims<2>,
    reads: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
    of_taps: Option<usize>,
) {
    // SAFETY: the caller's duties.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if of_taps.is_some() && taps(job.kernels, dims, reads, out, mode, of_taps) {
            return;
        }
        if !few_results(job, dims, reads, out, mode) {
            (job.kernel)(job.kernels, dims, reads, out, mode);
        }
    }
}

/// Runs loops with few results for what they read, if that is what they are; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`multiply`].
unsafe fn few_results(
    job: &Job<'_>,
    dims: &Dims<2>,
    reads: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
) -> bool {
    if job.is_single || !job.kernels.is_real {
        return false;
    }
    // SAFETY: the caller's duties.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if rows(job.kernels, dims, reads, out, mode, None)
            || taps(job.kernels, dims, reads, out, mode, None)
        {
            return true;
        }
        stencil(job.kernels, dims, reads, out, mode)
    }
}
