//! The loops of calls that have so few points that handing them over would take longer. They are inlined where the call
//! stands: [`along`] lays arrays along loops, [`nests`] runs these, on several elements at once where [`lanes`] says so, [`row`]
//! makes new arrays.
//!
//! Extents are checked where an array is laid along loops; emitted code has compared them before, and the optimiser knows.
//! One function a rank, and fields in place of arrays, are less for it to do than loops over axes.

#![allow(unsafe_code)]

mod along;
mod arithmetic;
mod lanes;
mod nests;
mod row;

pub use along::{Along, AlongMut};
pub use arithmetic::{AnyArithmetic, Arithmetic, Missing, OfElement};
pub use nests::{sum1, sum2, sum3, sum4, sums1, sums2, sums3, sums4};
pub use nests::{sums_into1, sums_into2, sums_into3, sums_into4};
pub use row::Row;

#[inline(always)]
fn is_short<const MOST: usize>(extent: usize) -> bool {
    // An extent of zero is none.
    extent.wrapping_sub(1) < MOST
}

/// Whether a loop has at most `MOST` points, which are a few thousand at most, and at least one.
#[inline(always)]
#[must_use]
pub fn few1<const MOST: usize>(i: usize) -> bool {
    is_short::<MOST>(i)
}

/// As [`few1`], for two loops.
#[inline(always)]
#[must_use]
pub fn few2<const MOST: usize>(i: usize, j: usize) -> bool {
    is_short::<MOST>(i) && is_short::<MOST>(j) && i * j <= MOST
}

/// As [`few1`], for three loops.
#[inline(always)]
#[must_use]
pub fn few3<const MOST: usize>(i: usize, j: usize, k: usize) -> bool {
    few2::<MOST>(i, j) && is_short::<MOST>(k) && i * j * k <= MOST
}

/// As [`few1`], for four loops.
#[inline(always)]
#[must_use]
pub fn few4<const MOST: usize>(i: usize, j: usize, k: usize, l: usize) -> bool {
    few2::<MOST>(i, j) && few2::<MOST>(k, l) && i * j * k * l <= MOST
}

/// Ends the process: unwinding would cost every loop the code that cleans up behind it.
#[cold]
#[inline(never)]
extern "C" fn outside() -> ! {
    panic!("einloom: internal error: a position lies outside of its array")
}
