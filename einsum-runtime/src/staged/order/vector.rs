//! One operand as it lies in memory, and the other one in its order.

use core::cmp::Reverse;

use super::is_shared;
use crate::engine::DOT;
use crate::kernel::Dims;
use crate::sort::sort_by_key;
use crate::staged::plan::{BYTES, Caps, Elements, Plan, ROW};

/// The fewest blocks that use the same copies of short rows. To copy an element takes several times as long as to add it.
const REUSED: usize = 16;

/// Plans to read X, which has all loops, as it lies in memory, with Y in a buffer in the same order.
pub(in crate::staged) fn vector(dims: &Dims<2>, x: usize, elements: Elements) -> Option<Plan<2>> {
    let y = 1 - x;
    let mut dims = Dims::from_slice(dims);
    sort_by_key(&mut dims[..], |d| Reverse(d.sources[x].unsigned_abs()));
    let last = *dims.last()?;
    if last.sources[x] != 1 || dims.iter().any(|d| d.sources[x] < 0 || is_shared(&dims, d)) {
        return None;
    }
    let (mut run, mut first) = (1_usize, dims.len());
    while let Some(d) = first.checked_sub(1).map(|i| &dims[i]) {
        let step = run.cast_signed();
        let is_same = d.summed == last.summed && (d.sources[y] != 0) == (last.sources[y] != 0);
        if !is_same || d.sources[x] != step || d.out != last.out * step {
            break;
        }
        run *= d.extent;
        first -= 1;
    }
    let mut sources = [true; 2];
    sources[x] = false;
    if last.summed && run * elements.size < DOT {
        let around = first.checked_sub(1).filter(|&i| {
            let d = &dims[i];
            !d.summed && d.sources[y] == 0 && d.sources[x] == run.cast_signed()
        });
        let plan = around.and_then(|i| repeated(&dims, (y, i), run, sources, elements));
        if plan.is_some() {
            return plan;
        }
    }
    let least = if last.summed { DOT / elements.size } else { ROW };
    let whole = Caps { row: usize::MAX, other: usize::MAX };
    (run >= least).then(|| Plan::new(dims, sources, false, BYTES / elements.size, whole))
}

/// Plans products with a copy of Y's rows of `run` elements, the last loops, for every point of the loop `around` them.
fn repeated(
    dims: &Dims<2>,
    (y, around): (usize, usize),
    run: usize,
    sources: [bool; 2],
    elements: Elements,
) -> Option<Plan<2>> {
    let most = BYTES / 3 / elements.size;
    let mut plan = Plan::of_points(Dims::from_slice(dims), sources, true);
    plan.late = dims.len() - around - 1;
    plan.repeated.push((y, around));
    // Sums are not interrupted: Y would be copied again for every block of results.
    let is_around = |&i: &usize| i == around;
    let is_other = |&i: &usize| i != around && !dims[i].summed;
    let summed = (0..dims.len()).filter(|&i| dims[i].summed);
    let kept = (0..dims.len()).filter(is_around).chain((0..around).rev().filter(is_other));
    for i in summed.chain(kept) {
        let extent = if i == around { dims[i].extent / REUSED } else { dims[i].extent };
        plan.blocks[i] = plan.room(i, most).min(extent).max(1);
        if dims[i].summed && plan.blocks[i] < dims[i].extent {
            return None;
        }
    }
    let is_long = plan.blocks[around] * run >= 4 * ROW;
    plan.even();
    is_long.then_some(plan)
}
