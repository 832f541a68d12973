//! The program as constants: what the runtime needs to know of a call besides its arrays.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::ir::Program;
use crate::ir::expr::{Array, ArrayId, Axis, Expr, Role};
use crate::ir::program::{Access, AxisLoop, Nest, TensorId};

/// The number that stands for none.
pub(super) const NONE: u8 = u8::MAX;

/// From it on are the numbers of windows, below it those of indices and loops.
const FIRST_WINDOW: usize = 200;

/// Emits a `static` that describes the call. `shown` is the source text of an array, for messages. `resolve` has bounded
/// the numbers of indices and operands so that each fits in a byte.
pub(super) fn emit_program<'a>(program: &Program, shown: impl Fn(Role) -> &'a str) -> TokenStream {
    let expr = &program.expr;
    let labels = expr.indices.iter().map(|index| &index.label);
    let given = bytes(given(expr).map(|(number, _)| byte(number)));
    let numbers = Numbers::of(program);
    let arrays = expr.arrays.iter().filter(|array| array.is_taken);
    let arrays = arrays.map(|array| numbers.emit_array(program, array, shown(array.role)));
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
    let windows = numbers.windows.iter().map(|axis| numbers.emit_window(expr, axis));
    quote! {
        static __PROGRAM: __einloom::Program = __einloom::Program {
            labels: &[#(#labels),*],
            given: #given,
            windows: &[#(#windows),*],
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

/// The numbers of arrays and tensors at run time: arrays that are taken, then intermediates; of targets, results come first.
struct Numbers {
    arrays: Vec<Option<usize>>,
    /// The windows and composed axes. Their numbers are their positions from [`FIRST_WINDOW`] on.
    windows: Vec<Axis>,
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
        let expr = &program.expr;
        let of_arrays = expr.arrays.iter().filter(|array| array.is_taken).map(|array| &array.term);
        let of_results = program.results.iter().map(|output| &output.axes);
        let mut windows: Vec<Axis> = Vec::new();
        for axis in of_arrays.chain(of_results).flat_map(|term| &term.axes) {
            if axis.is_several() && !windows.contains(axis) {
                windows.push(axis.clone());
            }
        }
        Numbers { arrays, windows, taken, results: program.results.len() }
    }

    fn window(&self, axis: &Axis) -> u8 {
        let position = self.windows.iter().position(|other| other == axis);
        byte(FIRST_WINDOW + position.expect("a window is that of an array"))
    }

    fn emit_window(&self, expr: &Expr, axis: &Axis) -> TokenStream {
        let text = expr.axis_text(axis);
        let indices = bytes(axis.indices().into_iter().map(|index| byte(index.0)));
        let Axis::Window(window) = axis else {
            return quote! { __einloom::Window::composed(#text, #indices) };
        };
        let factors = window.terms.iter().map(|term| Literal::usize_unsuffixed(term.factor));
        let scales = window.terms.iter().map(|term| term.scale.map_or(NONE, |index| byte(index.0)));
        let (scales, offset) = (bytes(scales), Literal::isize_unsuffixed(window.offset));
        let site = bytes([self.array(window.site.array), byte(window.site.axis)].into_iter());
        quote! { __einloom::Window::new(#text, #indices, &[#(#factors),*], #scales, #offset, #site) }
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
            several => self.window(&several),
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
            let (conj, loops) = (source.conj, self.loops(source));
            quote! { __einloom::Access { tensor: #tensor, conj: #conj, loops: #loops } }
        });
        let into = Literal::usize_unsuffixed(match nest.target.tensor {
            TensorId::Result(result) => result,
            TensorId::Intermediate(made) => self.results + made,
            TensorId::Array(_) => unreachable!("an array is only read"),
        });
        let target = self.loops(&nest.target);
        let ellipsis = self.ellipsis(nest.target.ellipsis, &nest.ellipsis);
        quote! {
            __einloom::Nest {
                into: #into, kept: #kept, summed: #summed, sources: &[#(#sources),*], target: #target,
                ellipsis: #ellipsis,
            }
        }
    }

    fn loops(&self, access: &Access) -> Literal {
        bytes(access.axes.iter().map(|axis| match axis {
            AxisLoop::Loop(number) => byte(*number),
            AxisLoop::Unit => NONE,
            AxisLoop::Several(axis, _) => self.window(axis),
        }))
    }

    /// How many named axes stand before an ellipsis, then the arrays to whose broadcast it extends.
    fn ellipsis(&self, before: Option<usize>, like: &[ArrayId]) -> Literal {
        let like = like.iter().map(|&array| self.array(array));
        bytes(
            before.into_iter().flat_map(|before| std::iter::once(byte(before)).chain(like.clone())),
        )
    }
}

/// A list as a byte string, which costs rustc less than an array of numbers.
fn bytes(list: impl Iterator<Item = u8>) -> Literal {
    Literal::byte_string(&list.collect::<Vec<u8>>())
}

pub(super) fn byte(number: usize) -> u8 {
    match u8::try_from(number) {
        Ok(byte) if byte != NONE => byte,
        _ => unreachable!("`resolve` bounds the numbers of indices and operands"),
    }
}
