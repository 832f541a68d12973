//! Fragments of the user's `macro_rules`, such as the `$x` in `einsum!("i->", $x.view())`.
//!
//! They come in groups without delimiters, which rustc forgets when it reads them back: `$n * 2`
//! with `1 + 2` for `$n` would become `1 + 2 * 2`. Parentheses keep them together.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::Expr;

/// Puts every fragment that an operator could take apart in parentheses, at any depth.
pub(super) fn keep_together(tokens: TokenStream) -> TokenStream {
    tokens.into_iter().map(keep_tree_together).collect()
}

fn keep_tree_together(tree: TokenTree) -> TokenTree {
    let TokenTree::Group(group) = tree else { return tree };
    let inside = keep_together(group.stream());
    let is_fragment = group.delimiter() == Delimiter::None;
    let mut kept = if is_fragment && falls_apart(inside.clone()) {
        let mut parenthesised = Group::new(Delimiter::Parenthesis, inside);
        // Not the user's parentheses, which lints could call superfluous.
        parenthesised.set_span(Span::mixed_site());
        return TokenTree::Group(parenthesised);
    } else {
        Group::new(group.delimiter(), inside)
    };
    kept.set_span(group.span());
    TokenTree::Group(kept)
}

/// Whether the tokens are an expression with an operator outside of any delimiter.
fn falls_apart(tokens: TokenStream) -> bool {
    use Expr::{Assign, Binary, Cast, Closure, Range, Reference, Unary};
    matches!(
        syn::parse2::<Expr>(tokens),
        Ok(Assign(_) | Binary(_) | Cast(_) | Closure(_) | Range(_) | Reference(_) | Unary(_))
    )
}

#[cfg(test)]
mod tests {
    use super::{Delimiter, Group, TokenStream, TokenTree, keep_together};

    fn fragment(text: &str) -> TokenTree {
        TokenTree::Group(Group::new(Delimiter::None, text.parse().unwrap()))
    }

    fn kept(before: &str, inside: &str, after: &str) -> String {
        let parts: [TokenStream; 3] =
            [before.parse().unwrap(), fragment(inside).into(), after.parse().unwrap()];
        let text = keep_together(parts.into_iter().collect()).to_string();
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }

    #[test]
    fn operators_are_kept_together() {
        assert_eq!(kept("", "1 + 2", "* 2"), "(1+2)*2");
        assert_eq!(kept("&", "&v + 1", ""), "&(&v+1)");
        assert_eq!(kept("-", "n as f64", ""), "-(nasf64)");
    }

    #[test]
    fn atoms_stay_as_they_are() {
        assert_eq!(kept("", "x", ".view()"), "x.view()");
        assert_eq!(kept("", "\"ij->ji\"", ", &a"), "\"ij->ji\",&a");
        assert_eq!(kept("Vec::<", "f64", ">::new()"), "Vec::<f64>::new()");
    }
}
