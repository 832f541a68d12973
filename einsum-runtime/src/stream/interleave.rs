//! Permutations between long rows and short ones, too short for blocks of registers: a few rows of the source are
//! interleaved, or taken apart.
//!
//! ```text
//! out[j, i] = x[i, j]   i adjacent in the output, j in the source, one of them a few elements
//! ```
//!
//! The kernels are those that bring small products to the lanes of vectors, and back: as many elements of the long side at a
//! time as a vector has.

use super::rows::{RowKernel, Rows};
use crate::kernel::batch::{BatchSet, Transpose};
use crate::kernel::level::{Level, kernels_for};
use crate::kernel::x86_64::batch::{F32_AVX2, F32_AVX512, F64_AVX2, F64_AVX512};

/// The fewest elements of the long side: those of a vector or two.
pub(super) const LONG: usize = 16;

/// The bytes of a vector of the kernels that take whole ones.
const VECTOR: usize = 64;

/// Returns the kernel for `short` elements by `long`, if they are not better copied one by one. In [`Rows`], `len` counts
/// those that are adjacent in the output, and `rows` those in the source, as for [`transpose`](super::transpose).
pub(super) fn kernel<T>(short: usize, long: usize) -> Option<RowKernel<T>> {
    // Without masks there are blocks of 4 by 4 alone.
    let least = if Level::current() == Level::Avx512 { 2 } else { 4 };
    (short >= least && long >= LONG).then_some(transpose::<T>)
}

/// Transposes, whatever the sides are.
///
/// # Safety
///
/// As [`RowKernel`], for elements of 4 or 8 bytes.
pub(super) unsafe extern "sysv64" fn transpose<T>(rows: &Rows<T>) {
    let size = size_of::<T>();
    let set: Option<&BatchSet> =
        kernels_for(size, [&F32_AVX2, &F64_AVX2], [&F32_AVX512, &F64_AVX512]);
    let Some(set) = set else { return };
    let (to, from): (*mut u8, *const u8) = (rows.out.cast(), rows.x.cast());
    let (to_row, from_row) = (rows.out_row, rows.x_step);
    let element = size.cast_signed();
    // Steps along the long side: what is interleaved is long in the source, what is taken apart in the output.
    let is_interleaved = rows.rows >= rows.len;
    let (long, short, [to_step, from_step]) = if is_interleaved {
        (rows.rows, rows.len, [to_row, element])
    } else {
        (rows.len, rows.rows, [element, from_row])
    };
    let (whole, kernel): (usize, Option<Transpose>) = match set.narrow {
        Some(narrow) if is_interleaved => (long * size / VECTOR, Some(narrow.unpack)),
        Some(narrow) => (long * size / VECTOR, Some(narrow.pack)),
        None => (0, None),
    };
    let done = whole * VECTOR / size;
    let left = long - done;
    // SAFETY: the caller's duties, for all elements in two parts.
    unsafe {
        if let (Some(kernel), 1..) = (kernel, whole) {
            kernel(to, from, to_row, from_row, whole, short);
        }
        if left > 0 {
            let to = to.wrapping_offset(done.cast_signed() * to_step);
            let from = from.wrapping_offset(done.cast_signed() * from_step);
            let [lines, columns] = if is_interleaved { [short, left] } else { [left, short] };
            (set.transpose)(to, from, to_row, from_row, lines, columns);
        }
    }
}
