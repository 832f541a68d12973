//! Element access for the loops that emitted code runs itself, where a call has so few points that handing it over would
//! take longer.
//!
//! Safe and yet without a check left in the loops: views are cut to the very variables that bound the loops, so that the
//! comparisons here are between a counter and its own bound.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ptr::NonNull;

use ndarray::{Array, Dimension};

use crate::element::Element;
use crate::ellipsis::NoEllipsis;
use crate::layout::Layout;
use crate::output_view::OutputView;
use crate::view::{View, holds};

/// The most points of a call whose loops emitted code runs itself.
const POINTS: usize = 128;

/// Whether loops of these extents have few points, and at least one. There are at most 8 of them.
#[inline(always)]
#[must_use]
pub fn few<const N: usize>(extents: [usize; N]) -> bool {
    let (mut points, mut short, mut number) = (1_usize, N <= 8, 0);
    while number < N {
        short &= extents[number].wrapping_sub(1) < POINTS;
        points = points.wrapping_mul(extents[number]);
        number += 1;
    }
    short && points <= POINTS
}

/// An operand with extents that loops count up to.
///
/// Invariant: for `'v`, every element at `ptr + Σ position · stride` with all positions inside `extents` may be read.
#[derive(Clone, Copy)]
pub struct Direct<'v, T, const R: usize> {
    ptr: NonNull<T>,
    extents: [usize; R],
    strides: [isize; R],
    borrow: PhantomData<&'v [T]>,
}

impl<T: Element, const R: usize, X> View<'_, T, R, X, NoEllipsis> {
    /// Returns the operand if it has these extents.
    #[inline(always)]
    #[must_use]
    pub fn direct(&self, extents: [usize; R]) -> Option<Direct<'_, T, R>> {
        match has_extents(&self.layout, &extents) {
            true => {
                let (ptr, strides) = (self.ptr(), self.layout.strides);
                Some(Direct { ptr, extents, strides, borrow: PhantomData })
            }
            false => None,
        }
    }

    /// Returns what a sum begins with.
    #[inline(always)]
    #[must_use]
    pub fn zero(&self) -> T {
        T::ZERO
    }
}

#[inline(always)]
fn has_extents<const R: usize>(layout: &Layout<R, NoEllipsis>, extents: &[usize; R]) -> bool {
    let (mut axis, mut equal) = (0, layout.has_rank());
    while axis < R {
        equal &= layout.extents[axis] == extents[axis];
        axis += 1;
    }
    equal
}

/// Returns the offset of a position.
///
/// # Panics
///
/// If it lies outside of the extents.
#[inline(always)]
fn offset<const R: usize>(at: [usize; R], extents: &[usize; R], strides: &[isize; R]) -> isize {
    let (mut axis, mut inside, mut offset) = (0, true, 0_isize);
    while axis < R {
        inside &= at[axis] < extents[axis];
        offset = offset.wrapping_add(at[axis].cast_signed().wrapping_mul(strides[axis]));
        axis += 1;
    }
    if !inside {
        outside();
    }
    offset
}

#[cold]
#[inline(never)]
fn outside() -> ! {
    panic!("einloom: internal error: a position lies outside of its array")
}

impl<T: Element, const R: usize> Direct<'_, T, R> {
    /// Returns an element.
    ///
    /// # Panics
    ///
    /// If the position lies outside of the extents.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, position: [usize; R]) -> T {
        let offset = offset(position, &self.extents, &self.strides);
        // SAFETY: the invariant of `Direct`, and the position lies inside the extents.
        unsafe { self.ptr.offset(offset).read() }
    }
}

/// An output with extents that loops count up to.
///
/// Invariant: for `'v`, every element at `ptr + Σ position · stride` with all positions inside `extents` may be read
/// and written by nobody else.
pub struct DirectMut<'v, T, const R: usize> {
    ptr: NonNull<T>,
    extents: [usize; R],
    strides: [isize; R],
    borrow: PhantomData<&'v mut [T]>,
}

impl<T: Element, const R: usize, X> OutputView<'_, T, R, X, NoEllipsis> {
    /// Returns the output if it has these extents.
    #[inline(always)]
    #[must_use]
    pub fn direct(&mut self, extents: [usize; R]) -> Option<DirectMut<'_, T, R>> {
        match has_extents(&self.layout, &extents) {
            true => {
                let (ptr, strides) = (self.ptr, self.layout.strides);
                Some(DirectMut { ptr, extents, strides, borrow: PhantomData })
            }
            false => None,
        }
    }
}

impl<T: Element, const R: usize> DirectMut<'_, T, R> {
    /// Writes an element.
    ///
    /// # Panics
    ///
    /// If the position lies outside of the extents.
    #[inline(always)]
    pub fn put(&mut self, position: [usize; R], value: T) {
        let offset = offset(position, &self.extents, &self.strides);
        // SAFETY: the invariant of `DirectMut`, and the position lies inside the extents.
        unsafe { self.ptr.offset(offset).write(value) }
    }

    /// Lets a sum enter an element, which becomes `beta * old + alpha * sum`, where an `alpha` that is not given is one and
    /// a `beta` zero; with a `beta` of zero the old value does not matter.
    ///
    /// # Panics
    ///
    /// As [`put`](DirectMut::put).
    #[inline(always)]
    pub fn scale(&mut self, position: [usize; R], sum: T, alpha: Option<T>, beta: Option<T>) {
        let offset = offset(position, &self.extents, &self.strides);
        let scaled = match alpha {
            Some(alpha) => T::mul(alpha, sum),
            None => sum,
        };
        // SAFETY: as in `put`; an existing output holds values.
        unsafe {
            let to = self.ptr.offset(offset);
            to.write(match beta {
                Some(beta) if beta != T::ZERO => T::add(T::mul(beta, to.read()), scaled),
                _ => scaled,
            });
        }
    }
}

/// The elements of a new array, to be pushed in C order.
pub struct Row<T, const R: usize> {
    elements: Vec<T>,
    extents: [usize; R],
}

/// Returns a new array of these extents, of which there are [`few`].
#[inline(always)]
#[must_use]
pub fn row<T, const R: usize>(extents: [usize; R]) -> Row<T, R> {
    let (mut len, mut axis) = (1_usize, 0);
    while axis < R {
        len = len.wrapping_mul(extents[axis]);
        axis += 1;
    }
    Row { elements: Vec::with_capacity(len), extents }
}

impl<T: Element, const R: usize> Row<T, R> {
    /// Adds an element.
    ///
    /// # Panics
    ///
    /// If there is no room for it.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        let len = self.elements.len();
        if len == self.elements.capacity() {
            outside();
        }
        // SAFETY: there is room for one more.
        unsafe {
            self.elements.as_mut_ptr().add(len).write(value);
            self.elements.set_len(len + 1);
        }
    }

    /// Returns the array.
    ///
    /// # Panics
    ///
    /// If not as many elements were pushed as its extents say, or `D` has another rank.
    #[inline(always)]
    #[must_use]
    pub fn into_array<D: Dimension>(self) -> Array<T, D> {
        let mut shape = D::zeros(R);
        if shape.ndim() != R || !holds(&self.extents, self.elements.len()) {
            outside();
        }
        shape.slice_mut().copy_from_slice(&self.extents);
        // SAFETY: the elements are as many as the extents say.
        unsafe { Array::from_shape_vec_unchecked(shape, self.elements) }
    }
}
