//! The names of the parameters that a signature does not name.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;

use crate::ir::signature::{Parameter, Signature};

/// The names of the parameters of one signature's functions.
pub(super) struct Names {
    /// The operands.
    pub(super) operands: Vec<Ident>,
    /// The cotangent of the value.
    pub(super) cotangent: Ident,
    /// The gradient of each operand.
    pub(super) gradients: Vec<Ident>,
    /// The tangent of each operand.
    pub(super) tangents: Vec<Ident>,
}

impl Names {
    /// `dy` for the cotangent, and for an operand `x` `dx` and `tx`, unless the signature has such a name or it is a keyword.
    pub(super) fn new(signature: &Signature) -> Self {
        let mut taken: Vec<String> = signature.parameters.iter().map(Parameter::word).collect();
        let operands: Vec<Ident> = signature.operands().map(|(name, _, _)| name.clone()).collect();
        let mut fresh = |mut name: String| {
            // Of an operand `o` the gradient would be `do`.
            while taken.contains(&name) || syn::parse_str::<Ident>(&name).is_err() {
                name.push('_');
            }
            taken.push(name.clone());
            Ident::new(&name, Span::mixed_site())
        };
        let cotangent = fresh("dy".to_owned());
        let mut of_each = |letter: char| {
            let named = operands.iter().map(|name| format!("{letter}{}", name.unraw()));
            named.collect::<Vec<_>>().into_iter().map(&mut fresh).collect()
        };
        let (gradients, tangents) = (of_each('d'), of_each('t'));
        Names { operands, cotangent, gradients, tangents }
    }
}
