//! The arguments of the functions that `einsum_fn!` emits: references to arrays, whose types say what ranks they have.
//!
//! An argument is a pointer and two slices, which is next to nothing to compile in a user's crate; its axes are told apart
//! here, by the program.

#![allow(unsafe_code)]

use core::marker::PhantomData;

use ndarray::{ArrayRef, Dimension};
use smallvec::SmallVec;

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
        unsafe { core::slice::from_raw_parts(arguments.as_ptr().cast(), arguments.len()) }
    }
}

/// How many axes the ellipsis of an argument's term stands for; none if its rank does not fit the term.
fn rest(array: &Array, argument: &RawArgument<'_>) -> Option<usize> {
    let rest = argument.extents.len().checked_sub(array.axes.len())?;
    (rest == 0 || array.has_ellipsis()).then_some(rest)
}

/// Returns the room that [`lay`] needs for the axes of all arguments.
///
/// # Panics
///
/// If they are not as many as the arrays of the program.
pub(crate) fn room(program: &Program, arguments: &[RawArgument<'_>]) -> usize {
    let matches = arguments.len() == program.arrays.len();
    assert!(matches, "einloom: internal error: a call does not have the arrays of its program");
    let axes = |(array, argument): (&Array, _)| {
        2 * (array.axes.len() + rest(array, argument).unwrap_or(0))
    };
    program.arrays.iter().zip(arguments).map(axes).sum()
}

/// Tells the axes of arguments apart as their terms do: into `axes`, which are zeros, go the extents and strides of the
/// named axes of each, and those of its ellipsis. One whose rank does not fit its term has extents of zero, but the axes
/// that it has are counted.
///
/// # Panics
///
/// If there is less room than [`room`] says.
pub(crate) fn lay<'c>(
    program: &Program,
    arguments: &[RawArgument<'_>],
    mut axes: &'c mut [usize],
    operands: &mut SmallVec<[Raw<'c>; 8]>,
) {
    for (array, argument) in program.arrays.iter().zip(arguments) {
        let (named, rest, before) = (array.axes.len(), rest(array, argument), array.before());
        let outside = array.has_ellipsis() && before > named;
        assert!(!outside, "einloom: internal error: the ellipsis lies outside its term");
        let (own, others) = axes.split_at_mut(2 * (named + rest.unwrap_or(0)));
        axes = others;
        if let Some(rest) = rest {
            let mut axis = 0;
            while axis < argument.extents.len().min(argument.strides.len()) {
                let (at, step) = if axis < before {
                    (axis, named)
                } else if axis - before < rest {
                    (2 * named + axis - before, rest)
                } else {
                    (axis - rest, named)
                };
                own[at] = argument.extents[axis];
                own[at + step] = argument.strides[axis].cast_unsigned();
                axis += 1;
            }
        }
        let (named, rest) = own.split_at(2 * named);
        let RawArgument { ptr, extents, is_output, .. } = *argument;
        operands.push(Raw::new(ptr, named, rest, extents.len(), is_output));
    }
}
