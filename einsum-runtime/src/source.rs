//! Where an extent comes from, in the user's words, so that an error can say so.

use core::fmt;

/// The array that a term belongs to: its role, its source text, and the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    role: Role,
    text: &'static str,
    term: &'static str,
}

/// What an array is to its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Operand(usize),
    Output,
    Cotangent,
    Tangent(usize),
    Options,
}

impl Source {
    /// An extent given in the options.
    pub(crate) const OPTIONS: Source = Source { role: Role::Options, text: "", term: "" };

    /// Returns operand `number`, written `text` in the source, with its term.
    #[must_use]
    pub const fn operand(number: usize, text: &'static str, term: &'static str) -> Self {
        Source { role: Role::Operand(number), text, term }
    }

    /// Returns the output, written `text` in the source, with its term.
    #[must_use]
    pub const fn output(text: &'static str, term: &'static str) -> Self {
        Source { role: Role::Output, text, term }
    }

    /// Returns the cotangent of the output, written `text` in the source, with its term.
    #[must_use]
    pub const fn cotangent(text: &'static str, term: &'static str) -> Self {
        Source { role: Role::Cotangent, text, term }
    }

    /// Returns the tangent of operand `number`, written `text` in the source, with its term.
    #[must_use]
    pub const fn tangent(number: usize, text: &'static str, term: &'static str) -> Self {
        Source { role: Role::Tangent(number), text, term }
    }

    pub(crate) const fn role(&self) -> Role {
        self.role
    }

    pub(crate) const fn term(&self) -> &'static str {
        self.term
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Role::Operand(number) => write!(f, "operand {number} (`{}`)", self.text),
            Role::Output => write!(f, "the output (`{}`)", self.text),
            Role::Cotangent => write!(f, "the cotangent (`{}`)", self.text),
            Role::Tangent(number) => write!(f, "the tangent of operand {number} (`{}`)", self.text),
            Role::Options => f.write_str("the options"),
        }
    }
}

/// An extent and the axis that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AxisExtent {
    pub(crate) extent: usize,
    pub(crate) source: Source,
    pub(crate) axis: usize,
}

/// The extent and its place: ``3 in operand 0 (`&a`), axis 1``.
impl fmt::Display for AxisExtent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.extent, self.source)?;
        if self.source.role != Role::Options {
            write!(f, ", axis {}", self.axis)?;
        }
        Ok(())
    }
}
