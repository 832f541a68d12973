//! The demands of each macro on a resolved expression.
//!
//! Ranks, element types, and the extents of arrays are not here: rustc checks them through the
//! types of the operands, or the emitted code does at run time.

mod signature;

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Rule};
use crate::ir::IndexId;
use crate::ir::ast::{Ast, AxisKind, Form};
use crate::ir::expr::{Axis, Expr};

pub(crate) use signature::signature;

/// Checks the options and what the macro allows.
pub(crate) fn check(ast: &Ast, expr: &Expr) -> Result<(), Diagnostics> {
    let mut out = Diagnostics::default();
    check_options(ast, &mut out);
    if ast.form == Form::Into {
        check_scales(ast, expr, &mut out);
    }
    if ast.form == Form::View {
        check_view(ast, expr, &mut out);
    }
    out.finish(())
}

/// Checks that no extent is given twice.
fn check_options(ast: &Ast, out: &mut Diagnostics) {
    for (number, option) in ast.extents.iter().enumerate() {
        if ast.extents[..number].iter().any(|earlier| earlier.label == option.label) {
            let message = format!("the extent of `{}` is given twice", option.label);
            let place = Place::OptionName(option.position);
            out.push(Diagnostic::new(Rule::SecondOption, message, place));
        }
    }
}

/// Checks that the scales of `einsum_into!` are no labels.
fn check_scales(ast: &Ast, expr: &Expr, out: &mut Diagnostics) {
    for name in ["alpha", "beta"] {
        if expr.indices.iter().all(|index| index.label != name) {
            continue;
        }
        let axes = ast.inputs.iter().chain(&ast.output).flat_map(|term| &term.axes);
        let mut labels = axes.flat_map(crate::ir::ast::Axis::labels);
        let range = labels.find(|(label, _)| *label == name).map_or(0..0, |(_, range)| range);
        let message = format!("`{name}` is both a label and a scale of `einsum_into!`");
        let diagnostic =
            Diagnostic::text(Rule::ScaleIsLabel, message, &ast.text, range, "a label here");
        out.push(diagnostic.help("give the label another name"));
    }
}

/// Checks that the result is a view: one operand whose every element goes to at most one place.
fn check_view(ast: &Ast, expr: &Expr, out: &mut Diagnostics) {
    let refuse = |message: String, range, label: &str| {
        Diagnostic::text(Rule::NotAView, message, &ast.text, range, label)
            .help("`einsum!` makes a new array")
    };
    let output = &expr.product.output;
    if expr.arrays.len() != 1 {
        let message = "`einsum_view!` takes one operand: a product is not a view";
        out.push(
            Diagnostic::new(Rule::NotAView, message, Place::Operand(1))
                .help("`einsum!` makes a new array"),
        );
        return;
    }
    let all = |term: &crate::ir::expr::Term| term.axes.iter().flat_map(Axis::indices).collect();
    let (of_operand, of_output): (Vec<IndexId>, Vec<IndexId>) =
        (all(&expr.arrays[0].term), all(output));
    for (number, index) in expr.indices.iter().enumerate() {
        let written = |term: &crate::ir::ast::Term, nth: usize| {
            let labels = term.axes.iter().flat_map(|axis| {
                let ellipsis = (axis.kind == AxisKind::Ellipsis).then(|| axis.range.clone());
                let own = axis.labels().filter(|(label, _)| *label == index.label);
                own.map(|(_, range)| range).chain(ellipsis.filter(|_| index.is_ellipsis))
            });
            labels.into_iter().nth(nth).unwrap_or(0..0)
        };
        let in_operand = of_operand.contains(&IndexId(number));
        let in_output = of_output.iter().filter(|other| other.0 == number).count();
        if !in_operand && in_output == 0 {
            // A coefficient.
            continue;
        }
        if !in_operand {
            let range = ast.output.as_ref().map_or(0..0, |term| written(term, 0));
            let message = format!("not a view: the operand has no axis `{}`", index.label);
            out.push(refuse(message, range, "broadcast"));
        } else if in_output == 0 {
            let message = format!("not a view: `{}` is summed over", index.label);
            out.push(refuse(message, written(&ast.inputs[0], 0), "not in the output"));
        } else if in_output > 1 {
            let range = ast.output.as_ref().map_or(0..0, |term| written(term, 1));
            let message = format!("not a view: the output repeats `{}`", index.label);
            out.push(refuse(message, range, "zero off the diagonal"));
        }
    }
    let axes = |term: &crate::ir::ast::Term| term.axes.clone();
    for axis in ast.output.iter().flat_map(axes) {
        if let AxisKind::Composed(_) = axis.kind {
            let message = format!("not a view: the output merges the axes of `{}`", axis.kind);
            out.push(refuse(message, axis.range, "of one step only by chance"));
        }
    }
    for axis in ast.inputs.iter().flat_map(axes) {
        if let AxisKind::Window(window) = &axis.kind
            && window.offset < 0
        {
            let message = format!("not a view: the window `{window}` is padded");
            out.push(refuse(message, axis.range, "no zeros there to be seen"));
        }
    }
}
