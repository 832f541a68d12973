//! What is wanted of an einsum: its value, its derivatives, and where they go.
//!
//! Every front end says this and nothing more; which arrays a call then takes is in [`Expr::arrays`](super::Expr::arrays).

use super::Form;

/// The results of a call, in order, and what its arguments besides the operands are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The results.
    pub results: Vec<Wanted>,
    /// The operands that have a tangent, in order of the tangents.
    pub tangents: Vec<usize>,
    /// The results that go to existing arrays: positions in `results`, in order of the arrays.
    pub existing: Vec<usize>,
    /// Whether the call takes only the operands that it needs, for elements, extents, or the axes of an ellipsis; otherwise
    /// all of them.
    pub lean: bool,
}

/// One result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The einsum itself.
    Value,
    /// The gradient of the operand of this number: the VJP with the cotangent.
    Gradient(usize),
    /// The JVP: the derivative of the value along the tangents.
    Tangent,
    /// The derivative along the tangents of the gradient of this operand: a Hessian-vector product.
    GradientTangent(usize),
}

impl Wanted {
    /// Whether it needs the cotangent of the value.
    #[must_use]
    pub fn needs_cotangent(self) -> bool {
        matches!(self, Wanted::Gradient(_) | Wanted::GradientTangent(_))
    }

    /// Whether it is a derivative along the tangents.
    #[must_use]
    pub fn is_along_tangents(self) -> bool {
        matches!(self, Wanted::Tangent | Wanted::GradientTangent(_))
    }
}

impl Request {
    /// The value, in a new array.
    #[must_use]
    pub fn value() -> Self {
        Request { results: vec![Wanted::Value], ..Request::default() }
    }

    /// The gradients of these operands.
    #[must_use]
    pub fn vjp(operands: &[usize]) -> Self {
        let results = operands.iter().copied().map(Wanted::Gradient).collect();
        Request { results, ..Request::default() }
    }

    /// The value and the gradients of these operands.
    #[must_use]
    pub fn value_and_vjp(operands: &[usize]) -> Self {
        let mut request = Request::vjp(operands);
        request.results.insert(0, Wanted::Value);
        request
    }

    /// The derivative of the value along tangents of these operands.
    #[must_use]
    pub fn jvp(operands: &[usize]) -> Self {
        let results = vec![Wanted::Tangent];
        Request { results, tangents: operands.to_vec(), ..Request::default() }
    }

    /// The value and its derivative along tangents of these operands.
    #[must_use]
    pub fn value_and_jvp(operands: &[usize]) -> Self {
        let mut request = Request::jvp(operands);
        request.results.insert(0, Wanted::Value);
        request
    }

    /// The derivatives of the gradients of these operands along tangents of the same.
    #[must_use]
    pub fn hvp(operands: &[usize]) -> Self {
        let results = operands.iter().copied().map(Wanted::GradientTangent).collect();
        Request { results, tangents: operands.to_vec(), ..Request::default() }
    }

    /// The same results, all of them in existing arrays.
    #[must_use]
    pub fn into_existing(self) -> Self {
        Request { existing: (0..self.results.len()).collect(), ..self }
    }

    /// The same results, of no more operands than they need.
    #[must_use]
    pub fn lean(self) -> Self {
        Request { lean: true, ..self }
    }

    /// What a macro of one expression asks for.
    #[must_use]
    pub fn of_form(form: Form, operands: usize) -> Self {
        match form {
            Form::Einsum | Form::Try | Form::View | Form::Fn => Request::value(),
            Form::Into => Request::value().into_existing(),
            Form::Grad => Request::vjp(&(0..operands).collect::<Vec<_>>()),
        }
    }

    /// Whether the call has a cotangent.
    #[must_use]
    pub fn has_cotangent(&self) -> bool {
        self.results.iter().any(|wanted| wanted.needs_cotangent())
    }

    /// Asserts that every number is one of something.
    pub fn verify(&self, operands: usize) {
        debug_assert!(!self.results.is_empty());
        for wanted in &self.results {
            if let Wanted::Gradient(operand) | Wanted::GradientTangent(operand) = *wanted {
                debug_assert!(operand < operands);
            }
            debug_assert!(!wanted.is_along_tangents() || !self.tangents.is_empty());
        }
        debug_assert!(self.tangents.iter().all(|&operand| operand < operands));
        debug_assert!(self.existing.iter().all(|&result| result < self.results.len()));
    }
}
