//! Sums in the making, in a buffer that stays in the first-level cache.
//!
//! Accuracy: a kernel adds at most [`BLOCK`] elements of a row, with 8 or more partial sums of its own, or four
//! elements at once. Its results are added up in groups of about √g, and then the groups, where g is the number of
//! results. So with n terms the error is at most about `(BLOCK / 8 + 2 √n) ε Σ|term|`, and where rows are added to a row
//! `2 √n ε Σ|term|`.

use super::lane::Lane;
use super::rows::{RowKernel, Rows};
use super::sweep::{Arrays, once};
use crate::kernel::{Dim, Mode};

/// The most elements of a row in one call of a kernel.
pub(super) const BLOCK: usize = 4096;

/// The most sums; a buffer has two parts of as many elements.
pub(super) const BUFFER: usize = 4096;

/// The least number of results that are added one after the other.
const GROUP: usize = 128;

/// A row of sums.
pub(super) struct Sums<T> {
    /// The groups of results, added up.
    total: *mut T,
    /// The results of the group in the making; unused if there is only one.
    partial: *mut T,
    /// The number of sums.
    pub(super) count: usize,
    /// Results in this group so far.
    results: usize,
    /// The results of a group; 0 if there is only one.
    group: usize,
}

impl<T: Lane + PartialEq> Sums<T> {
    /// Starts `count` sums at zero, of about `results` results of kernels each.
    ///
    /// # Safety
    ///
    /// `buffer` has `2 * BUFFER` elements, which are used until the sums are put.
    pub(super) unsafe fn new(buffer: *mut T, count: usize, results: usize) -> Self {
        let group = if results <= GROUP { 0 } else { results.isqrt().max(GROUP) };
        let sums =
            Sums { total: buffer, partial: buffer.wrapping_add(BUFFER), count, results: 0, group };
        // SAFETY: the caller's duty; zero bytes are a zero.
        unsafe {
            sums.total.write_bytes(0, count);
            if group != 0 {
                sums.partial.write_bytes(0, count);
            }
        }
        sums
    }

    /// Returns how many results there is room for in the group: 1 or more.
    pub(super) fn room(&self) -> usize {
        if self.group == 0 { usize::MAX } else { self.group - self.results }
    }

    /// Calls a kernel that adds `results` results each to sums from the `first` on.
    ///
    /// # Safety
    ///
    /// The kernel can be called with these arguments, and writes to none but the sums.
    pub(super) unsafe fn add(
        &mut self,
        kernel: RowKernel<T>,
        mut rows: Rows<T>,
        first: usize,
        results: usize,
    ) {
        let sums = if self.group == 0 { self.total } else { self.partial };
        rows.out = sums.wrapping_add(first);
        // SAFETY: the caller's duties.
        unsafe { kernel(&rows) }
        self.results += results;
        if self.group != 0 && self.results >= self.group {
            // SAFETY: the buffer holds the sums.
            unsafe {
                self.finish_group();
                self.partial.write_bytes(0, self.count);
            }
        }
    }

    /// As [`add`](Sums::add), for a kernel that forms the sums of rows of `len` elements. Rows of several blocks are read one
    /// after the other, and the blocks of each as rows of one sum: memory is then read in order, in as few calls as may be.
    ///
    /// # Safety
    ///
    /// As there.
    pub(super) unsafe fn add_blocks(
        &mut self,
        kernel: RowKernel<T>,
        mut rows: Rows<T>,
        len: usize,
        first: usize,
    ) {
        if len <= BLOCK {
            rows.len = len;
            // SAFETY: the caller's duties.
            return unsafe { self.add(kernel, rows, first, 1) };
        }
        let block = (BLOCK * size_of::<T>()).cast_signed();
        let mut row = 0;
        while row < rows.rows.cast_signed() {
            let mut blocks = Rows { out_row: 0, x_row: block, y_row: block, ..rows };
            blocks.x = rows.x.wrapping_byte_offset(row * rows.x_row);
            blocks.y = rows.y.wrapping_byte_offset(row * rows.y_row);
            let sum = first + (row * rows.out_row).cast_unsigned() / size_of::<T>();
            let mut left = len;
            while left > 0 {
                blocks.len = left.min(BLOCK);
                blocks.rows = (left / BLOCK).clamp(1, self.room());
                let done = blocks.rows * blocks.len;
                // SAFETY: the caller's duties, for parts of a row.
                unsafe { self.add(kernel, blocks, sum, blocks.rows) }
                blocks.x = blocks.x.wrapping_add(done);
                blocks.y = blocks.y.wrapping_add(done);
                left -= done;
            }
            row += 1;
        }
    }

    /// Adds up pieces of `len` sums each; as many sums are left.
    ///
    /// # Safety
    ///
    /// The number of sums is a multiple of `len`, and larger.
    pub(super) unsafe fn fold(&mut self, len: usize) {
        // SAFETY: the buffer holds the sums, and a kernel for rows can add to elements that it does not read.
        unsafe {
            if self.group != 0 {
                self.finish_group();
                self.group = 0;
            }
            let pieces = Dim { sources: [len.cast_signed()], ..once() };
            let first =
                Arrays { out: self.total, sources: [self.total.wrapping_add(len).cast_const()] };
            let count = self.count / len - 1;
            (T::ADD[0])(&Rows::along(&first, (&once(), len), (&pieces, count), [T::ONE; 2]));
        }
        self.count = len;
    }

    /// Adds the group to the total.
    unsafe fn finish_group(&mut self) {
        let arrays = Arrays { out: self.total, sources: [self.partial.cast_const()] };
        let call = Rows::along(&arrays, (&once(), self.count), (&once(), 1), [T::ONE; 2]);
        // SAFETY: both parts of the buffer hold the sums.
        unsafe { (T::BLEND)(&call) }
        self.results = 0;
    }

    /// Lets the complete sums enter the output, at steps of `step`.
    ///
    /// # Safety
    ///
    /// The output can be written there, and holds values unless the mode is an assignment.
    pub(super) unsafe fn put(mut self, out: *mut T, step: isize, mode: Mode<T>) {
        if self.group != 0 && self.results > 0 {
            // SAFETY: the buffer holds the sums.
            unsafe { self.finish_group() }
        }
        let arrays = Arrays { out, sources: [self.total.cast_const()] };
        let along = Dim { out: step, sources: [1], ..once() };
        let (kernel, factors) = T::kernel_to_put(step, mode);
        // SAFETY: the caller's duties.
        unsafe { kernel(&Rows::along(&arrays, (&along, self.count), (&once(), 1), factors)) }
    }
}
