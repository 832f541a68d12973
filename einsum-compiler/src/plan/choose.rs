//! The few graphs of which one or another is nearly the cheapest, whatever the extents are.
//!
//! Extents are supposed in many ways, and of all candidates as few are kept as bring every way near its optimum. Emitted
//! code compares their costs with actual extents.

use super::cost::{Cost, Measure};
use super::orders::Supposed;
use crate::ir::expr::{Expr, IndexId};
use crate::ir::graph::Graph;

/// The most graphs that are kept. Each is emitted, so each costs the user compile time.
const KEPT: usize = 3;

/// A graph is kept if it makes some way at least this much cheaper.
const GAIN: f64 = 1.25;

/// Returns one to [`KEPT`] of the candidates; the first is the best as all extents grow together.
pub(super) fn choose(expr: &Expr, mut candidates: Vec<Graph>, supposed: &Supposed) -> Vec<Graph> {
    let symbolic: Vec<Cost> = candidates.iter().map(|graph| cost(expr, graph)).collect();
    let cheaper = |best: usize, other: usize| {
        if symbolic[other].compare(&symbolic[best]).is_lt() { other } else { best }
    };
    let first = (0..candidates.len()).fold(0, cheaper);
    // The costs of a graph in all ways.
    let costs = |graph: &Graph| -> Vec<f64> {
        let loops: Vec<Vec<IndexId>> = loops(expr, graph).collect();
        supposed.ways.iter().map(|way| points(&loops, way)).collect()
    };
    let mut kept = vec![candidates.remove(first)];
    let mut best = costs(&kept[0]);
    let mut costed: Vec<(Graph, Vec<f64>)> =
        candidates.into_iter().map(|graph| (graph.clone(), costs(&graph))).collect();
    while kept.len() < KEPT && !costed.is_empty() {
        // The graph that helps most over all ways.
        let gain = |costs: &[f64]| -> f64 {
            best.iter().zip(costs).map(|(best, cost)| (best / cost).max(1.0).ln()).sum()
        };
        let gains: Vec<f64> = costed.iter().map(|(_, costs)| gain(costs)).collect();
        let most = (0..costed.len()).max_by(|&a, &b| gains[a].total_cmp(&gains[b]));
        let Some(most) = most else { break };
        let (graph, costs) = costed.swap_remove(most);
        if best.iter().zip(&costs).all(|(best, cost)| best / cost < GAIN) {
            break;
        }
        for (best, cost) in best.iter_mut().zip(costs) {
            *best = best.min(cost);
        }
        kept.push(graph);
    }
    kept
}

/// Multiplications and additions of all steps.
fn cost(expr: &Expr, graph: &Graph) -> Cost {
    let mut cost = Cost::default();
    for indices in loops(expr, graph) {
        cost += &Cost::size(expr, indices);
    }
    cost
}

/// As [`cost`], in one way of extents.
fn points(loops: &[Vec<IndexId>], extents: &[f64]) -> f64 {
    let mut points = 0.0;
    for indices in loops {
        let mut of_step = 1.0;
        for index in indices {
            of_step *= extents[index.0];
        }
        points += of_step;
    }
    points
}

/// The indices that each step of a graph runs along.
fn loops<'a>(expr: &'a Expr, graph: &'a Graph) -> impl Iterator<Item = Vec<IndexId>> + 'a {
    graph.tensors.iter().flat_map(move |tensor| {
        tensor.steps.iter().map(move |step| {
            let mut indices = tensor.axes.indices();
            for index in step.sources.iter().flat_map(|source| graph.indices(expr, source)) {
                if !indices.contains(&index) {
                    indices.push(index);
                }
            }
            indices
        })
    })
}
