//! Contraction paths from symbolic costs: [`Expr`] to [`Plan`].
//!
//! Lone indices are summed over in their operand first and output-only indices broadcast last;
//! in between the order of the pairs is searched exactly for a few factors and greedily for many.
//! Where the best order depends on extents that are not known yet, the few that matter are kept.

mod alternatives;
mod cost;
mod greedy;
mod optimal;
mod path;

pub(crate) use cost::Cost;

use crate::ir::expr::Expr;
use crate::ir::plan::Plan;

/// Up to this many factors all orders are compared: 3⁸ = 6561 pairs of subsets.
const EXACT: usize = 8;

/// Up to this many factors the best orders for different extents are looked for.
const ALTERNATIVES: usize = 6;

/// Plans every product of an expression.
pub(crate) fn plan(expr: Expr) -> Plan {
    let paths = expr.products.iter().map(|product| path::paths(&expr, product)).collect();
    Plan { expr, paths }
}
