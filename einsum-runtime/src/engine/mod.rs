//! The contraction engine: `C (+)= Σ X · Y` over any number of loops with any strides, on table-driven micro-kernels.
//!
//! The stages, in the order they run:
//! 1. [`classify`]: which arrays each loop steps through, hence batch, M, N, or K;
//! 2. [`choose`]: which loop is vectorised, whether X is packed, block sizes;
//! 3. [`execute`]: blocks, tables ([`loops`], [`rows`]), panels ([`pack`]), kernels ([`sweep`]).
//!
//! No operand is ever copied whole, and nothing is allocated beyond the thread's [`scratch`].

#![allow(unsafe_code)]

mod choose;
mod classify;
mod execute;
mod loops;
mod machine;
mod pack;
mod rows;
mod scratch;
mod sweep;
#[cfg(test)]
mod tests;
mod turned;

use choose::choose;
use classify::classify;
use execute::{Task, execute};
use machine::Supported;

use crate::kernel::table::{ADD, SCALE};
use crate::kernel::{Dims, Mode, Read};

/// An element type of the engine.
pub(crate) trait Contract: Supported + Copy {
    /// Returns how sums enter C, as [`Arguments`](crate::kernel::table::Arguments) has it: flags, alpha, beta, and one.
    fn finish(mode: Mode<Self>) -> (usize, u64, u64, u64);
}

macro_rules! contract {
    ($($float:ty)*) => { $(
        impl Contract for $float {
            fn finish(mode: Mode<Self>) -> (usize, u64, u64, u64) {
                let one: $float = 1.0;
                let (alpha, beta) = match mode {
                    Mode::Assign => (one, 0.0),
                    Mode::Scale { alpha, beta } => (alpha, beta),
                };
                let scale = if alpha == one { 0 } else { SCALE };
                let add = if beta == 0.0 { 0 } else { ADD };
                let bits = |x: $float| u64::from(x.to_bits());
                (scale | add, bits(alpha), bits(beta), bits(one))
            }
        }
    )* };
}
contract!(f32 f64);

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
    let (finish, alpha, beta, one) = T::finish(mode);
    let groups = classify(dims, machine.unit);
    let Some(plan) = choose(&machine, groups, finish & ADD != 0) else { return false };
    let [first, second] = sources.map(|s| s.ptr.cast::<u8>());
    let [x, y] = if plan.exchanged { [second, first] } else { [first, second] };
    let task = Task { x, y, c: out.cast(), finish, alpha, beta, one };
    // SAFETY: the caller's duties; the level is this machine's.
    unsafe { execute(&machine, &plan, task) };
    true
}
