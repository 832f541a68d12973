//! Labels to indices: `Ast` to [`Expr`].
//!
//! Afterwards every axis is bound to an index, every index knows all axes that it runs along, and
//! the output is explicit. The expression has one product, of all operands.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Rule, count, list, similar};
use crate::ir::ast::{self, Ast, AxisKind, Form, Mode};
use crate::ir::expr::{
    Array, ArrayId, Axis, Expr, Factor, Given, Index, IndexId, Product, Role, Site, Term,
};

/// Resolves an index string.
pub(crate) fn resolve(ast: &Ast) -> Result<Expr, Diagnostics> {
    let mut out = Diagnostics::default();
    check_operand_count(ast, &mut out);
    let output = match &ast.output {
        Some(output) => output.clone(),
        None => implicit_output(ast, &mut out),
    };
    // With the wrong number of operands the labels say nothing reliable.
    out.finish(())?;

    let mut out = Diagnostics::default();
    let mut resolver = Resolver::default();
    let mut arrays: Vec<Array> = Vec::new();
    for (number, term) in ast.inputs.iter().enumerate() {
        let axes = resolver.bind(term);
        arrays.push(array(ast, Role::Operand(number), term, axes));
    }
    check_output(ast, &output, &resolver, &mut out);
    check_options(ast, &output, &resolver, &mut out);
    out.finish(())?;

    let output_axes = resolver.bind(&output);
    let factors = (0..arrays.len()).map(|number| Factor { array: ArrayId(number), conj: false });
    let product =
        Product { factors: factors.collect(), output: output_axes.clone(), ellipsis_like: None };
    match ast.form {
        Form::Into => arrays.push(array(ast, Role::Output, &output, output_axes)),
        Form::Grad => arrays.push(array(ast, Role::Cotangent, &output, output_axes)),
        Form::Einsum | Form::Try | Form::View => {}
    }
    let mut indices = resolver.indices;
    for option in &ast.extents {
        if let Some(index) = indices.iter_mut().find(|index| index.label == option.label) {
            index.given.get_or_insert(Given { literal: option.literal, position: option.position });
        }
    }
    let mut expr = Expr { indices, arrays, products: vec![product] };
    let sites = sites(&expr);
    for (index, sites) in expr.indices.iter_mut().zip(sites) {
        index.sites = sites;
    }
    Ok(expr)
}

fn array(ast: &Ast, role: Role, term: &ast::Term, axes: Term) -> Array {
    let text = match (&ast.output, role) {
        // An implicit output is written nowhere.
        (None, Role::Output | Role::Cotangent) => {
            term.axes.iter().map(|axis| axis.kind.to_string()).collect()
        }
        _ => {
            let words: Vec<&str> = ast.text[term.range.clone()].split_whitespace().collect();
            words.join(" ")
        }
    };
    Array { role, term: axes, text }
}

/// The axes of every array that run along each index.
fn sites(expr: &Expr) -> Vec<Vec<Site>> {
    let mut sites = vec![Vec::new(); expr.indices.len()];
    for (number, array) in expr.arrays.iter().enumerate() {
        for (axis, kind) in expr.named_axes(&array.term).enumerate() {
            if let Axis::Index(index) = kind {
                sites[index.0].push(Site { array: ArrayId(number), axis });
            }
        }
    }
    sites
}

#[derive(Default)]
struct Resolver {
    indices: Vec<Index>,
}

impl Resolver {
    fn find(&self, label: &str) -> Option<IndexId> {
        self.indices.iter().position(|index| index.label == label).map(IndexId)
    }

    fn labels(&self) -> impl Iterator<Item = &str> {
        self.indices.iter().filter(|index| !index.is_ellipsis).map(|index| index.label.as_str())
    }

    /// Binds the axes of a term, making an index of each label that is new.
    fn bind(&mut self, term: &ast::Term) -> Term {
        let axes = term.axes.iter().map(|axis| {
            let label = match &axis.kind {
                AxisKind::Label(label) => label,
                AxisKind::Unit => return Axis::Unit,
                AxisKind::Ellipsis => "...",
            };
            Axis::Index(self.find(label).unwrap_or_else(|| {
                self.indices.push(Index {
                    label: label.to_owned(),
                    is_ellipsis: axis.kind == AxisKind::Ellipsis,
                    given: None,
                    sites: Vec::new(),
                });
                IndexId(self.indices.len() - 1)
            }))
        });
        Term { axes: axes.collect() }
    }
}

fn check_operand_count(ast: &Ast, out: &mut Diagnostics) {
    let (terms, operands) = (ast.inputs.len(), ast.operands);
    if terms == operands {
        return;
    }
    let counted = |n| count(n, "operand", "operands");
    let empty = ast.inputs.iter().position(|term| term.axes.is_empty());
    if operands == 0 {
        let message = format!(
            "`{}` needs operands: the index string has a term for {}",
            ast.form.name(),
            counted(terms)
        );
        out.push(Diagnostic::call(Rule::OperandCount, message));
    } else if let Some(empty) = empty.filter(|_| terms > operands && terms > 1) {
        // The caret stands under a comma that makes the term: the one behind it, if there is one.
        let end = ast.inputs[empty].range.end;
        let behind = ast.text[end..].find(|c: char| !c.is_whitespace()).map(|offset| end + offset);
        let comma = match behind.filter(|&at| ast.text[at..].starts_with(',')) {
            Some(behind) => Some(behind),
            None => ast.text[..end].rfind(','),
        };
        let range = comma.map_or(end..end, |comma| comma..comma + 1);
        let message = format!(
            "the index string has an empty term, and with it {terms} terms for {}",
            counted(operands)
        );
        out.push(
            Diagnostic::text(Rule::EmptyTerm, message, &ast.text, range, "an empty term here")
                .help("remove the comma, or add a scalar operand for the empty term"),
        );
    } else {
        let message = format!(
            "the index string has {}, but there {}",
            count(terms, "term", "terms"),
            match operands {
                1 => "is 1 operand".to_owned(),
                _ => format!("are {operands} operands"),
            }
        );
        out.push(if operands < terms {
            let range = ast.inputs[operands].range.clone();
            let label = "no operand for this term";
            Diagnostic::text(Rule::OperandCount, message, &ast.text, range, label)
        } else {
            Diagnostic::new(Rule::OperandCount, message, Place::Operand(terms))
                .help("write one term an operand, separated by commas")
        });
    }
}

/// numpy's rule: the ellipsis, then the labels that occur once, sorted.
fn implicit_output(ast: &Ast, out: &mut Diagnostics) -> ast::Term {
    let end = ast.text.trim_end().len();
    let axes = || ast.inputs.iter().flat_map(|term| &term.axes);
    let named = axes().find(|axis| match &axis.kind {
        AxisKind::Label(label) => ast.mode == Mode::Named || label.len() > 1,
        AxisKind::Unit | AxisKind::Ellipsis => ast.mode == Mode::Named,
    });
    if named.is_some() {
        let message = "named axes need an explicit output";
        let label = "no `->` before the end";
        out.push(
            Diagnostic::text(Rule::ImplicitOutput, message, &ast.text, end..end, label)
                .help("write the output's axes after `->`; a scalar has none"),
        );
    }
    let occurrences = |kind: &AxisKind| axes().filter(|other| other.kind == *kind).count();
    let mut kinds: Vec<&AxisKind> = axes()
        .map(|axis| &axis.kind)
        .filter(|kind| matches!(kind, AxisKind::Label(_)) && occurrences(kind) == 1)
        .collect();
    kinds.sort_by_key(ToString::to_string);
    if let Some(ellipsis) = axes().find(|axis| axis.kind == AxisKind::Ellipsis) {
        kinds.insert(0, &ellipsis.kind);
    }
    let axes = kinds.into_iter().map(|kind| ast::Axis { range: end..end, kind: kind.clone() });
    ast::Term { range: end..end, axes: axes.collect() }
}

/// Checks that every index of the output is in an operand or has its extent given.
fn check_output(ast: &Ast, output: &ast::Term, resolver: &Resolver, out: &mut Diagnostics) {
    let mut reported: Vec<&str> = Vec::new();
    let mut is_mode_mistaken = false;
    for axis in &output.axes {
        match &axis.kind {
            AxisKind::Unit => {}
            AxisKind::Ellipsis => {
                if resolver.find("...").is_none() {
                    let message = "the output has an ellipsis, but no operand has one";
                    let (range, label) = (axis.range.clone(), "stands for no axes");
                    let rule = Rule::UnknownEllipsis;
                    out.push(Diagnostic::text(rule, message, &ast.text, range, label));
                }
            }
            AxisKind::Label(label) => {
                let given = ast.extents.iter().any(|option| option.label == *label);
                if resolver.find(label).is_some() || given || reported.contains(&label.as_str()) {
                    continue;
                }
                reported.push(label);
                let joined = joined(ast, label, resolver);
                // One mistake, however many letters.
                if joined.is_some() && is_mode_mistaken {
                    continue;
                }
                is_mode_mistaken |= joined.is_some();
                out.push(unknown_output_label(ast, axis, label, joined, resolver));
            }
        }
    }
}

/// The index that was meant as letters, one of them `label`: in `ij -> i j` the index `ij`.
fn joined<'a>(ast: &Ast, label: &str, resolver: &'a Resolver) -> Option<&'a str> {
    let is_letter = ast.mode == Mode::Named && label.len() == 1;
    resolver.labels().find(|other| is_letter && other.contains(label))
}

fn unknown_output_label(
    ast: &Ast,
    axis: &ast::Axis,
    label: &str,
    joined: Option<&str>,
    resolver: &Resolver,
) -> Diagnostic {
    let message = format!("output index `{label}` is in no operand");
    let beside = "not an index of any operand";
    let range = axis.range.clone();
    let diagnostic = Diagnostic::text(Rule::UnknownOutputLabel, message, &ast.text, range, beside);
    if let Some(joined) = joined {
        let help = format!("spaces separate axes in this string, so `{joined}` is one index");
        return diagnostic.help(help);
    }
    let diagnostic = match similar(label, resolver.labels()) {
        Some(similar) => diagnostic.help(format!("did you mean `{similar}`?")),
        None if resolver.labels().next().is_none() => diagnostic,
        None => diagnostic.help(format!("the operands have {}", list(resolver.labels()))),
    };
    if ast.form == Form::View {
        return diagnostic;
    }
    diagnostic.help(format!("to broadcast along `{label}`, give its extent: `; {label} = extent`"))
}

/// Checks that every extent is for a label of the string.
fn check_options(ast: &Ast, output: &ast::Term, resolver: &Resolver, out: &mut Diagnostics) {
    let of_output = output.axes.iter().filter_map(|axis| match &axis.kind {
        AxisKind::Label(label) => Some(label.as_str()),
        AxisKind::Unit | AxisKind::Ellipsis => None,
    });
    let mut labels: Vec<&str> = resolver.labels().collect();
    labels.extend(of_output.filter(|label| resolver.find(label).is_none()));
    for option in &ast.extents {
        if labels.contains(&option.label.as_str()) {
            continue;
        }
        let place = Place::OptionName(option.position);
        if crate::parse::is_scale(&option.label) {
            let message = format!("`{}` does not take `{}`", ast.form.name(), option.label);
            out.push(
                Diagnostic::new(Rule::ScaleElsewhere, message, place)
                    .help("`einsum_into!` computes `c = beta*c + alpha*(…)`"),
            );
            continue;
        }
        let message = format!("option `{}` is for no index of the string", option.label);
        let diagnostic = Diagnostic::new(Rule::UnknownOption, message, place);
        out.push(match similar(&option.label, labels.iter().copied()) {
            Some(similar) => diagnostic.help(format!("did you mean `{similar}`?")),
            None if labels.is_empty() => diagnostic,
            None => {
                diagnostic.help(format!("the index string has {}", list(labels.iter().copied())))
            }
        });
    }
}
