//! `einsum_fn!`: all that is emitted for a signature equals the oracle's, conjugates included.

use einloom::einsum_fn;
#[allow(unused_imports, reason = "which ranks there are depends on the build script")]
use ndarray::Ix0;
use ndarray::{ArrayD, ArrayViewD, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, arr0};
use num_complex::Complex;

#[path = "../../oracle/complex.rs"]
mod complex;
mod layouts;
#[path = "../../oracle/mod.rs"]
mod oracle;
#[path = "../../random/mod.rs"]
mod random;
mod setup;

use oracle::{Number, Tensor};
use setup::Round;

/// What the functions of a case return.
struct Results<T> {
    value: ArrayD<T>,
    vjp: Vec<ArrayD<T>>,
    value_and_vjp: (ArrayD<T>, Vec<ArrayD<T>>),
    grads: Vec<ArrayD<T>>,
    jvp: ArrayD<T>,
    value_and_jvp: (ArrayD<T>, ArrayD<T>),
    hvp: Vec<ArrayD<T>>,
}

/// Takes the operands, the extents of the labels, the cotangent, the tangents, and two sets of gradients to add to.
type Run<T> = fn(
    &[ArrayViewD<'_, T>],
    &[usize],
    &ArrayD<T>,
    &[ArrayD<T>],
    &mut [ArrayD<T>],
    &mut [ArrayD<T>],
) -> Results<T>;
type Case<T> = setup::Case<Run<T>>;

include!(concat!(env!("OUT_DIR"), "/functions.rs"));

/// What is expected of a round.
struct Expected<T> {
    value: Tensor<T>,
    gradients: Vec<Tensor<T>>,
    tangent: Tensor<T>,
    hessian: Vec<Tensor<T>>,
}

/// The operands without `#[no_grad]`, as the build script chooses them.
fn variables(seed: u64, count: usize) -> Vec<usize> {
    let constant = (count > 1 && seed.is_multiple_of(3)).then_some(seed as usize % count);
    (0..count).filter(|&number| Some(number) != constant).collect()
}

fn sum<T: Number>(tensors: impl IntoIterator<Item = Tensor<T>>) -> Tensor<T> {
    let add = |mut sum: Tensor<T>, next: Tensor<T>| {
        assert_eq!(sum.shape, next.shape);
        sum.data.iter_mut().zip(next.data).for_each(|(sum, next)| *sum = sum.plus(next));
        sum
    };
    tensors.into_iter().reduce(add).expect("a sum of something")
}

fn expected<T: Number>(
    round: &Round<T>,
    variables: &[usize],
    cotangent: &Tensor<T>,
    tangents: &[Tensor<T>],
) -> Expected<T> {
    let (text, given) = (&round.expression.text, round.expression.given());
    // The einsum is linear in each operand: its derivative along a tangent has that in the operand's place.
    let moved = |position: usize| {
        let mut operands = round.operands.clone();
        operands[variables[position]] = tangents[position].clone();
        operands
    };
    let of_variables = |gradients: Vec<Tensor<T>>| {
        let wanted = |(number, _): &(usize, Tensor<T>)| variables.contains(number);
        gradients.into_iter().enumerate().filter(wanted).map(|(_, gradient)| gradient).collect()
    };
    let positions = || 0..variables.len();
    let along: Vec<Vec<Tensor<T>>> = positions()
        .map(|moving| of_variables(oracle::gradients(text, &moved(moving), cotangent, &given)))
        .collect();
    let hessian = match variables {
        [_] => Vec::new(),
        _ => positions()
            .map(|of| sum(positions().filter(|&by| by != of).map(|by| along[by][of].clone())))
            .collect(),
    };
    Expected {
        value: oracle::einsum(text, &round.operands, &given),
        gradients: of_variables(oracle::gradients(text, &round.operands, cotangent, &given)),
        tangent: sum(positions().map(|moving| oracle::einsum(text, &moved(moving), &given))),
        hessian,
    }
}

/// `Σ conj(a) b`
fn inner<T: Number>(a: &ArrayD<T>, b: &ArrayD<T>) -> T {
    assert_eq!(a.shape(), b.shape());
    let products = a.iter().zip(b).map(|(a, b)| a.conjugate().times(*b));
    products.fold(T::new(0, 0), T::plus)
}

fn array<T: Number>(tensor: &Tensor<T>) -> ArrayD<T> {
    ArrayD::from_shape_vec(tensor.shape.clone(), tensor.data.clone()).unwrap()
}

fn check<T: Number>(cases: &[Case<T>]) {
    for case in cases {
        // Fewer rounds than elsewhere, of more calls: the first, the one with an extent of zero, and mixed layouts.
        let rounds = Round::all(case).enumerate();
        for (_, mut round) in rounds.filter(|(number, _)| matches!(number, 0 | 7 | 9 | 13)) {
            let variables = variables(case.seed, round.operands.len());
            let cotangent = setup::tensor(&mut round.rng, round.expression.output_shape());
            let like = |round: &mut Round<T>| -> Vec<Tensor<T>> {
                let shapes: Vec<_> =
                    variables.iter().map(|&n| round.operands[n].shape.clone()).collect();
                shapes.into_iter().map(|shape| setup::tensor(&mut round.rng, shape)).collect()
            };
            let (tangents, before) = (like(&mut round), like(&mut round));
            let expected = expected(&round, &variables, &cotangent, &tangents);
            let (dy, t): (_, Vec<_>) = (array(&cotangent), tangents.iter().map(array).collect());
            let mut e: Vec<_> = before.iter().map(array).collect();
            let mut f = e.clone();
            let found = round.call(|x, n| (case.run)(x, n, &dy, &t, &mut e, &mut f));

            let all = |what: &str, found: &[ArrayD<T>], expected: &[Tensor<T>]| {
                assert_eq!(found.len(), expected.len(), "{what}: {round}");
                for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
                    round.assert_equal(&format!("{what}, {number}"), found, expected);
                }
            };
            round.assert_equal("the value", &found.value, &expected.value);
            all("the gradients", &found.vjp, &expected.gradients);
            round.assert_equal(
                "the value beside gradients",
                &found.value_and_vjp.0,
                &expected.value,
            );
            all("the gradients beside the value", &found.value_and_vjp.1, &expected.gradients);
            all("each gradient", &found.grads, &expected.gradients);
            round.assert_equal("the tangent", &found.jvp, &expected.tangent);
            round.assert_equal(
                "the value beside the tangent",
                &found.value_and_jvp.0,
                &expected.value,
            );
            round.assert_equal(
                "the tangent beside the value",
                &found.value_and_jvp.1,
                &expected.tangent,
            );
            all("the hessian-vector product", &found.hvp, &expected.hessian);
            let added: Vec<Tensor<T>> = before
                .iter()
                .zip(&expected.gradients)
                .map(|(before, gradient)| sum([before.clone(), gradient.clone()]))
                .collect();
            all("the gradients added to", &e, &added);
            all("each gradient added to", &f, &added);

            // ⟨v, J u⟩ = ⟨Jᵀ v, u⟩, of what was emitted alone.
            let dual = found.vjp.iter().zip(&t).map(|(gradient, t)| inner(gradient, t));
            let dual = dual.fold(T::new(0, 0), T::plus);
            assert_eq!(inner(&dy, &found.jvp), dual, "duality: {round}");
        }
    }
}

#[test]
fn functions_of_floats() {
    check(FUNCTIONS_F64);
}

#[test]
fn functions_of_integers() {
    check(FUNCTIONS_I64);
}

#[test]
fn functions_of_complex_numbers() {
    check(FUNCTIONS_COMPLEX);
}
