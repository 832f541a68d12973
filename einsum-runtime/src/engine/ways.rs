//! The ways in which the engine contracts, in the order in which they are asked. Each takes what it has kernels for, or does
//! nothing and returns false.

#[cfg(target_arch = "x86_64")]
use super::aligned::Aligned;
use super::choose::{self, choose};
use super::classify::classify;
#[cfg(target_arch = "x86_64")]
use super::cost;
use super::execute::Task;
use super::machine::Machine;
#[cfg(target_arch = "x86_64")]
use super::many::Many;
use super::matrices::Matrices;
use super::parts::execute_in_parts;
use super::small::Small;
#[cfg(target_arch = "x86_64")]
use super::strips::Strips;
use super::sums::{Arrays, kept_loops};
#[cfg(target_arch = "x86_64")]
use super::thin::Thin;
#[cfg(target_arch = "x86_64")]
use super::whole::Whole;
use crate::kernel::Dims;

/// As [`contract_small`](super::contract_small).
///
/// # Safety
///
/// As there.
pub(super) unsafe fn contract_small(
    machine: &Machine,
    dims: &Dims<2>,
    arrays: &Arrays<'_, 2>,
) -> bool {
    let mut matrices = Matrices::new();
    // Several loops of the batch may be one: that is found out later.
    let are_few = matrices.add(machine.unit, dims) && matrices.outer.is_empty();
    if !are_few || !(matrices.is_plain() || matrices.share_y(machine)) {
        return false;
    }
    let small = Small::of(machine, &matrices);
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if aligned(machine, dims, arrays) || many(machine, &mut matrices, arrays) {
            return true;
        }
        let Some(small) = small else { return false };
        small.run(machine, arrays.entry(small.exchanged));
    }
    true
}

/// As [`contract`](super::contract()).
///
/// # Safety
///
/// As there.
pub(super) unsafe fn contract(machine: &Machine, dims: &Dims<2>, arrays: &Arrays<'_, 2>) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        let mut matrices = Matrices::new();
        // SAFETY: the caller's duties.
        let is_done = matrices.add(machine.unit, dims)
            && unsafe { many(machine, &mut matrices, arrays) || whole(machine, &matrices, arrays) };
        // SAFETY: as above.
        if is_done || unsafe { strips(machine, dims, arrays) } {
            return true;
        }
    }
    // SAFETY: as above.
    unsafe { planned(machine, dims, arrays) }
}

/// Multiplies along a loop that has adjacent elements in both sources, if sums are assigned.
///
/// # Safety
///
/// As [`contract`].
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn aligned(machine: &Machine, dims: &Dims<2>, arrays: &Arrays<'_, 2>) -> bool {
    if !arrays.assigns || Aligned::lanes(dims).is_none() {
        return false;
    }
    let aligned = Aligned::of(machine, dims);
    let Some(aligned) = &aligned else { return false };
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { aligned.run(machine, arrays.entry(aligned.exchanged)) };
    true
}

/// Contracts a batch of small products, if there are kernels for it; else arranges `matrices` otherwise.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for the dims that the products were made from.
#[cfg(target_arch = "x86_64")]
#[inline]
unsafe fn many(machine: &Machine, matrices: &mut Matrices, arrays: &Arrays<'_, 2>) -> bool {
    let many = Many::of(machine, matrices, arrays.assigns, arrays.adds);
    let Some(many) = many else { return false };
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { many.run(machine, arrays.entry(many.is_exchanged())) };
    true
}

/// Multiplies matrices, also batches of them, as they lie in memory.
///
/// # Safety
///
/// As [`many`].
#[cfg(target_arch = "x86_64")]
unsafe fn whole(machine: &Machine, matrices: &Matrices, arrays: &Arrays<'_, 2>) -> bool {
    if let Some(thin) = Thin::of(machine, matrices, arrays.adds) {
        // SAFETY: the caller's duties; the level is this machine's.
        unsafe { thin.run(machine, arrays.entry(thin.exchanged)) };
        return true;
    }
    let Some(whole) = Whole::of(machine, matrices) else { return false };
    let entry = arrays.entry(matrices.exchanged);
    if whole.crosses_lines(machine, entry.x.addr()) {
        return false;
    }
    // SAFETY: as above.
    unsafe { whole.run(machine, entry) };
    true
}

/// Multiplies complex rows with a small matrix, if sums are assigned.
///
/// # Safety
///
/// As [`contract`].
#[cfg(target_arch = "x86_64")]
unsafe fn strips(machine: &Machine, dims: &Dims<2>, arrays: &Arrays<'_, 2>) -> bool {
    if !arrays.assigns {
        return false;
    }
    let Some(strips) = Strips::of(machine, dims) else { return false };
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { strips.run(machine, arrays.entry(strips.exchanged)) };
    true
}

/// Contracts by a plan.
///
/// # Safety
///
/// As [`contract`].
unsafe fn planned(machine: &Machine, dims: &Dims<2>, arrays: &Arrays<'_, 2>) -> bool {
    let output = choose::Output {
        adds: arrays.adds,
        is_scaled: !arrays.assigns,
        address: arrays.out.addr(),
    };
    let Some(plan) = choose(machine, classify(dims, machine.unit), output) else { return false };
    let [x, y] = arrays.operands(plan.exchanged);
    let finish = arrays.sums.finish([x.conjugated, y.conjugated]);
    if finish.scales_before {
        // SAFETY: the caller's duties, for a nest without sources.
        unsafe { arrays.sums.scale_output(kept_loops(dims)) };
    }
    let task = Task {
        x: x.ptr,
        y: y.ptr,
        c: arrays.out,
        finish: finish.flags,
        alpha: finish.alpha,
        beta: finish.beta,
        one: finish.one,
        factors: finish.factors,
    };
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { execute_in_parts(machine, &plan, task) };
    true
}

/// As [`steps`](super::steps).
#[cfg(target_arch = "x86_64")]
pub(super) fn steps(machine: &Machine, dims: &Dims<2>, adds: bool) -> Option<[usize; 2]> {
    let products = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    let least = cost::least(machine, products);
    if !adds && Strips::of(machine, dims).is_some() {
        return Some([least; 2]);
    }
    let mut matrices = Matrices::new();
    let are_matrices = matrices.add(machine.unit, dims);
    if are_matrices
        && (Thin::of(machine, &matrices, adds).is_some()
            || Whole::of(machine, &matrices).is_some()
            || Many::of(machine, &mut matrices, !adds, adds).is_some())
    {
        return Some([least; 2]);
    }
    let output = choose::Output { adds, is_scaled: adds, address: 0 };
    let plan = choose(machine, classify(dims, machine.unit), output)?;
    Some([cost::steps(machine, &plan), least])
}
