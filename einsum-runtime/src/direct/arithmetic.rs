//! What loops in place do with elements.
//!
//! Emitted code asks a view for its [`arithmetic`](View::arithmetic), which there is for every [`Element`]. For a type that
//! is none the method of the trait [`AnyArithmetic`] answers in its place, so that nothing here asks for an element once
//! more: rustc has said what is wrong where the operand was bound.

use core::marker::PhantomData;

use super::outside;
use crate::element::Element;
use crate::view::View;

/// Arithmetic on `T`.
pub trait Arithmetic<T>: Copy {
    /// What a sum over nothing gives.
    fn zero() -> T;

    /// Returns a sum.
    fn add(a: T, b: T) -> T;

    /// Returns a product.
    fn mul(a: T, b: T) -> T;

    /// Lets a sum enter an element, which becomes `beta * old + alpha * sum`, where an `alpha` that is not given is one and
    /// a `beta` zero; with a `beta` of zero the old value does not matter.
    fn enter(place: &mut T, sum: T, alpha: Option<&T>, beta: Option<&T>);
}

/// The arithmetic of an [`Element`].
pub struct OfElement<T>(PhantomData<fn(T) -> T>);

impl<T> Clone for OfElement<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for OfElement<T> {}

impl<T: Element> Arithmetic<T> for OfElement<T> {
    #[inline(always)]
    fn zero() -> T {
        T::ZERO
    }

    #[inline(always)]
    fn add(a: T, b: T) -> T {
        T::add(a, b)
    }

    #[inline(always)]
    fn mul(a: T, b: T) -> T {
        T::mul(a, b)
    }

    #[inline(always)]
    fn enter(place: &mut T, sum: T, alpha: Option<&T>, beta: Option<&T>) {
        // As in the kernels: for complex numbers a product with one is not exact where parts are infinite.
        let scaled = |by: T, x: T| if by == T::ONE { x } else { T::mul(by, x) };
        let sum = match alpha {
            Some(&alpha) => scaled(alpha, sum),
            None => sum,
        };
        *place = match beta {
            Some(&beta) if beta != T::ZERO => T::add(scaled(beta, *place), sum),
            _ => sum,
        };
    }
}

/// The arithmetic of a type that is no element: there is none, and no program with it is compiled to its end.
#[derive(Clone, Copy)]
pub struct Missing;

impl<T> Arithmetic<T> for Missing {
    fn zero() -> T {
        outside()
    }

    fn add(_: T, _: T) -> T {
        outside()
    }

    fn mul(_: T, _: T) -> T {
        outside()
    }

    fn enter(_: &mut T, _: T, _: Option<&T>, _: Option<&T>) {
        outside()
    }
}

impl<T: Element, const R: usize, X, E> View<'_, T, R, X, E> {
    /// Returns the arithmetic of the elements.
    #[inline(always)]
    #[must_use]
    pub fn arithmetic(&self) -> OfElement<T> {
        OfElement(PhantomData)
    }
}

/// What a view answers whose elements are none.
pub trait AnyArithmetic {
    /// Returns that there is no arithmetic.
    fn arithmetic(&self) -> Missing;
}

impl<T, const R: usize, X, E> AnyArithmetic for View<'_, T, R, X, E> {
    fn arithmetic(&self) -> Missing {
        Missing
    }
}
