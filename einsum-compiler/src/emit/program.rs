//! The program as constants: what the runtime needs to know of a call besides its arrays.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::numbers::{Numbers, axes, byte, loops};
use crate::ir::Program;
use crate::ir::expr::{Array, Expr, Role};
use crate::ir::program::Nest;

/// Emits a `static` that describes the call. `shown` is the source text of an array, for messages.
pub(super) fn emit_program<'a>(program: &Program, shown: impl Fn(Role) -> &'a str) -> TokenStream {
    let expr = &program.expr;
    let labels = expr.indices.iter().map(|index| &index.label);
    let given = bytes(given(expr).map(|(number, _)| byte(number)));
    let numbers = Numbers::of(program);
    let arrays = expr.arrays.iter().filter(|array| array.is_taken);
    let arrays = arrays.map(|array| emit_array(&numbers, program, array, shown(array.role)));
    let results = bytes(numbers.results(program));
    let bodies = program.bodies.iter().map(|body| {
        let nests = body.iter().map(|nest| emit_nest(&numbers, nest));
        quote! { &[#(#nests),*] }
    });
    quote! {
        static __PROGRAM: __einloom::Program = __einloom::Program {
            labels: &[#(#labels),*],
            given: #given,
            arrays: &[#(#arrays),*],
            results: #results,
            bodies: &[#(#bodies),*],
        };
    }
}

/// As [`emit_program`], of a call that only rearranges its operand.
pub(super) fn emit_view_program<'a>(
    program: &Program,
    shown: impl Fn(Role) -> &'a str,
) -> TokenStream {
    let program = Program { results: Vec::new(), bodies: Vec::new(), ..program.clone() };
    emit_program(&program, shown)
}

/// The indices whose extents the options give, with the positions of these.
pub(super) fn given(expr: &Expr) -> impl Iterator<Item = (usize, crate::ir::expr::Given)> {
    let indices = expr.indices.iter().enumerate();
    indices.filter_map(|(number, index)| index.given.map(|given| (number, given)))
}

fn emit_array(numbers: &Numbers, program: &Program, described: &Array, shown: &str) -> TokenStream {
    let (expr, text) = (&program.expr, &described.text);
    let source = match described.role {
        Role::Operand(number) => quote! { operand(#number, #shown, #text) },
        Role::Cotangent => quote! { cotangent(#shown, #text) },
        Role::Tangent(number) => quote! { tangent(#number, #shown, #text) },
        Role::Output(_) => quote! { output(#shown, #text) },
    };
    let axes = bytes(axes(expr, &described.term));
    let ellipsis = bytes(numbers.ellipsis_of(program, described));
    quote! {
        __einloom::Term { source: __einloom::Source::#source, axes: #axes, ellipsis: #ellipsis }
    }
}

fn emit_nest(numbers: &Numbers, nest: &Nest) -> TokenStream {
    let kept = bytes(nest.kept.iter().map(|index| byte(index.0)));
    let summed = bytes(nest.summed.iter().map(|index| byte(index.0)));
    let sources = nest.sources.iter().map(|source| {
        let tensor = Literal::usize_unsuffixed(numbers.source(source));
        let (conj, loops) = (source.conj, bytes(loops(source)));
        quote! { __einloom::Access { tensor: #tensor, conj: #conj, loops: #loops } }
    });
    let into = Literal::usize_unsuffixed(numbers.target(nest));
    let target = bytes(loops(&nest.target));
    let ellipsis = bytes(numbers.ellipsis(nest.target.ellipsis, &nest.ellipsis));
    quote! {
        __einloom::Nest {
            into: #into, kept: #kept, summed: #summed, sources: &[#(#sources),*], target: #target,
            ellipsis: #ellipsis,
        }
    }
}

/// A list as a byte string, which costs rustc less than an array of numbers.
fn bytes(list: impl IntoIterator<Item = u8>) -> Literal {
    Literal::byte_string(&list.into_iter().collect::<Vec<u8>>())
}
