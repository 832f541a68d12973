//! Programs by hand, as emitted code holds them, and calls of them.

#![allow(dead_code, unused_macros, unused_imports, reason = "each test binary uses a part")]

use einsum_runtime::codegen::{
    Access, Array, Checked, Erased, NONE, Nest, Program, Rank, Source, Term, View, checked,
};
use einsum_runtime::{Element, ShapeError};

/// A program of one result with one body: the labels of its indices, its arrays, and its nests, of which the last makes
/// the result and each other one an intermediate.
macro_rules! program {
    ($($label:literal)*; $($array:expr),+; $($nest:expr),+) => {{
        const ARRAYS: &[einsum_runtime::codegen::Term] = &[$($array),+];
        const NESTS: &[einsum_runtime::codegen::Nest] = &$crate::program::chain([$($nest),+]);
        const BODIES: &[&[einsum_runtime::codegen::Nest]] = &[NESTS];
        einsum_runtime::codegen::Program {
            labels: &[$($label),*],
            given: &[],
            windows: &[],
            arrays: ARRAYS,
            results: &[einsum_runtime::codegen::NONE],
            bodies: BODIES,
        }
    }};
}
pub(crate) use program;

/// As `program!`, into the last of the arrays.
macro_rules! program_into {
    ($($tokens:tt)*) => { $crate::program::into_last($crate::program::program!($($tokens)*)) };
}
pub(crate) use program_into;

/// The program whose result goes to the last of its arrays.
pub(crate) const fn into_last(program: Program) -> Program {
    let results: &[u8] = match program.arrays.len() {
        1 => &[0],
        2 => &[1],
        3 => &[2],
        _ => panic!("more arrays than in these tests"),
    };
    Program { results, ..program }
}

/// Numbers the targets of nests: the last one is the result, the others are intermediates.
pub(crate) const fn chain<const N: usize>(nests: [Nest; N]) -> [Nest; N] {
    let mut nests = nests;
    let mut number = 0;
    while number + 1 < N {
        nests[number].into = 1 + number as u16;
        number += 1;
    }
    nests
}

/// An array with an index an axis.
pub(crate) const fn array(source: Source, axes: &'static [u8]) -> Term {
    Term { source, axes, ellipsis: &[] }
}

/// Operand `number`, in tests where nobody reads its name.
pub(crate) const fn operand_of(number: usize, axes: &'static [u8]) -> Term {
    array(Source::operand(number, "", ""), axes)
}

/// The output, in tests where nobody reads its name.
pub(crate) const fn output_of(axes: &'static [u8]) -> Term {
    array(Source::output("", ""), axes)
}

/// An array with an ellipsis: after how many of its named axes, and the arrays whose ellipses broadcast to it.
pub(crate) const fn wide(ellipsis: &'static [u8], term: Term) -> Term {
    Term { ellipsis, ..term }
}

pub(crate) const fn nest(
    kept: &'static [u8],
    summed: &'static [u8],
    sources: &'static [Access],
    target: &'static [u8],
) -> Nest {
    Nest { into: 0, kept, summed, sources, target, ellipsis: &[] }
}

/// A nest whose target has an ellipsis: after how many of its named axes, and the arrays to whose broadcast it extends.
pub(crate) const fn wide_nest(ellipsis: &'static [u8], nest: Nest) -> Nest {
    Nest { ellipsis, ..nest }
}

/// A source: the number of an array or, after all of them, of an intermediate, and the loops of its axes.
pub(crate) const fn read(tensor: u16, loops: &'static [u8]) -> Access {
    Access { tensor, conj: false, loops }
}

pub(crate) const fn read_conj(tensor: u16, loops: &'static [u8]) -> Access {
    Access { tensor, conj: true, loops }
}

/// Returns the only result of a call whose shapes fit. `first` is its first operand.
pub(crate) fn run<T: Element, D: Rank, const R: usize, X, E>(
    program: &'static Program,
    first: &View<'_, T, R, X, E>,
    arrays: &[Erased<'_, T>],
) -> Array<T, D> {
    with(program, first, arrays, &[], |call| call.array()).unwrap()
}

/// As [`run`], of a result without axes.
pub(crate) fn run_scalar<T: Element, const R: usize, X, E>(
    program: &'static Program,
    first: &View<'_, T, R, X, E>,
    arrays: &[Erased<'_, T>],
) -> T {
    with(program, first, arrays, &[], |call| call.scalar()).unwrap()
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
