//! Programs to Rust: [`Program`] to one expression.
//!
//! The expression binds every argument once and in order, checks extents, and only then calls the
//! kernels of the runtime:
//!
//! ```text
//! { use $crate::__private as __einloom;
//!   match operand(&x) { __a0 => match operand_like(&w, &__a0) { __a1 => {
//!     agree_letter::<'k', …>(&__a0, &__a1);          static extents, in the types
//!     let __n0 = __a0.extent(0); …                   one a named index
//!     match __a0.rank().and(same("k", …)) {          run-time extents
//!       Ok(()) => { let __t0 = reduce(…); contract(…).into_array() }
//!       Err(error) => raise(error),
//! } } } } }
//! ```
//!
//! It names only absolute paths and `__`-prefixed variables, and holds no `unsafe`.

mod arguments;
mod checks;
mod nests;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

use crate::ir::expr::{ArrayId, IndexId};
use crate::ir::{Call, Form, Program};

/// Emits a program with the arguments of its call.
pub(crate) fn emit(call: &Call, program: &Program) -> TokenStream {
    let body = body(call, program);
    let bound = arguments::emit_bindings(call, &program.expr, body);
    let facade = &call.facade;
    let method = match call.form {
        // Unused where the output is `&mut …` itself.
        Form::Into => quote! { #[allow(unused_imports)] use __einloom::OutputPlace as _; },
        Form::View => quote! { use __einloom::Viewable as _; },
        Form::Einsum | Form::Try | Form::Grad => TokenStream::new(),
    };
    let code = quote! {
        use #facade::__private as __einloom;
        #method
    };
    let code = match call.form {
        Form::Into | Form::Try => quote! { #code #bound },
        Form::Einsum | Form::Grad | Form::View => quote! { #code __einloom::must_use(#bound) },
    };
    // The block has the edition of the macro crate, which decides how long the temporaries live.
    let mut block = Group::new(Delimiter::Brace, code);
    block.set_span(Span::mixed_site());
    block.into_token_stream()
}

/// What runs once every argument is bound.
fn body(call: &Call, program: &Program) -> TokenStream {
    let expr = &program.expr;
    let agree = checks::emit_static(call, expr);
    let check = checks::emit_dynamic(call, program);
    let (extents, choices) = match call.form {
        Form::View => (TokenStream::new(), TokenStream::new()),
        _ => (checks::emit_extents(expr), nests::emit_choices(program)),
    };
    let value = match call.form {
        Form::Einsum | Form::Try => nests::emit_result(program, 0, None),
        Form::Into => nests::emit_result(program, 0, Some(&arguments::emit_scales(call))),
        Form::Grad => {
            let gradients =
                (0..expr.products.len()).map(|number| nests::emit_result(program, number, None));
            quote! { (#(#gradients,)*) }
        }
        Form::View => nests::emit_view(expr),
    };
    let error = variable("error");
    let (value, failed) = match call.form {
        Form::Try => (
            quote! { ::core::result::Result::Ok(#value) },
            quote! { ::core::result::Result::Err(#error) },
        ),
        _ => (value, quote! { __einloom::raise(#error) }),
    };
    quote! {
        #agree
        #extents
        #choices
        match #check {
            ::core::result::Result::Ok(()) => #value,
            ::core::result::Result::Err(#error) => #failed,
        }
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

/// The variable of an intermediate.
fn intermediate(number: usize) -> Ident {
    format_ident!("__t{number}", span = Span::mixed_site())
}

/// The variable of a product's chosen alternative.
fn choice(product: usize) -> Ident {
    format_ident!("__c{product}", span = Span::mixed_site())
}

/// The variable of an option's value.
fn option(position: usize) -> Ident {
    format_ident!("__o{position}", span = Span::mixed_site())
}
