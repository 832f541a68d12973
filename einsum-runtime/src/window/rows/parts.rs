//! Which steps of a sum read rows that are inside. Steps are in the order of the rows that they read, so that those beyond an
//! edge are the first ones or the last ones:
//!
//! ```text
//! rows of a tile     steps, by the row of the window
//!   0                  · · 2 3 4 5
//!   1                  0 1 2 3 4 5
//!   2                  0 1 2 3 4 ·
//! parts                0 1 | 2 3 4 | 5      of vectors 1 … 2, 0 … 2, and 0 … 1
//! ```

use core::ops::Range;

use smallvec::SmallVec;

use super::plan::{Loop, Plan};
use crate::kept::Kept;
use crate::kernel::rows::{RowsEntry, RowsPart};
use crate::window::affine::inside;

/// The vectors of a tile.
pub(super) const TILE: usize = 4;

impl Plan {
    /// Returns the steps that read rows inside, of one row of results, or of two.
    pub(super) fn inside(&self, row: usize, rows: usize) -> Range<usize> {
        let [two, one] = self.counts();
        let steps = if rows == 2 { two } else { one };
        let Some(bound) = &self.row_bound else { return 0..steps };
        let first = bound.first + self.rows.row * row.cast_signed();
        let (step, count) = match (&self.u, self.summed.first()) {
            (Some(u), _) => (u.row, u.extent + rows - 1),
            (None, Some(Loop { row, extent, .. })) if *row != 0 => (*row, *extent),
            // All or none.
            _ => (1, 1),
        };
        // Most rows are inside with all that they read.
        let last = first + step * (count.cast_signed() - 1);
        if first.min(last) >= 0 && first.max(last) < bound.extent.cast_signed() {
            return 0..steps;
        }
        let own = inside(first, step, count, bound.extent);
        let each = steps / count;
        own.start * each..own.end * each
    }

    /// As [`inside`](Self::inside), for a unit, of which the last one may be a row alone.
    pub(super) fn inside_of_unit(&self, unit: usize) -> Range<usize> {
        let rows = if unit < self.rows.extent { self.unit() } else { 1 };
        self.inside(unit * self.unit(), rows)
    }
}

/// The parts of rows, or of the tiles of them.
pub(super) struct Parts {
    memory: Kept,
    are_of_tiles: bool,
}

impl Parts {
    /// Returns those of so many units, of which `inside` has the steps: starts and ends of these go one way.
    pub(super) fn new(
        units: usize,
        are_of_tiles: bool,
        inside: &dyn Fn(usize) -> Range<usize>,
    ) -> Self {
        // What vectors have in common changes with each start and each end.
        let most = if are_of_tiles { units.div_ceil(TILE) * (2 * TILE - 1) } else { units };
        let mut memory = Kept::new(most * size_of::<RowsPart>(), align_of::<RowsPart>());
        let mut next = memory.as_mut_ptr().cast::<RowsPart>();
        let mut put = |part: RowsPart| {
            // SAFETY: there is room for the most parts that there can be.
            unsafe { next.write(part) };
            next = next.wrapping_add(1);
        };
        if are_of_tiles {
            for first in (0..units).step_by(TILE) {
                let of_tile = first..units.min(first + TILE);
                parts_of_tile(&of_tile.map(inside).collect::<SmallVec<[_; TILE]>>(), &mut put);
            }
        } else {
            (0..units).for_each(|unit| put(part(inside(unit))));
        }
        Parts { memory, are_of_tiles }
    }

    /// Returns those from a unit on, the first one of a tile.
    pub(super) fn from(&self, unit: usize) -> *const RowsPart {
        let mut from = self.memory.as_ptr().cast::<RowsPart>();
        if !self.are_of_tiles {
            return from.wrapping_add(unit);
        }
        let mut tiles = unit / TILE;
        while tiles > 0 {
            // SAFETY: there are tiles up to that unit.
            tiles -= usize::from(unsafe { from.read().has_next } == 0);
            from = from.wrapping_add(1);
        }
        from
    }
}

/// Returns the part with some steps of all vectors.
pub(super) fn part(steps: Range<usize>) -> RowsPart {
    let bytes = |steps: usize| (steps * size_of::<RowsEntry>()) as u32;
    RowsPart { first: bytes(steps.start), end: bytes(steps.end), vectors: 0, has_next: 0 }
}

/// Calls `put` with the parts of a tile whose vectors have these steps.
fn parts_of_tile(of: &[Range<usize>], put: &mut dyn FnMut(RowsPart)) {
    let ends = || of.iter().flat_map(|steps| [steps.start, steps.end]);
    let mut from = ends().min().unwrap_or(0);
    let mut last = part(0..0);
    while let Some(to) = ends().filter(|&end| end > from).min() {
        let has = |steps: &Range<usize>| steps.start <= from && to <= steps.end;
        if let Some(first) = of.iter().position(has) {
            let count = of[first..].iter().take_while(|steps| has(steps)).count();
            if last.end > 0 {
                put(RowsPart { has_next: 1, ..last });
            }
            last = RowsPart { vectors: (8 * first + first + count) as u32, ..part(from..to) };
        }
        from = to;
    }
    put(last);
}
