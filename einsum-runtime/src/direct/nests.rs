//! Nests of up to four loops over up to four operands.

use core::marker::PhantomData;

use super::along::{Along, AlongMut, Extents};
use super::arithmetic::Arithmetic;
use super::lanes::{COUNT, has_lanes, is_in_lanes, lane};
use super::lanes::{add_lanes, each_of_lanes, sum_lanes};
use super::outside;
use super::row::Row;
use crate::layout::opaque;
use crate::static_extent::AreStatic;

/// Returns the number of iterations that are left, of which the optimiser is to know nothing: loops of a few points are only
/// made longer, and a user's crate with them, by being unrolled for many. If the extents are part of types it does know.
#[inline(always)]
fn known<S: AreStatic>(left: usize) -> usize {
    if const { S::ARE_STATIC } { left } else { opaque(left) }
}

/// A loop: `body` at every position, with the pointers `$x` into operands and `$o` into the output.
macro_rules! each {
    (
        ($extent:tt $step:ident) [$put:ident $sum:ident $sums:ident $out:ident $o:ident]
        [$($along:ident $x:ident),*] $body:expr
    ) => {{
        let (mut left, mut $o $(, mut $x)*) = ($out.extents.$extent, $o $(, $x)*);
        while left > 0 {
            $body;
            $o = $o.wrapping_offset($out.$step);
            $($x = $x.wrapping_offset($along.$step);)*
            left = known::<S>(left) - 1;
        }
    }};
}

/// As [`each`], for the innermost summed loop. `$by_two`: two positions at a time, or with one array or two it would mostly count.
/// Beside loops in lanes, which run most of it, always one at a time.
macro_rules! each_term {
    (
        $by_two:literal ($extent:tt $step:ident)
        [$put:ident $sum:ident $sums:ident $out:ident $o:ident]
        [$($along:ident $x:ident),*] $body:expr
    ) => {{
        let (mut left $(, mut $x)*) = ($out.extents.$extent $(, $x)*);
        add_lanes!(($extent $step) [$put $sum $sums $out $o] [$($along $x),*] left);
        if const { $by_two && !has_lanes::<T, S>(KEPT, LANES) } {
            while left > 1 {
                $body;
                $($x = $x.wrapping_offset($along.$step);)*
                $body;
                $($x = $x.wrapping_offset($along.$step);)*
                left = known::<S>(left) - 2;
            }
            if left > 0 {
                $body;
            }
        } else {
            while left > 0 {
                $body;
                $($x = $x.wrapping_offset($along.$step);)*
                left = known::<S>(left) - 1;
            }
        }
    }};
}

/// The extents that the first operand was checked for.
macro_rules! extents {
    ($first:ident $(, $other:ident)*) => {
        $first.extents
    };
}

/// Whether extents are the same. A comparison of tuples is a function, which the optimiser would have to look into.
#[inline(always)]
fn are_same(first: Extents, second: Extents) -> bool {
    (first.0 == second.0) & (first.1 == second.1) & (first.2 == second.2) & (first.3 == second.3)
}

/// Returns the number of elements along the first loops.
#[inline(always)]
fn len<const KEPT: usize>(extents: Extents) -> Option<usize> {
    match KEPT {
        0 => Some(1),
        1 => Some(extents.0),
        2 => extents.0.checked_mul(extents.1),
        3 => match extents.0.checked_mul(extents.1) {
            Some(len) => len.checked_mul(extents.2),
            None => None,
        },
        _ => match (extents.0.checked_mul(extents.1), extents.2.checked_mul(extents.3)) {
            (Some(first), Some(last)) => first.checked_mul(last),
            _ => None,
        },
    }
}

/// The product of the elements at a point, which must be one of the loops for which the arrays were checked.
macro_rules! product {
    ([$a:ident $x:ident]) => {
        $x.read()
    };
    ([$a:ident $x:ident, $b:ident $y:ident]) => {
        O::mul($x.read(), $y.read())
    };
    ([$a:ident $x:ident, $b:ident $y:ident, $c:ident $z:ident]) => {
        O::mul(O::mul($x.read(), $y.read()), $z.read())
    };
    ([$a:ident $x:ident, $b:ident $y:ident, $c:ident $z:ident, $d:ident $w:ident]) => {
        O::mul(O::mul(O::mul($x.read(), $y.read()), $z.read()), $w.read())
    };
}

/// The kept loops, given by their extents and steps, and inside of them the summed loops.
macro_rules! nest {
    ($names:tt $arrays:tt [$last:tt] [$($summed:tt)+]) => {
        each_of_lanes!($last $names $arrays [$($summed)+])
    };
    ($names:tt $arrays:tt [$first:tt $($kept:tt)*] $summed:tt) => {
        each!($first $names $arrays nest!($names $arrays [$($kept)*] $summed))
    };
    ([$put:ident $sum:ident $sums:ident $out:ident $o:ident] $arrays:tt [] []) => {{
        // SAFETY: the invariants of the arrays: the loops around this are those for which they were checked.
        let product = unsafe { product!($arrays) };
        $put($o, product);
    }};
    ([$put:ident $sum:ident $sums:ident $out:ident $o:ident] $arrays:tt [] $summed:tt) => {{
        let mut $sum = O::zero();
        let mut $sums = (O::zero(), O::zero(), O::zero(), O::zero());
        sum!([$put $sum $sums $out $o] $arrays $summed);
        if const { KEPT == 0 && has_lanes::<T, S>(KEPT, LANES) } {
            $sum = O::add($sum, O::add(O::add($sums.0, $sums.1), O::add($sums.2, $sums.3)));
        }
        $put($o, $sum);
    }};
}

/// The summed loops.
macro_rules! sum {
    ($names:tt [$a:tt $x:tt $(, $b:tt $y:tt)?] [$last:tt]) => {
        each_term!(true $last $names [$a $x $(, $b $y)?] sum!($names [$a $x $(, $b $y)?] []))
    };
    ($names:tt $arrays:tt [$last:tt]) => {
        each_term!(false $last $names $arrays sum!($names $arrays []))
    };
    ($names:tt $arrays:tt [$first:tt $($summed:tt)*]) => {
        each!($first $names $arrays sum!($names $arrays [$($summed)*]))
    };
    ([$put:ident $sum:ident $sums:ident $out:ident $o:ident] $arrays:tt []) => {{
        // SAFETY: as above.
        let product = unsafe { product!($arrays) };
        $sum = O::add($sum, product);
    }};
}

macro_rules! nests {
    ($($run:ident $new:ident $into:ident $total:ident $arrays:tt [$($along:ident $x:ident),*];)*) => { $(
        /// Passes the sums of the products at all points of the `KEPT` loops to `put`, with the elements of the output.
        ///
        /// Nests of other numbers of loops do not come before the optimiser.
        #[inline(always)]
        fn $run<
            T,
            O: Arithmetic<T>,
            S: AreStatic,
            const KEPT: usize,
            const SUMMED: usize,
            const LANES: bool,
        >(
            out: AlongMut<'_, T>,
            $($along: Along<'_, T>,)*
            mut put: impl FnMut(*mut T, T),
        ) {
            // One of the nests below runs: what is not written must not count as written.
            const { assert!(0 < KEPT + SUMMED && KEPT + SUMMED <= 4) };
            // Other loops than those that the arrays were checked for, or more.
            let (_, n1, n2, n3) = out.extents;
            let is_nest = (KEPT + SUMMED > 1 || n1 == 1)
                & (KEPT + SUMMED > 2 || n2 == 1)
                & (KEPT + SUMMED > 3 || n3 == 1);
            if !((out.kept == KEPT) & is_nest $(& are_same($along.extents, out.extents))*) {
                outside();
            }
            let (o, $($x),*) = (out.ptr, $($along.ptr),*);
            if const { KEPT == 0 && SUMMED == 1 } {
                nest!([put sum sums out o] $arrays [] [(0 s0)]);
            }
            if const { KEPT == 0 && SUMMED == 2 } {
                nest!([put sum sums out o] $arrays [] [(0 s0) (1 s1)]);
            }
            if const { KEPT == 0 && SUMMED == 3 } {
                nest!([put sum sums out o] $arrays [] [(0 s0) (1 s1) (2 s2)]);
            }
            if const { KEPT == 1 && SUMMED == 0 } {
                nest!([put sum sums out o] $arrays [(0 s0)] []);
            }
            if const { KEPT == 1 && SUMMED == 1 } {
                nest!([put sum sums out o] $arrays [(0 s0)] [(1 s1)]);
            }
            if const { KEPT == 1 && SUMMED == 2 } {
                nest!([put sum sums out o] $arrays [(0 s0)] [(1 s1) (2 s2)]);
            }
            if const { KEPT == 2 && SUMMED == 0 } {
                nest!([put sum sums out o] $arrays [(0 s0) (1 s1)] []);
            }
            if const { KEPT == 2 && SUMMED == 1 } {
                nest!([put sum sums out o] $arrays [(0 s0) (1 s1)] [(2 s2)]);
            }
            if const { KEPT == 3 && SUMMED == 0 } {
                nest!([put sum sums out o] $arrays [(0 s0) (1 s1) (2 s2)] []);
            }
            if const { KEPT == 0 && SUMMED == 4 } {
                nest!([put sum sums out o] $arrays [] [(0 s0) (1 s1) (2 s2) (3 s3)]);
            }
            if const { KEPT == 1 && SUMMED == 3 } {
                nest!([put sum sums out o] $arrays [(0 s0)] [(1 s1) (2 s2) (3 s3)]);
            }
            if const { KEPT == 2 && SUMMED == 2 } {
                nest!([put sum sums out o] $arrays [(0 s0) (1 s1)] [(2 s2) (3 s3)]);
            }
            if const { KEPT == 3 && SUMMED == 1 } {
                nest!([put sum sums out o] $arrays [(0 s0) (1 s1) (2 s2)] [(3 s3)]);
            }
            if const { KEPT == 4 && SUMMED == 0 } {
                nest!([put sum sums out o] $arrays [(0 s0) (1 s1) (2 s2) (3 s3)] []);
            }
        }

        /// Pushes the sums of products along the loops, of which the first `KEPT` are those of the new array, in C order. `LANES`:
        /// also with loops over several adjacent elements at once, for where there are such.
        #[inline(always)]
        pub fn $new<
            T,
            O: Arithmetic<T>,
            S: AreStatic,
            const KEPT: usize,
            const SUMMED: usize,
            const LANES: bool,
        >(
            _types: (O, S),
            row: &mut Row<T>,
            $($along: Along<'_, T>),*
        ) {
            let extents = extents!($($along),*);
            let len = match len::<KEPT>(extents) {
                Some(len) if row.len == 0 && len <= row.capacity => len,
                _ => outside(),
            };
            // None overflows, as the number of elements does not.
            let s3 = usize::from(KEPT > 3);
            let s2 = if KEPT > 3 { extents.3 } else { usize::from(KEPT > 2) };
            let s1 = if KEPT > 2 { s2.wrapping_mul(extents.2) } else { usize::from(KEPT > 1) };
            let s0 = if KEPT > 1 { s1.wrapping_mul(extents.1) } else { usize::from(KEPT > 0) };
            let out = AlongMut {
                ptr: row.ptr,
                kept: KEPT,
                extents,
                s0: s0.cast_signed(),
                s1: s1.cast_signed(),
                s2: s2.cast_signed(),
                s3: s3.cast_signed(),
                borrow: PhantomData,
            };
            $run::<T, O, S, KEPT, SUMMED, LANES>(out, $($along,)* |place, sum| {
                // SAFETY: the row has room for so many elements, which C order keeps apart.
                unsafe { place.write(sum) };
            });
            // All elements have been written; none counts if this unwinds.
            row.len = len;
        }

        /// Lets the sums of products along the loops enter the output: an element becomes `beta * old + alpha * sum`, where an
        /// `alpha` that is not given is one and a `beta` zero; with a `beta` of zero the old value does not matter.
        #[inline(always)]
        pub fn $into<
            T,
            O: Arithmetic<T>,
            S: AreStatic,
            const KEPT: usize,
            const SUMMED: usize,
            const LANES: bool,
        >(
            _types: (O, S),
            out: AlongMut<'_, T>,
            $($along: Along<'_, T>,)*
            (alpha, beta): (Option<T>, Option<T>),
        ) {
            $run::<T, O, S, KEPT, SUMMED, LANES>(out, $($along,)* |place, sum| {
                // SAFETY: the invariant of `AlongMut`.
                O::enter(unsafe { &mut *place }, sum, alpha.as_ref(), beta.as_ref());
            });
        }

        /// Returns the sum of products along the loops.
        #[inline(always)]
        #[must_use]
        pub fn $total<
            T,
            O: Arithmetic<T>,
            S: AreStatic,
            const SUMMED: usize,
            const LANES: bool,
        >(
            _types: (O, S),
            $($along: Along<'_, T>),*
        ) -> T {
            let mut total = O::zero();
            let out = AlongMut {
                ptr: core::ptr::null_mut(),
                kept: 0,
                extents: extents!($($along),*),
                s0: 0,
                s1: 0,
                s2: 0,
                s3: 0,
                borrow: PhantomData,
            };
            $run::<T, O, S, 0, SUMMED, LANES>(out, $($along,)* |_, sum| total = sum);
            total
        }
    )* };
}
nests! {
    run1 sums1 sums_into1 sum1 [a x] [a x];
    run2 sums2 sums_into2 sum2 [a x, b y] [a x, b y];
    run3 sums3 sums_into3 sum3 [a x, b y, c z] [a x, b y, c z];
    run4 sums4 sums_into4 sum4 [a x, b y, c z, d w] [a x, b y, c z, d w];
}
