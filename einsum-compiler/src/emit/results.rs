//! What the user gets of a checked call.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::array;
use crate::ir::Program;
use crate::ir::expr::{ArrayId, Axis, Expr};
use crate::ir::plan::Output;

/// Above this many axes ndarray's arrays have dynamic rank.
const STATIC_RANKS: usize = 6;

/// Emits the only result, a new array or a scalar, as an expression.
pub(super) fn emit_result(program: &Program) -> TokenStream {
    let (call, output) = (super::variable("call"), &program.results[0]);
    match shape(program, output) {
        Shape::Scalar => quote! { #call.scalar() },
        Shape::Array(dimension) => quote! { #call.array::<#dimension>() },
        Shape::Ellipsis(rank, witness) => quote! { #call.array_like::<#rank, _>(#witness) },
    }
}

/// Emits all results, none of which is an existing array, as a tuple: places for them, the call that fills these, and what
/// is in them then.
pub(super) fn emit_results(program: &Program) -> TokenStream {
    if let [_] = &program.results[..] {
        let result = emit_result(program);
        return quote! { (#result,) };
    }
    let (places, run, values) = emit_places(program);
    let run = run(quote! { results });
    quote! { { #places #run; (#(#values,)*) } }
}

/// Emits the declarations of places for all new results, the call of a method that fills them, and what is in them then.
pub(super) fn emit_places(
    program: &Program,
) -> (TokenStream, impl FnOnce(TokenStream) -> TokenStream + '_, Vec<TokenStream>) {
    let call = super::variable("call");
    let outputs = program.results.iter().enumerate();
    let new: Vec<_> = outputs.filter(|(_, output)| output.array.is_none()).collect();
    let place = |number: usize| format_ident!("__r{number}", span = Span::mixed_site());
    let mut declarations = TokenStream::new();
    for &(number, output) in &new {
        let (place, call) = (place(number), &call);
        let made = match shape(program, output) {
            Shape::Scalar => quote! { #call.new_scalar() },
            Shape::Array(dimension) => quote! { #call.new_array::<#dimension>() },
            Shape::Ellipsis(rank, witness) => quote! { #call.new_array_like::<#rank, _>(#witness) },
        };
        declarations.extend(quote! { let mut #place = #made; });
    }
    let names: Vec<Ident> = new.iter().map(|&(number, _)| place(number)).collect();
    let values = names.iter().map(|place| quote! { #place.take() }).collect();
    let run = move |method: TokenStream| quote! { #call.#method(&mut [#(#names.place()),*]) };
    (declarations, run, values)
}

/// What rustc has to know of a result.
enum Shape {
    Scalar,
    /// The dimension type.
    Array(TokenStream),
    /// The number of named axes, and a witness of the ellipsis' dimension type.
    Ellipsis(usize, TokenStream),
}

fn shape(program: &Program, output: &Output) -> Shape {
    let expr = &program.expr;
    let rank = expr.named_rank(&output.axes);
    if expr.ellipsis_position(&output.axes).is_some() {
        Shape::Ellipsis(rank, emit_ellipsis_witness(output))
    } else if rank == 0 {
        Shape::Scalar
    } else {
        Shape::Array(emit_dimension(rank))
    }
}

/// Emits the only operand with its axes rearranged.
pub(super) fn emit_view(expr: &Expr) -> TokenStream {
    let (operand, output) = (&expr.arrays[0].term, &expr.product.output);
    let name = array(ArrayId(0));
    let named: Vec<Axis> = expr.named_axes(output).collect();
    if !operand.is_plain() {
        return emit_windowed_view(expr, &named);
    }
    let axes = expr.named_axes(operand).map(|axis| match axis {
        Axis::Unit => quote! { __einloom::NONE },
        _ => match named.iter().position(|other| *other == axis) {
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

/// Emits the only operand with windows and composed axes as one axis an index.
fn emit_windowed_view(expr: &Expr, named: &[Axis]) -> TokenStream {
    let (name, extents) = (array(ArrayId(0)), super::variable("extents"));
    let indices: Vec<u8> = named
        .iter()
        .map(|axis| match axis {
            Axis::Index(index) => super::program::byte(index.0),
            _ => super::program::NONE,
        })
        .collect();
    let (rank, indices) = (named.len(), Literal::byte_string(&indices));
    let made = quote! { &__PROGRAM, #indices, &#extents };
    match expr.ellipsis_position(&expr.product.output) {
        None => {
            let dimension = emit_dimension(rank);
            quote! { #name.windowed::<#dimension>(#made) }
        }
        Some(before) => {
            quote! { #name.windowed_with_ellipsis::<#rank, _>(#made, #before, #name.rest()) }
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

/// The type of the axes that the result's ellipsis stands for, as a value without size.
fn emit_ellipsis_witness(output: &Output) -> TokenStream {
    let witness = |id: &ArrayId| {
        let name = array(*id);
        quote! { #name.rest() }
    };
    let witnesses = output.ellipsis.iter().map(witness);
    witnesses
        .reduce(|wide, next| quote! { __einloom::wider(#wide, #next) })
        .unwrap_or_else(|| unreachable!("`resolve` demands an operand with an ellipsis"))
}
