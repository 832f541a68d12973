//! `einsum!`, `einsum_view!`, and `try_einsum!`: values equal the oracle's, and shapes that disagree
//! are refused.

use einloom::{ShapeError, einsum, einsum_view, try_einsum};
#[allow(unused_imports, reason = "which ranks there are depends on the build script")]
use ndarray::{ArrayD, ArrayViewD, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, arr0};
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
use random::{Axis, Expression};
use setup::Round;

type Case<T> = setup::Case<fn(&[ArrayViewD<'_, T>], &[usize]) -> ArrayD<T>>;
type Fallible<T> = setup::Case<fn(&[ArrayViewD<'_, T>], &[usize]) -> Result<ArrayD<T>, ShapeError>>;

include!(concat!(env!("OUT_DIR"), "/values.rs"));
include!(concat!(env!("OUT_DIR"), "/results.rs"));
include!(concat!(env!("OUT_DIR"), "/views.rs"));

fn check<T: Number>(cases: &[Case<T>]) {
    for case in cases {
        for round in Round::all(case) {
            let (text, given) = (&round.expression.text, round.expression.given());
            let expected = oracle::einsum(text, &round.operands, &given);
            round.assert_equal("the value", &round.call(case.run), &expected);
        }
    }
}

#[test]
fn values_of_floats() {
    check(VALUES_F64);
    check(VALUES_F32);
}

#[test]
fn values_of_integers() {
    check(VALUES_I64);
    check(VALUES_I32);
}

#[test]
fn values_of_complex_numbers() {
    check(VALUES_COMPLEX);
}

#[test]
fn views() {
    check(VIEWS_F64);
}

fn check_results<T: Number>(cases: &[Fallible<T>]) {
    for case in cases {
        for mut round in Round::all(case) {
            let (text, given) = (&round.expression.text, round.expression.given());
            let expected = oracle::einsum(text, &round.operands, &given);
            let found = round.call(case.run).unwrap_or_else(|error| panic!("{error}: {round}"));
            round.assert_equal("the value", &found, &expected);
            if case.is_dynamic {
                check_rank_error(case, &mut round);
            }
            check_extent_error(case, &mut round);
        }
    }
}

/// Gives an axis of one label another extent than the others have.
fn check_extent_error<T: Number>(case: &Fallible<T>, round: &mut Round<T>) {
    let Expression { terms, options, ellipses, .. } = &round.expression;
    let label_axes = terms.iter().enumerate().flat_map(|(operand, term)| {
        let before_ellipsis = term.iter().position(|axis| *axis == Axis::Ellipsis);
        let rank = ellipses[operand].len();
        term.iter().enumerate().filter_map(move |(axis, kind)| match *kind {
            Axis::Label(label) if before_ellipsis.is_some_and(|before| before < axis) => {
                Some((label, operand, axis + rank - 1))
            }
            Axis::Label(label) => Some((label, operand, axis)),
            Axis::Unit | Axis::Ellipsis | Axis::Window(_) => None,
        })
    });
    let label_axes: Vec<(usize, usize, usize)> = label_axes.collect();
    let is_shared = |label| {
        label_axes.iter().filter(|(other, ..)| *other == label).count() > 1
            || options.iter().any(|given| given.label == label)
    };
    let shared: Vec<_> = label_axes.iter().filter(|(label, ..)| is_shared(*label)).collect();
    if shared.is_empty() {
        return;
    }
    let (label, operand, axis) = *round.rng.pick(&shared);
    let mut shape = round.operands[operand].shape.clone();
    shape[axis] += 1;
    round.replace(operand, Tensor::zeros(shape));
    let error = round.call(case.run).expect_err("extents disagree");
    let name = round.expression.names[label].as_str();
    assert_eq!(error.label(), Some(name), "{error}: operand {operand}, axis {axis} of {round}");
}

/// Gives an operand whose term has no ellipsis another axis.
fn check_rank_error<T: Number>(case: &Fallible<T>, round: &mut Round<T>) {
    let has_rank = |term: &Vec<Axis>| !term.contains(&Axis::Ellipsis);
    let Some(operand) = round.expression.terms.iter().position(has_rank) else { return };
    let original = round.operands[operand].clone();
    let mut wrong = original.clone();
    wrong.shape.push(1);
    round.replace(operand, wrong);
    let error = round.call(case.run).expect_err("the rank is wrong").to_string();
    let expected = format!("operand {operand} (`");
    assert!(error.starts_with(&expected) && error.contains("its term"), "{error}: {round}");
    round.replace(operand, original);
}

#[test]
fn shapes_that_disagree_are_refused() {
    check_results(RESULTS_F64);
    check_results(RESULTS_I64);
}
