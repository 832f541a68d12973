//! The gradients of an einsum are einsums: exchange an operand's term with the output's.
//!
//! For `C[out] = Σ Π A_j[term_j]` and a cotangent `dC` of `C`, with the convention that torch uses
//! for complex elements (`dA` is the conjugate of the derivative of `C` paired with `dC`):
//!
//! ```text
//! dA_k[term_k] = Σ dC[out] · Π_{j≠k} conj(A_j[term_j])
//! ```
//!
//! A label that stood only in `A_k` becomes an output-only index, a diagonal of `A_k` a repeated
//! output label, and a repeated output label a diagonal of `dC`; an axis of the ellipsis that was
//! broadcast is summed, since the gradient has the operand's own extents there.

use crate::ir::expr::{ArrayId, Expr, Factor, Product, Role};

/// Replaces the product of an expression by the gradients with respect to its operands, in order.
pub(crate) fn differentiate(expr: Expr) -> Expr {
    let cotangent = expr.arrays.iter().position(|array| array.role == Role::Cotangent);
    let cotangent = ArrayId(cotangent.expect("`resolve` adds the cotangent"));
    let operands = &expr.products[0].factors;
    let gradient = |wanted: &Factor| {
        let others = operands.iter().filter(|factor| factor.array != wanted.array);
        let others = others.map(|factor| Factor { conj: !factor.conj, ..*factor });
        Product {
            factors: std::iter::once(Factor { array: cotangent, conj: false })
                .chain(others)
                .collect(),
            output: expr.arrays[wanted.array.0].term.clone(),
            ellipsis_like: Some(wanted.array),
        }
    };
    let products = operands.iter().map(gradient).collect();
    Expr { products, ..expr }
}
