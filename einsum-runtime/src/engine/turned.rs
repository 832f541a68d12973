//! Products whose lanes are adjacent in X but not in C: the smaller of the two is turned.
//!
//! ```text
//! for a block across x along x columns
//!   results[column][across][along] = Σ_k X[..] · Y[..]      lanes along, as X has it
//!   C[..] (+)= results                                      across, as C has it
//! ```

use super::execute::{Execution, Task};
use super::loops::{Cursor, points};
use super::machine::Machine;
use super::plan::{Plan, Turn};
use crate::kernel::packing::{Pair, ROWS};
use crate::kernel::table::VectorEntry;

/// The bytes of a block of results.
pub(super) fn bytes(machine: &Machine, plan: &Plan, turn: &Turn) -> usize {
    plan.column_block * turn.across_block * turn.along_block * machine.unit
}

/// Runs one product. Nothing is to be added to C.
///
/// # Safety
///
/// As [`execute`](super::execute::execute).
pub(super) unsafe fn product(execution: &mut Execution<'_>, task: Task, turn: &Turn) {
    let (rows, lanes) = (execution.part.rows.clone(), execution.part.apart.clone());
    let blocks = turn.blocks_across();
    let mut outer = Cursor::at(&execution.plan.outer, rows.start / blocks);
    let mut row = rows.start;
    while row < rows.end {
        let (first, across) = turn.block_across(row % blocks);
        let mut along = lanes.start;
        while along < lanes.end {
            let x =
                outer.x + turn.across.x * first.cast_signed() + turn.along.x * along.cast_signed();
            let c =
                outer.c + turn.across.c * first.cast_signed() + turn.along.c * along.cast_signed();
            let task = Task { x: task.x.wrapping_offset(x), c: task.c.wrapping_offset(c), ..task };
            let block = Block { across, along: turn.along_block.min(lanes.end - along) };
            // SAFETY: the caller's duties, as blocks stay inside the groups.
            unsafe { block_of_rows(execution, task, turn, block) };
            along += turn.along_block;
        }
        row += 1;
        if row % blocks == 0 {
            outer.advance(1);
        }
    }
}

/// The rows of a block.
#[derive(Clone, Copy)]
struct Block {
    across: usize,
    along: usize,
}

/// # Safety
///
/// As [`product`], for the rows of a block.
unsafe fn block_of_rows(execution: &mut Execution<'_>, task: Task, turn: &Turn, block: Block) {
    let plan = execution.plan;
    let machine = execution.machine;
    let (columns, k) = (execution.part.columns.clone(), points(&plan.steps));
    // Bytes between the rows across, and between the columns, of the results.
    let across_bytes = turn.along_block * machine.unit;
    let column_bytes = turn.across_block * across_bytes;
    // SAFETY: the table has room for the vectors of a block.
    let vectors = unsafe { fill_vectors(execution, block.along) };
    let tile = machine.kernels.broadcast.len();
    let mut column = columns.start;
    while column < columns.end {
        let columns = plan.column_block.min(columns.end - column);
        // SAFETY: the caller's duties, and the table has room for a block.
        unsafe {
            execution.take_columns(column, columns);
            let mut j = 0;
            while j < columns {
                (*execution.columns.add(j)).c = (j * column_bytes).cast_signed();
                j += 1;
            }
        }
        let mut step = 0;
        while step < k {
            let steps = plan.step_block.min(k - step);
            // SAFETY: the caller's duties.
            unsafe { execution.take_steps(step, steps) };
            execution.begin(task, step);
            let x = execution.arguments.x;
            let mut a = 0;
            while a < block.across {
                execution.arguments.x = x.wrapping_offset(turn.across.x * a.cast_signed());
                execution.arguments.c = execution.panels.wrapping_add(a * across_bytes);
                let mut first = 0;
                while first < vectors {
                    let count = tile.min(vectors - first);
                    // SAFETY: the caller's duties.
                    unsafe { execution.sweep(first, count) };
                    first += count;
                }
                a += 1;
            }
            step += steps;
        }
        // SAFETY: the results are complete.
        unsafe { turn_results(execution, task, turn, block, column..column + columns) };
        column += columns;
    }
}

/// Fills the table of the vectors along, and returns their number.
///
/// # Safety
///
/// The table has room for them.
unsafe fn fill_vectors(execution: &mut Execution<'_>, along: usize) -> usize {
    let machine = execution.machine;
    let width = machine.rows_of_vector();
    let count = along.div_ceil(width);
    let mut i = 0;
    while i < count {
        let at = (i * machine.vector_bytes()).cast_signed();
        let rows = width.min(along - i * width);
        let mask = (machine.kernels.mask)(rows * machine.steps_of_point());
        // SAFETY: the caller's duties.
        unsafe { execution.vectors.add(i).write(VectorEntry { x: at, c: at, mask }) };
        i += 1;
    }
    count
}

/// Writes results to C.
///
/// # Safety
///
/// As [`product`]; the results of the block and the columns are complete.
unsafe fn turn_results(
    execution: &mut Execution<'_>,
    task: Task,
    turn: &Turn,
    block: Block,
    columns: core::ops::Range<usize>,
) {
    let machine = execution.machine;
    let row_bytes = turn.along_block * machine.unit;
    let rows: [Pair; ROWS] = core::array::from_fn(|row| [(row * row_bytes).cast_signed(), 0]);
    let mut cursor = Cursor::at(&execution.plan.columns, columns.start);
    let mut column = 0;
    while column < columns.len() {
        let from = execution.panels.wrapping_add(column * turn.across_block * row_bytes);
        let to = task.c.wrapping_offset(cursor.c);
        let mut a = 0;
        while a < block.across {
            // The last rows may have been written already: the same again.
            let first = a.min(block.across - ROWS);
            // SAFETY: the caller's duties; a block has `ROWS` rows across or more.
            unsafe {
                (machine.packing.transpose)(
                    to.wrapping_add(first * machine.unit),
                    from.wrapping_add(first * row_bytes),
                    rows.as_ptr(),
                    turn.along.c,
                    block.along,
                );
            }
            a += ROWS;
        }
        cursor.advance(1);
        column += 1;
    }
}
