//! The element types of einsum, and how users add their own.

use core::num::Wrapping;

use num_complex::Complex;

use crate::kernel::raw::KernelTable;
use crate::kernel::{Kernels, precompiled};
use crate::operand::Operand;
use ndarray::Ix0;

/// An element type: what can be summed and multiplied by an einsum.
///
/// Elements form a commutative semiring: `add` and `mul` are associative and commutative, `mul` distributes over
/// `add`, `ZERO` is neutral for `add` and absorbs in `mul`, and `ONE` is neutral for `mul`. Sums are formed in any
/// order and factors in any grouping, so floating-point results agree with another order of evaluation up to rounding.
///
/// Implemented for `f32`, `f64`, their [`Complex`], all integers, and [`Wrapping`] of the integers. Integers wrap on
/// overflow, in debug builds too: the result is then the same for every order of summation and every contraction path.
///
/// The operations are associated functions without a receiver, so `x.add(y)` on a `T: Element + Add` stays the
/// operator's method. Where both traits are in scope write `<T as Element>::add(x, y)`.
///
/// # Your own element type
///
/// ```
/// use einsum_runtime::{Element, scalar_operand};
///
/// /// The max-plus semiring: "adding" takes the larger, "multiplying" adds.
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Tropical(f64);
///
/// scalar_operand!(Tropical);
///
/// impl Element for Tropical {
///     const ZERO: Self = Tropical(f64::NEG_INFINITY);
///     const ONE: Self = Tropical(0.0);
///     fn add(a: Self, b: Self) -> Self {
///         Tropical(a.0.max(b.0))
///     }
///     fn mul(a: Self, b: Self) -> Self {
///         Tropical(a.0 + b.0)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an element type of einsum",
    note = "element types are `f32`, `f64`, `Complex<f32>`, `Complex<f64>`, the integers, and `Wrapping` of an integer",
    note = "for your own type write `scalar_operand!({Self});` and implement `Element`",
    note = "a vector of vectors has rows of any length: `Array2::from_shape_vec` makes an array of equal rows"
)]
pub trait Element:
    Operand<Elem = Self, Dim = Ix0> + Copy + PartialEq + Send + Sync + 'static
{
    /// The neutral element of [`add`](Element::add): what a sum over nothing gives.
    const ZERO: Self;

    /// The neutral element of [`mul`](Element::mul): what a product of nothing gives.
    const ONE: Self;

    /// The compiled kernels of this type; only the default can be named outside this crate.
    #[doc(hidden)]
    const KERNELS: Kernels<Self> = Kernels::GENERIC;

    /// Its kernels as calls take them; only the default can be named outside this crate.
    #[doc(hidden)]
    const TABLE: KernelTable<Self> = KernelTable::GENERIC;

    /// Returns the sum of `a` and `b`.
    fn add(a: Self, b: Self) -> Self;

    /// Returns the product of `a` and `b`.
    fn mul(a: Self, b: Self) -> Self;

    /// Returns the complex conjugate of `a`, or `a` itself for real types. Must respect sums and products.
    #[must_use]
    fn conj(a: Self) -> Self {
        a
    }
}

/// Makes a type of your own usable as a scalar operand and output, which [`Element`] asks for.
///
/// The type must be `Copy` and is borrowed as an array of rank 0. Generic types repeat their parameters:
///
/// ```
/// use einsum_runtime::{Element, scalar_operand};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Dual<T> {
///     value: T,
///     slope: T,
/// }
///
/// scalar_operand!(impl<T: Element> for Dual<T>);
///
/// impl<T: Element> Element for Dual<T> {
///     const ZERO: Self = Dual { value: T::ZERO, slope: T::ZERO };
///     const ONE: Self = Dual { value: T::ONE, slope: T::ZERO };
///     fn add(a: Self, b: Self) -> Self {
///         Dual { value: T::add(a.value, b.value), slope: T::add(a.slope, b.slope) }
///     }
///     fn mul(a: Self, b: Self) -> Self {
///         let slope = T::add(T::mul(a.slope, b.value), T::mul(a.value, b.slope));
///         Dual { value: T::mul(a.value, b.value), slope }
///     }
/// }
/// ```
#[macro_export]
macro_rules! scalar_operand {
    // The parameter list ends at the `>` before `for`; `>>` closes a bound as well.
    (@parameters [$($parameters:tt)*] > for $name:ty $(where $($bounds:tt)*)?) => {
        $crate::scalar_operand!(@implement [$($parameters)*] [$name] [$($($bounds)*)?]);
    };
    (@parameters [$($parameters:tt)*] >> for $name:ty $(where $($bounds:tt)*)?) => {
        $crate::scalar_operand!(@implement [$($parameters)* >] [$name] [$($($bounds)*)?]);
    };
    (@parameters [$($parameters:tt)*] $next:tt $($rest:tt)*) => {
        $crate::scalar_operand!(@parameters [$($parameters)* $next] $($rest)*);
    };
    (@implement [$($parameters:tt)*] [$name:ty] [$($bounds:tt)*]) => {
        impl<$($parameters)*> $crate::Operand for $name where $($bounds)* {
            type Elem = Self;
            type Dim = $crate::codegen::Ix0;
            type Extents = ();
            #[inline]
            fn view(&self) -> $crate::codegen::ArrayView<'_, Self, $crate::codegen::Ix0> {
                $crate::codegen::aview0(self)
            }
        }
        impl<$($parameters)*> $crate::Output for $name where $($bounds)* {
            type Elem = Self;
            type Dim = $crate::codegen::Ix0;
            type Extents = ();
            #[inline]
            fn view_mut(&mut self) -> $crate::codegen::ArrayViewMut<'_, Self, $crate::codegen::Ix0> {
                $crate::codegen::scalar_view_mut(self)
            }
        }
    };
    (impl < $($rest:tt)*) => {
        $crate::scalar_operand!(@parameters [] $($rest)*);
    };
    ($name:ty) => {
        $crate::scalar_operand!(@implement [] [$name] []);
    };
}

macro_rules! integers {
    ($($int:ty)*) => { $(
        scalar_operand!($int);
        impl Element for $int {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const KERNELS: Kernels<Self> = Kernels::INTEGER;
            #[inline]
            fn add(a: Self, b: Self) -> Self {
                a.wrapping_add(b)
            }
            #[inline]
            fn mul(a: Self, b: Self) -> Self {
                a.wrapping_mul(b)
            }
        }
        scalar_operand!(Wrapping<$int>);
        impl Element for Wrapping<$int> {
            const ZERO: Self = Wrapping(0);
            const ONE: Self = Wrapping(1);
            const KERNELS: Kernels<Self> = Kernels::INTEGER;
            #[inline]
            fn add(a: Self, b: Self) -> Self {
                a + b
            }
            #[inline]
            fn mul(a: Self, b: Self) -> Self {
                a * b
            }
        }
    )* };
}
integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

macro_rules! floats {
    ($($float:ty: $real:ident $complex:ident),*) => { $(
        scalar_operand!($float);
        impl Element for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const KERNELS: Kernels<Self> = precompiled::$real::KERNELS;
            const TABLE: KernelTable<Self> = precompiled::$real::TABLE;
            #[inline]
            fn add(a: Self, b: Self) -> Self {
                a + b
            }
            #[inline]
            fn mul(a: Self, b: Self) -> Self {
                a * b
            }
        }
        scalar_operand!(Complex<$float>);
        impl Element for Complex<$float> {
            const ZERO: Self = Complex::new(0.0, 0.0);
            const ONE: Self = Complex::new(1.0, 0.0);
            const KERNELS: Kernels<Self> = precompiled::$complex::KERNELS;
            const TABLE: KernelTable<Self> = precompiled::$complex::TABLE;
            #[inline]
            fn add(a: Self, b: Self) -> Self {
                a + b
            }
            #[inline]
            fn mul(a: Self, b: Self) -> Self {
                a * b
            }
            #[inline]
            fn conj(a: Self) -> Self {
                Complex::new(a.re, -a.im)
            }
        }
    )* };
}
floats!(f32: f32 c32, f64: f64 c64);
