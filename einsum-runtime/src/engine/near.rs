//! Strips of Y that are copied to where they are near, step by step, as the panels of X are.
//!
//! ```text
//! for a strip of columns                          near[step][column] = Y[column + step]
//!   for every tile                                one sweep over the strip
//! ```
//!
//! Where columns are adjacent in Y and steps far apart, a tile of columns reads a part of a line every step, and the tile beside it
//! the rest: by then the first-level cache has lost it, at once if steps are multiples of a page apart, and every step has a
//! page of its own. A processor that reads far slowly waits for that. Copied, a strip takes as many lines as it has elements for,
//! one after the other, and the kernels fetch the lines of the next strip while they work on this one.

use super::execute::Execution;
use super::loops::points;
use super::machine::Machine;
use super::packed::STRIP;
use super::plan::{Form, Panels, Plan};
use super::sweep::Cut;
use crate::kernel::level::reads_far_slowly;
use crate::kernel::table::ColumnEntry;

/// The fewest steps, vectors of rows, and columns that are adjacent, for which a strip is copied.
const STEPS: usize = if cfg!(test) { 2 } else { 64 };
const VECTORS: usize = if cfg!(test) { 1 } else { 8 };
const ADJACENT: usize = if cfg!(test) { 2 } else { 16 };

/// The fewest bytes from one step to the next: a few cache lines.
const APART: usize = if cfg!(test) { 8 } else { 256 };

/// Whether strips of Y are copied, for a plan that packs X.
pub(super) fn is_copied(machine: &Machine, plan: &Plan, panels: &Panels) -> bool {
    let (Some(column), Some(step)) = (plan.columns.last(), plan.steps.last()) else {
        return false;
    };
    reads_far_slowly()
        && machine.steps_of_point() == 1
        && column.y == machine.unit.cast_signed()
        && column.extent >= ADJACENT
        && step.y.unsigned_abs() >= APART
        && points(&plan.steps) >= STEPS
        && plan.vectors >= VECTORS
        && (panels.apart.extent == 1 || panels.apart.y == 0)
}

/// The columns and the bytes of the room that a plan needs for a strip.
pub(super) fn sizes(machine: &Machine, plan: &Plan) -> [usize; 2] {
    match &plan.form {
        Form::Packed(Panels { is_near: true, .. }) => {
            [STRIP, step_bytes(machine) * plan.step_block]
        }
        _ => [0; 2],
    }
}

/// The bytes of a step of a strip.
pub(super) fn step_bytes(machine: &Machine) -> usize {
    STRIP * machine.unit
}

impl Execution<'_> {
    /// Copies `count` columns of the block from `first` on, of Y from `y` on, in `steps` steps, and returns the table and the cut of
    /// them. Kernels are pointed to the copy, and to where the columns of a strip that begins with `next` are fetched.
    ///
    /// # Safety
    ///
    /// As [`execute`](super::execute::execute), with tables of columns and of so many steps; a strip has room for the columns.
    pub(super) unsafe fn copy_near(
        &mut self,
        y: *const u8,
        first: usize,
        count: usize,
        steps: usize,
    ) -> (*const ColumnEntry, Cut) {
        let unit = self.machine.unit;
        let step_bytes = step_bytes(self.machine).cast_signed();
        let (columns, copied) = (self.columns.wrapping_add(first), self.near_columns);
        let reads = self.source_steps.cast::<isize>().wrapping_add(1).cast();
        let mut column = 0;
        while column < count {
            // SAFETY: the caller's duties. Of the table of steps only the second offsets are read, those in Y.
            unsafe {
                let from = (*columns.add(column)).y;
                let mut end = column;
                while end < count
                    && (*columns.add(end)).y == from + ((end - column) * unit).cast_signed()
                {
                    let y = (end * unit).cast_signed();
                    copied.add(end).write(ColumnEntry { y, ..*columns.add(end) });
                    end += 1;
                }
                (self.machine.packing.copy)(
                    self.near.wrapping_add(column * unit),
                    y.wrapping_offset(from),
                    reads,
                    steps,
                    (end - column) * unit,
                    step_bytes,
                );
                column = end;
            }
        }
        self.arguments.y = self.near;
        // SAFETY: the caller's duties.
        let cut = unsafe { self.cut(first, count) };
        (copied, Cut { pairs: None, ..cut })
    }
}
