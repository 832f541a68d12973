//! The options of a call: which are extents, and what is known of them.

use syn::{Expr, Lit};

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Rule};
use crate::ir::ast::ExtentOption;
use crate::ir::call::spans;
use crate::ir::{Call, Form};

/// Returns the options that give extents: all, but the scales of `einsum_into!`.
pub(super) fn extents(call: &Call) -> Result<Vec<ExtentOption>, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let mut extents = Vec::new();
    for (position, option) in call.options.iter().enumerate() {
        if call.form == Form::Into && is_scale(&option.name) {
            continue;
        }
        match literal(&option.value) {
            Ok(literal) => {
                extents.push(ExtentOption { label: option.name.clone(), literal, position });
            }
            // `alpha = 2.0` where nothing is scaled is that mistake, not this.
            Err(NotInteger) if is_scale(&option.name) => {
                extents.push(ExtentOption { label: option.name.clone(), literal: None, position });
            }
            Err(NotInteger) => {
                let (first, last) = spans(&option.value);
                let message =
                    format!("the extent of `{}` is not a non-negative integer", option.name);
                let place = Place::Tokens(first, last);
                diagnostics.push(
                    Diagnostic::new(Rule::ExtentNotInteger, message, place)
                        .help("an extent is a `usize`: how many positions the axis has"),
                );
            }
        }
    }
    diagnostics.finish(extents)
}

/// Whether an option of `einsum_into!` scales instead of giving an extent.
pub(crate) fn is_scale(name: &str) -> bool {
    matches!(name, "alpha" | "beta")
}

pub(super) struct NotInteger;

/// The value of an integer literal; `None` for an expression whose value only run time knows.
pub(super) fn literal(value: &Expr) -> Result<Option<usize>, NotInteger> {
    match value {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) if matches!(int.suffix(), "" | "usize") => {
                int.base10_parse().map(Some).map_err(|_| NotInteger)
            }
            _ => Err(NotInteger),
        },
        Expr::Unary(unary)
            if matches!((&unary.op, &*unary.expr), (syn::UnOp::Neg(_), Expr::Lit(_))) =>
        {
            Err(NotInteger)
        }
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => Ok(None),
    }
}
