//! Loop nests to calls of the runtime's kernels.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{array, extent, intermediate};
use crate::ir::expr::{ArrayId, Axis, Expr, Product};
use crate::ir::plan::TensorId;
use crate::ir::program::{Access, AxisLoop, Body, Kernel, Nest, Program};

/// Above this many axes ndarray's arrays have dynamic rank.
const STATIC_RANKS: usize = 6;

/// Emits one result as an expression: the array or scalar, or, with the scales of an existing
/// output, `()`.
pub(super) fn emit_result(
    program: &Program,
    number: usize,
    scales: Option<&TokenStream>,
) -> TokenStream {
    let product = &program.expr.products[number];
    let emit = |body: &Body| emit_body(&program.expr, product, body, scales);
    let alternatives = &program.bodies[number];
    let (last, others) = match &alternatives[..] {
        [only] => return emit(only),
        [others @ .., last] => (emit(last), others.iter().map(emit)),
        [] => unreachable!("`plan` keeps a path for every product"),
    };
    let (choice, numbers) = (super::choice(number), 0..others.len());
    quote! {
        match #choice {
            #(#numbers => #others,)*
            _ => #last,
        }
    }
}

/// Emits one variable for each product that has alternatives: which of them is the cheapest.
pub(super) fn emit_choices(program: &Program) -> TokenStream {
    let products = program.bodies.iter().enumerate();
    let choices = products.filter(|(_, alternatives)| alternatives.len() > 1);
    let choices = choices.map(|(number, alternatives)| {
        let choice = super::choice(number);
        let costs = alternatives.iter().map(emit_cost);
        quote! { let #choice = __einloom::cheapest(&[#(&[#costs]),*]); }
    });
    choices.collect()
}

/// The extents of the loops of every nest: their product is its cost. The ellipsis, whose extents
/// most nests share, is left out.
fn emit_cost(body: &Body) -> TokenStream {
    let nests = body.iter().map(|nest| {
        let extents = nest.kept.iter().chain(&nest.summed).copied().map(extent);
        quote! { &[#(#extents),*] }
    });
    quote! { #(#nests),* }
}

/// Emits the nests of one alternative.
fn emit_body(
    expr: &Expr,
    product: &Product,
    nests: &Body,
    scales: Option<&TokenStream>,
) -> TokenStream {
    let mut code = TokenStream::new();
    for (number, nest) in nests.iter().enumerate() {
        let target = match scales.filter(|_| nest.writes_output) {
            Some(scales) => {
                let output = array(ArrayId(expr.arrays.len() - 1));
                let axes = emit_along(&nest.target);
                quote! { #output #axes #scales }
            }
            None => emit_new_target(expr, product, nests, number),
        };
        let call = emit_call(nest, &target);
        code.extend(match nest.writes_output {
            false => {
                let name = intermediate(number);
                quote! { let #name = #call; }
            }
            true if scales.is_some() => quote! { #call },
            true => {
                let finish = emit_finish(expr, product);
                quote! { #call #finish }
            }
        });
    }
    quote! { { #code } }
}

/// Emits the only operand with its axes rearranged.
pub(super) fn emit_view(expr: &Expr) -> TokenStream {
    let (operand, output) = (&expr.arrays[0].term, &expr.products[0].output);
    let name = array(ArrayId(0));
    let named: Vec<Axis> = expr.named_axes(output).collect();
    let axes = expr.named_axes(operand).map(|axis| match axis {
        Axis::Unit => quote! { __einloom::ONE },
        Axis::Index(_) => match named.iter().position(|other| *other == axis) {
            Some(position) => quote! { #position },
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

fn emit_call(nest: &Nest, target: &TokenStream) -> TokenStream {
    let kernel = match nest.kernel {
        Kernel::Copy => "copy",
        Kernel::Reduce => "reduce",
        Kernel::Multiply => "multiply",
        Kernel::Contract => "contract",
    };
    let kernel = format_ident!("{kernel}");
    let (kept, summed) = (nest.kept.iter().copied(), nest.summed.iter().copied());
    let (kept, summed) = (kept.map(extent), summed.map(extent));
    let sources = nest.sources.iter().map(|source| {
        let name = match source.tensor {
            TensorId::Array(id) => array(id),
            TensorId::Intermediate(number) => intermediate(number),
        };
        let axes = emit_along(source);
        let conj = source.conj.then(|| quote! { .conj() });
        quote! { #name #axes #conj }
    });
    quote! {
        __einloom::#kernel(
            __einloom::loops([#(#kept),*], [#(#summed),*]),
            #(#sources,)*
            #target
        )
    }
}

/// `.along([…])`: the loop of each axis.
fn emit_along(access: &Access) -> TokenStream {
    let loops = access.axes.iter().map(|axis| match axis {
        AxisLoop::Loop(number) => quote! { #number },
        AxisLoop::Unit => quote! { __einloom::ONE },
    });
    quote! { .along([#(#loops),*]) }
}

/// Emits the extents of a target's axes.
pub(super) fn emit_target_extents(nest: &Nest) -> impl Iterator<Item = TokenStream> {
    nest.target.axes.iter().map(|axis| match *axis {
        AxisLoop::Unit => quote! { 1 },
        AxisLoop::Loop(number) => {
            let extent = extent(nest.loop_index(number));
            quote! { #extent }
        }
    })
}

/// A new array or scalar for a nest to fill.
fn emit_new_target(expr: &Expr, product: &Product, nests: &[Nest], number: usize) -> TokenStream {
    let nest = &nests[number];
    let extents = emit_target_extents(nest);
    let axes = emit_along(&nest.target);
    match nest.target.ellipsis {
        None if nest.target.axes.is_empty() => quote! { __einloom::fresh_scalar() },
        None => quote! { __einloom::fresh([#(#extents),*]) #axes },
        Some(before) => {
            let ellipsis = emit_ellipsis_extents(expr, product, nests, number);
            quote! { __einloom::fresh([#(#extents),*]).with_ellipsis(#before, #ellipsis) #axes }
        }
    }
}

/// The extents that the ellipsis of a nest's target stands for: the broadcast of the arrays that
/// went into it, or those of the operand whose gradient it is.
pub(super) fn emit_ellipsis_extents(
    expr: &Expr,
    product: &Product,
    nests: &[Nest],
    number: usize,
) -> TokenStream {
    let arrays = match product.ellipsis_like.filter(|_| nests[number].writes_output) {
        Some(like) => vec![like],
        None => arrays_of(nests, number),
    };
    let has_ellipsis = |id: &ArrayId| expr.ellipsis_position(&expr.arrays[id.0].term).is_some();
    let arrays = arrays.into_iter().filter(has_ellipsis).map(array);
    quote! { __einloom::broadcast(&[#(#arrays.ellipsis()),*]) }
}

/// The arrays of the call that a nest reads, itself or through intermediates.
fn arrays_of(nests: &[Nest], number: usize) -> Vec<ArrayId> {
    let sources = nests[number].sources.iter();
    sources
        .flat_map(|source| match source.tensor {
            TensorId::Array(id) => vec![id],
            TensorId::Intermediate(made) => arrays_of(nests, made),
        })
        .collect()
}

/// Turns the filled target into what the user gets.
fn emit_finish(expr: &Expr, product: &Product) -> TokenStream {
    let rank = expr.named_rank(&product.output);
    if expr.ellipsis_position(&product.output).is_some() {
        let witness = emit_ellipsis_witness(expr, product);
        return quote! { .into_array_like::<#rank, _>(#witness) };
    }
    if rank == 0 {
        return quote! { .into_scalar() };
    }
    let dimension = emit_dimension(rank);
    quote! { .into_array::<#dimension>() }
}

fn emit_dimension(rank: usize) -> TokenStream {
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
