//! The results of a call as the user gets them: new arrays in C order, scalars, or an output that is filled.
//!
//! Functions of the element type only hand over to [`execute`](crate::execute), which is compiled in this crate.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use ndarray::Array;

use crate::check::check;
use crate::error::ShapeError;
use crate::execute::{Call, Out};
use crate::kernel::raw::{Factor, KernelTable, RawKernels, RawMode};
use crate::layout::{Axes, Steps};
use crate::new_array::{Rank, new_array};
use crate::outcome::raise;
use crate::program::Program;
use crate::rank::With;
use crate::view::{Erased, Raw};

/// A call whose shapes fit, with elements `T`, neither of a sub- nor of a supertype.
pub struct Checked<'c, T> {
    call: Call<'c>,
    element: PhantomData<*mut T>,
}

/// Checks the shapes of a call. `kernels` are those of its first operand, `given` the extents that options give, and
/// `extents` has one place a label, for the checked call to use.
///
/// # Errors
///
/// If they do not fit the terms, or a new array would be larger than `isize::MAX` bytes.
///
/// # Panics
///
/// If `operands`, `given`, or `extents` are not as many as the program says.
pub fn checked<'c, T>(
    program: &'static Program,
    kernels: Option<KernelTable<T>>,
    operands: &'c [Erased<'c, T>],
    given: &[usize],
    extents: &'c mut [usize],
) -> Result<Checked<'c, T>, ShapeError> {
    let kernels = kernels.map(|table| table.raw);
    let call = check_call(program, kernels, Erased::raw(operands), given, extents)?;
    Ok(Checked { call, element: PhantomData })
}

fn check_call<'c>(
    program: &'static Program,
    kernels: Option<&'static RawKernels>,
    operands: &'c [Raw<'c>],
    given: &[usize],
    extents: &'c mut [usize],
) -> Result<Call<'c>, ShapeError> {
    let kernels = kernels.expect("einloom: internal error: a view is not an operand");
    check(program, operands, given, extents, kernels.element.size())?;
    Ok(Call { program, operands, extents, kernels })
}

/// Checks the shapes of a view that is rearranged.
///
/// # Errors
///
/// As [`checked`].
///
/// # Panics
///
/// As [`checked`].
pub fn checked_view<T>(
    program: &'static Program,
    operands: &[Erased<'_, T>],
    extents: &mut [usize],
) -> Result<(), ShapeError> {
    check(program, Erased::raw(operands), &[], extents, 0)
}

/// Returns the first product of a call, an array of named axes. As [`checked`] and [`Checked::array`], which are more for
/// rustc.
///
/// # Panics
///
/// As [`checked`], also where that is an error.
#[track_caller]
pub fn einsum<T, D: Rank>(
    program: &'static Program,
    kernels: Option<KernelTable<T>>,
    operands: &[Erased<'_, T>],
    given: &[usize],
    extents: &mut [usize],
) -> Array<T, D> {
    let mut array = MaybeUninit::<Array<T, D>>::uninit();
    let (operands, kernels) = (Erased::raw(operands), kernels.map(|table| table.raw));
    // SAFETY: the place of `D` is that of its constructor, which has written the array when `einsum_raw` returns.
    unsafe {
        einsum_raw(program, kernels, operands, given, extents, D::PLACE, array.as_mut_ptr().cast());
        array.assume_init()
    }
}

/// # Safety
///
/// `array` can be written as an array of the kernels' elements and the dimension of the place.
#[track_caller]
unsafe fn einsum_raw(
    program: &'static Program,
    kernels: Option<&'static RawKernels>,
    operands: &[Raw<'_>],
    given: &[usize],
    extents: &mut [usize],
    place: usize,
    array: *mut u8,
) {
    match check_call(program, kernels, operands, given, extents) {
        // SAFETY: the caller's duty.
        Ok(call) => unsafe { call.run_new(0, call.kernels.new_arrays[place], array) },
        Err(error) => raise(error),
    }
}

impl<T> Checked<'_, T> {
    /// Returns the result of a product that is an array of named axes.
    ///
    /// # Panics
    ///
    /// If there is no such product, or `D` does not have the rank of its output.
    #[must_use]
    pub fn array<D: Rank>(&self, product: usize) -> Array<T, D> {
        let mut array = MaybeUninit::<Array<T, D>>::uninit();
        let new_array = self.call.kernels.new_arrays[D::PLACE];
        // SAFETY: the constructor is that of `T` and `D`, and has written the array when `run_new` returns.
        unsafe {
            self.call.run_new(product, new_array, array.as_mut_ptr().cast());
            array.assume_init()
        }
    }

    /// Returns the result of a product whose output has `K` named axes and an ellipsis of the dimension `E`.
    ///
    /// # Panics
    ///
    /// As [`array`](Checked::array).
    #[must_use]
    pub fn array_like<const K: usize, E: With<K>>(
        &self,
        product: usize,
        _ellipsis: PhantomData<E>,
    ) -> Array<T, E::Out> {
        let mut array = MaybeUninit::<Array<T, E::Out>>::uninit();
        // SAFETY: as in `array`.
        unsafe {
            let to = array.as_mut_ptr().cast();
            self.call.run_new(product, new_array::<T, E::Out>, to);
            array.assume_init()
        }
    }

    /// Returns the result of a product whose output has no axes.
    ///
    /// # Panics
    ///
    /// If there is no such product.
    #[must_use]
    pub fn scalar(&self, product: usize) -> T {
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: the only position can be written, and is when `run` returns.
        unsafe {
            self.call.run(product, scalar(value.as_mut_ptr().cast()));
            value.assume_init()
        }
    }

    /// Writes the only product to the output: it becomes `beta * output + alpha * result`, where an `alpha` that is not
    /// given is one and a `beta` zero. With a `beta` of zero the output is not read.
    ///
    /// # Panics
    ///
    /// If the call has no output.
    pub fn fill(self, alpha: Option<T>, beta: Option<T>) {
        let mode = match (&alpha, &beta) {
            (None, None) => RawMode::Assign,
            (alpha, beta) => RawMode::Scale {
                alpha: Factor::given(alpha.as_ref(), Factor::One),
                beta: Factor::given(beta.as_ref(), Factor::Zero),
            },
        };
        // SAFETY: the factors are elements of the call.
        unsafe { fill(&self.call, mode) }
    }
}

fn scalar(ptr: *mut u8) -> Out<'static> {
    let none = Steps { extents: &[], strides: &[] };
    Out { ptr, axes: Axes { named: none, rest: none, found: 0 }, mode: RawMode::Assign }
}

/// # Safety
///
/// Factors of the mode are elements of the call.
unsafe fn fill(call: &Call<'_>, mode: RawMode) {
    let output = match call.operands.last() {
        Some(output) if output.is_output => output,
        _ => panic!("einloom: internal error: a call has no output"),
    };
    // SAFETY: the invariant of `OutputView`, which is borrowed exclusively.
    unsafe { call.run(0, Out { ptr: output.ptr, axes: output.axes(), mode }) }
}
