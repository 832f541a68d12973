//! The types of a signature: dimensions, elements, and the bounds that they need.
//!
//! An operand with an ellipsis has a dimension type of its own, `D`; what its ellipsis stands for is `D` without the named
//! axes, and the result has what those of all operands broadcast to, with its own named axes.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};

use crate::emit::results::STATIC_RANKS;
use crate::ir::expr::{Expr, Term};
use crate::ir::signature::Signature;

/// The types of one signature, written after `prefix`.
pub(super) struct Types<'a> {
    /// The path of what emitted code may name, with `::` behind it.
    pub(super) prefix: TokenStream,
    /// The type of the elements.
    pub(super) element: TokenStream,
    is_generic: bool,
    expr: &'a Expr,
}

impl<'a> Types<'a> {
    /// Those beside the function, where its own paths stand as they are written.
    pub(super) fn of_function(signature: &Signature, expr: &'a Expr) -> Self {
        let facade = &signature.facade;
        let element = signature.element.as_ref().map(ToTokens::to_token_stream);
        Types::new(quote! { #facade::__private:: }, element, expr)
    }

    /// Those in the function's module.
    pub(super) fn of_module(signature: &Signature, expr: &'a Expr) -> Self {
        let element = signature.element.as_ref();
        let element = element.map(|element| from_module(element.to_token_stream()));
        Types::new(quote! { __einloom:: }, element, expr)
    }

    fn new(prefix: TokenStream, element: Option<TokenStream>, expr: &'a Expr) -> Self {
        let is_generic = element.is_none();
        let generic = || Ident::new("T", Span::mixed_site()).into_token_stream();
        Types { prefix, element: element.unwrap_or_else(generic), is_generic, expr }
    }

    /// The type of an operand's elements by value, or of the array behind a reference.
    pub(super) fn operand(&self, number: usize) -> Type {
        let term = self.term(number);
        match self.dimension(number) {
            None => Type::Scalar,
            Some(dimension) => {
                debug_assert!(!term.axes.is_empty());
                Type::Array(dimension)
            }
        }
    }

    /// The type of the value.
    pub(super) fn value(&self) -> Type {
        let term = &self.expr.product.output;
        let (rank, prefix) = (self.expr.named_rank(term), &self.prefix);
        if self.expr.ellipsis_position(term).is_none() {
            return match rank {
                0 => Type::Scalar,
                rank => Type::Array(self.static_dimension(rank)),
            };
        }
        if rank > STATIC_RANKS {
            return Type::Array(quote! { #prefix IxDyn });
        }
        let rests = self.with_ellipsis().map(|number| self.rest(number));
        let broadcast = rests
            .reduce(|wide, next| quote! { <#wide as #prefix DimMax<#next>>::Output })
            .unwrap_or_else(|| unreachable!("`resolve` demands an operand with an ellipsis"));
        Type::Array(match rank {
            0 => broadcast,
            rank => quote! { <#broadcast as #prefix With<#rank>>::Out },
        })
    }

    /// What stands between `<` and `>` behind a function's name, and its bounds, for the operands that it takes, and for
    /// the value if it has one.
    pub(super) fn generics(
        &self,
        takes: impl Fn(usize) -> bool,
        has_value: bool,
    ) -> (TokenStream, TokenStream) {
        let prefix = &self.prefix;
        let (mut names, mut bounds) = (Vec::new(), Vec::new());
        if self.is_generic {
            let element = &self.element;
            names.push(element.clone());
            bounds.push(quote! { #element: #prefix Element });
        }
        let value = self.expr.ellipsis_position(&self.expr.product.output).is_some() && has_value;
        for number in self.with_ellipsis().filter(|&number| takes(number) || value) {
            let rank = self.expr.named_rank(self.term(number));
            if rank > STATIC_RANKS {
                continue;
            }
            let name = self.generic(number);
            names.push(name.to_token_stream());
            bounds.push(match rank {
                0 => quote! { #name: #prefix Dimension },
                rank => quote! { #name: #prefix Without<#rank> },
            });
        }
        if value && self.expr.named_rank(&self.expr.product.output) <= STATIC_RANKS {
            let mut rests = self.with_ellipsis().map(|number| self.rest(number));
            let mut wide = rests.next().unwrap_or_default();
            for next in rests {
                bounds.push(quote! { #wide: #prefix DimMax<#next> });
                wide = quote! { <#wide as #prefix DimMax<#next>>::Output };
            }
        }
        if names.is_empty() {
            return (TokenStream::new(), TokenStream::new());
        }
        (quote! { <#(#names),*> }, quote! { where #(#bounds),* })
    }

    fn term(&self, number: usize) -> &'a Term {
        &self.expr.arrays[self.expr.operand(number).0].term
    }

    /// The operands that have an ellipsis.
    fn with_ellipsis(&self) -> impl Iterator<Item = usize> {
        let operands = 0..self.expr.product.factors.len();
        operands.filter(|&number| self.expr.ellipsis_position(self.term(number)).is_some())
    }

    /// The dimension of an operand; none of a scalar.
    fn dimension(&self, number: usize) -> Option<TokenStream> {
        let term = self.term(number);
        let rank = self.expr.named_rank(term);
        let prefix = &self.prefix;
        match (self.expr.ellipsis_position(term), rank) {
            (None, 0) => None,
            (None, rank) => Some(self.static_dimension(rank)),
            (Some(_), rank) if rank > STATIC_RANKS => Some(quote! { #prefix IxDyn }),
            (Some(_), _) => Some(self.generic(number).to_token_stream()),
        }
    }

    /// What the ellipsis of an operand stands for.
    fn rest(&self, number: usize) -> TokenStream {
        let prefix = &self.prefix;
        match self.expr.named_rank(self.term(number)) {
            0 => self.generic(number).to_token_stream(),
            rank if rank > STATIC_RANKS => quote! { #prefix IxDyn },
            rank => {
                let name = self.generic(number);
                quote! { <#name as #prefix Without<#rank>>::Rest }
            }
        }
    }

    /// The dimension type of an operand with an ellipsis.
    fn generic(&self, number: usize) -> Ident {
        let name = match self.with_ellipsis().nth(1) {
            None => "D".to_owned(),
            Some(_) => format!("D{number}"),
        };
        Ident::new(&name, Span::mixed_site())
    }

    fn static_dimension(&self, rank: usize) -> TokenStream {
        let (prefix, dimension) = (
            &self.prefix,
            match rank {
                0..=STATIC_RANKS => format_ident!("Ix{rank}"),
                _ => format_ident!("IxDyn"),
            },
        );
        quote! { #prefix #dimension }
    }
}

/// The type of an operand, or of a result with its term.
pub(super) enum Type {
    /// An element.
    Scalar,
    /// An array of this dimension.
    Array(TokenStream),
}

impl Type {
    /// As a parameter that is read.
    pub(super) fn read(&self, types: &Types<'_>) -> TokenStream {
        let (prefix, element) = (&types.prefix, &types.element);
        match self {
            Type::Scalar => element.clone(),
            Type::Array(dimension) => quote! { & #prefix ArrayRef<#element, #dimension> },
        }
    }

    /// As a parameter that is written.
    pub(super) fn written(&self, types: &Types<'_>) -> TokenStream {
        let (prefix, element) = (&types.prefix, &types.element);
        match self {
            Type::Scalar => quote! { &mut #element },
            Type::Array(dimension) => quote! { &mut #prefix ArrayRef<#element, #dimension> },
        }
    }

    /// As a new result.
    pub(super) fn made(&self, types: &Types<'_>) -> TokenStream {
        let (prefix, element) = (&types.prefix, &types.element);
        match self {
            Type::Scalar => element.clone(),
            Type::Array(dimension) => quote! { #prefix Array<#element, #dimension> },
        }
    }
}

/// A path as the module of a function sees it: `self::Number` beside the module is `super::Number` inside.
fn from_module(path: TokenStream) -> TokenStream {
    let mut seen = TokenStream::new();
    let mut follows_colon = false;
    for tree in path {
        let begins = !follows_colon;
        follows_colon = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ':');
        match tree {
            TokenTree::Ident(word) if begins && word == "self" => {
                seen.extend([Ident::new("super", word.span())]);
            }
            TokenTree::Ident(word) if begins && word == "super" => {
                let outer = Ident::new("super", word.span());
                seen.extend(quote! { #outer::#word });
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), from_module(group.stream()));
                inside.set_span(group.span());
                seen.extend([inside]);
            }
            other => seen.extend([other]),
        }
    }
    seen
}
