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
    extents: [usize; R],
    strides: [isize; R],
    pub(crate) ellipsis: E,
    /// The number of axes that the array has.
    pub(crate) found: usize,
}

impl<const R: usize> Layout<R, NoEllipsis> {
    #[inline]
    pub(crate) fn new(shape: &[usize], strides: &[isize]) -> Self {
        let found = shape.len();
        let mut layout = Layout { extents: [0; R], strides: [0; R], ellipsis: NoEllipsis, found };
        if found == R && strides.len() == R {
            let mut axis = 0;
            while axis < R {
                // There is no optimiser in a debug build.
                if cfg!(debug_assertions) {
                    layout.extents[axis] = shape[axis];
                    layout.strides[axis] = strides[axis];
                } else {
                    layout.extents[axis] = opaque(shape[axis]);
                    layout.strides[axis] = opaque(strides[axis].cast_unsigned()).cast_signed();
                }
                axis += 1;
            }
        }
        layout
    }

    /// Returns the layout in C order, of an array whose elements exist.
    #[inline]
    pub(crate) fn c_order(shape: &[usize]) -> Self {
        let found = shape.len();
        let mut layout = Layout { extents: [0; R], strides: [0; R], ellipsis: NoEllipsis, found };
        // The strides of an array that exists are representable, unless no position needs them.
        let mut stride = 1_isize;
        let mut axis = if found == R { R } else { 0 };
        while axis > 0 {
            axis -= 1;
            (layout.extents[axis], layout.strides[axis]) = (shape[axis], stride);
            stride = stride.wrapping_mul(shape[axis].cast_signed());
        }
        layout
    }
}

impl<const R: usize, D: Dimension> Layout<R, Rest<D>> {
    /// `D` has the rank that remains of a static rank.
    pub(crate) fn with_ellipsis(shape: &[usize], strides: &[isize], before: usize) -> Self {
        assert!(before <= R, "einloom: internal error: the ellipsis lies outside its term");
        let found = shape.len();
        let count = found.saturating_sub(R);
        let mut rest = Rest::new(count);
        let (mut own_extents, mut own_strides) = ([0; R], [0; R]);
        if found >= R {
            for (axis, (&extent, &stride)) in shape.iter().zip(strides).enumerate() {
                if axis < before {
                    (own_extents[axis], own_strides[axis]) = (extent, stride);
                } else if axis < before + count {
                    rest.set(axis - before, extent, stride);
                } else {
                    (own_extents[axis - count], own_strides[axis - count]) = (extent, stride);
                }
            }
        }
        Layout { extents: own_extents, strides: own_strides, ellipsis: rest, found }
    }
}

impl<const R: usize, E> Layout<R, E> {
    #[inline(always)]
    pub(crate) fn extent(&self, axis: usize) -> usize {
        self.extents[axis]
    }

    #[inline(always)]
    pub(crate) fn stride(&self, axis: usize) -> isize {
        self.strides[axis]
    }

    /// Returns the named axes.
    #[inline(always)]
    pub(crate) fn named(&self) -> Steps<'_> {
        Steps { extents: &self.extents, strides: &self.strides }
    }
}

impl<const R: usize, E: Ellipsis> Layout<R, E> {
    /// Returns the layout without its rank.
    #[inline]
    pub(crate) fn axes(&self) -> Axes<'_> {
        Axes { named: self.named(), rest: self.ellipsis.axes(), found: self.found }
    }

    /// Panics unless the array has the rank of its term: without axes, extents of 0 protect nothing.
    #[inline]
    pub(crate) fn assert_rank(&self) {
        let has_rank = self.found == R || (E::IS_SOME && self.found > R);
        assert!(has_rank, "einloom: internal error: the rank was not checked");
    }
}

/// Rust and ndarray allow an array so many elements and bytes.
pub(crate) const MOST: usize = isize::MAX.unsigned_abs();

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
pub struct Steps<'v> {
    pub(crate) extents: &'v [usize],
    /// In elements; as many as extents.
    pub(crate) strides: &'v [isize],
}

impl<'v> Steps<'v> {
    /// No axes.
    pub(crate) const NONE: Self = Steps { extents: &[], strides: &[] };

    /// `axes` are all extents, then all strides as two's complement.
    pub(crate) fn of(axes: &'v [usize]) -> Self {
        let (extents, strides) = axes.split_at(axes.len() / 2);
        // SAFETY: every number is one of the other type, of the same size and alignment.
        let strides = unsafe { &*(core::ptr::from_ref(strides) as *const [isize]) };
        Steps { extents, strides }
    }

    /// Returns the first axes, and those after them.
    ///
    /// # Panics
    ///
    /// If there are not as many.
    pub(crate) fn split(self, first: usize) -> (Self, Self) {
        let (extents, more_extents) = self.extents.split_at(first);
        let (strides, more_strides) = self.strides.split_at(first);
        (Steps { extents, strides }, Steps { extents: more_extents, strides: more_strides })
    }
}
