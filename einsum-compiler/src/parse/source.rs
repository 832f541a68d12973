//! Prints an operand's tokens as a person would write them, for run-time messages.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// How many characters are kept at most.
const WIDTH: usize = 60;

/// Returns the tokens as text: `&x.view()`, `foo(a, b)`.
pub(super) fn source(tokens: TokenStream) -> String {
    let mut text = String::new();
    write(&mut text, tokens);
    if text.chars().count() > WIDTH {
        text = text.chars().take(WIDTH - 1).chain(['…']).collect();
    }
    text
}

/// What the previous token asks of the next.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// An operand may begin: a `&` or `-` here is a prefix.
    Start,
    /// A word, literal, or group has ended.
    Operand,
    /// A punctuation character that joins: `.`, `::`, a prefix operator.
    Joint,
}

fn write(text: &mut String, tokens: TokenStream) {
    let mut before = Before::Start;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        before = match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(text, group.stream());
                text.push_str(close);
                Before::Operand
            }
            TokenTree::Punct(punct) => {
                let mut operator = String::from(punct.as_char());
                let mut last = punct;
                while last.spacing() == Spacing::Joint
                    && let Some(TokenTree::Punct(next)) = tokens.peek()
                {
                    // `&&x` and `*-x` are prefixes one by one, `::<` a path and a bracket, and
                    // `..,` an open range before a comma.
                    let apart = matches!(next.as_char(), ',' | ';')
                        || matches!(operator.as_str(), "::" | "<" | ">");
                    if before == Before::Start && operator != "." || apart {
                        break;
                    }
                    operator.push(next.as_char());
                    last = next.clone();
                    tokens.next();
                }
                punctuate(text, &operator, before)
            }
            word @ (TokenTree::Ident(_) | TokenTree::Literal(_)) => {
                if before == Before::Operand {
                    text.push(' ');
                }
                let word = word.to_string();
                text.push_str(&word);
                match word.as_str() {
                    "mut" | "move" | "as" | "return" => {
                        text.push(' ');
                        Before::Start
                    }
                    _ => Before::Operand,
                }
            }
        };
    }
}

fn punctuate(text: &mut String, operator: &str, before: Before) -> Before {
    match operator {
        "," | ";" => {
            text.push_str(operator);
            text.push(' ');
            Before::Start
        }
        "." | "::" | "?" | "'" | "#" | ".." | "..=" | "<" | ">" | "!" => {
            text.push_str(operator);
            if operator == "?" || operator == ">" { Before::Operand } else { Before::Joint }
        }
        _ if before == Before::Operand => {
            text.push(' ');
            text.push_str(operator);
            text.push(' ');
            Before::Start
        }
        _ => {
            text.push_str(operator);
            before
        }
    }
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn expressions_read_as_written() {
        for text in [
            "&x",
            "&&x",
            "&mut x",
            "x.view()",
            "&x.slice(s![.., 1..3, ..])",
            "foo(a, b)",
            "&self.weights[2]",
            "-0.5",
            "a + b * c",
            "f::<f64>(&y)?",
            "[1.0, 2.0]",
            "*p",
            "x.t().to_owned()",
            "Array2::<f64>::zeros((2, 3))",
        ] {
            assert_eq!(source(text.parse().unwrap()), text);
        }
    }

    #[test]
    fn long_expressions_are_cut() {
        let text = source(format!("f({}b)", "a, ".repeat(50)).parse().unwrap());
        assert_eq!(text.chars().count(), super::WIDTH);
        assert!(text.ends_with('…'));
    }
}
