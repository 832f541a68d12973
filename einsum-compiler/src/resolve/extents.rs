//! Whether every extent will be known: those of axes along one label and those that are given are, and in rounds those that are
//! the only unknown one of a composed axis or a window.
//!
//! The runtime goes through the same rounds with the actual extents.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics, Rule, list};
use crate::ir::ast::{self, Ast};
use crate::ir::expr::{Expr, IndexId};

/// Checks that the extent of every index can be told.
pub(super) fn check(ast: &Ast, expr: &Expr) -> Result<(), Diagnostics> {
    let mut known: Vec<bool> = expr.indices.iter().map(|index| expr.is_known(index)).collect();
    loop {
        let telling = expr.telling(&known);
        if telling.is_empty() {
            break;
        }
        for (_, IndexId(index)) in telling {
            known[index] = true;
        }
    }
    let unknown: Vec<&str> = expr
        .indices
        .iter()
        .zip(&known)
        .filter(|(_, known)| !**known)
        .map(|(index, _)| index.label.as_str())
        .collect();
    let mut out = Diagnostics::default();
    let mut reported: Vec<&str> = Vec::new();
    for axis in ast.inputs.iter().flat_map(|term| &term.axes) {
        let mut of_axis: Vec<(&str, Range<usize>)> = Vec::new();
        for (label, range) in axis.labels() {
            let is_new = !reported.contains(&label) && of_axis.iter().all(|(own, _)| *own != label);
            if unknown.contains(&label) && is_new {
                of_axis.push((label, range));
            }
        }
        if let Some((_, range)) = of_axis.first() {
            out.push(ambiguous(ast, axis, &of_axis, range.clone()));
        }
        reported.extend(of_axis.iter().map(|(label, _)| label));
    }
    out.finish(())
}

fn ambiguous(
    ast: &Ast,
    axis: &ast::Axis,
    unknown: &[(&str, Range<usize>)],
    range: Range<usize>,
) -> Diagnostic {
    let labels = || unknown.iter().map(|(label, _)| *label);
    let (message, label) = match unknown {
        [(only, _)] => {
            (format!("the extent of `{only}` cannot be told"), "which extent does it have?")
        }
        _ => {
            let message = format!(
                "the extents of {} cannot be told from the one axis `{}`",
                list(labels()),
                &ast.text[axis.range.clone()]
            );
            (message, "all but one must be known")
        }
    };
    let needed: Vec<&str> = labels().skip(1).collect();
    let needed = if needed.is_empty() { labels().collect() } else { needed };
    let options: Vec<String> = needed.iter().map(|label| format!("{label} = extent")).collect();
    Diagnostic::text(Rule::AmbiguousExtent, message, &ast.text, range, label)
        .help(format!("give it after the operands: `; {}`", options.join(", ")))
}
