//! Checks of extents: what types know while compiling, the rest at run time before any kernel.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{array, extent, option};
use crate::ir::expr::{ArrayId, Axis, Expr, Index, IndexId, Product, Role, Site};
use crate::ir::program::Body;
use crate::ir::{Call, Form, Program};

/// Up to this many axes of a label are all compared with each other at compile time.
const PAIRWISE: usize = 6;

/// Emits the comparisons of extents that the types of arrays hold: those of nested arrays and of
/// literal options.
///
/// The blocks that declare labels as types hold none of the user's tokens, which they could capture.
pub(super) fn emit_static(call: &Call, expr: &Expr) -> TokenStream {
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
    code
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
    let argument = match expr.arrays[site.array.0].role {
        Role::Operand(number) => call.operands.get(number),
        Role::Cotangent | Role::Output => call.target.as_ref(),
    };
    let span = argument.map_or_else(Span::mixed_site, |argument| argument.spans().0);
    Span::mixed_site().located_at(span)
}

/// The variable of a bound array, shown at `span`.
fn array_at(id: ArrayId, span: Span) -> Ident {
    let mut name = array(id);
    name.set_span(span);
    name
}

/// Emits one variable for the extent of each named index.
pub(super) fn emit_extents(expr: &Expr) -> TokenStream {
    let named = expr.indices.iter().enumerate().filter(|(_, index)| !index.is_ellipsis);
    let extents = named.map(|(number, index)| {
        let name = extent(IndexId(number));
        let value = emit_extent(index);
        quote! { let #name = #value; }
    });
    extents.collect()
}

/// The extent of an index: as given, or of its first axis.
fn emit_extent(index: &Index) -> TokenStream {
    match (index.given, index.sites.first()) {
        (Some(given), _) => match given.literal {
            Some(literal) => quote! { #literal },
            None => {
                let option = option(given.position);
                quote! { #option }
            }
        },
        (None, Some(site)) => {
            let (array, axis) = (array(site.array), site.axis);
            quote! { #array.extent(#axis) }
        }
        (None, None) => unreachable!("`resolve` demands an extent for every index"),
    }
}

/// Emits an expression of type `Result<(), ShapeError>`: ranks, then extents, then sizes.
pub(super) fn emit_dynamic(call: &Call, program: &Program) -> TokenStream {
    let expr = &program.expr;
    let mut checks: Vec<TokenStream> = Vec::new();
    for number in 0..expr.arrays.len() {
        let name = array(ArrayId(number));
        checks.push(quote! { #name.rank() });
    }
    for index in expr.indices.iter().filter(|index| !index.is_ellipsis) {
        checks.extend(emit_same(index));
    }
    for (number, described) in expr.arrays.iter().enumerate() {
        for (axis, kind) in expr.named_axes(&described.term).enumerate() {
            if kind == Axis::Unit {
                let name = array(ArrayId(number));
                checks.push(quote! { __einloom::unit(#name.axis(#axis)) });
            }
        }
    }
    checks.extend(emit_ellipsis(expr));
    let mut check = checks.remove(0);
    for next in checks {
        check = quote! { #check.and(#next) };
    }
    if call.form != Form::View {
        check.extend(emit_fits(program));
    }
    check
}

/// Compares every axis of an index with its first one, and that with the option.
fn emit_same(index: &Index) -> Vec<TokenStream> {
    let label = &index.label;
    let axis = |site: &Site| {
        let (array, axis) = (array(site.array), site.axis);
        quote! { #array.axis(#axis) }
    };
    let Some((first, others)) = index.sites.split_first() else {
        return Vec::new();
    };
    let given = index.given.map(|_| {
        let extent = emit_extent(index);
        quote! { __einloom::given(#extent) }
    });
    let first = axis(first);
    let others = others.iter().map(axis).chain(given);
    others.map(|other| quote! { __einloom::same(#label, #first, #other) }).collect()
}

/// The arrays of the call that have an ellipsis: the operands, and the target apart.
fn with_ellipsis(expr: &Expr) -> (Vec<ArrayId>, Option<ArrayId>) {
    let has = |number: &usize| expr.ellipsis_position(&expr.arrays[*number].term).is_some();
    let (operands, target) = (0..expr.arrays.len())
        .filter(has)
        .partition::<Vec<_>, _>(|&number| matches!(expr.arrays[number].role, Role::Operand(_)));
    (operands.into_iter().map(ArrayId).collect(), target.first().copied().map(ArrayId))
}

/// Checks that the axes of all ellipses broadcast, and that the target has the broadcast extents.
fn emit_ellipsis(expr: &Expr) -> Vec<TokenStream> {
    let (operands, target) = with_ellipsis(expr);
    let mut checks = Vec::new();
    for (position, second) in operands.iter().enumerate() {
        for first in &operands[..position] {
            let (a, b) = (array(*first), array(*second));
            checks.push(quote! { __einloom::broadcasts(#a.ellipsis(), #b.ellipsis()) });
        }
    }
    if let Some(target) = target {
        let (target, operands) = (array(target), operands.iter().copied().map(array));
        checks.push(quote! {
            __einloom::is_broadcast_of(#target.ellipsis(), &[#(#operands.ellipsis()),*])
        });
    }
    checks
}

/// Checks that every new array of rank one or more can be allocated; of alternatives, those of the
/// one that is chosen.
fn emit_fits(program: &Program) -> TokenStream {
    let mut checks = TokenStream::new();
    for (number, alternatives) in program.bodies.iter().enumerate() {
        let product = &program.expr.products[number];
        let fits = |body: &Body| emit_fits_of(&program.expr, product, body);
        match &alternatives[..] {
            [] => {}
            [only] => checks.extend(fits(only)),
            [others @ .., last] => {
                let (choice, numbers) = (super::choice(number), 0..others.len());
                let (others, last) = (others.iter().map(fits), fits(last));
                let nothing = quote! { ::core::result::Result::Ok(()) };
                checks.extend(quote! {
                    .and_then(|()| match #choice {
                        #(#numbers => #nothing #others,)*
                        _ => #nothing #last,
                    })
                });
            }
        }
    }
    checks
}

/// The checks of one alternative: `.and(…)` for each of its new arrays.
fn emit_fits_of(expr: &Expr, product: &Product, body: &Body) -> TokenStream {
    let first = array(ArrayId(0));
    let existing = expr.arrays.iter().any(|array| array.role == Role::Output);
    let checks = body.iter().enumerate().map(|(number, nest)| {
        if nest.writes_output && existing {
            return TokenStream::new();
        }
        let extents = super::nests::emit_target_extents(nest);
        match nest.target.ellipsis {
            None if nest.target.axes.is_empty() => TokenStream::new(),
            None => quote! { .and(#first.fits(&[#(#extents),*])) },
            Some(before) => {
                let ellipsis = super::nests::emit_ellipsis_extents(expr, product, body, number);
                quote! {
                    .and_then(|()| {
                        #first.fits_with_ellipsis(&[#(#extents),*], #before, &#ellipsis)
                    })
                }
            }
        }
    });
    checks.collect()
}
