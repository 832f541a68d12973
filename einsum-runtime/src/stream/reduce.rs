//! Sums of one source over any of its dims.
//!
//! The dim with the source's adjacent elements makes the rows. If it is summed, whole rows are added up, one sum a row;
//! if it is kept, rows are added to a row of sums. Sums are formed in a buffer in the first-level cache and enter the
//! output when they are complete.
//!
//! Accuracy: a kernel adds at most [`BLOCK`] elements of a row with 8 or more partial sums. Its results are added up in
//! groups of about √g, and the groups' sums after that, where g is the number of results. With n terms the error is
//! at most about `(BLOCK / 8 + 2 √(n / 4)) ε Σ|x|`, and for whole rows `(BLOCK / 8 + 2 √(n / BLOCK)) ε Σ|x|`.

use core::mem::MaybeUninit;

use super::copy::take_smallest;
use super::lane::Lane;
use super::multiply::kernels_to_put;
use super::odometer::Odometer;
use super::rows::Rows;
use super::sweep::{Arrays, once};
use crate::kernel::{Dim, Dims, Mode};

/// Sums in a buffer: 16 KiB, whatever their size.
const SUMS: usize = 4096;
const SUMS_BYTES: usize = 16 << 10;

/// The most elements of a row in one call of a kernel.
const BLOCK: usize = 4096;

/// The least number of results that are added one after the other.
const GROUP: usize = 128;

/// The length of each of four streams, in bytes: enough for the machine's prefetching, and few pages at a time.
const STREAM: usize = 256 << 10;

/// `out[o] = Σ x[s]` over the summed dims, or what `mode` makes of the sum. Returns false, with nothing done, if the
/// source has no adjacent elements.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare); the machine has AVX2.
pub(super) unsafe fn reduce<T: Lane + PartialEq>(
    dims: &mut Dims<1>,
    mut x: *const T,
    mut out: *mut T,
    mode: Mode<T>,
) -> bool {
    if !dims.iter().any(|d| d.sources[0].unsigned_abs() == 1) {
        return false;
    }
    for dim in dims.iter_mut().filter(|d| d.sources[0] < 0) {
        turn(dim, &mut x, &mut out);
    }
    dims.sort_by_key(|d| core::cmp::Reverse(d.sources[0]));
    let row = take_smallest(dims, |d| d.sources[0].unsigned_abs().wrapping_sub(1));
    let (mut kept, mut summed) = (Dims::<1>::new(), Dims::<1>::new());
    for dim in dims.iter() {
        if dim.summed { summed.push(*dim) } else { kept.push(*dim) }
    }
    for group in [&mut kept, &mut summed] {
        group.sort_by_key(|d| core::cmp::Reverse(d.sources[0]));
    }
    // The dim that the sums lie along, and the one that a kernel's rows lie along.
    let (sums, rows) = if row.summed {
        let across = kept.pop().unwrap_or(once());
        (across, across)
    } else {
        (row, summed.pop().unwrap_or(once()))
    };
    let nest = Nest { row, rows, sums, summed: &summed };
    let mut buffers = [const { MaybeUninit::<[T; SUMS]>::uninit() }; 2];
    let [total, partial] = &mut buffers;
    let (total, partial) = (total.as_mut_ptr().cast::<T>(), partial.as_mut_ptr().cast::<T>());
    let mut point = Odometer::new(&kept);
    loop {
        let mut first = 0;
        while first < sums.extent {
            let count = (SUMS_BYTES / size_of::<T>()).min(sums.extent - first);
            let i = first.cast_signed();
            let from = x.wrapping_offset(point.at.sources[0] + i * sums.sources[0]);
            let to = out.wrapping_offset(point.at.out + i * sums.out);
            let mut sum = Sum { total, partial, count, passes: 0, group: 0 };
            // SAFETY: the caller's duties: these sums are points of the kept dims.
            unsafe {
                nest.sum(&mut sum, from);
                sum.put(to, sums.out, mode);
            }
            first += count;
        }
        if !point.advance() {
            return true;
        }
    }
}

/// Runs a loop in the other direction.
fn turn<T>(dim: &mut Dim<1>, x: &mut *const T, out: &mut *mut T) {
    let last = (dim.extent - 1).cast_signed();
    *x = x.wrapping_offset(dim.sources[0] * last);
    *out = out.wrapping_offset(dim.out * last);
    dim.sources[0] = -dim.sources[0];
    dim.out = -dim.out;
}

/// The loops of a sum.
struct Nest<'d> {
    /// The source's adjacent elements.
    row: Dim<1>,
    /// The step between rows.
    rows: Dim<1>,
    /// The step between sums: `rows` if a row is summed, else `row`.
    sums: Dim<1>,
    /// The other summed loops.
    summed: &'d [Dim<1>],
}

impl Nest<'_> {
    /// Forms the sums from `x` on.
    ///
    /// # Safety
    ///
    /// The source can be read at every point of the loops, of `sums` only as many as `sum` has.
    unsafe fn sum<T: Lane + PartialEq>(&self, sum: &mut Sum<T>, x: *const T) {
        let outer: usize = self.summed.iter().map(|d| d.extent).product();
        let inner = if self.row.summed {
            self.row.extent.div_ceil(BLOCK)
        } else {
            self.rows.extent / 4 + 4
        };
        // SAFETY: the sums fit their buffers.
        unsafe { sum.start(outer.saturating_mul(inner)) }
        let mut point = Odometer::new(self.summed);
        loop {
            let x = x.wrapping_offset(point.at.sources[0]);
            // SAFETY: the caller's duties.
            unsafe { if self.row.summed { self.sum_rows(sum, x) } else { self.add_rows(sum, x) } }
            if !point.advance() {
                return;
            }
        }
    }

    /// Adds up whole rows.
    unsafe fn sum_rows<T: Lane + PartialEq>(&self, sum: &mut Sum<T>, x: *const T) {
        let step = self.sums.sources[0];
        let mut row = 0;
        if sum.count < 4 {
            // Few rows: the streams are pieces of a row.
            let piece = self.row.extent.min(4 * STREAM / size_of::<T>()) / 4;
            let mut at = 0;
            while piece >= BLOCK && at + 4 * piece <= self.row.extent {
                let mut rows = self.rows::<T>(x.wrapping_add(at), sum.count, step);
                rows.y_row = bytes::<T>(piece.cast_signed());
                rows.out_step = 0;
                // SAFETY: the caller's duties.
                unsafe { sum.add_blocks(T::SUM_FOUR_ROWS, rows, piece) }
                at += 4 * piece;
            }
            if at < self.row.extent {
                let rest = self.rows(x.wrapping_add(at), sum.count, step);
                // SAFETY: the caller's duties.
                unsafe { sum.add_blocks(T::SUM_ROWS, rest, self.row.extent - at) }
            }
            return;
        }
        let most = stream_rows::<T>(step);
        while row < sum.count {
            let count = most.min((sum.count - row) / 4);
            let (kernel, count, done) = match count {
                0 => (T::SUM_ROWS, sum.count - row, sum.count - row),
                _ => (T::SUM_FOUR_ROWS, count, 4 * count),
            };
            let mut rows = self.rows::<T>(x.wrapping_offset(row.cast_signed() * step), count, step);
            rows.y_row = bytes::<T>(step * count.cast_signed());
            rows.out_step = bytes::<T>(count.cast_signed());
            rows.out = sum.total.wrapping_add(row);
            // SAFETY: the caller's duties.
            unsafe { sum.add_blocks(kernel, rows, self.row.extent) }
            row += done;
        }
    }

    /// Adds rows to the row of sums.
    unsafe fn add_rows<T: Lane + PartialEq>(&self, sum: &mut Sum<T>, x: *const T) {
        let step = self.rows.sources[0];
        let most = stream_rows::<T>(step);
        let mut row = 0;
        while row < self.rows.extent {
            let left = self.rows.extent - row;
            let count = most.min(left / 4).min(sum.room());
            let (kernel, count, done) = match count {
                0 => (T::ADD_ROWS, left, left),
                _ => (T::ADD_FOUR_ROWS, count, 4 * count),
            };
            let mut rows = self.rows::<T>(x.wrapping_offset(row.cast_signed() * step), count, step);
            rows.y_row = bytes::<T>(step * count.cast_signed());
            rows.len = sum.count;
            // SAFETY: the caller's duties.
            unsafe { sum.add(kernel, rows, count) }
            row += done;
        }
    }

    fn rows<T: Lane>(&self, x: *const T, rows: usize, step: isize) -> Rows<T> {
        let arrays = Arrays { out: core::ptr::null_mut(), sources: [x] };
        let (u, v) = (once(), Dim { out: 1, sources: [step], ..once() });
        Rows::along(&arrays, (&u, 1), (&v, rows), [T::ONE; 2])
    }
}

/// Returns how many rows, `step` elements apart, make a stream: 1 or more.
fn stream_rows<T>(step: isize) -> usize {
    (STREAM / bytes::<T>(step).unsigned_abs().max(1)).max(1)
}

fn bytes<T>(elements: isize) -> isize {
    elements * size_of::<T>().cast_signed()
}

/// Sums in the making. Results come in several calls of kernels, each for all or some of the sums.
struct Sum<T> {
    /// Groups of results, added up.
    total: *mut T,
    /// The results of the group in the making; unused if there is only one.
    partial: *mut T,
    /// The number of sums.
    count: usize,
    /// Results in this group so far.
    passes: usize,
    /// The results of a group.
    group: usize,
}

impl<T: Lane + PartialEq> Sum<T> {
    /// Sets the sums to zero, for about `passes` results each.
    unsafe fn start(&mut self, passes: usize) {
        self.group = if passes <= GROUP { usize::MAX } else { passes.isqrt().max(GROUP) };
        // SAFETY: the buffers have room for the sums; zero bytes are a zero.
        unsafe {
            self.total.write_bytes(0, self.count);
            if self.group != usize::MAX {
                self.partial.write_bytes(0, self.count);
            }
        }
    }

    /// Returns how many results the group has room for: 1 or more.
    fn room(&self) -> usize {
        self.group - self.passes
    }

    /// Adds results of a kernel, `passes` to each sum. `rows.out` is null, or a place in the total.
    unsafe fn add(&mut self, kernel: super::rows::RowKernel<T>, mut rows: Rows<T>, passes: usize) {
        let into = if self.group == usize::MAX { self.total } else { self.partial };
        rows.out = if rows.out.is_null() {
            into
        } else {
            into.wrapping_byte_add(rows.out.addr() - self.total.addr())
        };
        // SAFETY: the caller's duties.
        unsafe { kernel(&rows) }
        self.passes += passes;
        if self.passes >= self.group {
            // SAFETY: both buffers hold the sums.
            unsafe {
                self.flush();
                self.partial.write_bytes(0, self.count);
            }
        }
    }

    /// Calls a kernel that adds up rows of `len` elements, a block at a time.
    unsafe fn add_blocks(
        &mut self,
        kernel: super::rows::RowKernel<T>,
        mut rows: Rows<T>,
        len: usize,
    ) {
        let x = rows.x;
        let mut at = 0;
        while at < len {
            rows.len = BLOCK.min(len - at);
            rows.x = x.wrapping_add(at);
            // SAFETY: the caller's duties.
            unsafe { self.add(kernel, rows, 1) }
            at += rows.len;
        }
    }

    /// Adds the group to the total.
    unsafe fn flush(&mut self) {
        let arrays = Arrays { out: self.total, sources: [self.partial.cast_const()] };
        let rows = Rows::along(&arrays, (&once(), self.count), (&once(), 1), [T::ONE; 2]);
        // SAFETY: both buffers hold the sums.
        unsafe { (T::BLEND)(&rows) }
        self.passes = 0;
    }

    /// Lets the sums enter the output.
    unsafe fn put(&mut self, out: *mut T, step: isize, mode: Mode<T>) {
        if self.group != usize::MAX && self.passes > 0 {
            // SAFETY: both buffers hold the sums.
            unsafe { self.flush() }
        }
        let arrays = Arrays { out, sources: [self.total.cast_const()] };
        let along = Dim { out: step, sources: [1], ..once() };
        let (kernels, factors) = kernels_to_put(mode);
        let kernel = if step == 1 { kernels.0 } else { kernels.1 };
        // SAFETY: the caller's duties.
        unsafe { kernel(&Rows::along(&arrays, (&along, self.count), (&once(), 1), factors)) }
    }
}
