//! The entry points of `einloom`'s macros.
//!
//! Each takes the tokens of a call behind the path of the facade crate in parentheses, as the
//! facade's `macro_rules` wrappers pass them; use those, which also hold the documentation.

#![forbid(unsafe_code)]

use einsum_compiler::{compile, compile_functions, Form};
use proc_macro::TokenStream;

/// The value of an einsum.
#[proc_macro]
pub fn einsum_impl(input: TokenStream) -> TokenStream {
    compile(Form::Einsum, input.into()).into()
}

/// The value of an einsum, or the error in its shapes.
#[proc_macro]
pub fn try_einsum_impl(input: TokenStream) -> TokenStream {
    compile(Form::Try, input.into()).into()
}

/// The value of an einsum in an existing array.
#[proc_macro]
pub fn einsum_into_impl(input: TokenStream) -> TokenStream {
    compile(Form::Into, input.into()).into()
}

/// The gradients of an einsum.
#[proc_macro]
pub fn einsum_grad_impl(input: TokenStream) -> TokenStream {
    compile(Form::Grad, input.into()).into()
}

/// A view of an array with its axes rearranged.
#[proc_macro]
pub fn einsum_view_impl(input: TokenStream) -> TokenStream {
    compile(Form::View, input.into()).into()
}

/// Functions that compute einsums and their derivatives.
#[proc_macro]
pub fn einsum_fn_impl(input: TokenStream) -> TokenStream {
    compile_functions(input.into()).into()
}
