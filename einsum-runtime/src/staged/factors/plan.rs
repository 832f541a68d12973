//! In which order factors are multiplied in blocks, which of them are copied for that, and how large blocks are.

use core::cmp::Reverse;

use super::super::order::{NEXT_ROW, RUN, times_copied};
use super::super::plan::{BYTES, Caps, Elements, Plan, ROW};
use super::LINE;
use crate::kernel::raw::FACTORS;
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;

/// The bytes of a block's products where no factor goes through a buffer: they stay in a first-level cache.
const NEAR: usize = 16 << 10;

/// The fewest summands of a block, if there are so many.
const TERMS: usize = 4;

/// Plans a product of so many factors: in the order of the output or of a factor, whichever moves the fewest elements.
pub(in crate::staged) fn plan(
    dims: &Dims<FACTORS>,
    factors: usize,
    elements: Elements,
    is_assigned: bool,
) -> Option<Plan<FACTORS>> {
    let is_whole = |&p: &usize| dims.iter().all(|d| d.sources[p] != 0);
    // If a factor has all loops, every product is used once.
    if dims.iter().any(|d| d.summed) && !(0..factors).any(|p| is_whole(&p)) {
        return None;
    }
    let orders = (0..factors).filter(is_whole).chain([FACTORS]);
    let plans = orders.filter_map(|array| {
        let mut sorted = Dims::from_slice(dims);
        sort_by_key(&mut sorted[..], |d| {
            let own = d.sources.get(array).copied().unwrap_or(d.out).unsigned_abs();
            (array == FACTORS && !d.summed, Reverse(own))
        });
        in_order(sorted, factors, elements, is_assigned)
    });
    plans.min_by_key(|(cost, _)| *cost).map(|(_, plan)| plan)
}

/// Plans a product whose blocks have the order of `dims`, and says about how long it takes, in moved elements.
fn in_order(
    dims: Dims<FACTORS>,
    factors: usize,
    elements: Elements,
    is_assigned: bool,
) -> Option<(usize, Plan<FACTORS>)> {
    let last = *dims.last()?;
    let staged = core::array::from_fn(|p| !matches!(last.sources[p], 0 | 1));
    let is_sum = dims.iter().any(|d| d.summed);
    // Sums over rows are of products of two factors that have them.
    if last.summed && last.sources.iter().filter(|step| **step != 0).count() < 2 {
        return None;
    }
    let is_turned = !last.summed && last.out != 1;
    let results = is_turned || elements.are_complex && !is_assigned && !is_sum;
    let run = run(&dims, &staged, results);
    if run < ROW {
        return None;
    }
    let is_near = !results && !staged.contains(&true);
    let copied = staged.iter().filter(|staged| **staged).count() + usize::from(results);
    let buffers = copied + products(factors, is_sum);
    let bytes = if is_near { NEAR } else { 3 * BYTES / buffers.max(3) };
    let most = bytes / elements.size;
    let mut plan = Plan::of_points(dims, staged, results);
    plan.points = true;
    // A block of one summand would be no sum.
    let mut terms = TERMS;
    for i in (0..plan.blocks.len()).rev() {
        if plan.dims[i].summed {
            plan.blocks[i] = plan.dims[i].extent.min(terms);
            terms = terms.div_ceil(plan.blocks[i]);
        }
    }
    if !is_near {
        let row = plan.blocks.len() - 1;
        let mut bytes = RUN;
        while bytes >= RUN / 8 {
            let whole = plan.dims[row].extent.min(RUN / elements.size);
            plan.blocks[row] = if last.summed { whole.max(plan.blocks[row]) } else { whole };
            if plan.complete_runs(bytes / elements.size, most) {
                break;
            }
            bytes /= 2;
        }
    }
    plan.enlarge(most, Caps { row: usize::MAX, other: usize::MAX });
    let points = |has: &dyn Fn(&Dim<FACTORS>) -> bool| {
        plan.dims.iter().filter(|d| has(d)).fold(1_usize, |n, d| n.saturating_mul(d.extent))
    };
    // What is copied is read and written; in short runs more lines are.
    let moved = |count: usize, step: &dyn Fn(&Dim<FACTORS>) -> isize| {
        let bytes = adjacent(&plan, step) * elements.size;
        count.saturating_mul(2).saturating_add(count.saturating_mul(2 * LINE) / bytes)
    };
    let sources = (0..factors).filter(|&p| staged[p]).fold(0_usize, |n, p| {
        let copied = points(&|d| d.sources[p] != 0).saturating_mul(times_copied(&plan, p));
        n.saturating_add(moved(copied, &|d| d.sources[p]))
    });
    let turned = if results { moved(points(&|d| !d.summed), &|d| d.out) } else { 0 };
    let between = (points(&|_| true) / run).saturating_mul(NEXT_ROW);
    Some((sources.saturating_add(turned).saturating_add(between), plan))
}

/// Returns how many elements of a block are adjacent in an array, whose steps these are.
fn adjacent(plan: &Plan<FACTORS>, step: &dyn Fn(&Dim<FACTORS>) -> isize) -> usize {
    let mut adjacent = 1;
    loop {
        let next = (0..plan.dims.len())
            .find(|&i| step(&plan.dims[i]).unsigned_abs() == adjacent && plan.blocks[i] > 1);
        let Some(i) = next else { return adjacent };
        adjacent *= plan.blocks[i];
        if plan.blocks[i] < plan.dims[i].extent {
            return adjacent;
        }
    }
}

/// Returns how many buffers [`multiply`] uses for so many factors: two in turn for the products of some of them.
fn products(factors: usize, is_sum: bool) -> usize {
    let before_last = if is_sum { factors - 1 } else { factors - 2 };
    (before_last / 2).min(2)
}

/// Returns how many elements follow each other in a row of the last loops, in all arrays.
fn run(dims: &Dims<FACTORS>, staged: &[bool; FACTORS], results: bool) -> usize {
    let mut run = 1_usize;
    let Some(last) = dims.last() else { return run };
    for d in dims.iter().rev() {
        let step = run.cast_signed();
        let follows = |p: usize| {
            let is_same = (d.sources[p] != 0) == (last.sources[p] != 0);
            is_same && (staged[p] || d.sources[p] == 0 || d.sources[p] == step)
        };
        let is_out = d.summed == last.summed && (d.summed || results || d.out == step);
        if !is_out || !(0..FACTORS).all(follows) {
            break;
        }
        run = run.saturating_mul(d.extent);
    }
    run
}
