//! Products of three factors without a sum, in one pass over memory.
//!
//! The output's smallest step makes the rows, along which factors are adjacent or constant. Real numbers have kernels for
//! three factors; complex ones, and products that enter the output by a mode, go by way of a buffer that stays in the
//! first-level cache.

use core::mem::MaybeUninit;

use super::bypass;
use super::complex::ComplexLane;
use super::copy::take_smallest;
use super::divide::{Elements, Nest};
use super::lane::Lane;
use super::odometer::Odometer;
use super::rows::{Bypass, Rows};
use super::sweep::{Arrays, sweep_rows, tile_dims};
use crate::kernel::{Dim, Dims, Mode, Read};
use crate::sort::sort_by_key;

/// Rows below this length do not fill vectors.
const ROW: usize = 16;

/// Elements of a buffer.
const BUFFER: usize = 1024;

/// A nest in the form that the kernels want.
struct Arranged {
    u: Dim<3>,
    v: Dim<3>,
    outer: Dims<3>,
    /// The factors in the order of the dims' steps: those that are adjacent along `u` come first.
    order: [usize; 3],
}

/// Returns whether there are kernels for these steps.
pub(super) fn takes(dims: &Dims<3>) -> bool {
    arrange(dims).is_some()
}

/// Factors commute.
fn arrange(dims: &Dims<3>) -> Option<Arranged> {
    if dims.iter().any(|d| d.summed) {
        return None;
    }
    let mut outer = Dims::from_slice(dims);
    let u = take_smallest(&mut outer, |d| d.out.unsigned_abs());
    let is_row = u.out == 1 && u.extent >= ROW;
    if !is_row || u.sources == [0; 3] || u.sources.iter().any(|s| !matches!(s, 0 | 1)) {
        return None;
    }
    let mut order = [0, 1, 2];
    sort_by_key(&mut order, |&p| u.sources[p] == 0);
    let ordered = |d: &Dim<3>| Dim { sources: order.map(|p| d.sources[p]), ..*d };
    outer.iter_mut().for_each(|d| *d = ordered(d));
    let v = take_smallest(&mut outer, |d| d.out.unsigned_abs());
    Some(Arranged { u: ordered(&u), v, outer, order })
}

/// `out[o] = x[s] · y[t] · z[r]`, or what `mode` makes of the product. Returns false, with nothing done, if there are no
/// kernels for these steps.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); the machine has AVX2.
pub(super) unsafe fn multiply<T: Lane + PartialEq>(
    dims: &Dims<3>,
    sources: [*const T; 3],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let Some(Arranged { u, v, outer, order }) = arrange(dims) else { return false };
    let arrays = Arrays { out, sources: order.map(|p| sources[p]) };
    let kernel = match u.sources {
        [_, 0, 0] => T::MULTIPLY_BY_TWO,
        [_, _, 0] => T::MULTIPLY_TWO_BY,
        _ => T::MULTIPLY_THREE,
    };
    let ones = [T::ONE; 2];
    if matches!(mode, Mode::Assign) {
        let bypass = bypass(out, &Elements::of(dims), u.extent * size_of::<T>());
        // SAFETY: the caller's duties, and those of the kernel from the steps above it.
        unsafe { sweep_rows(kernel, &outer, (&u, &v), arrays, ones, bypass) };
        return true;
    }
    let (put, factors) = T::kernel_to_put(1, mode);
    // SAFETY: the caller's duties; a tile fits the buffer.
    unsafe {
        in_tiles(&outer, (&u, &v), arrays, Bypass::No, |tile| {
            let into = Arrays { out: tile.buffer, ..tile.at };
            kernel(&tile.rows(into, tile.in_buffer(), [0, 1, 2].map(|p| tile.in_source(p)), ones));
            let from = Arrays { out: tile.at.out, sources: [tile.buffer.cast_const()] };
            put(&tile.rows(from, tile.in_out(), [tile.in_buffer()], factors));
        });
    }
    true
}

/// `out[o] = x[s] · y[t] · z[r]`. Returns false, with nothing done, if there are no kernels for these steps.
///
/// # Safety
///
/// As [`multiply`].
pub(super) unsafe fn multiply_complex<T: ComplexLane>(
    dims: &Dims<3>,
    sources: [Read<T>; 3],
    out: *mut T,
) -> bool {
    let Some(Arranged { u, v, outer, order }) = arrange(dims) else { return false };
    let sources = order.map(|p| sources[p]);
    let arrays = Arrays { out, sources: sources.map(|source| source.ptr) };
    let [x, y, z] = sources.map(|source| T::SIGNS[usize::from(source.conjugated)]);
    let by = |step| if step == 1 { T::MULTIPLY } else { T::MULTIPLY_BY };
    let (first, second) = (by(u.sources[1]), by(u.sources[2]));
    let bypass = bypass(out, &Elements::of(dims), u.extent * size_of::<T>());
    // SAFETY: the caller's duties; a tile fits the buffer.
    unsafe {
        in_tiles(&outer, (&u, &v), arrays, bypass, |tile| {
            let [at_x, at_y, at_z] = tile.at.sources;
            let into = Arrays { out: tile.buffer, sources: [at_x, at_y] };
            let steps = [0, 1].map(|p| tile.in_source(p));
            first(&tile.rows(into, tile.in_buffer(), steps, [x, y]));
            let from = Arrays { out: tile.at.out, sources: [tile.buffer.cast_const(), at_z] };
            let steps = [tile.in_buffer(), tile.in_source(2)];
            let mut rows = tile.rows(from, tile.in_out(), steps, [T::SIGNS[0], z]);
            rows.bypass = bypass;
            second(&rows);
        });
    }
    true
}

/// `rows` steps of `v` by `columns` steps of `u`, and a buffer with adjacent columns.
struct Tile<'d, T> {
    u: &'d Dim<3>,
    v: &'d Dim<3>,
    columns: usize,
    rows: usize,
    /// The arrays from the tile on.
    at: Arrays<T, 3>,
    buffer: *mut T,
}

impl<T: Copy> Tile<'_, T> {
    /// Returns the arguments of a kernel, from the steps along u and v of the output and of each source.
    fn rows<const P: usize>(
        &self,
        arrays: Arrays<T, P>,
        out: (isize, isize),
        sources: [(isize, isize); P],
        factors: [T; 2],
    ) -> Rows<T> {
        let (columns, rows) = (self.columns, self.rows);
        let (u, v) = tile_dims([columns, rows], out, sources);
        Rows::along(&arrays, (&u, columns), (&v, rows), factors)
    }

    fn in_buffer(&self) -> (isize, isize) {
        (1, self.columns.cast_signed())
    }

    fn in_out(&self) -> (isize, isize) {
        (self.u.out, self.v.out)
    }

    fn in_source(&self, p: usize) -> (isize, isize) {
        (self.u.sources[p], self.v.sources[p])
    }
}

/// Calls `run` with tiles that fit a buffer, at every point of `outer`, and makes what bypasses the caches visible.
///
/// # Safety
///
/// `run` may be called so, at the same time for tiles that write different elements.
unsafe fn in_tiles<T: Copy + Sync>(
    outer: &Dims<3>,
    (u, v): (&Dim<3>, &Dim<3>),
    arrays: Arrays<T, 3>,
    bypass: Bypass,
    run: impl Fn(&Tile<'_, T>) + Sync,
) {
    let nest = Nest { outer, u, v };
    let part = |Nest { outer, u, v }: Nest<'_, 3>, arrays: Arrays<T, 3>| {
        let mut buffer = [const { MaybeUninit::<T>::uninit() }; BUFFER];
        let buffer = buffer.as_mut_ptr().cast::<T>();
        let width = u.extent.min(BUFFER);
        let height = v.extent.min(BUFFER / width);
        let mut point = Odometer::new(outer);
        loop {
            let here = arrays.at(point.at.out, point.at.sources);
            let mut j = 0;
            while j < v.extent {
                let rows = height.min(v.extent - j);
                let mut i = 0;
                while i < u.extent {
                    let columns = width.min(u.extent - i);
                    let at = here.within(u, i, v, j);
                    run(&Tile { u, v, columns, rows, at, buffer });
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
    unsafe { nest.in_parts([BUFFER, 1], arrays, bypass, &part) }
}
