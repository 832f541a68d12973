//! Ranks at the type level: a term's number of axes against ndarray's dimension types, with and without an ellipsis.

use ndarray::{Dimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn, RemoveAxis};

/// A rank known at compile time.
pub struct Axes<const N: usize>;

/// A rank known at run time only.
pub struct AnyAxes;

/// The rank of a dimension type: [`Axes`] or [`AnyAxes`].
pub trait HasRank: Dimension {
    /// The rank.
    type Rank;
}

macro_rules! ranks {
    ($($dim:ident $n:literal)*) => { $(
        impl HasRank for $dim {
            type Rank = Axes<$n>;
        }
    )* };
}
ranks!(Ix0 0 Ix1 1 Ix2 2 Ix3 3 Ix4 4 Ix5 5 Ix6 6);

impl HasRank for IxDyn {
    type Rank = AnyAxes;
}

/// A rank that an operand's term with `R` axes accepts.
#[diagnostic::on_unimplemented(
    message = "this operand's term has {R} axes, but the operand has `{Self}`",
    label = "the rank of this operand is not {R}"
)]
pub trait Is<const R: usize> {}

impl<const R: usize> Is<R> for Axes<R> {}
impl<const R: usize> Is<R> for AnyAxes {}

/// A rank that an output's term with `R` axes accepts.
#[diagnostic::on_unimplemented(
    message = "the output's term has {R} axes, but the output has `{Self}`",
    label = "the rank of this output is not {R}"
)]
pub trait IsOutput<const R: usize> {}

impl<const R: usize> IsOutput<R> for Axes<R> {}
impl<const R: usize> IsOutput<R> for AnyAxes {}

/// A dimension type with `K` axes or more; the others are what an ellipsis stands for.
#[diagnostic::on_unimplemented(
    message = "the term has {K} named axes besides `...`, but its array has `{Self}`",
    label = "too few axes for this term"
)]
pub trait Without<const K: usize>: Dimension {
    /// The dimension type of the ellipsis.
    type Rest: Dimension;
}

impl<D: Dimension> Without<0> for D {
    type Rest = D;
}

/// A dimension type that `K` named axes can be added to.
pub trait With<const K: usize>: Dimension {
    /// The dimension type with them.
    type Out: Dimension;
}

impl<D: Dimension> With<0> for D {
    type Out = D;
}

// Dimension types for which `K` can be removed are those whose `K - 1`-fold `Smaller` has `RemoveAxis`; one impl a
// `K`, because a recursive one would make rustc prove the recursion for every generic caller.
macro_rules! smaller {
    ($d:ident) => { $d };
    ($d:ident s $($rest:ident)*) => { <smaller!($d $($rest)*) as Dimension>::Smaller };
}
macro_rules! larger {
    ($d:ident) => { $d };
    ($d:ident s $($rest:ident)*) => { <larger!($d $($rest)*) as Dimension>::Larger };
}
macro_rules! named_axes {
    ([$($done:ident)*] [$($bound:tt)*]) => {};
    ([$($done:ident)*] [$($bound:tt)*] $k:literal $($more:literal)*) => {
        #[diagnostic::do_not_recommend]
        impl<D: RemoveAxis> Without<$k> for D
        where
            $($bound)*
        {
            type Rest = smaller!(D $($done)* s);
        }
        impl<D: Dimension> With<$k> for D {
            type Out = larger!(D $($done)* s);
        }
        named_axes!([$($done)* s] [$($bound)* smaller!(D $($done)* s): RemoveAxis,] $($more)*);
    };
}
named_axes!([] [] 1 2 3 4 5 6 7 8 9 10 11 12);
