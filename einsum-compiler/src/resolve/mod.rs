//! Labels to indices: `Ast` to [`Expr`].
//!
//! Afterwards every axis is bound to an index, every index knows all axes that it runs along, and
//! the output is explicit. The expression has one product, of all operands.

mod extents;
mod output;

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Rule, count, list, similar};
use crate::ir::ast::{self, Ast, AxisKind, Form};
use crate::ir::expr::{
    Array, ArrayId, Axis, Expr, Factor, Given, Index, IndexId, Product, Role, Site, Term, Window,
    WindowTerm,
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
    let mut resolver = Resolver::new(ast, &mut out);
    let mut arrays: Vec<Array> = Vec::new();
    for (number, term) in ast.inputs.iter().enumerate() {
        let axes = resolver.bind(ArrayId(number), term);
        arrays.push(array(ast, Role::Operand(number), term, axes));
    }
    output::check(ast, &output, &resolver, &mut out);
    check_options(ast, &output, &resolver, &mut out);
    out.finish(())?;

    let output_axes = resolver.bind(ArrayId(arrays.len()), &output);
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
    extents::check(ast, &expr)?;
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

struct Resolver<'a> {
    ast: &'a Ast,
    indices: Vec<Index>,
}

impl<'a> Resolver<'a> {
    /// Begins with the coefficients whose values only run time knows: each is an index that no axis runs along.
    fn new(ast: &'a Ast, out: &mut Diagnostics) -> Self {
        let mut resolver = Resolver { ast, indices: Vec::new() };
        for name in scales(ast) {
            if resolver.check_scale(name, out) && resolver.find(&name.name).is_none() {
                resolver.index(&name.name, false);
            }
        }
        resolver
    }

    fn find(&self, label: &str) -> Option<IndexId> {
        self.indices.iter().position(|index| index.label == label).map(IndexId)
    }

    fn labels(&self) -> impl Iterator<Item = &str> {
        let is_scale = |label: &str| scales(self.ast).any(|name| name.name == label);
        let labels = self.indices.iter().filter(|index| !index.is_ellipsis);
        labels.map(|index| index.label.as_str()).filter(move |label| !is_scale(label))
    }

    /// The index of a label, a new one if there is none yet.
    fn index(&mut self, label: &str, is_ellipsis: bool) -> IndexId {
        self.find(label).unwrap_or_else(|| {
            let label = label.to_owned();
            self.indices.push(Index { label, is_ellipsis, given: None, sites: Vec::new() });
            IndexId(self.indices.len() - 1)
        })
    }

    /// Binds the axes of a term, making an index of each label that is new.
    fn bind(&mut self, array: ArrayId, term: &ast::Term) -> Term {
        let mut named = 0;
        let axes = term.axes.iter().map(|axis| {
            named += usize::from(axis.kind != AxisKind::Ellipsis);
            match &axis.kind {
                AxisKind::Label(label) => Axis::Index(self.index(label, false)),
                AxisKind::Unit => Axis::Unit,
                AxisKind::Ellipsis => Axis::Index(self.index("...", true)),
                AxisKind::Window(window) => {
                    let site = Site { array, axis: named - 1 };
                    Axis::Window(self.bind_window(axis, window, site))
                }
                AxisKind::Composed(names) => {
                    Axis::Composed(names.iter().map(|name| self.index(&name.name, false)).collect())
                }
            }
        });
        Term { axes: axes.collect() }
    }

    fn bind_window(&mut self, axis: &ast::Axis, window: &ast::Window, site: Site) -> Window {
        let term = |term: &ast::WindowTerm| {
            let scale = term.scale.as_ref().map(|scale| scale.name.as_str());
            let literal = scale.and_then(|scale| option(self.ast, scale)?.literal);
            WindowTerm {
                factor: term.factor * literal.unwrap_or(1),
                scale: scale.filter(|_| literal.is_none()).map(|scale| self.index(scale, false)),
                index: self.index(&term.label.name, false),
            }
        };
        let terms = window.terms.iter().map(term).collect();
        let inside = &self.ast.text[axis.range.start + 1..axis.range.end - 1];
        let words: Vec<&str> = inside.split_whitespace().collect();
        Window { terms, offset: window.offset, text: words.join(" "), site }
    }

    /// Checks that a named coefficient is positive and no label. Returns whether only run time knows its value.
    fn check_scale(&self, name: &ast::Name, out: &mut Diagnostics) -> bool {
        let ast::Name { name, range } = name;
        let mistake = |message: String, label: &str| {
            Diagnostic::text(Rule::Coefficient, message, &self.ast.text, range.clone(), label)
        };
        let mut axes = self.ast.inputs.iter().chain(&self.ast.output).flat_map(|term| &term.axes);
        if axes.any(|axis| axis.labels().any(|(label, _)| label == name)) {
            let message = format!("`{name}` is both a coefficient and a label");
            out.push(mistake(message, "a coefficient here").help("give the label another name"));
            return false;
        }
        let Some(option) = option(self.ast, name) else {
            let message = format!("the coefficient `{name}` has no value");
            let diagnostic = mistake(message, "not a number");
            out.push(diagnostic.help(format!("give it after the operands: `; {name} = 2`")));
            return false;
        };
        if option.literal.is_some_and(|value| value == 0 || value > i32::MAX as usize) {
            let message = format!("the coefficient `{name}` is not between 1 and {}", i32::MAX);
            out.push(Diagnostic::new(
                Rule::Coefficient,
                message,
                Place::OptionName(option.position),
            ));
            return false;
        }
        option.literal.is_none()
    }
}

/// The named coefficients of all windows, in order.
fn scales(ast: &Ast) -> impl Iterator<Item = &ast::Name> {
    let axes = ast.inputs.iter().chain(&ast.output).flat_map(|term| &term.axes);
    let windows = axes.filter_map(|axis| match &axis.kind {
        AxisKind::Window(window) => Some(window),
        _ => None,
    });
    windows.flat_map(|window| &window.terms).filter_map(|term| term.scale.as_ref())
}

/// The first option of a name.
fn option<'a>(ast: &'a Ast, name: &str) -> Option<&'a ast::ExtentOption> {
    ast.extents.iter().find(|option| option.label == name)
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

/// The most windows and composed axes: they have the numbers of one byte from [`AXES`] on.
const WINDOWS: usize = 50;

/// Checks that the numbers of all things fit in the constants of emitted code.
fn check_limits(ast: &Ast, output: &ast::Term, out: &mut Diagnostics) {
    if let Some(term) = ast.inputs.get(OPERANDS) {
        let message = format!("an einsum has at most {OPERANDS} operands");
        let (range, label) = (term.range.clone(), "one operand too many");
        let diagnostic = Diagnostic::text(Rule::TooMany, message, &ast.text, range, label);
        out.push(diagnostic.help("split it in two"));
        return;
    }
    let mut labels: Vec<&str> = scales(ast).map(|name| name.name.as_str()).collect();
    let mut windows: Vec<&AxisKind> = Vec::new();
    for term in ast.inputs.iter().chain([output]) {
        if let Some(axis) = term.axes.get(AXES) {
            let message = format!("a term has at most {AXES} axes");
            let (range, label) = (axis.range.clone(), "one axis too many");
            out.push(Diagnostic::text(Rule::TooMany, message, &ast.text, range, label));
            return;
        }
        for axis in &term.axes {
            let is_window = matches!(axis.kind, AxisKind::Window(_) | AxisKind::Composed(_));
            if is_window && windows.len() == WINDOWS {
                let message = format!("an einsum has at most {WINDOWS} windows and composed axes");
                let (range, label) = (axis.range.clone(), "one too many");
                out.push(Diagnostic::text(Rule::TooMany, message, &ast.text, range, label));
                return;
            }
            windows.extend(is_window.then_some(&axis.kind));
            let written = axis.labels().collect::<Vec<_>>().into_iter();
            let others = (axis.kind == AxisKind::Ellipsis).then_some(("...", axis.range.clone()));
            for (name, range) in written.chain(others) {
                if labels.contains(&name) {
                    continue;
                }
                labels.push(name);
                if labels.len() > AXES {
                    let message = format!("an einsum has at most {AXES} labels");
                    let label = "one label too many";
                    out.push(Diagnostic::text(Rule::TooMany, message, &ast.text, range, label));
                    return;
                }
            }
        }
    }
}

/// Checks that every extent is for a label of the string.
fn check_options(ast: &Ast, output: &ast::Term, resolver: &Resolver<'_>, out: &mut Diagnostics) {
    let of_output = output.axes.iter().flat_map(ast::Axis::labels).map(|(label, _)| label);
    let mut labels: Vec<&str> = resolver.labels().collect();
    labels.extend(scales(ast).map(|name| name.name.as_str()));
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
