//! The functions of a signature to Rust.
//!
//! ```text
//! pub fn linear<T>(x: &ArrayRef<T, Ix3>, w: &ArrayRef<T, Ix3>) -> Array<T, Ix3> where T: Element {
//!     let (y, ()) = call(&linear::PROGRAMS[0], &[array(x), array(w)], &[]);
//!     y
//! }
//! pub mod linear {
//!     static PROGRAMS: [Encoded; 10] = [Encoded::new(b"…"), …];
//!     pub fn vjp<T>(…) -> (Array<T, Ix3>, Array<T, Ix3>) where T: Element { … }
//!     …
//! }
//! ```
//!
//! What users' crates compile of a function is its signature, its program, and a call: the rest is in the runtime.

mod documentation;
mod names;
mod types;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::Attribute;

use self::names::Names;
use self::types::{Type, Types};
use super::{encoding, program};
use crate::ir::Program;
use crate::ir::expr::{Expr, Role};
use crate::ir::function::{Function, Kind};
use crate::ir::request::Wanted;
use crate::ir::signature::{ParameterKind, Signature};

/// Emits the function of a signature, and the module of the others.
pub(crate) fn emit_functions(
    signature: &Signature,
    functions: &[(Function, Program)],
) -> TokenStream {
    let names = Names::new(signature);
    let emitted = functions.iter().enumerate().map(|(number, (function, program))| Emitted {
        signature,
        names: &names,
        function,
        program,
        expr: &program.expr,
        number,
    });
    let emitted: Vec<_> = emitted.collect();
    let Some((value, others)) = emitted.split_first() else { return TokenStream::new() };
    let (value, others) = (value.emit(), others.iter().map(Emitted::emit));
    // One constant is less for rustc than one a function.
    let (count, programs) = (emitted.len(), emitted.iter().map(Emitted::encoded));
    let (visibility, name, facade) = (&signature.visibility, &signature.name, &signature.facade);
    let attributes = signature.attributes.iter().filter(|attribute| is_of_module(attribute));
    let document = documentation::of_module(signature);
    // The element type's path is one of the surrounding module.
    let outside = signature.element.as_ref().map(|_| {
        quote! { #[allow(unused_imports)] use super::*; }
    });
    quote! {
        #value
        #(#attributes)*
        #[doc = #document]
        #[allow(non_snake_case, unreachable_pub, dead_code)]
        #visibility mod #name {
            #outside
            #[allow(unused_imports)]
            use #facade::__private as __einloom;
            pub(super) static __PROGRAMS: [__einloom::Encoded; #count] =
                [#(__einloom::Encoded::new(#programs)),*];
            #(#others)*
        }
    }
}

/// Whether an attribute of the signature is one of the module as well.
fn is_of_module(attribute: &Attribute) -> bool {
    let is = |name| attribute.path().is_ident(name);
    let is_hidden = || attribute.meta.to_token_stream().to_string().contains("hidden");
    is("cfg")
        || is("deprecated")
        || is("doc") && attribute.meta.require_list().is_ok() && is_hidden()
}

/// Whether an attribute of the signature is one of every function of the module.
fn is_of_functions(attribute: &Attribute) -> bool {
    attribute.path().is_ident("inline")
}

struct Emitted<'a> {
    signature: &'a Signature,
    names: &'a Names,
    function: &'a Function,
    program: &'a Program,
    expr: &'a Expr,
    /// Its position among those of the signature.
    number: usize,
}

impl Emitted<'_> {
    /// The program as bytes.
    fn encoded(&self) -> Literal {
        Literal::byte_string(&encoding::encode(self.program, |role| self.name(role).to_string()))
    }

    fn emit(&self) -> TokenStream {
        let (signature, function) = (self.signature, self.function);
        let is_value = function.kind == Kind::Value;
        let types = match is_value {
            true => Types::of_function(signature, self.expr),
            false => Types::of_module(signature, self.expr),
        };
        let has_value = function.request.has_cotangent()
            || function.request.results.iter().any(|wanted| self.is_value(*wanted));
        let (generics, bounds) = types.generics(|number| self.mentions(number), has_value);
        let parameters = self.parameters(&types);
        let (result, body) = (self.result(&types), self.body());
        let document = documentation::of_function(signature, self.names, function, self.expr);
        let attributes = signature.attributes.iter();
        let attributes: Vec<_> = match is_value {
            true => attributes.collect(),
            false => attributes.filter(|attribute| is_of_functions(attribute)).collect(),
        };
        let has_attribute = |name| attributes.iter().any(|other| other.path().is_ident(name));
        let is_new = function.request.existing.is_empty();
        let must_use = (is_new && !has_attribute("must_use")).then(|| quote! { #[must_use] });
        let (visibility, name, enter) = if is_value {
            let (visibility, facade) = (&signature.visibility, &signature.facade);
            let enter = quote! { use #facade::__private as __einloom; };
            (visibility.to_token_stream(), signature.name.clone(), enter)
        } else {
            // Notes of rustc about it point at the signature.
            let span = Span::mixed_site().located_at(signature.name.span());
            let name = Ident::new(&function.name, span);
            (quote! { pub }, name, TokenStream::new())
        };
        // A label is written as the notation wants it.
        let is_snake = |name: String| !name.contains(char::is_uppercase);
        let labels = !signature.extents().all(|extent| is_snake(extent.word()));
        let labels = (is_value && labels).then(|| quote! { #[allow(non_snake_case)] });
        // Its programs are in the module, which is deprecated as well.
        let uses_deprecated = has_attribute("deprecated").then(|| quote! { #[allow(deprecated)] });
        quote! {
            #(#attributes)*
            #[doc = #document]
            #labels
            #uses_deprecated
            #must_use
            #[track_caller]
            #[allow(clippy::too_many_arguments, clippy::type_complexity)]
            #visibility fn #name #generics (#(#parameters),*) #result #bounds {
                #enter
                #body
            }
        }
    }

    /// Whether a result has the term of the value.
    fn is_value(&self, wanted: Wanted) -> bool {
        matches!(wanted, Wanted::Value | Wanted::Tangent)
    }

    /// Whether the type of an operand stands in the function's signature.
    fn mentions(&self, number: usize) -> bool {
        let is_result = |wanted: &Wanted| match *wanted {
            Wanted::Gradient(operand) | Wanted::GradientTangent(operand) => operand == number,
            Wanted::Value | Wanted::Tangent => false,
        };
        self.takes(number) || self.function.request.results.iter().any(is_result)
    }

    /// Whether the function takes an operand.
    fn takes(&self, number: usize) -> bool {
        self.expr.arrays[self.expr.operand(number).0].is_taken
    }

    /// The extents that the function takes, in the order of the program: a literal or a parameter each.
    fn given(&self) -> impl Iterator<Item = TokenStream> {
        program::given(self.expr).map(|(_, given)| match given.literal {
            Some(literal) => quote! { #literal },
            None => {
                let extent = self.signature.extents().nth(given.position);
                extent.map_or_else(TokenStream::new, |extent| extent.name.to_token_stream())
            }
        })
    }

    fn parameters(&self, types: &Types<'_>) -> Vec<TokenStream> {
        let mut parameters = Vec::new();
        let (mut operand, mut extent) = (0, 0);
        let is_used =
            |position| program::given(self.expr).any(|(_, given)| given.position == position);
        for parameter in &self.signature.parameters {
            let name = &parameter.name;
            match parameter.kind {
                ParameterKind::Operand { .. } => {
                    if self.takes(operand) {
                        let kind = types.operand(operand).read(types);
                        parameters.push(quote! { #name: #kind });
                    }
                    operand += 1;
                }
                ParameterKind::Extent => {
                    if is_used(extent) {
                        parameters.push(quote! { #name: ::core::primitive::usize });
                    }
                    extent += 1;
                }
            }
        }
        for array in &self.expr.arrays {
            let kind = match array.role {
                Role::Operand(_) => continue,
                Role::Cotangent => types.value().read(types),
                Role::Tangent(number) => types.operand(number).read(types),
                Role::Output(result) => self.kind(types, result).written(types),
            };
            let name = self.name(array.role);
            parameters.push(quote! { #name: #kind });
        }
        parameters
    }

    /// The type of a result.
    fn kind(&self, types: &Types<'_>, result: usize) -> Type {
        match self.function.request.results[result] {
            Wanted::Value | Wanted::Tangent => types.value(),
            Wanted::Gradient(number) | Wanted::GradientTangent(number) => types.operand(number),
        }
    }

    /// The name of an argument.
    fn name(&self, role: Role) -> &Ident {
        let names = self.names;
        match role {
            Role::Operand(number) => &names.operands[number],
            Role::Cotangent => &names.cotangent,
            Role::Tangent(number) => &names.tangents[number],
            Role::Output(result) => match self.function.request.results[result] {
                Wanted::Gradient(number) | Wanted::GradientTangent(number) => {
                    &names.gradients[number]
                }
                Wanted::Value | Wanted::Tangent => unreachable!("no function adds to a value"),
            },
        }
    }

    fn result(&self, types: &Types<'_>) -> TokenStream {
        let results = 0..self.function.request.results.len();
        let made: Vec<_> = results.map(|result| self.kind(types, result).made(types)).collect();
        if !self.function.request.existing.is_empty() {
            return TokenStream::new();
        }
        let result = self.shaped(&made);
        quote! { -> #result }
    }

    /// The results as the function returns them.
    fn shaped<R: ToTokens>(&self, results: &[R]) -> TokenStream {
        match (self.function.kind, results) {
            (Kind::Vjp | Kind::Hvp, results) => quote! { (#(#results,)*) },
            (Kind::ValueAndVjp, [value, gradients @ ..]) => {
                quote! { (#value, (#(#gradients,)*)) }
            }
            (_, results) if results.len() == 1 => quote! { #(#results)* },
            (_, results) => quote! { (#(#results),*) },
        }
    }

    fn body(&self) -> TokenStream {
        let number = self.number;
        let program = match (self.function.kind, &self.signature.name) {
            (Kind::Value, module) => quote! { &#module::__PROGRAMS[#number] },
            _ => quote! { &__PROGRAMS[#number] },
        };
        let arguments = self.expr.arrays.iter().filter(|array| array.is_taken).map(|array| {
            let name = self.name(array.role);
            let is_scalar = array.term.axes.is_empty();
            match (array.role, is_scalar) {
                (Role::Output(_), true) => quote! { __einloom::scalar_output(#name) },
                (Role::Output(_), false) => quote! { __einloom::array_output(#name) },
                (_, true) => quote! { __einloom::scalar_argument(&#name) },
                (_, false) => quote! { __einloom::array_argument(#name) },
            }
        });
        let given = self.given();
        let call = quote! { &[#(#arguments),*], &[#(#given),*] };
        if !self.function.request.existing.is_empty() {
            return quote! { __einloom::accumulate(#program, #call); };
        }
        let count = self.function.request.results.len();
        let results: Vec<Ident> = (0..count)
            .map(|number| format_ident!("__r{number}", span = Span::mixed_site()))
            .collect();
        let pattern =
            results.iter().rev().fold(quote! { () }, |rest, first| quote! { (#first, #rest) });
        let returned = self.shaped(&results);
        quote! {
            let #pattern = __einloom::call(#program, #call);
            #returned
        }
    }
}
