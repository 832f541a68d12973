//! Carries a plan out: loops over the batch, blocks of columns and of steps, and blocks of tiles.
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

use super::choose::{Form, Panels, Plan, block};
use super::loops::{Columns, Cursor, Loop, fill, points};
use super::machine::Machine;
use super::pack::{Source, pack};
use super::rows::{Vectors, fill_direct, fill_packed, fill_rows};
use super::scratch::{Scratch, with_scratch};
use super::sweep::{Kernels, Split, sweep};
use super::turned;
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

/// The columns of packed products that run against all tiles of a block, one after the other.
const STRIP: usize = 48;

/// Nothing that a table holds starts here.
const NOWHERE: usize = usize::MAX;

/// A plan while it is carried out.
pub(super) struct Execution<'p> {
    pub(super) machine: &'p Machine,
    pub(super) plan: &'p Plan,
    pub(super) task: Task,
    pub(super) kernels: Kernels,
    pub(super) arguments: Arguments,
    pub(super) columns: *mut ColumnEntry,
    pub(super) steps: *mut StepEntry,
    pub(super) vectors: *mut VectorEntry,
    /// Offsets of steps in X itself, and of a tile's rows: for packing.
    source_steps: *mut Pair,
    rows: *mut Pair,
    pub(super) panels: *mut u8,
    column_count: usize,
    split: Split,
    /// What the tables start with, and the lanes that vectors have.
    first_column: usize,
    first_step: usize,
    first_tile: usize,
    filled_lanes: usize,
    /// The offsets of the block of steps that its table leaves out.
    step_x: isize,
    step_y: isize,
}

/// Carries out a plan.
///
/// # Safety
///
/// As [`contract`](super::contract), for the groups that the plan was made from.
pub(super) unsafe fn execute(machine: &Machine, plan: &Plan, task: Task) {
    with_scratch(scratch_bytes(machine, plan), |scratch| {
        let mut execution = Execution::new(machine, plan, task, scratch);
        // SAFETY: the caller's duties.
        unsafe { execution.batch() }
        if plan.streaming {
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

/// The sizes of the tables: vectors, rows of a tile, and steps.
fn table_sizes(machine: &Machine, plan: &Plan) -> [usize; 3] {
    let tile = machine.kernels.broadcast.len();
    let vectors = match &plan.form {
        Form::Turned(_) => plan.vectors,
        _ => plan.tile_block * tile,
    };
    let rows = tile * machine.rows_of_vector() + 8;
    [vectors, rows, plan.step_block * machine.steps_of_point()]
}

fn panel_bytes(machine: &Machine, plan: &Plan) -> usize {
    match &plan.form {
        Form::Direct | Form::Lanes(_) => 0,
        Form::Packed(panels) => panels.panel_bytes * panels.apart_block * plan.tile_block,
        Form::Turned(turn) => turned::bytes(machine, plan, turn),
    }
}

fn scratch_bytes(machine: &Machine, plan: &Plan) -> usize {
    let [vectors, rows, steps] = table_sizes(machine, plan);
    let tables = Scratch::size::<ColumnEntry>(plan.column_block)
        + Scratch::size::<StepEntry>(steps)
        + Scratch::size::<VectorEntry>(vectors);
    match panel_bytes(machine, plan) {
        0 => tables,
        panels => {
            tables
                + Scratch::size::<Pair>(rows)
                + Scratch::size::<Pair>(plan.step_block)
                + Scratch::size::<u8>(panels)
        }
    }
}

impl<'p> Execution<'p> {
    fn new(machine: &'p Machine, plan: &'p Plan, task: Task, mut scratch: Scratch) -> Self {
        let [vectors, rows, steps] = table_sizes(machine, plan);
        let set = machine.kernels;
        let panels = panel_bytes(machine, plan);
        let none = core::ptr::null_mut();
        let (y_ahead, y_ahead_step) = plan.y_ahead(machine);
        Execution {
            machine,
            plan,
            task,
            kernels: match &plan.form {
                Form::Lanes(_) => Kernels::lanes(set),
                _ if plan.streaming => Kernels::streaming(set),
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
                    _ => 0,
                },
                y_ahead,
                y_ahead_step,
            },
            columns: scratch.take(plan.column_block),
            steps: scratch.take(steps),
            vectors: scratch.take(vectors),
            source_steps: if panels == 0 { none } else { scratch.take(plan.step_block) },
            rows: if panels == 0 { none } else { scratch.take(rows) },
            panels: if panels == 0 { none.cast() } else { scratch.take(panels) },
            column_count: 0,
            split: Split::of(plan.column_block),
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
        let mut cursor = Cursor::at(&plan.batch, 0);
        let mut left = points(&plan.batch);
        while left > 0 {
            let task = Task {
                x: self.task.x.wrapping_offset(cursor.x),
                y: self.task.y.wrapping_offset(cursor.y),
                c: self.task.c.wrapping_offset(cursor.c),
                ..self.task
            };
            // SAFETY: the caller's duties, at a point of the batch.
            unsafe {
                match &plan.form {
                    Form::Direct => self.product(task, None, self.machine.kernels.width),
                    Form::Packed(panels) => {
                        self.product(task, Some(panels), self.machine.kernels.width);
                    }
                    Form::Lanes(lanes) => self.lanes(task, *lanes),
                    Form::Turned(turn) => turned::product(self, task, turn),
                }
            }
            cursor.advance(1);
            left -= 1;
        }
    }

    /// Runs chunks of the lanes' loop one after the other.
    ///
    /// # Safety
    ///
    /// As [`execute`].
    unsafe fn lanes(&mut self, task: Task, lanes: Loop) {
        let width = self.machine.kernels.width;
        let mut lane = 0;
        while lane < lanes.extent {
            let bytes = lane * self.machine.unit;
            let chunk = Task {
                x: task.x.wrapping_add(bytes),
                y: task.y.wrapping_add(bytes),
                c: task.c.wrapping_add(bytes),
                ..task
            };
            // SAFETY: the caller's duties.
            unsafe { self.product(chunk, None, width.min(lanes.extent - lane)) };
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
        let (n, k) = (points(&plan.columns), points(&plan.steps));
        let mut column = 0;
        while column < n {
            // SAFETY: the caller's duties, as blocks stay inside the groups.
            unsafe { self.take_columns(column, plan.column_block.min(n - column)) };
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

    /// Fills the table of columns, if it holds others.
    ///
    /// # Safety
    ///
    /// As [`execute`].
    pub(super) unsafe fn take_columns(&mut self, start: usize, count: usize) {
        if self.first_column == start {
            return;
        }
        self.first_column = start;
        self.column_count = count;
        self.split = Split::of(count);
        let mut cursor = Cursor::at(&self.plan.columns, start);
        let (packing, to) = (self.machine.packing, self.columns.cast());
        // SAFETY: the table has room for a block.
        unsafe { fill(packing, to, &mut cursor, count, Columns::YC) };
    }

    /// Fills the table of steps, if it holds others. One loop's steps are the same in every block, but for a shift.
    ///
    /// # Safety
    ///
    /// As [`execute`].
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
                    let y = (*self.source_steps.add(i))[1] + within;
                    let x = (entry * panels.step_bytes).cast_signed();
                    self.steps.add(entry).write(StepEntry { x, y });
                }
                part += 1;
            }
            i += 1;
        }
    }

    /// Returns the number of vectors before a tile.
    fn vectors_before(&self, tile: usize) -> usize {
        let (vectors, tiles) = (self.plan.vectors, self.plan.tiles);
        vectors / tiles * tile + tile.min(vectors % tiles)
    }

    /// Runs all tiles of vectors that are read from X itself. `lanes` is the lanes of a vector whose rows are batch points.
    ///
    /// # Safety
    ///
    /// As [`execute`], with tables of columns and steps.
    unsafe fn tiles(&mut self, lanes: usize) {
        let plan = self.plan;
        let mut tile = 0;
        while tile < plan.tiles {
            let end = plan.tiles.min(tile + plan.tile_block);
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
            let (columns, split) = (self.columns, self.split);
            sweep(&self.kernels, &mut self.arguments, vectors, count, columns, split);
        }
    }

    /// Packs and runs all tiles.
    ///
    /// # Safety
    ///
    /// As [`execute`], with tables of columns and of `count` steps from `step` on.
    unsafe fn packed_tiles(&mut self, task: Task, panels: &Panels, step: usize, count: usize) {
        let (machine, plan) = (self.machine, self.plan);
        let mut tile = 0;
        while tile < plan.tiles {
            let end = plan.tiles.min(tile + plan.tile_block);
            let mut apart = 0;
            while apart < panels.apart.extent {
                let apart_end = panels.apart.extent.min(apart + panels.apart_block);
                // SAFETY: the caller's duties; panels have room for a block of tiles and of `apart`.
                unsafe {
                    let mut t = tile;
                    while t < end {
                        let at = self.vectors_before(t);
                        let vectors = self.vectors_before(t + 1) - at;
                        let mut walk = Vectors::from(machine, plan, at);
                        let row_count = fill_rows(machine, self.rows, &mut walk, vectors);
                        let source = Source {
                            x: task.x.wrapping_offset(self.step_x),
                            rows: self.rows,
                            row_count,
                            steps: self.source_steps,
                            step_count: count,
                            loops: &plan.steps,
                            first: step,
                            panels,
                            step_bytes: panels.step_bytes * machine.steps_of_point(),
                            apart: apart..apart_end,
                        };
                        pack(machine, self.panel(panels, t - tile, 0), &source);
                        self.rotate(panels, t - tile, apart_end - apart, count);
                        t += 1;
                    }
                    self.sweep_panels(task, panels, tile..end, apart..apart_end);
                }
                apart = apart_end;
            }
            tile = end;
        }
    }

    /// Prepares the panels of a tile for complex products.
    ///
    /// # Safety
    ///
    /// The panels have been packed.
    unsafe fn rotate(&mut self, panels: &Panels, tile: usize, apart: usize, steps: usize) {
        let Some(factors) = &self.task.factors else { return };
        let mut a = 0;
        while a < apart {
            let panel = self.panel(panels, tile, a);
            // SAFETY: the caller's duties; a panel has twice the rows for complex numbers.
            unsafe { (self.machine.kernels.rotate)(panel, steps, panels.step_bytes, factors) };
            a += 1;
        }
    }

    /// Runs packed tiles: a strip of columns against all of them, so that its part of Y is read from afar once.
    ///
    /// # Safety
    ///
    /// As [`execute`](execute()), with tables of columns and steps, and panels for `tiles` and `apart`.
    unsafe fn sweep_panels(
        &mut self,
        task: Task,
        panels: &Panels,
        tiles: Range<usize>,
        apart: Range<usize>,
    ) {
        let (machine, plan) = (self.machine, self.plan);
        let at = self.vectors_before(tiles.start);
        let mut walk = Vectors::from(machine, plan, at);
        let mut filled = 0;
        let mut tile = tiles.start;
        while tile < tiles.end {
            let count = self.vectors_before(tile + 1) - self.vectors_before(tile);
            // SAFETY: the table has room for the vectors of a block of tiles.
            unsafe { fill_packed(machine, self.vectors.add(filled), &mut walk, count) };
            filled += count;
            tile += 1;
        }
        let columns = self.column_count;
        let strip = block(columns, STRIP);
        let mut column = 0;
        while column < columns {
            let count = strip.min(columns - column);
            let split = Split::of(count);
            let mut tile = tiles.start;
            while tile < tiles.end {
                let before = self.vectors_before(tile);
                let count = self.vectors_before(tile + 1) - before;
                let mut a = apart.start;
                while a < apart.end {
                    self.arguments.x = self.panel(panels, tile - tiles.start, a - apart.start);
                    let c = panels.apart.c * a.cast_signed();
                    self.arguments.c = task.c.wrapping_offset(c);
                    // SAFETY: the caller's duties.
                    unsafe {
                        let vectors = self.vectors.add(before - at);
                        let columns = self.columns.add(column);
                        let arguments = &mut self.arguments;
                        sweep(&self.kernels, arguments, vectors, count, columns, split);
                    }
                    a += 1;
                }
                tile += 1;
            }
            column += count;
        }
    }

    fn panel(&self, panels: &Panels, tile: usize, apart: usize) -> *mut u8 {
        self.panels.wrapping_add((tile * panels.apart_block + apart) * panels.panel_bytes)
    }
}
