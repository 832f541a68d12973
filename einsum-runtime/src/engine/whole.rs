//! Products of two matrices of any size, also batches of them, whose rows are adjacent in X and in C, on X as it lies in memory.
//!
//! ```text
//! for every batch point
//!   for a block of steps, for a tile of rows     the kernels of one small product after the other
//!     for every tile of columns
//! ```
//!
//! These kernels have more sums in registers than those that read tables and make do with what the second-level cache brings, so
//! that X need not be packed, unless its steps are where they push each other out of that cache, or Y is larger than the processor
//! can read again and again. What comes from farther away is fetched while the tile of rows before it is worked on.

use core::ops::Range;

use super::blocks::{STEPS, STEPS_STREAMED, STEPS_WHOLE, STREAMED, block};
use super::choose::packs_x;
use super::each::Each;
use super::kept;
use super::loops::{Cursor, Loop, Loops, points};
use super::machine::Machine;
use super::matrices::{Matrices, ONCE};
use super::parts::nanoseconds;
use super::sums::Entry;
use crate::kernel::batch::{BatchSet, COLUMNS};
use crate::kernel::level::reads_far_slowly;
use crate::kernel::table::ADD;
use crate::threads::{self, Grid, Shared};

/// Bytes so far apart share a set of a second-level cache, of this many ways.
const PERIOD: usize = 64 << 10;
const WAYS: usize = 16;

/// The fewest rows, in vectors, and columns.
const ROWS_LEAST: usize = 2;
const COLUMNS_LEAST: usize = if cfg!(test) { 3 } else { 24 };

/// The most bytes of C, of which every block of steps reads all, and of what a block of steps reads of Y, which every tile of rows
/// does, if there are two blocks, and if there are more: from there on it is better to pack X for sums of several blocks.
const MOST_OF_C: usize = if cfg!(test) { 8 << 10 } else { 8 << 20 };
const MOST_OF_Y: [usize; 2] = if cfg!(test) { [48 << 10, 12 << 10] } else { [4 << 20, 2 << 20] };

/// The bytes of a block of X or Y that a second-level cache does not hold. Processors that read far slowly wait for such a Y, of
/// which every tile of rows reads all, if X is as large: there it is better to pack X, and to read a strip of Y once for many tiles.
const FAR: usize = if cfg!(test) { 16 << 10 } else { 1 << 20 };

/// As many of a Y whose steps are not adjacent, of which blocks are best [copied](super::near).
const FAR_APART: usize = if cfg!(test) { 2 << 10 } else { 256 << 10 };

/// The bytes of an X, and of a part of Y, that stay in a second-level cache together.
const NEAR_X: usize = 128 << 10;
const NEAR_Y: usize = if cfg!(test) { 1 } else { 128 << 10 };

/// The fewest steps for which a tile of rows outgrows a first-level cache, and the fewest columns that are worth packing it, where
/// its vectors cross cache lines: on processors that read far slowly that takes twice as long.
const STEPS_CROSSING: usize = if cfg!(test) { 8 } else { 256 };
const COLUMNS_CROSSING: usize = if cfg!(test) { 4 } else { 192 };

/// A C of so many bytes stays in a second-level cache beside what blocks of steps read: for processors that read far slowly these
/// have as many steps as an X that is [kept].
const NEAR_C: usize = if cfg!(test) { 8 << 10 } else { 768 << 10 };

/// Few rows, in vectors: two tiles.
const FEW_ROWS: usize = 6;

/// The columns of a part: several tiles, whose X stays in the cache.
const PART: usize = if cfg!(test) { COLUMNS } else { 8 * COLUMNS };

/// Returns how many columns all tiles of rows are run against, one after the other: a part of a Y that is read from afar, so that it
/// is read from there once, if X is small.
fn block_of_columns(machine: &Machine, m: &Loop, n: &Loop, steps: usize) -> usize {
    let tile = 3 * machine.rows_of_vector();
    let step = steps.saturating_mul(machine.unit);
    let is_read_again = m.extent > tile && n.extent.saturating_mul(step) >= FAR;
    if !is_read_again || m.extent.saturating_mul(step) > NEAR_X {
        return n.extent;
    }
    (NEAR_Y / step).next_multiple_of(COLUMNS).max(COLUMNS)
}

/// Products of a batch.
pub(super) struct Whole {
    m: Loop,
    n: Loop,
    k: Loop,
    batch: Loops,
    kernels: &'static BatchSet,
    /// The steps of a block.
    step_block: usize,
}

impl Whole {
    /// Returns the products, if the kernels take them as they lie.
    pub(super) fn of(machine: &Machine, matrices: &Matrices) -> Option<Self> {
        let kernels = machine.batch?;
        let Matrices { m, n, k, .. } = *matrices;
        let unit = machine.unit.cast_signed();
        let is_large =
            m.extent >= ROWS_LEAST * machine.rows_of_vector() && n.extent >= COLUMNS_LEAST;
        let bytes = m.extent.saturating_mul(n.extent).saturating_mul(machine.unit);
        if kernels.tall.is_none()
            || bytes >= STREAMED && k.extent <= STEPS_STREAMED
            || machine.steps_of_point() > 1
            || !matrices.is_plain()
            || !is_large
            || k.extent == 1
            || m.c != unit
        {
            return None;
        }
        // Columns that follow each other are fetched ahead as a whole: for few rows, it is better to read all of their steps at once.
        let is_y_whole = k.y == unit && n.y == unit.saturating_mul(k.extent.cast_signed());
        let has_few_rows = m.extent <= FEW_ROWS * machine.rows_of_vector();
        let is_near = bytes <= NEAR_C && !(is_y_whole && has_few_rows && k.extent <= STEPS_WHOLE);
        let extents = [m.extent, n.extent, block(k.extent, kept::STEPS)];
        let keeps_x = is_near && kept::is_kept(machine, kernels, extents);
        if m.x != unit && !(keeps_x && k.x == unit) {
            return None;
        }
        let most_steps = match k.extent {
            _ if keeps_x => kept::STEPS,
            ..=STEPS_WHOLE => STEPS_WHOLE,
            _ => STEPS,
        };
        let step_block = block(k.extent, most_steps);
        let y_bytes = n.extent.saturating_mul(step_block * machine.unit);
        let most_of_y = MOST_OF_Y[usize::from(k.extent > 2 * step_block)];
        if k.extent > step_block && (bytes > MOST_OF_C || y_bytes > most_of_y) {
            return None;
        }
        let x_bytes = m.extent.saturating_mul(step_block * machine.unit);
        let is_y_apart =
            k.y != unit && y_bytes >= if packs_x(machine, &k, n.extent) { FAR_APART } else { FAR };
        if reads_far_slowly() && (is_y_apart || y_bytes >= FAR && x_bytes >= FAR) {
            return None;
        }
        // The lines of a tile at one step share a set with those of every step that is a multiple of `PERIOD` away.
        let sets = PERIOD >> k.x.trailing_zeros().min(PERIOD.trailing_zeros());
        if step_block > WAYS * sets {
            return None;
        }
        Some(Whole { m, n, k, batch: matrices.batch_loops(), kernels, step_block })
    }

    /// Whether the vectors of X, which is at an address, are better packed.
    pub(super) fn crosses_lines(&self, machine: &Machine, x: usize) -> bool {
        let line = machine.vector_bytes();
        let is_aligned = x.is_multiple_of(line) && self.k.x.unsigned_abs().is_multiple_of(line);
        reads_far_slowly()
            && !is_aligned
            && self.step_block >= STEPS_CROSSING
            && self.n.extent >= COLUMNS_CROSSING
            && packs_x(machine, &self.k, self.n.extent)
    }

    /// Runs the products, on several threads if it is worth it.
    ///
    /// # Safety
    ///
    /// As [`contract`](super::contract()), for the dims that the products were made from.
    pub(super) unsafe fn run(&self, machine: &Machine, entry: Entry) {
        let Whole { m, n, k, batch, .. } = self;
        let results = points(batch).saturating_mul(m.extent).saturating_mul(n.extent);
        let bytes = results.saturating_mul(machine.unit);
        let products = results.saturating_mul(k.extent);
        let pieces = threads::pieces(nanoseconds(machine, products, bytes));
        if pieces == 1 {
            // SAFETY: the caller's duties.
            return unsafe { self.run_products(machine, entry, 0..points(batch), [*m, *n]) };
        }
        // Rows in whole tiles.
        let tile = 3 * machine.rows_of_vector();
        let grid = Grid::of([points(batch), m.extent, n.extent], [1, tile, PART], pieces);
        // SAFETY: besides the pointers to elements there are only numbers.
        let entry = unsafe { Shared::new(entry) };
        threads::each(grid.pieces(), &|piece| {
            let [products, rows, columns] = grid.piece(piece);
            let (row, column) = (rows.start.cast_signed(), columns.start.cast_signed());
            let whole = entry.get();
            let entry = Entry {
                x: whole.x.wrapping_offset(row * m.x),
                y: whole.y.wrapping_offset(column * n.y),
                c: whole.c.wrapping_offset(row * m.c + column * n.c),
                ..whole
            };
            let m = Loop { extent: rows.len(), ..*m };
            let n = Loop { extent: columns.len(), ..*n };
            // SAFETY: the caller's duties; parts write different elements.
            unsafe { self.run_products(machine, entry, products, [m, n]) }
        });
    }

    /// Runs some rows and columns of some products, on this thread.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn run_products(
        &self,
        machine: &Machine,
        entry: Entry,
        products: Range<usize>,
        [m, n]: [Loop; 2],
    ) {
        let mut cursor = Cursor::at(&self.batch, products.start);
        let mut left = products.len();
        while left > 0 {
            let entry = Entry {
                x: entry.x.wrapping_offset(cursor.x),
                y: entry.y.wrapping_offset(cursor.y),
                c: entry.c.wrapping_offset(cursor.c),
                ..entry
            };
            // SAFETY: the caller's duties.
            unsafe { self.run_part(machine, entry, m, n) };
            cursor.advance(1);
            left -= 1;
        }
    }

    /// Runs some rows and columns of a product.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn run_part(&self, machine: &Machine, mut entry: Entry, m: Loop, n: Loop) {
        let mut left = self.k.extent;
        while left > 0 {
            let steps = self.step_block.min(left);
            let k = Loop { extent: steps, ..self.k };
            let columns = block_of_columns(machine, &m, &n, steps);
            let mut column = 0;
            while column < n.extent {
                let n = Loop { extent: columns.min(n.extent - column), ..n };
                let after = if left > steps { steps.cast_signed() * k.x } else { 0 };
                let each = Each { m, n, k, batch: ONCE, exchanged: false, after };
                let first = column.cast_signed();
                let y = entry.y.wrapping_offset(first * n.y);
                let c = entry.c.wrapping_offset(first * n.c);
                // SAFETY: the caller's duties: a part of the steps and columns.
                unsafe { each.run(machine, self.kernels, Entry { y, c, ..entry }) };
                column += columns;
            }
            entry.x = entry.x.wrapping_offset(steps.cast_signed() * k.x);
            entry.y = entry.y.wrapping_offset(steps.cast_signed() * k.y);
            // The sums of further steps are added.
            entry.finish |= ADD;
            entry.beta = entry.one;
            left -= steps;
        }
    }
}
