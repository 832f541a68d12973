//! New arrays and scalars as targets, and as results: arrays in C order, uninitialised until a kernel has written them.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use ndarray::{Array, Dimension};
use smallvec::SmallVec;

use crate::element::Element;
use crate::ellipsis::{EllipsisAxes, EllipsisExtents};
use crate::kernel::Mode;
use crate::memory;
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
    conjugated: bool,
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
            stride = stride.checked_mul(extent).expect("einloom: internal error: unchecked extents");
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

impl<T: Element, const R: usize> Target<T> for FreshAlong<R> {}

impl<T: Element, const R: usize> sealed::Target<T> for FreshAlong<R> {
    type Done = Filled<T, R>;

    unsafe fn fill(self, kernel: impl FnOnce(Writer<'_, T>)) -> Filled<T, R> {
        let (shape, len) = Shape::new(self.fresh);
        let mut elements: Vec<T> = Vec::with_capacity(len);
        memory::advise_huge_pages(elements.as_mut_ptr(), len * size_of::<T>());
        if is_diagonal(&self.loops) {
            elements.resize(len, T::ZERO);
        }
        let axes = shape.axes(&self.loops);
        kernel(Writer { ptr: elements.as_mut_ptr(), axes, mode: Mode::Assign });
        // SAFETY: `elements` has the capacity `len`. The kernel has written every position on the diagonal of `axes`:
        // all there are, unless two axes share a loop, and then all were written above.
        unsafe { elements.set_len(len) };
        Filled { elements, shape, conjugated: false }
    }
}

impl<T: Element, const R: usize> Filled<T, R> {
    /// Returns the array with its elements conjugated, or no longer conjugated, when they are read.
    #[inline]
    #[must_use]
    pub fn conj(mut self) -> Self {
        self.conjugated = !self.conjugated;
        self
    }

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
            conjugated: self.conjugated,
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
    pub fn into_array<D: Dimension>(mut self) -> Array<T, D> {
        if self.conjugated {
            for element in &mut self.elements {
                *element = T::conj(*element);
            }
        }
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
}

const NO_ELLIPSIS: EllipsisAxes<'static> =
    EllipsisAxes { extents: &[], strides: &[], first: 0, source: Source::INTERMEDIATE };

impl<T: Element> Target<T> for FreshScalar {}

impl<T: Element> sealed::Target<T> for FreshScalar {
    type Done = Scalar<T>;

    unsafe fn fill(self, kernel: impl FnOnce(Writer<'_, T>)) -> Scalar<T> {
        let mut value = MaybeUninit::uninit();
        let axes = Axes { extents: &[], strides: &[], loops: &[], ellipsis: NO_ELLIPSIS };
        kernel(Writer { ptr: value.as_mut_ptr(), axes, mode: Mode::Assign });
        // SAFETY: the kernel has written the only position of `axes`.
        let value = unsafe { value.assume_init() };
        Scalar { value }
    }
}

impl<T: Element> Scalar<T> {
    /// Returns the conjugate.
    #[inline]
    #[must_use]
    pub fn conj(self) -> Self {
        Scalar { value: T::conj(self.value) }
    }

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
