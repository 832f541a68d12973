//! Programs by hand, as emitted code holds them, and calls of them.

#![allow(dead_code, unused_macros, unused_imports, reason = "each test binary uses a part")]

use einsum_runtime::codegen::{
    Access, Array, Checked, Erased, NONE, Nest, Program, Rank, Source, Term, View, checked,
};
use einsum_runtime::{Element, ShapeError};

/// A program of one product with one body: the labels of its indices, its arrays, and its nests.
macro_rules! program {
    ($($label:literal)*; $($array:expr),+; $($nest:expr),+) => {
        einsum_runtime::codegen::Program {
            labels: &[$($label),*],
            given: &[],
            arrays: &[$($array),+],
            products: &[einsum_runtime::codegen::Product {
                bodies: &[&[$($nest),+]],
                like: einsum_runtime::codegen::NONE,
            }],
        }
    };
}
pub(crate) use program;

/// An array with an index an axis.
pub(crate) const fn array(source: Source, axes: &'static [u8]) -> Term {
    Term { source, axes, before: NONE }
}

/// Operand `number`, in tests where nobody reads its name.
pub(crate) const fn operand_of(number: usize, axes: &'static [u8]) -> Term {
    array(Source::operand(number, "", ""), axes)
}

/// The output, in tests where nobody reads its name.
pub(crate) const fn output_of(axes: &'static [u8]) -> Term {
    array(Source::output("", ""), axes)
}

/// An array with an ellipsis, after `before` of its named axes.
pub(crate) const fn wide(before: u8, term: Term) -> Term {
    Term { before, ..term }
}

pub(crate) const fn nest(
    kept: &'static [u8],
    summed: &'static [u8],
    sources: &'static [Access],
    target: &'static [u8],
) -> Nest {
    Nest { kept, summed, sources, target, before: NONE }
}

/// A nest whose target has an ellipsis, after `before` of its named axes.
pub(crate) const fn wide_nest(before: u8, nest: Nest) -> Nest {
    Nest { before, ..nest }
}

/// A source: the number of an array or, after all of them, of an intermediate, and the loops of its axes.
pub(crate) const fn read(tensor: u8, loops: &'static [u8]) -> Access {
    Access { tensor, conj: false, loops }
}

pub(crate) const fn read_conj(tensor: u8, loops: &'static [u8]) -> Access {
    Access { tensor, conj: true, loops }
}

/// Returns the first product of a call whose shapes fit. `first` is its first operand.
pub(crate) fn run<T: Element, D: Rank, const R: usize, X, E>(
    program: &'static Program,
    first: &View<'_, T, R, X, E>,
    arrays: &[Erased<'_, T>],
) -> Array<T, D> {
    with(program, first, arrays, &[], |call| call.array(0)).unwrap()
}

/// As [`run`], of a product without axes.
pub(crate) fn run_scalar<T: Element, const R: usize, X, E>(
    program: &'static Program,
    first: &View<'_, T, R, X, E>,
    arrays: &[Erased<'_, T>],
) -> T {
    with(program, first, arrays, &[], |call| call.scalar(0)).unwrap()
}

/// As [`run`], into the last of the arrays.
pub(crate) fn fill<T: Element, const R: usize, X, E>(
    program: &'static Program,
    first: &View<'_, T, R, X, E>,
    arrays: &[Erased<'_, T>],
    alpha: Option<T>,
    beta: Option<T>,
) {
    with(program, first, arrays, &[], |call| call.fill(alpha, beta)).unwrap();
}

/// Checks a call, and hands it to `then` if its shapes fit.
pub(crate) fn with<T: Element, const R: usize, X, E, Out>(
    program: &'static Program,
    first: &View<'_, T, R, X, E>,
    arrays: &[Erased<'_, T>],
    given: &[usize],
    then: impl FnOnce(Checked<'_, T>) -> Out,
) -> Result<Out, ShapeError> {
    let mut extents = vec![0; program.labels.len()];
    checked(program, first.kernels(), arrays, given, &mut extents).map(then)
}
