//! The loops of calls that have so few points that handing them over would take longer. They are inlined where the call
//! stands.
//!
//! Extents are checked where an array is laid along loops; emitted code has compared them before, and the optimiser knows.
//! One function a rank, and fields in place of arrays, are less for it to do than loops over axes.

#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use ndarray::{Array, Dimension};

use crate::element::Element;
use crate::ellipsis::NoEllipsis;
use crate::layout::opaque;
use crate::output_view::OutputView;
use crate::static_extent::AreStatic;
use crate::view::{View, holds};

/// The most points of a call whose loops emitted code runs itself. Kernels gain more from matrix products than from sums
/// and products of vectors, but begin later.
const POINTS: usize = 256;
const POINTS_OF_THREE: usize = 512;

#[inline(always)]
fn is_short(extent: usize) -> bool {
    // An extent of zero is none.
    extent.wrapping_sub(1) < POINTS
}

/// Whether a loop has few points, and at least one.
#[inline(always)]
#[must_use]
pub fn few1(i: usize) -> bool {
    is_short(i)
}

/// As [`few1`], for two loops.
#[inline(always)]
#[must_use]
pub fn few2(i: usize, j: usize) -> bool {
    is_short(i) && is_short(j) && i * j <= POINTS
}

/// As [`few1`], for three loops.
#[inline(always)]
#[must_use]
pub fn few3(i: usize, j: usize, k: usize) -> bool {
    is_short(i) && is_short(j) && is_short(k) && i * j * k <= POINTS_OF_THREE
}

/// Ends the process: unwinding would cost every loop the code that cleans up behind it.
#[cold]
#[inline(never)]
extern "C" fn outside() -> ! {
    panic!("einloom: internal error: a position lies outside of its array")
}

/// The extents of a call's loops; 1 for those that are not there.
type Extents = (usize, usize, usize);

/// An operand along the loops of a call. Fields of their own, not arrays, since these are soon in registers.
///
/// Invariant: for `'v`, every element at `ptr + Σ position · step` with all positions below the extents may be read.
pub struct Along<'v, T> {
    ptr: *const T,
    extents: Extents,
    s0: isize,
    s1: isize,
    s2: isize,
    borrow: PhantomData<&'v [T]>,
}

/// An output along the kept loops of a call, which come first.
///
/// Invariant: as that of [`Along`], for the first `kept` loops, beside which nothing moves it; the elements may be written by
/// nobody else, and no two positions have the same.
pub struct AlongMut<'v, T> {
    ptr: *mut T,
    kept: usize,
    extents: Extents,
    s0: isize,
    s1: isize,
    s2: isize,
    borrow: PhantomData<&'v mut [T]>,
}

/// The number of the loop of an axis that has none, but the extent 1.
const NONE: usize = 3;

/// Returns the extent of a loop.
#[inline(always)]
fn of_loop(extents: Extents, number: usize) -> usize {
    match number {
        0 => extents.0,
        1 => extents.1,
        2 => extents.2,
        NONE => 1,
        _ => outside(),
    }
}

/// Returns the step of an axis of this stride along a loop, given its own.
#[inline(always)]
fn step(number: usize, own: usize, stride: isize) -> isize {
    if number == own { stride } else { 0 }
}

macro_rules! ranks {
    ($($rank:literal: $($axis:literal $at:ident $n:ident),*;)*) => { $(
        impl<T: Element, X> View<'_, T, $rank, X, NoEllipsis> {
            /// Whether the operand has these extents.
            #[inline(always)]
            #[must_use]
            pub fn is(&self $(, $n: usize)*) -> bool {
                (self.layout.found == $rank) $(& (self.layout.extent($axis) == $n))*
            }

            /// Returns the operand along loops of these extents, given the loop of each axis
            /// ([`NONE`] if it has none).
            #[inline(always)]
            #[must_use]
            pub fn along(&self, extents: Extents $(, $at: usize)*) -> Along<'_, T> {
                let layout = &self.layout;
                if !((layout.found == $rank) $(& (layout.extent($axis) == of_loop(extents, $at)))*) {
                    outside();
                }
                Along {
                    ptr: self.ptr().as_ptr(),
                    extents,
                    s0: 0_isize $(.wrapping_add(step(0, $at, layout.stride($axis))))*,
                    s1: 0_isize $(.wrapping_add(step(1, $at, layout.stride($axis))))*,
                    s2: 0_isize $(.wrapping_add(step(2, $at, layout.stride($axis))))*,
                    borrow: PhantomData,
                }
            }
        }

        impl<T: Element, X> OutputView<'_, T, $rank, X, NoEllipsis> {
            /// Whether the output has these extents.
            #[inline(always)]
            #[must_use]
            pub fn is(&self $(, $n: usize)*) -> bool {
                (self.layout.found == $rank) $(& (self.layout.extent($axis) == $n))*
            }

            /// Returns the output along the first `kept` of loops of these extents, given the loop of each axis
            /// ([`NONE`] if it has none).
            #[inline(always)]
            #[must_use]
            pub fn along(
                &mut self,
                kept: usize,
                extents: Extents
                $(, $at: usize)*
            ) -> AlongMut<'_, T> {
                let layout = &self.layout;
                let fits = (layout.found == $rank)
                    $(& (($at < kept) | ($at == NONE)) & (layout.extent($axis) == of_loop(extents, $at)))*;
                // Along a loop without an axis, points would share elements.
                let loops = 0_usize $(| (1 << $at))*;
                if !(fits & (loops & !(1 << NONE) == (1 << kept) - 1)) {
                    outside();
                }
                AlongMut {
                    ptr: self.ptr.as_ptr(),
                    kept,
                    extents,
                    s0: 0_isize $(.wrapping_add(step(0, $at, layout.stride($axis))))*,
                    s1: 0_isize $(.wrapping_add(step(1, $at, layout.stride($axis))))*,
                    s2: 0_isize $(.wrapping_add(step(2, $at, layout.stride($axis))))*,
                    borrow: PhantomData,
                }
            }
        }
    )* };
}
ranks! {
    0: ;
    1: 0 i n0;
    2: 0 i n0, 1 j n1;
    3: 0 i n0, 1 j n1, 2 k n2;
    4: 0 i n0, 1 j n1, 2 k n2, 3 l n3;
}

/// Returns the number of iterations that are left, of which the optimiser is to know nothing: loops of a few points are only
/// made longer, and a user's crate with them, by being unrolled for many. If the extents are part of types it does know.
#[inline(always)]
fn next<S: AreStatic>(left: usize) -> usize {
    if const { S::ARE_STATIC } { left } else { opaque(left) }
}

/// A loop: `body` at every position, with the pointers `$x` into operands and `$o` into the output.
macro_rules! each {
    (
        ($extent:tt $step:ident) [$put:ident $sum:ident $out:ident $o:ident]
        [$($along:ident $x:ident),*] $body:expr
    ) => {{
        let (mut left, mut $o $(, mut $x)*) = ($out.extents.$extent, $o $(, $x)*);
        while left > 0 {
            $body;
            $o = $o.wrapping_offset($out.$step);
            $($x = $x.wrapping_offset($along.$step);)*
            left = next::<S>(left - 1);
        }
    }};
}

/// The extents that the first operand was checked for.
macro_rules! extents {
    ($first:ident $(, $other:ident)*) => {
        $first.extents
    };
}

/// Returns the number of elements along the first loops.
#[inline(always)]
fn len<const KEPT: usize>(extents: Extents) -> Option<usize> {
    match KEPT {
        0 => Some(1),
        1 => Some(extents.0),
        2 => extents.0.checked_mul(extents.1),
        _ => match extents.0.checked_mul(extents.1) {
            Some(len) => len.checked_mul(extents.2),
            None => None,
        },
    }
}

/// The product of the elements at a point, which must be one of the loops for which the arrays were checked.
macro_rules! product {
    ([$a:ident $x:ident]) => {
        $x.read()
    };
    ([$a:ident $x:ident, $b:ident $y:ident]) => {
        T::mul($x.read(), $y.read())
    };
    ([$a:ident $x:ident, $b:ident $y:ident, $c:ident $z:ident]) => {
        T::mul(T::mul($x.read(), $y.read()), $z.read())
    };
}

/// The kept loops, given by their extents and steps, and inside of them the summed loops.
macro_rules! nest {
    ($names:tt $arrays:tt [$first:tt $($kept:tt)*] $summed:tt) => {
        each!($first $names $arrays nest!($names $arrays [$($kept)*] $summed))
    };
    ([$put:ident $sum:ident $out:ident $o:ident] $arrays:tt [] []) => {{
        // SAFETY: the invariants of the arrays: the loops around this are those for which they were checked.
        let product = unsafe { product!($arrays) };
        $put($o, product);
    }};
    ([$put:ident $sum:ident $out:ident $o:ident] $arrays:tt [] $summed:tt) => {{
        let mut $sum = T::ZERO;
        sum!([$put $sum $out $o] $arrays $summed);
        $put($o, $sum);
    }};
}

/// The summed loops.
macro_rules! sum {
    ($names:tt $arrays:tt [$first:tt $($summed:tt)*]) => {
        each!($first $names $arrays sum!($names $arrays [$($summed)*]))
    };
    ([$put:ident $sum:ident $out:ident $o:ident] $arrays:tt []) => {{
        // SAFETY: as above.
        let product = unsafe { product!($arrays) };
        $sum = T::add($sum, product);
    }};
}

macro_rules! nests {
    ($($run:ident $new:ident $into:ident $total:ident $arrays:tt [$($along:ident $x:ident),*];)*) => { $(
        /// Passes the sums of the products at all points of the `KEPT` loops to `put`, with the elements of the output.
        ///
        /// Nests of other numbers of loops do not come before the optimiser.
        #[inline(always)]
        fn $run<T: Element, S: AreStatic, const KEPT: usize, const SUMMED: usize>(
            out: AlongMut<'_, T>,
            $($along: Along<'_, T>,)*
            mut put: impl FnMut(*mut T, T),
        ) {
            // Other loops than those that the arrays were checked for, or more.
            let (_, n1, n2) = out.extents;
            let is_nest = (KEPT + SUMMED > 1 || n1 == 1) & (KEPT + SUMMED > 2 || n2 == 1);
            if !((out.kept == KEPT) & is_nest $(& ($along.extents == out.extents))*) {
                outside();
            }
            let (o, $($x),*) = (out.ptr, $($along.ptr),*);
            if const { KEPT == 0 && SUMMED == 1 } {
                nest!([put sum out o] $arrays [] [(0 s0)]);
            }
            if const { KEPT == 0 && SUMMED == 2 } {
                nest!([put sum out o] $arrays [] [(0 s0) (1 s1)]);
            }
            if const { KEPT == 0 && SUMMED == 3 } {
                nest!([put sum out o] $arrays [] [(0 s0) (1 s1) (2 s2)]);
            }
            if const { KEPT == 1 && SUMMED == 0 } {
                nest!([put sum out o] $arrays [(0 s0)] []);
            }
            if const { KEPT == 1 && SUMMED == 1 } {
                nest!([put sum out o] $arrays [(0 s0)] [(1 s1)]);
            }
            if const { KEPT == 1 && SUMMED == 2 } {
                nest!([put sum out o] $arrays [(0 s0)] [(1 s1) (2 s2)]);
            }
            if const { KEPT == 2 && SUMMED == 0 } {
                nest!([put sum out o] $arrays [(0 s0) (1 s1)] []);
            }
            if const { KEPT == 2 && SUMMED == 1 } {
                nest!([put sum out o] $arrays [(0 s0) (1 s1)] [(2 s2)]);
            }
            if const { KEPT == 3 && SUMMED == 0 } {
                nest!([put sum out o] $arrays [(0 s0) (1 s1) (2 s2)] []);
            }
        }

        /// Pushes the sums of products along the loops, of which the first `KEPT` are those of the new array, in C order.
        #[inline(always)]
        pub fn $new<T: Element, S: AreStatic, const KEPT: usize, const SUMMED: usize>(
            _static_extents: S,
            row: &mut Row<T>,
            $($along: Along<'_, T>),*
        ) {
            let extents = extents!($($along),*);
            let len = match len::<KEPT>(extents) {
                Some(len) if row.len == 0 && len <= row.capacity => len,
                _ => outside(),
            };
            // None overflows, as the number of elements does not.
            let s2 = usize::from(KEPT > 2);
            let s1 = if KEPT > 2 { extents.2 } else { usize::from(KEPT > 1) };
            let s0 = if KEPT > 1 { s1.wrapping_mul(extents.1) } else { usize::from(KEPT > 0) };
            let (s0, s1, s2) = (s0.cast_signed(), s1.cast_signed(), s2.cast_signed());
            let ptr = row.ptr;
            let out = AlongMut { ptr, kept: KEPT, extents, s0, s1, s2, borrow: PhantomData };
            $run::<T, S, KEPT, SUMMED>(out, $($along,)* |place, sum| {
                // SAFETY: the row has room for so many elements, which C order keeps apart.
                unsafe { place.write(sum) };
            });
            // All elements have been written; none counts if this unwinds.
            row.len = len;
        }

        /// Lets the sums of products along the loops enter the output, as [`scale`] says.
        #[inline(always)]
        pub fn $into<T: Element, S: AreStatic, const KEPT: usize, const SUMMED: usize>(
            _static_extents: S,
            out: AlongMut<'_, T>,
            $($along: Along<'_, T>,)*
            alpha: Option<T>,
            beta: Option<T>,
        ) {
            $run::<T, S, KEPT, SUMMED>(out, $($along,)* |place, sum| {
                // SAFETY: the invariant of `AlongMut`.
                scale(unsafe { &mut *place }, sum, alpha, beta);
            });
        }

        /// Returns the sum of products along the loops.
        #[inline(always)]
        #[must_use]
        pub fn $total<T: Element, S: AreStatic, const SUMMED: usize>(
            _static_extents: S,
            $($along: Along<'_, T>),*
        ) -> T {
            let mut total = T::ZERO;
            let out = AlongMut {
                ptr: core::ptr::null_mut(),
                kept: 0,
                extents: extents!($($along),*),
                s0: 0,
                s1: 0,
                s2: 0,
                borrow: PhantomData,
            };
            $run::<T, S, 0, SUMMED>(out, $($along,)* |_, sum| total = sum);
            total
        }
    )* };
}
nests! {
    run1 sums1 sums_into1 sum1 [a x] [a x];
    run2 sums2 sums_into2 sum2 [a x, b y] [a x, b y];
    run3 sums3 sums_into3 sum3 [a x, b y, c z] [a x, b y, c z];
}

/// Lets a sum enter an element, which becomes `beta * old + alpha * sum`, where an `alpha` that is not given is one and a
/// `beta` zero; with a `beta` of zero the old value does not matter.
#[inline(always)]
fn scale<T: Element>(place: &mut T, sum: T, alpha: Option<T>, beta: Option<T>) {
    // As in the kernels: for complex numbers a product with one is not exact where parts are infinite.
    let scaled = |by: T, x: T| if by == T::ONE { x } else { T::mul(by, x) };
    let sum = match alpha {
        Some(alpha) => scaled(alpha, sum),
        None => sum,
    };
    *place = match beta {
        Some(beta) if beta != T::ZERO => T::add(scaled(beta, *place), sum),
        _ => sum,
    };
}

/// The elements of a new array, in C order.
///
/// Invariant: `ptr`, `len`, and `capacity` are those of a vector. They are apart so that they stay in registers.
pub struct Row<T> {
    ptr: *mut T,
    len: usize,
    capacity: usize,
}

impl<T: Element, const R: usize, X, E> View<'_, T, R, X, E> {
    /// Returns room for so many elements.
    #[inline(always)]
    #[must_use]
    pub fn row(&self, len: usize) -> Row<T> {
        let (ptr, capacity) = allocate(len);
        Row { ptr, len: 0, capacity }
    }

    /// Returns the array of the elements of a row.
    ///
    /// # Panics
    ///
    /// If not as many elements were pushed as the extents say, or `D` has another rank.
    #[inline(always)]
    #[must_use]
    pub fn array<const RO: usize, D: Dimension>(
        &self,
        row: Row<T>,
        extents: [usize; RO],
    ) -> Array<T, D> {
        let Row { ptr, len, capacity } = *ManuallyDrop::new(row);
        // SAFETY: the invariant of `Row`.
        unsafe { array(ptr, len, capacity, extents) }
    }
}

#[inline(never)]
fn allocate<T>(len: usize) -> (*mut T, usize) {
    let mut elements = ManuallyDrop::new(Vec::with_capacity(len));
    (elements.as_mut_ptr(), elements.capacity())
}

/// # Safety
///
/// `ptr`, `len`, and `capacity` are those of a vector.
#[inline(never)]
unsafe fn array<T, const R: usize, D: Dimension>(
    ptr: *mut T,
    len: usize,
    capacity: usize,
    extents: [usize; R],
) -> Array<T, D> {
    // SAFETY: the caller's duty.
    let elements = unsafe { Vec::from_raw_parts(ptr, len, capacity) };
    let mut shape = D::zeros(R);
    let fits = shape.ndim() == R && len > 0 && holds(&extents, len);
    assert!(fits, "einloom: internal error: another rank or number of elements");
    shape.slice_mut().copy_from_slice(&extents);
    // SAFETY: the elements are as many as the extents say, and with elements no extent is zero.
    unsafe { Array::from_shape_vec_unchecked(shape, elements) }
}

impl<T> Drop for Row<T> {
    fn drop(&mut self) {
        // SAFETY: the invariant of `Row`.
        drop(unsafe { Vec::from_raw_parts(self.ptr, self.len, self.capacity) });
    }
}
