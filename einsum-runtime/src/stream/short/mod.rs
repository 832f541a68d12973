//! Sums of one source whose rows are short: too few elements for a call of a kernel each.
//!
//! Three ways, by what is summed:
//!
//! ```text
//! x[g, r, j] → out[g, j]      kernels that form the sums of many groups at once (`narrow`), in a buffer
//! x[r, g, j] → out[j, g]      sums over r of rows [g, j] to a buffer, then to the output in its order
//! x[r, g, j] → out[g]         the same; what is left to sum in the buffer is summed on the way
//! ```
//!
//! Accuracy: of a group, a call adds at most [`narrow::ROWS`](super::narrow::ROWS) rows one after the other, and so are the
//! results of at most [`CALLS`](groups::CALLS) calls. Sums over outer loops are as accurate as those of
//! [`reduce`](super::reduce::reduce()), which forms them.

mod groups;
mod outer;

use super::copy;
use super::lane::Lane;
use super::reduce::reduce;
use super::sweep::{Arrays, once};
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::{Dims, Mode, Read};
use crate::sort::sort_by_key;

/// Rows of more bytes are not short.
const SHORT: usize = 4096;

/// As [`reduce`], for one source.
///
/// # Safety
///
/// As there.
pub(super) unsafe fn sum<T: Lane + PartialEq>(
    dims: &mut Dims<1>,
    arrays: Arrays<T, 1>,
    mode: Mode<T>,
) -> bool {
    // SAFETY: the caller's duties.
    unsafe {
        // By reference: loops are long to move.
        let nest = Nested::of(dims, &arrays);
        let Some(nest) = &nest else { return reduce(dims, arrays, mode) };
        if let Some(split) = nest.outer_first() {
            nest.run_outer_first(&split, mode);
        } else if let Some(groups) = &nest.groups() {
            groups.run(nest.arrays, mode);
        } else {
            return reduce(dims, arrays, mode);
        }
    }
    true
}

/// Loops in the order of the source, larger steps first, each step at least as large as the loops inside of it reach. The
/// innermost loop's elements are adjacent, and few.
struct Nested<T> {
    dims: Dims<1>,
    arrays: Arrays<T, 1>,
}

impl<T: Lane + PartialEq> Nested<T> {
    /// Returns the loops, if there are several and they are such.
    fn of(dims: &Dims<1>, arrays: &Arrays<T, 1>) -> Option<Self> {
        let row = dims.iter().find(|d| d.sources[0].unsigned_abs() == 1)?;
        if dims.len() < 2 || row.extent * size_of::<T>() > SHORT {
            return None;
        }
        let (mut dims, mut arrays) = (Dims::from_slice(dims), *arrays);
        for dim in &mut dims {
            if dim.sources[0] < 0 {
                arrays = arrays.within(dim, dim.extent - 1, &once(), 0);
                (dim.out, dim.sources[0]) = (-dim.out, -dim.sources[0]);
            }
        }
        sort_by_key(&mut dims[..], |d| core::cmp::Reverse(d.sources[0]));
        // The places that the loops inside of one reach: 1 and what all of them step.
        let mut reach = 1_isize;
        let is_nested = dims.iter().rev().all(|d| {
            let is_outside = d.sources[0] >= reach;
            let steps = d.sources[0].saturating_mul(d.extent.cast_signed() - 1);
            reach = reach.saturating_add(steps);
            is_outside
        });
        is_nested.then_some(Nested { dims, arrays })
    }
}

/// # Safety
///
/// As [`Stream::unary`](super::Stream::unary), before [`prepare`].
unsafe fn move_out<T: Lane + PartialEq>(
    mut dims: Dims<1>,
    sums: *const T,
    out: *mut T,
    mode: Mode<T>,
) {
    let (mut read, mut out) = ([Read { ptr: sums, conjugated: false }], out);
    let work = prepare(&mut dims, &mut read, &mut out);
    debug_assert_eq!(work, Work::Run);
    let arrays = Arrays { out, sources: [read[0].ptr] };
    // SAFETY: the caller's duties.
    unsafe {
        match mode {
            _ if dims.iter().any(|d| d.summed) => {
                let done = sum(&mut dims, arrays, mode);
                assert!(done, "einloom: internal error: no kernel for adjacent rows");
            }
            Mode::Assign => copy::copy(&mut dims, arrays.sources[0], out),
            Mode::Scale { .. } => copy::scale(&mut dims, arrays.sources[0], out, mode),
        }
    }
}
