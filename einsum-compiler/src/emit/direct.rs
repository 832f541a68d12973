//! The loops of a call with few points, which run where it stands: handing it over would take longer than they do.
//!
//! They follow the product as it is written, not its plan: with few points, intermediates cost more than they save. A
//! debug build leaves them out, since there the loops themselves are the slow part.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::{array, extent};
use crate::ir::expr::{ArrayId, Axis, Expr, IndexId, Product, Term};
use crate::ir::{Form, Program};

/// The most loops, factors, and axes of an array of a call that gets its own loops: what rustc spends on more outweighs what
/// they save.
const LOOPS: usize = 3;
const FACTORS: usize = 3;
const AXES: usize = 4;

/// Emits a block that breaks out of `'__done` with the result if there are few points, and does nothing otherwise.
pub(super) fn emit_direct(form: Form, program: &Program, scales: &TokenStream) -> TokenStream {
    let expr = &program.expr;
    if !is_direct(form, expr) {
        return TokenStream::new();
    }
    let product = &expr.product;
    let names: Vec<_> = (0..expr.indices.len()).map(|number| extent(IndexId(number))).collect();
    let extents = expr.indices.iter().map(super::emit_extent);
    let few = format_ident!("few{}", names.len());
    let fits = expr.arrays.iter().enumerate().map(|(number, described)| {
        let (name, extents) = (array(ArrayId(number)), emit_axes(&described.term, extent, 1));
        quote! { #name.is(#(#extents),*) }
    });
    let (loops, result) = emit_loops(form, expr, product, scales);
    quote! {
        #[cfg(not(debug_assertions))]
        {
            #(let #names = #extents;)*
            if __einloom::#few(#(#names),*) #(&& #fits)* {
                #loops
                break '__done #result;
            }
        }
    }
}

fn is_direct(form: Form, expr: &Expr) -> bool {
    let product = &expr.product;
    matches!(form, Form::Einsum | Form::Try | Form::Into)
        && (1..=LOOPS).contains(&expr.indices.len())
        && product.factors.len() <= FACTORS
        && product.factors.iter().all(|factor| !factor.conj)
        && product.output.axes.len() <= AXES
        && expr.arrays.iter().all(|array| array.term.axes.len() <= AXES)
        && !product.output.has_diagonal()
        && expr.indices.iter().all(|index| !index.is_ellipsis)
}

/// Emits the loops, and the expression of what they made.
fn emit_loops(
    form: Form,
    expr: &Expr,
    product: &Product,
    scales: &TokenStream,
) -> (TokenStream, TokenStream) {
    let kept = product.output.indices();
    let summed: Vec<IndexId> =
        (0..expr.indices.len()).map(IndexId).filter(|index| !kept.contains(index)).collect();
    let factors = product.factors.iter().map(|factor| {
        let (name, term) = (array(factor.array), &expr.arrays[factor.array.0].term);
        let at = emit_axes(term, counter, 0);
        quote! { #name.at(#(#at),*) }
    });
    let value = factors
        .reduce(|product, factor| quote! { __einloom::Element::mul(#product, #factor) })
        .expect("a product has a factor");
    let sum = format_ident!("__s", span = Span::mixed_site());
    let sums = match summed.is_empty() {
        true => quote! { let #sum = #value; },
        false => {
            let zero = array(ArrayId(0));
            let added = quote! { #sum = __einloom::Element::add(#sum, #value); };
            let added = emit_nested(&summed, added);
            quote! { let mut #sum = #zero.zero(); #added }
        }
    };
    let row = format_ident!("__y", span = Span::mixed_site());
    let (begin, store, result) = match form {
        Form::Into => {
            let output = array(ArrayId(expr.arrays.len() - 1));
            let at = emit_axes(&product.output, counter, 0);
            let store = match scales.is_empty() {
                true => quote! { #output.put(#(#at,)* #sum); },
                false => quote! { #output.scale(#(#at,)* #sum, #scales); },
            };
            (TokenStream::new(), store, quote! { () })
        }
        _ if product.output.axes.is_empty() => {
            // The only point: the sum is the result.
            let result = super::succeed(form, quote! { #sum });
            return (sums, result);
        }
        _ => {
            let first = array(ArrayId(0));
            let extents: Vec<_> = emit_axes(&product.output, extent, 1).collect();
            let dimension = super::results::emit_dimension(extents.len());
            let array = quote! { #first.array::<_, #dimension>(#row, [#(#extents),*]) };
            let result = super::succeed(form, array);
            let len = extents.iter().cloned().reduce(|len, extent| quote! { #len * #extent });
            let begin = quote! { let mut #row = #first.row(#len); };
            (begin, quote! { #row.push(#sum); }, result)
        }
    };
    let loops = emit_nested(&kept, quote! { #sums #store });
    (quote! { #begin #loops }, result)
}

/// `body` inside of loops, the first index outermost.
fn emit_nested(indices: &[IndexId], body: TokenStream) -> TokenStream {
    indices.iter().rev().fold(body, |body, &index| {
        let (counter, extent) = (counter(index), extent(index));
        quote! {
            let mut #counter = 0_usize;
            while #counter < #extent {
                #body
                #counter += 1;
            }
        }
    })
}

/// Emits one value an axis: the variable of its index, or `unit`.
fn emit_axes(
    term: &Term,
    variable: fn(IndexId) -> Ident,
    unit: usize,
) -> impl Iterator<Item = TokenStream> {
    term.axes.iter().map(move |axis| match axis {
        Axis::Index(index) => variable(*index).into_token_stream(),
        Axis::Unit => Literal::usize_unsuffixed(unit).into_token_stream(),
    })
}

/// The variable that counts along an index.
fn counter(IndexId(index): IndexId) -> Ident {
    format_ident!("__i{index}", span = Span::mixed_site())
}
