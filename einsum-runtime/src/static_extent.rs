//! Extents that are part of an operand's type, compared while the user's crate compiles.

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

/// Two extents of the label `L` that may be equal.
#[diagnostic::on_unimplemented(
    message = "label `{L}` has two extents: `{Self}` and `{Other}`",
    label = "an axis `{L}` of this array has `{Other}`, an earlier one has `{Self}`"
)]
pub trait Agrees<Other, L> {}

impl<L, Other> Agrees<Other, L> for AnyExtent {}
impl<L, const N: usize> Agrees<AnyExtent, L> for Extent<N> {}
impl<L, const N: usize> Agrees<Extent<N>, L> for Extent<N> {}

/// An extent of the label `L` that may be `N`, the number given in the options.
#[diagnostic::on_unimplemented(
    message = "label `{L}` has two extents: `{Self}` and {N} in the options",
    label = "an axis `{L}` of this array has `{Self}`, the options say {N}"
)]
pub trait AgreesWithOption<const N: usize, L> {}

impl<L, const N: usize> AgreesWithOption<N, L> for AnyExtent {}
impl<L, const N: usize> AgreesWithOption<N, L> for Extent<N> {}

/// Compiles only if axis `I` of `a` and axis `J` of `b` may have the same extent.
#[inline]
pub fn agree<L, const I: usize, const J: usize, A, B>(_a: &A, _b: &B)
where
    A: ExtentAt<I>,
    B: ExtentAt<J>,
    A::Extent: Agrees<B::Extent, L>,
{
}

/// Compiles only if axis `I` of `a` may have the extent `N`.
#[inline]
pub fn agree_given<L, const I: usize, const N: usize, A>(_a: &A)
where
    A: ExtentAt<I>,
    A::Extent: AgreesWithOption<N, L>,
{
}
