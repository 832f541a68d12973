//! Programs to Rust: [`Program`] to one expression.
//!
//! The expression binds every argument once and in order, and hands all of them over with a constant
//! that describes the call:
//!
//! ```text
//! { use $crate::__private as __einloom;
//!   match operand::<3, _>(&&x) { __a0 => match operand_like::<3, _, _, _>(&&w, &__a0) { __a1 => {
//!     let _ = || agree_letter::<'k', …>(&__a0, &__a1);       static extents, in the types
//!     static __PROGRAM: Program = Program { … };
//!     '__done: {
//!       #[cfg(not(debug_assertions))] { if few(…) { … break '__done … } }   loops over few points
//!       match checked(&__PROGRAM, __a0.kernels(), &[__a0.erased(), __a1.erased()], &[], &mut [0; 4]) {
//!         Ok(__call) => __call.array::<Ix3>(),
//!         Err(__error) => raise(__error),
//! } } } } } }
//! ```
//!
//! It names only absolute paths and `__`-prefixed names, and holds no `unsafe`.

mod agree;
mod arguments;
mod direct;
mod encoding;
mod few_points;
mod function;
mod numbers;
mod program;
mod results;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

use crate::ir::expr::{ArrayId, Expr, Given, Index, IndexId};
use crate::ir::{Call, Form, Program};

pub(crate) use encoding::encode;
pub(crate) use function::emit_functions;

/// Emits a program with the arguments of its call.
pub(crate) fn emit(call: &Call, program: &Program) -> TokenStream {
    let body = body(call, program);
    let bound = arguments::emit_bindings(call, &program.expr, body);
    let facade = &call.facade;
    let method = match call.form {
        // Unused where the output is `&mut …` itself.
        Form::Into => quote! { #[allow(unused_imports)] use __einloom::OutputPlace as _; },
        Form::View => quote! { use __einloom::Viewable as _; },
        Form::Einsum | Form::Try | Form::Grad | Form::Fn => TokenStream::new(),
    };
    let code = quote! {
        use #facade::__private as __einloom;
        #method
    };
    let code = match call.form {
        Form::Into | Form::Try => quote! { #code #bound },
        Form::Einsum | Form::Grad | Form::View | Form::Fn => {
            quote! { #code __einloom::must_use(#bound) }
        }
    };
    // The block has the edition of the macro crate, which decides how long the temporaries live.
    let mut block = Group::new(Delimiter::Brace, code);
    block.set_span(Span::mixed_site());
    block.into_token_stream()
}

/// What runs once every argument is bound.
fn body(call: &Call, program: &Program) -> TokenStream {
    let expr = &program.expr;
    let agreements = agree::emit_agreements(call, expr);
    let shown = |role| call.argument(role).map_or("", |argument| &argument.source);
    let constants = match call.form {
        Form::View => program::emit_view_program(program, shown),
        _ => program::emit_program(program, shown),
    };
    let scales = arguments::emit_scales(call);
    let direct = direct::emit_direct(call.form, program, &scales);
    let of_call = emit_of_call(call, expr);
    let product = &expr.product.output;
    let is_array = !product.axes.is_empty() && expr.ellipsis_position(product).is_none();
    let value = match call.form {
        Form::Einsum | Form::Try | Form::Fn => results::emit_result(program),
        Form::Into => {
            let (checked, none) = (variable("call"), quote! { ::core::option::Option::None });
            let scales = if scales.is_empty() {
                quote! { #none, #none }
            } else {
                scales
            };
            quote! { #checked.fill(#scales) }
        }
        Form::Grad => results::emit_results(program),
        Form::View => results::emit_view(expr),
    };
    let value = succeed(call.form, value);
    let (error, checked_call) = (variable("error"), variable("call"));
    let failed = match call.form {
        Form::Try => quote! { ::core::result::Result::Err(#error) },
        _ => quote! { __einloom::raise(#error) },
    };
    let ok = if call.form == Form::View {
        quote! { () }
    } else {
        quote! { #checked_call }
    };
    let run = match call.form {
        Form::Einsum if is_array => {
            let dimension = results::emit_dimension(product.axes.len());
            quote! { __einloom::einsum::<_, #dimension>(#of_call) }
        }
        _ => {
            let checked = if call.form == Form::View { "checked_view" } else { "checked" };
            let checked = Ident::new(checked, Span::mixed_site());
            quote! {
                match __einloom::#checked(#of_call) {
                    ::core::result::Result::Ok(#ok) => #value,
                    ::core::result::Result::Err(#error) => #failed,
                }
            }
        }
    };
    let run = match call.form {
        Form::View if !expr.arrays[0].term.is_plain() => {
            let (extents, count) = (variable("extents"), expr.indices.len());
            quote! { { let mut #extents = [0; #count]; #run } }
        }
        _ => run,
    };
    let run = match direct.is_empty() {
        true => run,
        false => quote! { '__done: { #direct #run } },
    };
    quote! { #agreements #constants #run }
}

/// The value of a call that has not failed.
fn succeed(form: Form, value: TokenStream) -> TokenStream {
    match form {
        Form::Try => quote! { ::core::result::Result::Ok(#value) },
        _ => value,
    }
}

/// Emits the arguments that hand a call over to the runtime.
fn emit_of_call(call: &Call, expr: &Expr) -> TokenStream {
    let first = array(ArrayId(0));
    let arrays = (0..expr.arrays.len()).map(|number| {
        let name = array(ArrayId(number));
        quote! { #name.erased() }
    });
    let count = expr.indices.len();
    let (arrays, extents) = (quote! { &[#(#arrays),*] }, quote! { &mut [0; #count] });
    let given = program::given(expr).map(|(_, given)| emit_given(given));
    if call.form == Form::View {
        let extents = match expr.arrays[0].term.is_plain() {
            true => extents,
            // The view is made with them.
            false => {
                let extents = variable("extents");
                quote! { &mut #extents }
            }
        };
        return quote! { &__PROGRAM, #arrays, &[#(#given),*], #extents };
    }
    quote! { &__PROGRAM, #first.kernels(), #arrays, &[#(#given),*], #extents }
}

/// The extent of an index: as given, or of its first axis.
fn emit_extent(index: &Index) -> TokenStream {
    match (index.given, index.sites.first()) {
        (Some(given), _) => emit_given(given),
        (None, Some(site)) => {
            let (array, axis) = (array(site.array), site.axis);
            quote! { #array.extent(#axis) }
        }
        (None, None) => unreachable!("`resolve` demands an extent for every index"),
    }
}

fn emit_given(given: Given) -> TokenStream {
    match given.literal {
        Some(literal) => quote! { #literal },
        None => option(given.position).into_token_stream(),
    }
}

/// A local variable. The prefix keeps it apart from the user's constants, which macro hygiene does
/// not.
fn variable(name: &str) -> Ident {
    Ident::new(&format!("__{name}"), Span::mixed_site())
}

/// The variable of a bound array.
fn array(ArrayId(array): ArrayId) -> Ident {
    format_ident!("__a{array}", span = Span::mixed_site())
}

/// The variable of a named index' extent.
fn extent(IndexId(index): IndexId) -> Ident {
    format_ident!("__n{index}", span = Span::mixed_site())
}

/// The variable of an option's value.
fn option(position: usize) -> Ident {
    format_ident!("__o{position}", span = Span::mixed_site())
}
