//! Nests whose operands or results lie in memory as no kernel takes them go through buffers, block by block.
//!
//! ```text
//! for a block of the kept loops
//!   for a block of the summed loops
//!     buffers of sources = their elements        memory-bound copies, for sources that need it
//!     buffer or output (+)= the block's sums     the kernels that want adjacent elements
//!   output = the buffer's results                copies again, if results need it
//! ```
//!
//! Asked last, before the plain loops: see [`plan`] for what ends here. Only what uses elements few times, of arrays that
//! lie in different orders, is taken before other kernels are asked ([`order`]), and contractions of which the engine would make
//! less of the processor are taken before it ([`turned`](mod@turned)). A block's buffers fit a second-level cache, so
//! what passes through them costs little beside reading it from afar.

#![allow(unsafe_code)]

mod blocks;
mod factors;
mod order;
mod plan;
#[cfg(test)]
mod tests;
mod turned;

use num_complex::Complex;

use crate::engine::{self, Contract};
use crate::kernel::level::Level;
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::raw::{self, RawKernel, RawMode, RawRead};
use crate::kernel::{Dims, Mode, Read, contract, prepared_binary, prepared_unary};
use crate::stream::{self, Stream};
pub(crate) use factors::{product, takes_product};
use plan::{Elements, Plan, contraction, sum};

/// Nests with fewer points are left to the plain loops.
pub(crate) const POINTS: usize = 4096;

/// An element type whose nests can go through buffers.
pub(crate) trait Staged: Stream + Contract {
    /// Whether elements are complex numbers.
    const IS_COMPLEX: bool;
}

impl Staged for f32 {
    const IS_COMPLEX: bool = false;
}

impl Staged for f64 {
    const IS_COMPLEX: bool = false;
}

impl Staged for Complex<f32> {
    const IS_COMPLEX: bool = true;
}

impl Staged for Complex<f64> {
    const IS_COMPLEX: bool = true;
}

/// Sums a source, or returns false with nothing done.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`].
pub(crate) unsafe fn unary<T: Staged>(
    dims: &Dims<1>,
    x: Read<T>,
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    if !is_worth(dims) {
        return false;
    }
    let plan = sum(dims, T::IS_COMPLEX);
    // SAFETY: the caller's duties.
    unsafe { run_unary(&plan, x, out, mode) };
    true
}

/// Multiplies two sources and sums the products, or returns false with nothing done.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`].
pub(crate) unsafe fn binary<T: Staged>(
    dims: &Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    if !is_worth(dims) {
        return false;
    }
    let plan = if dims.iter().any(|d| d.summed) {
        contraction(dims, Elements { size: size_of::<T>(), are_complex: T::IS_COMPLEX })
    } else {
        plan::product(dims, !matches!(mode, Mode::Assign))
    };
    // SAFETY: the caller's duties.
    unsafe { run_binary(&plan, unary_here::<T>, sources, out, mode) };
    true
}

/// Multiplies two sources without a sum where factors of few elements lie in another order than the output: these are copied
/// first. Else returns false with nothing done.
///
/// # Safety
///
/// As [`binary`].
pub(crate) unsafe fn ordered<T: Staged>(
    dims: &Dims<2>,
    [x, y]: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    if Level::current() < Level::Avx2 {
        return false;
    }
    let elements = Elements { size: size_of::<T>(), are_complex: T::IS_COMPLEX };
    let Some(plan) = order::few(dims, elements) else { return false };
    let kernels =
        Kernels { element: size_of::<T>(), copy: unary_here::<T>, kernel: raw::binary::<T> };
    let sources = [RawRead::of(x), RawRead::of(y)];
    // SAFETY: the caller's duties; the kernels are those of the elements.
    unsafe { blocks::run(&plan, &kernels, sources, out.cast(), RawMode::of(&mode)) };
    true
}

/// Multiplies two sources and sums the products where these are few for every element, and arrays lie in different orders;
/// else returns false with nothing done.
///
/// # Safety
///
/// As [`binary`].
pub(crate) unsafe fn reordered<T: Staged>(
    dims: &Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let is_product = matches!(mode, Mode::Assign) && !dims.iter().any(|d| d.summed);
    // Of complex numbers all factors are copied otherwise, which is as good for one of them.
    let is_possible = !T::IS_COMPLEX || is_product && order::are_apart(dims);
    if !is_possible || !order::is_worth(dims) || Level::current() < Level::Avx2 {
        return false;
    }
    if is_product && stream::is_turned_product(dims, size_of::<T>(), T::IS_COMPLEX) {
        return false;
    }
    let elements = Elements { size: size_of::<T>(), are_complex: T::IS_COMPLEX };
    if is_product && let Some(plan) = order::turned_product(dims, elements) {
        // SAFETY: the caller's duties.
        unsafe { run_binary(&plan, unary_here::<T>, sources, out, mode) };
        return true;
    }
    let Some(plan) = order::plan(dims, elements) else { return false };
    // Copies of elements side by side are short rows, too.
    let is_repeated = !plan.repeated.is_empty() && !dims.iter().any(|d| d.summed);
    let copy = if is_repeated || order::are_turned_dots(dims, elements) {
        picked_here::<T>
    } else {
        unary_here::<T>
    };
    // SAFETY: the caller's duties.
    unsafe { run_binary(&plan, copy, sources, out, mode) };
    true
}

/// Multiplies two sources and sums the products, with results that are formed in other rows than those of the output, where the
/// engine would take longer without; else returns false with nothing done.
///
/// # Safety
///
/// As [`binary`].
pub(crate) unsafe fn turned<T: Staged>(
    dims: &Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    if Level::current() < Level::Avx2 {
        return false;
    }
    let elements = Elements { size: size_of::<T>(), are_complex: T::IS_COMPLEX };
    let adds = matches!(mode, Mode::Scale { beta, .. } if beta != T::ZERO);
    let Some(plan) = turned::plan::<T>(dims, elements, adds) else { return false };
    // SAFETY: the caller's duties.
    unsafe { run_binary(&plan, unary_here::<T>, sources, out, mode) };
    true
}

/// Sums a source where sums are of few terms, and the output has another order than these; else returns false with nothing
/// done.
///
/// # Safety
///
/// As [`unary`].
pub(crate) unsafe fn reordered_sum<T: Staged>(
    dims: &Dims<1>,
    x: Read<T>,
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    if T::IS_COMPLEX || Level::current() < Level::Avx2 {
        return false;
    }
    let Some(plan) = order::sum(dims, size_of::<T>()) else { return false };
    // SAFETY: the caller's duties.
    unsafe { run_unary(&plan, x, out, mode) };
    true
}

fn is_worth<const P: usize>(dims: &Dims<P>) -> bool {
    let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    points >= POINTS && Level::current() >= Level::Avx2
}

/// The kernels that blocks are given to. All else is compiled once for all types of elements.
struct Kernels<const P: usize> {
    /// The size of an element.
    element: usize,
    copy: RawKernel<1>,
    kernel: RawKernel<P>,
}

/// Runs a plan of one source.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for the loops of the plan.
unsafe fn run_unary<T: Staged>(plan: &Plan<1>, x: Read<T>, out: *mut T, mode: Mode<T>) {
    let kernel = unary_here::<T>;
    let kernels = Kernels { element: size_of::<T>(), copy: kernel, kernel };
    // SAFETY: the caller's duties; the kernels are those of the elements.
    unsafe { blocks::run(plan, &kernels, [RawRead::of(x)], out.cast(), RawMode::of(&mode)) };
}

/// Runs a plan of two sources, with a kernel for copies to and from buffers.
///
/// # Safety
///
/// As [`run_unary`]; the kernel is one of the elements.
unsafe fn run_binary<T: Staged>(
    plan: &Plan<2>,
    copy: RawKernel<1>,
    [x, y]: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) {
    let kernels = Kernels { element: size_of::<T>(), copy, kernel: binary_here::<T> };
    let sources = [RawRead::of(x), RawRead::of(y)];
    // SAFETY: the caller's duties; the kernels are those of the elements.
    unsafe { blocks::run(plan, &kernels, sources, out.cast(), RawMode::of(&mode)) };
}

/// The kernels without a way through buffers.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for elements `T`; factors can be read.
unsafe fn unary_here<T: Staged>(
    dims: &mut Dims<1>,
    sources: [RawRead; 1],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duties.
    unsafe { raw::run(unary_typed::<T>, dims, sources, out, mode) }
}

/// As [`unary_here`], for copies whose lanes are picked if that is possible.
unsafe fn picked_here<T: Staged>(
    dims: &mut Dims<1>,
    sources: [RawRead; 1],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duties.
    unsafe { raw::run(picked_typed::<T>, dims, sources, out, mode) }
}

/// As [`unary_here`].
unsafe fn binary_here<T: Staged>(
    dims: &mut Dims<2>,
    sources: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duties.
    unsafe { raw::run(binary_typed::<T>, dims, sources, out, mode) }
}

/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels).
unsafe fn unary_typed<T: Staged>(
    dims: &mut Dims<1>,
    mut sources: [Read<T>; 1],
    mut out: *mut T,
    mode: Mode<T>,
) {
    let work = prepare(dims, &mut sources, &mut out);
    // SAFETY: the caller's duties; `prepare` keeps the points.
    unsafe {
        if !(work == Work::Run && T::unary(dims, sources[0], out, mode)) {
            prepared_unary(work, dims, sources, out, mode);
        }
    }
}

/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels).
unsafe fn picked_typed<T: Staged>(
    dims: &mut Dims<1>,
    mut sources: [Read<T>; 1],
    mut out: *mut T,
    mode: Mode<T>,
) {
    let work = prepare(dims, &mut sources, &mut out);
    // SAFETY: the caller's duties; `prepare` keeps the points.
    unsafe {
        if !(work == Work::Run && engine::picked(dims, sources, out, mode)) {
            unary_typed(dims, sources, out, mode);
        }
    }
}

/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels).
unsafe fn binary_typed<T: Staged>(
    dims: &mut Dims<2>,
    mut sources: [Read<T>; 2],
    mut out: *mut T,
    mode: Mode<T>,
) {
    // SAFETY: the caller's duties; `prepare` keeps the points.
    unsafe {
        if engine::contract_small(dims, sources, out, mode) {
            return;
        }
        let work = prepare(dims, &mut sources, &mut out);
        let is_done = work == Work::Run && T::binary(dims, sources, out, mode);
        if !is_done && !contract(work, dims, sources, out, mode) {
            prepared_binary(work, dims, sources, out, mode);
        }
    }
}
