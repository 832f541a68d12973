//! A bound output: an existing array that a kernel assigns to, or scales and adds to.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ptr::NonNull;

use ndarray::{ArrayViewMut, Dimension};

use crate::element::Element;
use crate::ellipsis::{Ellipsis, EllipsisAxes, NoEllipsis, Rest};
use crate::error::ShapeError;
use crate::kernel::{Dim, Dims, Mode};
use crate::layout::Layout;
use crate::nest::{Axes, is_diagonal};
use crate::run::{Target, Writer, sealed};
use crate::source::{AxisExtent, Source};
use crate::static_extent::ExtentAt;

/// An output bound to a term with `R` named axes, of which `X` is known at compile time, and the ellipsis `E`.
///
/// Invariant: for `'a`, every element at `ptr + Σ position · stride` with all positions inside `layout` may be read
/// and written by nobody else, and no two positions have the same element.
pub struct OutputView<'a, T, const R: usize, X, E> {
    ptr: NonNull<T>,
    layout: Layout<R, E>,
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

impl<'a, T, const R: usize, X> OutputView<'a, T, R, X, NoEllipsis> {
    #[inline]
    pub(crate) fn new<D: Dimension>(view: ArrayViewMut<'a, T, D>, source: Source) -> Self {
        let layout = Layout::new(view.shape(), view.strides(), source);
        Self::from_layout(view, layout)
    }
}

impl<'a, T, const R: usize, X, E: Dimension> OutputView<'a, T, R, X, Rest<E>> {
    pub(crate) fn with_ellipsis<D: Dimension>(
        view: ArrayViewMut<'a, T, D>,
        before: usize,
        source: Source,
    ) -> Self {
        let layout = Layout::with_ellipsis(view.shape(), view.strides(), before, source);
        Self::from_layout(view, layout)
    }
}

impl<'a, T, const R: usize, X, E> OutputView<'a, T, R, X, E> {
    /// `layout` must be made from the shape and strides of `view`.
    #[inline]
    fn from_layout<D: Dimension>(mut view: ArrayViewMut<'a, T, D>, layout: Layout<R, E>) -> Self {
        // SAFETY: ndarray's pointers are never null.
        let ptr = unsafe { NonNull::new_unchecked(view.as_mut_ptr()) };
        OutputView { ptr, layout, borrow: PhantomData, static_extents: PhantomData }
    }

    /// Returns the extent of a named axis; 0 if the rank does not fit the term.
    #[inline]
    #[must_use]
    pub fn extent(&self, axis: usize) -> usize {
        self.layout.extents[axis]
    }
}

impl<'a, T: Element, const R: usize, X, E: Ellipsis> OutputView<'a, T, R, X, E> {
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

    /// Lays the named axes along loops; axes of the same loop make a diagonal, off which zeros are written.
    #[inline]
    #[must_use]
    pub fn along(self, loops: [usize; R]) -> OutputAlong<'a, T, R, E> {
        let OutputView { ptr, layout, borrow, .. } = self;
        OutputAlong { ptr, layout, loops, mode: Mode::Assign, borrow }
    }
}

/// A target of a kernel: an existing array whose axes are laid along loops.
pub struct OutputAlong<'a, T, const R: usize, E> {
    ptr: NonNull<T>,
    layout: Layout<R, E>,
    loops: [usize; R],
    mode: Mode<T>,
    borrow: PhantomData<&'a mut [T]>,
}

impl<T: Element, const R: usize, E> OutputAlong<'_, T, R, E> {
    /// Returns the target that becomes `beta * output + alpha * result`; `beta == T::ZERO` does not read the output.
    #[inline]
    #[must_use]
    pub fn scaled(mut self, alpha: T, beta: T) -> Self {
        self.mode = Mode::Scale { alpha, beta };
        self
    }
}

impl<T: Element, const R: usize, E: Ellipsis> Target<T> for OutputAlong<'_, T, R, E> {}

impl<T: Element, const R: usize, E: Ellipsis> sealed::Target<T> for OutputAlong<'_, T, R, E> {
    type Done = ();

    unsafe fn fill(self, kernel: impl FnOnce(Writer<'_, T>)) {
        let axes = Axes {
            extents: &self.layout.extents,
            strides: &self.layout.strides,
            loops: &self.loops,
            ellipsis: self.layout.ellipsis(),
        };
        let mut mode = self.mode;
        if is_diagonal(&self.loops) {
            let beta = match mode {
                Mode::Assign => T::ZERO,
                Mode::Scale { beta, .. } => beta,
            };
            // SAFETY: the invariant of `OutputView`, whose fields `self` took over.
            unsafe { crate::kernel::scale(whole(axes), self.ptr.as_ptr(), beta) };
            if let Mode::Scale { beta, .. } = &mut mode {
                // Now the diagonal holds `beta * output`.
                if *beta != T::ZERO {
                    *beta = T::ONE;
                }
            }
        }
        kernel(Writer { ptr: self.ptr.as_ptr(), axes, mode });
    }
}

/// Returns the loops over all elements of an array.
fn whole(axes: Axes<'_>) -> Dims<0> {
    let named = axes.extents.iter().copied().zip(axes.strides.iter().copied());
    let ellipsis = &axes.ellipsis;
    let rest = ellipsis.extents.iter().zip(ellipsis.strides).map(|(&n, &s)| (n, s.cast_signed()));
    named.chain(rest).map(|(extent, out)| Dim { extent, out, sources: [], summed: false }).collect()
}
