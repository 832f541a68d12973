//! Index strings compiled while the tests run, as `einsum_fn!` compiles them, and calls of the runtime with them.

use einloom::__private::{
    Argument, Encoded, Results, accumulate, array_argument, array_output, call,
};
use einloom::Element;
use einsum_compiler::{Form, Request, encode, program_of};
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD};

/// Returns what a function of this request would hold. It is never freed, as a constant is not.
fn compile(text: &str, operands: usize, request: &Request) -> &'static Encoded {
    let program = program_of(Form::Fn, text, operands, &[], request)
        .unwrap_or_else(|_| panic!("{text:?} is refused"));
    Box::leak(Box::new(Encoded::new(encode(&program).leak())))
}

fn arguments<'a, T>(arrays: &'a [ArrayViewD<'_, T>]) -> Vec<Argument<'a, T>> {
    arrays.iter().map(|array| array_argument(array)).collect()
}

/// Returns the value.
pub(crate) fn value<T: Element>(text: &str, operands: &[ArrayViewD<'_, T>]) -> ArrayD<T> {
    let program = compile(text, operands.len(), &Request::value());
    let (value, ()) = call(program, &arguments(operands), &[]);
    value
}

/// Adds the value to an output.
pub(crate) fn add_value<T: Element>(
    text: &str,
    operands: &[ArrayViewD<'_, T>],
    mut output: ArrayViewMutD<'_, T>,
) {
    let program = compile(text, operands.len(), &Request::value().into_existing());
    let mut arguments = arguments(operands);
    arguments.push(array_output(&mut output));
    accumulate(program, &arguments, &[]);
}

/// Returns the gradients of all operands, whose number is that of the results, along with `cotangent`, the last array.
pub(crate) fn gradients<T: Element, R: Results<T>>(text: &str, arrays: &[ArrayViewD<'_, T>]) -> R {
    let numbers: Vec<usize> = (0..R::COUNT).collect();
    let program = compile(text, R::COUNT, &Request::vjp(&numbers));
    call(program, &arguments(arrays), &[])
}
