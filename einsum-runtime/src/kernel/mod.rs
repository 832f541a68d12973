//! The numeric core: loops over dims, written once for every number and meaning of axes.
//!
//! A nest computes, for every point of the kept dims,
//!
//! ```text
//! out[o] = Σ over the summed dims of  Π over p of source_p[s_p],   o = Σ index · dim.out,  s_p = Σ index · dim.sources[p]
//! ```
//!
//! and [`Mode`] says how the sum enters the output. A new kernel for an element type goes into [`Kernels`].

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::element::Element;
use crate::engine;
use accumulate::accumulate;
use groups::Groups;
use prepare::{Work, prepare};

mod accumulate;
mod elementwise;
mod gemm;
mod groups;
mod integers;
pub(crate) mod level;
pub(crate) mod packing;
#[cfg(test)]
pub(crate) mod plain;
#[cfg(test)]
pub(crate) mod plain_points;
pub(crate) mod precompiled;
pub(crate) mod prepare;
pub(crate) mod raw;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod tiny;
mod walk;

#[cfg(target_arch = "x86_64")]
pub(crate) use einsum_kernels::batch;
pub(crate) use einsum_kernels::rotate;
#[cfg(target_arch = "x86_64")]
pub(crate) use einsum_kernels::{channels, positions, rows, taps, x86_64};

/// One loop of a nest over `P` sources. Steps are in elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dim<const P: usize> {
    pub(crate) extent: usize,
    /// The step in the output; 0 if summed.
    pub(crate) out: isize,
    /// The step in each source.
    pub(crate) sources: [isize; P],
    /// Whether the loop is summed over.
    pub(crate) summed: bool,
}

/// The loops of a nest, in any order.
pub(crate) type Dims<const P: usize> = SmallVec<[Dim<P>; 8]>;

/// A source: its first element, and whether elements are conjugated when read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read<T> {
    pub(crate) ptr: *const T,
    pub(crate) conjugated: bool,
}

/// How the sum enters the output.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode<T> {
    /// `out = sum`: the output may be uninitialised.
    Assign,
    /// `out = beta * out + alpha * sum`; if `beta == T::ZERO` the output's values do not matter.
    Scale { alpha: T, beta: T },
}

/// The kernels of an element type.
///
/// # Safety
///
/// Callers of either function must see to it that
/// - at every point of `dims`, `ptr + s_p` of every source can be read;
/// - at every point of `dims`, `out + o` can be written, and holds a value unless the mode is [`Mode::Assign`];
/// - points that differ in a kept dim have different `o`;
/// - no source overlaps the output.
///
/// In turn every `out + o` has been written when a kernel returns, also if a summed extent is 0.
pub struct Kernels<T> {
    pub(crate) unary: Kernel<T, 1>,
    pub(crate) binary: Kernel<T, 2>,
}

/// Kernels may reorder and fuse `dims` in place.
pub(crate) type Kernel<T, const P: usize> = unsafe fn(&mut Dims<P>, [Read<T>; P], *mut T, Mode<T>);

impl<T: Element> Kernels<T> {
    /// Plain loops, compiled where the element type is used.
    pub const GENERIC: Self = Kernels { unary: unary::<T>, binary: binary::<T> };
}

/// Copies or sums one source.
///
/// # Safety
///
/// As [`Kernels`].
unsafe fn unary<T: Element>(
    dims: &mut Dims<1>,
    mut sources: [Read<T>; 1],
    mut out: *mut T,
    mode: Mode<T>,
) {
    let work = prepare(dims, &mut sources, &mut out);
    // SAFETY: the caller's duties; `prepare` keeps the points.
    unsafe { prepared_unary(work, dims, sources, out, mode) }
}

/// As [`unary`], after [`prepare`] has said what there is to do.
pub(crate) unsafe fn prepared_unary<T: Element>(
    work: Work,
    dims: &mut Dims<1>,
    sources: [Read<T>; 1],
    out: *mut T,
    mode: Mode<T>,
) {
    #[cfg(test)]
    plain_points::add(work, dims);
    // SAFETY: the caller's duties.
    unsafe {
        if !zeroed(work, dims, out, mode) && !copied(dims, sources, out, mode) {
            accumulate(dims, sources, out, mode);
        }
    }
}

/// Copies a source, if that is all; else does nothing and returns false.
///
/// # Safety
///
/// As [`Kernels`], after [`prepare`].
unsafe fn copied<T: Element>(
    dims: &mut Dims<1>,
    [source]: [Read<T>; 1],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    if !(matches!(mode, Mode::Assign) && is_kept(dims)) {
        return false;
    }
    // SAFETY: the caller's duties.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if !source.conjugated
            && crate::stream::copy_any(dims, size_of::<T>(), source.ptr.cast(), out.cast())
        {
            return true;
        }
        elementwise::copy(dims, source, out);
    }
    true
}

/// Multiplies two sources, and sums the products.
///
/// # Safety
///
/// As [`Kernels`].
unsafe fn binary<T: Element>(
    dims: &mut Dims<2>,
    mut sources: [Read<T>; 2],
    mut out: *mut T,
    mode: Mode<T>,
) {
    let work = prepare(dims, &mut sources, &mut out);
    // SAFETY: the caller's duties; `prepare` keeps the points.
    unsafe { prepared_binary(work, dims, sources, out, mode) }
}

/// Sums products on the engine. Returns false, with nothing done, if there is no sum, or the engine has no plan.
///
/// # Safety
///
/// As [`Kernels`], after [`prepare`].
pub(crate) unsafe fn contract<T: engine::Contract>(
    work: Work,
    dims: &Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let is_sum = work == Work::Run && !is_kept(dims);
    // SAFETY: the caller's duties.
    is_sum && unsafe { engine::contract(dims, sources, out, mode) }
}

/// As [`binary`], after [`prepare`] has said what there is to do.
pub(crate) unsafe fn prepared_binary<T: Element>(
    work: Work,
    dims: &mut Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) {
    #[cfg(test)]
    plain_points::add(work, dims);
    // SAFETY: the caller's duties.
    unsafe {
        if zeroed(work, dims, out, mode) {
            return;
        }
        if matches!(mode, Mode::Assign) && is_kept(dims) {
            elementwise::multiply(dims, sources, out);
        } else if !packed(dims, sources, out, mode) {
            accumulate(dims, sources, out, mode);
        }
    }
}

/// Sums products of packed blocks, if that is worth it; else does nothing and returns false.
///
/// # Safety
///
/// As [`Kernels`], after [`prepare`].
unsafe fn packed<T: Element>(
    dims: &mut Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let Some(groups) = Groups::worth_packing(dims) else { return false };
    // SAFETY: the caller's duties.
    unsafe { gemm::gemm(&groups, sources, out, mode) };
    true
}

/// Writes sums over nothing if a nest has no points to be read; else does nothing and returns false.
///
/// # Safety
///
/// As [`Kernels`], after [`prepare`] has said what there is to do.
unsafe fn zeroed<T: Element, const P: usize>(
    work: Work,
    dims: &Dims<P>,
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    if work == Work::Zero {
        // SAFETY: the caller's duties.
        unsafe { zero(dims, out, mode) }
    }
    work != Work::Run
}

/// Returns the summed loops, or the kept ones, in their order.
// One list a call, which is made where the caller has it: lists are long to move.
pub(crate) fn loops_of<const P: usize>(dims: &[Dim<P>], summed: bool) -> Dims<P> {
    let mut loops = Dims::new();
    for dim in dims {
        if dim.summed == summed {
            loops.push(*dim);
        }
    }
    loops
}

fn is_kept<const P: usize>(dims: &Dims<P>) -> bool {
    dims.iter().all(|d| !d.summed)
}

/// Writes sums over nothing.
///
/// # Safety
///
/// As [`Kernels`]; `dims` has only kept dims.
unsafe fn zero<T: Element, const P: usize>(dims: &Dims<P>, out: *mut T, mode: Mode<T>) {
    // SAFETY: the caller's duties, for a nest without sources.
    unsafe { scale(without_sources(dims), out, mode.beta()) }
}

/// Returns the loops as those of a nest that reads nothing.
fn without_sources<const P: usize>(dims: &Dims<P>) -> Dims<0> {
    let without =
        |&Dim { extent, out, summed, .. }: &Dim<P>| Dim { extent, out, sources: [], summed };
    dims.iter().map(without).collect()
}

/// Multiplies every element of an array by `beta`, or assigns zero if there is none.
///
/// # Safety
///
/// At every point of `dims`, `out + o` can be written, and it holds a value if there is a `beta`.
pub(crate) unsafe fn scale<T: Element>(mut dims: Dims<0>, mut out: *mut T, beta: Option<T>) {
    if beta == Some(T::ONE) {
        return;
    }
    if prepare(&mut dims, &mut [], &mut out) == Work::Run {
        // SAFETY: the caller's duties; `prepare` keeps the points.
        unsafe { elementwise::scale(&mut dims, out, beta) }
    }
}

impl<T: Element> Read<T> {
    /// Returns an element as it is to be read.
    #[inline(always)]
    fn value(&self, element: T) -> T {
        if self.conjugated { T::conj(element) } else { element }
    }
}

impl<T: Element> Mode<T> {
    /// Returns the factor of the output's old values, or `None` if they do not matter.
    ///
    /// Never a factor for an assignment, whatever a user's `==` says: nothing uninitialised is read.
    pub(crate) fn beta(self) -> Option<T> {
        match self {
            Mode::Scale { beta, .. } if beta != T::ZERO => Some(beta),
            Mode::Assign | Mode::Scale { .. } => None,
        }
    }

    /// Returns how more terms of the same sums enter the output.
    pub(crate) fn added(self) -> Self {
        match self {
            Mode::Assign => Mode::Scale { alpha: T::ONE, beta: T::ONE },
            Mode::Scale { alpha, .. } => Mode::Scale { alpha, beta: T::ONE },
        }
    }

    /// Lets finished sums enter the output from `to` on, at steps of `step`.
    ///
    /// # Safety
    ///
    /// `sums.len()` elements can be written there, and hold values unless the mode is an assignment.
    #[inline]
    unsafe fn put_row(self, sums: &[T], to: *mut T, step: isize) {
        let at = |i: usize| to.wrapping_offset(i.cast_signed() * step);
        // Multiplication by one is left out: for complex numbers it is not exact where parts are infinite.
        let scaled = |by: T, x: T| if by == T::ONE { x } else { T::mul(by, x) };
        for (i, &sum) in sums.iter().enumerate() {
            let value = match self {
                Mode::Assign => sum,
                Mode::Scale { alpha, beta } if beta == T::ZERO => scaled(alpha, sum),
                Mode::Scale { alpha, beta } => {
                    // SAFETY: the caller's duties.
                    let old = unsafe { at(i).read() };
                    T::add(scaled(beta, old), scaled(alpha, sum))
                }
            };
            // SAFETY: the caller's duties.
            unsafe { at(i).write(value) }
        }
    }

    /// As [`put_row`](Self::put_row), for those whose time is in the sums: compiled once, and not into them.
    ///
    /// # Safety
    ///
    /// As [`put_row`](Self::put_row).
    #[inline(never)]
    unsafe fn put_long_sums(self, sums: &[T], to: *mut T, step: isize) {
        // SAFETY: the caller's duties.
        unsafe { self.put_row(sums, to, step) }
    }
}
