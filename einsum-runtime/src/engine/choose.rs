//! The decisions: which loops run over lanes, and whether X is packed and how.
//!
//! The lanes of a vector are adjacent elements of C, so C's unit loop decides which operand is X, the one that is read
//! as vectors. Y is read element by element, hence never packed.

use super::blocks::{PANELS, STEPS, blocks, stream};
use super::classify::{Groups, sort_by};
use super::cost;
use super::image;
use super::loops::{Loop, Loops, points};
use super::machine::Machine;
use super::plan::{Form, Order, Panels, Plan, Turn};
use crate::kernel::packing::ROWS;

/// The bytes between steps that are close: a few cache lines, which the processor fetches ahead.
const CLOSE: usize = 512;

/// Steps of multiples of this many bytes share few sets of the second-level cache.
const CROWDED: usize = 8 << 10;

/// The steps that take as long as to move a vector of sums from a buffer to C, and a margin.
const MOVED: usize = if cfg!(test) { 1 } else { 22 };

/// The fewest columns for which X is packed so that sums can be collected. Packing takes as long as a dozen.
const COLLECTED: usize = if cfg!(test) { 7 } else { 96 };

/// The most steps inside of a loop along which X is adjacent: a block has enough steps of that loop then.
const STEPS_INSIDE: usize = STEPS / 16;

/// The fewest columns beside which it does not matter how X is packed.
const GATHERED: usize = 96;

/// An X of so many bytes stays in a second-level cache: its lines can be read for each of their elements.
const NEAR: usize = 1 << 20;

/// The fewest columns for which every other element is packed, whatever else is adjacent: with AVX2, and with AVX-512, whose
/// vectors are put together in one instruction.
pub(crate) const HALVED: [usize; 2] = [24, 8];

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
    let is_complex = machine.steps_of_point() > 1;
    if is_complex && is_tiny([&m, &n, &k].map(|group| points(group)), points(&batch)) {
        return None;
    }
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
        image: None,
        tile_block: 0,
        column_block: 0,
        step_block: 0,
    };
    if plan.outer.last().is_some_and(is_unit) {
        rows(machine, &mut plan, output.adds)?;
        if !image::form(machine, &mut plan, output) {
            stream(machine, &mut plan, output);
        }
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
    let in_c = adjacent(&plan.outer, inner);
    let collected = is_collected(machine, in_c, [m, n, k]).then_some(in_c);
    if inner.x == unit {
        // Vectors that end with a run of X waste lanes; those of a packed X end with a run of C, which can be longer.
        let lanes = |run: usize| (m / run) * run.div_ceil(width) * width;
        let is_wasteful = 10 * lanes(in_c) < 9 * lanes(inner.extent);
        let apart = plan.steps.last().map_or(0, |l| l.x.unsigned_abs());
        let is_close = is_close(apart);
        let is_crowded = apart.is_multiple_of(CROWDED) && k >= 64;
        let is_packed = collected.is_some()
            || n >= 24
                && (is_wasteful || (machine.packs_adjacent(n, k) || is_crowded) && !is_close);
        if !is_packed && !is_complex {
            plan.run.push(inner);
            return Some(());
        }
        take_run(plan, inner, collected.is_some());
        plan.form = packed(Order::AlongRows, NO_LOOP, collected);
        return Some(());
    }
    let halved = HALVED[usize::from(machine.vector_bytes() == 64)];
    if inner.x == 2 * unit && n >= halved && inner.extent >= width && !is_complex {
        take_run(plan, inner, collected.is_some());
        plan.form = packed(Order::AlongHalves, NO_LOOP, collected);
        return Some(());
    }
    let apart = plan.outer.iter().position(|l| l.x == unit);
    if let Some(apart) = apart {
        let x_bytes = m.saturating_mul(k).saturating_mul(machine.unit);
        let mut gathered = gathered(machine, plan, inner, x_bytes).filter(|_| n >= GATHERED);
        let apart = plan.outer.remove(apart);
        // Turning C costs what packing X does for every element, but twice, to and fro.
        if !adds && !is_complex && 2 * n <= k && apart.extent >= width && inner.extent >= ROWS {
            plan.form =
                Form::Turned(Turn { across: inner, along: apart, across_block: 0, along_block: 0 });
            return Some(());
        }
        take_run(plan, inner, false);
        plan.form = packed(Order::AlongApart, apart, None);
        if let Some(gathered) =
            gathered.take_if(|g| cost::steps(machine, g) < cost::steps(machine, plan))
        {
            *plan = gathered;
        }
        return Some(());
    }
    take_run(plan, inner, collected.is_some());
    if let Some(mut adjacent) = plan.steps.iter().position(|l| l.x == unit) {
        if points(&plan.steps[adjacent + 1..]) > STEPS_INSIDE {
            let l = plan.steps.remove(adjacent);
            adjacent = put_inside(&mut plan.steps, l, unit);
        }
        plan.form = packed(Order::AlongSteps(adjacent), NO_LOOP, collected);
    } else if n < GATHERED
        && let Some(apart) = plan.batch.iter().position(|l| l.x == unit)
    {
        // Products side by side are packed together: each alone would read all lines of all of them.
        let apart = plan.batch.remove(apart);
        plan.form = packed(Order::AlongApart, apart, collected);
    } else {
        plan.form = packed(Order::Gather, NO_LOOP, collected);
    }
    Some(())
}

/// Returns a plan to gather rows of X whose loops beside `inner` are still those of `plan`: in runs that are adjacent in C, or,
/// if `X` is near, all of them, with their sums collected. Its runs fill vectors where those of one loop less do not.
fn gathered(machine: &Machine, plan: &Plan, inner: Loop, x_bytes: usize) -> Option<Plan> {
    let in_c = adjacent(&plan.outer, inner);
    let with = |collected: Option<usize>| {
        let mut plan = plan.clone();
        take_run(&mut plan, inner, collected.is_some());
        plan.form = packed(Order::Gather, NO_LOOP, collected);
        plan
    };
    let collected = (x_bytes <= NEAR).then(|| with(Some(in_c)));
    [Some(with(None)), collected].into_iter().flatten().min_by_key(|p| cost::steps(machine, p))
}

/// Puts a loop along which X is adjacent where only a few steps are inside of it, and returns its place. If Y is adjacent along the
/// innermost of the others, some of its steps stay inside, so that a block of steps has whole lines of both.
fn put_inside(steps: &mut Loops, l: Loop, unit: isize) -> usize {
    let last = steps.last().copied().filter(|last| last.y == unit);
    let inside = last.and_then(|last| {
        (STEPS_INSIDE / 2..=STEPS_INSIDE).rev().find(|&some| last.extent.is_multiple_of(some))
    });
    if let (Some(last), Some(inside)) = (steps.last_mut(), inside) {
        let part = Loop { extent: inside, ..*last };
        let by = inside.cast_signed();
        *last =
            Loop { extent: last.extent / inside, x: last.x * by, y: last.y * by, c: last.c * by };
        steps.push(l);
        steps.push(part);
        return steps.len() - 2;
    }
    steps.push(l);
    steps.len() - 1
}

/// The lanes are points of a batch loop.
fn lanes(machine: &Machine, plan: &mut Plan) -> Option<()> {
    let unit = machine.unit.cast_signed();
    let [m, n, k] = [&plan.outer, &plan.columns, &plan.steps].map(|group| points(group));
    let inner = plan.batch.pop()?;
    if inner.x != unit || inner.y != unit || machine.steps_of_point() > 1 {
        return None;
    }
    if wastes_lanes(inner.extent, machine.rows_of_vector()) && is_large([m, n, k]) {
        return None;
    }
    plan.form = Form::Lanes(inner);
    Some(())
}

/// Whether a batch leaves so many lanes idle that large products are better done one by one.
pub(crate) fn wastes_lanes(extent: usize, width: usize) -> bool {
    5 * extent < 3 * extent.next_multiple_of(width)
}

/// Whether a product is worth packing an operand and turning results, of a batch of many.
pub(crate) fn is_large([m, n, k]: [usize; 3]) -> bool {
    m.min(n) >= 4 && m.saturating_mul(n).saturating_mul(k) >= 4096
}

/// Whether complex products are so small that their batch should make the lanes.
pub(crate) fn is_tiny([m, n, k]: [usize; 3], batch: usize) -> bool {
    batch >= 64 && m.saturating_mul(n).saturating_mul(k) <= 512
}

pub(super) const NO_LOOP: Loop = Loop { extent: 1, x: 0, y: 0, c: 0 };

fn packed(order: Order, apart: Loop, collected: Option<usize>) -> Form {
    let (apart_block, is_near, strip, step_bytes, panel_bytes) = (0, false, 0, 0, 0);
    Form::Packed(Panels {
        order,
        apart,
        collected,
        apart_block,
        is_near,
        strip,
        step_bytes,
        panel_bytes,
    })
}

/// Whether runs of `adjacent` rows leave so many lanes idle that sums are better collected, for `m` rows, `n` columns, and
/// `k` steps.
fn is_collected(machine: &Machine, adjacent: usize, [m, n, k]: [usize; 3]) -> bool {
    let width = machine.rows_of_vector();
    let vectors = m / adjacent * adjacent.div_ceil(width);
    let saved = vectors - m.div_ceil(width);
    n >= COLLECTED && saved.saturating_mul(k) >= MOVED * vectors
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

/// Moves the loops over rows that are adjacent in C from `outer` to `run`, or those over all rows.
fn take_run(plan: &mut Plan, inner: Loop, all: bool) {
    let mut rows = inner.extent.cast_signed();
    plan.run.push(inner);
    while let Some(l) = plan.outer.last().copied()
        && (all || l.c == inner.c * rows)
    {
        rows *= l.extent.cast_signed();
        plan.run.insert(0, l);
        plan.outer.pop();
    }
}

/// Whether steps are as close in X as they would be in a panel, and gain nothing from one.
fn is_close(apart: usize) -> bool {
    apart <= CLOSE
}

/// Whether an X whose rows are adjacent is packed, for `n` columns and the steps of a single loop.
pub(super) fn packs_x(machine: &Machine, k: &Loop, n: usize) -> bool {
    machine.packs_adjacent(n, k.extent) && !is_close(k.x.unsigned_abs())
}

impl Machine {
    /// Whether rows that are adjacent in X already are packed, for `n` columns and `k` steps.
    fn packs_adjacent(&self, n: usize, k: usize) -> bool {
        // The panel of a tile outgrows a first-level cache at 128 steps or so. From there on it comes from the second
        // level, which is slower for steps that are far apart, worst where they share a few sets of the first level.
        // With tiles of fewer vectors that is so from the start, else it takes many columns to be worth the copies.
        let [steps, columns] = if cfg!(test) { [16, 24] } else { [160, 128] };
        if self.kernels.broadcast.len() < 4 { k >= 128 } else { k >= steps && n >= columns }
    }
}
