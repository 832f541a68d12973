//! New arrays and scalars as targets, and as results: arrays in C order, uninitialised until a kernel has written them.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use ndarray::{Array, Dimension};
use smallvec::SmallVec;

use crate::ellipsis::{EllipsisAxes, EllipsisExtents};
use crate::kernel::Dim;
use crate::kernel::raw::{RawKernels, RawMode};
use crate::nest::{Axes, is_diagonal};
use crate::rank::With;
use crate::run::{Target, Writer, sealed};
use crate::source::Source;
use crate::view::Along;

/// A new array of these extents, in C order.
#[derive(Clone)]
pub struct Fresh<const R: usize> {
    extents: [usize; R],
    /// The number of named axes before the ellipsis.
    before: usize,
    ellipsis: EllipsisExtents,
}

/// Returns a new array of these extents, to be written by a kernel.
#[inline]
#[must_use]
pub fn fresh<const R: usize>(extents: [usize; R]) -> Fresh<R> {
    Fresh { extents, before: R, ellipsis: EllipsisExtents::default() }
}

impl<const R: usize> Fresh<R> {
    /// Adds the axes of an ellipsis after `before` named axes.
    ///
    /// # Panics
    ///
    /// If `before > R`.
    #[must_use]
    pub fn with_ellipsis(self, before: usize, ellipsis: EllipsisExtents) -> Self {
        assert!(before <= R, "einloom: internal error: the ellipsis lies outside its array");
        Fresh { before, ellipsis, ..self }
    }

    /// Lays the named axes along loops; axes of the same loop make a diagonal, off which the array is zero.
    #[inline]
    #[must_use]
    pub fn along(self, loops: [usize; R]) -> FreshAlong<R> {
        FreshAlong { fresh: self, loops }
    }
}

/// A target of a kernel: a new array whose axes are laid along loops.
pub struct FreshAlong<const R: usize> {
    fresh: Fresh<R>,
    loops: [usize; R],
}

/// A new array that a kernel has written.
pub struct Filled<T, const R: usize> {
    elements: Vec<T>,
    shape: Shape<R>,
    kernels: &'static RawKernels,
}

/// The shape of a new array: C-order strides of the named axes and the ellipsis.
struct Shape<const R: usize> {
    extents: [usize; R],
    strides: [isize; R],
    before: usize,
    ellipsis: EllipsisExtents,
    /// Strides in elements, as two's complement.
    ellipsis_strides: SmallVec<[usize; 6]>,
}

impl<const R: usize> Shape<R> {
    /// Returns the shape and its number of elements.
    fn new(fresh: Fresh<R>) -> (Self, usize) {
        let Fresh { extents, before, ellipsis } = fresh;
        let rest = ellipsis.as_slice();
        let mut shape = Shape {
            extents,
            strides: [0; R],
            before,
            ellipsis_strides: rest.iter().map(|_| 0).collect(),
            ellipsis: EllipsisExtents::default(),
        };
        let mut stride = 1_usize;
        let mut take = |extent: usize| {
            let own = stride;
            stride =
                stride.checked_mul(extent).expect("einloom: internal error: unchecked extents");
            own
        };
        for axis in (before..R).rev() {
            shape.strides[axis] = take(extents[axis]).cast_signed();
        }
        for axis in (0..rest.len()).rev() {
            shape.ellipsis_strides[axis] = take(rest[axis]);
        }
        for axis in (0..before).rev() {
            shape.strides[axis] = take(extents[axis]).cast_signed();
        }
        shape.ellipsis = ellipsis;
        (shape, stride)
    }

    fn axes<'v>(&'v self, loops: &'v [usize; R]) -> Axes<'v> {
        Axes { extents: &self.extents, strides: &self.strides, loops, ellipsis: self.ellipsis() }
    }

    fn ellipsis(&self) -> EllipsisAxes<'_> {
        EllipsisAxes {
            extents: self.ellipsis.as_slice(),
            strides: &self.ellipsis_strides,
            first: self.before,
            source: Source::INTERMEDIATE,
        }
    }

    /// Returns the extents in the order of the array's axes.
    fn whole<D: Dimension>(&self) -> D {
        let (left, right) = self.extents.split_at(self.before);
        let rest = self.ellipsis.as_slice();
        let mut whole = D::zeros(R + rest.len());
        for (to, from) in whole.slice_mut().iter_mut().zip(left.iter().chain(rest).chain(right)) {
            *to = *from;
        }
        whole
    }
}

impl<T, const R: usize> Target<T> for FreshAlong<R> {}

impl<T, const R: usize> sealed::Target<T> for FreshAlong<R> {
    type Done = Filled<T, R>;

    unsafe fn fill(
        self,
        kernels: &'static RawKernels,
        run: impl FnOnce(Writer<'_>),
    ) -> Filled<T, R> {
        let (shape, len) = Shape::new(self.fresh);
        let mut elements: Vec<T> = Vec::with_capacity(len);
        if is_diagonal(&self.loops) {
            let all = Dim { extent: len, out: 1, sources: [], summed: false };
            let (dims, ptr) = ([all].into_iter().collect(), elements.as_mut_ptr().cast());
            // SAFETY: `elements` has the capacity `len`; the kernels are those of `T`.
            unsafe { kernels.scale_all(dims, ptr, RawMode::Assign) };
        }
        let axes = shape.axes(&self.loops);
        run(Writer { ptr: elements.as_mut_ptr().cast(), axes, mode: RawMode::Assign });
        // SAFETY: `elements` has the capacity `len`. `run` has written every position on the diagonal of `axes`:
        // all there are, unless two axes share a loop, and then all were written above.
        unsafe { elements.set_len(len) };
        Filled { elements, shape, kernels }
    }
}

impl<T, const R: usize> Filled<T, R> {
    /// Lays the named axes along loops, as a source of another kernel.
    #[inline]
    #[must_use]
    pub fn along(&self, loops: [usize; R]) -> Along<'_, T, R> {
        Along {
            ptr: NonNull::from(self.elements.as_slice()).cast(),
            extents: self.shape.extents,
            strides: self.shape.strides,
            loops,
            ellipsis: self.shape.ellipsis(),
            conjugated: false,
            kernels: self.kernels,
            borrow: PhantomData,
        }
    }

    /// Returns the axes of the ellipsis.
    #[must_use]
    pub fn ellipsis(&self) -> EllipsisAxes<'_> {
        self.shape.ellipsis()
    }

    /// Returns the array.
    ///
    /// # Panics
    ///
    /// If `D` has another rank.
    #[must_use]
    pub fn into_array<D: Dimension>(self) -> Array<T, D> {
        Array::from_shape_vec(self.shape.whole::<D>(), self.elements)
            .expect("einloom: internal error: a new array does not have the elements of its shape")
    }

    /// Returns the array, whose rank is `K` more than that of the ellipsis `E`.
    ///
    /// # Panics
    ///
    /// If the array has another rank.
    #[must_use]
    pub fn into_array_like<const K: usize, E: With<K>>(
        self,
        _ellipsis: PhantomData<E>,
    ) -> Array<T, E::Out> {
        self.into_array()
    }
}

/// A new scalar.
#[derive(Clone, Copy)]
pub struct FreshScalar;

/// Returns a new scalar, to be written by a kernel that keeps no loop.
#[inline]
#[must_use]
pub fn fresh_scalar() -> FreshScalar {
    FreshScalar
}

impl FreshScalar {
    /// Returns the scalar, which has no axes.
    #[inline]
    #[must_use]
    pub fn along(self, _loops: [usize; 0]) -> Self {
        self
    }
}

/// A new scalar that a kernel has written.
pub struct Scalar<T> {
    value: T,
    kernels: &'static RawKernels,
}

const NO_ELLIPSIS: EllipsisAxes<'static> =
    EllipsisAxes { extents: &[], strides: &[], first: 0, source: Source::INTERMEDIATE };

impl<T> Target<T> for FreshScalar {}

impl<T> sealed::Target<T> for FreshScalar {
    type Done = Scalar<T>;

    unsafe fn fill(self, kernels: &'static RawKernels, run: impl FnOnce(Writer<'_>)) -> Scalar<T> {
        let mut value = MaybeUninit::<T>::uninit();
        let axes = Axes { extents: &[], strides: &[], loops: &[], ellipsis: NO_ELLIPSIS };
        run(Writer { ptr: value.as_mut_ptr().cast(), axes, mode: RawMode::Assign });
        // SAFETY: `run` has written the only position of `axes`.
        let value = unsafe { value.assume_init() };
        Scalar { value, kernels }
    }
}

impl<T> Scalar<T> {
    /// Makes the scalar a source of another kernel.
    #[inline]
    #[must_use]
    pub fn along(&self, loops: [usize; 0]) -> Along<'_, T, 0> {
        Along {
            ptr: NonNull::from(&self.value),
            extents: [],
            strides: [],
            loops,
            ellipsis: NO_ELLIPSIS,
            conjugated: false,
            kernels: self.kernels,
            borrow: PhantomData,
        }
    }

    /// Returns the axes of the ellipsis: none.
    #[must_use]
    pub fn ellipsis(&self) -> EllipsisAxes<'_> {
        NO_ELLIPSIS
    }

    /// Returns the value.
    #[inline]
    #[must_use]
    pub fn into_scalar(self) -> T {
        self.value
    }
}
