//! Mistakes as data: what is wrong, where, and how to mend it. Rendering is `into_tokens`.

mod picture;
mod rule;
mod similar;
mod tokens;

use std::fmt;
use std::ops::Range;

use proc_macro2::{Literal, Span};

pub use rule::Rule;
pub(crate) use similar::similar;

/// One mistake, with everything that is needed to show it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Which rule is broken.
    pub rule: Rule,
    /// What is wrong: lower-case, no period, no advice.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What stands beside the caret, if the place is in the index string.
    pub label: String,
    /// How to mend it, if that is plain.
    pub help: Vec<String>,
}

/// Where a mistake is.
#[derive(Clone, Debug)]
pub enum Place {
    /// The macro call as a whole.
    Call,
    /// A byte range of the index string's value.
    Text {
        /// The whole value, to draw.
        text: String,
        /// The range.
        range: Range<usize>,
    },
    /// A byte range of the value of one of several strings.
    Term {
        /// The whole value, to draw.
        text: String,
        /// The range.
        range: Range<usize>,
        /// The string.
        literal: Literal,
    },
    /// The operand of this number.
    Operand(usize),
    /// The name of the option of this position.
    OptionName(usize),
    /// Tokens that belong to nothing else: the first and the last.
    Tokens(Span, Span),
}

/// The mistakes that a stage found. Never empty when it is an error.
#[derive(Debug, Default)]
#[must_use]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostic {
    /// A mistake of the call as a whole.
    pub(crate) fn call(rule: Rule, message: impl Into<String>) -> Self {
        Self::new(rule, message, Place::Call)
    }

    /// A mistake in the index string; `label` stands beside the caret.
    pub(crate) fn text(
        rule: Rule,
        message: impl Into<String>,
        text: &str,
        range: Range<usize>,
        label: impl Into<String>,
    ) -> Self {
        let place = Place::Text { text: text.to_owned(), range };
        Diagnostic { label: label.into(), ..Self::new(rule, message, place) }
    }

    /// A mistake at any other place.
    pub(crate) fn new(rule: Rule, message: impl Into<String>, place: Place) -> Self {
        Diagnostic { rule, message: message.into(), place, label: String::new(), help: Vec::new() }
    }

    /// Adds a way to mend it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

impl Diagnostics {
    /// Adds a mistake.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Moves every mistake to where its place is.
    pub(crate) fn moved(self, to: impl Fn(Place) -> Place) -> Self {
        let moved = self.0.into_iter();
        Diagnostics(
            moved.map(|mistake| Diagnostic { place: to(mistake.place), ..mistake }).collect(),
        )
    }

    /// Ends a stage: its result if it found no mistake.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The mistakes in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostic {
    /// Writes the message, the index string with a caret under the place, and the help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Place::Text { text, range } | Place::Term { text, range, .. } = &self.place {
            let (line, carets) = picture::picture(text, range.clone());
            write!(f, "\n\n    {line}\n    {carets}")?;
            if !self.label.is_empty() {
                write!(f, " {}", self.label)?;
            }
        }
        for (position, help) in self.help.iter().enumerate() {
            write!(f, "{}help: {help}", if position == 0 { "\n\n" } else { "\n" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, diagnostic) in self.0.iter().enumerate() {
            write!(f, "{}{diagnostic}", if position == 0 { "" } else { "\n\n" })?;
        }
        Ok(())
    }
}

/// Joins names for a message: `` `i`, `j`, and `k` ``.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match &names[..] {
        [] => String::new(),
        [only] => only.clone(),
        [first, second] => format!("{first} and {second}"),
        [init @ .., last] => format!("{}, and {last}", init.join(", ")),
    }
}

/// `1 axis`, `2 axes`: a count with its noun.
pub(crate) fn count(n: usize, singular: &str, plural: &str) -> String {
    format!("{n} {}", if n == 1 { singular } else { plural })
}
