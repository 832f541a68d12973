//! Permutations of arrays whose adjacent elements are few, and products whose factors lie in another order than the output: in
//! blocks of registers over several loops, with AVX-512.
//!
//! ```text
//! abc->cba     few a: rows of the output are (b a), adjacent although they come from everywhere
//! abcd->dabc   few d: rows of the source are (c d)
//! ab,ab->ba    products are formed in the order of the factors, and turned at once
//! ```
//!
//! Loops of which one array has all elements adjacent are one here, a [`Chain`]. A [kernel](super::transpose) finds the rows of
//! the other array by a list of where each begins.

mod chain;
mod past;
mod product;
mod tiles;

use chain::Chain;
pub(super) use product::Product;

use super::divide::Elements;
use super::lane::Width;
use super::transpose::LINE;
use crate::kernel::level::Level;
use crate::kernel::{Dim, Dims};

/// A nest without sums whose output has adjacent elements along `u`, and whose first source along `v`.
pub(super) struct Chained<const P: usize> {
    u: Chain<P>,
    v: Chain<P>,
    outer: Dims<P>,
    /// The second source is the same for all v.
    is_constant: bool,
    /// The arrays do not fit the caches.
    is_large: bool,
    /// The same, and the loops come to the output [past](past) the caches.
    is_far: bool,
}

/// Whether blocks of registers along `u`, adjacent in the output, and along `v`, adjacent in the source, would do much of what is
/// there twice, or leave out much of a line. `are_lines`: longer blocks take no more time for crossing lines.
pub(super) fn takes_copy<W: Width>(u: &Dim<1>, v: &Dim<1>, are_lines: bool) -> bool {
    let Some((_, side)) = W::TRANSPOSE else { return false };
    let (short, long) = (u.extent.min(v.extent), u.extent.max(v.extent));
    let done = short.next_multiple_of(side).saturating_mul(long.next_multiple_of(side));
    let is_short = short * size_of::<W>() < LINE && (are_lines || !short.is_multiple_of(side));
    is_short || 2 * done >= 3 * short.saturating_mul(long)
}

/// How much blocks of registers may do in vain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::stream) enum Fit {
    /// A third along each side, which has a block or more: other kernels copy, too.
    Whole,
    /// The same, or half of all if a side is shorter than a block.
    Short,
    /// The same, or a third of all: complex numbers of 8 bytes.
    Third,
    /// The same, or half of all, as what else there is takes longer: complex numbers of 16 bytes, and integers.
    Half,
}

impl Fit {
    pub(in crate::stream) fn of(size: usize, are_complex: bool) -> Self {
        match (are_complex, size) {
            (false, _) => Fit::Short,
            (true, 8) => Fit::Third,
            (true, _) => Fit::Half,
        }
    }

    /// Whether elements of `size` bytes have kernels for arrays far away: all but complex numbers do.
    fn has_far(self, size: usize) -> bool {
        matches!((self, size), (Fit::Whole | Fit::Short | Fit::Half, 4 | 8))
    }

    fn takes(self, lens: [usize; 2], side: usize) -> bool {
        let is_whole = |len: usize| len >= side && 3 * len.next_multiple_of(side) <= 4 * len;
        let [short, long] = if lens[0] < lens[1] { lens } else { [lens[1], lens[0]] };
        let done = short.next_multiple_of(side).saturating_mul(long.next_multiple_of(side));
        let wanted = short.saturating_mul(long);
        lens.into_iter().all(is_whole)
            || done <= wanted.saturating_mul(2)
                && match self {
                    Fit::Whole => false,
                    Fit::Short => short < side,
                    Fit::Third => done.saturating_mul(2) <= wanted.saturating_mul(3),
                    Fit::Half => true,
                }
    }
}

impl<const P: usize> Chained<P> {
    /// Returns the chains that begin with `u` and `v`, or `None` if there is no kernel for them, or blocks would do too much in vain.
    pub(super) fn of(
        outer: &Dims<P>,
        (u, v): (&Dim<P>, &Dim<P>),
        (size, fit): (usize, Fit),
    ) -> Option<Self> {
        if Level::current() < Level::Avx512 || !matches!(size, 4 | 8 | 16) {
            return None;
        }
        let second = |d: &Dim<P>| if P > 1 { d.sources[P - 1] } else { 0 };
        let is_constant = second(v) == 0;
        if (u.out, v.sources[0]) != (1, 1) || !matches!(second(v), 0 | 1) {
            return None;
        }
        let mut elements = Elements::of(outer);
        elements.add(u);
        elements.add(v);
        let side = LINE / size;
        let y = |len| if is_constant { 0 } else { len };
        let is_large = elements.is_large(size);
        for is_far in [true, false] {
            if is_far && !(fit.has_far(size) && is_large) {
                continue;
            }
            // Lanes that are masked take part of a line each time.
            let fit = if is_large && fit == Fit::Short { Fit::Whole } else { fit };
            let enough = if is_far { chain::FAR } else { chain::NEAR } / size;
            // A loop can be one that follows both.
            for u_first in [true, false] {
                let (mut u, mut v) = (Chain::of(u), Chain::of(v));
                let mut outer = Dims::from_slice(outer);
                for of_u in [u_first, !u_first] {
                    if of_u {
                        u.extend(&mut outer, enough, |d, len| d.out == len);
                    } else {
                        v.extend(&mut outer, enough, |d, len| {
                            d.sources[0] == len && (P == 1 || second(d) == y(len))
                        });
                    }
                }
                let takes_far = || u.len.min(v.len) >= side && past::takes(&u, &v, size);
                if fit.takes([u.len, v.len], side) && (!is_far || takes_far()) {
                    return Some(Chained { u, v, outer, is_constant, is_large, is_far });
                }
            }
        }
        None
    }

    /// Whether blocks of `side` are larger than what there is.
    fn is_short(&self, side: usize) -> bool {
        self.u.len.min(self.v.len) < side
    }

    /// Whether other loops than the first make up for short ones.
    pub(super) fn is_chained(&self) -> bool {
        self.u.dims.len() > 1 || self.v.dims.len() > 1
    }

    /// Whether a kernel for arrays far away is to run.
    pub(super) fn is_far(&self) -> bool {
        self.is_far
    }
}
