//! What an einsum reads: everything that can be viewed as an array.

use core::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use ndarray::{ArrayBase, ArrayRef, ArrayView, Data, Dimension};

use crate::static_extent::AnyExtents;
use crate::view::Bound;

/// Something einsum can read: an array of any ownership, a slice, a nested array, a scalar, or a reference to one.
///
/// Implemented for every [`ArrayBase`] and [`ArrayRef`], for `[T]`, `Vec<T>`, `[T; N]` and nested arrays up to rank 6
/// (also `[[T; N]]`, `Vec<[T; N]>`, and so on), for every [`Element`](crate::Element) as a scalar, and for `&`, `&mut`, `Box`,
/// `Rc`, and `Arc` of an operand. Extents that are part of a type are compared at compile time.
///
/// To make your own array type an operand, return a view of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an operand of einsum",
    label = "not an operand",
    note = "operands are ndarray's arrays and views, slices, `Vec`, (nested) arrays, scalars, and references to them",
    note = "for an element type of your own write `scalar_operand!({Self});`"
)]
pub trait Operand {
    /// The type of the elements.
    type Elem;
    /// The rank: `Ix0` to `Ix6`, or `IxDyn`.
    type Dim: Dimension;
    /// The extents known at compile time; `AnyExtents` if none is.
    #[doc(hidden)]
    type Extents;

    /// Returns a view of all elements.
    fn view(&self) -> ArrayView<'_, Self::Elem, Self::Dim>;

    /// Returns where the elements lie. As [`view`](Operand::view), which takes ndarray's constructors longer, above all
    /// in a debug build.
    #[doc(hidden)]
    #[inline]
    fn __bound<const R: usize>(&self) -> Bound<'_, Self::Elem, R> {
        Bound::of_view(&self.view())
    }
}

impl<S: Data, D: Dimension> Operand for ArrayBase<S, D> {
    type Elem = S::Elem;
    type Dim = D;
    type Extents = AnyExtents;
    #[inline]
    fn view(&self) -> ArrayView<'_, S::Elem, D> {
        ArrayRef::view(self)
    }
    #[inline]
    fn __bound<const R: usize>(&self) -> Bound<'_, Self::Elem, R> {
        Bound::of_array(self)
    }
}

impl<T, D: Dimension> Operand for ArrayRef<T, D> {
    type Elem = T;
    type Dim = D;
    type Extents = AnyExtents;
    #[inline]
    fn view(&self) -> ArrayView<'_, T, D> {
        ArrayRef::view(self)
    }
    #[inline]
    fn __bound<const R: usize>(&self) -> Bound<'_, Self::Elem, R> {
        Bound::of_array(self)
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<A: Operand + ?Sized> Operand for $pointer {
            type Elem = A::Elem;
            type Dim = A::Dim;
            type Extents = A::Extents;
            #[inline]
            fn view(&self) -> ArrayView<'_, A::Elem, A::Dim> {
                A::view(self)
            }
            #[inline]
            fn __bound<const R: usize>(&self) -> Bound<'_, A::Elem, R> {
                A::__bound(self)
            }
        }
    )* };
}
pointers!(&A, &mut A, Box<A>, Rc<A>, Arc<A>);

/// An operand of `einsum_view!`: it can be viewed for `'a`, longer than the macro call.
///
/// Called as `(x).__einsum_view()`, so that auto-ref borrows an array, keeps the lifetime of a reference,
/// and takes a view by value.
#[doc(hidden)]
pub trait Viewable<'a> {
    /// The type of the elements.
    type Elem: 'a;
    /// The rank.
    type Dim: Dimension;
    /// The extents known at compile time.
    type Extents;

    /// Returns a view that lives for `'a`.
    fn __einsum_view(self) -> Borrowed<'a, Self::Elem, Self::Dim, Self::Extents>;
}

/// A view for `'a` and the extents `X` known at compile time.
#[doc(hidden)]
pub struct Borrowed<'a, T, D, X> {
    pub(crate) view: ArrayView<'a, T, D>,
    extents: PhantomData<fn() -> X>,
}

impl<'a, A: Operand<Elem: 'a> + ?Sized> Viewable<'a> for &'a A {
    type Elem = A::Elem;
    type Dim = A::Dim;
    type Extents = A::Extents;
    #[inline]
    fn __einsum_view(self) -> Borrowed<'a, A::Elem, A::Dim, A::Extents> {
        Borrowed { view: A::view(self), extents: PhantomData }
    }
}

impl<'a, T, D: Dimension> Viewable<'a> for ArrayView<'a, T, D> {
    type Elem = T;
    type Dim = D;
    type Extents = AnyExtents;
    #[inline]
    fn __einsum_view(self) -> Borrowed<'a, T, D, AnyExtents> {
        Borrowed { view: self, extents: PhantomData }
    }
}
