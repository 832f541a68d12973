//! Labels to indices: `Ast` to [`Expr`].
//!
//! Afterwards every axis is bound to an index, every index knows all axes that it runs along, and
//! the output is explicit. The expression has one product, of all operands.

mod output;

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Rule, count, list, similar};
use crate::ir::ast::{self, Ast, AxisKind, Form};
use crate::ir::expr::{
    Array, ArrayId, Axis, Expr, Factor, Given, Index, IndexId, Product, Role, Site, Term,
};
use crate::ir::request::{Request, Wanted};

/// Resolves an index string. The arrays are those that a call with this request could take.
pub(crate) fn resolve(ast: &Ast, request: &Request) -> Result<Expr, Diagnostics> {
    let mut out = Diagnostics::default();
    check_operand_count(ast, &mut out);
    let output = match &ast.output {
        Some(output) => output.clone(),
        None => output::implicit(ast, &mut out),
    };
    check_limits(ast, &output, &mut out);
    // With the wrong number of operands the labels say nothing reliable.
    out.finish(())?;

    let mut out = Diagnostics::default();
    let mut resolver = Resolver::default();
    let mut arrays: Vec<Array> = Vec::new();
    for (number, term) in ast.inputs.iter().enumerate() {
        let axes = resolver.bind(term);
        arrays.push(array(ast, Role::Operand(number), term, axes));
    }
    output::check(ast, &output, &resolver, &mut out);
    check_options(ast, &output, &resolver, &mut out);
    out.finish(())?;

    let output_axes = resolver.bind(&output);
    let factors = (0..arrays.len()).map(|number| Factor { array: ArrayId(number), conj: false });
    let product = Product { factors: factors.collect(), output: output_axes.clone() };
    request.verify(arrays.len());
    let value = array(ast, Role::Cotangent, &output, output_axes);
    let of_operands = arrays.clone();
    let like = |array: &Array, role| Array { role, ..array.clone() };
    if request.has_cotangent() {
        arrays.push(value.clone());
    }
    for &operand in &request.tangents {
        arrays.push(like(&of_operands[operand], Role::Tangent(operand)));
    }
    for &result in &request.existing {
        let of_result = match request.results[result] {
            Wanted::Value | Wanted::Tangent => &value,
            Wanted::Gradient(operand) | Wanted::GradientTangent(operand) => &of_operands[operand],
        };
        arrays.push(like(of_result, Role::Output(result)));
    }
    let mut indices = resolver.indices;
    for option in &ast.extents {
        if let Some(index) = indices.iter_mut().find(|index| index.label == option.label) {
            index.given.get_or_insert(Given { literal: option.literal, position: option.position });
        }
    }
    let mut expr = Expr { indices, arrays, product };
    let sites = sites(&expr);
    for (index, sites) in expr.indices.iter_mut().zip(sites) {
        index.sites = sites;
    }
    Ok(expr)
}

fn array(ast: &Ast, role: Role, term: &ast::Term, axes: Term) -> Array {
    let text = match (&ast.output, role) {
        // An implicit output is written nowhere.
        (None, Role::Cotangent) => term.axes.iter().map(|axis| axis.kind.to_string()).collect(),
        _ => {
            let words: Vec<&str> = ast.text[term.range.clone()].split_whitespace().collect();
            words.join(" ")
        }
    };
    Array { role, term: axes, text, is_taken: true }
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

/// The most operands of a call: with them and their intermediates every tensor has a number of one byte.
const OPERANDS: usize = 64;

/// The most axes of a term, and the most labels, for the same reason.
const AXES: usize = 200;

/// Checks that the numbers of all things fit in the constants of emitted code.
fn check_limits(ast: &Ast, output: &ast::Term, out: &mut Diagnostics) {
    if let Some(term) = ast.inputs.get(OPERANDS) {
        let message = format!("an einsum has at most {OPERANDS} operands");
        let (range, label) = (term.range.clone(), "one operand too many");
        let diagnostic = Diagnostic::text(Rule::TooMany, message, &ast.text, range, label);
        out.push(diagnostic.help("split it in two"));
        return;
    }
    let mut labels: Vec<&AxisKind> = Vec::new();
    for term in ast.inputs.iter().chain([output]) {
        if let Some(axis) = term.axes.get(AXES) {
            let message = format!("a term has at most {AXES} axes");
            let (range, label) = (axis.range.clone(), "one axis too many");
            out.push(Diagnostic::text(Rule::TooMany, message, &ast.text, range, label));
            return;
        }
        for axis in &term.axes {
            if labels.contains(&&axis.kind) {
                continue;
            }
            labels.push(&axis.kind);
            if labels.len() > AXES {
                let message = format!("an einsum has at most {AXES} labels");
                let (range, label) = (axis.range.clone(), "one label too many");
                out.push(Diagnostic::text(Rule::TooMany, message, &ast.text, range, label));
                return;
            }
        }
    }
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
        if ast.form != Form::Fn && crate::parse::is_scale(&option.label) {
            let message = format!("`{}` does not take `{}`", ast.form.name(), option.label);
            out.push(
                Diagnostic::new(Rule::ScaleElsewhere, message, place)
                    .help("`einsum_into!` computes `c = beta*c + alpha*(…)`"),
            );
            continue;
        }
        let (rule, message, whole) = match ast.form {
            Form::Fn => (
                Rule::UnusedExtent,
                format!("`{}` is the extent of no label of the signature", option.label),
                "signature",
            ),
            _ => (
                Rule::UnknownOption,
                format!("option `{}` is for no index of the string", option.label),
                "index string",
            ),
        };
        let diagnostic = Diagnostic::new(rule, message, place);
        out.push(match similar(&option.label, labels.iter().copied()) {
            Some(similar) => diagnostic.help(format!("did you mean `{similar}`?")),
            None if labels.is_empty() => diagnostic,
            None => diagnostic.help(format!("the {whole} has {}", list(labels.iter().copied()))),
        });
    }
}
