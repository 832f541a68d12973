//! The steps of one product in one order of its pairs.

use super::orders::{IndexSet, Network, Order};
use crate::ir::expr::{Expr, Factor, IndexId, Product};
use crate::ir::graph::{Graph, Source, Step, Tensor, TensorId};

/// What remains to be multiplied of a product once lone indices have been summed.
pub(super) fn network<'a>(expr: &'a Expr, product: &Product) -> Network<'a> {
    let mut graph = Graph::default();
    let factors = factors(expr, &mut graph, product);
    let indices = |source: &Source| graph.indices(expr, source).into_iter().collect();
    Network {
        expr,
        tensors: factors.iter().map(indices).collect(),
        output: product.output.indices().into_iter().collect(),
    }
}

/// The graph that makes a product, its only result.
pub(super) fn graph(expr: &Expr, product: &Product, order: &Order) -> Graph {
    let mut graph = Graph::default();
    let has_ellipsis = expr.ellipsis_position(&product.output).is_some();
    let ellipsis = if has_ellipsis { expr.broadcast() } else { Vec::new() };
    let steps = vec![contract(expr, &mut graph, product, &ellipsis, order)];
    let result = graph.add(Tensor { axes: product.output.clone(), ellipsis, steps });
    graph.results = vec![result];
    graph
}

/// Adds the intermediates of a product to a graph, and returns the step that makes the product of them. The ellipsis of
/// what it makes extends to the broadcast of these operands.
pub(super) fn contract(
    expr: &Expr,
    graph: &mut Graph,
    product: &Product,
    ellipsis: &[crate::ir::expr::ArrayId],
    order: &Order,
) -> Step {
    let mut tensors = factors(expr, graph, product);
    let output: IndexSet = product.output.indices().into_iter().collect();
    for (done, &(left, right)) in order.iter().enumerate() {
        let sources = vec![tensors[left], tensors[right]];
        if done + 1 == order.len() {
            return graph.contraction(expr, sources, &product.output, ellipsis);
        }
        let later: IndexSet = order[done + 1..]
            .iter()
            .flat_map(|&(left, right)| [left, right])
            .filter_map(|number| tensors.get(number))
            .flat_map(|source| graph.indices(expr, source))
            .chain(output.iter().copied())
            .collect();
        let axes = expr.along(result_order(expr, graph, &sources, &later));
        let mut ellipsis = Vec::new();
        if expr.ellipsis_position(&axes).is_some() {
            for source in &sources {
                ellipsis.extend(graph.ellipsis(expr, source.tensor));
            }
            ellipsis.sort_unstable();
            ellipsis.dedup();
        }
        let step = graph.contraction(expr, sources, &axes, &ellipsis);
        let tensor = graph.share(Tensor { axes, ellipsis, steps: vec![step] });
        tensors.push(Source { tensor, conj: false });
    }
    graph.contraction(expr, vec![tensors[0]], &product.output, ellipsis)
}

/// The factors of a product, each summed over the indices that only it has.
fn factors(expr: &Expr, graph: &mut Graph, product: &Product) -> Vec<Source> {
    let source =
        |factor: &Factor| Source { tensor: TensorId::Array(factor.array), conj: factor.conj };
    let factors: Vec<Source> = product.factors.iter().map(source).collect();
    if factors.len() == 1 {
        return factors;
    }
    let of_factors: Vec<Vec<IndexId>> =
        factors.iter().map(|source| graph.indices(expr, source)).collect();
    let mut summed = Vec::new();
    for (number, &source) in factors.iter().enumerate() {
        let elsewhere = |index: &IndexId| {
            let mut others = of_factors.iter().enumerate().filter(|(other, _)| *other != number);
            product.output.contains(*index) || others.any(|(_, indices)| indices.contains(index))
        };
        let own = &of_factors[number];
        let kept: Vec<IndexId> = own.iter().copied().filter(elsewhere).collect();
        let is_whole = kept.len() == own.len();
        summed.push(if is_whole { source } else { graph.sum(expr, source, kept) });
    }
    summed
}

/// The axes of a contraction's result: batch, then free ones of the left, then of the right,
/// each in the order of their source, so that a next contraction finds them together.
fn result_order(expr: &Expr, graph: &Graph, sources: &[Source], later: &IndexSet) -> Vec<IndexId> {
    let (left, right) = (graph.indices(expr, &sources[0]), graph.indices(expr, &sources[1]));
    let batch = left.iter().filter(|index| right.contains(index));
    let free_left = left.iter().filter(|index| !right.contains(index));
    let free_right = right.iter().filter(|index| !left.contains(index));
    let all = batch.chain(free_left).chain(free_right);
    all.copied().filter(|index| later.contains(index)).collect()
}
