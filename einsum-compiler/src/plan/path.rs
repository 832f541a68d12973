//! The steps of one product, around the search for the order of its pairs.

use std::collections::BTreeSet;

use super::cost::Cost;
use super::optimal::{self, Mask, Masks};
use super::{ALTERNATIVES, EXACT, alternatives, greedy};
use crate::ir::expr::{Expr, IndexId, Product};
use crate::ir::plan::{Path, Source, Step, StepResult, TensorId};

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
    pub(super) fn masks(&self) -> Option<Masks> {
        if self.expr.indices.len() > Mask::BITS as usize {
            return None;
        }
        let mask = |set: &IndexSet| set.iter().fold(0, |mask, index| mask | (1 << index.0));
        let tensors = self.tensors.iter().map(mask).collect();
        Some(Masks { tensors, output: mask(&self.output) })
    }
}

/// Plans one product: one path for each order that is worth keeping.
pub(super) fn paths(expr: &Expr, product: &Product) -> Vec<Path> {
    let network = Builder::new(expr, product).network(product);
    let orders = match (network.tensors.len(), network.masks()) {
        (1, _) => vec![Vec::new()],
        (2, _) => vec![vec![(0, 1)]],
        (n, Some(masks)) if n <= ALTERNATIVES => alternatives::orders(expr, &masks),
        (n, Some(masks)) if n <= EXACT => vec![optimal::order(&masks, symbolic(expr))],
        _ => vec![greedy::order(&network)],
    };
    let path = |order: &Order| {
        let mut builder = Builder::new(expr, product);
        builder.contract(product, order);
        Path { steps: builder.steps, cost: builder.cost }
    };
    orders.iter().map(path).collect()
}

/// The number of positions of a set of indices, in unknown extents that grow together.
pub(super) fn symbolic(expr: &Expr) -> impl Fn(Mask) -> Cost {
    |mask| {
        let within = (0..expr.indices.len()).filter(|index| mask >> index & 1 == 1);
        Cost::size(expr, within.map(IndexId))
    }
}

struct Tensor {
    source: Source,
    /// The distinct indices in order of its axes.
    indices: Vec<IndexId>,
}

struct Builder<'a> {
    expr: &'a Expr,
    steps: Vec<Step>,
    /// The tensors that are still to be multiplied; used ones stay as place holders.
    tensors: Vec<Tensor>,
    cost: Cost,
}

impl<'a> Builder<'a> {
    /// Begins with the factors, each summed over the indices that only it has.
    fn new(expr: &'a Expr, product: &Product) -> Self {
        let tensor = |factor: &crate::ir::expr::Factor| Tensor {
            source: Source { tensor: TensorId::Array(factor.array), conj: factor.conj },
            indices: expr.arrays[factor.array.0].term.indices(),
        };
        let tensors = product.factors.iter().map(tensor).collect();
        let mut builder = Builder { expr, steps: Vec::new(), tensors, cost: Cost::default() };
        if builder.tensors.len() > 1 {
            builder.sum_lone_indices(&product.output.indices().into_iter().collect());
        }
        builder
    }

    /// What remains to be multiplied.
    fn network(&self, product: &Product) -> Network<'a> {
        let indices = |tensor: &Tensor| tensor.indices.iter().copied().collect();
        Network {
            expr: self.expr,
            tensors: self.tensors.iter().map(indices).collect(),
            output: product.output.indices().into_iter().collect(),
        }
    }

    /// Sums every tensor over the indices that only it has, outside of any product.
    fn sum_lone_indices(&mut self, output: &IndexSet) {
        for number in 0..self.tensors.len() {
            let elsewhere =
                |index: &IndexId| {
                    output.contains(index)
                        || self.tensors.iter().enumerate().any(|(other, tensor)| {
                            other != number && tensor.indices.contains(index)
                        })
                };
            let kept: Vec<IndexId> =
                self.tensors[number].indices.iter().copied().filter(elsewhere).collect();
            if kept.len() < self.tensors[number].indices.len() {
                self.cost += &Cost::size(self.expr, self.tensors[number].indices.iter().copied());
                let source = self.tensors[number].source;
                self.tensors[number] = self.intermediate(vec![source], kept);
            }
        }
    }

    /// Contracts the pairs in order and writes the output.
    fn contract(&mut self, product: &Product, order: &Order) {
        let output: IndexSet = product.output.indices().into_iter().collect();
        let ends = self.tensors.len() + order.len();
        for (done, &(left, right)) in order.iter().enumerate() {
            let later: IndexSet = order[done + 1..]
                .iter()
                .flat_map(|&(left, right)| [left, right])
                .filter_map(|number| self.tensors.get(number))
                .flat_map(|tensor| tensor.indices.iter().copied())
                .chain(output.iter().copied())
                .collect();
            let kept = self.result_order(left, right, &later);
            let all: IndexSet = self.tensors[left]
                .indices
                .iter()
                .chain(&self.tensors[right].indices)
                .copied()
                .collect();
            self.cost += &Cost::size(self.expr, all.iter().copied());
            let sources = vec![self.tensors[left].source, self.tensors[right].source];
            let is_last = done + 1 == order.len();
            // Repeating a product along an output-only index costs nothing, a sum does.
            let summed = all.len() > kept.len();
            let broadcasts = output.iter().any(|index| !kept.contains(index));
            if is_last && !(summed && broadcasts) {
                self.steps.push(Step { sources, result: StepResult::Output });
                return;
            }
            let tensor = self.intermediate(sources, kept);
            self.tensors.push(tensor);
        }
        self.finish_single(ends - 1, &output);
    }

    /// Writes the output from one tensor, first summing it if it is then to be broadcast.
    fn finish_single(&mut self, number: usize, output: &IndexSet) {
        let indices = self.tensors[number].indices.clone();
        let kept: Vec<IndexId> =
            indices.iter().copied().filter(|index| output.contains(index)).collect();
        self.cost += &Cost::size(self.expr, indices.iter().copied());
        let mut source = self.tensors[number].source;
        if kept.len() < indices.len() && output.iter().any(|index| !kept.contains(index)) {
            source = self.intermediate(vec![source], kept).source;
        }
        self.steps.push(Step { sources: vec![source], result: StepResult::Output });
    }

    /// The axes of a contraction's result: batch, then free ones of the left, then of the right,
    /// each in the order of their source, so that a next contraction finds them together. Where one
    /// source has them all and nothing is summed, those of that source: elements then stay in order.
    fn result_order(&self, left: usize, right: usize, later: &IndexSet) -> Vec<IndexId> {
        let (left, right) = (&self.tensors[left].indices, &self.tensors[right].indices);
        let is_scaled = |by: &[IndexId], all: &[IndexId]| {
            all.iter().all(|index| later.contains(index))
                && by.iter().all(|index| all.contains(index))
        };
        if is_scaled(right, left) {
            return left.clone();
        }
        if is_scaled(left, right) {
            return right.clone();
        }
        let batch = left.iter().filter(|index| right.contains(index));
        let free_left = left.iter().filter(|index| !right.contains(index));
        let free_right = right.iter().filter(|index| !left.contains(index));
        let all = batch.chain(free_left).chain(free_right);
        all.copied().filter(|index| later.contains(index)).collect()
    }

    fn intermediate(&mut self, sources: Vec<Source>, mut indices: Vec<IndexId>) -> Tensor {
        // An ellipsis, the outermost loops of most nests, leads the intermediate's axes.
        indices.sort_by_key(|index| !self.expr.indices[index.0].is_ellipsis);
        let tensor = TensorId::Intermediate(self.steps.len());
        let result = StepResult::Intermediate(indices.clone());
        self.steps.push(Step { sources, result });
        Tensor { source: Source { tensor, conj: false }, indices }
    }
}
