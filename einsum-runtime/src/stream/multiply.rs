//! Products without a sum: elementwise and outer products, rows and columns scaled.
//!
//! Rows of the output whose factors are adjacent or constant are multiplied whole. A factor whose adjacent elements
//! lie along another dim is transposed into a buffer, tile by tile ([`turned`] does so where arrays are far away). Other
//! factors go one element at a time. Short rows with the same elements of a factor are multiplied many at once
//! ([`repeat`](super::repeat)), and short outer products in one call ([`outer`](super::outer)).

use core::mem::MaybeUninit;

use super::bypass;
use super::chained::{Fit, Product};
use super::copy::{PITCH, part, take_smallest};
use super::divide::{Elements, Nest};
use super::lane::{Lane, Width};
use super::odometer::Odometer;
use super::outer::Outer;
use super::repeat::Repeat;
use super::rows::{Bypass, RowKernel, Rows};
use super::sweep::{Arrays, TILE, sweep_rows, sweep_tiles, tile_dims};
use super::transpose::{LINE, SIDE_4, SIDE_8};
use super::turned;
use crate::kernel::{Dim, Dims, Mode};

/// Elements of a buffer.
const BUFFER: usize = PITCH * PITCH;

/// Arrays of fewer bytes stay in the caches, and are multiplied in tiles that stay in the first, of so many bytes of adjacent
/// elements of the factor that is transposed. From memory longer runs of these arrive sooner.
const NEAR: usize = if cfg!(test) { 32 << 10 } else { 16 << 20 };
const RUN: usize = 256;

/// The bytes of adjacent elements of such a factor that share few lines with their neighbours; and of those that do so, if the
/// output's rows have at most so many elements.
const LONG_RUN: usize = 512;
const SHORT_RUN: usize = 96;
const NEAR_ROW: usize = 1024;

/// Whether rows of the output have one factor that must be transposed, and another one that is adjacent or constant. If runs
/// of the former are short, rows are as well, so that the lines of runs stay in a cache until the next ones are read.
pub(super) fn is_transposed(dims: &Dims<2>, size: usize) -> bool {
    let side = if size == 4 { SIDE_4 } else { SIDE_8 };
    let Some(u) = dims.iter().find(|d| d.out == 1) else { return false };
    (0..2).any(|x| {
        let is_run = |d: &Dim<2>| {
            let bytes = d.extent * size;
            d.sources[x] == 1 && (bytes >= LONG_RUN || bytes >= SHORT_RUN && u.extent <= NEAR_ROW)
        };
        let is_along = matches!(u.sources[1 - x], 0 | 1);
        // Else tiles would be transposed again and again.
        let is_whole = dims.iter().all(|d| d.sources[x] != 0);
        // Rows of less than a line are multiplied in the order of the factor, and turned then.
        let fits = u.extent >= side && u.extent * size >= LINE;
        is_whole && u.sources[x] > 1 && is_along && fits && dims.iter().any(is_run)
    })
}

/// `out[o] = x[s] · y[t]`, or what `mode` makes of the product.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); no dim is summed; the machine
/// has AVX2.
pub(super) unsafe fn multiply<T: Lane + PartialEq>(
    dims: &mut Dims<2>,
    mut sources: [*const T; 2],
    out: *mut T,
    mode: Mode<T>,
) {
    // SAFETY: the caller's duties.
    if matches!(mode, Mode::Assign) && unsafe { multiplied(dims, sources, out) } {
        return;
    }
    let elements = Elements::of(dims);
    let u = take_smallest(dims, |d| d.out.unsigned_abs());
    // Factors commute: the first is the one that is not constant, or that must be transposed.
    let exchanged = matches!(u.sources, [0, _] | [1, 2.. | ..0]);
    let mut u = u;
    if exchanged {
        sources.reverse();
        u.sources.reverse();
        dims.iter_mut().for_each(|d| d.sources.reverse());
    }
    let arrays = Arrays { out, sources };
    let ones = [T::ONE; 2];
    let whole = match u.sources {
        [1, 1] => Some(T::MULTIPLY),
        [1, 0] => Some(T::MULTIPLY_BY),
        _ => None,
    };
    // SAFETY: the caller's duties, and those of each kernel from the steps above it.
    unsafe {
        if let (Some(kernel), 1, Mode::Assign) = (whole, u.out, mode) {
            let v = take_smallest(dims, |d| d.out.unsigned_abs());
            let bypass = bypass(out, &elements, u.extent * size_of::<T>());
            return sweep_rows(kernel, dims, (&u, &v), arrays, ones, bypass);
        }
        let v = take_smallest(dims, |d| d.sources[0].unsigned_abs().wrapping_sub(1));
        let is_transposed = v.sources[0] == 1
            && u.sources[0] != 1
            && <T as Width>::TRANSPOSE.is_some_and(|(_, side)| u.extent.min(v.extent) >= side);
        let is_assigned = matches!(mode, Mode::Assign);
        let is_near = elements.bytes(size_of::<T>()) <= NEAR;
        if is_transposed
            && is_assigned
            && !is_near
            && let Some(transpose) = turned::of_product::<T>(&u, &v)
        {
            let bypass = bypass(out, &elements, u.extent * size_of::<T>());
            return turned::multiply(dims, (&u, &v), arrays, (&transpose, bypass));
        }
        if whole.is_none() && !is_transposed && is_assigned {
            sweep_tiles(T::STRIDED_MULTIPLY, dims, (&u, &v), arrays, ones);
        } else {
            // Rows without neighbours fill the buffer alone.
            let alone = v.extent == 1 && !is_transposed;
            let grain = if alone { BUFFER } else { TILE };
            let height = if is_near { RUN / size_of::<T>() } else { TILE };
            let form = Form { whole, is_transposed, height };
            let nest = Nest { outer: dims, u: &u, v: &v };
            nest.in_parts([grain, TILE], arrays, Bypass::No, &|nest, arrays| {
                staged(nest, form, arrays, mode);
            });
        }
    }
}

/// Multiplies, if products are of a form that has kernels of its own; else does nothing, and returns false.
///
/// # Safety
///
/// As [`multiply`].
unsafe fn multiplied<T: Lane>(dims: &Dims<2>, sources: [*const T; 2], out: *mut T) -> bool {
    // By reference: loops are long to move.
    if let Some(repeat) = &Repeat::of(dims) {
        // SAFETY: the caller's duties.
        unsafe { repeat.run(dims, sources, out) };
        return true;
    }
    if let Some(outer) = &Outer::of(dims, size_of::<T>()) {
        // SAFETY: the caller's duties.
        unsafe { outer.run(sources, out, false) };
        return true;
    }
    if let Some(product) = &Product::of(dims, size_of::<T>(), Fit::Short) {
        // SAFETY: the caller's duties.
        unsafe { product.run(&T::LISTED_PRODUCTS, [[T::ZERO; 2]; 2], Arrays { out, sources }) };
        return true;
    }
    false
}

/// How tiles are multiplied: by a kernel for whole rows, or after the first source has been transposed; and how high they are.
#[derive(Clone, Copy)]
struct Form<T> {
    whole: Option<RowKernel<T>>,
    is_transposed: bool,
    height: usize,
}

/// Multiplies tiles in a buffer, from where they go to the output.
///
/// # Safety
///
/// As [`multiply`]; `whole` is right for rows along `u`, and the first source can be transposed if `is_transposed`.
unsafe fn staged<T: Lane + PartialEq>(
    Nest { outer, u, v }: Nest<'_, 2>,
    Form { whole, is_transposed, height }: Form<T>,
    arrays: Arrays<T, 2>,
    mode: Mode<T>,
) {
    let mut buffer = [const { MaybeUninit::<T>::uninit() }; BUFFER];
    let buffer = buffer.as_mut_ptr().cast::<T>();
    let side = <T as Width>::TRANSPOSE.map_or(1, |(_, side)| side);
    // Rows without neighbours fill the buffer alone.
    let alone = v.extent == 1 && !is_transposed;
    let mut point = Odometer::new(outer);
    loop {
        let here = arrays.at(point.at.out, point.at.sources);
        let mut i = 0;
        while i < u.extent {
            let columns =
                if alone { BUFFER.min(u.extent - i) } else { part(u.extent - i, TILE, side) };
            let mut j = 0;
            while j < v.extent {
                let rows = part(v.extent - j, height, side);
                let tile = Tile { u, v, columns, rows, buffer };
                let at = here.within(u, i, v, j);
                // SAFETY: the caller's duties; the tile fits the buffer.
                unsafe {
                    match (is_transposed, mode) {
                        (true, Mode::Assign) => {
                            tile.transpose(&at);
                            tile.multiply_buffer(&at, at.out, (u.out, v.out));
                        }
                        (true, _) => {
                            tile.transpose(&at);
                            tile.multiply_buffer(&at, buffer, tile.in_buffer());
                            tile.put(&at, mode);
                        }
                        (false, _) => {
                            tile.multiply(whole.unwrap_or(T::STRIDED_MULTIPLY), &at);
                            tile.put(&at, mode);
                        }
                    }
                }
                j += rows;
            }
            i += columns;
        }
        if !point.advance() {
            return;
        }
    }
}

/// `rows` steps of `v` by `columns` steps of `u`, and a buffer with adjacent columns.
struct Tile<'d, T> {
    u: &'d Dim<2>,
    v: &'d Dim<2>,
    columns: usize,
    rows: usize,
    buffer: *mut T,
}

impl<T: Lane + PartialEq> Tile<'_, T> {
    /// Returns steps along u and v: the output's, and `sources`.
    fn along<const P: usize>(
        &self,
        out: (isize, isize),
        sources: [(isize, isize); P],
    ) -> (Dim<P>, Dim<P>) {
        tile_dims([self.columns, self.rows], out, sources)
    }

    fn in_buffer(&self) -> (isize, isize) {
        (1, self.columns.cast_signed())
    }

    fn in_source(&self, p: usize) -> (isize, isize) {
        (self.u.sources[p], self.v.sources[p])
    }

    unsafe fn call<const P: usize>(
        &self,
        kernel: RowKernel<T>,
        arrays: Arrays<T, P>,
        (u, v): (Dim<P>, Dim<P>),
        factors: [T; 2],
    ) {
        // SAFETY: the caller's duties, which are those of the kernel.
        unsafe { kernel(&Rows::along(&arrays, (&u, self.columns), (&v, self.rows), factors)) }
    }

    /// `buffer = x`
    unsafe fn transpose(&self, at: &Arrays<T, 2>) {
        let Some((kernel, _)) = <T as Width>::TRANSPOSE else { return };
        let arrays = Arrays { out: self.buffer, sources: [at.sources[0]] };
        let dims = self.along(self.in_buffer(), [self.in_source(0)]);
        // SAFETY: the caller's duties.
        unsafe { self.call(kernel, arrays, dims, [T::ONE; 2]) }
    }

    /// `to = buffer · y`, where `to` has these steps along u and v. It may be the buffer.
    unsafe fn multiply_buffer(&self, at: &Arrays<T, 2>, to: *mut T, steps: (isize, isize)) {
        let arrays = Arrays { out: to, sources: [self.buffer, at.sources[1]] };
        let dims = self.along(steps, [self.in_buffer(), self.in_source(1)]);
        let kernel = match (steps.0, self.u.sources[1]) {
            (1, 1) => T::MULTIPLY,
            (1, 0) => T::MULTIPLY_BY,
            _ => T::STRIDED_MULTIPLY,
        };
        // SAFETY: the caller's duties. Kernels read the elements of a step before they write them.
        unsafe { self.call(kernel, arrays, dims, [T::ONE; 2]) }
    }

    /// `buffer = x · y`
    unsafe fn multiply(&self, kernel: RowKernel<T>, at: &Arrays<T, 2>) {
        let arrays = Arrays { out: self.buffer, ..*at };
        let dims = self.along(self.in_buffer(), [self.in_source(0), self.in_source(1)]);
        // SAFETY: the caller's duties.
        unsafe { self.call(kernel, arrays, dims, [T::ONE; 2]) }
    }

    /// Lets the buffer enter the output.
    unsafe fn put(&self, at: &Arrays<T, 2>, mode: Mode<T>) {
        let arrays = Arrays { out: at.out, sources: [self.buffer.cast_const()] };
        let dims = self.along((self.u.out, self.v.out), [self.in_buffer()]);
        let (kernel, factors) = T::kernel_to_put(self.u.out, mode);
        // SAFETY: the caller's duties.
        unsafe { self.call(kernel, arrays, dims, factors) }
    }
}
