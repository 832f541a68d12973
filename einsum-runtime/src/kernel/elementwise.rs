//! Assignments without a sum: copies (permutations, diagonals, broadcasts) and products.
//!
//! The output is written row by row along its smallest step. Where a source has its smallest step along another dim,
//! the two dims are cut into square tiles, so that the cache lines of both are used whole.

use core::mem::MaybeUninit;

use super::walk::walk;
use super::{Dim, Dims, Read};
use crate::element::Element;
use crate::sort::sort_by_key;

/// The side of a tile: 16 rows of 128 bytes, few enough for the ways of L1 if their steps are a power of two.
const TILE: usize = 16;

/// `out[o] = source[s]`, bits preserved.
///
/// # Safety
///
/// As [`Kernels`](super::Kernels), after [`prepare`](super::prepare::prepare), with no dim summed.
pub(super) unsafe fn copy<T: Element>(dims: &mut Dims<1>, source: Read<T>, out: *mut T) {
    for_each_row(dims, &mut |len, step, to, [from]| {
        let (to, from) = (out.wrapping_offset(to), source.ptr.wrapping_offset(from));
        // SAFETY: a row consists of points of `dims`; the caller's duties.
        unsafe { copy_row(len, to, step.out, from, step.sources[0], source.conjugated) }
    });
}

/// # Safety
///
/// `len` elements can be read at steps of `from_step`, written at steps of `to_step`, and do not overlap.
#[inline]
unsafe fn copy_row<T: Element>(
    len: usize,
    to: *mut T,
    to_step: isize,
    from: *const T,
    from_step: isize,
    conjugated: bool,
) {
    if to_step == 1 && from_step == 1 && !conjugated {
        // SAFETY: the caller's duties.
        unsafe { to.copy_from_nonoverlapping(from, len) }
        return;
    }
    for i in 0..len.cast_signed() {
        // SAFETY: the caller's duties.
        let x = unsafe { from.offset(i * from_step).read() };
        let x = if conjugated { T::conj(x) } else { x };
        // SAFETY: the caller's duties.
        unsafe { to.offset(i * to_step).write(x) }
    }
}

/// `out[o] = first[s0] · second[s1]`.
///
/// # Safety
///
/// As [`Kernels`](super::Kernels), after [`prepare`](super::prepare::prepare), with no dim summed.
pub(super) unsafe fn multiply<T: Element>(
    dims: &mut Dims<2>,
    [first, second]: [Read<T>; 2],
    out: *mut T,
) {
    for_each_row(dims, &mut |len, step, to, [x, y]| {
        let to = out.wrapping_offset(to);
        let x = Read { ptr: first.ptr.wrapping_offset(x), ..first };
        let y = Read { ptr: second.ptr.wrapping_offset(y), ..second };
        // SAFETY: a row consists of points of `dims`; the caller's duties.
        unsafe { multiply_row(len, step, to, [x, y]) }
    });
}

/// `to[i] = x[i] · y[i]`, at the steps of a loop.
///
/// # Safety
///
/// Elements can be read and written at `len` steps, and do not overlap unless at the same step.
#[inline(always)]
pub(super) unsafe fn multiply_row<T: Element>(
    len: usize,
    step: &Dim<2>,
    to: *mut T,
    [x, y]: [Read<T>; 2],
) {
    let [x_step, y_step] = step.sources;
    // Constant steps let the compiler vectorise each form; factors commute.
    // SAFETY: the caller's duties.
    unsafe {
        match (step.out, x_step, y_step) {
            (1, 1, 1) => multiply_elements(len, to, 1, (x, 1), (y, 1)),
            (1, 1, 0) => multiply_elements(len, to, 1, (x, 1), (y, 0)),
            (1, 0, 1) => multiply_elements(len, to, 1, (x, 0), (y, 1)),
            (o, s, t) => multiply_elements(len, to, o, (x, s), (y, t)),
        }
    }
}

/// # Safety
///
/// As [`multiply_row`].
#[inline(always)]
unsafe fn multiply_elements<T: Element>(
    len: usize,
    to: *mut T,
    to_step: isize,
    (first, x_step): (Read<T>, isize),
    (second, y_step): (Read<T>, isize),
) {
    for i in 0..len.cast_signed() {
        // SAFETY: the caller's duties.
        let (x, y) =
            unsafe { (first.ptr.offset(i * x_step).read(), second.ptr.offset(i * y_step).read()) };
        let product = T::mul(first.value(x), second.value(y));
        // SAFETY: the caller's duties.
        unsafe { to.offset(i * to_step).write(product) }
    }
}

/// `out[o] = beta · out[o]`, or zero, without reading, if there is no `beta`.
///
/// # Safety
///
/// As [`scale`](super::scale), after [`prepare`](super::prepare::prepare).
pub(super) unsafe fn scale<T: Element>(dims: &mut Dims<0>, out: *mut T, beta: Option<T>) {
    for_each_row(dims, &mut |len, step, to, []| {
        let (mut at, step) = (out.wrapping_offset(to), step.out);
        match beta {
            None if step == 1 => {
                // SAFETY: a row consists of points of `dims`; the caller's duties. It need not hold values.
                let row =
                    unsafe { core::slice::from_raw_parts_mut(at.cast::<MaybeUninit<T>>(), len) };
                row.fill(MaybeUninit::new(T::ZERO));
            }
            None => {
                for _ in 0..len {
                    // SAFETY: as above.
                    unsafe { at.write(T::ZERO) };
                    at = at.wrapping_offset(step);
                }
            }
            Some(beta) => {
                for _ in 0..len {
                    // SAFETY: as above; elements hold values.
                    unsafe { at.write(T::mul(beta, at.read())) };
                    at = at.wrapping_offset(step);
                }
            }
        }
    });
}

/// What is done with a row.
type Row<'r, const P: usize> = dyn FnMut(usize, &Dim<P>, isize, [isize; P]) + 'r;

/// Calls `row` with length, steps, and first offsets of rows that together are all points.
///
/// Through a table: the choices here are then compiled once, and not for every element type.
pub(super) fn for_each_row<const P: usize>(dims: &mut Dims<P>, row: &mut Row<'_, P>) {
    sort_by_key(&mut dims[..], |d| core::cmp::Reverse(d.out.unsigned_abs()));
    let Some(inner) = dims.pop() else {
        row(1, &Dim { extent: 1, out: 1, sources: [1; P], summed: false }, 0, [0; P]);
        return;
    };
    match (0..P).find_map(|p| preferred(dims, &inner, p)) {
        None => {
            for (out, sources) in walk(dims) {
                row(inner.extent, &inner, out, sources);
            }
        }
        Some(across) => {
            let across = dims.remove(across);
            for (out, sources) in walk(dims) {
                for_each_tile(&across, &inner, |columns, out_at, sources_at| {
                    let mut at = sources;
                    for (at, tile) in at.iter_mut().zip(sources_at) {
                        *at += tile;
                    }
                    row(columns, &inner, out + out_at, at);
                });
            }
        }
    }
}

/// Returns the dim along which source `p` has a smaller step than along `inner`, if any.
fn preferred<const P: usize>(dims: &Dims<P>, inner: &Dim<P>, p: usize) -> Option<usize> {
    let step = |d: &Dim<P>| d.sources[p].unsigned_abs();
    let smallest =
        (0..dims.len()).filter(|&i| step(&dims[i]) != 0).min_by_key(|&i| step(&dims[i]))?;
    (step(&dims[smallest]) < step(inner)).then_some(smallest)
}

/// Calls `row` with length and first offsets of the rows of tiles of `across` by `along`.
fn for_each_tile<const P: usize>(
    across: &Dim<P>,
    along: &Dim<P>,
    mut row: impl FnMut(usize, isize, [isize; P]),
) {
    for left in (0..along.extent).step_by(TILE) {
        let columns = TILE.min(along.extent - left);
        for top in (0..across.extent).step_by(TILE) {
            for line in top..across.extent.min(top + TILE) {
                let (i, j) = (line.cast_signed(), left.cast_signed());
                let mut sources = [0; P];
                for (p, at) in sources.iter_mut().enumerate() {
                    *at = i * across.sources[p] + j * along.sources[p];
                }
                row(columns, i * across.out + j * along.out, sources);
            }
        }
    }
}
