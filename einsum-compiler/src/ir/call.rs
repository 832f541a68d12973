//! A macro call as written: its tokens, split into arguments but not understood.

use proc_macro2::{Literal, Span, TokenStream, TokenTree};
use quote::ToTokens;

use super::Form;
use super::expr::Role;

/// The arguments of one macro call.
///
/// `einsum_into!("ij,jk->ik", &a, &b => &mut c; alpha = 2.0)` has the operands `&a` and `&b`, the
/// target `&mut c`, and one option.
pub struct Call {
    /// Which macro was called.
    pub form: Form,
    /// The path of the facade crate, `$crate` of its `macro_rules` wrapper.
    pub facade: TokenStream,
    /// The index string's literal.
    pub literal: Literal,
    /// The value of the literal.
    pub text: String,
    /// The operands.
    pub operands: Vec<Argument>,
    /// The cotangent of `einsum_grad!` or the output of `einsum_into!`.
    pub target: Option<Argument>,
    /// What stands after the last `;`.
    pub options: Vec<NamedOption>,
}

/// One operand, cotangent, or output expression.
pub struct Argument {
    /// The expression.
    pub expr: syn::Expr,
    /// The expression as the user reads it, for run-time messages.
    pub source: String,
}

impl Call {
    /// The argument that an array of this role is bound to.
    #[must_use]
    pub fn argument(&self, role: Role) -> Option<&Argument> {
        match role {
            Role::Operand(number) => self.operands.get(number),
            Role::Cotangent | Role::Output(_) => self.target.as_ref(),
            Role::Tangent(_) => None,
        }
    }
}

impl Argument {
    /// The spans of the first and the last token.
    ///
    /// Stable Rust cannot join spans; tokens that begin with the first and end with the last make
    /// rustc do it.
    #[must_use]
    pub fn spans(&self) -> (Span, Span) {
        spans(&self.expr)
    }
}

/// The spans of an expression's first and last token.
pub(crate) fn spans(expr: &syn::Expr) -> (Span, Span) {
    let tokens: Vec<TokenTree> = expr.to_token_stream().into_iter().collect();
    let first = tokens.first().map_or_else(Span::mixed_site, TokenTree::span);
    (first, tokens.last().map_or(first, TokenTree::span))
}

/// `name = value` after the `;`.
pub struct NamedOption {
    /// The name, a label or `alpha` or `beta`, without `r#`.
    pub name: String,
    /// Where the name is.
    pub span: Span,
    /// The value.
    pub value: syn::Expr,
}
