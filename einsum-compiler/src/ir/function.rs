//! What is emitted of a signature: the function itself, and those of its module.

use super::Request;

/// One function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name; that of the signature for the value.
    pub name: String,
    /// What it computes.
    pub kind: Kind,
    /// What it asks of the compiler.
    pub request: Request,
}

/// What a function computes, and how its results come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The einsum itself.
    Value,
    /// The gradients of all operands that have one, as a tuple.
    Vjp,
    /// The value and the gradients.
    ValueAndVjp,
    /// The gradients, added to existing arrays.
    VjpInto,
    /// The gradient of one operand.
    Grad(usize),
    /// The gradient of one operand, added to an existing array.
    GradInto(usize),
    /// The derivative of the value along tangents.
    Jvp,
    /// The value and its derivative along tangents.
    ValueAndJvp,
    /// The derivatives of the gradients along tangents, as a tuple.
    Hvp,
}
