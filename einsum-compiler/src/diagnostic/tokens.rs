//! Renders diagnostics as an expression that does not compile.

use proc_macro2::{Delimiter, Group, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::{Diagnostic, Diagnostics, Place};
use crate::ir::Call;

impl Diagnostics {
    /// Returns one `compile_error!` item a mistake, each with these attributes.
    pub(crate) fn into_items(self, attributes: &[&syn::Attribute]) -> TokenStream {
        let mut errors = TokenStream::new();
        for diagnostic in &self.0 {
            errors.extend(quote! { #(#attributes)* });
            errors.extend(emit_error(diagnostic, None, Delimiter::Brace));
        }
        errors
    }

    /// Returns an expression with one `compile_error!` a mistake.
    ///
    /// The expression has rustc's error type, so that nothing follows from it, and it names the
    /// operands, so that no `unused` warning follows either.
    pub(crate) fn into_tokens(self, call: Option<&Call>) -> TokenStream {
        let mut errors = TokenStream::new();
        let last = self.0.len().saturating_sub(1);
        for (position, diagnostic) in self.0.iter().enumerate() {
            // All but the last are statements.
            let is_last = position == last;
            let delimiter = if is_last { Delimiter::Brace } else { Delimiter::Parenthesis };
            errors.extend(emit_error(diagnostic, call, delimiter));
            errors.extend((!is_last).then(|| quote! { ; }));
        }
        let arguments = call
            .into_iter()
            .flat_map(|call| call.operands.iter().chain(&call.target))
            .map(|argument| &argument.expr)
            .filter(|expr| is_named(expr));
        quote! { match (#(&(#arguments),)*) { _ => { #errors } } }
    }
}

fn emit_error(diagnostic: &Diagnostic, call: Option<&Call>, delimiter: Delimiter) -> TokenStream {
    let (first, end) = spans(diagnostic, call);
    let text = diagnostic.to_string();
    let message = if text.contains('\n') { text + "\n" } else { text };
    let mut message = Group::new(delimiter, Literal::string(&message).into_token_stream());
    message.set_span(end);
    quote_spanned! { first => ::core::compile_error! #message }
}

/// Whether naming an expression can hardly be a mistake of its own, as `&a &b`, with its comma
/// forgotten, would be.
fn is_named(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Reference(reference) => is_named(&reference.expr),
        syn::Expr::Path(_)
        | syn::Expr::Field(_)
        | syn::Expr::Index(_)
        | syn::Expr::Call(_)
        | syn::Expr::MethodCall(_) => true,
        _ => false,
    }
}

/// The spans of the first and the last token of a place.
fn spans(diagnostic: &Diagnostic, call: Option<&Call>) -> (Span, Span) {
    let one = match (&diagnostic.place, call) {
        (Place::Tokens(first, last), _) => return (*first, *last),
        (Place::Term { range, literal, .. }, _) => inside(literal, range.clone()),
        (_, None) => Span::call_site(),
        (Place::Call, Some(call)) => call.literal.span(),
        (Place::Text { range, .. }, Some(call)) => inside(&call.literal, range.clone()),
        (Place::Operand(number), Some(call)) => match call.operands.get(*number) {
            Some(argument) => return argument.spans(),
            None => Span::call_site(),
        },
        (Place::OptionName(position), Some(call)) => {
            call.options.get(*position).map_or_else(Span::call_site, |option| option.span)
        }
    };
    (one, one)
}

/// The span of a byte range of a literal's value, for compilers that can point into it; otherwise of the literal.
fn inside(literal: &Literal, range: std::ops::Range<usize>) -> Span {
    let inside = in_source(literal, range).and_then(|range| literal.subspan(range));
    inside.unwrap_or_else(|| literal.span())
}

/// Maps a byte range of a literal's value to bytes of its source.
///
/// Only literals without escapes are mapped: for the others the whole literal is pointed at.
fn in_source(literal: &Literal, range: std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let source = literal.to_string();
    let start = source.find('"')? + 1;
    let raw = source.starts_with('r');
    if range.is_empty() || (!raw && source.contains('\\')) {
        return None;
    }
    Some(start + range.start..start + range.end)
}
