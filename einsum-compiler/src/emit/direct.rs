//! What a call of few points does where it stands: handing it over would take longer than its loops do.
//!
//! The loops are the runtime's, inlined. They follow the product as it is written, not its plan: with few points,
//! intermediates cost more than they save. A debug build leaves them out: there the loops themselves are the slow part.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::few_points::most_points;
use super::{array, extent};
use crate::ir::expr::{ArrayId, Axis, Expr, IndexId, Product, Role, Term};
use crate::ir::{Form, Program};

/// The most loops, factors, and axes of an array of a call that gets its own loops: what rustc spends on more outweighs what
/// they save.
const LOOPS: usize = 4;
const FACTORS: usize = 4;
const AXES: usize = 4;

const PLAIN: &str = "`is_direct` wants plain terms";

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
    let most = Literal::usize_unsuffixed(most_points(expr, program));
    let fits = expr.arrays.iter().enumerate().map(|(number, described)| {
        let (name, extents) = (array(ArrayId(number)), emit_axes(&described.term, extent, 1));
        quote! { #name.is(#(#extents),*) }
    });
    let value = emit_value(form, expr, product, scales);
    // What is handed over lies in memory. What the loops read would be written there as well, before they are asked for.
    let moves = expr.arrays.iter().enumerate().map(|(number, described)| {
        let name = array(ArrayId(number));
        let mutable = matches!(described.role, Role::Output(_)).then(|| quote! { mut });
        quote! { #[cfg(not(debug_assertions))] let #mutable #name = #name; }
    });
    let moves: TokenStream = moves.collect();
    quote! {
        #[cfg(not(debug_assertions))]
        {
            #[allow(unused_imports)]
            use __einloom::AnyArithmetic as _;
            #(let #names = #extents;)*
            if __einloom::#few::<#most>(#(#names),*) #(&& #fits)* {
                break '__done { #value };
            }
        }
        #moves
    }
}

fn is_direct(form: Form, expr: &Expr) -> bool {
    let product = &expr.product;
    matches!(form, Form::Einsum | Form::Try | Form::Into)
        && (1..=LOOPS).contains(&expr.indices.len())
        && product.factors.len() <= FACTORS
        && product.factors.iter().all(|factor| !factor.conj)
        && product.output.is_plain()
        && expr.arrays.iter().all(|array| array.term.is_plain())
        && product.output.axes.len() <= AXES
        && expr.arrays.iter().all(|array| array.term.axes.len() <= AXES)
        && !product.output.has_diagonal()
        && expr.indices.iter().all(|index| !index.is_ellipsis)
}

/// Emits the loops over the points of a call.
fn emit_value(form: Form, expr: &Expr, product: &Product, scales: &TokenStream) -> TokenStream {
    let kept = product.output.indices();
    let summed = (0..expr.indices.len()).map(IndexId).filter(|index| !kept.contains(index));
    let all: Vec<IndexId> = kept.iter().copied().chain(summed).collect();
    let absent = vec![quote! { 1 }; LOOPS - all.len()];
    let loop_extents: Vec<_> = all.iter().map(|&index| extent(index).into_token_stream()).collect();
    let loop_extents = quote! { (#(#loop_extents,)* #(#absent),*) };
    let along = |term: &Term| -> Vec<TokenStream> {
        let numbers = term.axes.iter().map(|axis| match axis {
            Axis::Index(index) => all.iter().position(|other| other == index).expect("a loop"),
            Axis::Unit => LOOPS,
            Axis::Window(_) | Axis::Composed(_) => unreachable!("{PLAIN}"),
        });
        numbers.map(|number| Literal::usize_unsuffixed(number).into_token_stream()).collect()
    };
    let sources = product.factors.iter().map(|factor| {
        let (name, term) = (array(factor.array), &expr.arrays[factor.array.0].term);
        let numbers = along(term);
        quote! { #name.along(#loop_extents #(, #numbers)*) }
    });
    let sources = quote! { #(#sources),* };
    let count = product.factors.len();
    let function = |name: &str| format_ident!("{name}{count}");
    let in_lanes = is_in_lanes(expr, kept.last().or(all.last()).copied());
    let [kept, summed] = [kept.len(), all.len() - kept.len()].map(Literal::usize_unsuffixed);
    let static_extents = (0..expr.arrays.len()).map(|number| {
        let name = array(ArrayId(number));
        quote! { #name.static_extents() }
    });
    let first = array(ArrayId(0));
    let types = quote! { (#first.arithmetic(), (#(#static_extents,)*)) };
    match form {
        Form::Into => {
            let function = function("sums_into");
            let output = array(ArrayId(expr.arrays.len() - 1));
            let numbers = along(&product.output);
            let none = quote! { ::core::option::Option::None };
            let scales = match scales.is_empty() {
                true => quote! { #none, #none },
                false => scales.clone(),
            };
            quote! {
                __einloom::#function::<_, _, _, #kept, #summed, #in_lanes>(
                    #types,
                    #output.along(#kept, #loop_extents #(, #numbers)*),
                    #sources,
                    (#scales)
                )
            }
        }
        _ if product.output.axes.is_empty() => {
            let function = function("sum");
            let sum =
                quote! { __einloom::#function::<_, _, _, #summed, #in_lanes>(#types, #sources) };
            super::succeed(form, sum)
        }
        _ => {
            let function = function("sums");
            let row = format_ident!("__y", span = Span::mixed_site());
            let extents: Vec<_> = emit_axes(&product.output, extent, 1).collect();
            let dimension = super::results::emit_dimension(extents.len());
            let array = quote! { #first.array::<_, #dimension>(#row, [#(#extents),*]) };
            let array = super::succeed(form, array);
            let len = extents.iter().cloned().reduce(|len, extent| quote! { #len * #extent });
            quote! {
                let mut #row = #first.row(#len);
                __einloom::#function::<_, _, _, #kept, #summed, #in_lanes>(
                    #types, &mut #row, #sources);
                #array
            }
        }
    }
}

/// Whether the elements along a loop are adjacent in all arrays that have it, if their last axes are: several of them can then be
/// worked on at once.
fn is_in_lanes(expr: &Expr, index: Option<IndexId>) -> bool {
    let Some(index) = index else { return false };
    let factors = expr.product.factors.iter().map(|factor| &expr.arrays[factor.array.0].term);
    let mut terms = factors.chain([&expr.product.output]);
    terms.all(|term| {
        let axes = term.axes.iter().filter(|axis| **axis == Axis::Index(index)).count();
        axes == 0 || axes == 1 && term.indices().last() == Some(&index)
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
        Axis::Window(_) | Axis::Composed(_) => unreachable!("{PLAIN}"),
    })
}
