//! About how long a plan takes, so that ways to form the same results can be compared.
//!
//! The unit is a step: the time in which a vector of X is multiplied by an element of Y and added to a vector of sums. All
//! else is said in steps, as it was measured beside them.

use super::choose::NO_LOOP;
use super::loops::{Loop, points};
use super::machine::Machine;
use super::plan::{Form, Order, Plan};
use super::scratch::LINE;
use crate::kernel::level::halves_vectors;

/// To pack a vector of X: where elements are adjacent along some loop, and where none are.
const PACKED: usize = 12;
const GATHERED: usize = 40;

/// To pack a row of a step, however many elements of it are adjacent: where these fill 16 bytes, and where they are moved one by
/// one.
const CALL: usize = 2;
const CALL_SHORT: usize = 12;

/// To write a vector of sums to C.
const WRITTEN: usize = 4;

/// To move a piece of collected sums to C, up to a vector.
const COLLECTED: usize = 22;

/// To turn a vector of sums on the way to C; and what a step takes on an X that is not packed, whose steps are far apart, unless
/// products of vectors take long themselves.
const TURNED: usize = 32;
const FAR: usize = 2;

/// To read a line, or to write to it, that several products of a batch have elements in, for each of them: where the array stays
/// in a near cache, and where not.
const READ_AGAIN: [usize; 2] = [2, 4];
const WRITTEN_AGAIN: [usize; 2] = [2, 60];

/// Arrays of so many bytes stay in a near cache.
const NEAR: usize = 1 << 20;

/// Returns the steps that a plan takes.
pub(super) fn steps(machine: &Machine, plan: &Plan) -> usize {
    let width = machine.rows_of_vector();
    let [batch, outer, run, n, k] =
        [&plan.batch, &plan.outer, &plan.run, &plan.columns, &plan.steps].map(|g| points(g));
    let rows = outer.saturating_mul(run.div_ceil(width));
    // What a vector takes at every step beside a product for each column, what at every column, and times what.
    let (vectors, packed, written, times) = match &plan.form {
        Form::Direct => (rows, 0, WRITTEN, 1),
        Form::Lanes(lanes) => {
            let rows = outer.saturating_mul(run);
            (rows.saturating_mul(lanes.extent.div_ceil(width)), 0, WRITTEN, 1)
        }
        Form::Turned(turn) => {
            let along = turn.along.extent.div_ceil(width).saturating_mul(turn.across.extent);
            (outer.saturating_mul(along), 0, TURNED, if halves_vectors() { 1 } else { FAR })
        }
        Form::Packed(panels) => {
            let vectors = rows.saturating_mul(panels.apart.extent);
            let packed = match panels.order {
                Order::Gather => GATHERED,
                Order::AlongRows => PACKED * pieces(&plan.run, width, machine.unit),
                Order::AlongApart => {
                    let is_short = panels.apart.extent * machine.unit < 16;
                    let call = if is_short { CALL_SHORT } else { CALL };
                    PACKED + (call * width).div_ceil(panels.apart.extent)
                }
                Order::AlongHalves | Order::AlongSteps(_) => PACKED,
            };
            let pieces = panels.collected.map_or(0, |adjacent| {
                (outer.saturating_mul(run) / adjacent).saturating_mul(adjacent.div_ceil(width))
            });
            let moved = pieces.saturating_mul(COLLECTED).div_ceil(vectors.max(1));
            (vectors, packed, WRITTEN + moved, 1)
        }
    };
    let of_step = n.saturating_mul(times).saturating_add(packed);
    let of_vector = of_step.saturating_mul(k).saturating_add(n.saturating_mul(written));
    let product = vectors.saturating_mul(of_vector).saturating_mul(machine.steps_of_point());
    let lines = |step: fn(&Loop) -> isize, costs| shared_lines(machine, plan, step, costs);
    // Gathering has the price in it, and an image gathers whole lines of C.
    let of_x = match &plan.form {
        Form::Packed(panels) if panels.order == Order::Gather => 0,
        _ => lines(|l| l.x, READ_AGAIN),
    };
    let of_c = if plan.image.is_some() { 0 } else { lines(|l| l.c, WRITTEN_AGAIN) };
    let lines = of_x.saturating_add(lines(|l| l.y, READ_AGAIN)).saturating_add(of_c);
    batch.saturating_mul(product.saturating_add(lines))
}

/// Returns the fewest steps for so many products of elements: no lane is idle, and nothing is moved.
pub(super) fn least(machine: &Machine, products: usize) -> usize {
    (products / machine.rows_of_vector()).saturating_mul(machine.steps_of_point())
}

/// Returns the pieces that a vector of rows is copied in.
fn pieces(run: &[Loop], width: usize, unit: usize) -> usize {
    let mut adjacent = 1;
    for l in run.iter().rev() {
        if l.x != (adjacent * unit).cast_signed() {
            break;
        }
        adjacent *= l.extent;
    }
    if adjacent >= 2 * width { 1 } else { 1 + width.div_ceil(adjacent) }
}

/// Returns what it costs one product that it shares the lines of an array with others of its batch.
fn shared_lines(
    machine: &Machine,
    plan: &Plan,
    step: fn(&Loop) -> isize,
    [near, far]: [usize; 2],
) -> usize {
    let is_shared = |l: &Loop| step(l) != 0 && step(l).unsigned_abs() < LINE;
    if !plan.batch.iter().any(is_shared) {
        return 0;
    }
    let inner = match &plan.form {
        Form::Packed(panels) => [panels.apart, NO_LOOP],
        Form::Turned(turn) => [turn.along, turn.across],
        Form::Direct | Form::Lanes(_) => [NO_LOOP; 2],
    };
    let groups = [&plan.outer, &plan.run, &plan.columns, &plan.steps];
    let own = || groups.iter().flat_map(|g| g.iter()).chain(&inner).filter(|l| step(l) != 0);
    let elements = |count: usize, l: &Loop| count.saturating_mul(l.extent);
    let of_product = own().fold(1, elements);
    let of_all = plan.batch.iter().filter(|l| step(l) != 0).fold(of_product, elements);
    // Elements that are adjacent come with one line.
    let mut adjacent = machine.unit;
    while adjacent < LINE
        && let Some(l) = own().find(|l| step(l).unsigned_abs() == adjacent && l.extent > 1)
    {
        adjacent *= l.extent;
    }
    let cost = if of_all.saturating_mul(machine.unit) <= NEAR { near } else { far };
    (of_product / (adjacent.min(LINE) / machine.unit)).saturating_mul(cost)
}
