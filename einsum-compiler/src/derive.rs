//! The functions that follow from a signature.

use crate::ir::function::{Function, Kind};
use crate::ir::{Request, Signature};

/// Returns the function itself, and then those of its module.
pub(crate) fn derive(signature: &Signature) -> Vec<Function> {
    let variables = signature.variables();
    let named = |name: &str, kind, request| Function { name: name.to_owned(), kind, request };
    let mut functions = vec![
        named(&signature.word(), Kind::Value, Request::value()),
        named("vjp", Kind::Vjp, Request::vjp(&variables)),
        named("value_and_vjp", Kind::ValueAndVjp, Request::value_and_vjp(&variables)),
        named("vjp_into", Kind::VjpInto, Request::vjp(&variables).into_existing()),
    ];
    let operands: Vec<String> = signature.operands().map(|(name, _, _)| word(name)).collect();
    for &variable in &variables {
        let (request, name) = (Request::vjp(&[variable]).lean(), &operands[variable]);
        let into = request.clone().into_existing();
        functions.push(named(&format!("grad_{name}"), Kind::Grad(variable), request));
        functions.push(named(&format!("grad_{name}_into"), Kind::GradInto(variable), into));
    }
    functions.push(named("jvp", Kind::Jvp, Request::jvp(&variables)));
    functions.push(named("value_and_jvp", Kind::ValueAndJvp, Request::value_and_jvp(&variables)));
    if signature.with_hvp {
        functions.push(named("hvp", Kind::Hvp, Request::hvp(&variables)));
    }
    functions
}

fn word(name: &proc_macro2::Ident) -> String {
    syn::ext::IdentExt::unraw(name).to_string()
}
