//! Carries out a plan, or a part of it: loops over the batch, blocks of columns and of steps, and blocks of tiles.
//!
//! ```text
//! for every batch point
//!   for a block of columns, for a block of steps      tables of them
//!     for a block of tiles                            a table of vectors; panels
//!       for every tile                                one sweep over the block's columns
//! ```
//!
//! Tables hold offsets from the operands' first elements, so one that covers all of a group is filled once, and the
//! batch loop only moves pointers.

use core::ops::Range;

use super::loops::{Cursor, points};
use super::machine::Machine;
use super::near;
use super::parts::Part;
use super::plan::{Form, Panels, Plan};
use super::rows::{Vectors, fill_direct};
use super::scratch::{Scratch, with_scratch};
use super::sweep::{Cut, Kernels, Split, sweep};
use super::tables::{collected_sizes, panel_bytes, scratch_bytes, table_sizes};
use super::turned;
use crate::kernel::level::reads_far_slowly;
use crate::kernel::packing::Pair;
use crate::kernel::rotate::Factors;
use crate::kernel::table::{ADD, Arguments, ColumnEntry, StepEntry, VectorEntry};

/// The arrays, and how sums enter C.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) x: *const u8,
    pub(super) y: *const u8,
    pub(super) c: *mut u8,
    /// As in [`Arguments`].
    pub(super) finish: usize,
    pub(super) alpha: u64,
    pub(super) beta: u64,
    /// One, as an element.
    pub(super) one: u64,
    /// For complex elements; alpha is in there.
    pub(super) factors: Option<Factors>,
}

/// Nothing that a table holds starts here.
const NOWHERE: usize = usize::MAX;

/// A plan while it is carried out.
pub(super) struct Execution<'p> {
    pub(super) machine: &'p Machine,
    pub(super) plan: &'p Plan,
    pub(super) part: Part,
    pub(super) task: Task,
    pub(super) kernels: Kernels,
    pub(super) arguments: Arguments,
    pub(super) columns: *mut ColumnEntry,
    pub(super) steps: *mut StepEntry,
    pub(super) vectors: *mut VectorEntry,
    /// Offsets of steps in X itself, and of a tile's rows: for packing.
    pub(super) source_steps: *mut Pair,
    pub(super) rows: *mut Pair,
    pub(super) panels: *mut u8,
    /// Where sums are collected: their columns, the vectors that they are moved in, and themselves.
    pub(super) strip: *mut ColumnEntry,
    pub(super) pieces: *mut VectorEntry,
    pub(super) collected: *mut u8,
    pub(super) image: *mut u8,
    /// Where blocks of Y are copied to, and their columns.
    pub(super) near: *mut u8,
    pub(super) near_columns: *mut ColumnEntry,
    /// Where X starts that the panels hold all of, if they do.
    pub(super) packed: *const u8,
    pub(super) column_count: usize,
    /// How the columns of a block are taken, if X is not packed.
    pub(super) cut: Cut,
    /// What the tables start with, and the lanes that vectors have.
    pub(super) first_column: usize,
    pub(super) first_step: usize,
    first_tile: usize,
    filled_lanes: usize,
    /// The offsets of the block of steps that its table leaves out.
    pub(super) step_x: isize,
    pub(super) step_y: isize,
}

/// Carries out a part of a plan.
///
/// # Safety
///
/// As [`contract`](super::contract), for the groups that the plan was made from.
pub(super) unsafe fn execute(machine: &Machine, plan: &Plan, part: Part, task: Task) {
    with_scratch(scratch_bytes(machine, plan), |scratch| {
        let mut execution = Execution::new(machine, plan, part, task, scratch);
        // SAFETY: the caller's duties.
        unsafe { execution.batch() }
        if plan.streaming || plan.image.is_some() {
            fence();
        }
    });
}

/// Makes streaming stores visible before later ones.
fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: all x86-64 processors have SSE.
    unsafe {
        core::arch::x86_64::_mm_sfence();
    }
}

impl<'p> Execution<'p> {
    fn new(
        machine: &'p Machine,
        plan: &'p Plan,
        part: Part,
        task: Task,
        mut scratch: Scratch,
    ) -> Self {
        let [vectors, rows, steps] = table_sizes(machine, plan);
        let set = machine.kernels;
        let panels = panel_bytes(machine, plan);
        let [strip, pieces, collected] = collected_sizes(machine, plan);
        let [near_columns, near] = near::sizes(machine, plan);
        let none = core::ptr::null_mut();
        let (y_ahead, y_ahead_step) = plan.y_ahead(machine);
        Execution {
            machine,
            plan,
            part,
            task,
            kernels: match &plan.form {
                Form::Lanes(_) => Kernels::lanes(set),
                _ if plan.streaming => Kernels::streaming(set),
                Form::Packed(_) if reads_far_slowly() => {
                    Kernels::panels(set, plan.steps_in_y(machine))
                }
                // X is fetched ahead there, which those of one vector do not do.
                Form::Turned(_) => Kernels { long: None, ..Kernels::broadcast(set) },
                _ => Kernels::broadcast(set),
            },
            arguments: Arguments {
                x: task.x,
                y: task.y,
                c: task.c,
                vectors: core::ptr::null(),
                columns: core::ptr::null(),
                steps: core::ptr::null(),
                steps_end: core::ptr::null(),
                tiles: 0,
                finish: task.finish,
                alpha: task.alpha,
                beta: task.beta,
                // Elsewhere X has just been packed, or the processor finds its way by itself.
                x_ahead: match &plan.form {
                    Form::Turned(turn) => turn.across.x,
                    Form::Direct => plan.x_ahead(machine),
                    _ => 0,
                },
                y_ahead,
                y_ahead_step,
                y_apart: 0,
                c_apart: 0,
                x_step: plan.step_bytes(),
                y_step: plan.y_step(machine),
            },
            columns: scratch.take(plan.column_block),
            steps: scratch.take(steps),
            vectors: scratch.take(vectors),
            source_steps: if panels == 0 { none } else { scratch.take(plan.step_block) },
            rows: if panels == 0 { none } else { scratch.take(rows) },
            panels: if panels == 0 { none.cast() } else { scratch.take(panels) },
            strip: scratch.take(strip),
            pieces: scratch.take(pieces),
            collected: scratch.take(collected),
            image: scratch.take(plan.image.as_ref().map_or(0, |image| image.bytes)),
            near: scratch.take(near),
            near_columns: scratch.take(near_columns),
            packed: core::ptr::null(),
            column_count: 0,
            cut: Split::of(plan.column_block).into(),
            first_column: NOWHERE,
            first_step: NOWHERE,
            first_tile: NOWHERE,
            filled_lanes: 0,
            step_x: 0,
            step_y: 0,
        }
    }

    /// # Safety
    ///
    /// As [`execute`].
    unsafe fn batch(&mut self) {
        let plan = self.plan;
        let Range { start, end } = self.part.batch;
        let mut cursor = Cursor::at(&plan.batch, start);
        let mut left = end - start;
        while left > 0 {
            let c = self.task.c.wrapping_offset(cursor.c);
            let task = Task {
                x: self.task.x.wrapping_offset(cursor.x),
                y: self.task.y.wrapping_offset(cursor.y),
                c: if plan.image.is_some() { self.image } else { c },
                ..self.task
            };
            // SAFETY: the caller's duties, at a point of the batch.
            unsafe {
                match &plan.form {
                    Form::Direct => self.product(task, None, self.machine.kernels.width),
                    Form::Packed(panels) => {
                        self.product(task, Some(panels), self.machine.kernels.width);
                    }
                    Form::Lanes(_) => self.lanes(task),
                    Form::Turned(turn) => turned::product(self, task, turn),
                }
                if let Some(image) = &plan.image {
                    image.move_to(c, self.image, self.machine);
                }
            }
            cursor.advance(1);
            left -= 1;
        }
    }

    /// Runs chunks of the part's lanes one after the other.
    ///
    /// # Safety
    ///
    /// As [`execute`].
    unsafe fn lanes(&mut self, task: Task) {
        let width = self.machine.kernels.width;
        let Range { start: mut lane, end } = self.part.apart;
        while lane < end {
            let bytes = lane * self.machine.unit;
            let chunk = Task {
                x: task.x.wrapping_add(bytes),
                y: task.y.wrapping_add(bytes),
                c: task.c.wrapping_add(bytes),
                ..task
            };
            // SAFETY: the caller's duties.
            unsafe { self.product(chunk, None, width.min(end - lane)) };
            lane += width;
        }
    }

    /// Runs the blocks of one product.
    ///
    /// # Safety
    ///
    /// As [`execute`].
    unsafe fn product(&mut self, task: Task, panels: Option<&Panels>, lanes: usize) {
        let plan = self.plan;
        let Range { start: mut column, end } = self.part.columns;
        let k = points(&plan.steps);
        while column < end {
            // SAFETY: the caller's duties, as blocks stay inside the groups.
            unsafe { self.take_columns(column, plan.column_block.min(end - column)) };
            let mut step = 0;
            while step < k {
                let count = plan.step_block.min(k - step);
                // SAFETY: as above.
                unsafe {
                    self.take_steps(step, count);
                    self.begin(task, step);
                    match panels {
                        None => self.tiles(lanes),
                        Some(panels) => self.packed_tiles(task, panels, step, count),
                    }
                }
                step += count;
            }
            column += plan.column_block;
        }
    }

    /// Points the kernels to a block of steps, whose sums are added to those of earlier steps.
    pub(super) fn begin(&mut self, task: Task, step: usize) {
        self.arguments.x = task.x.wrapping_offset(self.step_x);
        self.arguments.y = task.y.wrapping_offset(self.step_y);
        self.arguments.c = task.c;
        let is_first = step == 0;
        self.arguments.finish = if is_first { task.finish } else { task.finish | ADD };
        self.arguments.beta = if is_first { task.beta } else { task.one };
    }

    /// Returns the number of vectors before a tile.
    pub(super) fn vectors_before(&self, tile: usize) -> usize {
        let (vectors, tiles) = (self.plan.vectors, self.plan.tiles);
        vectors / tiles * tile + tile.min(vectors % tiles)
    }

    /// Runs the part's tiles of vectors that are read from X itself. `lanes` is the lanes of a vector whose rows are batch points.
    ///
    /// # Safety
    ///
    /// As [`execute`], with tables of columns and steps.
    unsafe fn tiles(&mut self, lanes: usize) {
        let plan = self.plan;
        let Range { start: mut tile, end: last } = self.part.rows;
        while tile < last {
            let end = last.min(tile + plan.tile_block);
            let first = self.vectors_before(tile);
            if self.first_tile != tile || self.filled_lanes != lanes {
                (self.first_tile, self.filled_lanes) = (tile, lanes);
                let count = self.vectors_before(end) - first;
                let mut vectors = Vectors::from(self.machine, plan, first);
                // SAFETY: the table has room for a block.
                unsafe {
                    fill_direct(self.machine, self.vectors, &mut vectors, count);
                    if let Form::Lanes(_) = plan.form {
                        self.set_lanes(count, lanes);
                    }
                }
            }
            while tile < end {
                let at = self.vectors_before(tile);
                let count = self.vectors_before(tile + 1) - at;
                // SAFETY: the caller's duties.
                unsafe { self.sweep(at - first, count) };
                tile += 1;
            }
        }
    }

    /// Sets the masks of vectors.
    ///
    /// # Safety
    ///
    /// The table has `count` entries.
    unsafe fn set_lanes(&mut self, count: usize, lanes: usize) {
        let mask = (self.machine.kernels.mask)(lanes);
        let mut i = 0;
        while i < count {
            // SAFETY: the caller's duties.
            unsafe { (*self.vectors.add(i)).mask = mask };
            i += 1;
        }
    }

    /// Runs a tile.
    ///
    /// # Safety
    ///
    /// As [`execute`]; the table of vectors has `count` entries from `first` on.
    #[inline]
    pub(super) unsafe fn sweep(&mut self, first: usize, count: usize) {
        // SAFETY: the caller's duties.
        unsafe {
            let vectors = self.vectors.add(first);
            sweep(&self.kernels, &mut self.arguments, vectors, count, self.columns, &self.cut);
        }
    }
}
