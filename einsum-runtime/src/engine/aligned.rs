//! Small products in batches, of complex numbers, or over long sums, as they lie in memory: X and Y have adjacent elements along the
//! same loop, and the lanes are its points.
//!
//! ```text
//! ijf,jkf->ikf   many f: products of a batch, adjacent in C as well
//! mft,nft->fmn   many t: steps, whose sums are added up across lanes in the end
//! ```
//!
//! A tile of the rows of X and the columns of Y is held in registers. Nothing is packed or rotated, as it is for the
//! [engine](super)'s tiles: every element would be moved for the few products that it is in.
//!
//! Accuracy: a sum of n terms is one of n terms, or of as many lanes as a vector has.

use core::ops::Range;

use super::loops::{Cursor, Loop, Loops, points};
use super::machine::Machine;
use super::matrices::{EXTENT, ONCE};
use super::parts::nanoseconds;
use super::sums::Entry;
use super::sweep::Split;
use crate::kernel::batch::{AlignedArguments, AlignedOf};
use crate::kernel::{Dim, Dims};
use crate::threads::{self, Grid, Shared};

/// The bytes of a block's lanes in all arrays, if its vectors are more than one: a part of a second-level cache.
const BLOCK: usize = 128 << 10;

/// The most bytes of a block: with more, arrays come from afar for every tile.
const MOST: usize = 768 << 10;

/// The fewest vectors of a sum, and of the products of a call that is one of many, or a fourth if these are long.
const SUMMED: usize = 3;
const TILE: usize = 32;

/// So few rows or columns of real numbers are worth a sum across lanes for each element of C, twice as many of both, and of complex
/// ones four times as many.
const FEW: usize = 8;

/// Products along lanes that are adjacent in both operands.
pub(super) struct Aligned {
    kernels: &'static AlignedOf,
    /// Of no step in C if they are summed.
    lanes: Loop,
    is_sum: bool,
    m: Loop,
    n: Loop,
    k: Loop,
    outer: Loops,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
}

impl Aligned {
    /// Returns the number of the loop along which both sources have adjacent elements, and the output has if it is kept, where
    /// products are those of matrices.
    // Most nests have none, which is to be seen soon.
    #[inline]
    pub(super) fn lanes(dims: &Dims<2>) -> Option<usize> {
        let is_lanes = |d: &Dim<2>| d.sources == [1, 1] && d.extent > 1 && (d.summed || d.out == 1);
        let at = dims.iter().position(is_lanes)?;
        let is_alone = |d: &Dim<2>, p: usize| {
            d.extent > 1 && !d.summed && d.sources[p] != 0 && d.sources[1 - p] == 0
        };
        let [x, y] = [0, 1].map(|p| dims.iter().any(|d| is_alone(d, p)));
        // A matrix times a vector is bound by reading it, if sums are over adjacent elements.
        let are_products = if dims[at].summed { x && y } else { x || y };
        are_products.then_some(at)
    }

    /// Returns the products, if there are kernels for them that are worth it. Sums are assigned.
    pub(super) fn of(machine: &Machine, dims: &Dims<2>) -> Option<Self> {
        let kernels = machine.batch?.aligned.as_ref()?;
        let at = Self::lanes(dims)?;
        let is_sum = dims[at].summed;
        let kernels = match (machine.steps_of_point() > 1, is_sum) {
            (true, _) => kernels.complex[usize::from(is_sum)],
            (false, true) if !kernels.real.is_empty() => kernels.real,
            (false, _) => return None,
        };
        let is_only = |i: usize, d: &Dim<2>| i == at || !d.summed || d.extent == 1;
        let is_short = machine.vectors_of(dims[at].extent) < SUMMED;
        if is_sum && is_short && dims.iter().enumerate().all(|(i, d)| is_only(i, d)) {
            return None;
        }
        let unit = machine.unit.cast_signed();
        let mut aligned = Aligned {
            kernels,
            lanes: ONCE,
            is_sum,
            m: ONCE,
            n: ONCE,
            k: ONCE,
            outer: Loops::new(),
            exchanged: false,
        };
        for (i, d) in dims.iter().enumerate() {
            let [x, y] = d.sources;
            let mut new = Loop { extent: d.extent, x: x * unit, y: y * unit, c: d.out * unit };
            if i == at {
                aligned.lanes = new;
                continue;
            }
            let group = match (d.summed, x, y) {
                (true, ..) if aligned.k.extent > 1 => return None,
                (true, ..) => &mut aligned.k,
                (false, x, 0) if x != 0 => &mut aligned.m,
                (false, 0, y) if y != 0 => &mut aligned.n,
                _ => {
                    aligned.outer.push(new);
                    continue;
                }
            };
            if new.extent > group.extent {
                core::mem::swap(group, &mut new);
            }
            if new.extent > 1 {
                aligned.outer.push(new);
            }
        }
        aligned.is_worth(machine).then(|| aligned.turned())
    }

    /// Whether tiles use elements more than once, and these stay in a cache.
    fn is_worth(&self, machine: &Machine) -> bool {
        let Aligned { lanes, is_sum, m, n, k, .. } = self;
        let vectors = machine.vectors_of(lanes.extent);
        let fills = 2 * lanes.extent >= vectors * machine.rows_of_vector();
        let has_sum = *is_sum || k.extent > 1;
        // Those of all loops: an engine's tiles have them too.
        let all = |l: &Loop, is_own: fn(&Loop) -> bool| {
            let more = self.outer.iter().filter(|l| is_own(l));
            more.fold(l.extent, |n, l| n.saturating_mul(l.extent))
        };
        let [rows, columns] = [all(m, |l| l.y == 0), all(n, |l| l.x == 0)];
        let (fewer, more) = (rows.min(columns), rows.max(columns));
        let is_real = machine.steps_of_point() == 1;
        // Others then have kernels for many of them.
        let terms = lanes.extent.saturating_mul(k.extent);
        let is_small = !is_real || more <= EXTENT && terms <= EXTENT;
        // A call is to be short beside its steps, and sums across lanes are.
        let steps = vectors.saturating_mul(k.extent);
        let tile = steps.saturating_mul(m.extent).saturating_mul(n.extent);
        let least = if is_small { TILE } else { TILE / 4 };
        let is_long = (self.outer.is_empty() || tile >= least) && (!*is_sum || steps >= SUMMED);
        // With more rows and columns the engine's tiles make up for the way to them, of real numbers also in a batch.
        let are_few = match (*is_sum, is_real) {
            (false, _) => true,
            (true, false) => fewer <= 4 * FEW,
            (true, true) => fewer <= FEW || more <= 2 * FEW && self.outer.is_empty(),
        };
        fills && has_sum && is_long && are_few && self.bytes(machine) <= MOST
    }

    /// Returns the bytes of a vector of lanes, or of all that are summed, in X, Y, and C.
    fn bytes(&self, machine: &Machine) -> usize {
        let Aligned { lanes, is_sum, m, n, k, .. } = self;
        let (m, n, k) = (m.extent, n.extent, k.extent);
        let read = m.saturating_add(n).saturating_mul(k);
        if *is_sum {
            read.saturating_mul(lanes.extent.saturating_mul(machine.unit))
        } else {
            read.saturating_add(m.saturating_mul(n)).saturating_mul(machine.vector_bytes())
        }
    }

    /// Returns the tiles of rows and of columns.
    fn splits(&self, rows: usize, columns: usize) -> [Split; 2] {
        let most = self.kernels.first().map_or(1, |of_columns| of_columns.len());
        [Split::into(self.kernels.len(), rows), Split::into(most, columns)]
    }

    /// Exchanges X and Y, if there are fewer tiles then.
    fn turned(mut self) -> Self {
        let tiles = |rows: &Loop, columns: &Loop| {
            let [of_rows, of_columns] = self.splits(rows.extent, columns.extent);
            of_rows.tiles() * of_columns.tiles()
        };
        if tiles(&self.n, &self.m) < tiles(&self.m, &self.n) {
            core::mem::swap(&mut self.m, &mut self.n);
            let loops = [&mut self.lanes, &mut self.m, &mut self.n, &mut self.k];
            for l in loops.into_iter().chain(&mut self.outer) {
                core::mem::swap(&mut l.x, &mut l.y);
            }
            self.exchanged = true;
        }
        self
    }

    /// Runs the products, on several threads if it is worth it.
    ///
    /// # Safety
    ///
    /// As [`contract`](super::contract()), for the dims that the products were made from.
    pub(super) unsafe fn run(&self, machine: &Machine, entry: Entry) {
        let Aligned { lanes, is_sum, m, n, k, outer, .. } = self;
        let all = points(outer).saturating_mul(m.extent).saturating_mul(n.extent);
        let all = all.saturating_mul(lanes.extent);
        let bytes = all.saturating_mul(machine.unit);
        let pieces = threads::pieces(nanoseconds(machine, all.saturating_mul(k.extent), bytes));
        // Of rows, if lanes are summed, else of lanes.
        let inner = if *is_sum { m.extent } else { lanes.extent };
        if pieces == 1 {
            // SAFETY: the caller's duties.
            return unsafe { self.run_part(machine, entry, [0..points(outer), 0..inner]) };
        }
        let grain = if *is_sum { self.kernels.len() } else { machine.rows_of_vector() };
        let grid = Grid::of([points(outer), inner], [1, grain], pieces);
        // SAFETY: besides the pointers to elements there are only numbers.
        let entry = unsafe { Shared::new(entry) };
        threads::each(grid.pieces(), &|piece| {
            // SAFETY: the caller's duties; parts write different elements.
            unsafe { self.run_part(machine, entry.get(), grid.piece(piece)) }
        });
    }

    /// Runs some lanes, or rows if lanes are summed, at some points of the outer loops, on this thread.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn run_part(&self, machine: &Machine, entry: Entry, [range, inner]: [Range<usize>; 2]) {
        let mut cursor = Cursor::at(&self.outer, range.start);
        let vectors = (BLOCK / self.bytes(machine)).max(1);
        let (cut, block) = if self.is_sum {
            (self.m, inner.len())
        } else {
            (self.lanes, vectors * machine.rows_of_vector())
        };
        for _ in range {
            for start in inner.clone().step_by(block.max(1)) {
                let count = block.min(inner.end - start);
                let at = |step: isize| start.cast_signed() * step;
                let here = Entry {
                    x: entry.x.wrapping_offset(cursor.x + at(cut.x)),
                    y: entry.y.wrapping_offset(cursor.y + at(cut.y)),
                    c: entry.c.wrapping_offset(cursor.c + at(cut.c)),
                    ..entry
                };
                let (rows, lanes) =
                    if self.is_sum { (count, self.lanes.extent) } else { (self.m.extent, count) };
                // SAFETY: the caller's duties: a part of the lanes, or of the rows.
                unsafe { self.run_tiles(machine, here, rows, lanes) }
            }
            cursor.advance(1);
        }
    }

    /// Runs all tiles of so many rows and lanes.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn run_tiles(&self, machine: &Machine, entry: Entry, rows: usize, lanes: usize) {
        let Aligned { m, n, k, .. } = self;
        let width = machine.rows_of_vector();
        let (vectors, last) = (lanes / width, lanes % width);
        let parts = machine.steps_of_point();
        let mut arguments = AlignedArguments {
            x: entry.x,
            y: entry.y,
            c: entry.c,
            vectors,
            steps: k.extent,
            x_row: m.x,
            y_column: n.y,
            x_step: k.x,
            y_step: k.y,
            c_row: m.c,
            c_column: n.c,
            last_mask: if last > 0 { (machine.kernels.mask)(last * parts) } else { 0 },
            signs: machine.signs(entry.conjugated),
        };
        let [of_rows, of_columns] = self.splits(rows, n.extent);
        let mut row = 0;
        for tile in 0..of_rows.tiles() {
            let height = of_rows.columns + usize::from(tile < of_rows.wide);
            let mut column = 0;
            for tile in 0..of_columns.tiles() {
                let width = of_columns.columns + usize::from(tile < of_columns.wide);
                arguments.x = entry.x.wrapping_offset(row * m.x);
                arguments.y = entry.y.wrapping_offset(column * n.y);
                arguments.c = entry.c.wrapping_offset(row * m.c + column * n.c);
                // SAFETY: the caller's duties: a part of the rows and columns.
                unsafe { self.kernels[height - 1][width - 1](&arguments) };
                column += width.cast_signed();
            }
            row += height.cast_signed();
        }
    }
}
