//! Sums of rows of a few elements each: most lanes of a vector of them would be idle, and a sum across lanes takes longer
//! than to take rows apart.
//!
//! ```text
//! for a block of rows
//!   panel[j][row] = x[row, j]         rows are taken apart
//!   out[row] += Σ_j panel[j][row]
//! ```

use core::mem::MaybeUninit;

use super::interleave;
use super::lane::Lane;
use super::rows::Rows;
use super::sweep::{Arrays, once};
use crate::kernel::Dim;

/// The most bytes of a row.
pub(super) const BYTES: usize = 16;

/// The elements of a panel.
const PANEL: usize = 2048;

/// A panel's lines are apart by as many elements more than there are rows: at powers of two they would compete for few
/// places of the cache.
const APART: usize = 16;

/// `out[r] += Σ_j x[r, j]`, one term after the other.
///
/// # Safety
///
/// As [`RowKernel`](super::rows::RowKernel); rows have [`BYTES`] at most, and the output's elements are adjacent.
pub(super) unsafe extern "sysv64" fn sum_rows<T: Lane>(rows: &Rows<T>) {
    let mut panel = [const { MaybeUninit::<T>::uninit() }; PANEL];
    let panel = panel.as_mut_ptr().cast::<T>();
    let Rows { len, .. } = *rows;
    // Some hundred rows.
    let block = PANEL / len / interleave::LONG * interleave::LONG - APART;
    let pitch = (block + APART).cast_signed();
    let size = size_of::<T>().cast_signed();
    let mut first = 0;
    while first < rows.rows {
        let count = block.min(rows.rows - first);
        let from = rows.x.wrapping_byte_offset(first.cast_signed() * rows.x_row);
        let out = rows.out.wrapping_add(first);
        let line = Dim { out: 0, sources: [pitch], ..once() };
        let lines = Arrays { out, sources: [panel.cast_const()] };
        let adding = Rows::along(&lines, (&once(), count), (&line, len), [T::ONE; 2]);
        let apart = Rows {
            out: panel,
            x: from,
            // Along a line of the panel, and from line to line.
            len: count,
            rows: len,
            x_step: rows.x_row,
            out_row: pitch * size,
            ..adding
        };
        // SAFETY: the caller's duties; there is room for a block's elements, and a kernel for rows can add to elements that
        // it does not read.
        unsafe {
            interleave::transpose(&apart);
            (T::ADD[0])(&adding);
        }
        first += count;
    }
}
