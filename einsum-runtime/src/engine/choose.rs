//! The decisions: which loops run over lanes, whether X is packed and how, and the sizes of blocks.
//!
//! The lanes of a vector are adjacent elements of C, so C's unit loop decides which operand is X, the one that is read
//! as vectors. Y is read element by element, hence never packed.

use super::classify::{Groups, sort_by};
use super::loops::{Loop, Loops, points};
use super::machine::Machine;
use crate::kernel::packing::ROWS;
use crate::kernel::table::COLUMNS as COLUMNS_OF_TILE;

/// How a contraction is carried out.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) batch: Loops,
    /// Loops over rows outside of `run`.
    pub(super) outer: Loops,
    /// Rows that are adjacent in C, in chunks of which vectors are made.
    pub(super) run: Loops,
    pub(super) columns: Loops,
    pub(super) steps: Loops,
    pub(super) form: Form,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
    /// The number of vectors.
    pub(super) vectors: usize,
    /// The number of tiles that the vectors are evenly split over.
    pub(super) tiles: usize,
    /// Whether C is written around the caches, and then the rows of a run before C is aligned: they make a vector.
    pub(super) streaming: bool,
    pub(super) head: usize,
    /// Tiles, columns, and steps of a block.
    pub(super) tile_block: usize,
    pub(super) column_block: usize,
    pub(super) step_block: usize,
}

/// Where vectors of X come from.
#[derive(Debug)]
pub(super) enum Form {
    /// From X itself: its rows are adjacent as those of C are.
    Direct,
    /// From X itself, and Y is read as vectors too: the lanes are points of a batch loop.
    Lanes(Loop),
    /// From panels `[tile][apart][step][row]`.
    Packed(Panels),
    /// From X itself, but rows adjacent in X are not adjacent in C: results are turned on their way into C.
    Turned(Turn),
}

/// The panels of a packed X.
#[derive(Debug)]
pub(super) struct Panels {
    pub(super) order: Order,
    /// The loop over rows that are adjacent in X but not in C, for [`Order::AlongApart`]; else of extent 1. It has panels of its own for every point.
    pub(super) apart: Loop,
    /// Points of `apart` that are packed at a time.
    pub(super) apart_block: usize,
    /// The bytes of a step in a panel, and of a panel.
    pub(super) step_bytes: usize,
    pub(super) panel_bytes: usize,
}

/// In which order elements are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Runs of rows are adjacent in X: copied.
    AlongRows,
    /// Points of one of the loops over steps are adjacent in X: transposed in blocks. Blocks of steps consist of whole
    /// runs of the loops inside of that one.
    AlongSteps(usize),
    /// Points of `apart` are adjacent in X: transposed in blocks.
    AlongApart,
    /// Nothing is adjacent.
    Gather,
}

/// Results that are turned: C's unit loop against X's.
#[derive(Debug)]
pub(super) struct Turn {
    /// C's unit loop.
    pub(super) across: Loop,
    /// X's unit loop: the lanes.
    pub(super) along: Loop,
    /// Points of each, and columns, of a block.
    pub(super) across_block: usize,
    pub(super) along_block: usize,
}

/// The bytes of X that a block of tiles packs: with what streams past they fit a second-level cache of 1 MB.
const PANELS: usize = 512 << 10;

/// The steps of a block: as many as keep the panel of a tile of 256 bytes of rows well inside that cache.
const STEPS_WHOLE: usize = 640;
const STEPS: usize = 512;

/// The tiles of a block if nothing is packed: it bounds a table.
const TILES: usize = 16;

/// Outputs from this size on do not stay in the caches.
const STREAMED: usize = if cfg!(test) { 4 << 10 } else { 16 << 20 };

/// Sums of more steps take longer than it takes to read and write C.
const STEPS_STREAMED: usize = 64;

/// The columns of a block.
const COLUMNS: usize = 2048;

/// Splits `count` evenly into blocks of at most `most`, and returns the largest block.
pub(super) fn block(count: usize, most: usize) -> usize {
    count.div_ceil(count.div_ceil(most).max(1)).max(1)
}

/// What decisions depend on besides the loops.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    /// Whether results are added to what C holds.
    pub(super) adds: bool,
    /// Whether they are anything but the sums.
    pub(super) is_scaled: bool,
    /// C's address.
    pub(super) address: usize,
}

/// Returns the plan, or `None` if the plain loops are to do it.
pub(super) fn choose(machine: &Machine, mut groups: Groups, output: Output) -> Option<Plan> {
    let unit = machine.unit.cast_signed();
    let is_unit = |l: &Loop| l.c == unit;
    if groups.n.iter().any(is_unit) {
        groups.exchange();
    }
    sort_by(&mut groups.batch, |l| l.c.unsigned_abs());
    sort_by(&mut groups.m, |l| l.c.unsigned_abs());
    let y_bytes = points(&groups.n).saturating_mul(points(&groups.k)).saturating_mul(machine.unit);
    if y_bytes <= PANELS {
        // Y stays in the cache in any order, so that C is written in order.
        sort_by(&mut groups.n, |l| l.c.unsigned_abs());
    } else {
        sort_by(&mut groups.n, |l| l.y.unsigned_abs());
    }
    sort_by(&mut groups.k, |l| l.y.unsigned_abs().saturating_mul(1024) + l.x.unsigned_abs());
    let Groups { batch, m, n, k, exchanged } = groups;
    let mut plan = Plan {
        batch,
        outer: m,
        run: Loops::new(),
        columns: n,
        steps: k,
        form: Form::Direct,
        exchanged,
        vectors: 0,
        tiles: 0,
        streaming: false,
        head: 0,
        tile_block: 0,
        column_block: 0,
        step_block: 0,
    };
    if plan.outer.last().is_some_and(is_unit) {
        rows(machine, &mut plan, output.adds)?;
        stream(machine, &mut plan, output);
    } else if plan.batch.last().is_some_and(is_unit) {
        lanes(machine, &mut plan)?;
    } else {
        return None;
    }
    blocks(machine, &mut plan);
    Some(plan)
}

/// The lanes are rows.
fn rows(machine: &Machine, plan: &mut Plan, adds: bool) -> Option<()> {
    let unit = machine.unit.cast_signed();
    let width = machine.rows_of_vector();
    let [m, n, k] = [points(&plan.outer), points(&plan.columns), points(&plan.steps)];
    let inner = plan.outer.pop()?;
    let is_complex = machine.steps_of_point() > 1;
    if n == 1 && (is_complex || inner.x != unit) {
        return None;
    }
    if inner.x == unit {
        // Vectors that end with a run of X waste lanes; those of a packed X end with a run of C, which can be longer.
        let lanes = |run: usize| (m / run) * run.div_ceil(width) * width;
        let in_c = adjacent(&plan.outer, inner);
        let is_wasteful = 10 * lanes(in_c) < 9 * lanes(inner.extent);
        let is_packed = n >= 24 && (is_wasteful || machine.packs_adjacent(k));
        if !is_packed && !is_complex {
            plan.run.push(inner);
            return Some(());
        }
        take_run(plan, inner);
        plan.form = packed(Order::AlongRows, NO_LOOP);
        return Some(());
    }
    let apart = plan.outer.iter().position(|l| l.x == unit);
    if let Some(apart) = apart {
        let apart = plan.outer.remove(apart);
        // Turning C costs what packing X does for every element, but twice, to and fro.
        if !adds && !is_complex && 2 * n <= k && apart.extent >= width && inner.extent >= ROWS {
            plan.form =
                Form::Turned(Turn { across: inner, along: apart, across_block: 0, along_block: 0 });
            return Some(());
        }
        take_run(plan, inner);
        plan.form = packed(Order::AlongApart, apart);
        return Some(());
    }
    take_run(plan, inner);
    plan.form = match plan.steps.iter().position(|l| l.x == unit) {
        Some(mut adjacent) => {
            if points(&plan.steps[adjacent + 1..]) > STEPS / 16 {
                let l = plan.steps.remove(adjacent);
                plan.steps.push(l);
                adjacent = plan.steps.len() - 1;
            }
            packed(Order::AlongSteps(adjacent), NO_LOOP)
        }
        None => packed(Order::Gather, NO_LOOP),
    };
    Some(())
}

/// The lanes are points of a batch loop.
fn lanes(machine: &Machine, plan: &mut Plan) -> Option<()> {
    let unit = machine.unit.cast_signed();
    let inner = plan.batch.pop()?;
    if inner.x != unit || inner.y != unit || machine.steps_of_point() > 1 {
        return None;
    }
    plan.form = Form::Lanes(inner);
    Some(())
}

const NO_LOOP: Loop = Loop { extent: 1, x: 0, y: 0, c: 0 };

fn packed(order: Order, apart: Loop) -> Form {
    let (apart_block, step_bytes, panel_bytes) = (0, 0, 0);
    Form::Packed(Panels { order, apart, apart_block, step_bytes, panel_bytes })
}

/// Returns the number of rows from `inner` outwards that are adjacent in C.
fn adjacent(outer: &[Loop], inner: Loop) -> usize {
    let mut rows = inner.extent;
    for l in outer.iter().rev() {
        if l.c != inner.c * rows.cast_signed() {
            break;
        }
        rows *= l.extent;
    }
    rows
}

/// Moves the loops over rows that are adjacent in C from `outer` to `run`.
fn take_run(plan: &mut Plan, inner: Loop) {
    let mut rows = inner.extent.cast_signed();
    plan.run.push(inner);
    while let Some(l) = plan.outer.last().copied()
        && l.c == inner.c * rows
    {
        rows *= l.extent.cast_signed();
        plan.run.insert(0, l);
        plan.outer.pop();
    }
}

/// Decides whether C is written around the caches: where it would not stay there until somebody reads it. Without that
/// every cache line is read before it is written.
fn stream(machine: &Machine, plan: &mut Plan, output: Output) {
    let line = machine.vector_bytes();
    let apart = match &plan.form {
        Form::Direct => NO_LOOP,
        Form::Packed(panels) => panels.apart,
        Form::Lanes(_) | Form::Turned(_) => return,
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

impl Plan {
    /// Returns where kernels fetch Y from ahead, see [`Arguments`](crate::kernel::table::Arguments): as the next tile of
    /// columns reads it, if that is simple to say.
    pub(super) fn y_ahead(&self, machine: &Machine) -> (isize, isize) {
        let unit = machine.unit.cast_signed();
        let (Some(column), [step]) = (self.columns.last(), &self.steps[..]) else { return (0, 0) };
        let steps = step.extent.cast_signed();
        let tile = column.y * COLUMNS_OF_TILE.cast_signed();
        if column.y == unit {
            // The next cache line of every step.
            (64, step.y / machine.steps_of_point().cast_signed())
        } else if step.y == unit && column.y == steps * unit && step.extent <= self.step_block {
            // Columns one after the other.
            (tile, tile / (steps * machine.steps_of_point().cast_signed()))
        } else {
            (0, 0)
        }
    }

    /// Returns the number of vectors that a run of rows is cut into.
    pub(super) fn vectors_of_run(&self, machine: &Machine) -> usize {
        let rest = (points(&self.run) - self.head).div_ceil(machine.rows_of_vector());
        rest + usize::from(self.head > 0)
    }
}

/// Sets the sizes of tiles and blocks.
fn blocks(machine: &Machine, plan: &mut Plan) {
    let [n, k] = [points(&plan.columns), points(&plan.steps)];
    let vectors_of_run = plan.vectors_of_run(machine);
    plan.vectors = points(&plan.outer) * vectors_of_run;
    plan.tiles = plan.vectors.div_ceil(machine.kernels.broadcast.len());
    plan.tile_block = block(plan.tiles, TILES);
    plan.column_block = block(n, COLUMNS);
    let most_steps = if k <= STEPS_WHOLE { STEPS_WHOLE } else { STEPS } / machine.steps_of_point();
    plan.step_block = block(k, most_steps);
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
                Order::AlongRows | Order::Gather => {}
            }
            let vectors = plan.vectors.div_ceil(plan.tiles);
            let rows = vectors * machine.vector_bytes();
            // Transposition writes `ROWS` rows at a time.
            panels.step_bytes = rows.next_multiple_of(ROWS * machine.unit);
            let steps = plan.step_block * machine.steps_of_point();
            // A line more: panels at multiples of a page would compete for a few sets of the cache.
            panels.panel_bytes = panels.step_bytes * steps + 64;
            let fit = (PANELS / panels.panel_bytes).max(1);
            panels.apart_block = block(panels.apart.extent, (fit / 16 * 16).max(16));
            plan.tile_block = block(plan.tiles, (fit / panels.apart_block).max(1));
        }
    }
}

impl Machine {
    /// The bytes of a vector.
    pub(super) fn vector_bytes(&self) -> usize {
        self.kernels.width * self.kernels.element
    }

    /// The rows of a vector.
    pub(super) fn rows_of_vector(&self) -> usize {
        self.vector_bytes() / self.unit
    }

    /// The kernel's steps for a point of the summed loops: 2 if complex, for the parts of Y.
    pub(super) fn steps_of_point(&self) -> usize {
        self.unit / self.kernels.element
    }

    /// Whether rows that are adjacent in X already are packed, for `k` steps.
    fn packs_adjacent(&self, k: usize) -> bool {
        // The panel of a tile outgrows a first-level cache at 128 steps or so. From there on it comes from the second
        // level, which is slower for steps that are far apart, worst where they share a few sets of the first level.
        k >= if self.kernels.broadcast.len() < 4 { 128 } else { 160 }
    }
}
