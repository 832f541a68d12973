//! The loops of calls that have so few points that handing them over would take longer. They are inlined where the call
//! stands: [`along`] lays arrays along loops, [`nests`] runs these, [`row`] makes new arrays.
//!
//! Extents are checked where an array is laid along loops; emitted code has compared them before, and the optimiser knows.
//! One function a rank, and fields in place of arrays, are less for it to do than loops over axes.

#![allow(unsafe_code)]

mod along;
mod arithmetic;
mod nests;
mod row;

pub use along::{Along, AlongMut};
pub use arithmetic::{AnyArithmetic, Arithmetic, Missing, OfElement};
pub use nests::{sum1, sum2, sum3, sum4, sums1, sums2, sums3, sums4};
pub use nests::{sums_into1, sums_into2, sums_into3, sums_into4};
pub use row::Row;

/// The most points of a call whose loops emitted code runs itself. Kernels gain more from matrix products than from sums
/// and products of vectors, but begin later.
const POINTS: usize = 256;
const POINTS_OF_THREE: usize = 512;

#[inline(always)]
fn is_short(extent: usize) -> bool {
    // An extent of zero is none.
    extent.wrapping_sub(1) < POINTS
}

/// Whether a loop has few points, and at least one.
#[inline(always)]
#[must_use]
pub fn few1(i: usize) -> bool {
    is_short(i)
}

/// As [`few1`], for two loops.
#[inline(always)]
#[must_use]
pub fn few2(i: usize, j: usize) -> bool {
    is_short(i) && is_short(j) && i * j <= POINTS
}

/// As [`few1`], for three loops.
#[inline(always)]
#[must_use]
pub fn few3(i: usize, j: usize, k: usize) -> bool {
    is_short(i) && is_short(j) && is_short(k) && i * j * k <= POINTS_OF_THREE
}

/// As [`few1`], for four loops.
#[inline(always)]
#[must_use]
pub fn few4(i: usize, j: usize, k: usize, l: usize) -> bool {
    few2(i, j) && few2(k, l) && i * j * k * l <= POINTS
}

/// Ends the process: unwinding would cost every loop the code that cleans up behind it.
#[cold]
#[inline(never)]
extern "C" fn outside() -> ! {
    panic!("einloom: internal error: a position lies outside of its array")
}
