//! The program as constants: what the runtime needs to know of a call besides its arrays.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::ir::Program;
use crate::ir::expr::{Array, ArrayId, Axis, Expr, Role};
use crate::ir::program::{Access, AxisLoop, Nest, TensorId};

/// The number that stands for none.
const NONE: u8 = u8::MAX;

/// Emits a `static` that describes the call, as [`emit_description`].
pub(super) fn emit_program<'a>(program: &Program, shown: impl Fn(Role) -> &'a str) -> TokenStream {
    let description = emit_description(program, shown);
    quote! { static __PROGRAM: __einloom::Program = #description; }
}

/// Emits the description of a call. `shown` is the source text of an array, for messages. `resolve` has bounded
/// the numbers of indices and operands so that each fits in a byte.
pub(super) fn emit_description<S: AsRef<str>>(
    program: &Program,
    shown: impl Fn(Role) -> S,
) -> TokenStream {
    let expr = &program.expr;
    let labels = expr.indices.iter().map(|index| &index.label);
    let given = bytes(given(expr).map(|(number, _)| byte(number)));
    let numbers = Numbers::of(program);
    let arrays = expr.arrays.iter().filter(|array| array.is_taken);
    let arrays = arrays.map(|array| numbers.emit_array(program, array, shown(array.role).as_ref()));
    let results = bytes(
        program
            .results
            .iter()
            .map(|output| output.array.map_or(NONE, |array| numbers.array(array))),
    );
    let bodies = program.bodies.iter().map(|body| {
        let nests = body.iter().map(|nest| numbers.emit_nest(nest));
        quote! { &[#(#nests),*] }
    });
    quote! {
        __einloom::Program {
            labels: &[#(#labels),*],
            given: #given,
            arrays: &[#(#arrays),*],
            results: #results,
            bodies: &[#(#bodies),*],
        }
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

/// The numbers of arrays and tensors at run time: arrays that are taken, then intermediates; of targets, results come first.
struct Numbers {
    arrays: Vec<Option<usize>>,
    taken: usize,
    results: usize,
}

impl Numbers {
    fn of(program: &Program) -> Self {
        let mut taken = 0;
        let mut number = |is_taken: bool| {
            taken += usize::from(is_taken);
            is_taken.then(|| taken - 1)
        };
        let arrays = program.expr.arrays.iter().map(|array| number(array.is_taken)).collect();
        Numbers { arrays, taken, results: program.results.len() }
    }

    fn array(&self, ArrayId(array): ArrayId) -> u8 {
        byte(self.arrays[array].expect("only arrays that are taken are named"))
    }

    fn emit_array(&self, program: &Program, described: &Array, shown: &str) -> TokenStream {
        let (expr, text) = (&program.expr, &described.text);
        let source = match described.role {
            Role::Operand(number) => quote! { operand(#number, #shown, #text) },
            Role::Cotangent => quote! { cotangent(#shown, #text) },
            Role::Tangent(number) => quote! { tangent(#number, #shown, #text) },
            Role::Output(_) => quote! { output(#shown, #text) },
        };
        let axes = bytes(expr.named_axes(&described.term).map(|axis| match axis {
            Axis::Index(index) => byte(index.0),
            Axis::Unit => NONE,
        }));
        let like = match described.role {
            // Operands broadcast with each other.
            Role::Operand(_) => Vec::new(),
            Role::Cotangent => expr.broadcast(),
            Role::Tangent(operand) => vec![expr.operand(operand)],
            Role::Output(result) => program.results[result].ellipsis.clone(),
        };
        let ellipsis = self.ellipsis(expr.ellipsis_position(&described.term), &like);
        quote! {
            __einloom::Term { source: __einloom::Source::#source, axes: #axes, ellipsis: #ellipsis }
        }
    }

    fn emit_nest(&self, nest: &Nest) -> TokenStream {
        let kept = bytes(nest.kept.iter().map(|index| byte(index.0)));
        let summed = bytes(nest.summed.iter().map(|index| byte(index.0)));
        let sources = nest.sources.iter().map(|source| {
            let tensor = Literal::usize_unsuffixed(match source.tensor {
                TensorId::Array(array) => usize::from(self.array(array)),
                TensorId::Intermediate(made) => self.taken + made,
                TensorId::Result(_) => unreachable!("a result is only written"),
            });
            let (conj, loops) = (source.conj, loops(source));
            quote! { __einloom::Access { tensor: #tensor, conj: #conj, loops: #loops } }
        });
        let into = Literal::usize_unsuffixed(match nest.target.tensor {
            TensorId::Result(result) => result,
            TensorId::Intermediate(made) => self.results + made,
            TensorId::Array(_) => unreachable!("an array is only read"),
        });
        let target = loops(&nest.target);
        let ellipsis = self.ellipsis(nest.target.ellipsis, &nest.ellipsis);
        quote! {
            __einloom::Nest {
                into: #into, kept: #kept, summed: #summed, sources: &[#(#sources),*], target: #target,
                ellipsis: #ellipsis,
            }
        }
    }

    /// How many named axes stand before an ellipsis, then the arrays to whose broadcast it extends.
    fn ellipsis(&self, before: Option<usize>, like: &[ArrayId]) -> Literal {
        let like = like.iter().map(|&array| self.array(array));
        bytes(
            before.into_iter().flat_map(|before| std::iter::once(byte(before)).chain(like.clone())),
        )
    }
}

fn loops(access: &Access) -> Literal {
    bytes(access.axes.iter().map(|axis| match axis {
        AxisLoop::Loop(number) => byte(*number),
        AxisLoop::Unit => NONE,
    }))
}

/// A list as a byte string, which costs rustc less than an array of numbers.
fn bytes(list: impl Iterator<Item = u8>) -> Literal {
    Literal::byte_string(&list.collect::<Vec<u8>>())
}

fn byte(number: usize) -> u8 {
    match u8::try_from(number) {
        Ok(byte) if byte != NONE => byte,
        _ => unreachable!("`resolve` bounds the numbers of indices and operands"),
    }
}
