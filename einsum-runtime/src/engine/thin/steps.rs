//! The lanes are steps, adjacent in X and in Y: a sum for every lane, in a buffer, and then the sums of these.
//!
//! ```text
//! for a block of rows                        sums that stay in the first-level cache
//!   for a block of steps                     columns that stay there as well
//!     for a tile of rows                     runs of X
//!       for every tile of columns
//!   sums across lanes into C
//! ```

use super::super::blocks::block;
use super::super::loops::Loop;
use super::super::machine::Machine;
use super::super::many::Entry;
use super::super::scratch::{LINE, Scratch, with_scratch};
use super::super::sweep::Split;
use crate::kernel::batch::{Dots, DotsArguments};
use crate::kernel::packing::Pair;
use crate::kernel::table::{ADD, Arguments, ColumnEntry, StepEntry, VectorEntry};

/// The fewest rows, and the fewest vectors of steps.
const ROWS_LEAST: usize = if cfg!(test) { 5 } else { 32 };
const VECTORS_LEAST: usize = if cfg!(test) { 1 } else { 8 };

/// The most columns: with more, each row of X is used so often that it is worth packing. If X does not stay in the caches, it is
/// so later.
const COLUMNS: usize = if cfg!(test) { 9 } else { 8 };
const COLUMNS_FAR: usize = 16;
const FAR: usize = 12 << 20;

/// The processor finds rows of more bytes by itself, if they are not far away.
const SHORT: usize = 2 << 10;

/// The bytes of sums, and of a block of Y.
const SUMS: usize = if cfg!(test) { 3 << 10 } else { 16 << 10 };
const BLOCK: usize = if cfg!(test) { 1 << 10 } else { 24 << 10 };

/// The most bytes of Y, which is packed.
const PACKED: usize = 1 << 20;

/// How the products are run.
pub(super) struct Steps {
    dots: Dots,
    /// The rows of a block, whole tiles.
    row_block: usize,
    /// The vectors of steps of a block.
    step_block: usize,
    /// Whether columns are adjacent in C.
    is_turned: bool,
    /// Whether the rows of the next tile are fetched ahead.
    fetches: bool,
    /// The bytes of a packed Y.
    packed: usize,
}

/// The tables of a product, and its sums.
struct Tables {
    vectors: *mut VectorEntry,
    columns: *mut ColumnEntry,
    steps: *mut StepEntry,
    /// `sums[column][row][lane]`.
    sums: *mut u8,
    /// `y[vector of steps][column][lane]`.
    y: *mut u8,
    ones: *mut u64,
}

impl Steps {
    /// Returns how, if steps are adjacent, and rows are many and long. `adds`: as in [`Thin::of`](super::Thin::of).
    pub(super) fn of(machine: &Machine, [m, n, k]: [&Loop; 3], adds: bool) -> Option<Self> {
        let dots = machine.batch?.dots?;
        let unit = machine.unit.cast_signed();
        let vectors = k.extent / machine.kernels.width;
        let is_turned = m.c != unit;
        let row_bytes = k.extent.saturating_mul(machine.unit);
        let is_far = row_bytes.saturating_mul(m.extent) >= FAR;
        let packed = row_bytes.saturating_add(machine.vector_bytes()).saturating_mul(n.extent);
        if k.x != unit
            || k.y != unit
            || adds
            || is_turned && n.c != unit
            || m.extent < ROWS_LEAST
            || n.extent > if is_far { COLUMNS_FAR } else { COLUMNS }
            || vectors < VECTORS_LEAST
            || packed > PACKED
        {
            return None;
        }
        let tile = machine.kernels.lanes.len();
        let row_block = (SUMS / (n.extent * machine.vector_bytes()) / tile).max(1) * tile;
        let most = (BLOCK / (n.extent.max(tile) * machine.vector_bytes())).max(1);
        let step_block = block(vectors, most);
        let fetches = is_far || row_bytes <= SHORT;
        Some(Steps { dots, row_block, step_block, is_turned, fetches, packed })
    }

    /// The rows that parts for threads begin at multiples of.
    pub(super) fn grain(&self) -> usize {
        self.row_block
    }

    /// Runs a product.
    ///
    /// # Safety
    ///
    /// As [`Thin::run`](super::Thin::run).
    pub(super) unsafe fn run(
        &self,
        machine: &Machine,
        [m, n, k]: [&Loop; 3],
        entry: Entry,
        one: u64,
    ) {
        let vector = machine.vector_bytes();
        let tile = machine.kernels.lanes.len();
        let sums = self.row_block * n.extent * vector;
        let bytes = Scratch::size::<VectorEntry>(tile)
            + Scratch::size::<ColumnEntry>(n.extent)
            + Scratch::size::<StepEntry>(self.step_block)
            + Scratch::size::<u8>(sums)
            + Scratch::size::<Pair>(self.step_block)
            + Scratch::size::<u8>(self.packed)
            + LINE;
        with_scratch(bytes, |mut scratch| {
            let tables = Tables {
                vectors: scratch.take(tile),
                columns: scratch.take(n.extent),
                steps: scratch.take(self.step_block),
                sums: scratch.take(sums),
                y: scratch.take(self.packed),
                ones: scratch.take(LINE / 8),
            };
            let places: *mut Pair = scratch.take(self.step_block);
            // SAFETY: the tables have room for what is written.
            unsafe {
                let mut i = 0;
                while i < n.extent {
                    let y = (i * vector).cast_signed();
                    let c = (i * self.row_block * vector).cast_signed();
                    tables.columns.add(i).write(ColumnEntry { y, c });
                    i += 1;
                }
                i = 0;
                while i < self.step_block {
                    let x = (i * vector).cast_signed();
                    let y = (i * n.extent * vector).cast_signed();
                    tables.steps.add(i).write(StepEntry { x, y });
                    places.add(i).write([x, 0]);
                    i += 1;
                }
                self.pack(machine, [n, k], entry.y, &tables, places);
                let twice = if machine.unit == 4 { one | one << 32 } else { one };
                i = 0;
                while i < LINE / 8 {
                    tables.ones.add(i).write(twice);
                    i += 1;
                }
            }
            let mut row = 0;
            while row < m.extent {
                let rows = self.row_block.min(m.extent - row);
                let entry = Entry {
                    x: entry.x.wrapping_offset(row.cast_signed() * m.x),
                    c: entry.c.wrapping_offset(row.cast_signed() * m.c),
                    ..entry
                };
                let m = Loop { extent: rows, ..*m };
                // SAFETY: the caller's duties, for some of the rows; the tables have been filled.
                unsafe {
                    self.sums(machine, [&m, n, k], entry, one, &tables);
                    self.across_lanes(machine, [&m, n], entry, &tables);
                }
                row += rows;
            }
        });
    }

    /// Packs Y: its vectors are then aligned, as those of X may not be, and in the order in which they are read.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); `places` are those of the vectors of a block of steps.
    unsafe fn pack(
        &self,
        machine: &Machine,
        [n, k]: [&Loop; 2],
        y: *const u8,
        tables: &Tables,
        places: *const Pair,
    ) {
        let width = machine.kernels.width;
        let vector = machine.vector_bytes();
        let between = (n.extent * vector).cast_signed();
        let mut step = 0;
        while step < k.extent {
            let whole = self.step_block.min((k.extent - step) / width);
            let (vectors, lanes) = if whole > 0 { (whole, width) } else { (1, k.extent - step) };
            let at = step * machine.unit;
            let mut column = 0;
            while column < n.extent {
                let to = tables.y.wrapping_add(at * n.extent + column * vector);
                let from = y.wrapping_offset(column.cast_signed() * n.y).wrapping_add(at);
                // SAFETY: the caller's duties.
                unsafe {
                    (machine.packing.copy)(
                        to,
                        from,
                        places,
                        vectors,
                        lanes * machine.unit,
                        between,
                    );
                }
                column += 1;
            }
            step += vectors * lanes;
        }
    }

    /// Forms the sums of every lane for a block of rows.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn sums(
        &self,
        machine: &Machine,
        [m, n, k]: [&Loop; 3],
        entry: Entry,
        one: u64,
        tables: &Tables,
    ) {
        let width = machine.kernels.width;
        let vector = machine.vector_bytes();
        let tile = machine.kernels.lanes.len();
        let split = Split::of(n.extent);
        // The rows of the next tile.
        let next = if self.fetches { tile.cast_signed() * m.x } else { 0 };
        let mut step = 0;
        while step < k.extent {
            let whole = self.step_block.min((k.extent - step) / width);
            // Steps that do not fill a vector come last.
            let (vectors, lanes) = if whole > 0 { (whole, width) } else { (1, k.extent - step) };
            let at = step * machine.unit;
            let mut arguments = Arguments {
                x: entry.x,
                y: tables.y.wrapping_add(at * n.extent),
                c: tables.sums,
                vectors: tables.vectors,
                columns: tables.columns,
                steps: tables.steps,
                steps_end: tables.steps.wrapping_add(vectors),
                tiles: 0,
                finish: if step == 0 { 0 } else { ADD },
                alpha: one,
                beta: one,
                x_ahead: 0,
                y_ahead: 0,
                y_ahead_step: 0,
                y_apart: 0,
                c_apart: 0,
            };
            let mut i = 0;
            while i < tile {
                let c = (i * vector).cast_signed();
                let mask = (machine.kernels.mask)(lanes);
                // SAFETY: the table has room for a tile.
                unsafe {
                    tables.vectors.add(i).write(VectorEntry { x: i.cast_signed() * m.x, c, mask });
                }
                i += 1;
            }
            let mut row = 0;
            while row < m.extent {
                let count = tile.min(m.extent - row);
                arguments.x = entry.x.wrapping_offset(row.cast_signed() * m.x).wrapping_add(at);
                arguments.c = tables.sums.wrapping_add(row * vector);
                arguments.columns = tables.columns;
                let kernels = &machine.kernels.lanes[count - 1];
                let (columns, narrow) = (split.columns, split.narrow - 1);
                // Only the last tile fetches what comes after it: then others find it, and units that multiply do not wait.
                for (tiles, columns, x_ahead) in
                    [(split.wide, columns + 1, 0), (narrow, columns, 0), (1, columns, next)]
                {
                    if tiles > 0 {
                        (arguments.tiles, arguments.x_ahead) = (tiles, x_ahead);
                        // SAFETY: the caller's duties; each call advances `columns`.
                        unsafe { kernels[columns - 1](&mut arguments) };
                    }
                }
                row += count;
            }
            step += vectors * lanes;
        }
    }

    /// Adds up the lanes of a block of rows.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); the sums of every lane are complete.
    unsafe fn across_lanes(
        &self,
        machine: &Machine,
        [m, n]: [&Loop; 2],
        entry: Entry,
        tables: &Tables,
    ) {
        let row = machine.vector_bytes().cast_signed();
        let column = row * self.row_block.cast_signed();
        let ([rows, x_row], [products, x_product], c_product) = if self.is_turned {
            ([n.extent, column.unsigned_abs()], [m.extent, row.unsigned_abs()], m.c)
        } else {
            ([m.extent, row.unsigned_abs()], [n.extent, column.unsigned_abs()], n.c)
        };
        let arguments = DotsArguments {
            x: tables.sums,
            y: tables.ones.cast(),
            c: entry.c,
            products,
            rows,
            whole: 0,
            mask: (machine.kernels.mask)(machine.kernels.width),
            alpha: entry.alpha,
            x_product: x_product.cast_signed(),
            y_product: 0,
            c_product,
            x_row: x_row.cast_signed(),
        };
        // SAFETY: the caller's duties; results are distinct elements of C.
        unsafe { (self.dots)(&arguments) };
    }
}
