//! What `einsum_into!` writes: everything that can be viewed mutably as an array.

use ndarray::{ArrayBase, ArrayRef, ArrayViewMut, DataMut, Dimension, Ix0};

use crate::output_view::BoundMut;
use crate::static_extent::AnyExtents;

/// Something einsum can write to: the mutable counterpart of [`Operand`](crate::Operand).
///
/// Implemented for arrays and views with mutable data, `[T]`, `Vec<T>`, nested arrays, scalars, and `&mut` and `Box`
/// of an output.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an output of einsum",
    label = "cannot be written to",
    note = "outputs are ndarray's arrays and mutable views, slices, `Vec`, (nested) arrays, scalars, and `&mut` of them"
)]
pub trait Output {
    /// The type of the elements.
    type Elem;
    /// The rank: `Ix0` to `Ix6`, or `IxDyn`.
    type Dim: Dimension;
    /// The extents known at compile time; `AnyExtents` if none is.
    #[doc(hidden)]
    type Extents;

    /// Returns a mutable view of all elements.
    fn view_mut(&mut self) -> ArrayViewMut<'_, Self::Elem, Self::Dim>;

    /// Returns where the elements lie, as [`view_mut`](Output::view_mut).
    #[doc(hidden)]
    #[inline]
    fn __bound_mut<const R: usize>(&mut self) -> BoundMut<'_, Self::Elem, R> {
        BoundMut::of_view(self.view_mut())
    }
}

#[diagnostic::do_not_recommend]
impl<S: DataMut, D: Dimension> Output for ArrayBase<S, D> {
    type Elem = S::Elem;
    type Dim = D;
    type Extents = AnyExtents;
    #[inline]
    fn view_mut(&mut self) -> ArrayViewMut<'_, S::Elem, D> {
        ArrayRef::view_mut(self)
    }
    #[inline]
    fn __bound_mut<const R: usize>(&mut self) -> BoundMut<'_, Self::Elem, R> {
        BoundMut::of_array(self)
    }
}

impl<T, D: Dimension> Output for ArrayRef<T, D> {
    type Elem = T;
    type Dim = D;
    type Extents = AnyExtents;
    #[inline]
    fn view_mut(&mut self) -> ArrayViewMut<'_, T, D> {
        ArrayRef::view_mut(self)
    }
    #[inline]
    fn __bound_mut<const R: usize>(&mut self) -> BoundMut<'_, Self::Elem, R> {
        BoundMut::of_array(self)
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<C: Output + ?Sized> Output for $pointer {
            type Elem = C::Elem;
            type Dim = C::Dim;
            type Extents = C::Extents;
            #[inline]
            fn view_mut(&mut self) -> ArrayViewMut<'_, C::Elem, C::Dim> {
                C::view_mut(self)
            }
            #[inline]
            fn __bound_mut<const R: usize>(&mut self) -> BoundMut<'_, C::Elem, R> {
                C::__bound_mut(self)
            }
        }
    )* };
}
pointers!(&mut C, Box<C>);

/// Borrows an output expression mutably: auto-ref does the right thing for a place, a `&mut` binding that is not
/// itself `mut`, and a temporary view alike.
#[doc(hidden)]
pub trait OutputPlace: Output {
    /// Returns `self`.
    #[inline]
    fn __einsum_place(&mut self) -> &mut Self {
        self
    }
}

impl<C: Output + ?Sized> OutputPlace for C {}

/// Returns a scalar as an array of rank 0; for `scalar_operand!`.
#[doc(hidden)]
#[inline]
pub fn scalar_view_mut<T>(scalar: &mut T) -> ArrayViewMut<'_, T, Ix0> {
    ArrayViewMut::from_shape((), core::slice::from_mut(scalar)).expect("one element")
}
