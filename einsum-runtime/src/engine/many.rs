//! Batches of small products: one call of a kernel runs a block of them.
//!
//! Where a product's elements are a vector or two of each array, the lanes are elements of C ([`picks`](super::picks)). Where
//! rows are adjacent in X and in C, they are the lanes ([`mod@each`]), and where steps are in matrices that are multiplied by
//! a vector each, these are ([`mod@dots`]). Else the lanes are products ([`Panels`]):
//!
//! ```text
//! for a block of products
//!   x[e][product], y[e][product]      transposed from X and Y, e an element of a product's operand
//!   c[e][product] = Σ_k x · y
//!   C                                 transposed back
//! ```
//!
//! An array in which products are adjacent anyway is used as it is, and so is an operand that all products have in common:
//! a long loop over rows of the other makes a batch, too. If rows of the former fill a good part of a vector, they are the
//! lanes, and several products the columns of a tile.

use core::ops::Range;

use super::dots;
use super::each::Each;
use super::loops::{Cursor, Loop, points};
use super::machine::Machine;
use super::matrices::{EXTENT, Matrices, ONCE};
use super::panels::Panels;
use super::parts::Batch;
use super::picks::{Block, Factor};
use super::scratch::with_scratch;
use super::strips::are_strips;
use super::sums::Entry;
use crate::kernel::batch::{BatchSet, Dots};
use crate::threads::Shared;

/// The fewest rows that make a batch of products with one matrix, and the most steps of these: with more the engine's
/// kernels read less.
const SHARED_PRODUCTS: usize = 128;
const SHARED_STEPS: usize = 16;

/// A batch of so many products is not short.
const SHORT_BATCH: usize = 16;

/// The least bytes of two rows whose dot product is better left to the kernels over rows that lie in memory in both operands
/// ([`stream`](crate::stream)), which need not be transposed. With fewer they wait for the sums across lanes.
pub(crate) const DOT: usize = 32;

/// Parts for threads begin at multiples of so many products, if several are computed at once: blocks of them are then whole.
const PRODUCTS: usize = 64;

/// A batch of small products.
pub(super) struct Many<'m> {
    matrices: &'m Matrices,
    kernels: &'static BatchSet,
    lanes: Lanes,
}

/// What the lanes of vectors are.
#[derive(Clone, Copy)]
enum Lanes {
    Rows,
    /// Rows of the matrix that all products have in common, each of which is a column.
    Columns,
    Steps(Dots),
    Elements(Block<2>),
    Products(Panels),
}

/// Whether a batch of few products has many short rows of real numbers each, which are multiplied by one vector: then the rows make
/// the batch. Where the products of a row follow each other, they are one row of products of two matrices, or picked, unless the
/// vectors lie otherwise and are too long for that.
fn has_short_batch(machine: &Machine, matrices: &Matrices) -> bool {
    let Matrices { m, n, k, batch, .. } = matrices;
    let unit = machine.unit.cast_signed();
    let is_of_x = m.extent > n.extent;
    let (rows, other) = if is_of_x { (m, n) } else { (n, m) };
    let of_rows = |l: &Loop| if is_of_x { l.x } else { l.y };
    let of_vector = |l: &Loop| if is_of_x { l.y } else { l.x };
    let is_near = of_rows(batch).unsigned_abs() < of_rows(rows).unsigned_abs();
    let is_long = batch.extent * k.extent > 2 * machine.kernels.width;
    (2..SHORT_BATCH).contains(&batch.extent)
        && machine.steps_of_point() == 1
        && matrices.outer.is_empty()
        && matrices.is_plain()
        && rows.extent >= SHARED_PRODUCTS
        && other.extent == 1
        && (2..SHARED_STEPS).contains(&k.extent)
        && of_rows(k) == unit
        && (!is_near || is_long && of_vector(k) != unit)
}

impl<'m> Many<'m> {
    /// Returns the batch, if its products are small and there are kernels for them, for which the matrices may be arranged
    /// otherwise. `assigns`: C is neither scaled nor read; `adds`: it is read.
    #[inline]
    pub(super) fn of(
        machine: &Machine,
        matrices: &'m mut Matrices,
        assigns: bool,
        adds: bool,
    ) -> Option<Self> {
        let kernels = machine.batch?;
        if machine.steps_of_point() > 1 && !assigns {
            return None;
        }
        let Matrices { m, n, k, batch, .. } = *matrices;
        let unit = machine.unit.cast_signed();
        let is_small = m.extent <= EXTENT && n.extent <= EXTENT && k.extent <= EXTENT;
        let has_rows =
            matrices.is_plain() && is_small && m.extent > 1 && m.c == unit && m.x == unit;
        if !adds
            && matrices.is_plain()
            && (k.extent > 1 || machine.steps_of_point() > 1)
            && let Some(block) = Block::of_products(machine, matrices, has_rows)
        {
            return Some(Many { matrices, kernels, lanes: Lanes::Elements(block) });
        }
        if has_rows {
            return Some(Many { matrices, kernels, lanes: Lanes::Rows });
        }
        // More of them are left to strips.
        let has_many_rows = matrices.is_plain() && m.extent > EXTENT && m.c == unit && m.x == unit;
        if has_many_rows && are_strips(machine, [m.extent, n.extent, k.extent]) {
            return None;
        }
        if adds {
            return None;
        }
        if has_short_batch(machine, matrices) {
            let batch = core::mem::replace(&mut matrices.batch, ONCE);
            matrices.outer.push(batch);
            matrices.share_x();
        } else if batch.extent == 1 {
            let [first, second] = matrices.second.map(|l| l.extent);
            let longest = m.extent.max(n.extent).max(first).max(second);
            let is_short = k.extent > 1 && k.extent <= SHARED_STEPS;
            if longest < SHARED_PRODUCTS || !is_short {
                return None;
            }
            matrices.share_x();
            let Matrices { m, batch, second, .. } = &*matrices;
            if batch.c != unit && Each::takes_columns(machine, matrices) {
                return Some(Many { matrices, kernels, lanes: Lanes::Columns });
            }
            let is_worth = if m.extent == 1 {
                // Else there are kernels that read whole rows.
                batch.c == unit && batch.y != unit && k.extent < SHARED_STEPS
            } else {
                // Else kernels whose lanes are rows fill half of them or more.
                let is_narrow = second[0].extent == 1 && 2 * m.extent < machine.rows_of_vector();
                batch.c == unit || is_narrow
            };
            if !is_worth {
                return None;
            }
        } else if !matrices.is_plain() {
            return None;
        } else if m.extent < n.extent {
            matrices.exchange();
        }
        let Matrices { m, n, k, .. } = &*matrices;
        let is_dot = m.extent == 1 && n.extent == 1 && k.x == unit && k.y == unit;
        if is_dot && machine.steps_of_point() == 1 && k.extent * machine.unit >= DOT {
            return None;
        }
        let lanes = match dots::kernel(machine, matrices) {
            Some(kernel) => Lanes::Steps(kernel),
            None => Lanes::Products(Panels::of(machine, matrices)?),
        };
        Some(Many { matrices, kernels, lanes })
    }

    /// Whether X is the second source.
    #[inline]
    pub(super) fn is_exchanged(&self) -> bool {
        self.matrices.exchanged
    }

    /// Runs the products.
    ///
    /// # Safety
    ///
    /// As [`contract`](super::contract()), for the dims that the products were made from.
    #[inline(never)]
    pub(super) unsafe fn run(&self, machine: &Machine, entry: Entry) {
        let Matrices { m, n, k, second, batch, outer, .. } = self.matrices;
        let extents = [points(outer), batch.extent];
        let product = [m.extent * second[0].extent, n.extent, k.extent];
        let grain = match self.lanes {
            Lanes::Rows | Lanes::Steps(_) => 1,
            Lanes::Columns | Lanes::Elements(_) | Lanes::Products(_) => PRODUCTS,
        };
        let products = Batch { extents, product, grain };
        let pieces = products.pieces(machine);
        if pieces == 1 {
            // SAFETY: the caller's duties.
            return unsafe { self.run_part(machine, entry, 0..extents[0]) };
        }
        // SAFETY: besides the pointers to elements there are only numbers.
        let entry = unsafe { Shared::new(entry) };
        products.each(pieces, |outer, inner| {
            // What all products have in common stays as it is.
            let at = |step: isize| inner.start.cast_signed() * step;
            let entry = entry.get();
            let entry = Entry {
                x: entry.x.wrapping_offset(at(batch.x)),
                y: entry.y.wrapping_offset(at(batch.y)),
                c: entry.c.wrapping_offset(at(batch.c)),
                ..entry
            };
            let batch = Loop { extent: inner.len(), ..*batch };
            let matrices = &Matrices { batch, ..self.matrices.clone() };
            // SAFETY: the caller's duties; products of a batch write different elements.
            unsafe { Many { matrices, ..*self }.run_part(machine, entry, outer) }
        });
    }

    /// Runs the products at some points of the batch's outer loops, on this thread.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn run_part(&self, machine: &Machine, entry: Entry, outer: Range<usize>) {
        // SAFETY: the caller's duties; the kernel was chosen for these matrices.
        unsafe {
            match &self.lanes {
                Lanes::Rows => self.at_points(entry, outer, |entry| {
                    let Matrices { m, n, k, batch, exchanged, .. } = *self.matrices;
                    Each { m, n, k, batch, exchanged, after: 0 }.run(machine, self.kernels, entry);
                }),
                Lanes::Columns => self.at_points(entry, outer, |entry| {
                    let Matrices { m, n, k, batch, exchanged, .. } = *self.matrices;
                    Each { m, n, k, batch, exchanged, after: 0 }.run_columns(
                        machine,
                        self.kernels,
                        entry,
                    );
                }),
                &Lanes::Steps(kernel) => self.at_points(entry, outer, |entry| {
                    dots::run(machine, kernel, self.matrices, entry);
                }),
                Lanes::Elements(block) => self.at_points(entry, outer, |entry| {
                    let Entry { x, y, c, alpha, conjugated, .. } = entry;
                    let factor = Factor::of(machine, alpha, conjugated);
                    block.run_products(machine, ([x, y], c), self.matrices.batch.extent, factor);
                }),
                Lanes::Products(panels) => self.in_panels(machine, panels, entry, outer),
            }
        }
    }

    /// Runs products side by side.
    ///
    /// # Safety
    ///
    /// As [`run_part`](Self::run_part).
    unsafe fn in_panels(
        &self,
        machine: &Machine,
        panels: &Panels,
        entry: Entry,
        outer: Range<usize>,
    ) {
        with_scratch(panels.bytes(), |mut scratch| {
            let memory = scratch.take(panels.bytes());
            // SAFETY: the caller's duties; the memory is as large as the panels.
            unsafe {
                self.at_points(entry, outer, |entry| {
                    panels.run(machine, self.kernels, self.matrices, entry, memory);
                });
            }
        });
    }

    /// Calls `run` at points of the batch's outer loops.
    unsafe fn at_points(&self, entry: Entry, range: Range<usize>, run: impl Fn(Entry)) {
        if self.matrices.outer.is_empty() {
            // Small products are over before a cursor is made.
            return run(entry);
        }
        let mut cursor = Cursor::at(&self.matrices.outer, range.start);
        let mut left = range.len();
        while left > 0 {
            run(Entry {
                x: entry.x.wrapping_offset(cursor.x),
                y: entry.y.wrapping_offset(cursor.y),
                c: entry.c.wrapping_offset(cursor.c),
                ..entry
            });
            cursor.advance(1);
            left -= 1;
        }
    }
}
