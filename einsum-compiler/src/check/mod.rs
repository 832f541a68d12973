//! The demands of each macro on a resolved expression.
//!
//! Ranks, element types, and the extents of arrays are not here: rustc checks them through the
//! types of the operands, or the emitted code does at run time.

mod signature;

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Rule};
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
        let label = AxisKind::Label(name.to_owned());
        let mut axes = ast.inputs.iter().chain(&ast.output).flat_map(|term| &term.axes);
        let range = axes.find(|axis| axis.kind == label).map_or(0..0, |axis| axis.range.clone());
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
    for (number, index) in expr.indices.iter().enumerate() {
        let axis = Axis::Index(crate::ir::IndexId(number));
        let written = |term: &crate::ir::ast::Term, nth: usize| {
            let is_it = |kind: &AxisKind| kind.to_string() == index.label;
            let mut axes = term.axes.iter().filter(|axis| is_it(&axis.kind));
            axes.nth(nth).map_or(0..0, |axis| axis.range.clone())
        };
        let in_operand = expr.arrays[0].term.axes.contains(&axis);
        let in_output = output.axes.iter().filter(|other| **other == axis).count();
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
}
