//! What is made of a transposed source, tile by tile: products with it, of arrays that no near cache holds, and its scaled sums
//! with the output. Results may bypass the caches, as those of a [permutation](super::permute) do.
//!
//! Tiles go into a buffer, from where their rows leave multiplied, or scaled. These are long, since a line that two tiles share
//! bypasses nothing.

use core::mem::MaybeUninit;

use super::copy::part;
use super::divide::Nest;
use super::lane::{Lane, Width};
use super::odometer::Odometer;
use super::rows::{Bypass, RowKernel, Rows};
use super::sweep::{Arrays, TILE};
use super::transpose::LINE;
use crate::kernel::level::Level;
use crate::kernel::{Dim, Dims, Mode};

/// The elements of a tile along the output's rows.
const COLUMNS: usize = 256;

/// The bytes of a tile along the factor's.
const RUN: usize = 256;

/// Where a tile of whole lines is put together. The last one of a row, or of a column, may be longer by almost a block; and rows
/// are a line longer than they need be, so that they do not compete for places of a cache.
#[repr(C, align(64))]
struct Buffer([u8; BUFFER]);

const BUFFER: usize = {
    let (short, long) = (buffer(size_of::<f32>()), buffer(size_of::<f64>()));
    if short > long { short } else { long }
};

const fn buffer(size: usize) -> usize {
    (RUN / size + LINE / size) * (COLUMNS * size + 2 * LINE)
}

/// Returns how the first factor of a product is transposed if it is one for [`multiply`]: its rows lie along `u`, the first
/// factor's along `v`.
pub(super) fn of_product<T: Lane>(u: &Dim<2>, v: &Dim<2>) -> Option<Transpose<T>> {
    let is_line = |transpose: &Transpose<T>| transpose.side == LINE / size_of::<T>();
    transpose(u, v).filter(is_line).filter(|_| matches!(u.sources[1], 0 | 1))
}

/// `out[o] = x[s] · y[t]`
///
/// # Safety
///
/// As [`multiply`](super::multiply::multiply); `transpose` is what [`of_product`] has returned for the loops.
pub(super) unsafe fn multiply<T: Lane>(
    outer: &Dims<2>,
    (u, v): (&Dim<2>, &Dim<2>),
    arrays: Arrays<T, 2>,
    (transpose, bypass): (&Transpose<T>, Bypass),
) {
    let kernel = if u.sources[1] == 1 { T::MULTIPLY } else { T::MULTIPLY_BY };
    let leave = Leave { kernel, factors: [T::ONE; 2], bypass };
    // SAFETY: the caller's duties.
    unsafe { in_tiles(Nest { outer, u, v }, arrays, transpose, &leave) }
}

/// `out[o] = beta · out[o] + alpha · x[s]`. Returns false, with nothing done, if the source is not to be transposed in blocks.
///
/// # Safety
///
/// As [`scale`](super::copy::scale).
pub(super) unsafe fn scale<T: Lane + PartialEq>(
    outer: &Dims<1>,
    (u, v): (&Dim<1>, &Dim<1>),
    arrays: Arrays<T, 1>,
    mode: Mode<T>,
) -> bool {
    let Some(transpose) = transpose(u, v) else { return false };
    let (kernel, factors) = T::kernel_to_put(1, mode);
    let leave = Leave { kernel, factors, bypass: Bypass::No };
    // SAFETY: the caller's duties.
    unsafe { in_tiles(Nest { outer, u, v }, arrays, &transpose, &leave) };
    true
}

/// The kernel that transposes, and the side of its blocks.
pub(super) struct Transpose<T> {
    kernel: RowKernel<T>,
    side: usize,
}

/// Returns how to transpose loops of which `u` has the adjacent elements of the output, and `v` those of the first source.
fn transpose<T: Lane, const P: usize>(u: &Dim<P>, v: &Dim<P>) -> Option<Transpose<T>> {
    let line = LINE / size_of::<T>();
    let short = u.extent.min(v.extent);
    // A last block does elements again.
    let fits = |side: usize| short >= side && 3 * short.next_multiple_of(side) <= 4 * short;
    let (kernel, side) = match <T as Width>::TRANSPOSE? {
        _ if Level::current() == Level::Avx512 && fits(line) => (T::TRANSPOSE_LINES, line),
        smaller => smaller,
    };
    ((u.out, v.sources[0]) == (1, 1) && fits(side)).then_some(Transpose { kernel, side })
}

/// What rows become on the way from the buffer to the output.
struct Leave<T> {
    kernel: RowKernel<T>,
    factors: [T; 2],
    bypass: Bypass,
}

/// Transposes the first source tile by tile, and lets the rows leave.
///
/// # Safety
///
/// As [`RowKernel`], for both kernels, at every point.
unsafe fn in_tiles<T: Lane, const P: usize>(
    nest: Nest<'_, P>,
    arrays: Arrays<T, P>,
    transpose: &Transpose<T>,
    leave: &Leave<T>,
) {
    let run = |Nest { outer, u, v }: Nest<'_, P>, arrays: Arrays<T, P>| {
        let mut buffer = MaybeUninit::<Buffer>::uninit();
        let buffer = buffer.as_mut_ptr().cast::<T>();
        let mut point = Odometer::new(outer);
        loop {
            let here = arrays.at(point.at.out, point.at.sources);
            let mut j = 0;
            while j < v.extent {
                let rows = part(v.extent - j, RUN / size_of::<T>(), transpose.side);
                let mut i = 0;
                while i < u.extent {
                    let columns = part(u.extent - i, COLUMNS, transpose.side);
                    let at = here.within(u, i, v, j);
                    // SAFETY: the caller's duties; the tile fits the buffer.
                    unsafe { tile((u, columns), (v, rows), (&at, buffer), transpose, leave) };
                    i += columns;
                }
                j += rows;
            }
            if !point.advance() {
                return;
            }
        }
    };
    // SAFETY: the caller's duties, for parts of the nest.
    unsafe { nest.in_parts([COLUMNS, TILE], arrays, leave.bypass, &run) }
}

/// # Safety
///
/// As [`in_tiles`]; the tile fits the buffer, and has the sides of a block or more.
unsafe fn tile<T: Lane, const P: usize>(
    (u, columns): (&Dim<P>, usize),
    (v, rows): (&Dim<P>, usize),
    (at, buffer): (&Arrays<T, P>, *mut T),
    transpose: &Transpose<T>,
    leave: &Leave<T>,
) {
    let line = LINE / size_of::<T>();
    let pitch = (columns.next_multiple_of(line) + line).cast_signed();
    let with = |d: &Dim<P>, out, x| {
        let mut dim = Dim { out, ..*d };
        dim.sources[0] = x;
        dim
    };
    let (along, across) = (with(u, 1, u.sources[0]), with(v, pitch, 1));
    let to = Arrays { out: buffer, sources: at.sources };
    let entering = Rows::along(&to, (&along, columns), (&across, rows), leave.factors);
    let (along, across) = (with(u, 1, 1), with(v, v.out, pitch));
    let mut from = *at;
    from.sources[0] = buffer;
    let mut leaving = Rows::along(&from, (&along, columns), (&across, rows), leave.factors);
    leaving.bypass = leave.bypass;
    // SAFETY: the caller's duties.
    unsafe {
        (transpose.kernel)(&entering);
        (leave.kernel)(&leaving);
    }
}
