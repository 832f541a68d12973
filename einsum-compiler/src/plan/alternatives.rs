//! The few orders of which one or another is nearly the cheapest, whatever the extents are.
//!
//! Extents are supposed in many ways, each way's cheapest order is found, and of these as few are
//! kept as bring every way near its optimum. Emitted code compares their costs with actual extents.

use super::optimal::{self, Mask, Masks};
use super::path::{Order, symbolic};
use crate::ir::expr::{Expr, Index};

/// The most orders that are kept. Each is emitted, so each costs the user compile time.
const KEPT: usize = 3;

/// How many ways of extents are supposed.
const WAYS: u64 = 48;

/// An order is kept if it makes some way at least this much cheaper.
const GAIN: f64 = 1.25;

/// Returns one to [`KEPT`] orders; the first is the best as all extents grow together.
pub(super) fn orders(expr: &Expr, masks: &Masks) -> Vec<Order> {
    let mut kept = vec![optimal::order(masks, symbolic(expr))];
    let is_unknown = |index: &Index| index.given.is_none_or(|given| given.literal.is_none());
    if !expr.indices.iter().any(is_unknown) {
        return kept;
    }
    let suppose = |way| {
        let indices = expr.indices.iter().enumerate();
        indices.map(|(number, index)| extent(way, number, index)).collect()
    };
    let ways: Vec<Vec<f64>> = (0..WAYS).map(suppose).collect();
    let mut candidates: Vec<Order> = Vec::new();
    for way in &ways {
        let order = optimal::order(masks, |mask| size(mask, way));
        if !kept.contains(&order) && !candidates.contains(&order) {
            candidates.push(order);
        }
    }
    // The costs of an order in all ways.
    let costs =
        |order: &Order| -> Vec<f64> { ways.iter().map(|way| cost(masks, order, way)).collect() };
    let mut best = costs(&kept[0]);
    let mut costed: Vec<(Order, Vec<f64>)> =
        candidates.into_iter().map(|order| (order.clone(), costs(&order))).collect();
    while kept.len() < KEPT && !costed.is_empty() {
        // The order that helps most over all ways.
        let gain = |costs: &[f64]| -> f64 {
            best.iter().zip(costs).map(|(best, cost)| (best / cost).max(1.0).ln()).sum()
        };
        let gains: Vec<f64> = costed.iter().map(|(_, costs)| gain(costs)).collect();
        let most = (0..costed.len()).max_by(|&a, &b| gains[a].total_cmp(&gains[b]));
        let Some(most) = most else { break };
        let (order, costs) = costed.swap_remove(most);
        if best.iter().zip(&costs).all(|(best, cost)| best / cost < GAIN) {
            break;
        }
        for (best, cost) in best.iter_mut().zip(costs) {
            *best = best.min(cost);
        }
        kept.push(order);
    }
    kept
}

/// The extent of an index in one way: from 2 to 1024, by a fixed hash.
fn extent(way: u64, number: usize, index: &Index) -> f64 {
    if let Some(literal) = index.given.and_then(|given| given.literal) {
        #[expect(clippy::cast_precision_loss, reason = "costs are estimates")]
        return literal.max(1) as f64;
    }
    // The finalizer of splitmix64.
    let mut hash = (way << 32 | number as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    f64::from(2_u32 << ((hash >> 31) % 10))
}

/// The number of positions of a set of indices in one way.
fn size(mask: Mask, extents: &[f64]) -> f64 {
    let within = extents.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1);
    within.map(|(_, extent)| extent).product()
}

/// The operations of an order in one way.
fn cost(masks: &Masks, order: &Order, extents: &[f64]) -> f64 {
    let mut tensors: Vec<Mask> = masks.tensors.clone();
    let mut alive: Vec<usize> = (0..tensors.len()).collect();
    let mut total = 0.0;
    for &(left, right) in order {
        let all = tensors[left] | tensors[right];
        total += size(all, extents);
        alive.retain(|&tensor| tensor != left && tensor != right);
        let needed = alive.iter().fold(masks.output, |needed, &tensor| needed | tensors[tensor]);
        alive.push(tensors.len());
        tensors.push(all & needed);
    }
    total
}
