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
//! they lie; and products so [`small`] that a plan would cost too much. Many complex rows times a small matrix are formed in `strips`,
//! and what is adjacent along one loop in both operands is multiplied along that in `aligned`.
//! [`ways`] asks them in order; of the element type they know only how [`sums`] enter the output.
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
#[cfg(target_arch = "x86_64")]
mod kept;
mod loops;
mod machine;
#[cfg(target_arch = "x86_64")]
mod many;
mod matrices;
mod near;
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
mod sums;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod thin;
mod turned;
mod ways;
#[cfg(target_arch = "x86_64")]
mod whole;

#[cfg(target_arch = "x86_64")]
use aligned::Aligned;
pub(crate) use choose::HALVED;
#[cfg(target_arch = "x86_64")]
pub(crate) use choose::{is_large, is_tiny, wastes_lanes};
#[cfg(target_arch = "x86_64")]
use each::Each;
#[cfg(target_arch = "x86_64")]
pub(crate) use many::DOT;
#[cfg(target_arch = "x86_64")]
pub(crate) use picks::{picked, totalled};
pub(crate) use sums::Contract;
use sums::Output;
#[cfg(target_arch = "x86_64")]
use sums::Sums;

#[cfg(target_arch = "x86_64")]
use crate::kernel::raw::RawRead;
use crate::kernel::{Dims, Mode, Read};
#[cfg(target_arch = "x86_64")]
use crate::matrix_product::MatrixProduct;

/// Multiplies two matrices, if they are small and there are kernels for them; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for the loops of the product.
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn multiply_matrices<T: Contract>(
    product: &MatrixProduct,
    sources: [Read<T>; 2],
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
    let [first, second] = RawRead::all_of(&sources);
    let operands = if each.exchanged { [second, first] } else { [first, second] };
    let entry = Output { out, mode }.entry(operands);
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
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let Some(machine) = T::machine() else { return false };
    // SAFETY: the caller's duties.
    unsafe { ways::contract_small(&machine, dims, &Output { out, mode }.arrays(sources)) }
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
    // SAFETY: the caller's duties.
    unsafe { ways::contract(&machine, dims, &Output { out, mode }.arrays(sources)) }
}

/// Multiplies along a loop that has adjacent elements in both sources, if sums are assigned and there are kernels for them; else
/// does nothing and returns `false`.
///
/// # Safety
///
/// As [`contract()`].
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn contract_aligned<T: Contract>(
    dims: &Dims<2>,
    sources: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    // Most nests have none, which is to be seen soon.
    if Aligned::lanes(dims).is_none() {
        return false;
    }
    let Some(machine) = T::machine() else { return false };
    // SAFETY: the caller's duties.
    unsafe { ways::aligned(&machine, dims, &Output { out, mode }.arrays(sources)) }
}

/// About how long the engine takes for a contraction, in the steps of [`mod@cost`]: as arrays lie, and at least. `None` if there
/// is no plan for it.
#[cfg(target_arch = "x86_64")]
pub(crate) fn steps<T: Contract>(dims: &Dims<2>, adds: bool) -> Option<[usize; 2]> {
    ways::steps(&T::machine()?, dims, adds)
}
