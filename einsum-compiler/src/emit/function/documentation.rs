//! The documentation of emitted functions.

use std::fmt::Write as _;

use super::Names;
use crate::ir::expr::{Expr, IndexId, Role, Term};
use crate::ir::function::{Function, Kind};
use crate::ir::signature::Signature;

/// Above this many operands a derivative along tangents is described instead of written out.
const WRITTEN_OUT: usize = 4;

/// Documents the module of the derivatives.
pub(super) fn of_module(signature: &Signature) -> String {
    let name = signature.word();
    let notation = notation(signature);
    format!(" The derivatives of [`{name}()`], the einsum `{notation}`.")
}

/// Documents one function.
pub(super) fn of_function(
    signature: &Signature,
    names: &Names,
    function: &Function,
    expr: &Expr,
) -> String {
    let of = Documented { signature, names, function, expr };
    // As of a `///` comment, every line begins with a space.
    of.text().lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}{line}", if line.is_empty() { "" } else { " " });
        text
    })
}

/// The terms as one index string.
fn notation(signature: &Signature) -> String {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let terms: Vec<String> = signature.operands().map(|(_, term, _)| words(&term.text)).collect();
    format!("{} -> {}", terms.join(", "), words(&signature.output.text)).trim().to_owned()
}

struct Documented<'a> {
    signature: &'a Signature,
    names: &'a Names,
    function: &'a Function,
    expr: &'a Expr,
}

/// A factor of a written product: its name and its term.
type Written = (String, Term);

impl Documented<'_> {
    fn text(&self) -> String {
        let name = self.signature.word();
        let value = match self.function.kind {
            Kind::Value => String::new(),
            // The function has the name of this module.
            _ => format!("[`{name}`](fn@super::{name})"),
        };
        let dy = &self.names.cotangent;
        let along = format!("along the tangents {}", self.listed(&self.names.tangents));
        let summary = match self.function.kind {
            Kind::Value => {
                let user =
                    self.signature.attributes.iter().any(|other| other.path().is_ident("doc"));
                let begin = if user { "\n" } else { "" };
                format!("{begin}Computes the einsum `{}`.", notation(self.signature))
            }
            Kind::Vjp => format!(
                "Returns the gradients of {value} with respect to {}, given the cotangent `{dy}` of its value.",
                self.listed(&self.names.operands)
            ),
            Kind::ValueAndVjp => format!(
                "Returns the value of {value} and its gradients with respect to {}, given the cotangent `{dy}` of the value.",
                self.listed(&self.names.operands)
            ),
            Kind::VjpInto => format!(
                "Adds the gradients of {value} with respect to {} to {}, given the cotangent `{dy}` of its value.",
                self.listed(&self.names.operands),
                self.listed(&self.names.gradients)
            ),
            Kind::Grad(number) => format!(
                "Returns the gradient of {value} with respect to `{}`, given the cotangent `{dy}` of its value.",
                self.names.operands[number]
            ),
            Kind::GradInto(number) => format!(
                "Adds the gradient of {value} with respect to `{}` to `{}`, given the cotangent `{dy}` of its value.",
                self.names.operands[number], self.names.gradients[number]
            ),
            Kind::Jvp => format!("Returns the derivative of {value} {along}."),
            Kind::ValueAndJvp => {
                format!("Returns the value of {value} and its derivative {along}.")
            }
            Kind::Hvp => format!(
                "Returns the derivatives of the gradients of {value} with respect to {} {along}: its Hessian, weighted by the cotangent `{dy}`, times these.",
                self.listed(&self.names.operands)
            ),
        };
        let mut text = format!("{summary}\n\n```text\n");
        for formula in self.formulas() {
            let _ = writeln!(text, "{formula}");
        }
        text.push_str("```\n");
        self.write_notes(&mut text);
        self.write_shapes(&mut text);
        self.write_panics(&mut text);
        text
    }

    fn write_notes(&self, text: &mut String) {
        let kind = self.function.kind;
        if kind == Kind::Value {
            let name = self.signature.word();
            let _ = writeln!(text, "\nIts derivatives are in [the module `{name}`](mod@{name}).");
        }
        let is_gradient = !matches!(kind, Kind::Value | Kind::Jvp | Kind::ValueAndJvp);
        if is_gradient && self.expr.product.factors.len() > 1 {
            let _ = writeln!(
                text,
                "\nOf complex elements the operands in these products are conjugated, as in torch."
            );
        }
        let is_diagonal = |term: &Term| term.has_diagonal();
        let makes_diagonal = match kind {
            Kind::Value | Kind::Jvp => is_diagonal(&self.expr.product.output),
            Kind::Grad(number) | Kind::GradInto(number) => is_diagonal(self.term(number)),
            _ => {
                is_diagonal(&self.expr.product.output)
                    || self.variables().iter().any(|&number| is_diagonal(self.term(number)))
            }
        };
        if makes_diagonal {
            let _ = writeln!(text, "\nOff the diagonal of a repeated label a result is zero.");
        }
        if is_gradient && self.expr.ellipsis().is_some() {
            let _ = writeln!(
                text,
                "\nA gradient is summed over the axes of `...` along which its operand was broadcast."
            );
        }
        if let Kind::Grad(number) = kind
            && self.takes(number)
        {
            let name = &self.names.operands[number];
            let _ = writeln!(text, "\nOf `{name}` only the shape is read.");
        }
    }

    fn write_shapes(&self, text: &mut String) {
        text.push_str("\n# Shapes\n\n");
        for array in self.expr.arrays.iter().filter(|array| array.is_taken) {
            let (name, role) = match array.role {
                Role::Operand(number) => (&self.names.operands[number], ""),
                Role::Cotangent => (&self.names.cotangent, ", as the value"),
                Role::Tangent(number) => (&self.names.tangents[number], ""),
                Role::Output(result) => match self.function.request.results[result] {
                    crate::ir::request::Wanted::Gradient(number) => {
                        (&self.names.gradients[number], "")
                    }
                    _ => continue,
                },
            };
            let axes = match array.term.axes.is_empty() {
                true => "a scalar".to_owned(),
                false => format!("`{}`", self.labels(&array.term)),
            };
            let _ = writeln!(text, "- `{name}`: {axes}{role}");
        }
        text.push_str("\nAll axes of one label have one extent.");
        for index in &self.expr.indices {
            match index.given {
                Some(given) => {
                    let _ = match given.literal {
                        Some(literal) => write!(text, " That of `{}` is {literal}.", index.label),
                        None => write!(text, " That of `{0}` is the parameter `{0}`.", index.label),
                    };
                }
                None => continue,
            }
        }
        text.push('\n');
    }

    fn write_panics(&self, text: &mut String) {
        text.push_str(
            "\n# Panics\n\nIf extents disagree, or a dynamic rank is not that of its term, with the text of a `ShapeError`.",
        );
        if !self.function.request.existing.is_empty() {
            text.push_str(" Nothing has been added then.");
        }
        text.push('\n');
    }

    /// One line a result.
    fn formulas(&self) -> Vec<String> {
        let value = || self.value_formula();
        match self.function.kind {
            Kind::Value => vec![value()],
            Kind::Vjp => self.gradients("="),
            Kind::VjpInto => self.gradients("+="),
            Kind::ValueAndVjp => [value()].into_iter().chain(self.gradients("=")).collect(),
            Kind::Grad(number) => vec![self.gradient(number, "=")],
            Kind::GradInto(number) => vec![self.gradient(number, "+=")],
            Kind::Jvp => vec![self.tangent()],
            Kind::ValueAndJvp => vec![value(), self.tangent()],
            Kind::Hvp => self.variables().into_iter().map(|number| self.hessian(number)).collect(),
        }
    }

    fn gradients(&self, sign: &str) -> Vec<String> {
        self.variables().into_iter().map(|number| self.gradient(number, sign)).collect()
    }

    fn value_formula(&self) -> String {
        let output = &self.expr.product.output;
        let factors: Vec<Written> =
            (0..self.names.operands.len()).map(|n| self.operand(n)).collect();
        format!("{} = {}", self.element("y", output), self.product(output, &factors))
    }

    fn gradient(&self, number: usize, sign: &str) -> String {
        let target = self.term(number);
        let factors = self.gradient_factors(number, None);
        let name = self.names.gradients[number].to_string();
        format!("{} {sign} {}", self.element(&name, target), self.product(target, &factors))
    }

    /// The cotangent and the other operands, of which one is replaced by its tangent.
    fn gradient_factors(&self, number: usize, moved: Option<usize>) -> Vec<Written> {
        let output = self.expr.product.output.clone();
        let cotangent = (self.names.cotangent.to_string(), output);
        let others = (0..self.names.operands.len()).filter(|&other| other != number);
        let others = others.map(|other| match moved == Some(other) {
            true => self.moved(other),
            false => self.operand(other),
        });
        [cotangent].into_iter().chain(others).collect()
    }

    /// The derivative of the value along the tangents.
    fn tangent(&self) -> String {
        let output = &self.expr.product.output;
        let variables = self.variables();
        let begin = self.element("ty", output);
        if variables.len() > WRITTEN_OUT {
            return format!(
                "{begin} = the sum of y with each operand in turn replaced by its tangent"
            );
        }
        let products = variables.iter().map(|&variable| {
            let factors: Vec<Written> = (0..self.names.operands.len())
                .map(
                    |number| {
                        if number == variable { self.moved(number) } else { self.operand(number) }
                    },
                )
                .collect();
            self.product(output, &factors)
        });
        format!("{begin} = {}", products.collect::<Vec<_>>().join(" + "))
    }

    /// The derivative of a gradient along the tangents.
    fn hessian(&self, number: usize) -> String {
        let target = self.term(number);
        let name = format!("h{}", syn::ext::IdentExt::unraw(&self.names.operands[number]));
        let begin = self.element(&name, target);
        let variables = self.variables();
        if variables.len() > WRITTEN_OUT {
            let gradient = &self.names.gradients[number];
            return format!(
                "{begin} = the sum of {gradient} with each operand in turn replaced by its tangent"
            );
        }
        let others = variables.iter().filter(|&&other| other != number);
        let products =
            others.map(|&other| self.product(target, &self.gradient_factors(number, Some(other))));
        format!("{begin} = {}", products.collect::<Vec<_>>().join(" + "))
    }

    /// `Σ_{k l} x[b i k] · w[j k l]`
    fn product(&self, target: &Term, factors: &[Written]) -> String {
        let kept = target.indices();
        let mut summed: Vec<IndexId> = Vec::new();
        for index in factors.iter().flat_map(|(_, term)| term.indices()) {
            if !kept.contains(&index) && !summed.contains(&index) {
                summed.push(index);
            }
        }
        let labels: Vec<&str> =
            summed.iter().map(|index| self.expr.indices[index.0].label.as_str()).collect();
        let sum = match labels.is_empty() {
            true => String::new(),
            false => format!("Σ_{{{}}} ", labels.join(" ")),
        };
        let factors: Vec<String> =
            factors.iter().map(|(name, term)| self.element(name, term)).collect();
        format!("{sum}{}", factors.join(" · "))
    }

    /// `x[b i k]`
    fn element(&self, name: &str, term: &Term) -> String {
        match term.axes.is_empty() {
            true => name.to_owned(),
            false => format!("{name}[{}]", self.labels(term)),
        }
    }

    fn labels(&self, term: &Term) -> String {
        std::fmt::from_fn(|f| self.expr.write_term(f, term)).to_string()
    }

    fn operand(&self, number: usize) -> Written {
        (self.names.operands[number].to_string(), self.term(number).clone())
    }

    fn moved(&self, number: usize) -> Written {
        (self.names.tangents[number].to_string(), self.term(number).clone())
    }

    fn term(&self, number: usize) -> &Term {
        &self.expr.arrays[self.expr.operand(number).0].term
    }

    fn takes(&self, number: usize) -> bool {
        self.expr.arrays[self.expr.operand(number).0].is_taken
    }

    fn variables(&self) -> Vec<usize> {
        self.signature.variables()
    }

    /// The names of those operands that have gradients, for a sentence.
    fn listed(&self, names: &[proc_macro2::Ident]) -> String {
        let words: Vec<String> =
            self.variables().iter().map(|&number| names[number].to_string()).collect();
        crate::diagnostic::list(words.iter().map(String::as_str))
    }
}
