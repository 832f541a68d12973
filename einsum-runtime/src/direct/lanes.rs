//! Loops in place on several adjacent elements at once: results beside each other, or terms of one sum.
//!
//! The optimiser makes vectors of them, of whatever the user's build has. Emitted code says which calls are to have such loops,
//! since what is compiled twice takes the user longer; whether elements are adjacent is asked where they run.

use crate::static_extent::AreStatic;

/// How many elements are worked on at once.
pub(super) const COUNT: usize = 4;

/// The most bytes of elements of which several results are lanes, so that a vector holds more than one; and of which several terms of
/// a sum are, which do not wait for each other then.
const RESULT: usize = 8;
const TERM: usize = 16;

/// Whether there are loops in lanes: over results if there are `kept` loops, else over the terms of the only one. `wanted`: emitted
/// code asks for them. Where extents are known while compiling, the optimiser sees for itself, and unrolls the loops.
#[inline(always)]
pub(super) const fn has_lanes<T, S: AreStatic>(kept: usize, wanted: bool) -> bool {
    wanted && !S::ARE_STATIC && size_of::<T>() <= if kept == 0 { TERM } else { RESULT }
}

/// Whether the elements of an array along a loop are adjacent or, if it has no axis along it, the same.
#[inline(always)]
pub(super) fn is_in_lanes(has_axis: bool, step: isize) -> bool {
    !has_axis | (step == 1)
}

/// Returns how far from its first element an array has the one for a lane.
#[inline(always)]
pub(super) fn lane(has_axis: bool, number: isize) -> isize {
    if has_axis { number } else { 0 }
}

/// As [`each`], for the innermost kept loop around sums: where outputs and what they are made of are adjacent, several of them at once.
macro_rules! each_of_lanes {
    (
        ($extent:tt $step:ident) [$put:ident $sum:ident $sums:ident $out:ident $o:ident]
        [$($along:ident $x:ident),*] $summed:tt
    ) => {{
        let (mut left, mut $o $(, mut $x)*) = ($out.extents.$extent, $o $(, $x)*);
        let is_adjacent = ($out.$step == 1) $(& is_in_lanes($along.axes.$extent, $along.$step))*;
        if const { has_lanes::<T, S>(KEPT, LANES) } && is_adjacent {
            while left >= COUNT {
                let mut $sums = (O::zero(), O::zero(), O::zero(), O::zero());
                sum_lanes!({0 1 2 3} $extent $sums [$put $sum $sums $out $o] [$($along $x),*] $summed);
                $put($o, $sums.0);
                $put($o.wrapping_offset(1), $sums.1);
                $put($o.wrapping_offset(2), $sums.2);
                $put($o.wrapping_offset(3), $sums.3);
                $o = $o.wrapping_add(COUNT);
                $($x = $x.wrapping_offset(lane($along.axes.$extent, 4));)*
                left = known::<S>(left) - COUNT;
            }
            // Points in the plane and in space have two elements or three.
            if left >= 2 {
                let mut $sums = (O::zero(), O::zero());
                sum_lanes!({0 1} $extent $sums [$put $sum $sums $out $o] [$($along $x),*] $summed);
                $put($o, $sums.0);
                $put($o.wrapping_offset(1), $sums.1);
                $o = $o.wrapping_add(2);
                $($x = $x.wrapping_offset(lane($along.axes.$extent, 2));)*
                left = known::<S>(left) - 2;
            }
        }
        while left > 0 {
            nest!([$put $sum $sums $out $o] [$($along $x),*] [] $summed);
            $o = $o.wrapping_offset($out.$step);
            $($x = $x.wrapping_offset($along.$step);)*
            left = known::<S>(left) - 1;
        }
    }};
}

/// The summed loops of several sums at once, which are lanes along the loop `$loop`, given by their numbers.
macro_rules! sum_lanes {
    ($lanes:tt $loop:tt $sums:ident $names:tt $arrays:tt [$first:tt $($summed:tt)*]) => {
        each!($first $names $arrays sum_lanes!($lanes $loop $sums $names $arrays [$($summed)*]))
    };
    ({$($lane:tt)*} $loop:tt $sums:ident $names:tt $arrays:tt []) => {
        $(sum_lanes!(@ $lane $loop $sums $arrays);)*
    };
    (@ $lane:tt $loop:tt $sums:ident [$($along:ident $x:ident),*]) => {{
        $(let $x = $x.wrapping_offset(lane($along.axes.$loop, $lane));)*
        // SAFETY: as in `nest`: lanes are so many positions further along a loop that has so many left.
        let product = unsafe { product!([$($along $x),*]) };
        $sums.$lane = O::add($sums.$lane, product);
    }};
}

/// Adds the products along the innermost summed loop to four sums, where all arrays are adjacent along it, and leaves the rest of the
/// loop and the pointers there.
macro_rules! add_lanes {
    (
        ($extent:tt $step:ident) [$put:ident $sum:ident $sums:ident $out:ident $o:ident]
        [$($along:ident $x:ident),*] $left:ident
    ) => {
        let is_adjacent = true $(& is_in_lanes($along.axes.$extent, $along.$step))*;
        if const { KEPT == 0 && has_lanes::<T, S>(KEPT, LANES) } && is_adjacent {
            while $left >= COUNT {
                sum_lanes!({0 1 2 3} $extent $sums [$put $sum $sums $out $o] [$($along $x),*] []);
                $($x = $x.wrapping_offset(lane($along.axes.$extent, 4));)*
                $left = known::<S>($left) - COUNT;
            }
        }
    };
}

pub(super) use {add_lanes, each_of_lanes, sum_lanes};
