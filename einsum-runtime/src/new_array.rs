//! Makes arrays of elements: ndarray's constructor, compiled in this crate for the element types that have kernels here.
//!
//! In a user's crate it would be most of what rustc compiles for a call, and in a debug build of what the call takes.

#![allow(unsafe_code)]

use core::alloc::Layout;
use core::mem::ManuallyDrop;
use std::alloc::{alloc, dealloc, handle_alloc_error};

use ndarray::{Array, Dimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn};

use crate::memory;

/// Writes an `Array<T, D>` to `array` that owns the elements of `room`.
///
/// # Safety
///
/// `array` can be written. `room` holds elements `T` whose number is the product of the extents, which is no more than
/// `isize::MAX` without those that are zero.
///
/// # Panics
///
/// If `D` has another rank.
pub(crate) type NewArray = unsafe fn(array: *mut u8, room: Room, extents: &[usize]);

/// Elements of a vector whose type is not known here.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    pub(crate) ptr: *mut u8,
    pub(crate) len: usize,
    pub(crate) capacity: usize,
}

/// New memory for elements, freed when it is dropped.
pub(crate) struct NewRoom {
    room: Room,
    element: Layout,
}

impl NewRoom {
    /// Returns uninitialised room for `len` elements.
    ///
    /// # Panics
    ///
    /// If they take more than `isize::MAX` bytes.
    pub(crate) fn new(len: usize, element: Layout) -> Self {
        let mut new = Self::allocate(len, element);
        // Memory that the allocator had kept is better taken as it is: it is behind pages already, and where there is room for
        // these elements there may be none for more.
        let more = memory::with_whole_pages(len, element.size());
        if more > len && !memory::is_backed(new.middle()) {
            drop(new);
            new = Self::allocate(more, element);
            new.room.len = len;
        }
        memory::advise_huge_pages(new.room.ptr, new.room.capacity * element.size());
        new
    }

    /// Returns room for `len` elements, of that capacity.
    fn allocate(len: usize, element: Layout) -> Self {
        let Some(layout) = layout(len, element) else {
            panic!("einloom: internal error: unchecked extents of a new array");
        };
        let ptr = if layout.size() == 0 {
            core::ptr::without_provenance_mut(layout.align())
        } else {
            // SAFETY: the size is not zero.
            let ptr = unsafe { alloc(layout) };
            if ptr.is_null() {
                handle_alloc_error(layout);
            }
            ptr
        };
        NewRoom { room: Room { ptr, len, capacity: len }, element }
    }

    /// Returns where the middle of the room is.
    fn middle(&self) -> *mut u8 {
        self.room.ptr.wrapping_add(self.room.capacity / 2 * self.element.size())
    }

    pub(crate) fn ptr(&self) -> *mut u8 {
        self.room.ptr
    }

    /// Returns the memory, to be freed by a vector.
    pub(crate) fn into_raw(self) -> Room {
        ManuallyDrop::new(self).room
    }
}

impl Drop for NewRoom {
    fn drop(&mut self) {
        if let Some(layout) = layout(self.room.capacity, self.element)
            && layout.size() != 0
        {
            // SAFETY: it was allocated with this layout. Elements are `Copy`, so there is nothing to drop in it.
            unsafe { dealloc(self.room.ptr, layout) };
        }
    }
}

/// The layout of a vector's memory.
fn layout(len: usize, element: Layout) -> Option<Layout> {
    let size = element.size().checked_mul(len)?;
    Layout::from_size_align(size, element.align()).ok()
}

/// The constructors of every dimension type, at the places that [`Rank`] gives them.
pub(crate) type NewArrays = [NewArray; 8];

pub(crate) const fn new_arrays<T>() -> NewArrays {
    [
        new_array::<T, Ix0>,
        new_array::<T, Ix1>,
        new_array::<T, Ix2>,
        new_array::<T, Ix3>,
        new_array::<T, Ix4>,
        new_array::<T, Ix5>,
        new_array::<T, Ix6>,
        new_array::<T, IxDyn>,
    ]
}

/// # Safety
///
/// As [`NewArray`].
pub(crate) unsafe fn new_array<T, D: Dimension>(array: *mut u8, room: Room, extents: &[usize]) {
    // SAFETY: the caller's duty.
    let elements = unsafe { Vec::from_raw_parts(room.ptr.cast::<T>(), room.len, room.capacity) };
    let mut shape = D::zeros(extents.len());
    assert!(shape.ndim() == extents.len(), "einloom: internal error: another rank");
    let axes = shape.slice_mut();
    let mut axis = 0;
    while axis < extents.len() {
        axes[axis] = extents[axis];
        axis += 1;
    }
    // SAFETY: the caller's duties.
    unsafe {
        let made = Array::from_shape_vec_unchecked(shape, elements);
        array.cast::<Array<T, D>>().write(made);
    }
}

/// A dimension type that emitted code names: one of ndarray's own.
pub trait Rank: Dimension + sealed::Rank {}

pub(crate) mod sealed {
    /// Has a place in the table.
    pub trait Rank {
        const PLACE: usize;
    }
}

macro_rules! ranks {
    ($($dim:ident $place:literal)*) => { $(
        impl Rank for $dim {}
        impl sealed::Rank for $dim {
            const PLACE: usize = $place;
        }
    )* };
}
ranks!(Ix0 0 Ix1 1 Ix2 2 Ix3 3 Ix4 4 Ix5 5 Ix6 6 IxDyn 7);

#[cfg(all(test, target_os = "linux", target_env = "gnu", target_arch = "x86_64", not(miri)))]
mod tests {
    use super::*;

    /// Of a large array pages are new, and more is allocated than elements need: the C library maps what has more than 32 MB.
    #[test]
    fn only_new_pages_are_made_whole() {
        for (len, capacity) in [(0, 0), (1, 1), (1000, 1000), (5 << 20, (5 << 20) + (1 << 18))] {
            let room = NewRoom::new(len, Layout::new::<f64>()).room;
            assert_eq!((room.len, room.capacity), (len, capacity));
        }
    }
}
