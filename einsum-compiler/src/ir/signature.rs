//! A function of `einsum_fn!` as written: its tokens, split into parts but not understood.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use syn::ext::IdentExt;

use super::call::NamedOption;
use crate::diagnostic::Place;

/// One signature.
///
/// `pub fn heads(x: "b (h d)", n: usize; h = 8) -> "b h d";` has the operand `x`, the extent `n`, and one option.
pub struct Signature {
    /// The path of the facade crate, `$crate` of the `macro_rules` wrapper.
    pub facade: TokenStream,
    /// Doc comments and other attributes, which are passed on.
    pub attributes: Vec<syn::Attribute>,
    /// Whether `#[hvp]` asks for Hessian-vector products.
    pub with_hvp: bool,
    /// Who sees the function.
    pub visibility: syn::Visibility,
    /// Its name.
    pub name: Ident,
    /// The element type between `<` and `>`; otherwise the function is generic.
    pub element: Option<syn::Type>,
    /// What stands between the parentheses, before `;`.
    pub parameters: Vec<Parameter>,
    /// The extents after `;`.
    pub options: Vec<NamedOption>,
    /// The term after `->`.
    pub output: TermLiteral,
}

/// One parameter.
pub struct Parameter {
    /// Its name.
    pub name: Ident,
    /// What it is.
    pub kind: ParameterKind,
}

/// What a parameter is.
pub enum ParameterKind {
    /// An operand with its term.
    Operand {
        /// The term.
        term: TermLiteral,
        /// Whether nothing is differentiated with respect to it.
        is_constant: bool,
    },
    /// The extent of the label of this name.
    Extent,
}

/// A string of a signature: one term.
pub struct TermLiteral {
    /// The literal.
    pub literal: Literal,
    /// Its value.
    pub text: String,
}

impl Parameter {
    /// The name without `r#`.
    #[must_use]
    pub fn word(&self) -> String {
        self.name.unraw().to_string()
    }
}

impl Signature {
    /// The operands in order: name, term, and whether nothing is differentiated with respect to it.
    pub fn operands(&self) -> impl Iterator<Item = (&Ident, &TermLiteral, bool)> {
        self.parameters.iter().filter_map(|parameter| match &parameter.kind {
            ParameterKind::Operand { term, is_constant } => {
                Some((&parameter.name, term, *is_constant))
            }
            ParameterKind::Extent => None,
        })
    }

    /// The parameters that are extents, in order.
    pub fn extents(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| matches!(parameter.kind, ParameterKind::Extent))
    }

    /// The numbers of the operands that have gradients.
    #[must_use]
    pub fn variables(&self) -> Vec<usize> {
        let operands = self.operands().enumerate();
        operands.filter(|(_, (_, _, is_constant))| !is_constant).map(|(number, _)| number).collect()
    }

    /// The attributes that say whether the function is compiled.
    #[must_use]
    pub fn conditions(&self) -> Vec<&syn::Attribute> {
        let attributes = self.attributes.iter();
        attributes.filter(|attribute| attribute.path().is_ident("cfg")).collect()
    }

    /// All terms, as they would stand in one index string.
    #[must_use]
    pub fn index_string(&self) -> String {
        let terms: Vec<&str> = self.operands().map(|(_, term, _)| term.text.as_str()).collect();
        format!("{}->{}", terms.join(","), self.output.text)
    }

    /// Where a place of [`index_string`](Signature::index_string) or of the extents is in the signature.
    #[must_use]
    pub fn place(&self, place: Place) -> Place {
        match place {
            Place::Text { range, .. } => {
                let mut start = 0;
                let operands = self.operands().count();
                let terms = self.operands().map(|(_, term, _)| term).chain([&self.output]);
                for (number, term) in terms.enumerate() {
                    let end = start + term.text.len();
                    if range.start <= end {
                        let last = term.text.len();
                        let begin = range.start.saturating_sub(start).min(last);
                        return term.at(begin..range.end.saturating_sub(start).clamp(begin, last));
                    }
                    let separator = if number + 1 == operands { "->" } else { "," };
                    start = end + separator.len();
                }
                self.here()
            }
            Place::Operand(number) => match self.operands().nth(number) {
                Some((name, _, _)) => Place::Tokens(name.span(), name.span()),
                None => self.here(),
            },
            Place::OptionName(position) => {
                let spans = self.extents().map(|extent| extent.name.span());
                let mut spans = spans.chain(self.options.iter().map(|option| option.span));
                spans.nth(position).map_or_else(|| self.here(), |span| Place::Tokens(span, span))
            }
            Place::Call => self.here(),
            Place::Tokens(..) | Place::Term { .. } => place,
        }
    }

    /// The signature as a whole: its name.
    #[must_use]
    pub fn here(&self) -> Place {
        Place::Tokens(self.name.span(), self.name.span())
    }

    /// The name without `r#`.
    #[must_use]
    pub fn word(&self) -> String {
        self.name.unraw().to_string()
    }
}

impl TermLiteral {
    /// A byte range of the value.
    #[must_use]
    pub fn at(&self, range: std::ops::Range<usize>) -> Place {
        Place::Term { text: self.text.clone(), range, literal: self.literal.clone() }
    }

    /// Where the literal is.
    #[must_use]
    pub fn span(&self) -> Span {
        self.literal.span()
    }
}
