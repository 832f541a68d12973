//! Sums of one source over any of its dims, and of products of two where no element is used twice: matrix times
//! vector, dot products, batches of them.
//!
//! The first source has a step in every dim. Its adjacent elements make the rows. If their dim is summed, a kernel
//! forms one sum of every row; if it is kept, a kernel adds rows to a row of sums. Sums are formed in a buffer in the
//! first-level cache ([`Sums`]) and enter the output when they are complete.

use core::mem::MaybeUninit;

use super::lane::Lane;
use super::odometer::{At, Odometer};
use super::rows::{RowKernel, Rows};
use super::sums::{BLOCK, BUFFER, Sums};
use super::sweep::{Arrays, once};
use crate::kernel::{Dim, Dims, Mode};

/// The length of each of four streams, in bytes: enough for the machine's prefetching, and few pages at a time.
const STREAM: usize = 1 << 20;

/// The length of short rows that are added as one.
const WIDE: usize = 64;

/// `out[o] = Σ x[s]` or `Σ x[s] · y[t]` over the summed dims, or what `mode` makes of the sum. Returns false, with
/// nothing done, if there is no kernel for these steps.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); the machine has AVX2 and FMA.
pub(super) unsafe fn reduce<T: Lane + PartialEq, const P: usize>(
    dims: &mut Dims<P>,
    mut arrays: Arrays<T, P>,
    mode: Mode<T>,
) -> bool {
    // Of several adjacent dims, as windows have them, the one that runs fastest in the output.
    dims.sort_by_key(|d| core::cmp::Reverse(d.out.unsigned_abs()));
    let is_row = |d: &Dim<P>| d.sources[0].unsigned_abs() == 1 && kernels::<T, P>(d).is_some();
    let Some(row) = dims.iter().rposition(is_row) else { return false };
    for dim in dims.iter_mut().filter(|d| d.sources[0] < 0) {
        turn(dim, &mut arrays);
    }
    let row = dims.remove(row);
    let Some(kernels) = kernels(&row) else { return false };
    dims.sort_by_key(|d| core::cmp::Reverse(d.sources[0]));
    let (mut kept, mut summed) = (Dims::<P>::new(), Dims::<P>::new());
    for dim in dims.iter() {
        if dim.summed { summed.push(*dim) } else { kept.push(*dim) }
    }
    let (sums_along, rows) = if row.summed {
        let across = kept.pop().unwrap_or(once());
        (across, across)
    } else {
        (row, summed.pop().unwrap_or(once()))
    };
    let wide = widening(&row, &rows);
    let nest = Nest { row, rows, wide, summed: &summed, kernels };
    let mut buffer = [const { MaybeUninit::<T>::uninit() }; 2 * BUFFER];
    let buffer = buffer.as_mut_ptr().cast::<T>();
    let mut point = Odometer::new(&kept);
    loop {
        let here = arrays.at(point.at.out, point.at.sources);
        let mut first = 0;
        while first < sums_along.extent {
            let count = BUFFER.min(sums_along.extent - first);
            let from = here.within(&sums_along, first, &once(), 0);
            // SAFETY: the caller's duties: these sums are points of the kept dims, and fit the buffer.
            unsafe {
                let mut sums = Sums::new(buffer, wide * count, nest.results());
                nest.sum(&mut sums, &from);
                if wide > 1 {
                    sums.fold(count);
                }
                sums.put(from.out, sums_along.out, mode);
            }
            first += count;
        }
        if !point.advance() {
            return true;
        }
    }
}

/// Returns the kernels for rows along a dim: for one stream, and for four.
fn kernels<T: Lane, const P: usize>(row: &Dim<P>) -> Option<[RowKernel<T>; 2]> {
    match (row.summed, &row.sources[1..]) {
        (true, []) => Some(T::SUM),
        (false, []) => Some(T::ADD),
        (true, [1 | -1]) if row.sources[0] == row.sources[1] => Some(T::DOT),
        (false, [1 | -1]) if row.sources[0] == row.sources[1] => Some(T::MULTIPLY_ADD),
        (false, [0]) => Some(T::SCALE_ADD),
        _ => None,
    }
}

/// Returns how many rows make one of full vectors, if short rows that follow each other in memory are added to a row of
/// sums: the sums are then as many times as many, and folded in the end.
fn widening<const P: usize>(row: &Dim<P>, rows: &Dim<P>) -> usize {
    let is_short = P == 1 && !row.summed && row.extent <= WIDE / 2;
    let is_dense = rows.sources[0] == row.extent.cast_signed();
    let wide = WIDE / row.extent;
    if is_short && is_dense && rows.extent >= 4 * wide { wide } else { 1 }
}

/// Runs a loop in the other direction.
fn turn<T, const P: usize>(dim: &mut Dim<P>, arrays: &mut Arrays<T, P>) {
    *arrays = arrays.within(dim, dim.extent - 1, &once(), 0);
    dim.out = -dim.out;
    dim.sources = dim.sources.map(|step| -step);
}

/// The loops of a sum.
struct Nest<'d, T, const P: usize> {
    /// The first source's adjacent elements.
    row: Dim<P>,
    /// The step between rows: between sums if a row is summed, else a summed one.
    rows: Dim<P>,
    /// How many rows are added as one.
    wide: usize,
    /// The other summed loops.
    summed: &'d [Dim<P>],
    kernels: [RowKernel<T>; 2],
}

impl<T: Lane + PartialEq, const P: usize> Nest<'_, T, P> {
    /// Returns about how many results of kernels each sum consists of.
    fn results(&self) -> usize {
        let inner =
            if self.row.summed { self.row.extent.div_ceil(BLOCK) } else { self.rows.extent / 4 };
        self.summed.iter().fold(inner, |n, d| n.saturating_mul(d.extent))
    }

    /// Forms sums from these elements on.
    ///
    /// # Safety
    ///
    /// The sources can be read at every point of the loops, but of the dim that the sums lie along only at as many as
    /// there are sums.
    unsafe fn sum(&self, sums: &mut Sums<T>, from: &Arrays<T, P>) {
        let mut point = Odometer::new(self.summed);
        loop {
            let At { sources, .. } = point.at;
            let here = from.at(0, sources);
            // SAFETY: the caller's duties.
            unsafe {
                if !self.row.summed {
                    self.add_rows(sums, &here);
                } else if sums.count < 4 {
                    self.sum_long_rows(sums, &here);
                } else {
                    self.sum_rows(sums, &here);
                }
            }
            if !point.advance() {
                return;
            }
        }
    }

    /// One sum of every row: the streams are groups of rows.
    unsafe fn sum_rows(&self, sums: &mut Sums<T>, from: &Arrays<T, P>) {
        let most = self.stream();
        let mut first = 0;
        while first < sums.count {
            let left = sums.count - first;
            let count = most.min(left / 4);
            let here = from.within(&self.rows, first, &once(), 0);
            // SAFETY: the caller's duties.
            unsafe {
                if count == 0 {
                    sums.add_blocks(
                        self.kernels[0],
                        self.call(&here, left),
                        self.row.extent,
                        first,
                    );
                    return;
                }
                let call = self.streams(&here, count, &self.rows, count);
                sums.add_blocks(self.kernels[1], call, self.row.extent, first);
            }
            first += 4 * count;
        }
    }

    /// One sum of each of a few rows: the streams are pieces of a row.
    unsafe fn sum_long_rows(&self, sums: &mut Sums<T>, from: &Arrays<T, P>) {
        let piece = self.row.extent.min(4 * STREAM / size_of::<T>()) / 4;
        let mut at = 0;
        while piece >= BLOCK && at + 4 * piece <= self.row.extent {
            let here = from.within(&self.row, at, &once(), 0);
            let mut call = self.streams(&here, sums.count, &self.row, piece);
            // All pieces enter the same sum.
            call.out_stream = 0;
            // SAFETY: the caller's duties.
            unsafe { sums.add_blocks(self.kernels[1], call, piece, 0) }
            at += 4 * piece;
        }
        if at < self.row.extent {
            let here = from.within(&self.row, at, &once(), 0);
            let call = self.call(&here, sums.count);
            // SAFETY: the caller's duties.
            unsafe { sums.add_blocks(self.kernels[0], call, self.row.extent - at, 0) }
        }
    }

    /// A row of sums: the streams are groups of rows, of which `wide` make one.
    unsafe fn add_rows(&self, sums: &mut Sums<T>, from: &Arrays<T, P>) {
        let wide = self.wide;
        let most = (self.stream() / wide).max(1);
        let mut first = 0;
        while first < self.rows.extent {
            let left = (self.rows.extent - first) / wide;
            let here = from.within(&self.rows, first, &once(), 0);
            if left == 0 {
                let mut call = self.call(&here, self.rows.extent - first);
                call.len = sums.count / wide;
                // SAFETY: the caller's duties.
                unsafe { sums.add(self.kernels[0], call, 0, call.rows) }
                return;
            }
            let count = most.min(left / 4).min(sums.room());
            let (kernel, mut call, done) = match count {
                0 => (self.kernels[0], self.call(&here, left), left),
                _ => {
                    let call = self.streams(&here, count, &self.rows, wide * count);
                    (self.kernels[1], call, 4 * count)
                }
            };
            call.len = sums.count;
            call.x_row *= wide.cast_signed();
            // SAFETY: the caller's duties.
            unsafe { sums.add(kernel, call, 0, call.rows) }
            first += wide * done;
        }
    }

    /// Returns how many rows make a stream: 1 or more.
    fn stream(&self) -> usize {
        let row = self.rows.sources[0].unsigned_abs() * size_of::<T>();
        (STREAM / row.max(1)).max(1)
    }

    /// Returns the arguments for `rows` rows; their length and the sums are still missing.
    fn call(&self, from: &Arrays<T, P>, rows: usize) -> Rows<T> {
        let along = Dim { out: 1, ..self.rows };
        Rows::along(from, (&self.row, 1), (&along, rows), [T::ONE; 2])
    }

    /// As [`call`](Nest::call), for four streams `apart` steps of `dim` apart.
    fn streams(&self, from: &Arrays<T, P>, rows: usize, dim: &Dim<P>, apart: usize) -> Rows<T> {
        let mut call = self.call(from, rows);
        let bytes = (apart * size_of::<T>()).cast_signed();
        call.out_stream = bytes;
        call.x_stream = dim.sources[0] * bytes;
        call.y_stream = dim.sources[P - 1] * bytes;
        call
    }
}
