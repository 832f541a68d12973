//! The loops of a call with few points, which run where it stands: handing it over would take longer than they do.
//!
//! They follow the product as it is written, not its plan: with few points, intermediates cost more than they save. A
//! debug build leaves them out, since there the loops themselves are the slow part.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{array, extent};
use crate::ir::expr::{ArrayId, Axis, Expr, IndexId, Product, Term};
use crate::ir::{Form, Program};

/// The most loops and factors of a call that gets its own loops.
const LOOPS: usize = 6;
const FACTORS: usize = 4;

/// Emits a block that breaks out of `'__done` with the result if there are few points, and does nothing otherwise.
pub(super) fn emit_direct(form: Form, program: &Program, scales: &TokenStream) -> TokenStream {
    let expr = &program.expr;
    if !is_direct(form, expr) {
        return TokenStream::new();
    }
    let product = &expr.products[0];
    let numbers = || 0..expr.indices.len();
    let names: Vec<_> = numbers().map(|number| extent(IndexId(number))).collect();
    let extents = expr.indices.iter().map(super::emit_extent);
    let arrays: Vec<ArrayId> = (0..expr.arrays.len()).map(ArrayId).collect();
    let views = arrays.iter().map(|&id| {
        let (name, extents) = (array(id), emit_extents(&expr.arrays[id.0].term));
        quote! { #name.direct(#extents) }
    });
    let direct: Vec<_> = arrays.iter().copied().map(direct).collect();
    let mutable = (form == Form::Into).then(|| quote! { mut });
    let (last, others) = direct.split_last().expect("a call has an operand");
    let (loops, result) = emit_loops(form, expr, product, scales);
    quote! {
        #[cfg(not(debug_assertions))]
        {
            #(let #names = #extents;)*
            if __einloom::few([#(#names),*]) {
                if let (#(::core::option::Option::Some(#others),)* ::core::option::Option::Some(#mutable #last),)
                    = (#(#views,)*)
                {
                    #loops
                    break '__done #result;
                }
            }
        }
    }
}

fn is_direct(form: Form, expr: &Expr) -> bool {
    let [product] = &expr.products[..] else { return false };
    matches!(form, Form::Einsum | Form::Try | Form::Into)
        && expr.indices.len() <= LOOPS
        && product.factors.len() <= FACTORS
        && product.factors.iter().all(|factor| !factor.conj)
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
        let (name, at) = (direct(factor.array), emit_position(&expr.arrays[factor.array.0].term));
        quote! { #name.at(#at) }
    });
    let value = factors
        .reduce(|product, factor| quote! { __einloom::Element::mul(#product, #factor) })
        .expect("a product has a factor");
    let sum = format_ident!("__s", span = proc_macro2::Span::mixed_site());
    let sums = match summed.is_empty() {
        true => quote! { let #sum = #value; },
        false => {
            let zero = array(ArrayId(0));
            let added = quote! { #sum = __einloom::Element::add(#sum, #value); };
            let added = emit_nested(&summed, added);
            quote! { let mut #sum = #zero.zero(); #added }
        }
    };
    let row = format_ident!("__y", span = proc_macro2::Span::mixed_site());
    let (begin, store, result) = match form {
        Form::Into => {
            let output = direct(ArrayId(expr.arrays.len() - 1));
            let at = emit_position(&product.output);
            let store = match scales.is_empty() {
                true => quote! { #output.put(#at, #sum); },
                false => quote! { #output.scale(#at, #sum, #scales); },
            };
            (TokenStream::new(), store, quote! { () })
        }
        _ if product.output.axes.is_empty() => {
            // The only point: the sum is the result.
            let result = super::succeed(form, quote! { #sum });
            return (sums, result);
        }
        _ => {
            let extents = emit_extents(&product.output);
            let dimension = super::results::emit_dimension(product.output.axes.len());
            let result = super::succeed(form, quote! { #row.into_array::<#dimension>() });
            let begin = quote! { let mut #row = __einloom::row(#extents); };
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

fn emit_extents(term: &Term) -> TokenStream {
    let extents = term.axes.iter().map(|axis| match axis {
        Axis::Index(index) => {
            let extent = extent(*index);
            quote! { #extent }
        }
        Axis::Unit => quote! { 1 },
    });
    quote! { [#(#extents),*] }
}

fn emit_position(term: &Term) -> TokenStream {
    let positions = term.axes.iter().map(|axis| match axis {
        Axis::Index(index) => {
            let counter = counter(*index);
            quote! { #counter }
        }
        Axis::Unit => quote! { 0 },
    });
    quote! { [#(#positions),*] }
}

/// The variable of an array in these loops.
fn direct(ArrayId(array): ArrayId) -> proc_macro2::Ident {
    format_ident!("__d{array}", span = proc_macro2::Span::mixed_site())
}

/// The variable that counts along an index.
fn counter(IndexId(index): IndexId) -> proc_macro2::Ident {
    format_ident!("__i{index}", span = proc_macro2::Span::mixed_site())
}
