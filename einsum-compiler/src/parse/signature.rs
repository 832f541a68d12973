//! The tokens of `einsum_fn!`: signatures.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Ident, LitStr, Meta, Token, Type, Visibility, parenthesized};

use super::options::literal;
use super::scan::{TokenKind, scan};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Rule};
use crate::ir::call::{NamedOption, spans};
use crate::ir::signature::{Parameter, ParameterKind, Signature, TermLiteral};

/// Splits the tokens of `einsum_fn!`: `($crate) signature; …`.
pub(crate) fn signatures(input: TokenStream) -> Result<Vec<Signature>, Diagnostics> {
    let mut out = Diagnostics::default();
    let parser = |input: ParseStream<'_>| {
        all(input, &mut out).inspect_err(|_| {
            // What remains is part of the same mistake.
            let _: Result<TokenStream, _> = input.parse();
        })
    };
    match parser.parse2(input) {
        Ok(signatures) => out.finish(signatures),
        Err(error) => {
            if out.iter().next().is_none() {
                let place = Place::Tokens(error.span(), error.span());
                out.push(Diagnostic::new(Rule::Syntax, error.to_string(), place));
            }
            Err(out)
        }
    }
}

fn all(input: ParseStream<'_>, out: &mut Diagnostics) -> syn::Result<Vec<Signature>> {
    let facade;
    parenthesized!(facade in input);
    let facade: TokenStream = facade.parse()?;
    let mut signatures = Vec::new();
    while !input.is_empty() {
        signatures.push(signature(facade.clone(), input, out)?);
    }
    Ok(signatures)
}

/// Parses one signature. A mistake that does not end it is pushed; the error of one that does is only the end.
fn signature(
    facade: TokenStream,
    input: ParseStream<'_>,
    out: &mut Diagnostics,
) -> syn::Result<Signature> {
    let mut attributes = input.call(Attribute::parse_outer)?;
    let with_hvp = take(&mut attributes, "hvp", out);
    if let Some(misplaced) = attributes.iter().find(|attribute| is(attribute, "no_grad")) {
        let message = "`#[no_grad]` is an attribute of a parameter";
        out.push(
            at(Rule::MisplacedAttribute, message, misplaced)
                .help("write it before the name of the operand that needs no gradient"),
        );
    }
    let visibility: Visibility = input.parse()?;
    input.parse::<Token![fn]>()?;
    let name: Ident = input.parse()?;
    let element = element(input, out)?;
    let content;
    parenthesized!(content in input);
    let mut parameters = Vec::new();
    while !content.is_empty() && !content.peek(Token![;]) {
        parameters.push(parameter(&content, out)?);
        if !content.peek(Token![,]) {
            break;
        }
        content.parse::<Token![,]>()?;
    }
    let mut options = Vec::new();
    if content.peek(Token![;]) {
        content.parse::<Token![;]>()?;
        while !content.is_empty() {
            options.push(option(&content, out)?);
            if !content.peek(Token![,]) {
                break;
            }
            content.parse::<Token![,]>()?;
        }
    }
    if !content.is_empty() {
        return Err(content.error("expected `,`, `;`, or the end of the parameters"));
    }
    if !input.peek(Token![->]) {
        let message = format!("the signature of `{}` has no output", name.unraw());
        let help = "write the output's term after `->`; that of a scalar is `\"\"`";
        return end(out, input, at(Rule::MissingArrow, message, &name).help(help));
    }
    input.parse::<Token![->]>()?;
    if !input.peek(LitStr) {
        let message = "the type of the output is its term, a string literal";
        let found = found(input)?;
        return end(
            out,
            input,
            at(Rule::TermNotString, message, found)
                .help("as `-> \"i j\"`; that of a scalar is `\"\"`"),
        );
    }
    let output = term(input, out)?;
    input.parse::<Token![;]>()?;
    Ok(Signature {
        facade,
        attributes,
        with_hvp,
        visibility,
        name,
        element,
        parameters,
        options,
        output,
    })
}

/// Parses `<f32>`.
fn element(input: ParseStream<'_>, out: &mut Diagnostics) -> syn::Result<Option<Type>> {
    if !input.peek(Token![<]) {
        return Ok(None);
    }
    input.parse::<Token![<]>()?;
    let help = "without it the function is generic over the element type";
    if !input.peek(syn::Lifetime) && !input.peek(Token![const]) {
        let element: Type = input.parse()?;
        if input.peek(Token![>]) {
            input.parse::<Token![>]>()?;
            return Ok(Some(element));
        }
        let message = "between `<` and `>` stands one element type";
        return end(out, input, at(Rule::NotAnElement, message, element).help(help));
    }
    let message = "between `<` and `>` stands one element type";
    let place = Place::Tokens(input.span(), input.span());
    end(out, input, Diagnostic::new(Rule::NotAnElement, message, place).help(help))
}

fn parameter(input: ParseStream<'_>, out: &mut Diagnostics) -> syn::Result<Parameter> {
    let mut attributes = input.call(Attribute::parse_outer)?;
    let is_constant = take(&mut attributes, "no_grad", out);
    for other in &attributes {
        let message = match is(other, "hvp") {
            true => "`#[hvp]` is an attribute of a function".to_owned(),
            false => {
                let path = other.path().to_token_stream().to_string().replace(' ', "");
                format!("a parameter cannot have the attribute `{path}`")
            }
        };
        out.push(
            at(Rule::MisplacedAttribute, message, other)
                .help("the only attribute of a parameter is `#[no_grad]`"),
        );
    }
    let name: Ident = input.parse()?;
    input.parse::<Token![:]>()?;
    if input.peek(LitStr) {
        let term = term(input, out)?;
        return Ok(Parameter { name, kind: ParameterKind::Operand { term, is_constant } });
    }
    let found = found(input)?;
    if found.to_string() == "usize" {
        if is_constant {
            let message = "an extent has no gradient";
            out.push(
                at(Rule::MisplacedAttribute, message, &name).help("`#[no_grad]` is for an operand"),
            );
        }
        return Ok(Parameter { name, kind: ParameterKind::Extent });
    }
    let message = format!("the type of `{}` is not a string literal", name.unraw());
    end(
        out,
        input,
        at(Rule::TermNotString, message, found)
            .help("the type of an operand is its term, as `\"i j\"`")
            .help("the type of an extent is `usize`"),
    )
}

/// The tokens up to the next comma, semicolon, or end, which is what stands in place of a string.
fn found(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) && !input.peek(Token![;]) {
        let tree: proc_macro2::TokenTree = input.parse()?;
        tokens.extend([tree]);
    }
    if tokens.is_empty() { Err(input.error("expected a string literal")) } else { Ok(tokens) }
}

/// Parses a string and checks that it is one term.
fn term(input: ParseStream<'_>, out: &mut Diagnostics) -> syn::Result<TermLiteral> {
    let string: LitStr = input.parse()?;
    let term = TermLiteral { literal: string.token(), text: string.value() };
    let mut mistakes = Diagnostics::default();
    let separator = scan(&term.text, &mut mistakes)
        .into_iter()
        .find(|token| matches!(token.kind, TokenKind::Comma | TokenKind::Arrow));
    if let Some(separator) = separator {
        let place = term.at(separator.range);
        let mut diagnostic =
            Diagnostic::new(Rule::NotOneTerm, "the string of a signature is one term", place);
        diagnostic.label = "a second one begins here".to_owned();
        out.push(diagnostic.help("every parameter has a string of its own, and so has the output"));
    }
    for mistake in mistakes {
        let place = match &mistake.place {
            Place::Text { range, .. } => term.at(range.clone()),
            other => other.clone(),
        };
        out.push(Diagnostic { place, ..mistake });
    }
    Ok(term)
}

fn option(input: ParseStream<'_>, out: &mut Diagnostics) -> syn::Result<NamedOption> {
    let option = super::call::option(input, out)?;
    if !matches!(literal(&option.value), Ok(Some(_))) {
        let (first, last) = spans(&option.value);
        let message = format!("the extent of `{}` is not an integer literal", option.name);
        out.push(
            Diagnostic::new(Rule::ExtentNotLiteral, message, Place::Tokens(first, last))
                .help(format!("make it a parameter: `{}: usize`", option.name)),
        );
    }
    Ok(option)
}

/// Removes an attribute of ours, and returns whether it was there.
fn take(attributes: &mut Vec<Attribute>, name: &str, out: &mut Diagnostics) -> bool {
    let before = attributes.len();
    attributes.retain(|attribute| {
        if is(attribute, name) && !matches!(attribute.meta, Meta::Path(_)) {
            let message = format!("`#[{name}]` has no arguments");
            out.push(at(Rule::AttributeArgument, message, attribute));
        }
        !is(attribute, name)
    });
    attributes.len() < before
}

fn is(attribute: &Attribute, name: &str) -> bool {
    attribute.path().is_ident(name)
}

/// A mistake at some tokens.
fn at(rule: Rule, message: impl Into<String>, tokens: impl ToTokens) -> Diagnostic {
    let tokens: Vec<_> = tokens.to_token_stream().into_iter().collect();
    let first = tokens.first().map_or_else(Span::call_site, proc_macro2::TokenTree::span);
    let last = tokens.last().map_or(first, proc_macro2::TokenTree::span);
    Diagnostic::new(rule, message, Place::Tokens(first, last))
}

/// Records a mistake and ends the parse.
fn end<T>(out: &mut Diagnostics, input: ParseStream<'_>, what: Diagnostic) -> syn::Result<T> {
    out.push(what);
    Err(input.error("recorded"))
}
