//! A bound operand: a pointer and the layout that its term gives it. Pointers enter kernels here.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ptr::NonNull;

use ndarray::{ArrayView, Dimension};

use crate::ellipsis::{Ellipsis, EllipsisAxes, EllipsisExtents, Rest};
use crate::error::ShapeError;
use crate::kernel::raw::RawKernels;
use crate::layout::Layout;
use crate::nest::Axes;
use crate::shape;
use crate::source::{AxisExtent, Source};
use crate::static_extent::ExtentAt;

/// An operand bound to a term with `R` named axes, of which `X` is known at compile time, and the ellipsis `E`.
///
/// Invariant: for `'a`, every element at `ptr + Σ position · stride` with all positions inside `layout` may be read,
/// if `layout` has the rank of its term.
pub struct View<'a, T, const R: usize, X, E> {
    ptr: NonNull<T>,
    pub(crate) layout: Layout<R, E>,
    /// The kernels of `T`; `None` for a view that is only rearranged, whose elements need not be
    /// [`Element`](crate::Element)s.
    kernels: Option<&'static RawKernels>,
    borrow: PhantomData<&'a [T]>,
    static_extents: PhantomData<fn() -> X>,
}

// SAFETY: a view only reads its elements, like `&[T]`.
unsafe impl<T: Sync, const R: usize, X, E: Send> Send for View<'_, T, R, X, E> {}
// SAFETY: as above.
unsafe impl<T: Sync, const R: usize, X, E: Sync> Sync for View<'_, T, R, X, E> {}

impl<T, const R: usize, X, E: Clone> Clone for View<'_, T, R, X, E> {
    #[inline]
    fn clone(&self) -> Self {
        View { layout: self.layout.clone(), ..*self }
    }
}

impl<T, const R: usize, X, E: Copy> Copy for View<'_, T, R, X, E> {}

impl<T, const R: usize, X, E, const I: usize> ExtentAt<I> for View<'_, T, R, X, E>
where
    X: ExtentAt<I>,
{
    type Extent = X::Extent;
}

impl<'a, T, const R: usize, X, E> View<'a, T, R, X, E> {
    /// `layout` must be made from the shape and strides of `view`; it is private to this module's callers in `bind`.
    #[inline]
    fn from_layout<D: Dimension>(view: &ArrayView<'a, T, D>, layout: Layout<R, E>) -> Self {
        // SAFETY: ndarray's pointers are never null.
        let ptr = unsafe { NonNull::new_unchecked(view.as_ptr().cast_mut()) };
        View { ptr, layout, kernels: None, borrow: PhantomData, static_extents: PhantomData }
    }

    /// Returns the view as an operand that kernels read: `kernels` are those of `T`.
    #[inline]
    pub(crate) fn computed_with(mut self, kernels: &'static RawKernels) -> Self {
        self.kernels = Some(kernels);
        self
    }

    /// Returns the kernels of its elements.
    #[inline]
    pub(crate) fn kernels(&self) -> &'static RawKernels {
        self.kernels.expect("einloom: internal error: a view is not an operand")
    }

    /// Returns `value`, whose type thereby is that of the elements.
    #[inline]
    #[must_use]
    pub fn scale(&self, value: T) -> T {
        value
    }

    /// Returns the extent of a named axis; 0 if the rank does not fit the term.
    #[inline]
    #[must_use]
    pub fn extent(&self, axis: usize) -> usize {
        self.layout.extents[axis]
    }

    /// Checks that an array of these extents and this element type can be allocated.
    ///
    /// # Errors
    ///
    /// If it would be larger than `isize::MAX` bytes.
    #[inline]
    pub fn fits(&self, extents: &[usize]) -> Result<(), ShapeError> {
        shape::fits(size_of::<T>(), extents)
    }

    /// As [`fits`](View::fits), for an array with an ellipsis after `before` named axes.
    ///
    /// # Errors
    ///
    /// If it would be larger than `isize::MAX` bytes.
    pub fn fits_with_ellipsis(
        &self,
        extents: &[usize],
        before: usize,
        ellipsis: &EllipsisExtents,
    ) -> Result<(), ShapeError> {
        shape::fits_with_ellipsis(size_of::<T>(), extents, before, ellipsis)
    }

    #[inline]
    pub(crate) fn ptr(&self) -> NonNull<T> {
        self.ptr
    }
}

impl<'a, T, const R: usize, X> View<'a, T, R, X, crate::ellipsis::NoEllipsis> {
    #[inline]
    pub(crate) fn new<D: Dimension>(view: &ArrayView<'a, T, D>, source: Source) -> Self {
        Self::from_layout(view, Layout::new(view.shape(), view.strides(), source))
    }
}

impl<'a, T, const R: usize, X, E: Dimension> View<'a, T, R, X, Rest<E>> {
    pub(crate) fn with_ellipsis<D: Dimension>(
        view: &ArrayView<'a, T, D>,
        before: usize,
        source: Source,
    ) -> Self {
        let layout = Layout::with_ellipsis(view.shape(), view.strides(), before, source);
        Self::from_layout(view, layout)
    }

    /// Returns a witness of the ellipsis' dimension type.
    #[inline]
    #[must_use]
    pub fn rest(&self) -> PhantomData<E> {
        PhantomData
    }
}

impl<T, const R: usize, X, E: Ellipsis> View<'_, T, R, X, E> {
    /// Checks that the array has the rank of its term.
    ///
    /// # Errors
    ///
    /// If it does not, which only a dynamic rank can.
    #[inline]
    pub fn rank(&self) -> Result<(), ShapeError> {
        self.layout.rank()
    }

    /// Returns a named axis' extent and place.
    #[inline]
    #[must_use]
    pub fn axis(&self, axis: usize) -> AxisExtent {
        self.layout.axis(axis)
    }

    /// Returns the axes of the ellipsis.
    #[inline]
    #[must_use]
    pub fn ellipsis(&self) -> EllipsisAxes<'_> {
        self.layout.ellipsis()
    }

    /// Lays the named axes along loops: axis `r` runs along loop `loops[r]`, or has extent 1 and the loop
    /// [`ONE`](crate::nest::ONE). Axes of the same loop make a diagonal.
    ///
    /// # Panics
    ///
    /// If [`rank`](View::rank) is an error.
    #[inline]
    #[must_use]
    pub fn along(&self, loops: [usize; R]) -> Along<'_, T, R> {
        self.layout.assert_rank();
        Along {
            ptr: self.ptr,
            extents: self.layout.extents,
            strides: self.layout.strides,
            loops,
            ellipsis: self.layout.ellipsis(),
            conjugated: false,
            kernels: self.kernels(),
            borrow: PhantomData,
        }
    }
}

/// A source of a kernel: an array whose axes are laid along loops.
///
/// Invariant: as [`View`], for `'v`.
pub struct Along<'v, T, const R: usize> {
    pub(crate) ptr: NonNull<T>,
    pub(crate) extents: [usize; R],
    pub(crate) strides: [isize; R],
    pub(crate) loops: [usize; R],
    pub(crate) ellipsis: EllipsisAxes<'v>,
    pub(crate) conjugated: bool,
    pub(crate) kernels: &'static RawKernels,
    pub(crate) borrow: PhantomData<&'v [T]>,
}

impl<T, const R: usize> Along<'_, T, R> {
    /// Returns the source with its elements conjugated, or no longer conjugated, when they are read.
    #[inline]
    #[must_use]
    pub fn conj(mut self) -> Self {
        self.conjugated = !self.conjugated;
        self
    }

    #[inline]
    pub(crate) fn axes(&self) -> Axes<'_> {
        Axes {
            extents: &self.extents,
            strides: &self.strides,
            loops: &self.loops,
            ellipsis: self.ellipsis,
        }
    }
}
