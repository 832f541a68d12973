//! Characters of the index string to tokens with places.

use std::ops::Range;

use unicode_ident::{is_xid_continue, is_xid_start};

use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

/// A token of the index string.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// Where it is.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) kind: TokenKind,
    /// Whether white space stands before it.
    pub(super) spaced: bool,
}

/// The kinds of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A run of letters, digits, and underscores.
    Word,
    /// What stands in parentheses; its range without them and the white space inside.
    Parenthesised(Range<usize>),
    /// `...`
    Ellipsis,
    /// `,`
    Comma,
    /// `->`
    Arrow,
}

/// Scans the whole string, reporting every character that cannot be.
pub(super) fn scan(text: &str, out: &mut Diagnostics) -> Vec<Token> {
    let mut scanner = Scanner { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let before = scanner.at;
        scanner.take_while(char::is_whitespace);
        let spaced = scanner.at > before;
        let start = scanner.at;
        let Some(c) = scanner.peek() else {
            return tokens;
        };
        let kind = match c {
            ',' => {
                scanner.at += 1;
                Some(TokenKind::Comma)
            }
            '.' | '…' => scanner.ellipsis(out),
            '(' => scanner.parenthesis(out),
            ')' => {
                scanner.at += 1;
                out.push(unbalanced(text, start..start + 1, "no `(` before it"));
                None
            }
            '-' | '>' | '=' | '→' | '⇒' => scanner.arrow(out),
            c if is_word(c) => {
                scanner.take_while(is_word);
                Some(TokenKind::Word)
            }
            _ => {
                scanner.bad_character(out);
                None
            }
        };
        if let Some(kind) = kind {
            tokens.push(Token { range: start..scanner.at, kind, spaced });
        }
    }
}

pub(super) fn is_word(c: char) -> bool {
    is_xid_start(c) || is_xid_continue(c)
}

fn unbalanced(text: &str, range: Range<usize>, label: &str) -> Diagnostic {
    let message = "unbalanced parenthesis in the index string";
    Diagnostic::text(Rule::Parentheses, message, text, range, label)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> Range<usize> {
        let start = self.at;
        while let Some(c) = self.peek().filter(|&c| accepts(c)) {
            self.at += c.len_utf8();
        }
        start..self.at
    }

    fn ellipsis(&mut self, out: &mut Diagnostics) -> Option<TokenKind> {
        let range = self.take_while(|c| matches!(c, '.' | '…'));
        let dots = &self.text[range.clone()];
        if dots == "..." {
            return Some(TokenKind::Ellipsis);
        }
        let message = format!("`{dots}` is not an ellipsis");
        out.push(
            Diagnostic::text(Rule::HalfEllipsis, message, self.text, range, "")
                .help("an ellipsis is three dots: `...`"),
        );
        None
    }

    fn arrow(&mut self, out: &mut Diagnostics) -> Option<TokenKind> {
        let mut range = self.take_while(|c| matches!(c, '-' | '>' | '=' | '→' | '⇒'));
        if &self.text[range.clone()] == "->" {
            return Some(TokenKind::Arrow);
        }
        // `- >` is one arrow, come apart.
        let rest = &self.text[range.end..];
        if &self.text[range.clone()] == "-" && rest.trim_start().starts_with('>') {
            self.at = range.end + rest.find('>').map_or(0, |offset| offset + 1);
            range.end = self.at;
        }
        let arrow = &self.text[range.clone()];
        let message = format!("expected `->`, found `{arrow}`");
        out.push(Diagnostic::text(Rule::HalfArrow, message, self.text, range, "not an arrow"));
        None
    }

    /// Scans `(…)`, whatever is inside.
    fn parenthesis(&mut self, out: &mut Diagnostics) -> Option<TokenKind> {
        let start = self.at;
        self.at += 1;
        let inside = self.take_while(|c| c != '(' && c != ')');
        match self.peek() {
            Some(')') => self.at += 1,
            Some(_) => {
                let inner = self.at..self.at + 1;
                self.skip_nested();
                out.push(unbalanced(self.text, inner, "parentheses do not nest"));
                return None;
            }
            None => {
                out.push(unbalanced(self.text, start..start + 1, "never closed"));
                return None;
            }
        }
        let content = &self.text[inside.clone()];
        let name = content.trim();
        let from = inside.start + (content.len() - content.trim_start().len());
        if name.is_empty() {
            let message = "empty parentheses in the index string";
            let whole = start..self.at;
            out.push(
                Diagnostic::text(Rule::EmptyParentheses, message, self.text, whole, "no axis")
                    .help("write `1` for an axis of extent one"),
            );
            return None;
        }
        Some(TokenKind::Parenthesised(from..from + name.len()))
    }

    /// Moves past the parenthesis that closes the one already opened.
    fn skip_nested(&mut self) {
        let mut depth = 1;
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn bad_character(&mut self, out: &mut Diagnostics) {
        let start = self.at;
        let Some(c) = self.peek() else { return };
        self.at += c.len_utf8();
        let shown = if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        let message = format!("unexpected character `{shown}` in the index string");
        let diagnostic =
            Diagnostic::text(Rule::BadCharacter, message, self.text, start..self.at, "");
        out.push(match c {
            '+' | '*' => diagnostic.help("index arithmetic stands in parentheses: `(x+k)`"),
            '[' | ']' | '{' | '}' => diagnostic.help("an axis with a longer name is `(name)`"),
            ';' => diagnostic.help("terms are separated by `,`, and options follow the operands"),
            _ => diagnostic,
        });
    }
}
