//! The functions that bind operands and outputs to their terms: ranks and element types are compared by the compiler.
//!
//! Each takes the array first, so that rustc knows the array's type when it compares ranks and elements.

use ndarray::{ArrayView, ArrayViewMut, Dimension};

use crate::element::Element;
use crate::ellipsis::{NoEllipsis, Rest};
use crate::operand::{Borrowed, Operand};
use crate::output::Output;
use crate::output_view::{BoundMut, OutputView};
use crate::rank::{HasRank, Is, IsOutput, Without};
use crate::view::{Bound, View};

/// An earlier operand with elements `T`.
pub trait Like<T>: sealed::Like<T> {}

impl<T, const R: usize, X, E> Like<T> for View<'_, T, R, X, E> {}

mod sealed {
    use crate::kernel::raw::KernelTable;
    use crate::view::View;

    /// Hands on the kernels of the first operand.
    pub trait Like<T> {
        /// Returns the kernels of `T`.
        fn kernels(&self) -> Option<KernelTable<T>>;
    }

    impl<T, const R: usize, X, E> Like<T> for View<'_, T, R, X, E> {
        #[inline]
        fn kernels(&self) -> Option<KernelTable<T>> {
            View::kernels(self)
        }
    }
}

/// The type itself: the elements of the first operand against those of another.
#[diagnostic::on_unimplemented(
    message = "all operands share one element type: the first has `{Self}`, this one has `{Other}`",
    label = "has elements `{Other}`"
)]
pub trait Same<Other>: Sized {
    /// Returns `bound`.
    fn same<const R: usize>(bound: Bound<'_, Other, R>) -> Bound<'_, Self, R>;
    /// Returns `view`.
    fn same_view<D: Dimension>(view: ArrayView<'_, Other, D>) -> ArrayView<'_, Self, D>;
}

impl<T> Same<T> for T {
    #[inline]
    fn same<const R: usize>(bound: Bound<'_, T, R>) -> Bound<'_, T, R> {
        bound
    }
    #[inline]
    fn same_view<D: Dimension>(view: ArrayView<'_, T, D>) -> ArrayView<'_, T, D> {
        view
    }
}

/// The type itself: the elements of the operands against those of the output.
#[diagnostic::on_unimplemented(
    message = "operands and output share one element type: the operands have `{Self}`, the output has `{Other}`",
    label = "has elements `{Other}`"
)]
pub trait SameOutput<Other>: Sized {
    /// Returns `bound`.
    fn same<const R: usize>(bound: BoundMut<'_, Other, R>) -> BoundMut<'_, Self, R>;
    /// Returns `view`.
    fn same_view<D: Dimension>(view: ArrayViewMut<'_, Other, D>) -> ArrayViewMut<'_, Self, D>;
}

impl<T> SameOutput<T> for T {
    #[inline]
    fn same<const R: usize>(bound: BoundMut<'_, T, R>) -> BoundMut<'_, T, R> {
        bound
    }
    #[inline]
    fn same_view<D: Dimension>(view: ArrayViewMut<'_, T, D>) -> ArrayViewMut<'_, T, D> {
        view
    }
}

/// Binds the first operand to a term with `R` axes.
#[inline]
pub fn operand<const R: usize, A>(a: &A) -> View<'_, A::Elem, R, A::Extents, NoEllipsis>
where
    A: Operand<Elem: Element> + ?Sized,
    A::Dim: HasRank<Rank: Is<R>>,
{
    View::new(a.__bound(), Some(A::Elem::TABLE))
}

/// Binds another operand to a term with `R` axes.
#[inline]
pub fn operand_like<'a, const R: usize, A, L, T>(
    a: &'a A,
    like: &L,
) -> View<'a, T, R, A::Extents, NoEllipsis>
where
    A: Operand + ?Sized,
    A::Dim: HasRank<Rank: Is<R>>,
    L: Like<T>,
    T: Same<A::Elem>,
{
    View::new(T::same(a.__bound()), like.kernels())
}

/// Binds the first operand, a literal, to an empty term.
#[inline]
pub fn scalar<T: Element>(a: &T) -> View<'_, T, 0, (), NoEllipsis> {
    View::new(a.__bound(), Some(T::TABLE))
}

/// Binds another operand, a literal, to an empty term.
#[inline]
pub fn scalar_like<'a, T: Element, L: Like<T>>(
    a: &'a T,
    _like: &L,
) -> View<'a, T, 0, (), NoEllipsis> {
    View::new(a.__bound(), Some(T::TABLE))
}

/// Binds the first operand to a term with an ellipsis, which follows `before` of the `R` named axes.
///
/// # Panics
///
/// If `before > R`.
#[inline]
pub fn ellipsis_operand<const R: usize, A>(
    a: &A,
    before: usize,
) -> View<'_, A::Elem, R, A::Extents, Rest<<A::Dim as Without<R>>::Rest>>
where
    A: Operand<Elem: Element> + ?Sized,
    A::Dim: Without<R>,
{
    View::with_ellipsis(&a.view(), before).computed_with(Some(A::Elem::TABLE))
}

/// Binds another operand to a term with an ellipsis.
///
/// # Panics
///
/// If `before > R`.
#[inline]
pub fn ellipsis_operand_like<'a, const R: usize, A, L, T>(
    a: &'a A,
    like: &L,
    before: usize,
) -> View<'a, T, R, A::Extents, Rest<<A::Dim as Without<R>>::Rest>>
where
    A: Operand + ?Sized,
    A::Dim: Without<R>,
    L: Like<T>,
    T: Same<A::Elem>,
{
    View::with_ellipsis(&T::same_view(a.view()), before).computed_with(like.kernels())
}

/// Binds the operand of `einsum_view!`, whose elements can be of any type, to a term with `R` axes.
#[inline]
pub fn view_operand<'a, const R: usize, T, D, X>(
    a: Borrowed<'a, T, D, X>,
) -> View<'a, T, R, X, NoEllipsis>
where
    D: HasRank<Rank: Is<R>>,
{
    View::new(Bound::of_view(&a.view), None)
}

/// Binds the operand of `einsum_view!` to a term with an ellipsis.
///
/// # Panics
///
/// If `before > R`.
#[inline]
pub fn ellipsis_view_operand<'a, const R: usize, T, D, X>(
    a: Borrowed<'a, T, D, X>,
    before: usize,
) -> View<'a, T, R, X, Rest<<D as Without<R>>::Rest>>
where
    D: Without<R>,
{
    View::with_ellipsis(&a.view, before)
}

/// Binds the output to a term with `R` axes.
#[inline]
pub fn output<'a, const R: usize, C, L, T>(
    c: &'a mut C,
    _like: &L,
) -> OutputView<'a, T, R, C::Extents, NoEllipsis>
where
    C: Output + ?Sized,
    C::Dim: HasRank<Rank: IsOutput<R>>,
    L: Like<T>,
    T: SameOutput<C::Elem>,
{
    OutputView::new(T::same(c.__bound_mut()))
}

/// Binds the output to a term with an ellipsis.
///
/// # Panics
///
/// If `before > R`.
#[inline]
pub fn ellipsis_output<'a, const R: usize, C, L, T>(
    c: &'a mut C,
    _like: &L,
    before: usize,
) -> OutputView<'a, T, R, C::Extents, Rest<<C::Dim as Without<R>>::Rest>>
where
    C: Output + ?Sized,
    C::Dim: Without<R>,
    L: Like<T>,
    T: SameOutput<C::Elem>,
{
    OutputView::with_ellipsis(T::same_view(c.view_mut()), before)
}
