//! Tokens to [`Call`], and its index string to [`Ast`].

mod call;
mod fragment;
mod options;
mod parentheses;
mod scan;
mod source;
mod string;

pub(crate) use call::call;
pub(crate) use options::is_scale;

use crate::diagnostic::Diagnostics;
use crate::ir::ast::{Ast, ExtentOption};
use crate::ir::{Call, Form};

/// Parses the index string and the literal extents of a call.
pub(crate) fn parse(call: &Call) -> Result<Ast, Diagnostics> {
    let extents = options::extents(call)?;
    index_string(call.form, &call.text, call.operands.len(), extents)
}

/// Parses an index string.
pub(crate) fn index_string(
    form: Form,
    text: &str,
    operands: usize,
    extents: Vec<ExtentOption>,
) -> Result<Ast, Diagnostics> {
    let string = string::string(text)?;
    let ast = Ast {
        form,
        text: text.to_owned(),
        mode: string.mode,
        inputs: string.inputs,
        output: string.output,
        operands,
        extents,
    };
    ast.verify();
    Ok(ast)
}
