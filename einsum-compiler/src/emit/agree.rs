//! Checks of the extents that types know, while the user's crate compiles.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::array;
use crate::ir::Call;
use crate::ir::expr::{ArrayId, Expr, Site};

/// Up to this many axes of a label are all compared with each other at compile time.
const PAIRWISE: usize = 6;

/// Emits the comparisons of extents that the types of arrays hold: those of nested arrays and of
/// literal options.
///
/// They stand in a closure that nobody calls: its types are checked, and no code is made of it. The blocks that declare
/// labels as types hold none of the user's tokens, which they could capture.
pub(super) fn emit_agreements(call: &Call, expr: &Expr) -> TokenStream {
    let mut code = TokenStream::new();
    for index in expr.indices.iter().filter(|index| !index.is_ellipsis) {
        // Behind an ellipsis the number of an axis is not known.
        let has_static_rank =
            |site: &&Site| expr.ellipsis_position(&expr.arrays[site.array.0].term).is_none();
        let sites: Vec<&Site> = index.sites.iter().filter(has_static_rank).collect();
        let mut code_of_label = TokenStream::new();
        let marker = Marker::new(&index.label);
        for (position, second) in sites.iter().enumerate() {
            let (span, j) = (argument_span(call, expr, second), second.axis);
            let b = array_at(second.array, span);
            let earlier = if sites.len() <= PAIRWISE { 0 } else { position.saturating_sub(1) };
            for first in &sites[earlier..position] {
                let (a, i) = (array_at(first.array, span), first.axis);
                let (agree, label) = (Ident::new(marker.agree, span), &marker.name);
                code_of_label.extend(quote_spanned! { span =>
                    __einloom::#agree::<#label, #i, #j, _, _>(&#a, &#b);
                });
            }
            if let Some(n) = index.given.and_then(|given| given.literal) {
                let (agree, label) = (Ident::new(marker.agree_given, span), &marker.name);
                let mut n = Literal::usize_suffixed(n);
                n.set_span(span);
                code_of_label.extend(quote_spanned! { span =>
                    __einloom::#agree::<#label, #n, #j, _>(&#b);
                });
            }
        }
        if !code_of_label.is_empty() {
            let declaration = marker.declaration;
            code.extend(quote! { { #declaration #code_of_label } });
        }
    }
    if code.is_empty() {
        return code;
    }
    quote! { let _ = || { #code }; }
}

/// The label as the compiler's message will name it: a letter is a constant, a name a type.
struct Marker {
    name: TokenStream,
    declaration: TokenStream,
    agree: &'static str,
    agree_given: &'static str,
}

impl Marker {
    fn new(label: &str) -> Self {
        let mut letters = label.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            return Marker {
                name: quote! { #letter },
                declaration: TokenStream::new(),
                agree: "agree_letter",
                agree_given: "agree_letter_given",
            };
        }
        let span = Span::mixed_site();
        let name = match label {
            "self" | "Self" | "super" | "crate" | "__einloom" => {
                Ident::new(&format!("{label}_"), span)
            }
            _ if syn::parse_str::<Ident>(label).is_ok() => Ident::new(label, span),
            _ => Ident::new_raw(label, span),
        };
        Marker {
            declaration: quote! { #[allow(non_camel_case_types)] enum #name {} },
            name: quote! { #name },
            agree: "agree_name",
            agree_given: "agree_name_given",
        }
    }
}

/// Where the argument begins that a static extent belongs to, with the hygiene of our variables.
fn argument_span(call: &Call, expr: &Expr, site: &Site) -> Span {
    let argument = call.argument(expr.arrays[site.array.0].role);
    let span = argument.map_or_else(Span::mixed_site, |argument| argument.spans().0);
    Span::mixed_site().located_at(span)
}

/// The variable of a bound array, shown at `span`.
fn array_at(id: ArrayId, span: Span) -> Ident {
    let mut name = array(id);
    name.set_span(span);
    name
}
