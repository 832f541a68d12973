//! Forms sums: one of every row, or rows added to a row of sums.

use super::few;
use super::interleave;
use super::lane::Lane;
use super::odometer::{At, Odometer};
use super::rows::{RowKernel, Rows};
use super::sums::{BLOCK, Sums};
use super::sweep::{Arrays, once};
use crate::kernel::{Dim, Dims, Mode};

/// Blocks of sums of short rows are multiples of so many: several rows for each of four streams.
const GRAIN: usize = 64;

/// In fewer bytes than these, streams are too short for the machine's prefetching: rows are read in order.
const NEAR: usize = 16 << 10;

/// Also in fewer bytes than these, if so few rows are added that streams have hardly any, and come from memory.
const NEAR_OF_FEW: usize = 128 << 10;
const FEW_ROWS: usize = 16;

/// The bytes of a source that comes from memory.
const FAR: usize = if cfg!(test) { 64 << 10 } else { 16 << 20 };

/// The length of short rows that are added as one.
const WIDE: usize = 64;

/// The kernels of sums, and how they read memory.
#[derive(Clone, Copy)]
pub(super) struct Streams<T> {
    /// A kernel for one stream of rows, and one for several.
    kernels: [RowKernel<T>; 2],
    /// How many these are.
    count: usize,
    /// The length of each, in bytes: enough for the machine's prefetching, and few pages at a time.
    bytes: usize,
}

impl<T> Streams<T> {
    pub(super) fn four(kernels: [RowKernel<T>; 2]) -> Self {
        Streams { kernels, count: 4, bytes: 1 << 20 }
    }

    /// One stream, of which the kernel fetches what comes next.
    pub(super) fn one(kernel: RowKernel<T>) -> Self {
        Streams { kernels: [kernel; 2], count: 1, bytes: 1 << 20 }
    }

    pub(super) fn two(kernels: [RowKernel<T>; 2]) -> Self {
        Streams { kernels, count: 2, bytes: 4 << 20 }
    }
}

/// The loops of sums.
pub(super) struct Sum<'d, T, const P: usize> {
    /// The first source's adjacent elements.
    row: Dim<P>,
    /// The step between rows: between sums if a row is summed, else a summed one.
    rows: Dim<P>,
    /// How many rows are added as one.
    wide: usize,
    /// The other summed loops.
    summed: &'d [Dim<P>],
    streams: Streams<T>,
    /// In fewer bytes than these rows are read in order.
    near: usize,
}

impl<'d, T: Lane + PartialEq, const P: usize> Sum<'d, T, P> {
    /// Returns the sums over rows, one kept loop of which is `along`, and summed loops, of which the last may be taken
    /// for that between rows. Returns the loop along which sums are formed at once as well.
    pub(super) fn new(
        row: &Dim<P>,
        streams: impl FnOnce(bool, bool) -> Streams<T>,
        kept: &mut Dims<P>,
        summed: &'d mut Dims<P>,
    ) -> (Self, Dim<P>) {
        let (along, rows) = if row.summed {
            let across = kept.pop().unwrap_or(once());
            (across, across)
        } else {
            (*row, summed.pop().unwrap_or(once()))
        };
        let wide = widening(row, &rows);
        let others = kept.iter().chain(&*summed).chain([row, &rows]);
        let bytes = others.fold(size_of::<T>(), |n, d| n.saturating_mul(d.extent));
        let near = if rows.extent < FEW_ROWS && bytes >= FAR { NEAR_OF_FEW } else { NEAR };
        // Several rows with one of the second source find it in a cache.
        let is_of_two = P == 2 && (rows.sources[P - 1] != 0 || rows.extent == 1);
        let streams = streams(is_of_two, bytes >= FAR);
        (Sum { row: *row, rows, wide, summed, streams, near }, along)
    }

    /// Whether the elements of a row are summed.
    pub(super) fn is_across(&self) -> bool {
        self.row.summed
    }

    /// Forms `count` sums from these elements on, and lets them enter the output, at steps of `step`.
    ///
    /// # Safety
    ///
    /// The sources can be read at every point of the loops, but of the loop along only at `count`. The output can be
    /// written there, and holds values unless the mode is an assignment. `buffer` has `2 * BUFFER` elements, and at most
    /// `BUFFER` sums are formed.
    pub(super) unsafe fn form(
        &self,
        buffer: *mut T,
        from: &Arrays<T, P>,
        count: usize,
        step: isize,
        mode: Mode<T>,
    ) {
        // SAFETY: the caller's duties.
        unsafe {
            let mut sums = Sums::new(buffer, self.wide * count, self.results());
            self.sum(&mut sums, from);
            if self.wide > 1 {
                sums.fold(count);
            }
            sums.put(from.out, step, mode);
        }
    }

    /// Returns what the sums that are formed at once should be a multiple of: rows for each of four streams, several if they
    /// are short.
    pub(super) fn grain(&self) -> usize {
        if self.row.extent >= BLOCK { 4 } else { GRAIN }
    }

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

    /// Whether rows are too short for vectors.
    fn is_of_few(&self) -> bool {
        P == 1 && self.row.extent * size_of::<T>() <= few::BYTES
    }

    /// One sum of every row: the streams are groups of rows.
    unsafe fn sum_rows(&self, sums: &mut Sums<T>, from: &Arrays<T, P>) {
        if self.is_of_few() && sums.count >= interleave::LONG {
            let call = self.call(from, sums.count);
            // SAFETY: the caller's duties.
            return unsafe { sums.add_blocks(few::sum_rows, call, self.row.extent, 0) };
        }
        let most = self.stream();
        let Streams { kernels, count: streams, .. } = self.streams;
        let mut first = 0;
        while first < sums.count {
            let left = sums.count - first;
            let count = most.min(left / streams);
            let here = from.within(&self.rows, first, &once(), 0);
            // SAFETY: the caller's duties.
            unsafe {
                if count == 0 {
                    sums.add_blocks(kernels[0], self.call(&here, left), self.row.extent, first);
                    return;
                }
                let call = self.streams(&here, count, &self.rows, count);
                sums.add_blocks(kernels[1], call, self.row.extent, first);
            }
            first += streams * count;
        }
    }

    /// One sum of each of a few rows: the streams are pieces of a row.
    unsafe fn sum_long_rows(&self, sums: &mut Sums<T>, from: &Arrays<T, P>) {
        let Streams { kernels, count: streams, bytes } = self.streams;
        let piece = (self.row.extent / streams).min(bytes / size_of::<T>());
        // Streams at one place in cache lines.
        let piece = piece - piece % GRAIN;
        let mut at = 0;
        while piece >= BLOCK && at + streams * piece <= self.row.extent {
            let here = from.within(&self.row, at, &once(), 0);
            let mut call = self.streams(&here, sums.count, &self.row, piece);
            // All pieces enter the same sum.
            call.out_stream = 0;
            // SAFETY: the caller's duties.
            unsafe { sums.add_blocks(kernels[1], call, piece, 0) }
            at += streams * piece;
        }
        if at < self.row.extent {
            let here = from.within(&self.row, at, &once(), 0);
            let call = self.call(&here, sums.count);
            // SAFETY: the caller's duties.
            unsafe { sums.add_blocks(kernels[0], call, self.row.extent - at, 0) }
        }
    }

    /// A row of sums: the streams are groups of rows, of which `wide` make one.
    unsafe fn add_rows(&self, sums: &mut Sums<T>, from: &Arrays<T, P>) {
        let wide = self.wide;
        let kernels = self.streams.kernels;
        let most = (self.stream() / wide).max(1);
        let bytes = self.rows.extent * self.rows.sources[0].unsigned_abs() * size_of::<T>();
        let streams = if bytes < self.near { 1 } else { 4 };
        let mut first = 0;
        while first < self.rows.extent {
            let left = (self.rows.extent - first) / wide;
            let here = from.within(&self.rows, first, &once(), 0);
            if left == 0 {
                let mut call = self.call(&here, self.rows.extent - first);
                call.len = sums.count / wide;
                // SAFETY: the caller's duties.
                unsafe { sums.add(kernels[0], call, 0, call.rows) }
                return;
            }
            let count = most.min(left / streams).min(sums.room());
            let (kernel, mut call, done) = match count {
                0 => (kernels[0], self.call(&here, left), left),
                _ if streams == 1 => (kernels[0], self.call(&here, count), count),
                _ => {
                    let call = self.streams(&here, count, &self.rows, wide * count);
                    (kernels[1], call, 4 * count)
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
        (self.streams.bytes / row.max(1)).max(1)
    }

    /// Returns the arguments for `rows` rows; their length and the sums are still missing.
    fn call(&self, from: &Arrays<T, P>, rows: usize) -> Rows<T> {
        let along = Dim { out: 1, ..self.rows };
        Rows::along(from, (&self.row, 1), (&along, rows), [T::ONE; 2])
    }

    /// As [`call`](Sum::call), for streams `apart` steps of `dim` apart.
    fn streams(&self, from: &Arrays<T, P>, rows: usize, dim: &Dim<P>, apart: usize) -> Rows<T> {
        let mut call = self.call(from, rows);
        let bytes = (apart * size_of::<T>()).cast_signed();
        call.out_stream = bytes;
        call.x_stream = dim.sources[0] * bytes;
        call.y_stream = dim.sources[P - 1] * bytes;
        call
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
