//! Sums of complex numbers along rows, one of every row.
//!
//! Accuracy: a sum of n terms has 8 partial sums or more. Its error is at most `n ε Σ|x|`.

use super::complex_rows::ComplexRows;
use super::complex_sums::ComplexLanes;
use super::divide::Elements;
use super::odometer::Odometer;
use super::sweep::{Arrays, once};
use crate::kernel::Dims;
use crate::sort::sort_by_key;
use crate::threads::{self, Grid, Shared};

/// The shortest and the longest rows. Shorter ones do not fill vectors; longer ones are summed in chunks.
const ROW: core::ops::RangeInclusive<usize> = 8..=4096;

/// `out[o] = Σ x[s]` over one loop, along which elements are adjacent. Returns false, with nothing done, if there is another
/// summed loop, or none with such elements.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); the machine has AVX2.
pub(super) unsafe fn sum<T: ComplexLanes + Sync>(dims: &mut Dims<1>, arrays: Arrays<T, 1>) -> bool {
    let is_one = dims.iter().filter(|d| d.summed).count() == 1;
    let is_row = |i: &usize| dims[*i].summed && dims[*i].sources == [1];
    let Some(row) = (0..dims.len()).find(is_row) else { return false };
    if !is_one || !ROW.contains(&dims[row].extent) {
        return false;
    }
    let nanoseconds = Elements::of(dims).nanoseconds(size_of::<T>());
    let row = dims.remove(row);
    sort_by_key(&mut dims[..], |d| core::cmp::Reverse(d.sources[0].unsigned_abs()));
    let across = dims.pop().unwrap_or(once());
    let outer = dims.iter().map(|d| d.extent).product();
    let grid = Grid::of([outer, across.extent], [1, 1], threads::pieces(nanoseconds));
    // SAFETY: the arrays are pointers to elements.
    let arrays = unsafe { Shared::new(arrays) };
    threads::each(grid.pieces(), &|piece| {
        let [points, rows] = grid.piece(piece);
        let mut point = Odometer::from(dims, points.start);
        for _ in points {
            let here = arrays.get().at(point.at.out, point.at.sources);
            let here = here.within(&across, rows.start, &once(), 0);
            let (len, rows) = ((&row, row.extent), (&across, rows.len()));
            let rows = ComplexRows::along(&here, len, rows, [T::ZERO; 4], 0);
            // SAFETY: the caller's duties: rows consist of points, and those of other pieces are others.
            unsafe { (T::SUM)(&rows) }
            point.advance();
        }
    });
    true
}
