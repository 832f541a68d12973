//! The elements of a new array while they are made.

use core::mem::ManuallyDrop;

use ndarray::{Array, Dimension};

use crate::view::{View, holds};

/// The elements of a new array, in C order.
///
/// Invariant: `ptr`, `len`, and `capacity` are those of a vector. They are apart so that they stay in registers.
pub struct Row<T> {
    pub(super) ptr: *mut T,
    pub(super) len: usize,
    pub(super) capacity: usize,
}

impl<T, const R: usize, X, E> View<'_, T, R, X, E> {
    /// Returns room for so many elements.
    #[inline(always)]
    #[must_use]
    pub fn row(&self, len: usize) -> Row<T> {
        let (ptr, capacity) = allocate(len);
        Row { ptr, len: 0, capacity }
    }

    /// Returns the array of the elements of a row.
    ///
    /// # Panics
    ///
    /// If not as many elements were pushed as the extents say, or `D` has another rank.
    #[inline(always)]
    #[must_use]
    pub fn array<const RO: usize, D: Dimension>(
        &self,
        row: Row<T>,
        extents: [usize; RO],
    ) -> Array<T, D> {
        // Made here and not by a call: whoever moves the array on would wait for the fields that had just been written.
        let Row { ptr, len, capacity } = *ManuallyDrop::new(row);
        let mut shape = D::zeros(RO);
        if !(shape.ndim() == RO && len > 0 && holds(&extents, len)) {
            wrong();
        }
        shape.slice_mut().copy_from_slice(&extents);
        // SAFETY: the invariant of `Row`; the elements are as many as the extents say, and with elements no extent is zero.
        unsafe {
            let elements = Vec::from_raw_parts(ptr, len, capacity);
            Array::from_shape_vec_unchecked(shape, elements)
        }
    }
}

/// Leaks the row: no emitted code comes here.
#[cold]
#[inline(never)]
fn wrong() -> ! {
    panic!("einloom: internal error: another rank or number of elements")
}

#[inline(never)]
fn allocate<T>(len: usize) -> (*mut T, usize) {
    let mut elements = ManuallyDrop::new(Vec::with_capacity(len));
    (elements.as_mut_ptr(), elements.capacity())
}

impl<T> Drop for Row<T> {
    fn drop(&mut self) {
        // SAFETY: the invariant of `Row`.
        drop(unsafe { Vec::from_raw_parts(self.ptr, self.len, self.capacity) });
    }
}
