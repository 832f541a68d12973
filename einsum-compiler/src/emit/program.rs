//! The program as constants: what the runtime needs to know of a call besides its arrays.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::ir::expr::{Array, Axis, Expr, Product, Role};
use crate::ir::plan::TensorId;
use crate::ir::program::{Access, AxisLoop, Body, Nest};
use crate::ir::{Call, Form, Program};

/// The number that stands for none.
const NONE: u8 = u8::MAX;

/// Emits a `static` that describes the call. `resolve` has bounded the numbers of indices and operands so that each fits in
/// a byte.
pub(super) fn emit_program(call: &Call, program: &Program) -> TokenStream {
    let expr = &program.expr;
    let labels = expr.indices.iter().map(|index| &index.label);
    let given = bytes(given(expr).map(|(number, _)| byte(number)));
    let windows = Windows::of(expr);
    let arrays = expr.arrays.iter().map(|array| emit_array(call, expr, &windows, array));
    let described = windows.axes.iter().map(|axis| emit_window(expr, axis));
    let described = quote! { &[#(#described),*] };
    let products = expr.products.iter().zip(&program.bodies);
    let products = products.map(|(product, bodies)| emit_product(expr, &windows, product, bodies));
    let products: TokenStream = match call.form {
        Form::View => TokenStream::new(),
        _ => quote! { #(#products),* },
    };
    quote! {
        static __PROGRAM: __einloom::Program = __einloom::Program {
            labels: &[#(#labels),*],
            given: #given,
            windows: #described,
            arrays: &[#(#arrays),*],
            products: &[#products],
        };
    }
}

/// The indices whose extents the options give, with the positions of these.
pub(super) fn given(expr: &Expr) -> impl Iterator<Item = (usize, crate::ir::expr::Given)> {
    let indices = expr.indices.iter().enumerate();
    indices.filter_map(|(number, index)| index.given.map(|given| (number, given)))
}

/// The windows and composed axes of a call. Their numbers are those of their positions from [`FIRST_WINDOW`] on.
struct Windows {
    axes: Vec<Axis>,
}

/// Below it are the numbers of indices and loops.
const FIRST_WINDOW: usize = 200;

impl Windows {
    fn of(expr: &Expr) -> Self {
        let terms = expr.arrays.iter().map(|array| &array.term);
        let terms = terms.chain(expr.products.iter().map(|product| &product.output));
        let mut axes: Vec<Axis> = Vec::new();
        for axis in terms.flat_map(|term| &term.axes) {
            let is_several = matches!(axis, Axis::Window(_) | Axis::Composed(_));
            if is_several && !axes.contains(axis) {
                axes.push(axis.clone());
            }
        }
        Windows { axes }
    }

    fn number(&self, axis: &Axis) -> u8 {
        let position = self.axes.iter().position(|other| other == axis);
        byte(FIRST_WINDOW + position.expect("a window is that of a term"))
    }
}

fn emit_window(expr: &Expr, axis: &Axis) -> TokenStream {
    let text = expr.axis_text(axis);
    let indices = bytes(axis.indices().into_iter().map(|index| byte(index.0)));
    let Axis::Window(window) = axis else {
        return quote! { __einloom::Window::composed(#text, #indices) };
    };
    let factors = window.terms.iter().map(|term| Literal::usize_unsuffixed(term.factor));
    let scales = window.terms.iter().map(|term| term.scale.map_or(NONE, |index| byte(index.0)));
    let (scales, offset) = (bytes(scales), Literal::isize_unsuffixed(window.offset));
    quote! { __einloom::Window::new(#text, #indices, &[#(#factors),*], #scales, #offset) }
}

fn emit_array(call: &Call, expr: &Expr, windows: &Windows, described: &Array) -> TokenStream {
    let text = &described.text;
    let target = || call.target.as_ref().map_or("", |target| &target.source);
    let source = match described.role {
        Role::Operand(number) => {
            let shown = &call.operands[number].source;
            quote! { operand(#number, #shown, #text) }
        }
        Role::Cotangent => {
            let shown = target();
            quote! { cotangent(#shown, #text) }
        }
        Role::Output => {
            let shown = target();
            quote! { output(#shown, #text) }
        }
    };
    let axes = bytes(expr.named_axes(&described.term).map(|axis| match axis {
        Axis::Index(index) => byte(index.0),
        Axis::Unit => NONE,
        several => windows.number(&several),
    }));
    let before = emit_before(expr.ellipsis_position(&described.term));
    quote! {
        __einloom::Term { source: __einloom::Source::#source, axes: #axes, before: #before }
    }
}

fn emit_product(expr: &Expr, windows: &Windows, product: &Product, bodies: &[Body]) -> TokenStream {
    let like = emit_before(product.ellipsis_like.map(|array| array.0));
    let bodies = bodies.iter().map(|body| {
        let nests = body.iter().map(|nest| emit_nest(expr, windows, nest));
        quote! { &[#(#nests),*] }
    });
    quote! { __einloom::Product { bodies: &[#(#bodies),*], like: #like } }
}

fn emit_nest(expr: &Expr, windows: &Windows, nest: &Nest) -> TokenStream {
    let kept = bytes(nest.kept.iter().map(|index| byte(index.0)));
    let summed = bytes(nest.summed.iter().map(|index| byte(index.0)));
    let sources = nest.sources.iter().map(|source| {
        let tensor = Literal::u8_unsuffixed(match source.tensor {
            TensorId::Array(array) => byte(array.0),
            TensorId::Intermediate(made) => byte(expr.arrays.len() + made),
        });
        let (conj, loops) = (source.conj, loops(windows, source));
        quote! { __einloom::Access { tensor: #tensor, conj: #conj, loops: #loops } }
    });
    let (target, before) = (loops(windows, &nest.target), emit_before(nest.target.ellipsis));
    quote! {
        __einloom::Nest {
            kept: #kept, summed: #summed, sources: &[#(#sources),*], target: #target, before: #before,
        }
    }
}

fn loops(windows: &Windows, access: &Access) -> Literal {
    bytes(access.axes.iter().map(|axis| match axis {
        AxisLoop::Loop(number) => byte(*number),
        AxisLoop::Unit => NONE,
        AxisLoop::Several(axis, _) => windows.number(axis),
    }))
}

fn emit_before(position: Option<usize>) -> Literal {
    Literal::u8_unsuffixed(position.map_or(NONE, byte))
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
