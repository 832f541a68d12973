//! The orders of pairs in which a product can be worth contracting, whatever the extents are.

use std::collections::BTreeSet;

use super::cost::Cost;
use super::optimal::{self, Mask, Masks};
use super::{greedy, path};
use crate::ir::expr::{Expr, Index, IndexId, Product};

/// Up to this many factors all orders are compared: 3⁸ = 6561 pairs of subsets.
const EXACT: usize = 8;

/// Up to this many factors the best orders for different extents are looked for.
const ALTERNATIVES: usize = 6;

/// How many ways of extents are supposed.
const WAYS: u64 = 48;

/// The distinct indices of a tensor.
pub(super) type IndexSet = BTreeSet<IndexId>;

/// Pairs to contract: positions in a list of tensors to which every pair appends its result.
pub(super) type Order = Vec<(usize, usize)>;

/// What a search for an order works on.
pub(super) struct Network<'a> {
    /// The expression, for extents.
    pub(super) expr: &'a Expr,
    /// The indices of each tensor.
    pub(super) tensors: Vec<IndexSet>,
    /// The indices that the result keeps.
    pub(super) output: IndexSet,
}

impl Network<'_> {
    /// The number of positions of a set of indices.
    pub(super) fn size(&self, indices: &IndexSet) -> Cost {
        Cost::size(self.expr, indices.iter().copied())
    }

    /// The sets of indices as masks, if there are few enough indices for that.
    fn masks(&self) -> Option<Masks> {
        if self.expr.indices.len() > Mask::BITS as usize {
            return None;
        }
        let mask = |set: &IndexSet| set.iter().fold(0, |mask, index| mask | (1 << index.0));
        let tensors = self.tensors.iter().map(mask).collect();
        Some(Masks { tensors, output: mask(&self.output) })
    }
}

/// Ways of extents: every index has one in each. None if all extents are known.
pub(super) struct Supposed {
    pub(super) ways: Vec<Vec<f64>>,
}

impl Supposed {
    pub(super) fn of(expr: &Expr) -> Self {
        let is_unknown = |index: &Index| index.given.is_none_or(|given| given.literal.is_none());
        let ways = if expr.indices.iter().any(is_unknown) { WAYS } else { 0 };
        let suppose = |way| {
            let indices = expr.indices.iter().enumerate();
            indices.map(|(number, index)| extent(way, number, index)).collect()
        };
        Supposed { ways: (0..ways).map(suppose).collect() }
    }

    /// The first of the ways, at most so many.
    pub(super) fn few(&self, most: usize) -> Self {
        Supposed { ways: self.ways.iter().take(most).cloned().collect() }
    }
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

/// Returns different orders: first the best as all extents grow together, then those that are the best in some way of
/// extents, at most so many.
pub(super) fn orders(
    expr: &Expr,
    product: &Product,
    supposed: &Supposed,
    most: usize,
) -> Vec<Order> {
    let (first, others) = searched(expr, product, supposed);
    let mut orders = vec![first];
    orders.extend(frequent(others, most));
    orders.dedup();
    orders
}

/// Returns the different ones, the most frequent first, at most so many.
pub(super) fn frequent<T: PartialEq>(all: Vec<T>, most: usize) -> Vec<T> {
    let mut counted: Vec<(T, usize)> = Vec::new();
    for one in all {
        match counted.iter_mut().find(|(other, _)| *other == one) {
            Some((_, count)) => *count += 1,
            None => counted.push((one, 1)),
        }
    }
    // Stable: of equally frequent ones the first found comes first.
    counted.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    counted.into_iter().map(|(one, _)| one).take(most).collect()
}

/// Returns the best order as all extents grow together, and that for each way, or nothing if only the first is looked for.
pub(super) fn searched(expr: &Expr, product: &Product, supposed: &Supposed) -> (Order, Vec<Order>) {
    let network = path::network(expr, product);
    let none = Vec::new();
    match (network.tensors.len(), network.masks()) {
        (1, _) => (Vec::new(), none),
        (2, _) => (vec![(0, 1)], none),
        (n, Some(masks)) if n <= ALTERNATIVES => {
            let of_way = |way: &Vec<f64>| optimal::order(&masks, |mask| size(mask, way));
            let others = supposed.ways.iter().map(of_way).collect();
            (optimal::order(&masks, symbolic(expr)), others)
        }
        (n, Some(masks)) if n <= EXACT => (optimal::order(&masks, symbolic(expr)), none),
        _ => (greedy::order(&network), none),
    }
}

/// The number of positions of a set of indices, in unknown extents that grow together.
fn symbolic(expr: &Expr) -> impl Fn(Mask) -> Cost {
    |mask| {
        let within = (0..expr.indices.len()).filter(|index| mask >> index & 1 == 1);
        Cost::size(expr, within.map(IndexId))
    }
}

/// The number of positions of a set of indices in one way.
fn size(mask: Mask, extents: &[f64]) -> f64 {
    let within = extents.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1);
    within.map(|(_, extent)| extent).product()
}
