//! Tokens of the index string to terms of axes.

use std::ops::Range;

use unicode_ident::is_xid_start;

use super::parentheses;
use super::scan::{Token, TokenKind, scan};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::ir::ast::{Axis, AxisKind, Mode, Term};

/// The terms of an index string.
pub(super) struct IndexString {
    pub(super) mode: Mode,
    pub(super) inputs: Vec<Term>,
    pub(super) output: Option<Term>,
}

/// Parses an index string: terms separated by `,`, and the output after `->`.
pub(super) fn string(text: &str) -> Result<IndexString, Diagnostics> {
    let mut out = Diagnostics::default();
    let tokens = scan(text, &mut out);
    let mode = mode(&tokens);
    let mut terms = Vec::new();
    let mut arrow: Option<usize> = None;
    let mut term = Vec::new();
    let mut start = 0;
    for token in tokens {
        match token.kind {
            TokenKind::Comma => {
                terms.push(finish(text, mode, start..token.range.start, &term, &mut out));
                term.clear();
                start = token.range.end;
                if arrow.is_some() {
                    let message = "an einsum has one output";
                    let label = "a second one begins here";
                    let range = token.range;
                    out.push(Diagnostic::text(Rule::SecondOutput, message, text, range, label));
                }
            }
            TokenKind::Arrow => {
                terms.push(finish(text, mode, start..token.range.start, &term, &mut out));
                term.clear();
                start = token.range.end;
                if arrow.is_some() {
                    let message = "the index string has a second `->`";
                    let label = "one arrow is enough";
                    let range = token.range;
                    out.push(Diagnostic::text(Rule::SecondArrow, message, text, range, label));
                } else {
                    arrow = Some(terms.len());
                }
            }
            TokenKind::Word | TokenKind::Parenthesised(_) | TokenKind::Ellipsis => {
                term.push(token);
            }
        }
    }
    terms.push(finish(text, mode, start..text.len(), &term, &mut out));
    let output = arrow.map(|inputs| terms.split_off(inputs));
    let output = output.and_then(|terms| terms.into_iter().next());
    out.finish(IndexString { mode, inputs: terms, output })
}

/// A string is in named mode when some term separates two axes by white space.
///
/// White space beside an ellipsis does not count, since an ellipsis is any number of axes.
fn mode(tokens: &[Token]) -> Mode {
    let is_axis =
        |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::Parenthesised(_));
    let separates = |pair: &[Token]| is_axis(&pair[0]) && is_axis(&pair[1]) && pair[1].spaced;
    if tokens.windows(2).any(separates) { Mode::Named } else { Mode::Letters }
}

/// Makes the axes of one term from its tokens.
fn finish(
    text: &str,
    mode: Mode,
    range: Range<usize>,
    tokens: &[Token],
    out: &mut Diagnostics,
) -> Term {
    let mut axes = Vec::new();
    for token in tokens {
        match &token.kind {
            TokenKind::Word if mode == Mode::Letters => {
                letters(text, token.range.clone(), &mut axes, out);
            }
            TokenKind::Word => {
                let kind = name(text, token.range.clone(), out);
                axes.extend(kind.map(|kind| Axis { range: token.range.clone(), kind }));
            }
            TokenKind::Parenthesised(inside) => {
                let kind = parentheses::axis(text, inside.clone(), out);
                axes.extend(kind.map(|kind| Axis { range: token.range.clone(), kind }));
            }
            TokenKind::Ellipsis => {
                if axes.iter().any(|axis: &Axis| axis.kind == AxisKind::Ellipsis) {
                    let message = "a term has at most one ellipsis";
                    let (range, label) = (token.range.clone(), "the second one");
                    out.push(Diagnostic::text(Rule::SecondEllipsis, message, text, range, label));
                } else {
                    axes.push(Axis { range: token.range.clone(), kind: AxisKind::Ellipsis });
                }
            }
            TokenKind::Comma | TokenKind::Arrow => {}
        }
    }
    let inside = &text[range.clone()];
    let start = range.start + (inside.len() - inside.trim_start().len());
    let range = start..start + inside.trim().len();
    Term { range, axes }
}

/// Splits a word into one axis a character.
fn letters(text: &str, range: Range<usize>, axes: &mut Vec<Axis>, out: &mut Diagnostics) {
    let word = &text[range.clone()];
    for (offset, c) in word.char_indices() {
        let at = range.start + offset;
        let range = at..at + c.len_utf8();
        let kind = match c {
            'a'..='z' | 'A'..='Z' => AxisKind::Label(c.to_string()),
            '1' => AxisKind::Unit,
            '0'..='9' => {
                out.push(bad_number(text, range, &c.to_string()));
                continue;
            }
            _ => {
                let message = format!("unexpected character `{c}` in the index string");
                let label = "not a letter a-z or A-Z";
                out.push(
                    Diagnostic::text(Rule::BadCharacter, message, text, range, label)
                        .help("separate axes by spaces to give them names"),
                );
                continue;
            }
        };
        axes.push(Axis { range, kind });
    }
}

/// Makes the axis of a name or `1`.
pub(super) fn name(text: &str, range: Range<usize>, out: &mut Diagnostics) -> Option<AxisKind> {
    let name = &text[range.clone()];
    let first = name.chars().next()?;
    if name == "1" {
        return Some(AxisKind::Unit);
    }
    if is_xid_start(first) || (first == '_' && name.len() > 1) {
        return Some(AxisKind::Label(name.to_owned()));
    }
    out.push(if first.is_ascii_digit() {
        bad_number(text, range, name)
    } else {
        let message = format!("`{name}` is not a label");
        Diagnostic::text(Rule::BadCharacter, message, text, range, "not an identifier")
    });
    None
}

fn bad_number(text: &str, range: Range<usize>, number: &str) -> Diagnostic {
    let message = format!("`{number}` is not a label");
    Diagnostic::text(Rule::BadNumber, message, text, range, "begins with a digit")
        .help("the only number is `1`, an axis of extent one")
}
