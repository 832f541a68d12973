//! Binds the arguments of a call: each expression is evaluated once, in the order it is written.
//!
//! The tokens around an argument have its spans, so that rustc's errors about ranks and element
//! types point at it. A span that covers an expression of several tokens comes from the first and
//! the last token; both must be raw, since spans of different hygiene do not join.

use proc_macro2::{Delimiter, Group, Literal, Punct, Spacing, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

use super::{array, option};
use crate::ir::call::{Argument, spans};
use crate::ir::expr::{Array, ArrayId, Role};
use crate::ir::{self, Call, Form};
use crate::parse::is_scale;

/// Emits `body` inside of the bindings of all arguments.
pub(super) fn emit_bindings(call: &Call, expr: &ir::Expr, body: TokenStream) -> TokenStream {
    let mut code = quote! { { #body } };
    for (position, named) in call.options.iter().enumerate().rev() {
        // A literal extent stands where it is used.
        let literal = expr.indices.iter().any(|index| {
            index.given.is_some_and(|given| given.position == position && given.literal.is_some())
        });
        if literal && !(call.form == Form::Into && is_scale(&named.name)) {
            continue;
        }
        let (name, value) = (option(position), &named.value);
        let first = array(ArrayId(0));
        // Functions that fix the type, so that another type is an error at the value.
        let value = match call.form == Form::Into && is_scale(&named.name) {
            true => quote_spanned! { spans(value).0 => #first.scale(#value) },
            false => {
                quote_spanned! { spans(value).0 => ::core::convert::identity::<::core::primitive::usize>(#value) }
            }
        };
        code = quote! { match #value { #name => #code } };
    }
    for (number, described) in expr.arrays.iter().enumerate().rev() {
        let name = array(ArrayId(number));
        let binding = emit_binding(call, expr, described, number);
        let mutable = (matches!(described.role, Role::Output(_))).then(|| quote! { mut });
        code = quote! { match #binding { #mutable #name => #code } };
    }
    code
}

/// Emits the scales of `einsum_into!` as two arguments, or nothing if it has none.
pub(super) fn emit_scales(call: &Call) -> TokenStream {
    let scale = |name: &str| call.options.iter().position(|option| option.name == name);
    let (alpha, beta) = (scale("alpha"), scale("beta"));
    if call.form != Form::Into || (alpha.is_none() && beta.is_none()) {
        return TokenStream::new();
    }
    let given = |scale: Option<usize>| match scale.map(option) {
        Some(scale) => quote! { ::core::option::Option::Some(#scale) },
        None => quote! { ::core::option::Option::None },
    };
    let (alpha, beta) = (given(alpha), given(beta));
    quote! { #alpha, #beta }
}

fn emit_binding(call: &Call, expr: &ir::Expr, described: &Array, number: usize) -> TokenStream {
    let rank = expr.named_rank(&described.term);
    let before = expr.ellipsis_position(&described.term);
    let argument = call.argument(described.role).expect("`parse` demands the target");
    let like = (number > 0).then(|| {
        let first = array(ArrayId(0));
        quote! { , &#first }
    });
    let before = before.map(|before| quote! { , #before });
    let is_scalar_literal = rank == 0 && before.is_none() && is_literal(&argument.expr);
    let (function, inferred) = match (described.role, call.form, before.is_some(), number > 0) {
        (Role::Output(_), _, false, _) => ("output", 3),
        (Role::Output(_), _, true, _) => ("ellipsis_output", 3),
        (_, Form::View, false, _) => ("view_operand", 3),
        (_, Form::View, true, _) => ("ellipsis_view_operand", 3),
        (_, _, false, false) if is_scalar_literal => ("scalar", 0),
        (_, _, false, true) if is_scalar_literal => ("scalar_like", 0),
        (_, _, false, false) => ("operand", 1),
        (_, _, true, false) => ("ellipsis_operand", 1),
        (_, _, false, true) => ("operand_like", 3),
        (_, _, true, true) => ("ellipsis_operand_like", 3),
    };
    let place = match (described.role, call.form) {
        (Role::Output(_), _) => emit_output_place(argument),
        (_, Form::View) => {
            let value = receiver(&argument.expr);
            quote_spanned! { argument.spans().0 => #value.__einsum_view() }
        }
        _ => emit_reference(argument),
    };
    let (first, last) = argument.spans();
    let function = syn::Ident::new(function, first);
    let mut arguments = Group::new(Delimiter::Parenthesis, quote! { #place #like #before });
    arguments.set_span(last);
    if is_scalar_literal {
        return quote_spanned! { first => __einloom::#function #arguments };
    }
    let mut rank = Literal::usize_suffixed(rank);
    rank.set_span(first);
    let inferred = (0..inferred).map(|_| quote_spanned! { first => _ });
    let mut close = Punct::new('>', Spacing::Alone);
    close.set_span(last);
    quote_spanned! { first => __einloom::#function::<#rank, #(#inferred,)* #close #arguments }
}

/// `&x`, spanned as `x`.
fn emit_reference(argument: &Argument) -> TokenStream {
    // Parentheses would be tokens of other hygiene between those of the argument.
    let value = match &argument.expr {
        prefixed @ (Expr::Reference(_) | Expr::Unary(_)) => prefixed.to_token_stream(),
        other => receiver(other),
    };
    let mut ampersand = Punct::new('&', Spacing::Alone);
    ampersand.set_span(argument.spans().0);
    quote! { #ampersand #value }
}

/// The output as `&mut`: as written if it is, otherwise through a method, whose autoref is right
/// for arrays, mutable views, and `&mut` variables alike.
fn emit_output_place(argument: &Argument) -> TokenStream {
    if let Expr::Reference(reference) = &argument.expr
        && reference.mutability.is_some()
    {
        return argument.expr.to_token_stream();
    }
    let value = receiver(&argument.expr);
    quote_spanned! { argument.spans().0 => #value.__einsum_place() }
}

/// The expression, in parentheses where an operator before or behind would take it apart.
fn receiver(expr: &Expr) -> TokenStream {
    match expr {
        Expr::Path(_)
        | Expr::Call(_)
        | Expr::MethodCall(_)
        | Expr::Index(_)
        | Expr::Field(_)
        | Expr::Lit(_)
        | Expr::Array(_)
        | Expr::Paren(_)
        | Expr::Group(_)
        | Expr::Macro(_)
        | Expr::Try(_)
        | Expr::Await(_) => expr.to_token_stream(),
        _ => quote! { (#expr) },
    }
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) => true,
        Expr::Unary(unary) => {
            matches!(unary.op, syn::UnOp::Neg(_)) && matches!(*unary.expr, Expr::Lit(_))
        }
        Expr::Group(group) => is_literal(&group.expr),
        Expr::Paren(paren) => is_literal(&paren.expr),
        _ => false,
    }
}
