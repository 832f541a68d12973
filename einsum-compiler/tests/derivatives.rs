//! Derivatives of random einsums in both modes and of second order, through the whole pipeline but `emit`: those of the
//! oracle, exactly. Einsums are multilinear, so that every derivative is a sum of einsums of other operands.
//!
//! `EINLOOM_SEED` chooses other expressions than the usual ones.

use einsum_compiler::{Form, Request, Tensor as Interpreted, interpret, program_of};

#[path = "../../tests/oracle/mod.rs"]
mod oracle;
#[path = "../../tests/random/mod.rs"]
mod random;

use oracle::Tensor;
use random::{Expression, Rng, WINDOWED};

const COUNT: u64 = 800;

/// Runs a property on so many expressions, each with the random numbers that belong to it.
fn for_all(property: impl Fn(&Expression, &mut Rng)) {
    let first = match std::env::var("EINLOOM_SEED") {
        Ok(seed) => seed.parse().expect("EINLOOM_SEED is a number"),
        Err(_) => 0,
    };
    for seed in (first..).take(COUNT as usize) {
        property(&Expression::new(seed), &mut Rng::new(!seed));
        if seed % 4 == 0 {
            property(&Expression::new(WINDOWED + seed), &mut Rng::new(!seed));
        }
    }
}

fn tensor(rng: &mut Rng, shape: Vec<usize>) -> Tensor<f64> {
    let count = shape.iter().product();
    let data = (0..count).map(|_| f64::from(rng.small(3))).collect();
    Tensor { shape, data }
}

fn tensors(rng: &mut Rng, expression: &Expression) -> Vec<Tensor<f64>> {
    expression.shapes().into_iter().map(|shape| tensor(rng, shape)).collect()
}

/// The results of a request. `arrays` are those that it could take, of which it takes some.
fn compiled(
    expression: &Expression,
    operands: usize,
    request: &Request,
    arrays: &[&Tensor<f64>],
) -> Vec<Tensor<f64>> {
    let program =
        program_of(Form::Einsum, &expression.text, operands, &expression.given(), request)
            .unwrap_or_else(|diagnostics| panic!("{expression:#?}\n{diagnostics:?}"));
    assert_eq!(arrays.len(), program.expr.arrays.len(), "{request:?}");
    let taken = arrays.iter().zip(&program.expr.arrays).filter(|(_, array)| array.is_taken);
    let arrays: Vec<Interpreted> = taken
        .map(|(tensor, _)| Interpreted { shape: tensor.shape.clone(), data: tensor.data.clone() })
        .collect();
    let run = || interpret(&program, &arrays);
    let results = std::panic::catch_unwind(run).unwrap_or_else(|_| {
        panic!("the interpreter refuses {request:?} {expression:#?}\n{program}")
    });
    let results = results.into_iter();
    results.map(|result| Tensor { shape: result.shape, data: result.data }).collect()
}

fn inner(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> f64 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b).inspect(|(a, b)| assert_eq!(a.shape, b.shape));
    pairs.map(|(a, b)| a.data.iter().zip(&b.data).map(|(a, b)| a * b).sum::<f64>()).sum()
}

fn add(to: &mut Tensor<f64>, other: &Tensor<f64>) {
    assert_eq!(to.shape, other.shape);
    for (to, other) in to.data.iter_mut().zip(&other.data) {
        *to += other;
    }
}

/// `-0.0` is the same number as `0.0`, which `==` says too.
fn zeros(like: &Tensor<f64>) -> Tensor<f64> {
    Tensor { shape: like.shape.clone(), data: vec![0.0; like.data.len()] }
}

fn with<T: Clone>(list: &[T], position: usize, value: &T) -> Vec<T> {
    let mut list = list.to_vec();
    list[position] = value.clone();
    list
}

/// Some of the operands, at least one.
fn some(rng: &mut Rng, operands: usize) -> Vec<usize> {
    let mut some: Vec<usize> = (0..operands).filter(|_| rng.chance(60)).collect();
    if some.is_empty() {
        some.push(rng.below(operands));
    }
    some
}

#[test]
fn value_and_gradients() {
    for_all(|expression, rng| {
        let (operands, given) = (tensors(rng, expression), expression.given());
        let cotangent = tensor(rng, expression.output_shape());
        let value = oracle::einsum(&expression.text, &operands, &given);
        let gradients = oracle::gradients(&expression.text, &operands, &cotangent, &given);
        let wanted = some(rng, operands.len());
        let mut expected = vec![value];
        expected.extend(wanted.iter().map(|&operand| gradients[operand].clone()));
        let arrays: Vec<_> = operands.iter().chain([&cotangent]).collect();
        let request = Request::value_and_vjp(&wanted);
        let found = compiled(expression, operands.len(), &request, &arrays);
        assert_eq!(found, expected, "{wanted:?} {expression:#?}");
        // One gradient of no more operands than it needs, added to what is there.
        let old = tensor(rng, operands[wanted[0]].shape.clone());
        let mut expected = old.clone();
        add(&mut expected, &gradients[wanted[0]]);
        let arrays: Vec<_> = arrays.into_iter().chain([&old]).collect();
        let request = Request::vjp(&wanted[..1]).into_existing().lean();
        let found = compiled(expression, operands.len(), &request, &arrays);
        assert_eq!(found, [expected], "{wanted:?} {expression:#?}");
    });
}

#[test]
fn value_and_tangent() {
    for_all(|expression, rng| {
        let (operands, given) = (tensors(rng, expression), expression.given());
        let moving = some(rng, operands.len());
        let tangents: Vec<_> =
            moving.iter().map(|&number| tensor(rng, operands[number].shape.clone())).collect();
        let value = oracle::einsum(&expression.text, &operands, &given);
        let mut tangent = zeros(&value);
        for (&number, along) in moving.iter().zip(&tangents) {
            let moved = with(&operands, number, along);
            add(&mut tangent, &oracle::einsum(&expression.text, &moved, &given));
        }
        let arrays: Vec<_> = operands.iter().chain(&tangents).collect();
        let request = Request::value_and_jvp(&moving);
        let found = compiled(expression, operands.len(), &request, &arrays);
        assert_eq!(found, [value, tangent.clone()], "{moving:?} {expression:#?}");
        let found = compiled(expression, operands.len(), &Request::jvp(&moving).lean(), &arrays);
        assert_eq!(found, [tangent], "{moving:?} {expression:#?}");
    });
}

/// The derivatives of the gradients, and ⟨w, H u⟩ = ⟨u, H w⟩, which holds whatever the oracle believes.
#[test]
fn second_derivatives() {
    for_all(|expression, rng| {
        let (operands, given) = (tensors(rng, expression), expression.given());
        let cotangent = tensor(rng, expression.output_shape());
        let moving = some(rng, operands.len());
        let draw = |rng: &mut Rng| -> Vec<Tensor<f64>> {
            moving.iter().map(|&number| tensor(rng, operands[number].shape.clone())).collect()
        };
        let (u, w) = (draw(rng), draw(rng));
        let hvp = |along: &[Tensor<f64>]| {
            let arrays: Vec<_> = operands.iter().chain([&cotangent]).chain(along).collect();
            compiled(expression, operands.len(), &Request::hvp(&moving), &arrays)
        };
        let (hu, hw) = (hvp(&u), hvp(&w));
        assert_eq!(inner(&w, &hu), inner(&u, &hw), "{moving:?} {expression:#?}");
        let mut expected: Vec<_> = moving.iter().map(|&number| zeros(&operands[number])).collect();
        for (&number, along) in moving.iter().zip(&u) {
            let moved = with(&operands, number, along);
            let gradients = oracle::gradients(&expression.text, &moved, &cotangent, &given);
            for (expected, &of) in expected.iter_mut().zip(&moving) {
                // A gradient does not depend on its own operand.
                if of != number {
                    add(expected, &gradients[of]);
                }
            }
        }
        assert_eq!(hu, expected, "{moving:?} {expression:#?}");
        let arrays: Vec<_> = operands.iter().chain([&cotangent]).chain(&u).collect();
        let lean = compiled(expression, operands.len(), &Request::hvp(&moving).lean(), &arrays);
        assert_eq!(lean, expected, "{moving:?} {expression:#?}");
    });
}
