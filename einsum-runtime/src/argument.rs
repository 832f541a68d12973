//! The arguments of the functions that `einsum_fn!` emits: references to arrays, whose types say what ranks they have.
//!
//! An argument is a pointer and two slices, which is next to nothing to compile in a user's crate; its axes are told apart
//! here, by the program.

#![allow(unsafe_code)]

use core::marker::PhantomData;

use ndarray::{ArrayRef, Dimension};
use smallvec::SmallVec;

use crate::layout::{Axes, Steps};
use crate::program::{Array, Program};
use crate::view::Raw;

/// An array or scalar that a function reads or writes.
///
/// Invariant: for `'a`, every element at `ptr + Σ position · stride` with all positions inside `extents` may be read, and
/// that of an output may be written, by nobody else, and no two positions have the same element.
#[repr(C)]
pub struct Argument<'a, T> {
    ptr: *mut u8,
    extents: &'a [usize],
    strides: &'a [isize],
    is_output: bool,
    element: PhantomData<*mut T>,
}

/// An argument whose elements are not part of its type. Its fields are those of [`Argument`].
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct RawArgument<'a> {
    ptr: *mut u8,
    extents: &'a [usize],
    strides: &'a [isize],
    is_output: bool,
}

/// Returns an array to be read.
#[inline]
#[must_use]
pub fn array_argument<T, D: Dimension>(array: &ArrayRef<T, D>) -> Argument<'_, T> {
    Argument {
        ptr: array.as_ptr().cast_mut().cast(),
        extents: array.shape(),
        strides: array.strides(),
        is_output: false,
        element: PhantomData,
    }
}

/// Returns a scalar to be read.
#[inline]
#[must_use]
pub fn scalar_argument<T>(scalar: &T) -> Argument<'_, T> {
    let ptr = core::ptr::from_ref(scalar).cast_mut().cast();
    Argument { ptr, extents: &[], strides: &[], is_output: false, element: PhantomData }
}

/// Returns an array to be written.
#[inline]
#[must_use]
pub fn array_output<T, D: Dimension>(array: &mut ArrayRef<T, D>) -> Argument<'_, T> {
    Argument {
        ptr: array.as_mut_ptr().cast(),
        extents: array.shape(),
        strides: array.strides(),
        is_output: true,
        element: PhantomData,
    }
}

/// Returns a scalar to be written.
#[inline]
#[must_use]
pub fn scalar_output<T>(scalar: &mut T) -> Argument<'_, T> {
    let ptr = core::ptr::from_mut(scalar).cast();
    Argument { ptr, extents: &[], strides: &[], is_output: true, element: PhantomData }
}

impl<'a, T> Argument<'a, T> {
    /// Takes their type off the arguments of a call.
    pub(crate) fn raw<'c>(arguments: &'c [Self]) -> &'c [RawArgument<'a>] {
        // SAFETY: the two have the same fields, and that of `PhantomData` has no size.
        unsafe { &*(core::ptr::from_ref(arguments) as *const [RawArgument<'a>]) }
    }
}

/// Returns how many axes [`lay`] has to copy.
///
/// # Panics
///
/// If the arguments are not as many as the arrays of the program.
pub(crate) fn copied(program: &Program, arguments: &[RawArgument<'_>]) -> usize {
    let matches = arguments.len() == program.arrays.len();
    assert!(matches, "einloom: internal error: a call does not have the arrays of its program");
    let (mut copied, mut number) = (0, 0);
    while number < arguments.len() {
        let array = &program.arrays[number];
        if array.has_ellipsis() && is_inside(array) {
            copied += array.axes.len();
        }
        number += 1;
    }
    copied
}

/// Whether named axes stand on both sides of a term's ellipsis.
fn is_inside(array: &Array) -> bool {
    array.before() != 0 && array.before() < array.axes.len()
}

/// Tells the axes of arguments apart as their terms do. One whose rank does not fit its term has no axes, but those that it
/// has are counted. Named axes on both sides of an ellipsis are put together in `extents` and `strides`.
///
/// # Panics
///
/// If there is less room than [`copied`] says.
pub(crate) fn lay<'c>(
    program: &Program,
    arguments: &[RawArgument<'c>],
    mut room: (&'c mut [usize], &'c mut [isize]),
    operands: &mut SmallVec<[Raw<'c>; 8]>,
) {
    let mut number = 0;
    while number < arguments.len() {
        let array = &program.arrays[number];
        let RawArgument { ptr, extents, strides, is_output } = arguments[number];
        number += 1;
        let (named, found) = (array.axes.len(), extents.len());
        let all = Steps { extents, strides };
        let mut axes = Axes { named: all, rest: Steps::NONE, found };
        if !array.has_ellipsis() {
            if found != named {
                axes.named = Steps::NONE;
            }
        } else {
            let before = array.before();
            assert!(before <= named, "einloom: internal error: the ellipsis lies outside its term");
            let own = if is_inside(array) { named } else { 0 };
            let (own_extents, more_extents) = room.0.split_at_mut(own);
            let (own_strides, more_strides) = room.1.split_at_mut(own);
            room = (more_extents, more_strides);
            match found.checked_sub(named) {
                None => axes.named = Steps::NONE,
                Some(rest) => {
                    let (first, last) = all.split(before);
                    let (rest, last) = last.split(rest);
                    axes.rest = rest;
                    axes.named = match (before, own) {
                        (0, _) => last,
                        (_, 0) => first,
                        _ => {
                            own_extents[..before].copy_from_slice(first.extents);
                            own_extents[before..].copy_from_slice(last.extents);
                            own_strides[..before].copy_from_slice(first.strides);
                            own_strides[before..].copy_from_slice(last.strides);
                            Steps { extents: own_extents, strides: own_strides }
                        }
                    };
                }
            }
        }
        operands.push(Raw { ptr, axes, is_output });
    }
}
