//! The plan: what a call makes, and the graphs of steps of which one or another makes it at the least cost.

use std::fmt;

use super::expr::{ArrayId, Expr, Term};
use super::graph::Graph;

/// Graphs that all make the same results.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The arrays and indices.
    pub expr: Expr,
    /// The results in order.
    pub results: Vec<Output>,
    /// Which one is the cheapest depends on extents that only run time knows. At least one.
    pub graphs: Vec<Graph>,
}

/// A result of a call.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its axes.
    pub axes: Term,
    /// The operands to whose broadcast its ellipsis extends; none without an ellipsis.
    pub ellipsis: Vec<ArrayId>,
    /// The existing array that it goes to; otherwise a new one.
    pub array: Option<ArrayId>,
}

impl Plan {
    /// Asserts that every graph makes every result.
    pub fn verify(&self) {
        debug_assert!(!self.graphs.is_empty());
        for graph in &self.graphs {
            graph.verify(&self.expr);
            debug_assert_eq!(graph.results.len(), self.results.len());
            for (output, &made) in self.results.iter().zip(&graph.results) {
                debug_assert_eq!(output.axes, graph.tensors[made].axes);
                debug_assert_eq!(output.ellipsis, graph.tensors[made].ellipsis);
            }
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, graph) in self.graphs.iter().enumerate() {
            writeln!(f, "graph {number}")?;
            graph.write(&self.expr, f)?;
        }
        Ok(())
    }
}
