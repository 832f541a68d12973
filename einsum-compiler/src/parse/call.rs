//! The tokens of a macro call, split into arguments.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, LitStr, Token, parenthesized};

use super::fragment::keep_together;
use super::source::source;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Rule};
use crate::ir::call::{Argument, NamedOption, spans};
use crate::ir::{Call, Form};

/// Splits the tokens of a call: `($crate) "string", operands…; …`.
pub(crate) fn call(form: Form, input: TokenStream) -> Result<Call, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let parser = |input: ParseStream<'_>| {
        arguments(form, input, &mut diagnostics).inspect_err(|_| {
            // What remains is part of the same mistake.
            let _: Result<TokenStream, _> = input.parse();
        })
    };
    match parser.parse2(keep_together(input)) {
        Ok(call) => diagnostics.finish(call),
        Err(error) => {
            if diagnostics.iter().next().is_none() {
                diagnostics.push(Diagnostic::new(
                    Rule::Syntax,
                    error.to_string(),
                    Place::Tokens(error.span(), error.span()),
                ));
            }
            Err(diagnostics)
        }
    }
}

/// Parses all arguments. A mistake of ours is pushed, and the error then only ends the parse.
fn arguments(form: Form, input: ParseStream<'_>, out: &mut Diagnostics) -> syn::Result<Call> {
    let facade;
    parenthesized!(facade in input);
    let facade: TokenStream = facade.parse()?;
    let string = index_string(form, input, out)?;
    let mut operands = Vec::new();
    if !input.is_empty() && !input.peek(Token![;]) && !input.peek(Token![=>]) {
        input.parse::<Token![,]>()?;
    }
    while !input.is_empty() && !input.peek(Token![;]) && !input.peek(Token![=>]) {
        operands.push(argument(input)?);
        if !input.peek(Token![,]) {
            break;
        }
        input.parse::<Token![,]>()?;
    }
    let target = target(form, input, out)?;
    let mut options = Vec::new();
    if input.peek(Token![;]) {
        input.parse::<Token![;]>()?;
        while !input.is_empty() {
            options.push(option(input, out)?);
            if !input.peek(Token![,]) {
                break;
            }
            input.parse::<Token![,]>()?;
        }
    }
    if !input.is_empty() {
        return Err(input.error("expected `,` or the end of the macro's arguments"));
    }
    Ok(Call {
        form,
        facade,
        literal: string.token(),
        text: string.value(),
        operands,
        target,
        options,
    })
}

fn index_string(form: Form, input: ParseStream<'_>, out: &mut Diagnostics) -> syn::Result<LitStr> {
    if input.peek(LitStr) {
        return input.parse();
    }
    let example = match form {
        Form::Einsum | Form::Try | Form::Fn => "\"ij,jk->ik\", &a, &b",
        Form::Into => "\"ij,jk->ik\", &a, &b => &mut c",
        Form::Grad => "\"ij,jk->ik\", &a, &b; &dc",
        Form::View => "\"ij->ji\", &a",
    };
    let help = format!("`{}({example})`", form.name());
    if input.is_empty() {
        let message = format!("`{}` needs an index string and operands", form.name());
        return mistake(out, input, Diagnostic::call(Rule::NoArguments, message).help(help));
    }
    let first: Expr = input.parse()?;
    let (start, end) = spans(&first);
    let place = Place::Tokens(start, end);
    mistake(
        out,
        input,
        match &first {
            Expr::Path(path) => Diagnostic::new(
                Rule::NamedString,
                format!(
                    "the index string must be a literal: a macro cannot see the value of `{}`",
                    source(path.to_token_stream())
                ),
                place,
            )
            .help("write the string itself here"),
            Expr::Macro(_) => Diagnostic::new(
                Rule::NotAString,
                "the index string must be a literal: a macro inside of a macro is not yet expanded",
                place,
            )
            .help("write the string itself here"),
            _ => Diagnostic::new(
                Rule::NotAString,
                "the first argument is the index string, a string literal",
                place,
            )
            .help(help),
        },
    )
}

/// Parses what is computed into or from: the output of `einsum_into!`, the cotangent of
/// `einsum_grad!`.
fn target(
    form: Form,
    input: ParseStream<'_>,
    out: &mut Diagnostics,
) -> syn::Result<Option<Argument>> {
    if input.peek(Token![=>]) {
        let arrow: Token![=>] = input.parse()?;
        if form != Form::Into {
            let message = format!("`{}` has no output argument", form.name());
            let place = Place::Tokens(arrow.spans[0], arrow.spans[1]);
            let diagnostic = Diagnostic::new(Rule::UnexpectedOutput, message, place)
                .help("`einsum_into!` writes to an existing array");
            return mistake(out, input, diagnostic);
        }
        let output = argument(input)?;
        if input.peek(Token![,]) && input.peek2(syn::parse::End) {
            input.parse::<Token![,]>()?;
        }
        return Ok(Some(output));
    }
    match form {
        Form::Into => {
            let message = "`einsum_into!` needs an output";
            let diagnostic = Diagnostic::call(Rule::MissingOutput, message)
                .help("name it after the operands: `=> &mut c`");
            mistake(out, input, diagnostic)
        }
        Form::Grad => {
            let is_option = input.peek(Token![;]) && {
                let ahead = input.fork();
                let _: Token![;] = ahead.parse()?;
                ahead.is_empty()
                    || (ahead.call(Ident::parse_any).is_ok()
                        && ahead.peek(Token![=])
                        && !ahead.peek(Token![==]))
            };
            if is_option || !input.peek(Token![;]) {
                let message = "`einsum_grad!` needs the cotangent of the output";
                let diagnostic = Diagnostic::call(Rule::MissingCotangent, message)
                    .help("name it after the operands: `; &dy`");
                return mistake(out, input, diagnostic);
            }
            input.parse::<Token![;]>()?;
            let cotangent = argument(input)?;
            if input.peek(Token![,]) && input.peek2(syn::parse::End) {
                input.parse::<Token![,]>()?;
            }
            Ok(Some(cotangent))
        }
        Form::Einsum | Form::Try | Form::View | Form::Fn => Ok(None),
    }
}

fn argument(input: ParseStream<'_>) -> syn::Result<Argument> {
    let expr: Expr = input.parse()?;
    let source = source(expr.to_token_stream());
    Ok(Argument { expr, source })
}

pub(super) fn option(input: ParseStream<'_>, out: &mut Diagnostics) -> syn::Result<NamedOption> {
    let ahead = input.fork();
    let name = ahead.call(Ident::parse_any);
    if name.is_err() || !ahead.peek(Token![=]) || ahead.peek(Token![==]) {
        let place = Place::Tokens(input.span(), input.span());
        let diagnostic =
            Diagnostic::new(Rule::MalformedOption, "expected an option: `name = value`", place)
                .help("an option gives the extent of a label, as `; j = 4`");
        return mistake(out, input, diagnostic);
    }
    let name = input.call(Ident::parse_any)?;
    input.parse::<Token![=]>()?;
    let value = input.parse()?;
    Ok(NamedOption { name: name.unraw().to_string(), span: name.span(), value })
}

/// Records a mistake and ends the parse.
fn mistake<T>(out: &mut Diagnostics, input: ParseStream<'_>, what: Diagnostic) -> syn::Result<T> {
    out.push(what);
    Err(input.error("recorded"))
}
