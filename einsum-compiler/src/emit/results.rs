//! What the user gets of a checked call.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::array;
use crate::ir::expr::{ArrayId, Axis, Expr, Product};

/// Above this many axes ndarray's arrays have dynamic rank.
pub(super) const STATIC_RANKS: usize = 6;

/// Emits the result of a product, an array or a scalar, as an expression.
pub(super) fn emit_result(expr: &Expr, number: usize) -> TokenStream {
    let (call, product) = (super::variable("call"), &expr.products[number]);
    let rank = expr.named_rank(&product.output);
    if expr.ellipsis_position(&product.output).is_some() {
        let witness = emit_ellipsis_witness(expr, product);
        return quote! { #call.array_like::<#rank, _>(#number, #witness) };
    }
    if rank == 0 {
        return quote! { #call.scalar(#number) };
    }
    let dimension = emit_dimension(rank);
    quote! { #call.array::<#dimension>(#number) }
}

/// Emits the only operand with its axes rearranged.
pub(super) fn emit_view(expr: &Expr) -> TokenStream {
    let (operand, output) = (&expr.arrays[0].term, &expr.products[0].output);
    let name = array(ArrayId(0));
    let named: Vec<Axis> = expr.named_axes(output).collect();
    let axes = expr.named_axes(operand).map(|axis| match axis {
        Axis::Unit => quote! { __einloom::NONE },
        Axis::Index(_) => match named.iter().position(|other| *other == axis) {
            Some(position) => Literal::usize_unsuffixed(position).into_token_stream(),
            None => unreachable!("`check` demands that the output has every index"),
        },
    });
    let rank = named.len();
    match expr.ellipsis_position(output) {
        None => {
            let dimension = emit_dimension(rank);
            quote! { #name.rearrange::<#rank, #dimension>([#(#axes),*]) }
        }
        Some(before) => {
            quote! {
                #name.rearrange_with_ellipsis::<#rank, _>([#(#axes),*], #before, #name.rest())
            }
        }
    }
}

/// The dimension type of a rank.
pub(super) fn emit_dimension(rank: usize) -> TokenStream {
    let dimension = match rank {
        0..=STATIC_RANKS => format_ident!("Ix{rank}"),
        _ => format_ident!("IxDyn"),
    };
    quote! { __einloom::#dimension }
}

/// The type of the axes that the output's ellipsis stands for, as a value without size.
fn emit_ellipsis_witness(expr: &Expr, product: &Product) -> TokenStream {
    let arrays = match product.ellipsis_like {
        Some(like) => vec![like],
        None => product.factors.iter().map(|factor| factor.array).collect(),
    };
    let has_ellipsis = |id: &ArrayId| expr.ellipsis_position(&expr.arrays[id.0].term).is_some();
    let witness = |id| {
        let name = array(id);
        quote! { #name.rest() }
    };
    arrays
        .into_iter()
        .filter(has_ellipsis)
        .map(witness)
        .reduce(|wide, next| quote! { __einloom::wider(#wide, #next) })
        .unwrap_or_else(|| unreachable!("`resolve` demands an operand with an ellipsis"))
}
