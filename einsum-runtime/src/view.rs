//! A bound operand: a pointer and the layout that its term gives it. Pointers enter kernels here.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ptr::NonNull;

use ndarray::{ArrayRef, ArrayView, Dimension};

use crate::ellipsis::{Ellipsis, NoEllipsis, Rest};
use crate::kernel::raw::KernelTable;
use crate::layout::{Axes, Layout};
use crate::static_extent::ExtentAt;

/// An operand bound to a term with `R` named axes, of which `X` is known at compile time, and the ellipsis `E`.
///
/// Invariant: for `'a`, every element at `ptr + Σ position · stride` with all positions inside `layout` may be read,
/// if `layout` has the rank of its term.
pub struct View<'a, T, const R: usize, X, E> {
    ptr: NonNull<T>,
    pub(crate) layout: Layout<R, E>,
    /// Those of `T`; `None` for a view that is only rearranged, whose elements need not be [`Element`](crate::Element)s.
    kernels: Option<KernelTable<T>>,
    borrow: PhantomData<&'a [T]>,
    static_extents: PhantomData<fn() -> X>,
}

// SAFETY: a view only reads its elements, like `&[T]`.
unsafe impl<T: Sync, const R: usize, X, E: Send> Send for View<'_, T, R, X, E> {}
// SAFETY: as above.
unsafe impl<T: Sync, const R: usize, X, E: Sync> Sync for View<'_, T, R, X, E> {}

impl<T, const R: usize, X, E, const I: usize> ExtentAt<I> for View<'_, T, R, X, E>
where
    X: ExtentAt<I>,
{
    type Extent = X::Extent;
}

/// An array of rank `R` as it lies in memory. What [`Operand`](crate::Operand) hands over, and nobody else can make.
///
/// Invariant: that of [`View`].
pub struct Bound<'a, T, const R: usize> {
    ptr: NonNull<T>,
    layout: Layout<R, NoEllipsis>,
    borrow: PhantomData<&'a [T]>,
}

impl<'a, T, const R: usize> Bound<'a, T, R> {
    #[inline]
    pub(crate) fn of_view<D: Dimension>(view: &ArrayView<'a, T, D>) -> Self {
        // SAFETY: ndarray's pointers are never null.
        let ptr = unsafe { NonNull::new_unchecked(view.as_ptr().cast_mut()) };
        Bound { ptr, layout: Layout::new(view.shape(), view.strides()), borrow: PhantomData }
    }

    #[inline]
    pub(crate) fn of_array<D: Dimension>(array: &'a ArrayRef<T, D>) -> Self {
        // SAFETY: ndarray's pointers are never null.
        let ptr = unsafe { NonNull::new_unchecked(array.as_ptr().cast_mut()) };
        Bound { ptr, layout: Layout::new(array.shape(), array.strides()), borrow: PhantomData }
    }

    /// `elements` in C order.
    ///
    /// # Panics
    ///
    /// If the extents do not multiply to their number.
    #[inline]
    pub(crate) fn of_slice(elements: &'a [T], extents: &[usize]) -> Self {
        assert!(holds(extents, elements.len()), "{WRONG_LENGTH}");
        let ptr = NonNull::from(elements).cast();
        Bound { ptr, layout: Layout::c_order(extents), borrow: PhantomData }
    }
}

pub(crate) const WRONG_LENGTH: &str =
    "einloom: internal error: a nested array does not have the elements of its type";

/// Whether extents multiply to `len`.
#[inline]
pub(crate) fn holds(extents: &[usize], len: usize) -> bool {
    let (mut axis, mut count) = (0, Some(1_usize));
    while axis < extents.len() {
        count = match count {
            Some(count) => count.checked_mul(extents[axis]),
            None => None,
        };
        axis += 1;
    }
    count == Some(len)
}

impl<'a, T, const R: usize, X> View<'a, T, R, X, NoEllipsis> {
    #[inline]
    pub(crate) fn new(bound: Bound<'a, T, R>, kernels: Option<KernelTable<T>>) -> Self {
        let Bound { ptr, layout, borrow } = bound;
        View { ptr, layout, kernels, borrow, static_extents: PhantomData }
    }
}

impl<'a, T, const R: usize, X, E: Dimension> View<'a, T, R, X, Rest<E>> {
    pub(crate) fn with_ellipsis<D: Dimension>(view: &ArrayView<'a, T, D>, before: usize) -> Self {
        let layout = Layout::with_ellipsis(view.shape(), view.strides(), before);
        // SAFETY: ndarray's pointers are never null.
        let ptr = unsafe { NonNull::new_unchecked(view.as_ptr().cast_mut()) };
        View { ptr, layout, kernels: None, borrow: PhantomData, static_extents: PhantomData }
    }

    /// Returns a witness of the ellipsis' dimension type.
    #[inline]
    #[must_use]
    pub fn rest(&self) -> PhantomData<E> {
        PhantomData
    }
}

impl<'a, T, const R: usize, X, E> View<'a, T, R, X, E> {
    /// Returns the view as an operand that kernels read.
    #[inline]
    pub(crate) fn computed_with(self, kernels: Option<KernelTable<T>>) -> Self {
        View { kernels, ..self }
    }

    /// Returns the kernels of its elements, if it is an operand.
    #[inline]
    #[must_use]
    pub fn kernels(&self) -> Option<KernelTable<T>> {
        self.kernels
    }

    /// Returns `value`, whose type thereby is that of the elements.
    #[inline]
    #[must_use]
    pub fn scale(&self, value: T) -> T {
        value
    }

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

    #[inline]
    pub(crate) fn ptr(&self) -> NonNull<T> {
        self.ptr
    }
}

impl<T, const R: usize, X, E: Ellipsis> View<'_, T, R, X, E> {
    /// Returns the operand without its rank.
    #[inline]
    #[must_use]
    pub fn erased(&self) -> Erased<'_, T> {
        Erased {
            ptr: self.ptr.as_ptr().cast(),
            axes: self.layout.axes(),
            is_output: false,
            element: PhantomData,
        }
    }
}

/// An operand or output with elements `T`, whose rank is no part of its type. Its fields are those of `Raw`.
///
/// Invariant in `T`, since an output takes exactly its elements.
#[repr(C)]
pub struct Erased<'v, T> {
    pub(crate) ptr: *mut u8,
    pub(crate) axes: Axes<'v>,
    pub(crate) is_output: bool,
    pub(crate) element: PhantomData<*mut T>,
}

/// An operand or output whose elements and rank are no part of its type.
///
/// Invariant: that of [`View`] for `'v`, and that of [`OutputView`](crate::output_view::OutputView) for an output.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Raw<'v> {
    pub(crate) ptr: *mut u8,
    pub(crate) axes: Axes<'v>,
    pub(crate) is_output: bool,
}

impl<'v, T> Erased<'v, T> {
    /// Takes their type off the arrays of a call.
    #[inline]
    pub(crate) fn raw<'c>(arrays: &'c [Self]) -> &'c [Raw<'v>] {
        // SAFETY: the two have the same fields, and that of `PhantomData` has no size.
        unsafe { &*(core::ptr::from_ref(arrays) as *const [Raw<'v>]) }
    }
}
