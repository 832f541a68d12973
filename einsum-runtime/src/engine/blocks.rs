//! The sizes of tiles and blocks of a plan, and whether C is written around the caches.

use super::choose::{NO_LOOP, Output};
use super::loops::{Loop, points};
use super::machine::Machine;
use super::near;
use super::packed::{SHORT_STRIP, STRIP};
use super::plan::{Form, Order, Panels, Plan};
use crate::kernel::level::reads_far_slowly;
use crate::kernel::packing::ROWS;

/// The bytes of X that a block of tiles packs: with what streams past they fit a second-level cache of 1 MB.
pub(super) const PANELS: usize = 512 << 10;

/// As many in products of [short strips](SHORT_STRIP): with fewer columns in the cache there is room for more.
const PANELS_OF_SHORT: usize = 768 << 10;

/// The fewest steps of a block for which strips are short. With fewer, a tile of X stays in the first-level cache for more columns.
const STEPS_OF_SHORT: usize = if cfg!(test) { 8 } else { 256 };

/// The steps of a block: as many as keep the panel of a tile of 256 bytes of rows well inside that cache.
pub(super) const STEPS_WHOLE: usize = 640;
pub(super) const STEPS: usize = 512;

/// As the former where sums are collected, which every block of steps does again.
const STEPS_COLLECTED: usize = 1024;

/// The tiles of a block if nothing is packed: it bounds a table.
const TILES: usize = 16;

/// Outputs from this size on do not stay in the caches.
pub(super) const STREAMED: usize = if cfg!(test) { 4 << 10 } else { 16 << 20 };

/// Sums of more steps take longer than it takes to read and write C.
pub(super) const STEPS_STREAMED: usize = 64;

/// The columns of a block.
const COLUMNS: usize = 2048;

/// Splits `count` evenly into blocks of at most `most`, and returns the largest block.
pub(super) fn block(count: usize, most: usize) -> usize {
    count.div_ceil(count.div_ceil(most).max(1)).max(1)
}

/// Returns the columns of a block that ends where the loops inside of one do: then they make [`pairs`](super::pairs).
fn block_of_loops(columns: &[Loop]) -> usize {
    let mut inside = 1;
    for l in columns.iter().rev() {
        if inside * l.extent > COLUMNS {
            return inside * block(l.extent, COLUMNS / inside);
        }
        inside *= l.extent;
    }
    inside
}

/// Sets the sizes of tiles and blocks.
pub(super) fn blocks(machine: &Machine, plan: &mut Plan) {
    let [n, k] = [points(&plan.columns), points(&plan.steps)];
    let vectors_of_run = plan.vectors_of_run(machine);
    plan.vectors = points(&plan.outer) * vectors_of_run;
    plan.tiles = plan.vectors.div_ceil(machine.kernels.broadcast.len());
    plan.tile_block = block(plan.tiles, TILES);
    plan.column_block = block(n, COLUMNS);
    if n > COLUMNS && plan.is_paired(machine) {
        plan.column_block = block_of_loops(&plan.columns);
    }
    let whole = match &plan.form {
        Form::Packed(Panels { collected: Some(_), .. }) => STEPS_COLLECTED,
        _ => STEPS_WHOLE,
    };
    let most_steps = if k <= whole { whole } else { STEPS } / machine.steps_of_point();
    plan.step_block = block(k, most_steps);
    let is_near = match &plan.form {
        Form::Packed(panels) => near::is_copied(machine, plan, panels),
        _ => false,
    };
    match &mut plan.form {
        Form::Direct | Form::Lanes(_) => {}
        Form::Turned(turn) => {
            // Two cache lines of C across, whole tiles along, and the results of a block in the second-level cache.
            turn.across_block = block(turn.across.extent, 128 / machine.unit);
            turn.along_block = block(turn.along.extent, 192);
            let room = PANELS / (turn.across_block * turn.along_block * machine.unit);
            plan.column_block = block(n, room.max(1));
            plan.vectors = turn.along_block.div_ceil(machine.rows_of_vector());
            plan.tiles = plan.vectors.div_ceil(machine.kernels.broadcast.len());
        }
        Form::Packed(panels) => {
            match panels.order {
                Order::AlongApart => plan.step_block = block(k, 256 / machine.steps_of_point()),
                Order::AlongSteps(adjacent) => {
                    let inside = points(&plan.steps[adjacent + 1..]);
                    plan.step_block = block(k / inside, most_steps / inside) * inside;
                }
                Order::AlongRows | Order::AlongHalves | Order::Gather => {}
            }
            let is_long = plan.step_block >= STEPS_OF_SHORT && panels.collected.is_none();
            let is_short = is_long && reads_far_slowly();
            let room = if is_short { PANELS_OF_SHORT } else { PANELS };
            panels.strip = if is_short { SHORT_STRIP } else { STRIP };
            panels.is_near = is_near;
            if is_near {
                let strip = panels.strip;
                let most = near::most_columns(machine, plan.step_block, strip).min(COLUMNS);
                plan.column_block = block(n, most).next_multiple_of(strip).min(n);
            }
            let vectors = plan.vectors.div_ceil(plan.tiles);
            let rows = vectors * machine.vector_bytes();
            // Transposition writes `ROWS` rows at a time.
            panels.step_bytes = rows.next_multiple_of(ROWS * machine.unit);
            let steps = plan.step_block * machine.steps_of_point();
            // A line more: panels at multiples of a page would compete for a few sets of the cache.
            panels.panel_bytes = panels.step_bytes * steps + 64;
            let fit = (room / panels.panel_bytes).max(1);
            panels.apart_block = block(panels.apart.extent, (fit / 16 * 16).max(16));
            plan.tile_block = block(plan.tiles, (fit / panels.apart_block).max(1));
        }
    }
}

/// Decides whether C is written around the caches: where it would not stay there until somebody reads it. Without that
/// every cache line is read before it is written.
pub(super) fn stream(machine: &Machine, plan: &mut Plan, output: Output) {
    let line = machine.vector_bytes();
    let apart = match &plan.form {
        Form::Direct => NO_LOOP,
        Form::Packed(panels) if panels.collected.is_none() => panels.apart,
        _ => return,
    };
    let is_aligned = |l: &Loop| l.c.unsigned_abs().is_multiple_of(line);
    let groups = [&plan.batch, &plan.outer, &plan.columns];
    let rows = points(&plan.run);
    let bytes =
        groups.map(|g| points(g)).iter().product::<usize>() * apart.extent * rows * machine.unit;
    let is_out_of_cache = bytes >= STREAMED;
    let is_once = !output.adds && !output.is_scaled && points(&plan.steps) <= STEPS_STREAMED;
    let is_possible = machine.kernels.streaming.is_some()
        && groups.iter().all(|g| g.iter().all(is_aligned))
        && is_aligned(&apart)
        && rows >= 4 * machine.rows_of_vector()
        && output.address.is_multiple_of(machine.unit);
    if is_out_of_cache && is_once && is_possible {
        plan.streaming = true;
        plan.head = (output.address.next_multiple_of(line) - output.address) / machine.unit;
    }
}
