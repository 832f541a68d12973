//! Extents that are part of an operand's type, compared while the user's crate compiles.

use core::marker::PhantomData;

/// An extent known at compile time.
pub struct Extent<const N: usize>;

/// An extent known at run time only.
pub struct AnyExtent;

/// Any number of axes, none with a static extent.
pub struct AnyExtents;

/// What is known about the extent of axis `I`: [`Extent`] or [`AnyExtent`].
///
/// Defined for axes that the array does not have too, as a wrong rank is another error.
pub trait ExtentAt<const I: usize> {
    /// The extent.
    type Extent;
}

impl<const I: usize> ExtentAt<I> for AnyExtents {
    type Extent = AnyExtent;
}

impl<const I: usize> ExtentAt<I> for () {
    type Extent = AnyExtent;
}

macro_rules! extents {
    (@axis [$($known:ident)*] $axis:literal $extent:ident) => {
        impl<$($known),*> ExtentAt<$axis> for ($($known,)*) {
            type Extent = $extent;
        }
    };
    ($($known:tt: $($axis:literal $extent:ident),*;)*) => { $( $(
        extents!(@axis $known $axis $extent);
    )* )* };
}
extents! {
    [A]: 0 A, 1 AnyExtent, 2 AnyExtent, 3 AnyExtent, 4 AnyExtent, 5 AnyExtent, 6 AnyExtent;
    [A B]: 0 A, 1 B, 2 AnyExtent, 3 AnyExtent, 4 AnyExtent, 5 AnyExtent, 6 AnyExtent;
    [A B C]: 0 A, 1 B, 2 C, 3 AnyExtent, 4 AnyExtent, 5 AnyExtent, 6 AnyExtent;
    [A B C D]: 0 A, 1 B, 2 C, 3 D, 4 AnyExtent, 5 AnyExtent, 6 AnyExtent;
    [A B C D E]: 0 A, 1 B, 2 C, 3 D, 4 E, 5 AnyExtent, 6 AnyExtent;
    [A B C D E F]: 0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 AnyExtent;
}

/// Whether all extents of an array are known at compile time.
pub trait AreStatic {
    /// Whether they are.
    const ARE_STATIC: bool;
}

impl<const N: usize> AreStatic for Extent<N> {
    const ARE_STATIC: bool = true;
}

impl AreStatic for AnyExtent {
    const ARE_STATIC: bool = false;
}

impl AreStatic for AnyExtents {
    const ARE_STATIC: bool = false;
}

impl<X: AreStatic> AreStatic for PhantomData<fn() -> X> {
    const ARE_STATIC: bool = X::ARE_STATIC;
}

macro_rules! are_static {
    ($([$($extent:ident)*])*) => { $(
        impl<$($extent: AreStatic),*> AreStatic for ($($extent,)*) {
            const ARE_STATIC: bool = true $(&& $extent::ARE_STATIC)*;
        }
    )* };
}
are_static! { [] [A] [A B] [A B C] [A B C D] [A B C D E] [A B C D E F] }

/// What compares extents. It stands for itself in the compiler's messages only.
pub struct Extents;

// A label of one letter is a constant of type `char`, since rustc shows `'j'` for it. A longer one is a local type of its
// name, for which rustc shows the path: `main::batch`.
macro_rules! agreement {
    ($([$($label:tt)*] $name:ident $equal:ident $agrees:ident $agree:ident $agree_given:ident;)*) => { $(
        /// The two extents are the same.
        #[diagnostic::on_unimplemented(
            message = "extents of {L} disagree: {N} in an earlier axis or option, but {M} here",
            label = "an axis {L} of this array has extent {M}"
        )]
        pub trait $equal<const N: usize, const M: usize, $($label)*> {}

        impl<const N: usize, $($label)*> $equal<N, N, $name> for Extents {}

        /// Two extents that may be the same: one of them is known at run time only, or they are equal.
        pub trait $agrees<Other, $($label)*> {}

        impl<Other, $($label)*> $agrees<Other, $name> for AnyExtent {}
        impl<const N: usize, $($label)*> $agrees<AnyExtent, $name> for Extent<N> {}
        impl<const N: usize, const M: usize, $($label)*> $agrees<Extent<M>, $name> for Extent<N> where
            Extents: $equal<N, M, $name>
        {
        }

        /// Compiles only if axis `I` of `a` and axis `J` of `b` may have the same extent.
        #[inline]
        pub fn $agree<$($label)*, const I: usize, const J: usize, A, B>(_a: &A, _b: &B)
        where
            A: ExtentAt<I>,
            B: ExtentAt<J>,
            A::Extent: $agrees<B::Extent, $name>,
        {
        }

        /// Compiles only if axis `J` of `b` may have the extent `N`.
        #[inline]
        pub fn $agree_given<$($label)*, const N: usize, const J: usize, B>(_b: &B)
        where
            B: ExtentAt<J>,
            Extent<N>: $agrees<B::Extent, $name>,
        {
        }
    )* };
}
agreement! {
    [const L: char] L LetterEqual LetterAgrees agree_letter agree_letter_given;
    [L] L NameEqual NameAgrees agree_name agree_name_given;
}
