//! The compiler behind `einloom`'s macros: an index string becomes loops.
//!
//! Everything here runs while the user's crate compiles, or in tests without rustc: a plain library
//! over `proc_macro2` tokens. It is an implementation detail of `einloom` and follows no semantic
//! versioning of its own.
//!
//! ```text
//! parse → resolve → check → plan ⇄ differentiate
//!                             └→ lower → emit
//!                                   └→ interpret (tests)
//! ```
//!
//! [`compile`] runs all of it for a macro call; [`program`] stops before `emit`, from a bare index
//! string, and [`interpret`] executes what it returns.

#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod ir;

// The stages, in the order they run. Each has one public verb, named like it.
mod check; //         ir::Expr.                After this: the macro's own demands on it hold.
mod derive; //        ir::Signature → ir::Function: what `einsum_fn!` emits.
mod differentiate; // ir::Graph → ir::Graph.   For `plan`: derivatives of a graph of steps.
mod emit; //          ir::Program → tokens.
mod lower; //         ir::Plan → ir::Program.  After this: no index sets, only loops and kernels.
mod parse; //         tokens → ir::Call, and its index string → ir::Ast
mod plan; //          ir::Expr → ir::Plan.     After this: every step has at most two sources.
mod resolve; //       ir::Ast → ir::Expr.      After this: no labels, only `IndexId`s.

mod interpret; //     ir::Program over `Vec<f64>`: what the loops mean, without rustc.

use proc_macro2::TokenStream;

pub use diagnostic::{Diagnostic, Diagnostics, Rule};
pub use interpret::{Tensor, interpret};
pub use ir::{Form, Program, Request, Wanted};

use ir::ast::{Ast, ExtentOption};

/// Compiles one macro call: the tokens between the macro's parentheses, after the path of the
/// facade crate, to an expression.
///
/// A mistake becomes a `compile_error!` expression, so the result always is one.
#[must_use]
pub fn compile(form: Form, input: TokenStream) -> TokenStream {
    let call = match parse::call(form, input) {
        Ok(call) => call,
        Err(diagnostics) => return diagnostics.into_tokens(None),
    };
    match compile_call(&call) {
        Ok(tokens) => tokens,
        Err(diagnostics) => diagnostics.into_tokens(Some(&call)),
    }
}

/// Compiles the tokens of `einsum_fn!` to items.
///
/// A mistake becomes a `compile_error!` item in place of its function.
#[must_use]
pub fn compile_functions(input: TokenStream) -> TokenStream {
    let signatures = match parse::signatures(input) {
        Ok(signatures) => signatures,
        Err(diagnostics) => return diagnostics.into_items(&[]),
    };
    let compiled = signatures.iter().map(|signature| match compile_signature(signature) {
        Ok(tokens) => tokens,
        Err(diagnostics) => {
            let diagnostics = diagnostics.moved(|place| signature.place(place));
            diagnostics.into_items(&signature.conditions())
        }
    });
    compiled.collect()
}

fn compile_signature(signature: &ir::Signature) -> Result<TokenStream, Diagnostics> {
    check::signature(signature)?;
    let ast = parse::terms(signature)?;
    let mut compiled = Vec::new();
    for function in derive::derive(signature) {
        let program = request_program(&ast, &function.request)?;
        compiled.push((function, program));
    }
    Ok(emit::emit_functions(signature, &compiled))
}

fn compile_call(call: &ir::Call) -> Result<TokenStream, Diagnostics> {
    let ast = parse::parse(call)?;
    let program = request_program(&ast, &Request::of_form(call.form, call.operands.len()))?;
    Ok(emit::emit(call, &program))
}

/// Compiles an index string up to the loops, as the macro `form` would for `operands` operands
/// (for [`Form::Grad`] without the cotangent) and the given literal extents.
///
/// # Errors
///
/// The diagnostics that the macro would show.
pub fn program(
    form: Form,
    text: &str,
    operands: usize,
    extents: &[(&str, usize)],
) -> Result<Program, Diagnostics> {
    program_of(form, text, operands, extents, &Request::of_form(form, operands))
}

/// As [`program()`], of another request than the macro's own. The arrays of the program are the operands, the cotangent, the
/// tangents, and the existing outputs, as far as the request has them and they are taken.
///
/// # Errors
///
/// As [`program()`].
pub fn program_of(
    form: Form,
    text: &str,
    operands: usize,
    extents: &[(&str, usize)],
    request: &Request,
) -> Result<Program, Diagnostics> {
    let options = extents.iter().map(|&(label, n)| ExtentOption::literal(label, n)).collect();
    let ast = parse::index_string(form, text, operands, options)?;
    request_program(&ast, request)
}

/// Encodes a program as the functions of `einsum_fn!` hold theirs, whose arguments then have no names.
#[must_use]
pub fn encode(program: &Program) -> Vec<u8> {
    emit::encode(program, |_| String::new())
}

/// Compiles what is wanted of an index string up to the loops.
fn request_program(ast: &Ast, request: &Request) -> Result<Program, Diagnostics> {
    let expr = resolve::resolve(ast, request)?;
    expr.verify();
    check::check(ast, &expr)?;
    let plan = plan::plan(expr, request);
    plan.verify();
    let program = lower::lower(plan, request);
    program.verify();
    Ok(program)
}
