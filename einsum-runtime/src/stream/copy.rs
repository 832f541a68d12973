//! Copies: permutations, diagonals, broadcasts, and their scaled sums with the output.
//!
//! The output's smallest step makes the rows. If their elements are adjacent in both arrays, or two apart in the source,
//! rows are copied whole. If another dim has the source's adjacent elements, tiles of these two dims are transposed, or if
//! one of them is short, interleaved or taken apart. Else elements go one at a time, in tiles of the dims with the smallest
//! steps.

use super::chained::{self, Chained};
use super::divide::Elements;
use super::interleave;
use super::lane::{Lane, Width};
use super::permute::{Blocks, Turn, permute};
use super::pick;
use super::rows::Bypass;
use super::sweep::{Arrays, TILE, once, sweep_rows, sweep_tiles};
use super::transpose::LINE;
use super::turned;
use super::weave;
use super::{LARGE, bypass};
use crate::kernel::level::Level;
use crate::kernel::{Dim, Dims, Mode};
use crate::sort::sort_by_key;

/// The longest side of a tile of a product in a buffer, as [`part`] cuts them; not a power of two.
pub(super) const PITCH: usize = TILE + 8;

/// Rows with fewer elements are copied one by one.
const LONG: usize = 16;

/// Rows of fewer elements are too short for the inner loop, wherever these lie.
const FEW: usize = 6;

/// Arrays of fewer bytes are in the nearest caches.
const NEAR: usize = if cfg!(test) { 16 << 10 } else { 2 << 20 };

/// Short rows of the source are taken apart whole if they are at most so many bytes apart.
const APART: usize = 256;

/// `out[o] = x[s]`
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); no dim is summed; the machine
/// has AVX2. Elements may be aligned to less than `W`.
pub(super) unsafe fn copy<W: Width>(dims: &mut Dims<1>, x: *const W, out: *mut W) {
    // SAFETY: zero bytes are numbers, whatever the elements are; kernels that copy do not look at factors.
    let factors: [W; 2] = unsafe { core::mem::zeroed() };
    let arrays = Arrays { out, sources: [x] };
    let elements = Elements::of(dims);
    let u = take_smallest(dims, |d| d.out.unsigned_abs());
    let bytes = elements.bytes(size_of::<W>());
    let whole = match (u.out, u.sources[0]) {
        (1, 1) => Some(W::COPY),
        (1, 0) => W::FILL,
        (1, 2) if !is_dense(dims, 2) => W::HALVE,
        (2, 1) => W::DOUBLE.filter(|_| Level::current() == Level::Avx512),
        (1, step) if pick::STEPS.contains(&step) && u.extent > LONG && !is_dense(dims, step) => {
            W::PICK.filter(|_| Level::current() == Level::Avx512)
        }
        _ => None,
    };
    // SAFETY: the caller's duties, and those of each kernel from the steps above it.
    unsafe {
        if let Some(kernel) = whole {
            let v = take_smallest(dims, |d| d.out.unsigned_abs());
            let bypass = bypass(out, &elements, u.extent * size_of::<W>());
            return sweep_rows(kernel, dims, (&u, &v), arrays, factors, bypass);
        }
        let v = take_smallest(dims, |d| d.sources[0].unsigned_abs().wrapping_sub(1));
        let is_turned = u.out == 1 && v.sources[0] == 1;
        if is_turned
            && let Some([near, far]) = W::LISTED
            && (elements.is_large(size_of::<W>())
                || chained::takes_copy::<W>(&u, &v, is_even::<W>(&v) || bytes > NEAR))
            && weave::<W>((&u, &v), bytes).is_none()
            && let Some(chained) =
                Chained::of(dims, (&u, &v), (size_of::<W>(), chained::Fit::Whole))
            && (chained.is_far() || chained.is_chained())
        {
            let kernel = if chained.is_far() { far } else { near };
            return chained.run((kernel, factors), arrays);
        }
        match is_turned.then(|| turn((&u, &v), bytes)).flatten() {
            Some(turn) => permute(turn, dims, (&u, &v), arrays, factors),
            // Whatever steps there are: the longer dim is the inner one, unless elements of the other lie closer together.
            _ if u.extent < v.extent.min(TILE) && (u.extent < FEW || !is_inside(&u, &v)) => {
                sweep_tiles(W::STRIDED_COPY, dims, (&v, &u), arrays, factors);
            }
            _ => sweep_tiles(W::STRIDED_COPY, dims, (&u, &v), arrays, factors),
        }
    }
}

/// Returns the kernel that transposes `u` by `v`: in blocks of registers, unless one of them is too short for these.
/// `bytes`: those of all arrays.
fn turn<W: Width>((u, v): (&Dim<1>, &Dim<1>), bytes: usize) -> Option<Turn<W>> {
    let (short, long) = (u.extent.min(v.extent), u.extent.max(v.extent));
    let line = LINE / size_of::<W>();
    let is_512 = Level::current() == Level::Avx512;
    if let Some(turn) = weave((u, v), bytes) {
        return Some(turn);
    }
    // Else vectors of whole lines are parts of two, which takes time beside the nearest caches alone.
    let are_lines = is_even::<W>(v) || bytes > NEAR;
    let takes_lines = is_512 && fills_lines((short, long), line) && are_lines;
    let Some((kernel, side)) = W::TRANSPOSE.filter(|_| !takes_lines) else {
        let fits = is_512 && short >= line;
        return fits.then_some(Turn {
            kernel: W::TRANSPOSE_LINES,
            side: line,
            blocks: Blocks::Lines,
        });
    };
    // A last block of registers would do much of the one before again, if that matters beside the way to memory.
    let is_odd = v.extent * size_of::<W>() <= LINE && !v.extent.is_multiple_of(side);
    let is_line = is_odd && bytes < LARGE && u.extent >= TILE && is_512;
    // Lines that share nothing with their neighbours come no faster whole.
    let is_apart = v.extent < u.extent && u.sources[0].unsigned_abs() * size_of::<W>() > APART;
    if short >= side && (is_apart || !is_line) {
        return Some(Turn { kernel, side, blocks: Blocks::Small });
    }
    let kernel = if is_apart { None } else { interleave::kernel(short, long) };
    kernel.map(|kernel| Turn { kernel, side: interleave::LONG, blocks: Blocks::Small })
}

/// Whether all rows of the output along `v` begin at the same place of a line.
fn is_even<W>(v: &Dim<1>) -> bool {
    (v.out.unsigned_abs() * size_of::<W>()).is_multiple_of(LINE)
}

/// Returns the kernel that transposes `u` by `v` where one of them has few steps, with nothing between these and those at the
/// next step of the other.
fn weave<W: Width>((u, v): (&Dim<1>, &Dim<1>), bytes: usize) -> Option<Turn<W>> {
    let kernels = W::WEAVE.filter(|_| Level::current() == Level::Avx512)?;
    let is_interleaved = v.out == u.extent.cast_signed();
    let is_taken_apart = u.sources[0] == v.extent.cast_signed();
    let (count, long) = match (u.extent < v.extent, is_interleaved, is_taken_apart) {
        (true, true, _) => (u.extent, v.extent),
        (false, _, true) => (v.extent, u.extent),
        _ => return None,
    };
    let fits = long >= weave::LONG
        && weave::COUNTS.contains(&count)
        && (count <= weave::FEW || bytes > NEAR);
    let kernel = fits.then(|| kernels[count - weave::COUNTS.start()])?;
    Some(Turn { kernel, side: weave::LONG, blocks: Blocks::Rows })
}

/// Whether blocks of `line` by `line` are the ones to transpose in: in the caches they are no faster than smaller ones, but
/// where there are many. The last ones do some elements again: at most a third more.
fn fills_lines((short, long): (usize, usize), line: usize) -> bool {
    let done = short.next_multiple_of(line).saturating_mul(long.next_multiple_of(line));
    short >= line && long >= 4 * line && 3 * done <= 4 * short.saturating_mul(long)
}

/// Whether steps of `u` are within one of `v`, in both arrays.
fn is_inside(u: &Dim<1>, v: &Dim<1>) -> bool {
    let reach = |step: isize| step.unsigned_abs().saturating_mul(u.extent);
    reach(u.out) <= v.out.unsigned_abs()
        && u.sources[0].unsigned_abs() < v.sources[0].unsigned_abs()
}

/// Whether what lies between elements at `step` is copied too, to other rows, for which there are other kernels.
fn is_dense(others: &Dims<1>, step: isize) -> bool {
    let is_adjacent = |d: &Dim<1>| d.sources[0].unsigned_abs() == 1;
    let is_woven = |d: &Dim<1>| d.sources[0] == 1 && d.extent == 2;
    others.iter().any(if step == 2 { is_woven } else { is_adjacent })
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
            let v = take_smallest(dims, |d| d.sources[0].unsigned_abs().wrapping_sub(1));
            if !turned::scale(dims, (&u, &v), arrays, mode) {
                let (kernel, factors) = T::kernel_to_put(0, mode);
                sweep_tiles(kernel, dims, (&u, &v), arrays, factors);
            }
        }
    }
}

/// Takes out the dim with the least key; the others are then in the order of the output, larger steps first.
pub(super) fn take_smallest<const P: usize>(
    dims: &mut Dims<P>,
    key: fn(&Dim<P>) -> usize,
) -> Dim<P> {
    sort_by_key(&mut dims[..], |d| core::cmp::Reverse(d.out.unsigned_abs()));
    // Of equals the last, which runs fastest in the output.
    let smallest = (0..dims.len()).rev().min_by_key(|&i| key(&dims[i]));
    smallest.map_or(once(), |i| dims.remove(i))
}

/// Returns how much of `left` goes into the next tile: all, if else less than `side` remained.
#[inline]
pub(super) fn part(left: usize, tile: usize, side: usize) -> usize {
    if left < tile + side { left } else { tile }
}
