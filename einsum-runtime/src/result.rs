//! The results of a call as the user gets them: new arrays in C order, scalars, or an output that is filled.
//!
//! Functions of the element type only hand over to [`execute`](crate::execute), which is compiled in this crate.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use ndarray::Array;

use crate::check::check;
use crate::error::ShapeError;
use crate::execute::{Call, Out, Place as RawPlace};
use crate::kernel::raw::{Factor, KernelTable, RawKernels, RawMode};
use crate::new_array::{NewArray, Rank, new_array};
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
    let body = check(program, operands, given, extents, kernels.element.size())?;
    Ok(Call { program, operands, extents, kernels, body })
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
    given: &[usize],
    extents: &mut [usize],
) -> Result<(), ShapeError> {
    check(program, Erased::raw(operands), given, extents, 0).map(|_| ())
}

/// Returns the only result of a call, a new array of named axes. As [`checked`] and [`Checked::array`], which are more for
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
        Ok(call) => unsafe { call.run_new(call.kernels.new_arrays[place], array) },
        Err(error) => raise(error),
    }
}

impl<T> Checked<'_, T> {
    /// Returns the only result, which is an array of named axes.
    ///
    /// # Panics
    ///
    /// If there is no such result, or `D` does not have its rank.
    #[must_use]
    pub fn array<D: Rank>(&self) -> Array<T, D> {
        let mut array = MaybeUninit::<Array<T, D>>::uninit();
        let new_array = self.call.kernels.new_arrays[D::PLACE];
        // SAFETY: the constructor is that of `T` and `D`, and has written the array when `run_new` returns.
        unsafe {
            self.call.run_new(new_array, array.as_mut_ptr().cast());
            array.assume_init()
        }
    }

    /// Returns the only result, which has `K` named axes and an ellipsis of the dimension `E`.
    ///
    /// # Panics
    ///
    /// As [`array`](Checked::array).
    #[must_use]
    pub fn array_like<const K: usize, E: With<K>>(
        &self,
        _ellipsis: PhantomData<E>,
    ) -> Array<T, E::Out> {
        let mut array = MaybeUninit::<Array<T, E::Out>>::uninit();
        // SAFETY: as in `array`.
        unsafe {
            let to = array.as_mut_ptr().cast();
            self.call.run_new(new_array::<T, E::Out>, to);
            array.assume_init()
        }
    }

    /// Returns the only result, which has no axes.
    ///
    /// # Panics
    ///
    /// If there is no such result.
    #[must_use]
    pub fn scalar(&self) -> T {
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: the only position can be written, and is when `run_only` returns.
        unsafe {
            self.call.run_only(Out::scalar(value.as_mut_ptr().cast()));
            value.assume_init()
        }
    }

    /// Returns a place for a result that is an array of named axes.
    #[must_use]
    pub fn new_array<D: Rank>(&self) -> NewResult<T, Array<T, D>> {
        NewResult::new(Some(self.call.kernels.new_arrays[D::PLACE]))
    }

    /// Returns a place for a result that has `K` named axes and an ellipsis of the dimension `E`.
    #[must_use]
    pub fn new_array_like<const K: usize, E: With<K>>(
        &self,
        _ellipsis: PhantomData<E>,
    ) -> NewResult<T, Array<T, E::Out>> {
        NewResult::new(Some(new_array::<T, E::Out>))
    }

    /// Returns a place for a result without axes.
    #[must_use]
    pub fn new_scalar(&self) -> NewResult<T, T> {
        NewResult::new(None)
    }

    /// Computes all results: new ones to these places, in order; the others overwrite their outputs.
    ///
    /// # Panics
    ///
    /// If there are not as many places as new results, or one does not have the rank of its result.
    pub fn results(&self, new: &mut [Place<'_, T>]) {
        // SAFETY: the places are those of results of `T`.
        unsafe { self.call.run_all(Place::raw(new), RawMode::Assign) }
    }

    /// As [`results`](Checked::results), but results that are not new are added to their outputs.
    ///
    /// # Panics
    ///
    /// As [`results`](Checked::results).
    pub fn add_results(&self, new: &mut [Place<'_, T>]) {
        let mode = RawMode::Scale { alpha: Factor::One, beta: Factor::One };
        // SAFETY: as above.
        unsafe { self.call.run_all(Place::raw(new), mode) }
    }

    /// As [`results`](Checked::results), but results that are not new are scaled as [`fill`](Checked::fill) says.
    ///
    /// # Panics
    ///
    /// As [`results`](Checked::results).
    pub fn scale_results(&self, new: &mut [Place<'_, T>], alpha: Option<T>, beta: Option<T>) {
        let mode = mode(alpha.as_ref(), beta.as_ref());
        // SAFETY: as above; the factors are elements of the call.
        unsafe { self.call.run_all(Place::raw(new), mode) }
    }

    /// Writes the only result to its output: it becomes `beta * output + alpha * result`, where an `alpha` that is not
    /// given is one and a `beta` zero. With a `beta` of zero the output is not read.
    ///
    /// # Panics
    ///
    /// If there is no such result.
    pub fn fill(self, alpha: Option<T>, beta: Option<T>) {
        let mode = mode(alpha.as_ref(), beta.as_ref());
        // SAFETY: the factors are elements of the call.
        unsafe { fill(&self.call, mode) }
    }
}

fn mode<T>(alpha: Option<&T>, beta: Option<&T>) -> RawMode {
    match (alpha, beta) {
        (None, None) => RawMode::Assign,
        (alpha, beta) => RawMode::Scale {
            alpha: Factor::given(alpha, Factor::One),
            beta: Factor::given(beta, Factor::Zero),
        },
    }
}

/// # Safety
///
/// Factors of the mode are elements of the call.
unsafe fn fill(call: &Call<'_>, mode: RawMode) {
    let out = call.only_existing(mode);
    // SAFETY: the invariant of `OutputView`, which is borrowed exclusively.
    unsafe { call.run_only(out) }
}

/// A result `R` of elements `T` that is yet to be computed.
pub struct NewResult<T, R> {
    value: MaybeUninit<R>,
    is_made: bool,
    /// The constructor of `R`; none if it is `T`.
    new_array: Option<NewArray>,
    element: PhantomData<*mut T>,
}

impl<T, R> NewResult<T, R> {
    fn new(new_array: Option<NewArray>) -> Self {
        NewResult { value: MaybeUninit::uninit(), is_made: false, new_array, element: PhantomData }
    }

    /// Returns where the result is to go.
    #[inline]
    pub fn place(&mut self) -> Place<'_, T> {
        // What was there is forgotten, not dropped: no emitted code computes twice.
        let value = self.value.as_mut_ptr().cast();
        let is_made = &mut self.is_made;
        Place { raw: RawPlace { value, new_array: self.new_array, is_made }, element: PhantomData }
    }

    /// Returns the result.
    ///
    /// # Panics
    ///
    /// If it has not been computed.
    #[inline]
    #[must_use]
    pub fn take(mut self) -> R {
        assert!(self.is_made, "einloom: internal error: a result was not computed");
        self.is_made = false;
        // SAFETY: it has been written, and is not dropped here.
        unsafe { self.value.assume_init_read() }
    }
}

impl<T, R> Drop for NewResult<T, R> {
    fn drop(&mut self) {
        if self.is_made {
            // SAFETY: it has been written.
            unsafe { self.value.assume_init_drop() }
        }
    }
}

/// Where a new result of elements `T` goes.
#[repr(transparent)]
pub struct Place<'p, T> {
    raw: RawPlace<'p>,
    element: PhantomData<*mut T>,
}

impl<'p, T> Place<'p, T> {
    fn raw<'c>(places: &'c mut [Self]) -> &'c mut [RawPlace<'p>] {
        // SAFETY: the two have the same layout.
        unsafe { core::slice::from_raw_parts_mut(places.as_mut_ptr().cast(), places.len()) }
    }
}
