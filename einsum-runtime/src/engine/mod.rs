//! The contraction engine: `C (+)= Σ X · Y` over any number of loops with any strides, on table-driven micro-kernels.
//!
//! The stages, in the order they run:
//! 1. [`mod@classify`]: which arrays each loop steps through, hence batch, M, N, or K;
//! 2. [`mod@choose`]: which loop is vectorised, whether X is packed; [`blocks`]: the sizes of blocks. Both make a [`plan`];
//! 3. [`mod@parts`]: what threads take; then each runs
//! 4. [`mod@execute`]: loops over blocks, [`tables`] of them, panels ([`pack`]) of [`packed`] products, and kernels on one
//!    tile after the other ([`sweep`]). Results go to C, or there by a buffer: to be [`turned`], [`collected`], or moved as
//!    an [`image`] of a block.
//!
//! Before all that come short cuts: one small [`product`](multiply_matrices) of two matrices; those that start from
//! [`matrices`]: batches of `many` small products; `thin` ones, of a large matrix and a few columns; `whole` products of any size, as
//! they lie; and products so [`small`] that a plan would cost too much. Many complex rows times a small matrix are formed in `strips`.
//!
//! No operand is ever copied whole, and nothing is allocated beyond the thread's [`scratch`].

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod aligned;
mod blocks;
mod choose;
mod classify;
mod collected;
mod cost;
#[cfg(target_arch = "x86_64")]
mod dots;
#[cfg(target_arch = "x86_64")]
mod each;
mod even;
mod execute;
mod image;
mod loops;
mod machine;
#[cfg(target_arch = "x86_64")]
mod many;
mod matrices;
mod pack;
mod packed;
mod pairs;
#[cfg(target_arch = "x86_64")]
mod panels;
mod parts;
#[cfg(target_arch = "x86_64")]
mod picks;
mod plan;
mod rows;
pub(crate) mod scratch;
mod small;
#[cfg(target_arch = "x86_64")]
mod strips;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod thin;
mod turned;
#[cfg(target_arch = "x86_64")]
mod whole;

#[cfg(target_arch = "x86_64")]
use aligned::Aligned;
pub(crate) use choose::HALVED;
use choose::{Output, choose};
#[cfg(target_arch = "x86_64")]
pub(crate) use choose::{is_large, is_tiny, wastes_lanes};
use classify::classify;
#[cfg(target_arch = "x86_64")]
use each::Each;
use execute::Task;
use machine::{Machine, Supported};
#[cfg(target_arch = "x86_64")]
pub(crate) use many::DOT;
#[cfg(target_arch = "x86_64")]
use many::{Entry, Many};
use matrices::Matrices;
use parts::execute_in_parts;
#[cfg(target_arch = "x86_64")]
pub(crate) use picks::{picked, totalled};
use small::Small;
#[cfg(target_arch = "x86_64")]
use strips::Strips;
#[cfg(target_arch = "x86_64")]
use thin::Thin;
#[cfg(target_arch = "x86_64")]
use whole::Whole;

use num_complex::Complex;

use crate::element::Element;
use crate::kernel::rotate::{Factors, Part};
use crate::kernel::table::{ADD, SCALE};
use crate::kernel::{Dim, Dims, Mode, Read, scale};
#[cfg(target_arch = "x86_64")]
use crate::matrix_product::MatrixProduct;

/// An element type of the engine.
pub(crate) trait Contract: Supported + Element {
    /// Returns how sums enter C. `conjugated`: X and Y.
    fn finish(mode: Mode<Self>, conjugated: [bool; 2]) -> Finish<Self>;
}

/// How sums enter C, in the terms of the kernels.
pub(crate) struct Finish<T> {
    /// As in [`Arguments`](crate::kernel::table::Arguments).
    flags: usize,
    alpha: u64,
    beta: u64,
    one: u64,
    /// For complex elements.
    factors: Option<Factors>,
    /// What C must be multiplied by before, because the kernels cannot.
    before: Option<T>,
}

macro_rules! contract {
    ($($float:ty)*) => { $(
        impl Contract for $float {
            fn finish(mode: Mode<Self>, _conjugated: [bool; 2]) -> Finish<Self> {
                let (alpha, beta) = match mode {
                    Mode::Assign => (1.0, 0.0),
                    Mode::Scale { alpha, beta } => (alpha, beta),
                };
                let scale = if alpha == 1.0 { 0 } else { SCALE };
                let add = if beta == 0.0 { 0 } else { ADD };
                let (factors, before) = (None, None);
                let (alpha, beta, one) = (alpha.bits(), beta.bits(), <Self as Part>::ONE.bits());
                Finish { flags: scale | add, alpha, beta, one, factors, before }
            }
        }

        impl Contract for Complex<$float> {
            fn finish(mode: Mode<Self>, [x_conjugated, y_conjugated]: [bool; 2]) -> Finish<Self> {
                let (alpha, beta) = match mode {
                    Mode::Assign => (Self::ONE, Self::ZERO),
                    Mode::Scale { alpha, beta } => (alpha, beta),
                };
                let factors = Factors::of([alpha.re, alpha.im], x_conjugated, y_conjugated);
                let flags = if beta == Self::ZERO { 0 } else { ADD };
                let one = <$float as Part>::ONE.bits();
                let (beta, before) =
                    if beta.im == 0.0 { (beta.re.bits(), None) } else { (one, Some(beta)) };
                Finish { flags, alpha: one, beta, one, factors: Some(factors), before }
            }
        }
    )* };
}
contract!(f32 f64);

macro_rules! contract_integers {
    ($($integer:ty: $bits:ty),*) => { $(
        impl Contract for $integer {
            fn finish(mode: Mode<Self>, _conjugated: [bool; 2]) -> Finish<Self> {
                let (alpha, beta) = match mode {
                    Mode::Assign => (1, 0),
                    Mode::Scale { alpha, beta } => (alpha, beta),
                };
                let scale = if alpha == 1 { 0 } else { SCALE };
                let add = if beta == 0 { 0 } else { ADD };
                let bits = |x: $integer| u64::from(<$bits>::from_ne_bytes(x.to_ne_bytes()));
                let (alpha, beta) = (bits(alpha), bits(beta));
                Finish { flags: scale | add, alpha, beta, one: 1, factors: None, before: None }
            }
        }
    )* };
}
contract_integers!(i32: u32, i64: u64);

/// Multiplies two matrices, if they are small and there are kernels for them; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for the loops of the product.
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn multiply_matrices<T: Contract>(
    product: &MatrixProduct,
    [first, second]: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let Some(machine) = T::machine() else { return false };
    let Some(kernels) = machine.batch else { return false };
    if machine.steps_of_point() > 1 && !matches!(mode, Mode::Assign) {
        return false;
    }
    let each = Each::of(&machine, kernels, product);
    let Some(each) = &each else { return false };
    let [x, y] = if each.exchanged { [second, first] } else { [first, second] };
    let conjugated = [x.conjugated, y.conjugated];
    let Finish { flags, alpha, beta, .. } = T::finish(mode, conjugated);
    let (x, y, c) = (x.ptr.cast(), y.ptr.cast(), out.cast());
    let entry = Entry { x, y, c, conjugated, finish: flags, alpha, beta };
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { each.run_one(&machine, kernels, entry) };
    true
}

/// Contracts two sources, if the product is small and simple; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels).
#[inline]
pub(crate) unsafe fn contract_small<T: Contract>(
    dims: &Dims<2>,
    [first, second]: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let Some(machine) = T::machine() else { return false };
    let mut matrices = Matrices::new();
    // Several loops of the batch may be one: that is found out later.
    let are_few = matrices.add(machine.unit, dims) && matrices.outer.is_empty();
    if !are_few || !(matrices.is_plain() || matrices.share_y(&machine)) {
        return false;
    }
    let small = Small::of(&machine, &matrices);
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if contract_aligned(dims, [first, second], out, mode) {
            return true;
        }
        if contract_many(&machine, &mut matrices, [first, second], out, mode) {
            return true;
        }
        let Some(small) = small else { return false };
        let [x, y] = if small.exchanged { [second, first] } else { [first, second] };
        let finish = T::finish(mode, [x.conjugated, y.conjugated]);
        small.run(&machine, [x, y], out, &finish);
    }
    true
}

/// Contracts a batch of small products, if there are kernels for it; else does nothing but arrange `matrices` otherwise, and
/// returns `false`.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for the dims that the products were made from.
#[cfg(target_arch = "x86_64")]
#[inline]
unsafe fn contract_many<T: Contract>(
    machine: &Machine,
    matrices: &mut Matrices,
    [first, second]: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let assigns = matches!(mode, Mode::Assign);
    let adds = matches!(mode, Mode::Scale { beta, .. } if beta != T::ZERO);
    let Some(many) = Many::of(machine, matrices, assigns, adds) else { return false };
    let [x, y] = if many.is_exchanged() { [second, first] } else { [first, second] };
    let conjugated = [x.conjugated, y.conjugated];
    let Finish { flags, alpha, beta, .. } = T::finish(mode, conjugated);
    let (x, y, c) = (x.ptr.cast(), y.ptr.cast(), out.cast());
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { many.run(machine, Entry { x, y, c, conjugated, finish: flags, alpha, beta }) };
    true
}

/// As for x86-64, without kernels.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn contract_many<T: Contract>(
    _machine: &Machine,
    _matrices: &mut Matrices,
    _sources: [Read<T>; 2],
    _out: *mut T,
    _mode: Mode<T>,
) -> bool {
    false
}

/// Multiplies matrices, also batches of them, if there are kernels for them as they lie in memory; else does nothing and returns
/// `false`.
///
/// # Safety
///
/// As [`contract_many`].
#[cfg(target_arch = "x86_64")]
unsafe fn contract_whole<T: Contract>(
    machine: &Machine,
    matrices: &Matrices,
    [first, second]: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let adds = matches!(mode, Mode::Scale { beta, .. } if beta != T::ZERO);
    let entry = |exchanged: bool| {
        let [x, y] = if exchanged { [second, first] } else { [first, second] };
        let conjugated = [x.conjugated, y.conjugated];
        let Finish { flags, alpha, beta, one, .. } = T::finish(mode, conjugated);
        let (x, y, c) = (x.ptr.cast(), y.ptr.cast(), out.cast());
        (Entry { x, y, c, conjugated, finish: flags, alpha, beta }, one)
    };
    if let Some(thin) = Thin::of(machine, matrices, adds) {
        let (entry, one) = entry(thin.exchanged);
        // SAFETY: the caller's duties; the level is this machine's.
        unsafe { thin.run(machine, entry, one) };
    } else if let Some(whole) = Whole::of(machine, matrices) {
        let (entry, one) = entry(matrices.exchanged);
        // SAFETY: as above.
        unsafe { whole.run(machine, entry, one) };
    } else {
        return false;
    }
    true
}

/// As for x86-64, without kernels.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn contract_whole<T: Contract>(
    _machine: &Machine,
    _matrices: &Matrices,
    _sources: [Read<T>; 2],
    _out: *mut T,
    _mode: Mode<T>,
) -> bool {
    false
}

/// Multiplies along a loop that has adjacent elements in both sources, if sums are assigned and there are kernels for them; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`contract()`].
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn contract_aligned<T: Contract>(
    dims: &Dims<2>,
    [first, second]: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    // Most nests have none, which is to be seen soon.
    if !matches!(mode, Mode::Assign) || Aligned::lanes(dims).is_none() {
        return false;
    }
    let Some(machine) = T::machine() else { return false };
    let aligned = Aligned::of(&machine, dims);
    let Some(aligned) = &aligned else { return false };
    let [x, y] = if aligned.exchanged { [second, first] } else { [first, second] };
    let conjugated = [x.conjugated, y.conjugated];
    let Finish { flags, alpha, beta, .. } = T::finish(mode, conjugated);
    let (x, y, c) = (x.ptr.cast(), y.ptr.cast(), out.cast());
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { aligned.run(&machine, Entry { x, y, c, conjugated, finish: flags, alpha, beta }) };
    true
}

/// Multiplies complex rows with a small matrix, if sums are assigned and there are kernels for them; else does nothing and returns
/// `false`.
///
/// # Safety
///
/// As [`contract()`].
#[cfg(target_arch = "x86_64")]
unsafe fn contract_strips<T: Contract>(
    machine: &Machine,
    dims: &Dims<2>,
    [first, second]: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    if !matches!(mode, Mode::Assign) {
        return false;
    }
    let Some(strips) = Strips::of(machine, dims) else { return false };
    let [x, y] = if strips.exchanged { [second, first] } else { [first, second] };
    let conjugated = [x.conjugated, y.conjugated];
    let Finish { flags, alpha, beta, .. } = T::finish(mode, conjugated);
    let (x, y, c) = (x.ptr.cast(), y.ptr.cast(), out.cast());
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { strips.run(machine, Entry { x, y, c, conjugated, finish: flags, alpha, beta }) };
    true
}

/// As for x86-64, without kernels.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn contract_strips<T: Contract>(
    _machine: &Machine,
    _dims: &Dims<2>,
    _sources: [Read<T>; 2],
    _out: *mut T,
    _mode: Mode<T>,
) -> bool {
    false
}

/// About how long the engine takes for a contraction, in the steps of [`mod@cost`]: as arrays lie, and at least. `None` if there
/// is no plan for it.
#[cfg(target_arch = "x86_64")]
pub(crate) fn steps<T: Contract>(dims: &Dims<2>, adds: bool) -> Option<[usize; 2]> {
    let machine = T::machine()?;
    let products = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    let least = cost::least(&machine, products);
    if !adds && Strips::of(&machine, dims).is_some() {
        return Some([least; 2]);
    }
    let mut matrices = Matrices::new();
    let are_matrices = matrices.add(machine.unit, dims);
    if are_matrices
        && (Thin::of(&machine, &matrices, adds).is_some()
            || Whole::of(&machine, &matrices).is_some()
            || Many::of(&machine, &mut matrices, !adds, adds).is_some())
    {
        return Some([least; 2]);
    }
    let output = Output { adds, is_scaled: adds, address: 0 };
    let plan = choose(&machine, classify(dims, machine.unit), output)?;
    Some([cost::steps(&machine, &plan), least])
}

/// Contracts two sources, if the engine is the one to do it; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for dims in the form that `prepare` leaves.
pub(crate) unsafe fn contract<T: Contract>(
    dims: &Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let Some(machine) = T::machine() else { return false };
    let mut matrices = Matrices::new();
    // SAFETY: the caller's duties.
    let is_done = matrices.add(machine.unit, dims)
        && unsafe {
            contract_many(&machine, &mut matrices, sources, out, mode)
                || contract_whole(&machine, &matrices, sources, out, mode)
        };
    // SAFETY: as above.
    if is_done || unsafe { contract_strips(&machine, dims, sources, out, mode) } {
        return true;
    }
    let output = Output {
        adds: matches!(mode, Mode::Scale { beta, .. } if beta != T::ZERO),
        is_scaled: !matches!(mode, Mode::Assign),
        address: out.addr(),
    };
    let groups = classify(dims, machine.unit);
    let Some(plan) = choose(&machine, groups, output) else { return false };
    let [first, second] = sources;
    let [x, y] = if plan.exchanged { [second, first] } else { [first, second] };
    let finish = T::finish(mode, [x.conjugated, y.conjugated]);
    if let Some(beta) = finish.before {
        let kept = dims.iter().filter(|d| !d.summed);
        let kept = kept.map(|d| Dim { extent: d.extent, out: d.out, sources: [], summed: false });
        // SAFETY: the caller's duties, for a nest without sources.
        unsafe { scale(kept.collect(), out, Some(beta)) };
    }
    let task = Task {
        x: x.ptr.cast(),
        y: y.ptr.cast(),
        c: out.cast(),
        finish: finish.flags,
        alpha: finish.alpha,
        beta: finish.beta,
        one: finish.one,
        factors: finish.factors,
    };
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { execute_in_parts(&machine, &plan, task) };
    true
}
