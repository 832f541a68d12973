//! The tables of an execution: their sizes, and filling those of columns and steps.

use super::even::Runs;
use super::execute::Execution;
use super::loops::{Columns, Cursor, fill};
use super::machine::Machine;
use super::near;
use super::packed::STRIP;
use super::pairs::Pairs;
use super::plan::{Form, Panels, Plan};
use super::scratch::Scratch;
use super::sweep::{Cut, Split};
use super::turned;
use crate::kernel::packing::Pair;
use crate::kernel::table::{ColumnEntry, StepEntry, VectorEntry};

/// The sizes of the tables: vectors, rows of a tile, and steps.
pub(super) fn table_sizes(machine: &Machine, plan: &Plan) -> [usize; 3] {
    let tile = machine.kernels.broadcast.len();
    let vectors = match &plan.form {
        Form::Turned(_) => plan.vectors,
        _ => plan.tile_block * tile,
    };
    let rows = tile * machine.rows_of_vector() + 8;
    [vectors, rows, plan.step_block * machine.steps_of_point()]
}

pub(super) fn panel_bytes(machine: &Machine, plan: &Plan) -> usize {
    match &plan.form {
        Form::Direct | Form::Lanes(_) => 0,
        Form::Packed(panels) => panels.panel_bytes * panels.apart_block * plan.tile_block,
        Form::Turned(turn) => turned::bytes(machine, plan, turn),
    }
}

/// The columns, rows, and bytes of a buffer that sums are collected in.
pub(super) fn collected_sizes(machine: &Machine, plan: &Plan) -> [usize; 3] {
    let Form::Packed(Panels { collected: Some(_), .. }) = &plan.form else { return [0; 3] };
    let tile = machine.kernels.broadcast.len();
    let bytes = STRIP * tile * machine.vector_bytes();
    [STRIP, tile * machine.rows_of_vector(), bytes]
}

pub(super) fn scratch_bytes(machine: &Machine, plan: &Plan) -> usize {
    let [vectors, rows, steps] = table_sizes(machine, plan);
    let [strip, pieces, buffer] = collected_sizes(machine, plan);
    let [near_columns, near] = near::sizes(machine, plan);
    let image = plan.image.as_ref().map_or(0, |image| image.bytes);
    let tables = Scratch::size::<ColumnEntry>(plan.column_block)
        + Scratch::size::<StepEntry>(steps)
        + Scratch::size::<VectorEntry>(vectors)
        + Scratch::size::<u8>(image);
    match panel_bytes(machine, plan) {
        0 => tables,
        panels => {
            tables
                + Scratch::size::<Pair>(rows)
                + Scratch::size::<Pair>(plan.step_block)
                + Scratch::size::<u8>(panels)
                + Scratch::size::<ColumnEntry>(strip)
                + Scratch::size::<VectorEntry>(pieces)
                + Scratch::size::<u8>(buffer)
                + Scratch::size::<ColumnEntry>(near_columns)
                + Scratch::size::<u8>(near)
        }
    }
}

impl Execution<'_> {
    /// Fills the table of columns, if it holds others.
    ///
    /// # Safety
    ///
    /// As [`execute`](super::execute::execute).
    pub(super) unsafe fn take_columns(&mut self, start: usize, count: usize) {
        if self.first_column == start {
            return;
        }
        self.first_column = start;
        self.column_count = count;
        let mut cursor = Cursor::at(&self.plan.columns, start);
        let (packing, to) = (self.machine.packing, self.columns.cast());
        // SAFETY: the table has room for a block.
        unsafe { fill(packing, to, &mut cursor, count, Columns::YC) };
        // SAFETY: the table has just been filled.
        self.cut = unsafe { self.cut(0, count) };
    }

    /// Returns how some columns of a block are taken.
    ///
    /// # Safety
    ///
    /// The table has them.
    pub(super) unsafe fn cut(&self, first: usize, count: usize) -> Cut {
        let split = Split::of(count);
        // Of a copy, tiles are as it has them.
        let (may_pair, may_run) = match &self.plan.form {
            Form::Packed(panels) => (!panels.is_near, !panels.is_near),
            form => (matches!(form, Form::Direct), true),
        };
        let runs = || Runs::from(self.plan, self.first_column + first);
        Cut {
            split,
            // SAFETY: the caller's duty.
            pairs: if may_pair { unsafe { self.pairs(first, count) } } else { None },
            runs: if may_run { runs() } else { None },
        }
    }

    /// Returns the pairs of some columns of a block, if there are tiles of few vectors.
    ///
    /// # Safety
    ///
    /// The table has them.
    unsafe fn pairs(&self, first: usize, count: usize) -> Option<Pairs> {
        if self.kernels.paired.is_empty() || !self.plan.is_paired(self.machine) {
            return None;
        }
        // SAFETY: the caller's duty.
        unsafe { Pairs::of(self.columns.add(first), count, &self.plan.columns) }
    }

    /// Fills the table of steps, if it holds others. One loop's steps are the same in every block, but for a shift.
    ///
    /// # Safety
    ///
    /// As [`execute`](super::execute::execute).
    pub(super) unsafe fn take_steps(&mut self, start: usize, count: usize) {
        let plan = self.plan;
        let per_point = self.machine.steps_of_point();
        self.arguments.steps = self.steps;
        self.arguments.steps_end = self.steps.wrapping_add(count * per_point);
        let mut first = start;
        let mut filled = count;
        if let [only] = plan.steps[..] {
            self.step_x = only.x * start.cast_signed();
            self.step_y = only.y * start.cast_signed();
            (first, filled) = (0, plan.step_block);
        }
        if self.first_step == first {
            return;
        }
        self.first_step = first;
        let mut cursor = Cursor::at(&plan.steps, first);
        let packing = self.machine.packing;
        let Form::Packed(panels) = &plan.form else {
            // SAFETY: the table has room for a block.
            unsafe { fill(packing, self.steps.cast(), &mut cursor, filled, Columns::XY) };
            return;
        };
        // SAFETY: as above.
        unsafe { fill(packing, self.source_steps, &mut cursor, filled, Columns::XY) };
        let mut i = 0;
        while i < filled {
            let mut part = 0;
            while part < per_point {
                let entry = i * per_point + part;
                let within = (part * self.machine.kernels.element).cast_signed();
                // SAFETY: as above.
                unsafe {
                    let y = match panels.is_near {
                        true => (i * near::step_bytes(self.machine)).cast_signed(),
                        false => (*self.source_steps.add(i))[1] + within,
                    };
                    let x = (entry * panels.step_bytes).cast_signed();
                    self.steps.add(entry).write(StepEntry { x, y });
                }
                part += 1;
            }
            i += 1;
        }
    }
}
