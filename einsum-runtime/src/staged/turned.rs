//! Contractions that the engine takes as they lie, but slowly: rows that are adjacent in the output are short, or the operand
//! that has them is long to pack. Results are formed in rows along another loop, of either operand, and turned on their way to
//! the output.

use super::blocks::dims_of_block;
use super::plan::{Elements, Plan, is_batch, sorted, through_results};
use crate::engine::{self, Contract};
use crate::kernel::prepare::prepare;
use crate::kernel::{Dim, Dims, Read};

/// Nests with fewer points are not worth the choice.
const POINTS: usize = if cfg!(test) { 1 << 14 } else { 1 << 20 };

/// The fewest idle steps that are worth it: the choice takes a tenth of them.
const IDLE: usize = if cfg!(test) { 1 } else { 1 << 17 };

/// The bytes that are copied in a step.
const BYTES_COPIED: usize = 2;

/// An operand of more bytes comes from memory, which takes longer than the steps, and is fetched ahead where it is packed.
const NEAR: usize = 16 << 20;

/// Plans results in other rows, if that takes less time than the engine does as arrays lie.
pub(super) fn plan<T: Contract>(dims: &Dims<2>, elements: Elements, adds: bool) -> Option<Plan<2>> {
    plan_by(engine::steps::<T>, dims, elements, adds)
}

/// The engine's estimate of a contraction.
type Steps = fn(&Dims<2>, bool) -> Option<[usize; 2]>;

fn plan_by(engine_steps: Steps, dims: &Dims<2>, elements: Elements, adds: bool) -> Option<Plan<2>> {
    let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    let bytes = |p: usize| {
        let of_source = dims.iter().filter(|d| d.sources[p] != 0);
        of_source.fold(elements.size, |n, d| n.saturating_mul(d.extent))
    };
    if points < POINTS || !dims.iter().any(|d| d.summed) || bytes(0).max(bytes(1)) > NEAR {
        return None;
    }
    let [natural, least] = engine_steps(dims, adds)?;
    // Less than a third more than the least is not to be had.
    if natural.saturating_sub(least) < (least / 3).max(IDLE) {
        return None;
    }
    let dims = sorted(dims);
    let is_row = |d: &Dim<2>| !d.summed && !is_batch(d) && d.out != 1;
    let rows = (0..dims.len()).filter(|&i| is_row(&dims[i]));
    let plans = rows.filter_map(|row| {
        let plan = through_results(dims.clone(), row, elements);
        Some((steps(engine_steps, &plan, elements)?, plan))
    });
    let (steps, plan) = plans.min_by_key(|(steps, _)| *steps)?;
    (steps < natural / 5 * 4).then_some(plan)
}

/// Returns about the steps of a plan.
fn steps(engine_steps: Steps, plan: &Plan<2>, elements: Elements) -> Option<usize> {
    let count = |has: &dyn Fn(usize) -> bool| {
        (0..plan.dims.len())
            .filter(|&i| has(i))
            .fold(1_usize, |n, i| n.saturating_mul(plan.dims[i].extent))
    };
    let mut copied = count(&|i| plan.is_in_results(i));
    for p in (0..2).filter(|&p| plan.sources[p]) {
        copied = copied.saturating_add(count(&|i| plan.is_in(p, i)));
    }
    let blocks = plan.dims.iter().zip(&plan.blocks);
    let blocks = blocks.fold(1_usize, |n, (d, block)| n.saturating_mul(d.extent.div_ceil(*block)));
    let mut dims = dims_of_block(plan);
    let mut nowhere = [Read { ptr: core::ptr::null::<u8>(), conjugated: false }; 2];
    // The engine is given loops in this form.
    prepare(&mut dims, &mut nowhere, &mut core::ptr::null_mut());
    let [steps, _] = engine_steps(&dims, false)?;
    let copies = copied.saturating_mul(elements.size) / BYTES_COPIED;
    Some(blocks.saturating_mul(steps).saturating_add(copies))
}
