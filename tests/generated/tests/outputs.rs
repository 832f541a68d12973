//! `einsum_into!`: `c = beta*c + alpha*(…)` in every layout of `c`, and nothing else is written.

use einloom::einsum_into;
#[allow(unused_imports, reason = "which ranks there are depends on the build script")]
use ndarray::{ArrayViewD, ArrayViewMutD, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6};
use num_complex::Complex;

#[path = "../../oracle/complex.rs"]
mod complex;
mod layouts;
#[path = "../../oracle/mod.rs"]
mod oracle;
#[path = "../../random/mod.rs"]
mod random;
mod setup;

use layouts::{Layout, Stored};
use oracle::Number;
use setup::Round;

type Case<T> = setup::Case<fn(&[ArrayViewD<'_, T>], &[usize], ArrayViewMutD<'_, T>, T, T)>;

include!(concat!(env!("OUT_DIR"), "/outputs.rs"));

/// The scales that a case uses, see the build script.
fn scales<T: Number>(round: &mut Round<T>) -> (T, T) {
    let scale = |round: &mut Round<T>| T::new(round.rng.small(2), round.rng.small(2));
    let (mut alpha, mut beta) = (scale(round), scale(round));
    if matches!(round.expression.seed % 5, 0 | 2) {
        alpha = T::new(1, 0);
    }
    if matches!(round.expression.seed % 5, 0 | 1) {
        beta = T::new(0, 0);
    }
    (alpha, beta)
}

/// `unreadable` is what an output may hold that is not read, since `beta` is zero.
fn check<T: Number>(cases: &[Case<T>], unreadable: T) {
    for case in cases {
        for mut round in Round::all(case) {
            let (alpha, beta): (T, T) = scales(&mut round);
            let given = round.expression.given();
            let product = oracle::einsum(&round.expression.text, &round.operands, &given);
            let mut output = setup::tensor(&mut round.rng, round.expression.output_shape());
            let mut expected = output.clone();
            for (element, &sum) in expected.data.iter_mut().zip(&product.data) {
                *element = beta.times(*element).plus(alpha.times(sum));
            }
            if beta == T::new(0, 0) {
                output.data.fill(unreadable);
            }
            let layout = round.rng.pick(Layout::WRITABLE);
            let mut stored = Stored::new(&mut output, layout, &mut round.rng);
            round.call(|x, n| (case.run)(x, n, stored.view_mut(), alpha, beta));
            let what = format!("the output ({layout:?}, alpha {alpha:?}, beta {beta:?})");
            let found = stored.view().as_standard_layout().into_owned();
            round.assert_equal(&what, &found, &expected);
            assert!(stored.has_clean_gaps(), "written beside {what}: {round}");
        }
    }
}

#[test]
fn outputs_of_floats() {
    check(OUTPUTS_F64, f64::NAN);
    check(OUTPUTS_F32, f32::INFINITY);
}

#[test]
fn outputs_of_integers() {
    check(OUTPUTS_I64, i64::MAX);
    check(OUTPUTS_I32, i32::MIN);
}

#[test]
fn outputs_of_complex_numbers() {
    check(OUTPUTS_COMPLEX, Complex::new(f64::NAN, f64::INFINITY));
}
