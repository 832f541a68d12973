//! Products whose vectors do not end where runs of rows adjacent in C do: sums go through a buffer.
//!
//! ```text
//! for a tile x a strip of columns
//!   sums[column][row] = Σ_k X[..] · Y[..]      whole vectors of rows, whatever lies between these in C
//!   C[..] (+)= sums                            runs of C in vectors of their own
//! ```
//!
//! A run of few rows ends in a vector with idle lanes. That costs all steps of the sum, and here only one: the kernels move
//! vectors too, as the product of sums and 1.

use super::execute::Execution;
use super::loops::{Cursor, points};
use super::sweep::{Cut, Split, sweep};
use crate::kernel::table::{Arguments, ColumnEntry, StepEntry, VectorEntry};

/// The sums of a tile.
pub(super) struct Sums {
    /// The tile's first row.
    pub(super) row: usize,
    /// The rows of a run that is adjacent in C.
    pub(super) adjacent: usize,
}

impl Execution<'_> {
    /// Runs a tile of `count` vectors in a panel against a strip of columns.
    ///
    /// # Safety
    ///
    /// As [`execute`](super::execute::execute): `arguments` point to the panel, `vectors` has `count` entries, `columns` those
    /// of the cut, which are at most a strip.
    pub(super) unsafe fn collect(
        &mut self,
        sums: &Sums,
        vectors: *const VectorEntry,
        count: usize,
        columns: *const ColumnEntry,
        cut: &Cut,
    ) {
        let unit = self.machine.unit;
        let tile = self.machine.kernels.broadcast.len();
        let pitch = tile * self.machine.vector_bytes();
        let mut j = 0;
        let columns_of_strip = cut.split.count();
        while j < columns_of_strip {
            // SAFETY: the table has room for a strip.
            unsafe {
                let entry = ColumnEntry { y: (*columns.add(j)).y, c: (j * pitch).cast_signed() };
                self.strip.add(j).write(entry);
            }
            j += 1;
        }
        let buffer = self.collected;
        let rows = (sums.row * unit).cast_signed();
        let mut forming =
            Arguments { c: buffer.wrapping_offset(-rows), finish: 0, ..self.arguments };
        let cut = Cut { pairs: None, ..*cut };
        // SAFETY: the caller's duties; the buffer has room for a tile and a strip.
        unsafe { sweep(&self.kernels, &mut forming, vectors, count, self.strip, &cut) };

        // SAFETY: the table has room for a vector for every row.
        let pieces = unsafe { self.fill_pieces(sums, count) };
        let step = StepEntry { x: 0, y: 0 };
        let narrow = self.task.one as u32;
        let one = match self.machine.kernels.element {
            4 => (&raw const narrow).cast::<u8>(),
            _ => (&raw const self.task.one).cast(),
        };
        let one_column = Split::of(1).into();
        let steps = &raw const step;
        let mut moving = Arguments { steps, steps_end: steps.wrapping_add(1), ..self.arguments };
        let mut j = 0;
        while j < columns_of_strip {
            let column = columns.wrapping_add(j);
            moving.x = buffer.wrapping_add(j * pitch);
            // SAFETY: there are as many columns.
            moving.y = one.wrapping_offset(-unsafe { (*column).y });
            let mut i = 0;
            while i < pieces {
                let count = tile.min(pieces - i);
                // SAFETY: the caller's duties, for elements of C; the sums are complete.
                unsafe {
                    let pieces = self.pieces.add(i);
                    sweep(&self.kernels, &mut moving, pieces, count, column, &one_column);
                }
                i += count;
            }
            j += 1;
        }
    }

    /// Fills the table of vectors that a tile's sums are moved in, and returns their number.
    ///
    /// # Safety
    ///
    /// The table has room for them.
    unsafe fn fill_pieces(&mut self, sums: &Sums, vectors: usize) -> usize {
        let machine = self.machine;
        let run = &self.plan.run;
        let width = machine.rows_of_vector();
        let rows = (vectors * width).min(points(run) - sums.row);
        let mut cursor = Cursor::at(run, sums.row);
        let (mut row, mut filled) = (0, 0);
        while row < rows {
            let left_of_run = sums.adjacent - (sums.row + row) % sums.adjacent;
            let count = width.min(left_of_run).min(rows - row);
            let entry = VectorEntry {
                x: (row * machine.unit).cast_signed(),
                c: cursor.c,
                mask: (machine.kernels.mask)(count * machine.steps_of_point()),
            };
            // SAFETY: the caller's duties.
            unsafe { self.pieces.add(filled).write(entry) };
            filled += 1;
            row += count;
            cursor = Cursor::at(run, sums.row + row);
        }
        filled
    }
}
