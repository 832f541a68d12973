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
use super::super::loops::Loop;
use super::super::machine::Machine;
use super::super::many::Entry;
use super::super::scratch::{LINE, with_scratch};
use super::super::sweep::Split;
use crate::kernel::batch::{BatchSet, COLUMNS, Each, EachArguments};
use crate::kernel::table::ADD;

/// The fewest rows, in vectors, and steps.
const VECTORS_LEAST: usize = if cfg!(test) { 1 } else { 6 };
const STEPS_LEAST: usize = if cfg!(test) { 2 } else { 16 };

/// The vectors of a tile of rows.
const TILE: usize = 3;

/// The bytes of a block of C, or of the buffer.
const BLOCK: usize = if cfg!(test) { 2 << 10 } else { 256 << 10 };

/// The most steps of a block, and with few columns, for which C is read and written sooner.
const STEPS: usize = if cfg!(test) { 5 } else { 32 };
const STEPS_FEW: usize = if cfg!(test) { 3 } else { 16 };
const COLUMNS_FEW: usize = 4;

/// The fewest bytes of a run beside few columns: with fewer, it is better to add up all steps in registers.
const RUN: usize = if cfg!(test) { 1 } else { 1 << 10 };

/// Steps so far apart share the sets of a first-level cache, of which lines of no more than so many are to compete for one.
const PERIOD: usize = 4 << 10;
const WAYS: usize = 12;

/// X is fetched so far ahead if it has so many bytes.
const AHEAD: isize = 1536;
const FAR: usize = 8 << 20;

/// How the products are run.
pub(super) struct Rows {
    kernels: &'static BatchSet,
    tall: &'static [[Each; COLUMNS]; 2],
    step_block: usize,
    x_ahead: isize,
    /// Whether columns are adjacent in C.
    is_turned: bool,
}

impl Rows {
    /// Returns how, if rows are adjacent, and these and steps many. `adds`: as in [`Thin::of`](super::Thin::of).
    pub(super) fn of(machine: &Machine, [m, n, k]: [&Loop; 3], adds: bool) -> Option<Self> {
        let kernels = machine.batch?;
        let tall = kernels.tall.as_ref()?;
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
        let periods = PERIOD >> k.x.trailing_zeros().min(PERIOD.trailing_zeros());
        let bytes = m.extent.saturating_mul(k.extent).saturating_mul(machine.unit);
        let is_far = bytes >= FAR;
        let most = if n.extent <= COLUMNS_FEW { STEPS_FEW } else { STEPS };
        let is_crowded = WAYS * periods < most;
        if n.extent > COLUMNS && is_crowded && !is_far {
            return None;
        }
        let step_block = block(k.extent, most.min(WAYS * periods));
        let x_ahead = if is_far { AHEAD } else { 0 };
        Some(Rows { kernels, tall, step_block, x_ahead, is_turned })
    }

    /// The rows that parts for threads begin at multiples of.
    pub(super) fn grain(&self, machine: &Machine) -> usize {
        4 * TILE * machine.rows_of_vector()
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
                unsafe { self.block(machine, [&m, n, k], Entry { x, c, ..entry }, one) };
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
                    self.block(machine, [&m, &columns, k], Entry { x, c: buffer, ..entry }, one);
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
    unsafe fn block(&self, machine: &Machine, [m, n, k]: [&Loop; 3], mut entry: Entry, one: u64) {
        let columns = Split::into(COLUMNS, n.extent);
        let width = machine.rows_of_vector();
        let tile = TILE * width;
        let (tiles, rest) = (m.extent / tile, m.extent % tile);
        let tile_bytes = (tile * machine.unit).cast_signed();
        let mut left = k.extent;
        while left > 0 {
            let steps = self.step_block.min(left);
            let mut arguments = EachArguments {
                x: entry.x,
                y: entry.y,
                c: entry.c,
                products: 0,
                steps,
                x_product: tile_bytes,
                y_product: 0,
                c_product: tile_bytes,
                x_step: k.x,
                y_step: k.y,
                y_column: n.y,
                c_column: n.c,
                mask: (machine.kernels.mask)(width),
                finish: entry.finish,
                alpha: entry.alpha,
                beta: entry.beta,
                signs: machine.signs(entry.conjugated),
                x_ahead: self.x_ahead,
            };
            if tiles > 0 {
                // SAFETY: the caller's duties.
                unsafe { columns.run_products(&self.tall[TILE - 2], arguments, tiles) };
            }
            if rest > 0 {
                let done = tiles.cast_signed() * tile_bytes;
                let vectors = rest.div_ceil(width);
                arguments.x = entry.x.wrapping_offset(done);
                arguments.c = entry.c.wrapping_offset(done);
                arguments.mask = (machine.kernels.mask)(rest - (vectors - 1) * width);
                let kernels = match vectors {
                    1 => &self.kernels.each_of(rest * machine.unit).real,
                    _ => &self.tall[vectors - 2],
                };
                // SAFETY: the caller's duties.
                unsafe { columns.run_products(kernels, arguments, 1) };
            }
            entry.x = entry.x.wrapping_offset(steps.cast_signed() * k.x);
            entry.y = entry.y.wrapping_offset(steps.cast_signed() * k.y);
            // The sums of further steps are added.
            entry.finish |= ADD;
            entry.beta = one;
            left -= steps;
        }
    }
}
