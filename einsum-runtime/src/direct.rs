//! Element access for the loops that emitted code runs itself, where a call has so few points that handing it over would
//! take longer.
//!
//! Every access is checked, yet the checks vanish: emitted code has compared the extents of an array with the bounds of
//! its loops before, and the optimiser knows. One function a rank, rather than loops over axes, is less for it to do.

#![allow(unsafe_code)]

use core::mem::ManuallyDrop;

use ndarray::{Array, Dimension};

use crate::element::Element;
use crate::ellipsis::NoEllipsis;
use crate::output_view::OutputView;
use crate::view::{View, holds};

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

/// Ends the process: unwinding would cost every loop the code that cleans up behind it.
#[cold]
#[inline(never)]
extern "C" fn outside() -> ! {
    panic!("einloom: internal error: a position lies outside of its array")
}

macro_rules! ranks {
    ($($rank:literal: $($axis:literal $at:ident $n:ident),*;)*) => { $(
        impl<T: Element, X> View<'_, T, $rank, X, NoEllipsis> {
            /// Whether the operand has these extents.
            #[inline(always)]
            #[must_use]
            pub fn is(&self $(, $n: usize)*) -> bool {
                (self.layout.found == $rank) $(& (self.layout.extent($axis) == $n))*
            }

            /// Returns an element. The extents have been checked with [`is`](View::is).
            #[inline(always)]
            #[must_use]
            pub fn at(&self $(, $at: usize)*) -> T {
                let layout = &self.layout;
                if !((layout.found == $rank) $(& ($at < layout.extent($axis)))*) {
                    outside();
                }
                let offset = 0_isize $(+ $at.cast_signed() * layout.stride($axis))*;
                // SAFETY: the invariant of `View`, and the position lies inside the extents.
                unsafe { self.ptr().as_ptr().offset(offset).read() }
            }
        }

        impl<T: Element, X> OutputView<'_, T, $rank, X, NoEllipsis> {
            /// Whether the output has these extents.
            #[inline(always)]
            #[must_use]
            pub fn is(&self $(, $n: usize)*) -> bool {
                (self.layout.found == $rank) $(& (self.layout.extent($axis) == $n))*
            }

            #[inline(always)]
            fn place(&mut self $(, $at: usize)*) -> &mut T {
                let layout = &self.layout;
                if !((layout.found == $rank) $(& ($at < layout.extent($axis)))*) {
                    outside();
                }
                let offset = 0_isize $(+ $at.cast_signed() * layout.stride($axis))*;
                // SAFETY: the invariant of `OutputView`, and the position lies inside the extents.
                unsafe { &mut *self.ptr.as_ptr().offset(offset) }
            }

            /// Writes an element. The extents have been checked with [`is`](OutputView::is).
            #[inline(always)]
            pub fn put(&mut self $(, $at: usize)*, value: T) {
                *self.place($($at),*) = value;
            }

            /// Lets a sum enter an element, which becomes `beta * old + alpha * sum`, where an `alpha` that is not given
            /// is one and a `beta` zero; with a `beta` of zero the old value does not matter.
            #[inline(always)]
            #[allow(clippy::too_many_arguments, reason = "one a position")]
            pub fn scale(&mut self $(, $at: usize)*, sum: T, alpha: Option<T>, beta: Option<T>) {
                let place = self.place($($at),*);
                // As in the kernels: for complex numbers a product with one is not exact where parts are infinite.
                let scaled = |by: T, x: T| if by == T::ONE { x } else { T::mul(by, x) };
                let sum = match alpha {
                    Some(alpha) => scaled(alpha, sum),
                    None => sum,
                };
                *place = match beta {
                    Some(beta) if beta != T::ZERO => T::add(scaled(beta, *place), sum),
                    _ => sum,
                };
            }
        }
    )* };
}
ranks! {
    0: ;
    1: 0 i n0;
    2: 0 i n0, 1 j n1;
    3: 0 i n0, 1 j n1, 2 k n2;
    4: 0 i n0, 1 j n1, 2 k n2, 3 l n3;
}

impl<T: Element, const R: usize, X, E> View<'_, T, R, X, E> {
    /// Returns what a sum begins with.
    #[inline(always)]
    #[must_use]
    pub fn zero(&self) -> T {
        T::ZERO
    }
}

/// The elements of a new array, to be pushed in C order.
///
/// Invariant: `ptr`, `len`, and `capacity` are those of a vector. They are apart so that they stay in registers.
pub struct Row<T> {
    ptr: *mut T,
    len: usize,
    capacity: usize,
}

impl<T: Element, const R: usize, X, E> View<'_, T, R, X, E> {
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
        let Row { ptr, len, capacity } = *ManuallyDrop::new(row);
        // SAFETY: the invariant of `Row`.
        unsafe { array(ptr, len, capacity, extents) }
    }
}

#[inline(always)]
fn allocate<T>(len: usize) -> (*mut T, usize) {
    let mut elements = ManuallyDrop::new(Vec::with_capacity(len));
    (elements.as_mut_ptr(), elements.capacity())
}

/// # Safety
///
/// `ptr`, `len`, and `capacity` are those of a vector.
#[inline(always)]
unsafe fn array<T, const R: usize, D: Dimension>(
    ptr: *mut T,
    len: usize,
    capacity: usize,
    extents: [usize; R],
) -> Array<T, D> {
    // SAFETY: the caller's duty.
    let elements = unsafe { Vec::from_raw_parts(ptr, len, capacity) };
    let mut shape = D::zeros(R);
    let fits = shape.ndim() == R && len > 0 && holds(&extents, len);
    assert!(fits, "einloom: internal error: another rank or number of elements");
    shape.slice_mut().copy_from_slice(&extents);
    // SAFETY: the elements are as many as the extents say, and with elements no extent is zero.
    unsafe { Array::from_shape_vec_unchecked(shape, elements) }
}

impl<T: Element> Row<T> {
    /// Adds an element, if there is room.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        if self.len < self.capacity {
            // SAFETY: there is room for one more.
            unsafe { self.ptr.add(self.len).write(value) };
            self.len += 1;
        }
    }
}

impl<T> Drop for Row<T> {
    fn drop(&mut self) {
        // SAFETY: the invariant of `Row`.
        drop(unsafe { Vec::from_raw_parts(self.ptr, self.len, self.capacity) });
    }
}
