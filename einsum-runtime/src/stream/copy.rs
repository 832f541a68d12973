//! Copies: permutations, diagonals, broadcasts, and their scaled sums with the output.
//!
//! The output's smallest step makes the rows. If their elements are adjacent in both arrays, rows are copied whole. If
//! another dim has the source's adjacent elements, tiles of these two dims are transposed. Else elements go one at a
//! time, in tiles of the dims with the smallest steps.

use core::mem::MaybeUninit;

use super::bypass;
use super::divide::Nest;
use super::lane::{Lane, Width};
use super::odometer::Odometer;
use super::prefetch::{Lines, fetch_to_read, fetch_to_write};
use super::rows::{Bypass, RowKernel, Rows};
use super::sweep::{Arrays, TILE, once, sweep_rows, sweep_tiles};
use crate::kernel::{Dim, Dims, Mode};

/// The length of a tile along the output's rows if it is transposed at once: several whole lines in every row.
const LONG_TILE: usize = 256;

/// The longest side of a tile in a buffer, as [`part`] cuts them; not a power of two.
pub(super) const PITCH: usize = TILE + 8;

/// `out[o] = x[s]`
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); no dim is summed; the machine
/// has AVX2. Elements may be aligned to less than `W`.
pub(super) unsafe fn copy<W: Width>(dims: &mut Dims<1>, x: *const W, out: *mut W) {
    let factors: [W; 2] = {
        // SAFETY: some element of the source; kernels that copy do not look at factors.
        let any = unsafe { x.read_unaligned() };
        [any, any]
    };
    let arrays = Arrays { out, sources: [x] };
    let bytes = size_of::<W>() * dims.iter().map(|d| d.extent).product::<usize>();
    let u = take_smallest(dims, |d| d.out.unsigned_abs());
    let whole = match (u.out, u.sources[0]) {
        (1, 1) => Some(W::COPY),
        (1, 0) => W::FILL,
        _ => None,
    };
    // SAFETY: the caller's duties, and those of each kernel from the steps above it.
    unsafe {
        if let Some(kernel) = whole {
            let v = take_smallest(dims, |d| d.out.unsigned_abs());
            let bypass = bypass(out, bytes, u.extent * size_of::<W>());
            return sweep_rows(kernel, dims, (&u, &v), arrays, factors, bypass);
        }
        let v = take_smallest(dims, |d| d.sources[0].unsigned_abs().wrapping_sub(1));
        match W::TRANSPOSE {
            Some(kernel)
                if u.out == 1 && v.sources[0] == 1 && u.extent.min(v.extent) >= kernel.1 =>
            {
                let nest = Nest { outer: dims, u: &u, v: &v };
                nest.in_parts([LONG_TILE, TILE], arrays, Bypass::No, |nest, arrays| {
                    transpose(kernel, nest, arrays, factors);
                });
            }
            _ => sweep_tiles(W::STRIDED_COPY, dims, (&u, &v), arrays, factors),
        }
    }
}

/// `out[o] = beta · out[o] + alpha · x[s]`, where the output is not read if `beta` is zero.
///
/// # Safety
///
/// As [`copy`]; the output holds values unless `beta` is zero.
pub(super) unsafe fn scale<T: Lane + PartialEq>(
    dims: &mut Dims<1>,
    x: *const T,
    out: *mut T,
    mode: Mode<T>,
) {
    let arrays = Arrays { out, sources: [x] };
    let u = take_smallest(dims, |d| d.out.unsigned_abs());
    // SAFETY: the caller's duties; the kernel for rows gets adjacent elements.
    unsafe {
        if u.out == 1 && u.sources[0] == 1 {
            let (kernel, factors) = T::kernel_to_put(1, mode);
            let v = take_smallest(dims, |d| d.out.unsigned_abs());
            sweep_rows(kernel, dims, (&u, &v), arrays, factors, Bypass::No);
        } else {
            let (kernel, factors) = T::kernel_to_put(0, mode);
            let v = take_smallest(dims, |d| d.sources[0].unsigned_abs().wrapping_sub(1));
            sweep_tiles(kernel, dims, (&u, &v), arrays, factors);
        }
    }
}

/// Takes out the dim with the least key; the others are then in the order of the output, larger steps first.
pub(super) fn take_smallest<const P: usize, K: Ord>(
    dims: &mut Dims<P>,
    key: impl Fn(&Dim<P>) -> K,
) -> Dim<P> {
    dims.sort_by_key(|d| core::cmp::Reverse(d.out.unsigned_abs()));
    // Of equals the last, which runs fastest in the output.
    let smallest = (0..dims.len()).rev().min_by_key(|&i| key(&dims[i]));
    smallest.map_or(once(), |i| dims.remove(i))
}

/// Transposes tiles of `u`, adjacent in the output, by `v`, adjacent in the source.
///
/// Where the rows of a tile compete for few places of the cache, tiles go through a buffer, from which rows leave
/// whole: else lines would be pushed out before they are complete. While a tile is worked on, the lines of the next are
/// then on their way.
///
/// # Safety
///
/// As [`copy`]; `u.out` and `v.sources[0]` are 1, and both extents `side` or more.
unsafe fn transpose<W: Width>(
    (kernel, side): (RowKernel<W>, usize),
    Nest { outer, u, v }: Nest<'_, 1>,
    arrays: Arrays<W, 1>,
    factors: [W; 2],
) {
    let staged = competes(v.out.unsigned_abs() * size_of::<W>());
    let length = if staged { TILE } else { LONG_TILE };
    let mut buffer = [const { MaybeUninit::<[W; PITCH]>::uninit() }; PITCH];
    let pitch = Dim { out: PITCH.cast_signed(), ..*v };
    let from_buffer = Dim { sources: [PITCH.cast_signed()], ..*v };
    let adjacent = Dim { sources: [1], ..*u };
    let mut point = Odometer::new(outer);
    loop {
        let here = arrays.at(point.at.out, point.at.sources);
        let more = point.advance();
        let next_point = arrays.at(point.at.out, point.at.sources);
        let mut j = 0;
        while j < v.extent {
            let rows = part(v.extent - j, TILE, side);
            let mut i = 0;
            while i < u.extent {
                let columns = part(u.extent - i, length, side);
                let tile = here.within(u, i, v, j);
                if staged {
                    let next = if i + columns < u.extent {
                        here.within(u, i + columns, v, j)
                    } else if j + rows < v.extent {
                        here.within(u, 0, v, j + rows)
                    } else if more {
                        next_point
                    } else {
                        tile
                    };
                    prefetch(&next, (u, columns), (v, rows));
                    let staging = Arrays { out: buffer.as_mut_ptr().cast(), ..tile };
                    let leaving = Arrays { sources: [buffer.as_ptr().cast()], ..tile };
                    // SAFETY: the caller's duties; a tile fits the buffer.
                    unsafe {
                        kernel(&Rows::along(&staging, (u, columns), (&pitch, rows), factors));
                        (W::COPY)(&Rows::along(
                            &leaving,
                            (&adjacent, columns),
                            (&from_buffer, rows),
                            factors,
                        ));
                    }
                } else {
                    // SAFETY: the caller's duties.
                    unsafe { kernel(&Rows::along(&tile, (u, columns), (v, rows), factors)) }
                }
                i += columns;
            }
            j += rows;
        }
        if !more {
            return;
        }
    }
}

/// Whether rows of `step` bytes to the next share the places of their lines in a cache: it has one for addresses that
/// are equal modulo 4096 bytes, or a multiple, so a step near a large power of two leaves few places.
fn competes(step: usize) -> bool {
    (step + 16) % 512 < 32
}

/// Returns how much of `left` goes into the next tile: all, if else less than `side` remained.
#[inline]
pub(super) fn part(left: usize, tile: usize, side: usize) -> usize {
    if left < tile + side { left } else { tile }
}

/// Fetches the lines of a tile, some of which may lie outside of the arrays.
fn prefetch<W>(tile: &Arrays<W, 1>, (u, columns): (&Dim<1>, usize), (v, rows): (&Dim<1>, usize)) {
    let size = size_of::<W>();
    let read = Lines {
        at: tile.sources[0].cast(),
        len: rows * size,
        rows: columns,
        row: u.sources[0] * size.cast_signed(),
    };
    let write = Lines {
        at: tile.out.cast::<u8>().cast_const(),
        len: columns * size,
        rows,
        row: v.out * size.cast_signed(),
    };
    // SAFETY: prefetches need nothing; machines with AVX2 know both.
    unsafe {
        fetch_to_read(&read);
        fetch_to_write(&write);
    }
}
