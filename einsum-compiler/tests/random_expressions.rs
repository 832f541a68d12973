//! Thousands of random einsums through the whole pipeline but `emit`: the interpreter's values and
//! gradients are those of the oracle, exactly.
//!
//! `EINLOOM_SEED` chooses other expressions than the usual ones.

use einsum_compiler::{Form, Tensor as Interpreted, interpret, program};

#[path = "../../tests/oracle/mod.rs"]
mod oracle;
#[path = "../../tests/random/mod.rs"]
mod random;

use oracle::Tensor;
use random::{Expression, Rng, WINDOWED};

const VALUES: u64 = 4_000;
const GRADIENTS: u64 = 2_500;
const DUALITIES: u64 = 1_000;
const SYMMETRIES: u64 = 1_500;

/// Runs a property on so many expressions, each with the random numbers that belong to it.
fn for_all(count: u64, property: impl Fn(&Expression, &mut Rng)) {
    let first = match std::env::var("EINLOOM_SEED") {
        Ok(seed) => seed.parse().expect("EINLOOM_SEED is a number"),
        Err(_) => 0,
    };
    for seed in (first..).take(count as usize) {
        property(&Expression::new(seed), &mut Rng::new(!seed));
        if seed % 2 == 0 {
            property(&Expression::new(WINDOWED + seed), &mut Rng::new(!seed));
        }
    }
}

fn tensor(rng: &mut Rng, shape: Vec<usize>) -> Tensor<f64> {
    let count = shape.iter().product();
    let data = (0..count).map(|_| f64::from(rng.small(4))).collect();
    Tensor { shape, data }
}

fn tensors(rng: &mut Rng, expression: &Expression) -> Vec<Tensor<f64>> {
    expression.shapes().into_iter().map(|shape| tensor(rng, shape)).collect()
}

fn compiled(
    form: Form,
    expression: &Expression,
    operands: &[Tensor<f64>],
    cotangent: Option<&Tensor<f64>>,
) -> Vec<Tensor<f64>> {
    let context = || format!("{form:?} of {expression:#?}");
    let program = program(form, &expression.text, operands.len(), &expression.given())
        .unwrap_or_else(|diagnostics| panic!("{}\n{diagnostics:?}", context()));
    let to_interpreted = |tensor: &Tensor<f64>| Interpreted {
        shape: tensor.shape.clone(),
        data: tensor.data.clone(),
    };
    let arrays: Vec<Interpreted> = operands.iter().chain(cotangent).map(to_interpreted).collect();
    let run = || interpret(&program, &arrays);
    let results = std::panic::catch_unwind(run)
        .unwrap_or_else(|_| panic!("the interpreter refuses {}\n{program}", context()));
    let results = results.into_iter();
    results.map(|result| Tensor { shape: result.shape, data: result.data }).collect()
}

fn value(expression: &Expression, operands: &[Tensor<f64>]) -> Tensor<f64> {
    let mut results = compiled(Form::Einsum, expression, operands, None);
    assert_eq!(results.len(), 1, "one result of {expression:#?}");
    results.remove(0)
}

fn inner(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    assert_eq!(a.shape, b.shape);
    a.data.iter().zip(&b.data).map(|(a, b)| a * b).sum()
}

#[test]
fn values_equal_the_oracle() {
    for_all(VALUES, |expression, rng| {
        let operands = tensors(rng, expression);
        let expected = oracle::einsum(&expression.text, &operands, &expression.given());
        assert_eq!(expected.shape, expression.output_shape(), "shape of {expression:#?}");
        assert_eq!(value(expression, &operands), expected, "{expression:#?}");
    });
}

#[test]
fn gradients_equal_the_oracle() {
    for_all(GRADIENTS, |expression, rng| {
        let operands = tensors(rng, expression);
        let cotangent = tensor(rng, expression.output_shape());
        let given = expression.given();
        let expected = oracle::gradients(&expression.text, &operands, &cotangent, &given);
        let found = compiled(Form::Grad, expression, &operands, Some(&cotangent));
        assert_eq!(found, expected, "{expression:#?}");
    });
}

/// ⟨v, J u⟩ = ⟨Jᵀ v, u⟩, where `J u` exchanges one operand at a time with its tangent. It holds
/// whatever the oracle believes.
#[test]
fn gradients_are_dual_to_tangents() {
    for_all(DUALITIES, |expression, rng| {
        let operands = tensors(rng, expression);
        let tangents = tensors(rng, expression);
        let cotangent = tensor(rng, expression.output_shape());
        let mut forward = 0.0;
        for (number, tangent) in tangents.iter().enumerate() {
            let mut moved = operands.clone();
            moved[number] = tangent.clone();
            forward += inner(&cotangent, &value(expression, &moved));
        }
        let gradients = compiled(Form::Grad, expression, &operands, Some(&cotangent));
        let pairs = gradients.iter().zip(&tangents);
        let backward: f64 = pairs.map(|(gradient, tangent)| inner(gradient, tangent)).sum();
        assert_eq!(forward, backward, "{expression:#?}");
    });
}

#[test]
fn order_of_operands_and_names_of_labels_mean_nothing() {
    for_all(SYMMETRIES, |expression, rng| {
        let operands = tensors(rng, expression);
        let expected = value(expression, &operands);
        let renamed = expression.renamed(rng);
        assert_eq!(value(&renamed, &operands), expected, "{expression:#?}\n{renamed:#?}");
        let mut order: Vec<usize> = (0..operands.len()).collect();
        rng.shuffle(&mut order);
        let permuted = expression.permuted(&order, rng);
        let operands: Vec<_> = order.iter().map(|&number| operands[number].clone()).collect();
        assert_eq!(value(&permuted, &operands), expected, "{expression:#?}\n{permuted:#?}");
    });
}
