//! The index string as written: terms of axes with their places.

use std::fmt;
use std::ops::Range;

/// Which macro is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `einsum!`: the value, a new array.
    Einsum,
    /// `try_einsum!`: the value or a `ShapeError`.
    Try,
    /// `einsum_into!`: the value, written to an existing array.
    Into,
    /// `einsum_grad!`: the gradients of all operands.
    Grad,
    /// `einsum_view!`: a view of the only operand.
    View,
    /// `einsum_fn!`: functions.
    Fn,
}

impl Form {
    /// The macro's name with its `!`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Form::Einsum => "einsum!",
            Form::Try => "try_einsum!",
            Form::Into => "einsum_into!",
            Form::Grad => "einsum_grad!",
            Form::View => "einsum_view!",
            Form::Fn => "einsum_fn!",
        }
    }
}

/// A parsed index string with what the call adds to it.
#[derive(Clone, Debug)]
pub struct Ast {
    /// Which macro this is for.
    pub form: Form,
    /// The string's value, which all ranges refer to.
    pub text: String,
    /// How axes are told apart.
    pub mode: Mode,
    /// One term an operand; their number is not yet compared with the operands'.
    pub inputs: Vec<Term>,
    /// The term after `->`, if there is an arrow.
    pub output: Option<Term>,
    /// How many operands the call has.
    pub operands: usize,
    /// The extents given after `;`.
    pub extents: Vec<ExtentOption>,
}

/// How the axes of a term are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One index a letter: `ij,jk->ik`.
    Letters,
    /// Names separated by white space: `batch i, i -> batch`.
    Named,
}

/// The axes of one operand or of the output.
#[derive(Clone, Debug)]
pub struct Term {
    /// Where the term is in the string, without the white space around it.
    pub range: Range<usize>,
    /// Its axes in order.
    pub axes: Vec<Axis>,
}

/// One axis, or the ellipsis, which stands for any number of them.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Where it is in the string.
    pub range: Range<usize>,
    /// What it is.
    pub kind: AxisKind,
}

/// What is written for an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisKind {
    /// A label.
    Label(String),
    /// `1`: an axis of extent one.
    Unit,
    /// `...`
    Ellipsis,
    /// `(2*x+k-1)`: positions that run along several labels.
    Window(Window),
    /// `(h w)`: the positions of several labels, the last one fastest.
    Composed(Vec<Name>),
}

/// A label inside of parentheses, or the name of a coefficient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// What is written.
    pub name: String,
    /// Where it is in the string.
    pub range: Range<usize>,
}

/// A window: the sum of its terms and the offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// At least one.
    pub terms: Vec<WindowTerm>,
    /// The position where all labels are at 0.
    pub offset: isize,
}

/// `2*s*x`: a label with its coefficient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowTerm {
    /// The product of the numbers, positive.
    pub factor: usize,
    /// The name whose value multiplies it.
    pub scale: Option<Name>,
    /// The label.
    pub label: Name,
}

impl Axis {
    /// The labels of the axis with their places, in order.
    pub fn labels(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let whole = match &self.kind {
            AxisKind::Label(label) => Some((label.as_str(), self.range.clone())),
            _ => None,
        };
        whole.into_iter().chain(self.names().map(|name| (name.name.as_str(), name.range.clone())))
    }

    /// The labels inside of parentheses, in order.
    fn names(&self) -> Box<dyn Iterator<Item = &Name> + '_> {
        match &self.kind {
            AxisKind::Window(window) => Box::new(window.terms.iter().map(|term| &term.label)),
            AxisKind::Composed(names) => Box::new(names.iter()),
            AxisKind::Label(_) | AxisKind::Unit | AxisKind::Ellipsis => Box::new([].iter()),
        }
    }
}

/// An extent given after `;`.
#[derive(Clone, Debug)]
pub struct ExtentOption {
    /// The label.
    pub label: String,
    /// The extent, if it is an integer literal.
    pub literal: Option<usize>,
    /// Which option of the call it is.
    pub position: usize,
}

impl ExtentOption {
    /// An extent that is known at compile time.
    #[must_use]
    pub fn literal(label: &str, extent: usize) -> Self {
        ExtentOption { label: label.to_owned(), literal: Some(extent), position: 0 }
    }
}

impl Ast {
    /// Asserts that the ranges of terms and axes are nested, in order, and on character boundaries.
    pub fn verify(&self) {
        let mut end = 0;
        for term in self.inputs.iter().chain(&self.output) {
            debug_assert!(end <= term.range.start && term.range.end <= self.text.len());
            end = term.range.start;
            for axis in &term.axes {
                debug_assert!(end <= axis.range.start && axis.range.end <= term.range.end);
                debug_assert!(self.text.get(axis.range.clone()).is_some());
                end = axis.range.end;
            }
            end = term.range.end;
        }
    }
}

impl fmt::Display for AxisKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AxisKind::Label(label) => f.write_str(label),
            AxisKind::Unit => f.write_str("1"),
            AxisKind::Ellipsis => f.write_str("..."),
            AxisKind::Window(window) => write!(f, "({window})"),
            AxisKind::Composed(names) => {
                let names: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
                write!(f, "({})", names.join(" "))
            }
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, WindowTerm { factor, scale, label }) in self.terms.iter().enumerate() {
            f.write_str(if position > 0 { "+" } else { "" })?;
            if *factor != 1 {
                write!(f, "{factor}*")?;
            }
            if let Some(scale) = scale {
                write!(f, "{}*", scale.name)?;
            }
            f.write_str(&label.name)?;
        }
        if self.offset == 0 { Ok(()) } else { write!(f, "{:+}", self.offset) }
    }
}

impl fmt::Display for Ast {
    /// Writes the string in named mode, whatever mode it was written in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let term = |term: &Term| {
            let axes: Vec<String> = term.axes.iter().map(|axis| axis.kind.to_string()).collect();
            axes.join(" ")
        };
        let inputs: Vec<String> = self.inputs.iter().map(term).collect();
        f.write_str(&inputs.join(", "))?;
        match &self.output {
            Some(output) => write!(f, " -> {}", term(output)),
            None => Ok(()),
        }
    }
}
