//! The lanes are rows, adjacent in X and in C, or in a buffer if columns are adjacent in C.
//!
//! ```text
//! for a block of rows                        results that stay in the second-level cache
//!   for a block of steps                     as many runs of X
//!     for every tile of columns
//!       for every tile of rows
//!   the buffer turned into C
//! ```
//!
//! A processor fetches ahead what lies in a few long runs. Tiles over all steps would read a few lines of each, every one in a page
//! of its own.

use super::super::blocks::{STEPS_STREAMED, STREAMED, block};
use super::super::loops::{Loop, points};
use super::super::machine::Machine;
use super::super::scratch::{LINE, with_scratch};
use super::super::sums::Entry;
use super::super::sweep::Split;
use crate::kernel::batch::{BatchSet, COLUMNS, Each, EachArguments, Thin};
use crate::kernel::table::ADD;

/// The fewest rows, in vectors, and steps.
const VECTORS_LEAST: usize = if cfg!(test) { 1 } else { 6 };
const STEPS_LEAST: usize = if cfg!(test) { 2 } else { 16 };

/// The fewest rows, in vectors, that are worth a tile before those that are aligned.
const VECTORS_ALIGNED: usize = if cfg!(test) { 1 } else { 32 };

/// The most vectors of a tile of rows, and a multiple of those of all.
const TILE: usize = 12;

/// The bytes of a block of C, or of the buffer.
const BLOCK: usize = if cfg!(test) { 2 << 10 } else { 256 << 10 };

/// The bytes of a tile's X, which stay in the first-level cache beside those that are fetched ahead.
const TILE_BYTES: usize = if cfg!(test) { 1 << 10 } else { 12 << 10 };

/// With few columns, tiles of C are read and written for little else.
const COLUMNS_FEW: usize = 4;

/// The fewest bytes of a run beside few columns: with fewer, it is better to add up all steps in registers.
const RUN: usize = if cfg!(test) { 1 } else { 1 << 10 };

/// Steps so far apart share the sets of a first-level cache. If lines of more than so many compete for one, what is fetched ahead does
/// not stay there.
const PERIOD: usize = 4 << 10;
const WAYS: usize = 12;

/// X of so many bytes is fetched ahead even then.
const FAR: usize = 12 << 20;

/// The steps of a block if they are so crowded.
const STEPS_CROWDED: usize = if cfg!(test) { 7 } else { 128 };

/// How the products are run.
pub(super) struct Rows {
    kernels: &'static BatchSet,
    tall: &'static [[Each; COLUMNS]; 2],
    thin: &'static [Thin; COLUMNS],
    step_block: usize,
    /// Whether every step of X begins in a cache line where the others do, and vectors are to be whole lines, and tiles whole pairs
    /// of lines, which the processor reads together.
    is_aligned: bool,
    /// Whether X is fetched ahead.
    fetches: bool,
    /// Whether columns are adjacent in C.
    is_turned: bool,
}

impl Rows {
    /// Returns how, if rows are adjacent, and these and steps many. `adds`: as in [`Thin::of`](super::Thin::of).
    pub(super) fn of(
        machine: &Machine,
        [m, n, k]: [&Loop; 3],
        batch: &[Loop],
        adds: bool,
    ) -> Option<Self> {
        let kernels = machine.batch?;
        let (tall, thin) = (kernels.tall.as_ref()?, kernels.thin.as_ref()?);
        let unit = machine.unit.cast_signed();
        let is_turned = m.c != unit;
        let results = m.extent.saturating_mul(n.extent).saturating_mul(machine.unit);
        if m.x != unit
            || m.extent < VECTORS_LEAST * machine.rows_of_vector()
            || k.extent < STEPS_LEAST
            || n.extent <= COLUMNS_FEW && m.extent * machine.unit < RUN
            || results >= STREAMED && k.extent <= STEPS_STREAMED
            || is_turned && (adds || n.c != unit)
        {
            return None;
        }
        let columns = Split::into(COLUMNS, n.extent);
        let vectors = thin[columns.columns - 1].vectors;
        let periods = PERIOD >> k.x.trailing_zeros().min(PERIOD.trailing_zeros());
        let most = TILE_BYTES / (vectors * machine.vector_bytes());
        let bytes = points(batch).saturating_mul(m.extent).saturating_mul(k.extent);
        let bytes = bytes.saturating_mul(machine.unit);
        let is_crowded = WAYS * periods < most;
        let step_block = block(k.extent, if is_crowded { STEPS_CROWDED } else { most });
        let is_aligned = k.x.unsigned_abs().is_multiple_of(LINE)
            && m.extent >= VECTORS_ALIGNED * machine.rows_of_vector();
        let fetches = !is_crowded || bytes >= FAR;
        Some(Rows { kernels, tall, thin, step_block, is_aligned, fetches, is_turned })
    }

    /// The rows that parts for threads begin at multiples of.
    pub(super) fn grain(&self, machine: &Machine) -> usize {
        TILE * machine.rows_of_vector()
    }

    /// Runs a product.
    ///
    /// # Safety
    ///
    /// As [`Thin::run`](super::Thin::run).
    pub(super) unsafe fn run(&self, machine: &Machine, [m, n, k]: [&Loop; 3], entry: Entry) {
        let tile = TILE * machine.rows_of_vector();
        let most = (BLOCK / (n.extent * machine.unit) / tile).max(1) * tile;
        let rows = block(m.extent, most).next_multiple_of(tile);
        if !self.is_turned {
            let mut row = 0;
            while row < m.extent {
                let m = Loop { extent: rows.min(m.extent - row), ..*m };
                let at = (row * machine.unit).cast_signed();
                let (x, c) = (entry.x.wrapping_offset(at), entry.c.wrapping_offset(at));
                // SAFETY: the caller's duties, for some of the rows.
                unsafe { self.block(machine, [&m, n, k], Entry { x, c, ..entry }) };
                row += rows;
            }
            return;
        }
        // A line more: columns at multiples of a page would compete for few sets of the cache.
        let pitch = (rows * machine.unit).next_multiple_of(LINE) + LINE;
        with_scratch(pitch * n.extent, |mut scratch| {
            let buffer: *mut u8 = scratch.take(pitch * n.extent);
            let columns = Loop { c: pitch.cast_signed(), ..*n };
            let mut row = 0;
            while row < m.extent {
                let m = Loop { extent: rows.min(m.extent - row), ..*m };
                let x = entry.x.wrapping_add(row * machine.unit);
                let c = entry.c.wrapping_offset(row.cast_signed() * m.c);
                // SAFETY: the caller's duties, for some of the rows, for which the buffer has room.
                unsafe {
                    self.block(machine, [&m, &columns, k], Entry { x, c: buffer, ..entry });
                    (self.kernels.transpose)(c, buffer, m.c, columns.c, n.extent, m.extent);
                }
                row += rows;
            }
        });
    }

    /// Runs a block of rows, which are adjacent in C.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn block(&self, machine: &Machine, [m, n, k]: [&Loop; 3], mut entry: Entry) {
        let columns = Split::into(COLUMNS, n.extent);
        let mut left = k.extent;
        while left > 0 {
            let steps = self.step_block.min(left);
            let mut arguments = EachArguments {
                x: entry.x,
                y: entry.y,
                c: entry.c,
                products: 0,
                steps,
                x_product: 0,
                y_product: 0,
                c_product: 0,
                x_step: k.x,
                y_step: k.y,
                y_column: n.y,
                c_column: n.c,
                mask: 0,
                finish: entry.finish,
                alpha: entry.alpha,
                beta: entry.beta,
                signs: machine.signs(entry.conjugated),
                x_ahead: 0,
                y_ahead: 0,
                ahead_step: k.x,
                y_ahead_end: 0,
                keep: core::ptr::null_mut(),
            };
            let mut tile = 0;
            while tile < columns.tiles() {
                let columns = columns.columns + usize::from(tile < columns.wide);
                // SAFETY: the caller's duties.
                unsafe { self.tile_of_columns(machine, columns, m.extent, arguments, tile == 0) };
                let moved = columns.cast_signed();
                arguments.y = arguments.y.wrapping_offset(moved * n.y);
                arguments.c = arguments.c.wrapping_offset(moved * n.c);
                tile += 1;
            }
            entry.x = entry.x.wrapping_offset(steps.cast_signed() * k.x);
            entry.y = entry.y.wrapping_offset(steps.cast_signed() * k.y);
            // The sums of further steps are added.
            entry.finish |= ADD;
            entry.beta = entry.one;
            left -= steps;
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
        columns: usize,
        rows: usize,
        mut arguments: EachArguments,
        is_first: bool,
    ) {
        let width = machine.rows_of_vector();
        let Thin { vectors, each } = self.thin[columns - 1];
        let head = if self.is_aligned { self.before_pair(machine, arguments.x) } else { 0 };
        // SAFETY: the caller's duties, for the rows before a line, whole tiles, and the rest.
        unsafe {
            let most = (1 + self.tall.len()) * width;
            let mut left = rows;
            let mut head = head.min(left);
            while head > 0 {
                let done = self.vectors(machine, columns, head.min(most), &mut arguments);
                (head, left) = (head - done, left - done);
            }
            let tiles = left / (vectors * width);
            if tiles > 0 {
                let bytes = (vectors * machine.vector_bytes()).cast_signed();
                (arguments.x_product, arguments.c_product) = (bytes, bytes);
                // Later tiles find what the first one read in the second-level cache.
                arguments.x_ahead = if self.fetches && is_first { bytes } else { 0 };
                arguments.products = tiles;
                each(&arguments);
                arguments.x = arguments.x.wrapping_offset(tiles.cast_signed() * bytes);
                arguments.c = arguments.c.wrapping_offset(tiles.cast_signed() * bytes);
                left -= tiles * vectors * width;
            }
            while left > 0 {
                left -= self.vectors(machine, columns, left.min(most), &mut arguments);
            }
        }
    }

    /// Runs a tile of up to three vectors of rows, goes past it, and returns how many they are.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn vectors(
        &self,
        machine: &Machine,
        columns: usize,
        rows: usize,
        arguments: &mut EachArguments,
    ) -> usize {
        let width = machine.rows_of_vector();
        let vectors = rows.div_ceil(width);
        arguments.mask = (machine.kernels.mask)(rows - (vectors - 1) * width);
        (arguments.x_ahead, arguments.products) = (0, 1);
        let kernels = match vectors {
            1 => &self.kernels.each_of(rows * machine.unit).real,
            _ => &self.tall[vectors - 2],
        };
        // SAFETY: the caller's duties.
        unsafe { kernels[columns - 1](arguments) };
        arguments.x = arguments.x.wrapping_add(rows * machine.unit);
        arguments.c = arguments.c.wrapping_add(rows * machine.unit);
        rows
    }

    /// Returns how many rows of X are before the next pair of cache lines.
    fn before_pair(&self, machine: &Machine, x: *const u8) -> usize {
        (x.addr().next_multiple_of(2 * LINE) - x.addr()) / machine.unit
    }
}
