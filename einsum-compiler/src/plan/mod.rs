//! The steps of a call: [`Expr`] to [`Plan`].
//!
//! The operands' product is contracted in an order of pairs ([`orders`]): lone indices are summed first, output-only ones
//! broadcast last; the order is searched exactly for a few factors and greedily for many. Each order is a graph of steps
//! ([`path`]), and derivatives are taken of that, so that value, cotangents, and tangents share their
//! intermediates: a step has three directions of equal cost, whatever the number of operands. Beside these stand graphs
//! whose results are planned one by one ([`independent`]), since a result alone can have a cheaper order. Where it depends
//! on extents that are not known yet which graph is the cheapest, the few that matter are kept ([`choose`]).

mod choose;
mod cost;
mod greedy;
mod independent;
mod optimal;
mod orders;
mod path;

use crate::differentiate::differentiate;
use crate::ir::expr::{ArrayId, Expr, Role};
use crate::ir::graph::Graph;
use crate::ir::plan::{Output, Plan};
use crate::ir::request::{Request, Wanted};
use orders::Supposed;

/// The most orders of which derivatives are compared: those that are best in the most ways of extents. Every one is work
/// while the user's crate compiles.
const DERIVED: usize = 8;

/// Plans what a request wants.
pub(crate) fn plan(expr: Expr, request: &Request) -> Plan {
    let supposed = Supposed::of(&expr);
    let mut candidates: Vec<Graph> = Vec::new();
    let most = if request.results == [Wanted::Value] { usize::MAX } else { DERIVED };
    for order in orders::orders(&expr, &expr.product, &supposed, most) {
        let value = path::graph(&expr, &expr.product, &order);
        push(&mut candidates, differentiate(&expr, value, request));
    }
    for graph in independent::graphs(&expr, request, &supposed) {
        push(&mut candidates, graph);
    }
    let graphs = choose::choose(&expr, candidates, &supposed);
    let results = (0..request.results.len()).map(|number| output(&expr, request, number)).collect();
    Plan { expr, results, graphs }
}

/// The value in the best order as all extents grow together, for tests of what is done with it.
#[cfg(test)]
pub(crate) fn value(expr: &Expr) -> Graph {
    let (order, _) = orders::searched(expr, &expr.product, &Supposed::of(expr));
    path::graph(expr, &expr.product, &order)
}

fn push(candidates: &mut Vec<Graph>, graph: Graph) {
    if !candidates.contains(&graph) {
        candidates.push(graph);
    }
}

fn output(expr: &Expr, request: &Request, number: usize) -> Output {
    let (axes, ellipsis) = shape(expr, request.results[number]);
    let goes_there = |array: &crate::ir::expr::Array| array.role == Role::Output(number);
    Output { axes, ellipsis, array: expr.arrays.iter().position(goes_there).map(ArrayId) }
}

/// The axes of a result, and the operands to whose broadcast its ellipsis extends.
fn shape(expr: &Expr, wanted: Wanted) -> (crate::ir::expr::Term, Vec<ArrayId>) {
    match wanted {
        Wanted::Value | Wanted::Tangent => {
            let has_ellipsis = expr.ellipsis_position(&expr.product.output).is_some();
            let ellipsis = if has_ellipsis { expr.broadcast() } else { Vec::new() };
            (expr.product.output.clone(), ellipsis)
        }
        Wanted::Gradient(operand) | Wanted::GradientTangent(operand) => {
            let operand = expr.operand(operand);
            (expr.arrays[operand.0].term.clone(), expr.ellipsis_of(operand))
        }
    }
}
