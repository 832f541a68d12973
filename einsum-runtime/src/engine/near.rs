//! Blocks of Y that are copied to where they are near, in tiles of columns, step by step, as the panels of X are.
//!
//! ```text
//! for a block of columns, for a block of steps    near[tile][step][column] = Y[column + step]
//!   for a block of tiles                          panels
//! ```
//!
//! Where steps are far apart in Y, and columns adjacent, a tile of columns reads a part of a line every step, and the tile beside it
//! the rest: by then the first-level cache has lost it, at once if steps are multiples of a page apart, and every step has a
//! page of its own. Where columns are far apart too, every element has a line of its own. A processor that reads far slowly waits for
//! that. Copied, a tile takes as many lines as it has elements for, one after the other, which come before they are asked for.

use super::execute::Execution;
use super::loops::points;
use super::machine::Machine;
use super::plan::{Form, Panels, Plan};
use super::sweep::Split;
use crate::kernel::level::reads_far_slowly;
use crate::kernel::table::{COLUMNS, ColumnEntry};

/// The fewest steps, vectors of rows, and columns that are adjacent, for which they are.
const STEPS: usize = if cfg!(test) { 2 } else { 64 };
const VECTORS: usize = if cfg!(test) { 1 } else { 8 };
const ADJACENT: usize = if cfg!(test) { 2 } else { 16 };

/// As many if columns are not adjacent: they are copied one by one, but each tile would read a line for every element.
const STEPS_OF_APART: usize = if cfg!(test) { 2 } else { 16 };
const VECTORS_OF_APART: usize = if cfg!(test) { 2 } else { 64 };

/// The fewest bytes from one step to the next: a few cache lines.
const APART: usize = if cfg!(test) { 8 } else { 256 };

/// The steps that are copied of all tiles, one after the other: in the order of Y, which a processor foresees.
const TOGETHER: usize = 32;

/// The bytes of a copy: a square block of 512 numbers of 8 bytes fits.
const BYTES: usize = if cfg!(test) { 16 << 10 } else { 2304 << 10 };

/// The most columns of a block, in whole strips, for blocks of so many steps.
pub(super) fn most_columns(machine: &Machine, steps: usize, strip: usize) -> usize {
    (BYTES / (steps * strip * machine.unit)).max(1) * strip
}

/// Whether blocks of Y are copied, for a plan that packs X.
pub(super) fn is_copied(machine: &Machine, plan: &Plan, panels: &Panels) -> bool {
    let (Some(column), Some(step)) = (plan.columns.last(), plan.steps.last()) else {
        return false;
    };
    let least = if column.y != machine.unit.cast_signed() && column.y.unsigned_abs() >= APART {
        [STEPS_OF_APART, VECTORS_OF_APART]
    } else if column.y == machine.unit.cast_signed() && column.extent >= ADJACENT {
        [STEPS, VECTORS]
    } else {
        return false;
    };
    reads_far_slowly()
        && machine.steps_of_point() == 1
        && step.y.unsigned_abs() >= APART
        && points(&plan.steps) >= least[0]
        && plan.vectors >= least[1]
        && (panels.apart.extent == 1 || panels.apart.y == 0)
}

/// The columns and the bytes of the room that a plan needs for a copy.
pub(super) fn sizes(machine: &Machine, plan: &Plan) -> [usize; 2] {
    match &plan.form {
        Form::Packed(Panels { is_near: true, strip, .. }) => {
            let columns = plan.column_block;
            let tiles = columns.div_ceil(*strip) * (strip / COLUMNS);
            [columns, tiles * step_bytes(machine) * plan.step_block]
        }
        _ => [0; 2],
    }
}

/// The bytes of a step of a tile.
pub(super) fn step_bytes(machine: &Machine) -> usize {
    COLUMNS * machine.unit
}

/// Where a column of a block is in the copy.
struct Place {
    /// The tile, of those of all strips, its columns, and the number of the column there.
    tile: usize,
    columns: usize,
    column: usize,
}

impl Place {
    /// Returns where a column is, of so many of the block: in the tiles that strips of so many are split into.
    fn of(column: usize, columns: usize, strip: usize) -> Self {
        let (first, within) = (column / strip * strip, column % strip);
        let Split { columns: narrow, wide, .. } = Split::of(strip.min(columns - first));
        let of_wide = wide * (narrow + 1);
        let (tile, columns, column) = if within < of_wide {
            (within / (narrow + 1), narrow + 1, within % (narrow + 1))
        } else {
            (wide + (within - of_wide) / narrow, narrow, (within - of_wide) % narrow)
        };
        Place { tile: first / COLUMNS + tile, columns, column }
    }
}

impl Execution<'_> {
    /// Copies the tiles of the block's columns, in strips, in `steps` steps, fills the table of where columns are there, and points
    /// the kernels to the copy.
    ///
    /// # Safety
    ///
    /// As [`execute`](super::execute::execute), with tables of columns and of so many steps, and kernels pointed to Y.
    pub(super) unsafe fn copy_near(&mut self, steps: usize, strip: usize) {
        let unit = self.machine.unit;
        let step_bytes = step_bytes(self.machine);
        let (columns, y) = (self.column_count, self.arguments.y);
        let tile_bytes = steps * step_bytes;
        let place = |column: usize| {
            let at = Place::of(column, columns, strip);
            at.tile * tile_bytes + at.column * unit
        };
        let mut column = 0;
        while column < columns {
            // SAFETY: the tables have room for a block's columns.
            unsafe {
                let entry = *self.columns.add(column);
                let y = place(column).cast_signed();
                self.near_columns.add(column).write(ColumnEntry { y, ..entry });
            }
            column += 1;
        }
        let mut step = 0;
        while step < steps {
            let count = TOGETHER.min(steps - step);
            // Of the table of steps only the second offsets are read, those in Y.
            let reads = self.source_steps.wrapping_add(step).cast::<isize>().wrapping_add(1);
            let mut first = 0;
            while first < columns {
                // SAFETY: the caller's duties; the copy has room for all tiles.
                unsafe {
                    let from = (*self.columns.add(first)).y;
                    let at = Place::of(first, columns, strip);
                    let end = self.end_of_run(first, first - at.column + at.columns);
                    (self.machine.packing.copy)(
                        self.near.wrapping_add(place(first) + step * step_bytes),
                        y.wrapping_offset(from),
                        reads.cast(),
                        count,
                        (end - first) * unit,
                        step_bytes.cast_signed(),
                    );
                    first = end;
                }
            }
            step += count;
        }
        self.arguments.y = self.near;
    }

    /// Returns the column before `most` that does not follow the one before it in Y, of those from `first` on, or `most`.
    ///
    /// # Safety
    ///
    /// The table has these columns.
    unsafe fn end_of_run(&self, first: usize, most: usize) -> usize {
        // SAFETY: the caller's duties.
        let y = |column: usize| unsafe { (*self.columns.add(column)).y };
        let mut end = first + 1;
        while end < most && y(end) == y(end - 1) + self.machine.unit.cast_signed() {
            end += 1;
        }
        end
    }
}
