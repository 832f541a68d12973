//! Tokens to [`Call`] or [`Signature`], and its index string to [`Ast`].

mod call;
mod fragment;
mod options;
mod parentheses;
mod scan;
mod signature;
mod source;
mod string;

pub(crate) use call::call;
pub(crate) use options::is_scale;
pub(crate) use signature::signatures;

use crate::diagnostic::Diagnostics;
use crate::ir::ast::{Ast, ExtentOption};
use crate::ir::{Call, Form, Signature};

/// Parses the index string and the literal extents of a call.
pub(crate) fn parse(call: &Call) -> Result<Ast, Diagnostics> {
    let extents = options::extents(call)?;
    index_string(call.form, &call.text, call.operands.len(), extents)
}

/// Parses the terms of a signature, all in one mode, and its extents.
///
/// The positions of the extents are those of the parameters that are extents, and then those of the options.
pub(crate) fn terms(signature: &Signature) -> Result<Ast, Diagnostics> {
    let labels = signature.extents().map(|extent| (extent.word(), None));
    let options = signature.options.iter();
    let literals =
        options.map(|option| (option.name.clone(), options::literal(&option.value).ok().flatten()));
    let extents = labels.chain(literals).enumerate();
    let extents =
        extents.map(|(position, (label, literal))| ExtentOption { label, literal, position });
    let operands = signature.operands().count();
    index_string(Form::Fn, &signature.index_string(), operands, extents.collect())
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
