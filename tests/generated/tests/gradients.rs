//! `einsum_grad!`: the gradients equal the oracle's, conjugates included.

use einloom::einsum_grad;
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

use layouts::{Layout, Stored};
use oracle::Number;
use setup::Round;

type Case<T> =
    setup::Case<fn(&[ArrayViewD<'_, T>], &[usize], &ArrayViewD<'_, T>) -> Vec<ArrayD<T>>>;

include!(concat!(env!("OUT_DIR"), "/gradients.rs"));

fn check<T: Number>(cases: &[Case<T>]) {
    for case in cases {
        for mut round in Round::all(case) {
            let mut cotangent = setup::tensor(&mut round.rng, round.expression.output_shape());
            let layout = round.rng.pick(&Layout::ALL);
            let stored = Stored::new(&mut cotangent, layout, &mut round.rng);
            let view = stored.view();
            let dy = view.broadcast(cotangent.shape.as_slice()).unwrap();
            let (text, given) = (&round.expression.text, round.expression.given());
            let expected = oracle::gradients(text, &round.operands, &cotangent, &given);
            let found = round.call(|x, n| (case.run)(x, n, &dy));
            assert_eq!(found.len(), expected.len(), "one gradient an operand: {round}");
            for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let what = format!("gradient {number} (cotangent {layout:?})");
                round.assert_equal(&what, found, expected);
            }
        }
    }
}

#[test]
fn gradients_of_floats() {
    check(GRADIENTS_F64);
}

#[test]
fn gradients_of_integers() {
    check(GRADIENTS_I64);
}

#[test]
fn gradients_of_complex_numbers() {
    check(GRADIENTS_COMPLEX);
}
