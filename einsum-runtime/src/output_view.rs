//! A bound output: an existing array that a kernel assigns to, or scales and adds to.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ptr::NonNull;

use ndarray::{ArrayRef, ArrayViewMut, Dimension};

use crate::ellipsis::{Ellipsis, NoEllipsis, Rest};
use crate::layout::Layout;
use crate::static_extent::ExtentAt;
use crate::view::{Erased, WRONG_LENGTH, holds};

/// An output bound to a term with `R` named axes, of which `X` is known at compile time, and the ellipsis `E`.
///
/// Invariant: for `'a`, every element at `ptr + Σ position · stride` with all positions inside `layout` may be read
/// and written by nobody else, and no two positions have the same element, if `layout` has
/// the rank of its term.
pub struct OutputView<'a, T, const R: usize, X, E> {
    pub(crate) ptr: NonNull<T>,
    pub(crate) layout: Layout<R, E>,
    borrow: PhantomData<&'a mut [T]>,
    static_extents: PhantomData<fn() -> X>,
}

// SAFETY: an output view is an exclusive borrow of its elements, like `&mut [T]`.
unsafe impl<T: Send, const R: usize, X, E: Send> Send for OutputView<'_, T, R, X, E> {}
// SAFETY: shared access to an output view reads no element.
unsafe impl<T: Sync, const R: usize, X, E: Sync> Sync for OutputView<'_, T, R, X, E> {}

impl<T, const R: usize, X, E, const I: usize> ExtentAt<I> for OutputView<'_, T, R, X, E>
where
    X: ExtentAt<I>,
{
    type Extent = X::Extent;
}

/// An array of rank `R` as it lies in memory, to be written. What [`Output`](crate::Output) hands over, and nobody else
/// can make.
///
/// Invariant: that of [`OutputView`].
pub struct BoundMut<'a, T, const R: usize> {
    ptr: NonNull<T>,
    layout: Layout<R, NoEllipsis>,
    borrow: PhantomData<&'a mut [T]>,
}

impl<'a, T, const R: usize> BoundMut<'a, T, R> {
    #[inline]
    pub(crate) fn of_view<D: Dimension>(mut view: ArrayViewMut<'a, T, D>) -> Self {
        // SAFETY: ndarray's pointers are never null.
        let ptr = unsafe { NonNull::new_unchecked(view.as_mut_ptr()) };
        BoundMut { ptr, layout: Layout::new(view.shape(), view.strides()), borrow: PhantomData }
    }

    #[inline]
    pub(crate) fn of_array<D: Dimension>(array: &'a mut ArrayRef<T, D>) -> Self {
        // SAFETY: ndarray's pointers are never null.
        let ptr = unsafe { NonNull::new_unchecked(array.as_mut_ptr()) };
        BoundMut { ptr, layout: Layout::new(array.shape(), array.strides()), borrow: PhantomData }
    }

    /// `elements` in C order.
    ///
    /// # Panics
    ///
    /// If the extents do not multiply to their number.
    #[inline]
    pub(crate) fn of_slice(elements: &'a mut [T], extents: &[usize]) -> Self {
        assert!(holds(extents, elements.len()), "{WRONG_LENGTH}");
        let ptr = NonNull::from(elements).cast();
        BoundMut { ptr, layout: Layout::c_order(extents), borrow: PhantomData }
    }
}

impl<'a, T, const R: usize, X> OutputView<'a, T, R, X, NoEllipsis> {
    #[inline]
    pub(crate) fn new(bound: BoundMut<'a, T, R>) -> Self {
        let BoundMut { ptr, layout, borrow } = bound;
        OutputView { ptr, layout, borrow, static_extents: PhantomData }
    }
}

impl<'a, T, const R: usize, X, E: Dimension> OutputView<'a, T, R, X, Rest<E>> {
    pub(crate) fn with_ellipsis<D: Dimension>(
        mut view: ArrayViewMut<'a, T, D>,
        before: usize,
    ) -> Self {
        let layout = Layout::with_ellipsis(view.shape(), view.strides(), before);
        // SAFETY: ndarray's pointers are never null.
        let ptr = unsafe { NonNull::new_unchecked(view.as_mut_ptr()) };
        OutputView { ptr, layout, borrow: PhantomData, static_extents: PhantomData }
    }
}

impl<T, const R: usize, X, E> OutputView<'_, T, R, X, E> {
    /// Returns the type of the extents known at compile time.
    #[inline(always)]
    #[must_use]
    pub fn static_extents(&self) -> PhantomData<fn() -> X> {
        PhantomData
    }

    /// Returns the extent of a named axis; 0 if the rank does not fit the term.
    #[inline]
    #[must_use]
    pub fn extent(&self, axis: usize) -> usize {
        self.layout.extent(axis)
    }
}

impl<T, const R: usize, X, E: Ellipsis> OutputView<'_, T, R, X, E> {
    /// Returns the output without its rank.
    #[inline]
    #[must_use]
    pub fn erased(&mut self) -> Erased<'_, T> {
        Erased {
            ptr: self.ptr.as_ptr().cast(),
            axes: self.layout.axes(),
            is_output: true,
            element: PhantomData,
        }
    }
}
