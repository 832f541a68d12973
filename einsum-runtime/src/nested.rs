//! Slices, vectors, and nested arrays as operands and outputs. Their extents are types: `[[T; 4]; 3]` has the extents
//! `(Extent<3>, Extent<4>)`.
//!
//! `T: Element` keeps the nesting levels apart: no array is an element, so `[T; N]` never means `[[T; M]; N]`.

use ndarray::{ArrayView, ArrayViewMut, Dimension, Ix2, Ix3, Ix4, Ix5, Ix6};

use crate::element::Element;
use crate::operand::Operand;
use crate::output::Output;
use crate::output_view::BoundMut;
use crate::static_extent::{AnyExtent, Extent};
use crate::view::{Bound, WRONG_LENGTH};

/// `Ix1`, for elements: their own rank, 0, and one more.
///
/// Spelt so, a `Vec<Vec<f64>>` has rank 2 for the compiler, which then says only that `Vec<f64>` is no element.
type Line<T> = <<T as Operand>::Dim as Dimension>::Larger;

// `flatten` is the chain of calls that turns the nested type into one slice of elements.
macro_rules! nested {
    ($(
        [$($n:ident)*] $type:ty, $dim:ty, $extents:ty,
        |$this:ident| $shape:expr, [$($flatten:ident)*], [$($flatten_mut:ident)*];
    )*) => { $(
        #[diagnostic::do_not_recommend]
        impl<T: Element $(, const $n: usize)*> Operand for $type {
            type Elem = T;
            type Dim = $dim;
            type Extents = $extents;
            #[inline]
            fn view(&self) -> ArrayView<'_, T, $dim> {
                let $this = self;
                ArrayView::from_shape($shape, $this$(.$flatten())*).expect(WRONG_LENGTH)
            }
            #[inline]
            fn __bound<const RANK: usize>(&self) -> Bound<'_, T, RANK> {
                let $this = self;
                Bound::of_slice($this$(.$flatten())*, &$shape)
            }
        }
        #[diagnostic::do_not_recommend]
        impl<T: Element $(, const $n: usize)*> Output for $type {
            type Elem = T;
            type Dim = $dim;
            type Extents = $extents;
            #[inline]
            fn view_mut(&mut self) -> ArrayViewMut<'_, T, $dim> {
                let $this = self;
                ArrayViewMut::from_shape($shape, $this$(.$flatten_mut())*).expect(WRONG_LENGTH)
            }
            #[inline]
            fn __bound_mut<const RANK: usize>(&mut self) -> BoundMut<'_, T, RANK> {
                let $this = self;
                let shape = $shape;
                BoundMut::of_slice($this$(.$flatten_mut())*, &shape)
            }
        }
    )* };
}

nested! {
    [] [T], Line<T>, (AnyExtent,), |a| [a.len()], [], [];
    [] Vec<T>, Line<T>, (AnyExtent,), |a| [a.len()], [as_slice], [as_mut_slice];
    [N] [T; N], Line<T>, (Extent<N>,), |a| [N], [as_slice], [as_mut_slice];

    [N] [[T; N]], Ix2, (AnyExtent, Extent<N>),
        |a| [a.len(), N], [as_flattened], [as_flattened_mut];
    [N] Vec<[T; N]>, Ix2, (AnyExtent, Extent<N>),
        |a| [a.len(), N], [as_flattened], [as_flattened_mut];
    [N M] [[T; M]; N], Ix2, (Extent<N>, Extent<M>),
        |a| [N, M], [as_flattened], [as_flattened_mut];

    [N M] [[[T; M]; N]], Ix3, (AnyExtent, Extent<N>, Extent<M>),
        |a| [a.len(), N, M], [as_flattened as_flattened], [as_flattened_mut as_flattened_mut];
    [N M] Vec<[[T; M]; N]>, Ix3, (AnyExtent, Extent<N>, Extent<M>),
        |a| [a.len(), N, M], [as_flattened as_flattened], [as_flattened_mut as_flattened_mut];
    [N M P] [[[T; P]; M]; N], Ix3, (Extent<N>, Extent<M>, Extent<P>),
        |a| [N, M, P], [as_flattened as_flattened], [as_flattened_mut as_flattened_mut];

    [N M P Q] [[[[T; Q]; P]; M]; N], Ix4, (Extent<N>, Extent<M>, Extent<P>, Extent<Q>),
        |a| [N, M, P, Q], [as_flattened as_flattened as_flattened],
        [as_flattened_mut as_flattened_mut as_flattened_mut];
    [N M P Q R] [[[[[T; R]; Q]; P]; M]; N], Ix5,
        (Extent<N>, Extent<M>, Extent<P>, Extent<Q>, Extent<R>),
        |a| [N, M, P, Q, R], [as_flattened as_flattened as_flattened as_flattened],
        [as_flattened_mut as_flattened_mut as_flattened_mut as_flattened_mut];
    [N M P Q R S] [[[[[[T; S]; R]; Q]; P]; M]; N], Ix6,
        (Extent<N>, Extent<M>, Extent<P>, Extent<Q>, Extent<R>, Extent<S>),
        |a| [N, M, P, Q, R, S], [as_flattened as_flattened as_flattened as_flattened as_flattened],
        [as_flattened_mut as_flattened_mut as_flattened_mut as_flattened_mut as_flattened_mut];
}
