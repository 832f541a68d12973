//! The shape of a bound array as its term sees it: named axes `0..R`, then those of the ellipsis.

#![allow(unsafe_code)]

use ndarray::Dimension;

use crate::ellipsis::{Ellipsis, NoEllipsis, Rest};

/// Returns a number that the optimiser knows nothing of, so that it stays in a register of its own. Two that are copied
/// together would be read as a vector, for which a processor waits if they have just been written one by one, as those of a
/// view have that is made for the call.
#[inline(always)]
pub(crate) fn opaque(number: usize) -> usize {
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    {
        let mut number = number;
        // SAFETY: no instruction is executed.
        unsafe {
            core::arch::asm!(
                "/* {0} */", inout(reg) number,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        number
    }
    #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
    number
}

/// Extents and strides, in elements, of the named axes, the ellipsis `E`, and the array's rank.
///
/// If the rank does not fit the term, all extents are 0 and the ellipsis is empty.
#[derive(Clone)]
pub(crate) struct Layout<const R: usize, E> {
    /// Extents, then strides as two's complement.
    axes: [[usize; R]; 2],
    pub(crate) ellipsis: E,
    /// The number of axes that the array has.
    pub(crate) found: usize,
}

impl<const R: usize> Layout<R, NoEllipsis> {
    #[inline]
    pub(crate) fn new(shape: &[usize], strides: &[isize]) -> Self {
        let found = shape.len();
        let mut axes = [[0; R]; 2];
        if found == R && strides.len() == R {
            let mut axis = 0;
            while axis < R {
                axes[0][axis] = opaque(shape[axis]);
                axes[1][axis] = opaque(strides[axis].cast_unsigned());
                axis += 1;
            }
        }
        Layout { axes, ellipsis: NoEllipsis, found }
    }

    /// Returns the layout in C order, of an array whose elements exist.
    #[inline]
    pub(crate) fn c_order(shape: &[usize]) -> Self {
        let (mut axes, found) = ([[0; R]; 2], shape.len());
        // The strides of an array that exists are representable, unless no position needs them.
        let mut stride = 1_usize;
        let mut axis = if found == R { R } else { 0 };
        while axis > 0 {
            axis -= 1;
            (axes[0][axis], axes[1][axis]) = (shape[axis], stride);
            stride = stride.wrapping_mul(shape[axis]);
        }
        Layout { axes, ellipsis: NoEllipsis, found }
    }
}

impl<const R: usize, D: Dimension> Layout<R, Rest<D>> {
    /// `D` has the rank that remains of a static rank.
    pub(crate) fn with_ellipsis(shape: &[usize], strides: &[isize], before: usize) -> Self {
        assert!(before <= R, "einloom: internal error: the ellipsis lies outside its term");
        let found = shape.len();
        let count = found.saturating_sub(R);
        let mut rest = Rest::new(count);
        let mut axes = [[0; R]; 2];
        if found >= R {
            for (axis, (&extent, &stride)) in shape.iter().zip(strides).enumerate() {
                let stride = stride.cast_unsigned();
                if axis < before {
                    (axes[0][axis], axes[1][axis]) = (extent, stride);
                } else if axis < before + count {
                    rest.set(axis - before, extent, stride);
                } else {
                    (axes[0][axis - count], axes[1][axis - count]) = (extent, stride);
                }
            }
        }
        Layout { axes, ellipsis: rest, found }
    }
}

impl<const R: usize, E> Layout<R, E> {
    #[inline(always)]
    pub(crate) fn extent(&self, axis: usize) -> usize {
        self.axes[0][axis]
    }

    #[inline(always)]
    pub(crate) fn stride(&self, axis: usize) -> isize {
        self.axes[1][axis].cast_signed()
    }

    /// Returns all extents, then all strides.
    #[inline(always)]
    pub(crate) fn named(&self) -> &[usize] {
        self.axes.as_flattened()
    }
}

impl<const R: usize, E: Ellipsis> Layout<R, E> {
    /// Panics unless the array has the rank of its term: without axes, extents of 0 protect nothing.
    #[inline]
    pub(crate) fn assert_rank(&self) {
        let has_rank = self.found == R || (E::IS_SOME && self.found > R);
        assert!(has_rank, "einloom: internal error: the rank was not checked");
    }
}

/// A layout whose rank is no part of its type.
#[derive(Clone, Copy)]
pub(crate) struct Axes<'v> {
    pub(crate) named: Steps<'v>,
    /// The axes of the ellipsis.
    pub(crate) rest: Steps<'v>,
    /// The number of axes that the array has.
    pub(crate) found: usize,
}

/// Some axes of an array.
#[derive(Clone, Copy)]
pub(crate) struct Steps<'v> {
    pub(crate) extents: &'v [usize],
    /// In elements, as two's complement; as many as extents.
    pub(crate) strides: &'v [usize],
}

impl<'v> Steps<'v> {
    /// `axes` are all extents, then all strides.
    #[inline]
    pub(crate) fn of(axes: &'v [usize]) -> Self {
        // Most terms have no ellipsis.
        if axes.is_empty() {
            return Steps { extents: axes, strides: axes };
        }
        let (extents, strides) = axes.split_at(axes.len() / 2);
        Steps { extents, strides }
    }
}
