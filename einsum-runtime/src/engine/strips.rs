//! Products of many rows with a small matrix, of complex numbers, as gates that act on a few qubits of a state:
//!
//! ```text
//! abc,xb->axc        c adjacent in X and in C, few b and x
//! abcde,xybd->axcye  b and d are one loop over a panel
//! ```
//!
//! The lanes are rows, and what the [kernels](crate::kernel::batch) of small products take for products are vectors of one strip of
//! rows after the other. Nothing is rotated, as the engine's panels are for complex numbers; steps that are several loops of X
//! are copied to a panel for a strip that stays in the first-level cache.

use core::mem::MaybeUninit;
use core::ops::Range;

use super::classify::sort_by;
use super::loops::{Cursor, Loop, Loops, points};
use super::machine::Machine;
use super::matrices::{EXTENT, ONCE};
use super::parts::nanoseconds;
use super::scratch::{LINE, Line};
use super::sums::Entry;
use super::sweep::Split;
use crate::kernel::Dims;
use crate::kernel::batch::{BatchSet, COMPLEX_COLUMNS, EachArguments};
use crate::threads::{self, Grid, Shared};

/// The bytes of a strip's rows of all steps.
const STRIP: usize = 16 << 10;

/// The most elements of the small matrix: with more, the engine's tiles read less.
const MATRIX: usize = 256;

/// How far ahead X is fetched, in bytes.
const AHEAD: isize = 1024;

/// Products in strips.
pub(super) struct Strips {
    kernels: &'static BatchSet,
    /// Rows, adjacent in X and in C.
    m: Loop,
    /// The columns of a call, and the loops over others.
    n: Loop,
    columns: Loops,
    /// The steps, as Y has them.
    k: Loop,
    /// The steps as X has them, if these are several loops.
    steps: Loops,
    /// All other loops.
    outer: Loops,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
}

/// Whether rows, columns, and steps are those of strips, where these could be one loop each.
pub(super) fn are_strips(machine: &Machine, [m, n, k]: [usize; 3]) -> bool {
    let is_few = |extent: usize| (2..=EXTENT).contains(&extent);
    machine.steps_of_point() > 1
        && m >= machine.rows_of_vector()
        && is_few(n)
        && is_few(k)
        && n * k <= MATRIX
}

impl Strips {
    /// Returns the products, if there are kernels for them. Sums are assigned.
    pub(super) fn of(machine: &Machine, dims: &Dims<2>) -> Option<Self> {
        if machine.steps_of_point() == 1 {
            return None;
        }
        let kernels = machine.batch?;
        let (x, row) = (0..2).find_map(|x| {
            let row = dims.iter().position(|d| {
                !d.summed && d.out == 1 && d.sources[x] == 1 && d.sources[1 - x] == 0
            })?;
            Some((x, row))
        })?;
        let unit = machine.unit.cast_signed();
        let mut strips = Strips {
            kernels,
            m: ONCE,
            n: ONCE,
            columns: Loops::new(),
            k: ONCE,
            steps: Loops::new(),
            outer: Loops::new(),
            exchanged: x == 1,
        };
        for (i, d) in dims.iter().enumerate() {
            let (of_x, of_y) = (d.sources[x] * unit, d.sources[1 - x] * unit);
            let new = Loop { extent: d.extent, x: of_x, y: of_y, c: d.out * unit };
            match (d.summed, of_x, of_y) {
                (true, ..) => strips.steps.push(new),
                _ if i == row => strips.m = new,
                (false, 0, y) if y != 0 => strips.columns.push(new),
                _ => strips.outer.push(new),
            }
        }
        let extents = [strips.m.extent, points(&strips.columns), points(&strips.steps)];
        if !are_strips(machine, extents) {
            return None;
        }
        // Y has one step for all of them.
        sort_by(&mut strips.steps, |l| l.y.unsigned_abs());
        let follows = |pair: &[Loop]| pair[0].y == pair[1].y * pair[1].extent.cast_signed();
        if !strips.steps.windows(2).all(follows) {
            return None;
        }
        strips.k = Loop { extent: extents[2], ..*strips.steps.last()? };
        if strips.steps.len() == 1 {
            strips.steps.clear();
        }
        let longest = (0..strips.columns.len()).max_by_key(|&i| strips.columns[i].extent)?;
        strips.n = strips.columns.remove(longest);
        sort_by(&mut strips.columns, |l| l.c.unsigned_abs());
        sort_by(&mut strips.outer, |l| l.c.unsigned_abs());
        Some(strips)
    }

    /// Runs the products, on several threads if it is worth it.
    ///
    /// # Safety
    ///
    /// As [`contract`](super::contract()), for the dims that the products were made from.
    pub(super) unsafe fn run(&self, machine: &Machine, entry: Entry) {
        let Strips { m, n, columns, k, outer, .. } = self;
        let columns = points(columns).saturating_mul(n.extent);
        let results = points(outer).saturating_mul(m.extent).saturating_mul(columns);
        let bytes = results.saturating_mul(machine.unit);
        let pieces = threads::pieces(nanoseconds(machine, results.saturating_mul(k.extent), bytes));
        if pieces == 1 {
            // SAFETY: the caller's duties.
            return unsafe { self.run_part(machine, entry, [0..points(outer), 0..m.extent]) };
        }
        let grid = Grid::of([points(outer), m.extent], [1, machine.rows_of_vector()], pieces);
        // SAFETY: besides the pointers to elements there are only numbers.
        let entry = unsafe { Shared::new(entry) };
        threads::each(grid.pieces(), &|piece| {
            // SAFETY: the caller's duties; parts write different elements.
            unsafe { self.run_part(machine, entry.get(), grid.piece(piece)) }
        });
    }

    /// Runs some rows at some points of the outer loops, on this thread.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn run_part(&self, machine: &Machine, entry: Entry, [range, rows]: [Range<usize>; 2]) {
        let width = machine.rows_of_vector();
        let strip = (STRIP / (self.k.extent * machine.unit) / width).max(1) * width;
        let mut panel = [const { MaybeUninit::<Line>::uninit() }; STRIP / LINE + EXTENT];
        let panel: *mut u8 = panel.as_mut_ptr().cast();
        let mut cursor = Cursor::at(&self.outer, range.start);
        for _ in range {
            for row in rows.clone().step_by(strip) {
                let count = strip.min(rows.end - row);
                let offset = row.cast_signed();
                let here = Entry {
                    x: entry.x.wrapping_offset(cursor.x + offset * self.m.x),
                    y: entry.y.wrapping_offset(cursor.y),
                    c: entry.c.wrapping_offset(cursor.c + offset * self.m.c),
                    ..entry
                };
                // SAFETY: the caller's duties; a panel has room for a vector of all steps, and for a strip.
                unsafe {
                    if self.steps.is_empty() {
                        self.run_strip(machine, here, self.k.x, count);
                    } else {
                        let pitch = strip * machine.unit;
                        self.pack(panel, pitch, here.x, count * machine.unit);
                        let here = Entry { x: panel, ..here };
                        self.run_strip(machine, here, pitch.cast_signed(), count);
                    }
                }
            }
            cursor.advance(1);
        }
    }

    /// Copies `bytes` of adjacent rows for each step.
    ///
    /// # Safety
    ///
    /// They can be read from `x`, and be written to `to` at every step, `pitch` apart.
    unsafe fn pack(&self, to: *mut u8, pitch: usize, x: *const u8, bytes: usize) {
        let mut cursor = Cursor::at(&self.steps, 0);
        for step in 0..self.k.extent {
            // SAFETY: the caller's duties.
            unsafe {
                let from = x.wrapping_offset(cursor.x);
                to.wrapping_add(step * pitch).copy_from_nonoverlapping(from, bytes);
            }
            cursor.advance(1);
        }
    }

    /// Runs `rows` rows.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run), for X with its steps `x_step` apart.
    unsafe fn run_strip(&self, machine: &Machine, entry: Entry, x_step: isize, rows: usize) {
        let Strips { kernels, n, k, .. } = self;
        let (width, vector) = (machine.rows_of_vector(), machine.vector_bytes());
        let (vectors, rest) = (rows / width, rows % width);
        let split = Split::into(COMPLEX_COLUMNS, n.extent);
        let mut cursor = Cursor::at(&self.columns, 0);
        for _ in 0..points(&self.columns) {
            let mut arguments = EachArguments {
                x: entry.x,
                y: entry.y.wrapping_offset(cursor.y),
                c: entry.c.wrapping_offset(cursor.c),
                products: 0,
                steps: k.extent,
                x_product: vector.cast_signed(),
                y_product: 0,
                c_product: vector.cast_signed(),
                x_step,
                y_step: k.y,
                y_column: n.y,
                c_column: n.c,
                mask: (machine.kernels.mask)(width * machine.steps_of_point()),
                finish: 0,
                alpha: entry.alpha,
                beta: entry.beta,
                signs: machine.signs(entry.conjugated),
                x_ahead: AHEAD,
                y_ahead: 0,
                ahead_step: x_step,
                y_ahead_end: 0,
                keep: core::ptr::null_mut(),
            };
            // SAFETY: the caller's duties: a part of the rows.
            unsafe {
                if vectors > 0 {
                    let mut whole = arguments;
                    split.run_products(&kernels.each_of(vector).complex, &mut whole, vectors);
                }
                if rest > 0 {
                    arguments.x = arguments.x.wrapping_add(vectors * vector);
                    arguments.c = arguments.c.wrapping_add(vectors * vector);
                    arguments.mask = (machine.kernels.mask)(rest * machine.steps_of_point());
                    let kernels = &kernels.each_of(rest * machine.unit).complex;
                    split.run_products(kernels, &mut arguments, 1);
                }
            }
            cursor.advance(1);
        }
    }
}
