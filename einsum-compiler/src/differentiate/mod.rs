//! Derivatives of a graph of steps are graphs of steps: [`Graph`] to [`Graph`], in both modes and again.
//!
//! A step `C = Σ A · B` is linear in each of its sources. Hence along tangents, and against a cotangent (with the
//! convention that torch uses for complex elements: `dA` is the conjugate of the derivative of `C` paired with `dC`):
//!
//! ```text
//! tC  = Σ tA · B + Σ A · tB
//! dA += Σ dC · conj(B)        dB += Σ dC · conj(A)
//! ```
//!
//! Every step so becomes at most two of its own cost in either mode, whatever the number of operands. What an
//! index does needs no rule: one that stood only in `A` becomes an output-only index of `dA`, a diagonal of `A` a
//! diagonal of the result, a repeated output label a diagonal of `dC`; and an axis of the ellipsis that was broadcast is
//! summed, since a cotangent has the axes of its tensor.

mod jvp;
#[cfg(test)]
mod tests;
mod vjp;

pub(crate) use jvp::jvp;
pub(crate) use vjp::vjp;

use crate::ir::expr::{ArrayId, Expr, Role};
use crate::ir::graph::Graph;
use crate::ir::request::{Request, Wanted};

/// Replaces the only result of a graph, the value, by all that a request wants.
pub(crate) fn differentiate(expr: &Expr, mut graph: Graph, request: &Request) -> Graph {
    let value = graph.results[0];
    let operands = |is_wanted: &dyn Fn(Wanted) -> Option<usize>| -> Vec<ArrayId> {
        let numbers = request.results.iter().filter_map(|&wanted| is_wanted(wanted));
        numbers.map(|number| expr.operand(number)).collect()
    };
    let plain = operands(&|wanted| match wanted {
        Wanted::Gradient(operand) => Some(operand),
        _ => None,
    });
    let moved = operands(&|wanted| match wanted {
        Wanted::GradientTangent(operand) => Some(operand),
        _ => None,
    });
    let arrays = || expr.arrays.iter().enumerate().map(|(number, array)| (ArrayId(number), array));
    let cotangent = arrays().find_map(|(id, array)| (array.role == Role::Cotangent).then_some(id));
    let tangents: Vec<(ArrayId, ArrayId)> = arrays()
        .filter_map(|(id, array)| match array.role {
            Role::Tangent(operand) => Some((expr.operand(operand), id)),
            _ => None,
        })
        .collect();
    let gradients = |graph: &mut Graph, operands: &[ArrayId]| match cotangent {
        Some(cotangent) if !operands.is_empty() => vjp(expr, graph, &[cotangent], operands),
        _ => Vec::new(),
    };
    let mut plain = gradients(&mut graph, &plain).into_iter();
    // Tangents of the value and of the gradients at once, so that they share those of intermediates.
    let mut along = gradients(&mut graph, &moved);
    if request.results.contains(&Wanted::Tangent) {
        along.insert(0, value);
    }
    graph.results = along;
    let mut along = match graph.results.is_empty() {
        true => Vec::new(),
        false => jvp(&mut graph, &tangents),
    };
    let tangent = request.results.contains(&Wanted::Tangent).then(|| along.remove(0));
    let mut moved = along.into_iter();
    graph.results = request
        .results
        .iter()
        .map(|wanted| match wanted {
            Wanted::Value => Some(value),
            Wanted::Gradient(_) => plain.next(),
            Wanted::Tangent => tangent,
            Wanted::GradientTangent(_) => moved.next(),
        })
        .map(|result| result.expect("every result has been made"))
        .collect();
    graph.pruned()
}
