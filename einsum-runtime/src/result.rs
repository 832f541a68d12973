//! The results of a call as the user gets them: new arrays in C order, scalars, or an output that is filled.

#![allow(unsafe_code)]

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use ndarray::{Array, Dimension};
use smallvec::SmallVec;

use crate::check::check;
use crate::error::ShapeError;
use crate::execute::{Call, Out};
use crate::intermediate::COrder;
use crate::kernel::raw::{Factor, KernelTable, RawMode};
use crate::layout::{Axes, RestAxes};
use crate::memory;
use crate::program::Program;
use crate::rank::With;
use crate::view::Erased;

/// A call whose shapes fit, with elements `T`.
pub struct Checked<'c, T> {
    call: Call<'c>,
    element: PhantomData<T>,
}

/// Checks the shapes of a call. `given` are the extents that options give; `extents` has one place an index, for the
/// checked call to use.
///
/// # Errors
///
/// If they do not fit the terms, or a new array would be larger than `isize::MAX` bytes.
///
/// # Panics
///
/// If `operands`, `given`, or `extents` are not as many as the program says.
#[inline]
pub fn checked<'c, T>(
    program: &'static Program,
    kernels: KernelTable<T>,
    operands: &'c [Erased<'c, T>],
    given: &[usize],
    extents: &'c mut [usize],
) -> Result<Checked<'c, T>, ShapeError> {
    let operands = Erased::raw(operands);
    check(program, operands, given, extents, size_of::<T>())?;
    let (kernels, element) = (kernels.raw, Layout::new::<T>());
    let call = Call { program, operands, extents, kernels, element };
    Ok(Checked { call, element: PhantomData })
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

impl<T> Checked<'_, T> {
    /// Returns the result of a product that is an array of named axes.
    ///
    /// # Panics
    ///
    /// If there is no such product, or `D` does not have the rank of its output.
    #[must_use]
    pub fn array<D: Dimension>(&self, product: usize) -> Array<T, D> {
        let (elements, shape) = self.elements(product);
        assert!(shape.rest.is_empty(), "{ANOTHER_RANK}");
        into_array(elements, &shape.extents)
    }

    /// Returns the result of a product whose output has `K` named axes, `before` of them before an ellipsis of the
    /// dimension `E`.
    ///
    /// # Panics
    ///
    /// As [`array`](Checked::array).
    #[must_use]
    pub fn array_like<const K: usize, E: With<K>>(
        &self,
        product: usize,
        before: usize,
        _ellipsis: PhantomData<E>,
    ) -> Array<T, E::Out> {
        let (elements, shape) = self.elements(product);
        let (left, right) = shape.extents.split_at(before.min(shape.extents.len()));
        let mut extents: SmallVec<[usize; 8]> = SmallVec::from_slice(left);
        extents.extend_from_slice(&shape.rest);
        extents.extend_from_slice(right);
        into_array(elements, &extents)
    }

    /// Returns the result of a product whose output has no axes.
    ///
    /// # Panics
    ///
    /// If there is no such product.
    #[must_use]
    pub fn scalar(&self, product: usize) -> T {
        let mut value = MaybeUninit::<T>::uninit();
        let rest = RestAxes { extents: &[], strides: &[] };
        let axes = Axes { extents: &[], strides: &[], rest, found: 0 };
        let out = Out { ptr: value.as_mut_ptr().cast(), axes, mode: RawMode::Assign };
        // SAFETY: the only position can be written, and is when `run` returns.
        unsafe {
            self.call.run(product, out);
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
        let output = match self.call.operands.last() {
            Some(output) if output.is_output => output,
            _ => panic!("einloom: internal error: a call has no output"),
        };
        let mode = match (&alpha, &beta) {
            (None, None) => RawMode::Assign,
            (alpha, beta) => RawMode::Scale {
                alpha: Factor::given(alpha.as_ref(), Factor::One),
                beta: Factor::given(beta.as_ref(), Factor::Zero),
            },
        };
        // SAFETY: the invariant of `OutputView`, which is borrowed exclusively.
        unsafe { self.call.run(0, Out { ptr: output.ptr, axes: output.axes, mode }) }
    }

    fn elements(&self, product: usize) -> (Vec<T>, COrder) {
        let shape = self.call.shape(product);
        let mut elements: Vec<T> = Vec::with_capacity(shape.len);
        memory::advise_huge_pages(elements.as_mut_ptr(), shape.len * size_of::<T>());
        let ptr = elements.as_mut_ptr().cast();
        let out = Out { ptr, axes: shape.axes(), mode: RawMode::Assign };
        // SAFETY: the elements have the capacity of the shape, and are written when `run` returns.
        unsafe {
            self.call.run(product, out);
            elements.set_len(shape.len);
        }
        (elements, shape)
    }
}

const ANOTHER_RANK: &str = "einloom: internal error: another rank";

/// `elements` are as many as the extents say.
fn into_array<T, D: Dimension>(elements: Vec<T>, extents: &[usize]) -> Array<T, D> {
    let mut shape = D::zeros(extents.len());
    assert!(shape.ndim() == extents.len(), "{ANOTHER_RANK}");
    shape.slice_mut().copy_from_slice(extents);
    // SAFETY: the check has bounded the extents as ndarray wants them.
    unsafe { Array::from_shape_vec_unchecked(shape, elements) }
}
