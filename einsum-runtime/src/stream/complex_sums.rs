//! Complex numbers: sums of products in which no element is used twice, scaled or conjugated copies, and products at any
//! steps.
//!
//! As in [`reduce`](super::reduce), the adjacent elements of the first source make the rows: if their dim is summed, a
//! kernel forms one sum of every row; if it is kept, a kernel adds rows to a row of sums. Sums are formed in a buffer in
//! the first-level cache and enter the output when they are complete.
//!
//! Accuracy: a sum of n terms has 4 partial sums or more if it runs along rows, else one. The error of each part is at
//! most `(2 n + 4) ε Σ|x|·|y|`.

use core::mem::MaybeUninit;

use num_complex::Complex;

use super::complex_rows::{ADDS, ComplexRows, ComplexSums, OLD_TURNED, TURNED};
use super::copy::take_smallest;
use super::odometer::{At, Odometer};
use super::sweep::{Arrays, TILE, once};
use crate::element::Element;
use crate::engine::is_large;
use crate::kernel::{Dim, Dims, Mode, Read, loops_of};
use crate::sort::sort_by_key;

/// The most sums of a buffer.
const BUFFER: usize = 2048;

/// Contractions with fewer points are too small for the preparations.
const POINTS: usize = 512;

/// Complex numbers of real numbers that have these kernels.
pub(super) trait ComplexLanes: ComplexSums + Element {
    /// Returns a number whose parts are zeros with these signs.
    fn signs(negative: [bool; 2]) -> Self;

    /// Returns how `[beta · out +] alpha · x` is computed by [`ComplexSums::ENTER`].
    fn factors(mode: Mode<Self>, conjugated: bool) -> ([Self; 4], usize);
}

macro_rules! complex_lanes {
    ($($real:ident)*) => { $(
        impl ComplexLanes for Complex<$real> {
            fn signs([re, im]: [bool; 2]) -> Self {
                let zero = |negative: bool| if negative { -0.0 } else { 0.0 };
                Complex::new(zero(re), zero(im))
            }

            fn factors(mode: Mode<Self>, conjugated: bool) -> ([Self; 4], usize) {
                let (alpha, beta) = match mode {
                    Mode::Assign => (Self::ONE, Self::ZERO),
                    Mode::Scale { alpha, beta } => (alpha, beta),
                };
                let signed = |x: $real| if conjugated { -x } else { x };
                let factors = [
                    Complex::new(alpha.re, signed(alpha.re)),
                    Complex::new(-signed(alpha.im), alpha.im),
                    Complex::new(beta.re, beta.re),
                    Complex::new(-beta.im, beta.im),
                ];
                // What is zero is left out: its product with infinity would not be.
                let flag = |is_set: bool, flag: usize| if is_set { flag } else { 0 };
                let flags = flag(alpha.im != 0.0, TURNED)
                    | flag(beta != Self::ZERO, ADDS)
                    | flag(beta.im != 0.0, OLD_TURNED);
                (factors, flags)
            }
        }
    )* };
}
complex_lanes!(f32 f64);

impl<T: Copy> ComplexRows<T> {
    /// Returns the arguments for rows along `u`, one for every step of `v`.
    pub(super) fn along<const P: usize>(
        arrays: &Arrays<T, P>,
        (u, len): (&Dim<P>, usize),
        (v, rows): (&Dim<P>, usize),
        factors: [T; 4],
        flags: usize,
    ) -> Self {
        let size = size_of::<T>().cast_signed();
        let second = P - 1;
        ComplexRows {
            out: arrays.out,
            x: arrays.sources[0],
            y: arrays.sources[second],
            len,
            rows,
            out_row: v.out * size,
            x_row: v.sources[0] * size,
            y_row: v.sources[second] * size,
            out_step: u.out * size,
            x_step: u.sources[0] * size,
            y_step: u.sources[second] * size,
            flags,
            factors,
        }
    }
}

/// `out[o] = [beta · out[o] +] alpha · x[s]`
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); no dim is summed; the machine
/// has AVX2 and FMA.
pub(super) unsafe fn enter<T: ComplexLanes>(
    dims: &mut Dims<1>,
    x: Read<T>,
    out: *mut T,
    mode: Mode<T>,
) {
    let (factors, flags) = T::factors(mode, x.conjugated);
    let u = take_smallest(dims, |d| d.out.unsigned_abs());
    let v = take_smallest(dims, |d| d.sources[0].unsigned_abs().wrapping_sub(1));
    let arrays = Arrays { out, sources: [x.ptr] };
    for_each_tile(dims, (&u, &v), arrays, |tile, columns, lines| {
        let rows = ComplexRows::along(&tile, (&u, columns), (&v, lines), factors, flags);
        // SAFETY: the caller's duties: a tile consists of points.
        unsafe { (T::ENTER)(&rows) }
    });
}

/// `out[o] = x[s] · y[t]`, at any steps.
///
/// # Safety
///
/// As [`enter`].
pub(super) unsafe fn multiply<T: ComplexLanes>(
    dims: &mut Dims<2>,
    [x, y]: [Read<T>; 2],
    out: *mut T,
) {
    let sign = |conjugated: bool| T::signs([false, conjugated]);
    let factors = [sign(x.conjugated), sign(y.conjugated), T::ZERO, T::ZERO];
    let u = take_smallest(dims, |d| d.out.unsigned_abs());
    // The other dim of a tile is the one whose steps in a source are the smallest.
    let least = |d: &Dim<2>| {
        let steps = d.sources.map(|s| s.unsigned_abs().wrapping_sub(1));
        steps[0].min(steps[1])
    };
    let v = take_smallest(dims, least);
    let arrays = Arrays { out, sources: [x.ptr, y.ptr] };
    for_each_tile(dims, (&u, &v), arrays, |tile, columns, lines| {
        let rows = ComplexRows::along(&tile, (&u, columns), (&v, lines), factors, 0);
        // SAFETY: the caller's duties: a tile consists of points.
        unsafe { (T::MULTIPLY)(&rows) }
    });
}

/// Whether products are computed one element at a time: few, or with results that are not adjacent either. Others are
/// better made adjacent first, see [`staged`](crate::staged).
pub(super) fn is_stepped(dims: &Dims<2>) -> bool {
    let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    let has_rows = |d: &Dim<2>| d.out == 1 && d.sources != [0, 0];
    points < crate::staged::POINTS || !dims.iter().any(has_rows)
}

/// Calls `work` with the tiles of `u` by `v`, at every point of `outer`, and their extents.
fn for_each_tile<T: Copy, const P: usize>(
    outer: &[Dim<P>],
    (u, v): (&Dim<P>, &Dim<P>),
    arrays: Arrays<T, P>,
    mut work: impl FnMut(Arrays<T, P>, usize, usize),
) {
    // Nothing to tile where rows have no neighbours, or are adjacent everywhere.
    let is_plain = u.out == 1 && u.sources.iter().all(|s| *s <= 1);
    let width = if v.extent == 1 || is_plain { u.extent } else { TILE };
    let mut point = Odometer::new(outer);
    loop {
        let here = arrays.at(point.at.out, point.at.sources);
        let mut i = 0;
        while i < u.extent {
            let columns = width.min(u.extent - i);
            let mut j = 0;
            while j < v.extent {
                let lines = TILE.min(v.extent - j);
                work(here.within(u, i, v, j), columns, lines);
                j += lines;
            }
            i += columns;
        }
        if !point.advance() {
            return;
        }
    }
}

/// Sums products where one source has a step in every dim, so that each of its elements is used once, or of a batch of
/// small products that are adjacent. Returns false, with nothing done, if there is no kernel for these steps.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); the machine has AVX2 and FMA.
pub(super) unsafe fn contract<T: ComplexLanes>(
    dims: &mut Dims<2>,
    [first, second]: [Read<T>; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    if points < POINTS {
        return false;
    }
    let Some((x, row)) = [0, 1].into_iter().find_map(|x| Some((x, row(dims, x)?))) else {
        return false;
    };
    let (x_read, y_read) = if x == 0 { (first, second) } else { (second, first) };
    if x == 1 {
        dims.iter_mut().for_each(|d| d.sources.reverse());
    }
    let mut arrays = Arrays { out, sources: [x_read.ptr, y_read.ptr] };
    let mut row = dims.remove(row);
    if row.sources[0] < 0 {
        // Runs in the other direction.
        arrays = arrays.within(&row, row.extent - 1, &once(), 0);
        (row.out, row.sources) = (-row.out, row.sources.map(|step| -step));
    }
    let [sigma, tau] = [x_read.conjugated, y_read.conjugated];
    let (kernel, signs) = if row.summed {
        (T::DOT, [T::signs([false, sigma == tau]), T::signs([tau, sigma])])
    } else {
        let kernel = if row.sources[1] == 0 { T::ADD_SCALED } else { T::MULTIPLY_ADD };
        (kernel, [T::signs([false, sigma]), T::signs([sigma == tau, tau])])
    };
    sort_by_key(&mut dims[..], |d| core::cmp::Reverse(d.sources[0].unsigned_abs()));
    let (mut kept, mut summed) = (loops_of(dims, false), loops_of(dims, true));
    // The sums of a buffer lie along one dim, and a call of the kernel sweeps over another.
    let (along, across) = if row.summed {
        (kept.pop().unwrap_or(once()), None)
    } else {
        (row, Some(summed.pop().unwrap_or(once())))
    };
    let factors = [signs[0], signs[1], T::ZERO, T::ZERO];
    // Sums of two loops that follow each other in x are one row, wherever they lie in the output.
    let inner = along;
    let follows = |d: &Dim<2>| {
        let [x, y] = inner.sources;
        let len = inner.extent.cast_signed();
        across.is_some()
            && x == 1
            && d.sources == [len, y * len]
            && inner.extent * d.extent <= BUFFER
    };
    let second = kept.iter().position(follows).map_or(once(), |i| kept.remove(i));
    let along = Dim { extent: inner.extent * second.extent, ..inner };
    let row = if across.is_some() { along } else { row };
    let mut buffer = [const { MaybeUninit::<T>::uninit() }; BUFFER];
    let sums = buffer.as_mut_ptr().cast::<T>();
    let in_buffer = |d: &Dim<2>| Dim { out: 1, ..*d };
    let mut point = Odometer::new(&kept);
    loop {
        let here = arrays.at(point.at.out, point.at.sources);
        let mut at = 0;
        while at < along.extent {
            let count = BUFFER.min(along.extent - at);
            let from = here.within(&along, at, &once(), 0);
            // SAFETY: the buffer has room; zero bytes are a zero.
            unsafe { sums.write_bytes(0, count) };
            let mut inner = Odometer::new(&summed);
            loop {
                let At { sources, .. } = inner.at;
                let here = Arrays { out: sums, ..from.at(0, sources) };
                let rows = match across {
                    None => {
                        let (len, rows) = ((&row, row.extent), (&in_buffer(&along), count));
                        ComplexRows::along(&here, len, rows, factors, 0)
                    }
                    Some(across) => {
                        let (len, rows) = ((&row, count), (&across, across.extent));
                        ComplexRows::along(&here, len, rows, factors, 0)
                    }
                };
                // SAFETY: the caller's duties: rows consist of points, and the sums fit the buffer.
                unsafe { kernel(&rows) }
                if !inner.advance() {
                    break;
                }
            }
            let done = Arrays { out: from.out, sources: [sums.cast_const()] };
            // Those of two loops are in the buffer at once.
            let len = count / second.extent;
            let put = Dim { extent: len, out: along.out, sources: [1], summed: false };
            let next = Dim {
                extent: second.extent,
                out: second.out,
                sources: [len.cast_signed()],
                summed: false,
            };
            let (factors, flags) = T::factors(mode, false);
            let rows =
                ComplexRows::along(&done, (&put, len), (&next, second.extent), factors, flags);
            // SAFETY: the caller's duties: these sums are points of the kept dims.
            unsafe { (T::ENTER)(&rows) }
            at += count;
        }
        if !point.advance() {
            return true;
        }
    }
}

/// Returns the dim of rows if there is a kernel for source `x` and its adjacent elements: the longest.
///
/// Either `x` has a step in every dim, or rows are points of a batch of products that are not large.
fn row(dims: &Dims<2>, x: usize) -> Option<usize> {
    let is_row = |d: &Dim<2>| {
        let [step, other] = [d.sources[x], d.sources[1 - x]];
        let fits = if d.summed { other == step } else { other == 0 || other == step };
        step.unsigned_abs() == 1 && fits
    };
    let longest = (0..dims.len()).filter(|&i| is_row(&dims[i])).max_by_key(|&i| dims[i].extent)?;
    let row = &dims[longest];
    let is_whole = dims.iter().all(|d| d.sources[x] != 0);
    let is_batch = !row.summed && row.sources[1 - x] != 0;
    let points = |has: fn(&[bool; 3]) -> bool| {
        let of = |d: &Dim<2>| [d.summed, d.sources[0] != 0, d.sources[1] != 0];
        let those = dims.iter().filter(|d| has(&of(d)));
        those.fold(1_usize, |n, d| n.saturating_mul(d.extent))
    };
    let product = [
        points(|d| matches!(d, [false, true, false])),
        points(|d| matches!(d, [false, false, true])),
        points(|d| matches!(d, [true, ..])),
    ];
    (is_whole || is_batch && !is_large(product)).then_some(longest)
}
