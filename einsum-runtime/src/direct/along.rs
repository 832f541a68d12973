//! Arrays along the loops of a call.

use core::marker::PhantomData;

use super::outside;
use crate::ellipsis::NoEllipsis;
use crate::output_view::OutputView;
use crate::view::View;

/// The extents of a call's loops; 1 for those that are not there.
pub(super) type Extents = (usize, usize, usize, usize);

/// An operand along the loops of a call. Fields of their own, not arrays, since these are soon in registers.
///
/// Invariant: for `'v`, every element at `ptr + Σ position · step` with all positions below the extents may be read.
pub struct Along<'v, T> {
    pub(super) ptr: *const T,
    pub(super) extents: Extents,
    pub(super) s0: isize,
    pub(super) s1: isize,
    pub(super) s2: isize,
    pub(super) s3: isize,
    /// Along which loops it has an axis, as far as that is known while compiling.
    pub(super) axes: Axes,
    borrow: PhantomData<&'v [T]>,
}

/// An output along the kept loops of a call, which come first.
///
/// Invariant: as that of [`Along`], for the first `kept` loops, beside which nothing moves it; the elements may be written by
/// nobody else, and no two positions have the same.
pub struct AlongMut<'v, T> {
    pub(super) ptr: *mut T,
    pub(super) kept: usize,
    pub(super) extents: Extents,
    pub(super) s0: isize,
    pub(super) s1: isize,
    pub(super) s2: isize,
    pub(super) s3: isize,
    pub(super) borrow: PhantomData<&'v mut [T]>,
}

/// Whether an array has an axis along each of a call's loops.
pub(super) type Axes = (bool, bool, bool, bool);

/// The number of the loop of an axis that has none, but the extent 1.
const NONE: usize = 4;

/// Returns the extent of a loop.
#[inline(always)]
fn of_loop(extents: Extents, number: usize) -> usize {
    match number {
        0 => extents.0,
        1 => extents.1,
        2 => extents.2,
        3 => extents.3,
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
        impl<T, X> View<'_, T, $rank, X, NoEllipsis> {
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
                    s3: 0_isize $(.wrapping_add(step(3, $at, layout.stride($axis))))*,
                    axes: (
                        false $(| ($at == 0))*,
                        false $(| ($at == 1))*,
                        false $(| ($at == 2))*,
                        false $(| ($at == 3))*,
                    ),
                    borrow: PhantomData,
                }
            }
        }

        impl<T, X> OutputView<'_, T, $rank, X, NoEllipsis> {
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
                    s3: 0_isize $(.wrapping_add(step(3, $at, layout.stride($axis))))*,
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
