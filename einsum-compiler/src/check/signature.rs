//! The demands of `einsum_fn!` on the names of a signature.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Rule};
use crate::ir::signature::{ParameterKind, Signature};

/// Checks that parameters and emitted functions have names of their own, and that there is something to differentiate.
pub(crate) fn signature(signature: &Signature) -> Result<(), Diagnostics> {
    let mut out = Diagnostics::default();
    check_parameters(signature, &mut out);
    check_functions(signature, &mut out);
    check_derivatives(signature, &mut out);
    out.finish(())
}

fn check_parameters(signature: &Signature, out: &mut Diagnostics) {
    let parameters = &signature.parameters;
    for (number, parameter) in parameters.iter().enumerate() {
        let name = parameter.word();
        let place = Place::Tokens(parameter.name.span(), parameter.name.span());
        if parameters[..number].iter().any(|earlier| earlier.word() == name) {
            let message = format!("`{}` has two parameters `{name}`", signature.word());
            out.push(Diagnostic::new(Rule::SecondName, message, place));
        } else if matches!(parameter.kind, ParameterKind::Operand { .. })
            && signature.options.iter().any(|option| option.name == name)
        {
            let message = format!("`{name}` is both an operand and an extent");
            out.push(
                Diagnostic::new(Rule::OperandIsExtent, message, place)
                    .help("give the operand another name"),
            );
        }
    }
}

fn check_functions(signature: &Signature, out: &mut Diagnostics) {
    let operands: Vec<_> = signature.operands().collect();
    let word = |name: &proc_macro2::Ident| syn::ext::IdentExt::unraw(name).to_string();
    for (name, _, _) in operands.iter().filter(|(_, _, is_constant)| !is_constant) {
        let into = format!("{}_into", word(name));
        let other = operands.iter().find(|(other, _, constant)| !constant && word(other) == into);
        if let Some((other, _, _)) = other {
            let message =
                format!("two functions of `{}` are called `grad_{into}`", signature.word());
            out.push(
                Diagnostic::new(
                    Rule::NameClash,
                    message,
                    Place::Tokens(other.span(), other.span()),
                )
                .help(format!("one of them adds to the gradient of `{}`", word(name)))
                .help(format!("give the operand `{into}` another name")),
            );
        }
    }
}

fn check_derivatives(signature: &Signature, out: &mut Diagnostics) {
    let (operands, variables) = (signature.operands().count(), signature.variables().len());
    let name = signature.word();
    if operands == 0 {
        let message = format!("`{name}` has no operands");
        out.push(Diagnostic::new(Rule::NoOperands, message, signature.here()));
    } else if variables == 0 {
        let message = format!("every operand of `{name}` is `#[no_grad]`");
        out.push(
            Diagnostic::new(Rule::NoGradient, message, signature.here())
                .help("a function without gradients is one line of `einsum!`"),
        );
    } else if signature.with_hvp && variables == 1 {
        let message = format!("the second derivatives of `{name}` are zero");
        out.push(
            Diagnostic::new(Rule::LinearHvp, message, signature.here())
                .help("it is linear in its only operand that has a gradient: remove `#[hvp]`"),
        );
    }
}
