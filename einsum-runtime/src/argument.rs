//! The arguments of the functions that `einsum_fn!` emits: references to arrays, whose types say what ranks they have.
//!
//! An argument is a pointer and two slices, which is next to nothing to compile in a user's crate; its axes are told apart
//! here, by the program.

#![allow(unsafe_code)]

use core::marker::PhantomData;

use ndarray::{ArrayRef, Dimension};
use smallvec::SmallVec;

use crate::program::Program;
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
#[must_use]
pub fn scalar_argument<T>(scalar: &T) -> Argument<'_, T> {
    let ptr = core::ptr::from_ref(scalar).cast_mut().cast();
    Argument { ptr, extents: &[], strides: &[], is_output: false, element: PhantomData }
}

/// Returns an array to be written.
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

/// The axes of all arguments as their terms tell them apart: of each the extents and strides of the named axes, and those
/// of the ellipsis.
pub(crate) struct Laid {
    axes: SmallVec<[usize; 64]>,
    /// The end of each argument's named axes, and of those of its ellipsis.
    ends: SmallVec<[[usize; 2]; 8]>,
}

impl Laid {
    /// Lays out the arguments of a program. One whose rank does not fit its term has no axes here, but those that it has
    /// are counted.
    pub(crate) fn new(program: &Program, arguments: &[RawArgument<'_>]) -> Self {
        let matches = arguments.len() == program.arrays.len();
        assert!(matches, "einloom: internal error: a call does not have the arrays of its program");
        let mut laid = Laid { axes: SmallVec::new(), ends: SmallVec::new() };
        for (array, argument) in program.arrays.iter().zip(arguments) {
            let (named, found) = (array.axes.len(), argument.extents.len());
            let (before, rest) = match array.has_ellipsis() {
                false => (named, 0),
                true => (array.before(), found.saturating_sub(named)),
            };
            assert!(before <= named, "einloom: internal error: the ellipsis lies outside its term");
            let fits = found == named + rest;
            if fits {
                laid.push(argument, 0..before, before + rest..found);
            } else {
                laid.axes.resize(laid.axes.len() + 2 * named, 0);
            }
            let end = laid.axes.len();
            if fits {
                laid.push(argument, before..before + rest, 0..0);
            }
            laid.ends.push([end, laid.axes.len()]);
        }
        laid
    }

    /// Adds the extents of some axes, and then their strides.
    fn push(
        &mut self,
        argument: &RawArgument<'_>,
        first: core::ops::Range<usize>,
        second: core::ops::Range<usize>,
    ) {
        let (extents, strides) = (argument.extents, argument.strides);
        for axis in first.clone().chain(second.clone()) {
            self.axes.push(extents[axis]);
        }
        for axis in first.chain(second) {
            self.axes.push(strides[axis].cast_unsigned());
        }
    }

    /// Returns the arguments as the operands of a call.
    pub(crate) fn operands<'c>(&'c self, arguments: &[RawArgument<'c>]) -> SmallVec<[Raw<'c>; 8]> {
        let mut start = 0;
        let ends = self.ends.iter().zip(arguments);
        let operands = ends.map(|(&[named, rest], argument)| {
            let (named_axes, rest_axes) = (&self.axes[start..named], &self.axes[named..rest]);
            start = rest;
            let RawArgument { ptr, extents, is_output, .. } = *argument;
            Raw::new(ptr, named_axes, rest_axes, extents.len(), is_output)
        });
        operands.collect()
    }
}
