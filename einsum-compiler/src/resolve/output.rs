//! The output of an index string: what it is when it is not written, and that its labels are known.

use std::ops::Range;

use super::Resolver;
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, list, similar};
use crate::ir::ast::{self, Ast, AxisKind, Form, Mode};

/// numpy's rule: the ellipsis, then the labels that occur once, sorted.
pub(super) fn implicit(ast: &Ast, out: &mut Diagnostics) -> ast::Term {
    let end = ast.text.trim_end().len();
    let axes = || ast.inputs.iter().flat_map(|term| &term.axes);
    let named = axes()
        .find(|axis| ast.mode == Mode::Named || axis.labels().any(|(label, _)| label.len() > 1));
    if named.is_some() {
        let message = "named axes need an explicit output";
        let label = "no `->` before the end";
        out.push(
            Diagnostic::text(Rule::ImplicitOutput, message, &ast.text, end..end, label)
                .help("write the output's axes after `->`; a scalar has none"),
        );
    }
    let labels = || axes().flat_map(ast::Axis::labels).map(|(label, _)| label);
    let occurrences = |label: &str| labels().filter(|other| *other == label).count();
    let mut once: Vec<&str> = labels().filter(|label| occurrences(label) == 1).collect();
    once.sort_unstable();
    let ellipsis = axes().find(|axis| axis.kind == AxisKind::Ellipsis);
    let kinds = ellipsis.map(|axis| axis.kind.clone()).into_iter();
    let kinds = kinds.chain(once.into_iter().map(|label| AxisKind::Label(label.to_owned())));
    let axes = kinds.map(|kind| ast::Axis { range: end..end, kind });
    ast::Term { range: end..end, axes: axes.collect() }
}

/// Checks that every index of the output is in an operand or has its extent given.
pub(super) fn check(ast: &Ast, output: &ast::Term, resolver: &Resolver<'_>, out: &mut Diagnostics) {
    let axes = without_parentheses(ast, output, out);
    let unknown = |axis: &&ast::Axis| match &axis.kind {
        AxisKind::Ellipsis => resolver.find("...").is_none(),
        AxisKind::Label(label) => {
            resolver.find(label).is_none()
                && ast.extents.iter().all(|option| option.label != *label)
        }
        AxisKind::Unit | AxisKind::Window(_) | AxisKind::Composed(_) => false,
    };
    let mut unknown: Vec<&ast::Axis> = axes.iter().filter(unknown).collect();
    let mut distinct: Vec<&AxisKind> = Vec::new();
    unknown.retain(|axis| {
        let is_new = !distinct.contains(&&axis.kind);
        distinct.push(&axis.kind);
        is_new
    });
    // One mistake, however many letters: a word in a string of letters, or letters in one of names.
    let mut runs: Vec<Vec<&ast::Axis>> = Vec::new();
    for axis in unknown {
        match runs.last_mut() {
            Some(run) if is_same_mistake(ast, run, axis, resolver) => run.push(axis),
            _ => runs.push(vec![axis]),
        }
    }
    for run in runs {
        out.push(match &run[..] {
            [only] if only.kind == AxisKind::Ellipsis => {
                let message = "the output has an ellipsis, but no operand has one";
                let (range, label) = (only.range.clone(), "stands for no axes");
                Diagnostic::text(Rule::UnknownEllipsis, message, &ast.text, range, label)
            }
            [only] => unknown_label(ast, only, resolver),
            [first, .., last] => {
                let range = first.range.start..last.range.end;
                unknown_labels(ast, &run, range, resolver)
            }
            [] => continue,
        });
    }
}

/// The axes of the output with every label of a composed axis for itself. Windows are refused.
fn without_parentheses(ast: &Ast, output: &ast::Term, out: &mut Diagnostics) -> Vec<ast::Axis> {
    let mut axes = Vec::new();
    for axis in &output.axes {
        match &axis.kind {
            AxisKind::Composed(names) => axes.extend(names.iter().map(|name| ast::Axis {
                range: name.range.clone(),
                kind: AxisKind::Label(name.name.clone()),
            })),
            AxisKind::Window(_) => {
                let message = "the output has a window";
                let (range, label) = (axis.range.clone(), "several terms would be added here");
                out.push(
                    Diagnostic::text(Rule::WindowOutput, message, &ast.text, range, label)
                        .help("windows are read, not written: give the output one axis a label")
                        .help("`einsum_grad!` adds into the windows of its operands"),
                );
            }
            AxisKind::Label(_) | AxisKind::Unit | AxisKind::Ellipsis => axes.push(axis.clone()),
        }
    }
    axes
}

/// Whether an unknown axis of the output is part of the same mistake as those before it.
fn is_same_mistake(
    ast: &Ast,
    run: &[&ast::Axis],
    axis: &ast::Axis,
    resolver: &Resolver<'_>,
) -> bool {
    let labels = |axis: &ast::Axis| matches!(axis.kind, AxisKind::Label(_));
    match ast.mode {
        Mode::Letters => {
            let touches = run.last().is_some_and(|last| last.range.end == axis.range.start);
            touches && labels(axis) && run.iter().all(|axis| labels(axis))
        }
        Mode::Named => {
            let joined = |axis: &ast::Axis| joined(ast, &axis.kind.to_string(), resolver).is_some();
            joined(axis) && run.iter().all(|axis| joined(axis))
        }
    }
}

/// The index that was meant as letters, one of them `label`: in `ij -> i j` the index `ij`.
fn joined<'a>(ast: &Ast, label: &str, resolver: &'a Resolver<'_>) -> Option<&'a str> {
    let is_letter = ast.mode == Mode::Named && label.len() == 1;
    resolver.labels().find(|other| is_letter && other.contains(label))
}

fn unknown_label(ast: &Ast, axis: &ast::Axis, resolver: &Resolver<'_>) -> Diagnostic {
    let label = &axis.kind.to_string();
    let message = format!("output index `{label}` is in no operand");
    let beside = "not an index of any operand";
    let range = axis.range.clone();
    let diagnostic = Diagnostic::text(Rule::UnknownOutputLabel, message, &ast.text, range, beside);
    if let Some(joined) = joined(ast, label, resolver) {
        return diagnostic.help(spaces_separate(joined));
    }
    let diagnostic = match similar(label, resolver.labels()) {
        Some(similar) => diagnostic.help(format!("did you mean `{similar}`?")),
        None if resolver.labels().next().is_none() => diagnostic,
        None => diagnostic.help(format!("the operands have {}", list(resolver.labels()))),
    };
    if ast.form == Form::View {
        return diagnostic;
    }
    let extent = match ast.form {
        Form::Fn => format!("`{label}: usize` among the parameters"),
        _ => format!("`; {label} = extent`"),
    };
    diagnostic.help(format!("to broadcast along `{label}`, give its extent: {extent}"))
}

/// Several unknown labels that are one mistake.
fn unknown_labels(
    ast: &Ast,
    axes: &[&ast::Axis],
    range: Range<usize>,
    resolver: &Resolver<'_>,
) -> Diagnostic {
    let labels: Vec<String> = axes.iter().map(|axis| axis.kind.to_string()).collect();
    let listed = list(labels.iter().map(String::as_str));
    let message = format!("output indices {listed} are in no operand");
    let beside = "not indices of any operand";
    let diagnostic = Diagnostic::text(Rule::UnknownOutputLabel, message, &ast.text, range, beside);
    if let Some(joined) = joined(ast, &labels[0], resolver) {
        return diagnostic.help(spaces_separate(joined));
    }
    let diagnostic = match resolver.labels().next() {
        None => diagnostic,
        Some(_) => diagnostic.help(format!("the operands have {}", list(resolver.labels()))),
    };
    let diagnostic =
        diagnostic.help(format!("for one index with this name write `({})`", labels.concat()));
    if ast.form == Form::View {
        return diagnostic;
    }
    let extents: Vec<String> = labels
        .iter()
        .map(|label| match ast.form {
            Form::Fn => format!("{label}: usize"),
            _ => format!("{label} = extent"),
        })
        .collect();
    let extents = match ast.form {
        Form::Fn => format!("`{}` among the parameters", extents.join(", ")),
        _ => format!("`; {}`", extents.join(", ")),
    };
    diagnostic.help(format!("to broadcast along them, give their extents: {extents}"))
}

fn spaces_separate(joined: &str) -> String {
    format!("spaces separate axes in this string, so `{joined}` is one index")
}
