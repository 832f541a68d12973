//! What stands in parentheses: a name, a window `2*x+k-1`, or the names of a composed axis `h w`.

use std::ops::Range;

use super::scan::is_word;
use super::string;
use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::ir::ast::{AxisKind, Name, Window, WindowTerm};

/// No number of a window is larger, nor the product of a term's, so that sums of them cannot overflow.
const LARGEST: usize = i32::MAX as usize;

/// Makes the axis of what stands at `range`, which is not empty.
pub(super) fn axis(text: &str, range: Range<usize>, out: &mut Diagnostics) -> Option<AxisKind> {
    let pieces = pieces(text, range, out)?;
    if pieces.iter().any(|piece| piece.kind == PieceKind::Operator) {
        return window(text, &pieces, out).map(AxisKind::Window);
    }
    match &pieces[..] {
        [only] => string::name(text, only.range.clone(), out),
        _ => composed(text, &pieces, out).map(AxisKind::Composed),
    }
}

/// A word or an operator in parentheses.
struct Piece {
    range: Range<usize>,
    kind: PieceKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PieceKind {
    Word,
    Operator,
}

/// Splits what stands in parentheses. Anything but words and operators is a mistake.
fn pieces(text: &str, range: Range<usize>, out: &mut Diagnostics) -> Option<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut touches = false;
    for (offset, c) in text[range.clone()].char_indices() {
        let at = range.start + offset;
        let end = at + c.len_utf8();
        match c {
            _ if c.is_whitespace() => touches = false,
            '+' | '-' | '*' => {
                pieces.push(Piece { range: at..end, kind: PieceKind::Operator });
                touches = false;
            }
            _ if is_word(c) => {
                match pieces.last_mut() {
                    Some(last) if touches => last.range.end = end,
                    _ => pieces.push(Piece { range: at..end, kind: PieceKind::Word }),
                }
                touches = true;
            }
            '.' | '…' => {
                let dots = text[at..range.end].chars().take_while(|c| matches!(c, '.' | '…'));
                let end = at + dots.map(char::len_utf8).sum::<usize>();
                let message = "an ellipsis in parentheses";
                let label = "any number of axes";
                let diagnostic =
                    Diagnostic::text(Rule::ComposedAxis, message, text, at..end, label);
                out.push(diagnostic.help("parentheses hold the labels of one axis"));
                return None;
            }
            _ => {
                let shown =
                    if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
                let message = format!("unexpected character `{shown}` in parentheses");
                out.push(Diagnostic::text(Rule::BadCharacter, message, text, at..end, ""));
                return None;
            }
        }
    }
    Some(pieces)
}

fn composed(text: &str, pieces: &[Piece], out: &mut Diagnostics) -> Option<Vec<Name>> {
    let mut names = Vec::new();
    for Piece { range, .. } in pieces {
        match string::name(text, range.clone(), out)? {
            AxisKind::Label(name) => names.push(Name { name, range: range.clone() }),
            _ => {
                let message = "a composed axis consists of labels";
                let (range, label) = (range.clone(), "not a label");
                let diagnostic = Diagnostic::text(Rule::ComposedAxis, message, text, range, label);
                out.push(diagnostic.help("an extent of one changes nothing here: leave it out"));
                return None;
            }
        }
    }
    Some(names)
}

/// Parses a sum of products.
fn window(text: &str, pieces: &[Piece], out: &mut Diagnostics) -> Option<Window> {
    let mut window = Window { terms: Vec::new(), offset: 0 };
    let mut rest = pieces;
    let mut is_first = true;
    while !rest.is_empty() || is_first {
        let minus = match rest {
            [sign, behind @ ..] if is_operator(text, sign, "+-") => {
                rest = behind;
                &text[sign.range.clone()] == "-"
            }
            _ => false,
        };
        is_first = false;
        let product = product(text, pieces, &mut rest, out)?;
        let Product { factor, names, range } = product;
        let mut names = names.into_iter();
        let (scale, label) = match (names.next(), names.next(), names.next()) {
            (None, ..) => {
                let factor = factor.cast_signed();
                window.offset += if minus { -factor } else { factor };
                continue;
            }
            (Some(label), None, _) => (None, label),
            (Some(scale), Some(label), None) => (Some(scale), label),
            (.., Some(third)) => {
                let message = "a term of a window has one label and one named coefficient";
                out.push(mistake(text, message, third.range, "a third name"));
                return None;
            }
        };
        if minus {
            let message = format!("`{}` is subtracted in a window", label.name);
            let diagnostic = mistake(text, &message, range, "coefficients are positive");
            out.push(diagnostic.help("only a number is subtracted, as in `x+k-1`"));
            return None;
        }
        if factor == 0 {
            let message = format!("the coefficient of `{}` is zero", label.name);
            out.push(mistake(text, &message, range, "always the same position"));
            return None;
        }
        window.terms.push(WindowTerm { factor, scale, label });
    }
    if window.terms.is_empty() {
        let range = pieces[0].range.start..pieces[pieces.len() - 1].range.end;
        out.push(mistake(text, "a window without a label", range, "numbers only"));
        return None;
    }
    Some(window)
}

/// `2*s*x`: numbers and names.
struct Product {
    factor: usize,
    names: Vec<Name>,
    range: Range<usize>,
}

/// Parses a product at the beginning of `rest`, which moves behind it and a following sign's place.
fn product(
    text: &str,
    all: &[Piece],
    rest: &mut &[Piece],
    out: &mut Diagnostics,
) -> Option<Product> {
    let end = all[all.len() - 1].range.end;
    let start = rest.first().map_or(end, |piece| piece.range.start);
    let mut product = Product { factor: 1, names: Vec::new(), range: start..start };
    loop {
        let word = match *rest {
            [word, behind @ ..] if word.kind == PieceKind::Word => {
                *rest = behind;
                word.range.clone()
            }
            [operator, ..] => {
                let message = "expected a label or a number in the window";
                out.push(mistake(text, message, operator.range.clone(), "an operator"));
                return None;
            }
            [] => {
                let message = "expected a label or a number in the window";
                out.push(mistake(text, message, end..end, "the window ends here"));
                return None;
            }
        };
        product.range.end = word.end;
        factor(text, word, &mut product, out)?;
        match *rest {
            [star, behind @ ..] if is_operator(text, star, "*") => *rest = behind,
            [second, ..] if second.kind == PieceKind::Word => {
                let message = "expected `+`, `-`, or `*` in the window";
                let range = second.range.clone();
                out.push(mistake(text, message, range, "no operator before it"));
                return None;
            }
            _ => return Some(product),
        }
    }
}

/// Multiplies a product by a number or name.
fn factor(
    text: &str,
    range: Range<usize>,
    product: &mut Product,
    out: &mut Diagnostics,
) -> Option<()> {
    let word = &text[range.clone()];
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    if digits == word.len() {
        let number = word.parse().ok().filter(|&number: &usize| number <= LARGEST);
        let factor = number.and_then(|number| product.factor.checked_mul(number));
        let Some(factor) = factor.filter(|&factor| factor <= LARGEST) else {
            let message = format!("a number of a window is at most {LARGEST}");
            out.push(mistake(text, &message, range, "too large"));
            return None;
        };
        product.factor = factor;
        return Some(());
    }
    if digits > 0 {
        let (number, name) = word.split_at(digits);
        let message = format!("`{word}` is not a label");
        let diagnostic = mistake(text, &message, range, "begins with a digit");
        out.push(diagnostic.help(format!("a coefficient is multiplied: `{number}*{name}`")));
        return None;
    }
    match string::name(text, range.clone(), out)? {
        AxisKind::Label(name) => product.names.push(Name { name, range }),
        _ => unreachable!("`1` is a number"),
    }
    Some(())
}

fn is_operator(text: &str, piece: &Piece, operators: &str) -> bool {
    piece.kind == PieceKind::Operator && operators.contains(&text[piece.range.clone()])
}

fn mistake(text: &str, message: &str, range: Range<usize>, label: &str) -> Diagnostic {
    Diagnostic::text(Rule::WindowAxis, message, text, range, label)
}
