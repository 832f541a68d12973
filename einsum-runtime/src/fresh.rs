//! New arrays and scalars as targets, and as results: arrays in C order, uninitialised until a kernel has written them.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use ndarray::{Array, Dimension};

use crate::ellipsis::{Broadcast, Ellipsis, EllipsisAxes, EllipsisExtents, NoEllipsis};
use crate::kernel::Dim;
use crate::kernel::raw::{RawKernels, RawMode};
use crate::layout::Layout;
use crate::memory;
use crate::nest::{Axes, is_diagonal};
use crate::rank::With;
use crate::run::{Target, Writer, sealed};
use crate::source::Source;
use crate::view::Along;

/// A new array of these extents, in C order.
#[derive(Clone)]
pub struct Fresh<const R: usize, E = NoEllipsis> {
    extents: [usize; R],
    ellipsis: E,
}

/// Returns a new array of these extents, to be written by a kernel.
#[inline]
#[must_use]
pub fn fresh<const R: usize>(extents: [usize; R]) -> Fresh<R> {
    Fresh { extents, ellipsis: NoEllipsis }
}

impl<const R: usize> Fresh<R> {
    /// Adds the axes of an ellipsis after `before` named axes.
    ///
    /// # Panics
    ///
    /// If `before > R`.
    #[must_use]
    pub fn with_ellipsis(self, before: usize, extents: EllipsisExtents) -> Fresh<R, Broadcast> {
        assert!(before <= R, "einloom: internal error: the ellipsis lies outside its array");
        Fresh { extents: self.extents, ellipsis: Broadcast::new(before, extents) }
    }
}

impl<const R: usize, E> Fresh<R, E> {
    /// Lays the named axes along loops; axes of the same loop make a diagonal, off which the array is zero.
    #[inline]
    #[must_use]
    pub fn along(self, loops: [usize; R]) -> FreshAlong<R, E> {
        FreshAlong { fresh: self, loops }
    }
}

/// A target of a kernel: a new array whose axes are laid along loops.
pub struct FreshAlong<const R: usize, E> {
    fresh: Fresh<R, E>,
    loops: [usize; R],
}

/// A new array that a kernel has written.
///
/// Invariant: it has the elements of its layout, which is in C order.
pub struct Filled<T, const R: usize, E> {
    elements: Vec<T>,
    layout: Layout<R, E>,
    kernels: &'static RawKernels,
}

impl<T, const R: usize, E: Ellipsis> Target<T> for FreshAlong<R, E> {}

impl<T, const R: usize, E: Ellipsis> sealed::Target<T> for FreshAlong<R, E> {
    type Done = Filled<T, R, E>;

    #[inline]
    unsafe fn fill(
        self,
        kernels: &'static RawKernels,
        run: impl FnOnce(Writer<'_>),
    ) -> Filled<T, R, E> {
        let (layout, len) = Layout::c_order(self.fresh.extents, self.fresh.ellipsis);
        let mut elements: Vec<T> = Vec::with_capacity(len);
        memory::advise_huge_pages(elements.as_mut_ptr(), len * size_of::<T>());
        if is_diagonal(&self.loops) {
            let all = Dim { extent: len, out: 1, sources: [], summed: false };
            let (dims, ptr) = ([all].into_iter().collect(), elements.as_mut_ptr().cast());
            // SAFETY: `elements` has the capacity `len`; the kernels are those of `T`.
            unsafe { kernels.scale_all(dims, ptr, RawMode::Assign) };
        }
        let axes = Axes {
            extents: &layout.extents,
            strides: &layout.strides,
            loops: &self.loops,
            ellipsis: layout.ellipsis(),
        };
        run(Writer { ptr: elements.as_mut_ptr().cast(), axes, mode: RawMode::Assign });
        // SAFETY: `elements` has the capacity `len`. `run` has written every position on the diagonal of `axes`:
        // all there are, unless two axes share a loop, and then all were written above.
        unsafe { elements.set_len(len) };
        Filled { elements, layout, kernels }
    }
}

impl<T, const R: usize, E: Ellipsis> Filled<T, R, E> {
    /// Lays the named axes along loops, as a source of another kernel.
    #[inline]
    #[must_use]
    pub fn along(&self, loops: [usize; R]) -> Along<'_, T, R> {
        Along {
            ptr: NonNull::from(self.elements.as_slice()).cast(),
            extents: self.layout.extents,
            strides: self.layout.strides,
            loops,
            ellipsis: self.layout.ellipsis(),
            conjugated: false,
            kernels: self.kernels,
            borrow: PhantomData,
        }
    }

    /// Returns the array.
    ///
    /// # Panics
    ///
    /// If `D` has another rank.
    #[inline]
    #[must_use]
    pub fn into_array<D: Dimension>(self) -> Array<T, D> {
        let shape = self.layout.shape::<D>();
        // SAFETY: the invariant of `Filled`; `Layout::c_order` has bounded the extents as ndarray wants them.
        unsafe { Array::from_shape_vec_unchecked(shape, self.elements) }
    }

    /// Returns the array, whose rank is `K` more than that of the ellipsis `E2`.
    ///
    /// # Panics
    ///
    /// If the array has another rank.
    #[must_use]
    pub fn into_array_like<const K: usize, E2: With<K>>(
        self,
        _ellipsis: PhantomData<E2>,
    ) -> Array<T, E2::Out> {
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

    /// Returns the value.
    #[inline]
    #[must_use]
    pub fn into_scalar(self) -> T {
        self.value
    }
}
