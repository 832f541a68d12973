//! Products of a large matrix X with a few columns: X is read once, from the second-level cache or from further away, so that what
//! counts is the order in which it is read. Nothing is packed, and a processor finds long runs by itself.
//!
//! Two ways to fill vectors: rows that are adjacent in X ([`rows`]), or steps that are ([`steps`]).

mod rows;
mod steps;

use core::ops::Range;

use super::loops::{Cursor, Loop, Loops, points};
use super::machine::Machine;
use super::matrices::Matrices;
use super::parts::nanoseconds;
use super::sums::Entry;
use crate::threads::{self, Grid, Shared};
use rows::Rows;
use steps::Steps;

/// The columns: with more, products are bound by multiplications, not by reading X.
const COLUMNS: core::ops::RangeInclusive<usize> = 2..=23;

/// Products of a batch, of which X has many rows and Y few columns.
pub(super) struct Thin {
    pub(super) m: Loop,
    pub(super) n: Loop,
    pub(super) k: Loop,
    batch: Loops,
    lanes: Lanes,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
}

/// What the lanes of vectors are.
enum Lanes {
    Rows(Rows),
    Steps(Steps),
}

impl Thin {
    /// Returns the products, if they are such and there are kernels for them. `adds`: results are added to what C holds.
    pub(super) fn of(machine: &Machine, matrices: &Matrices, adds: bool) -> Option<Self> {
        let Matrices { mut m, mut n, mut k, exchanged, .. } = *matrices;
        let is_exchanged = m.extent < n.extent;
        let few = m.extent.min(n.extent);
        if machine.steps_of_point() > 1 || !matrices.is_plain() || !COLUMNS.contains(&few) {
            return None;
        }
        let mut batch = matrices.batch_loops();
        if is_exchanged {
            core::mem::swap(&mut m, &mut n);
            for l in [&mut m, &mut n, &mut k].into_iter().chain(&mut batch) {
                core::mem::swap(&mut l.x, &mut l.y);
            }
        }
        let lanes = match Rows::of(machine, [&m, &n, &k], &batch, adds) {
            Some(rows) => Lanes::Rows(rows),
            None => Lanes::Steps(Steps::of(machine, [&m, &n, &k], &batch, adds)?),
        };
        Some(Thin { m, n, k, batch, lanes, exchanged: exchanged != is_exchanged })
    }

    /// Runs the products, on several threads if it is worth it.
    ///
    /// # Safety
    ///
    /// As [`contract`](super::contract()), for the dims that the products were made from.
    pub(super) unsafe fn run(&self, machine: &Machine, entry: Entry) {
        let Thin { m, n, k, batch, .. } = self;
        let rows = points(batch).saturating_mul(m.extent);
        let multiplied = rows.saturating_mul(n.extent).saturating_mul(k.extent);
        let read = rows.saturating_mul(k.extent).saturating_mul(machine.unit);
        let pieces = threads::pieces(nanoseconds(machine, multiplied, read));
        if pieces == 1 {
            // SAFETY: the caller's duties.
            return unsafe { self.run_part(machine, entry, 0..points(batch), 0..m.extent) };
        }
        let grain = match &self.lanes {
            Lanes::Rows(rows) => rows.grain(machine),
            Lanes::Steps(steps) => steps.grain(),
        };
        let grid = Grid::of([points(batch), m.extent], [1, grain], pieces);
        // SAFETY: besides the pointers to elements there are only numbers.
        let entry = unsafe { Shared::new(entry) };
        threads::each(grid.pieces(), &|piece| {
            let [products, rows] = grid.piece(piece);
            // SAFETY: the caller's duties; parts write different elements.
            unsafe { self.run_part(machine, entry.get(), products, rows) }
        });
    }

    /// Runs some rows of some products, on this thread.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn run_part(
        &self,
        machine: &Machine,
        entry: Entry,
        products: Range<usize>,
        rows: Range<usize>,
    ) {
        let row = rows.start.cast_signed();
        let m = Loop { extent: rows.len(), ..self.m };
        let mut cursor = Cursor::at(&self.batch, products.start);
        let mut left = products.len();
        while left > 0 {
            let entry = Entry {
                x: entry.x.wrapping_offset(cursor.x + row * m.x),
                y: entry.y.wrapping_offset(cursor.y),
                c: entry.c.wrapping_offset(cursor.c + row * m.c),
                ..entry
            };
            // SAFETY: the caller's duties.
            unsafe {
                match &self.lanes {
                    Lanes::Rows(rows) => rows.run(machine, [&m, &self.n, &self.k], entry),
                    Lanes::Steps(steps) => steps.run(machine, [&m, &self.n, &self.k], entry),
                }
            }
            cursor.advance(1);
            left -= 1;
        }
    }
}
