//! Fills the panels of a tile: `panel[step][row] = X[row + step]`, and so for every point of `apart` in a block; or the panel
//! of a small product.

use super::loops::{Loop, points};
use super::machine::Machine;
use super::plan::{Order, Panels};
use super::rows::NO_ROW;
use crate::kernel::packing::{Pair, ROWS};

/// Steps that are adjacent in so many bytes are long runs.
const LONG: usize = 96;

/// What is packed.
pub(super) struct Source<'p> {
    pub(super) x: *const u8,
    /// The tile's rows, a multiple of [`ROWS`].
    pub(super) rows: *const Pair,
    pub(super) row_count: usize,
    /// Offsets of steps.
    pub(super) steps: *const Pair,
    pub(super) step_count: usize,
    /// The summed loops, and the block's first step.
    pub(super) loops: &'p [Loop],
    pub(super) first: usize,
    pub(super) panels: &'p Panels,
    /// The bytes from a step to the next in a panel.
    pub(super) step_bytes: usize,
    /// The points of `apart` that are packed.
    pub(super) apart: core::ops::Range<usize>,
}

/// Packs a tile.
///
/// # Safety
///
/// - X can be read at every row, step, and point of `apart`;
/// - `to` has room for a panel of rows for every point of `apart`;
/// - the processor has the machine's level.
pub(super) unsafe fn pack(machine: &Machine, to: *mut u8, source: &Source<'_>) {
    // SAFETY: the caller's duties.
    unsafe {
        match source.panels.order {
            Order::AlongRows => along_rows(machine, to, source, 1),
            Order::AlongHalves => along_rows(machine, to, source, 2),
            Order::AlongSteps(adjacent) => along_steps(machine, to, source, adjacent),
            Order::AlongApart => along_apart(machine, to, source),
            Order::Gather => gather(machine, to, source),
        }
    }
}

/// Rows are one element apart in X, or two.
///
/// # Safety
///
/// As [`pack`].
unsafe fn along_rows(machine: &Machine, to: *mut u8, source: &Source<'_>, elements: usize) {
    let apart = (elements * machine.unit).cast_signed();
    let copy = if elements == 1 { machine.packing.copy } else { machine.packing.halve };
    let mut row = 0;
    while row < source.row_count {
        // SAFETY: the caller's duties.
        unsafe {
            let first = source.rows.add(row);
            let mut end = row + 1;
            // Kernels never read the lanes of rows that do not exist. What rotates complex numbers does.
            if (*first)[1] == NO_ROW && machine.steps_of_point() == 1 {
                row = end;
                continue;
            }
            while end < source.row_count
                && (*source.rows.add(end))[0] == (*source.rows.add(end - 1))[0] + apart
            {
                end += 1;
            }
            copy(
                to.add(row * machine.unit),
                source.x.wrapping_offset((*first)[0]),
                source.steps,
                source.step_count,
                (end - row) * machine.unit,
                source.step_bytes.cast_signed(),
            );
            row = end;
        }
    }
}

/// # Safety
///
/// As [`pack`].
unsafe fn along_steps(machine: &Machine, to: *mut u8, source: &Source<'_>, adjacent: usize) {
    let inside = points(&source.loops[adjacent + 1..]);
    let extent = source.loops[adjacent].extent;
    let first_run = extent - source.first / inside % extent;
    if inside == 1 && extent * machine.unit < LONG {
        // SAFETY: the caller's duties.
        return unsafe { along_short_runs(machine, to, source, extent, first_run % extent) };
    }
    let mut row = 0;
    while row < source.row_count {
        // A run takes adjacent steps, for every point of the loops inside.
        let mut run = first_run;
        let mut step = 0;
        while step < source.step_count {
            run = run.min((source.step_count - step) / inside);
            let mut i = step;
            while i < step + inside {
                // SAFETY: the caller's duties.
                unsafe {
                    (machine.packing.transpose)(
                        to.add(i * source.step_bytes + row * machine.unit),
                        source.x.wrapping_offset((*source.steps.add(i))[0]),
                        source.rows.add(row),
                        (inside * source.step_bytes).cast_signed(),
                        run,
                    );
                }
                i += 1;
            }
            step += run * inside;
            run = extent;
        }
        row += ROWS;
    }
}

/// Runs of few steps, which are not worth a call each: `before` steps of one that has begun in another block, whole runs, and
/// what is left.
///
/// # Safety
///
/// As [`pack`].
unsafe fn along_short_runs(
    machine: &Machine,
    to: *mut u8,
    source: &Source<'_>,
    extent: usize,
    before: usize,
) {
    let before = before.min(source.step_count);
    let count = (source.step_count - before) / extent;
    let after = source.step_count - before - count * extent;
    let mut row = 0;
    while row < source.row_count {
        let mut step = 0;
        for (columns, count) in [(before, 1), (extent, count), (after, 1)] {
            if columns > 0 {
                // SAFETY: the caller's duties.
                unsafe {
                    (machine.packing.transpose_runs)(
                        to.add(step * source.step_bytes + row * machine.unit),
                        source.x,
                        source.rows.add(row),
                        source.step_bytes.cast_signed(),
                        columns,
                        source.steps.add(step),
                        count,
                    );
                }
            }
            step += columns * count;
        }
        row += ROWS;
    }
}

/// # Safety
///
/// As [`pack`].
unsafe fn along_apart(machine: &Machine, to: *mut u8, source: &Source<'_>) {
    let first = source.x.wrapping_add(source.apart.start * machine.unit);
    let mut row = 0;
    while row < source.row_count {
        let mut step = 0;
        while step < source.step_count {
            // SAFETY: the caller's duties.
            unsafe {
                (machine.packing.transpose)(
                    to.add(step * source.step_bytes + row * machine.unit),
                    first.wrapping_offset((*source.steps.add(step))[0]),
                    source.rows.add(row),
                    source.panels.panel_bytes.cast_signed(),
                    source.apart.end - source.apart.start,
                );
            }
            step += 1;
        }
        row += ROWS;
    }
}

/// # Safety
///
/// As [`pack`].
unsafe fn gather(machine: &Machine, to: *mut u8, source: &Source<'_>) {
    let mut step = 0;
    while step < source.step_count {
        // SAFETY: the caller's duties.
        unsafe {
            (machine.packing.gather)(
                to.add(step * source.step_bytes),
                source.x.wrapping_offset((*source.steps.add(step))[0]),
                source.rows,
                source.row_count,
            );
        }
        step += 1;
    }
}

/// The bytes of a step in a panel of a small product.
pub(super) fn row_bytes(machine: &Machine, rows: usize) -> usize {
    rows.next_multiple_of(machine.rows_of_vector().max(ROWS)) * machine.unit
}

/// Packs all of X, whose steps are adjacent and whose rows are a loop: `panel[step][row]`, with [`row_bytes`] a step.
///
/// # Safety
///
/// `panel` has room for all steps; X can be read at all points; the processor has the machine's level.
pub(super) unsafe fn pack_rows(
    machine: &Machine,
    panel: *mut u8,
    x: *const u8,
    rows: &Loop,
    steps: usize,
) {
    let step = row_bytes(machine, rows.extent).cast_signed();
    let mut row = 0;
    while row < rows.extent {
        let mut offsets: [Pair; ROWS] = [[0; 2]; ROWS];
        let mut i = 0;
        while i < ROWS {
            // Rows that do not exist repeat the last.
            offsets[i][0] = (row + i).min(rows.extent - 1).cast_signed() * rows.x;
            i += 1;
        }
        let to = panel.wrapping_add(row * machine.unit);
        // SAFETY: the caller's duties.
        unsafe { (machine.packing.transpose)(to, x, offsets.as_ptr(), step, steps) };
        row += ROWS;
    }
}
