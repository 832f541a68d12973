//! The lanes are steps, adjacent in X: a sum for every lane, in a buffer, and then the sums of these.
//!
//! ```text
//! for a block of rows                        sums that stay in the first-level cache
//!   for a block of steps                     columns that stay there as well
//!     for a tile of columns
//!       for every tile of rows               runs of X
//!   sums across lanes into C
//! ```

use super::super::blocks::block;
use super::super::loops::{Loop, points};
use super::super::machine::Machine;
use super::super::scratch::{LINE, Scratch, with_scratch};
use super::super::sums::Entry;
use super::super::sweep::Split;
use crate::kernel::batch::{
    COLUMNS as COLUMNS_OF_TILE, Dots, DotsArguments, StepsArguments, StepsOf, Transpose,
};
use crate::kernel::packing::Pair;

/// The fewest rows, and the fewest vectors of steps.
const ROWS_LEAST: usize = if cfg!(test) { 5 } else { 32 };
const VECTORS_LEAST: usize = if cfg!(test) { 1 } else { 8 };
/// With many columns, sums across lanes take longer than to pack X.
const VECTORS_MORE: usize = if cfg!(test) { 1 } else { 32 };

/// X of so many bytes does not stay in the caches.
const FAR: usize = 12 << 20;

/// The processor finds rows of more bytes by itself, if they are not far away.
const SHORT: usize = 2 << 10;

/// The bytes of sums, and of a block of Y.
const SUMS: usize = if cfg!(test) { 3 << 10 } else { 32 << 10 };
const BLOCK: usize = if cfg!(test) { 1 << 10 } else { 32 << 10 };

/// Rows of a block are a multiple of those of every tile.
const TILE: usize = 12;

/// The most bytes of Y, which is packed.
const PACKED: usize = 1 << 20;

/// How the products are run.
pub(super) struct Steps {
    kernels: &'static [StepsOf; COLUMNS_OF_TILE],
    dots: Dots,
    transpose: Transpose,
    /// The rows of a block, whole tiles.
    row_block: usize,
    /// The whole vectors of steps of a block.
    step_block: usize,
    /// Whether every row of X begins in a cache line where the others do: some lanes then come before all whole vectors.
    is_aligned: bool,
    /// Whether columns are adjacent in C.
    is_turned: bool,
    /// Whether the rows of the next tile are fetched ahead.
    fetches: bool,
    /// The bytes of a packed Y.
    packed: usize,
}

/// Steps in vectors: the last lanes of one, whole vectors, and the first lanes of one.
///
/// Every `width` steps are in the same lane, wherever whole vectors begin. In the end lanes are turned to where they would be without a
/// head: bits of results do not depend on where X lies.
#[derive(Clone, Copy)]
struct Cut {
    head: usize,
    whole: usize,
    rest: usize,
}

/// What a product takes of the scratch.
struct Buffers {
    /// `sums[column][row][lane]`.
    sums: *mut u8,
    /// `y[vector of steps][column][lane]`.
    y: *mut u8,
    ones: *mut u64,
    /// Where lanes come from that are turned.
    turn: *mut u8,
}

impl Steps {
    /// Returns how, if steps are adjacent, and rows are many and long. `adds`: as in [`Thin::of`](super::Thin::of).
    pub(super) fn of(
        machine: &Machine,
        [m, n, k]: [&Loop; 3],
        batch: &[Loop],
        adds: bool,
    ) -> Option<Self> {
        let kernels = machine.batch?;
        let (steps, dots) = (kernels.steps.as_ref()?, kernels.dots?);
        let unit = machine.unit.cast_signed();
        let (width, vector) = (machine.kernels.width, machine.vector_bytes());
        let vectors = k.extent / width;
        let is_turned = m.c != unit;
        let row_bytes = k.extent.saturating_mul(machine.unit);
        let bytes = points(batch).saturating_mul(m.extent).saturating_mul(row_bytes);
        let is_far = bytes >= FAR;
        // A vector more before all, and one after them.
        let packed = vectors.saturating_add(2).saturating_mul(vector).saturating_mul(n.extent);
        if k.x != unit
            || k.y != unit && n.y != unit
            || adds
            || is_turned && n.c != unit
            || m.extent < ROWS_LEAST
            || vectors < if n.extent > 2 * COLUMNS_OF_TILE { VECTORS_MORE } else { VECTORS_LEAST }
            || packed > PACKED
        {
            return None;
        }
        let row_block = (SUMS / (n.extent * vector) / TILE).max(1) * TILE;
        let step_block = block(vectors, (BLOCK / (n.extent * vector)).max(1));
        let is_aligned = m.x.unsigned_abs().is_multiple_of(LINE);
        let fetches = is_far || row_bytes <= SHORT;
        Some(Steps {
            kernels: steps,
            dots,
            transpose: kernels.transpose,
            row_block,
            step_block,
            is_aligned,
            is_turned,
            fetches,
            packed,
        })
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
    pub(super) unsafe fn run(&self, machine: &Machine, [m, n, k]: [&Loop; 3], entry: Entry) {
        let vector = machine.vector_bytes();
        let sums = self.row_block * n.extent * vector;
        let vectors = self.packed / vector / n.extent;
        let bytes = Scratch::size::<u8>(sums)
            + Scratch::size::<Pair>(vectors)
            + Scratch::size::<u8>(self.packed)
            + 2 * LINE;
        with_scratch(bytes, |mut scratch| {
            let buffers = Buffers {
                sums: scratch.take(sums),
                y: scratch.take(self.packed),
                ones: scratch.take(LINE / 8),
                turn: scratch.take(LINE),
            };
            let places: *mut Pair = scratch.take(vectors);
            let cut = self.cut(machine, k.extent, entry.x);
            // SAFETY: the buffers have room for what is written.
            unsafe {
                let mut i = 0;
                while i < vectors {
                    places.add(i).write([(i * vector).cast_signed(), 0]);
                    i += 1;
                }
                self.pack(machine, [n, k], cut, entry.y, &buffers, places);
                self.fill_turn(machine, cut, buffers.turn);
                let twice = if machine.unit == 4 { entry.one | entry.one << 32 } else { entry.one };
                i = 0;
                while i < LINE / 8 {
                    buffers.ones.add(i).write(twice);
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
                // SAFETY: the caller's duties, for some of the rows; Y has been packed.
                unsafe {
                    self.sums(machine, [&m, n], cut, entry.x, &buffers);
                    self.across_lanes(machine, [&m, n], entry, &buffers);
                }
                row += rows;
            }
        });
    }

    /// Cuts steps into vectors, of which whole ones begin with a cache line of X if they can.
    fn cut(&self, machine: &Machine, steps: usize, x: *const u8) -> Cut {
        let width = machine.kernels.width;
        let before = (x.addr().next_multiple_of(LINE) - x.addr()) / machine.unit;
        let head = if self.is_aligned { before % width } else { 0 };
        Cut { head, whole: (steps - head) / width, rest: (steps - head) % width }
    }

    /// Writes where lanes come from when they are turned.
    ///
    /// # Safety
    ///
    /// A vector can be written.
    unsafe fn fill_turn(&self, machine: &Machine, cut: Cut, to: *mut u8) {
        let width = machine.kernels.width;
        let mut lane = 0;
        while lane < width {
            let from = (lane + width - cut.head) % width;
            let place = to.wrapping_add(lane * machine.unit);
            // SAFETY: the caller's duty: as many integers of an element's size.
            unsafe {
                match machine.unit {
                    4 => place.cast::<u32>().write(from as u32),
                    _ => place.cast::<u64>().write(from as u64),
                }
            }
            lane += 1;
        }
    }

    /// Packs Y in the order in which it is read.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); `places` are those of the vectors of a column.
    unsafe fn pack(
        &self,
        machine: &Machine,
        [n, k]: [&Loop; 2],
        cut: Cut,
        y: *const u8,
        buffers: &Buffers,
        places: *const Pair,
    ) {
        let (width, vector) = (machine.kernels.width, machine.vector_bytes());
        let between = (n.extent * vector).cast_signed();
        let mut at = 0;
        let mut step: usize = 0;
        for (vectors, lanes) in [(1, cut.head), (cut.whole, width), (1, cut.rest)] {
            if vectors * lanes == 0 {
                continue;
            }
            let before = if step == 0 { vector - lanes * machine.unit } else { 0 };
            let to = buffers.y.wrapping_add(at * n.extent * vector + before);
            let from = y.wrapping_offset(step.cast_signed() * k.y);
            if k.y == machine.unit.cast_signed() {
                let mut column = 0;
                while column < n.extent {
                    let to = to.wrapping_add(column * vector);
                    let from = from.wrapping_offset(column.cast_signed() * n.y);
                    let bytes = lanes * machine.unit;
                    // SAFETY: the caller's duties.
                    unsafe { (machine.packing.copy)(to, from, places, vectors, bytes, between) };
                    column += 1;
                }
            } else {
                let mut i = 0;
                while i < vectors {
                    let to = to.wrapping_offset(i.cast_signed() * between);
                    let from = from.wrapping_offset((i * lanes).cast_signed() * k.y);
                    let row = vector.cast_signed();
                    // SAFETY: the caller's duties; columns are adjacent in Y.
                    unsafe { (self.transpose)(to, from, row, k.y, lanes, n.extent) };
                    i += 1;
                }
            }
            at += vectors;
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
        [m, n]: [&Loop; 2],
        cut: Cut,
        x: *const u8,
        buffers: &Buffers,
    ) {
        let (width, vector) = (machine.kernels.width, machine.vector_bytes());
        let split = Split::into(COLUMNS_OF_TILE, n.extent);
        let y_step = n.extent * vector;
        let (mut x, mut y, mut done) = (x, buffers.y.cast_const(), 0);
        // Few steps may have no whole vector.
        loop {
            let steps = self.step_block.min(cut.whole - done);
            let (is_first, is_last) = (done == 0, done + steps == cut.whole);
            let has_head = is_first && cut.head > 0;
            let has_rest = is_last && cut.rest > 0;
            let first = |lanes: usize| (machine.kernels.mask)(lanes);
            let head = if has_head { first(width) & !first(width - cut.head) } else { 0 };
            let rest = if has_rest { first(cut.rest) } else { 0 };
            if has_head {
                x = x.wrapping_sub((width - cut.head) * machine.unit);
            }
            let mut arguments = StepsArguments {
                x,
                y,
                c: buffers.sums,
                tiles: 0,
                steps,
                x_tile: 0,
                x_row: m.x,
                y_step: y_step.cast_signed(),
                c_column: (self.row_block * vector).cast_signed(),
                head,
                rest,
                adds: usize::from(!is_first),
                x_ahead: 0,
                turn: if is_last && cut.head > 0 { buffers.turn } else { core::ptr::null() },
            };
            let mut tile = 0;
            while tile < split.tiles() {
                let columns = split.columns + usize::from(tile < split.wide);
                // Only the last tile fetches what comes after it: then others find it.
                let fetches = self.fetches && tile + 1 == split.tiles();
                // SAFETY: the caller's duties.
                unsafe { self.tile_of_columns(machine, m, columns, fetches, arguments) };
                arguments.y = arguments.y.wrapping_add(columns * vector);
                arguments.c = arguments.c.wrapping_add(columns * self.row_block * vector);
                tile += 1;
            }
            let vectors = usize::from(has_head) + steps;
            x = x.wrapping_add(vectors * vector);
            y = y.wrapping_add(vectors * y_step);
            done += steps;
            if is_last {
                return;
            }
        }
    }

    /// Runs tiles of rows against so many columns.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn tile_of_columns(
        &self,
        machine: &Machine,
        m: &Loop,
        columns: usize,
        fetches: bool,
        mut arguments: StepsArguments,
    ) {
        let StepsOf { rows, kernels } = self.kernels[columns - 1];
        let mut left = m.extent;
        for (rows, kernel) in rows.into_iter().zip(kernels) {
            let tiles = left / rows;
            if tiles == 0 {
                continue;
            }
            arguments.tiles = tiles;
            arguments.x_tile = rows.cast_signed() * m.x;
            arguments.x_ahead = if fetches { arguments.x_tile } else { 0 };
            // SAFETY: the caller's duties.
            unsafe { kernel(&arguments) };
            let done = tiles * rows;
            arguments.x = arguments.x.wrapping_offset(done.cast_signed() * m.x);
            arguments.c = arguments.c.wrapping_add(done * machine.vector_bytes());
            left -= done;
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
        buffers: &Buffers,
    ) {
        let row = machine.vector_bytes().cast_signed();
        let column = row * self.row_block.cast_signed();
        let ([rows, x_row], [products, x_product], c_product) = if self.is_turned {
            ([n.extent, column.unsigned_abs()], [m.extent, row.unsigned_abs()], m.c)
        } else {
            ([m.extent, row.unsigned_abs()], [n.extent, column.unsigned_abs()], n.c)
        };
        let arguments = DotsArguments {
            x: buffers.sums,
            y: buffers.ones.cast(),
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
