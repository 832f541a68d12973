//! Loops in place that lie about their arrays. Nothing may be read or written outside of them: the process ends.

use std::process::Command;

use einsum_runtime::codegen::*;
use ndarray::prelude::*;

/// Which lie a process of this test tells.
const LIE: &str = "EINLOOM_TEST_LIE";

const LIES: [fn(); 11] = [
    || reads((2, 9, 1, 1), [0, 1]),
    || reads((9, 3, 1, 1), [0, 1]),
    || reads((2, 3, 1, 1), [0, 7]),
    // An axis without a loop has extent 1.
    || reads((2, 3, 1, 1), [0, 4]),
    || reads((2, 1, 1, 9), [0, 3]),
    // Points would share elements.
    || writes(2, [0, 0]),
    || writes(1, [0, 1]),
    // Other loops than those of the operand, of the output, and of the nest.
    || {
        let (a, b) = (Array2::<f64>::zeros((2, 3)), Array2::zeros((3, 2)));
        let (a0, a1) = (operand::<2, _>(&a), operand::<2, _>(&b));
        let mut row = a0.row(12);
        let (x, y) = (a0.along((2, 3, 1, 1), 0, 1), a1.along((3, 2, 1, 1), 0, 1));
        sums2::<_, _, _, 2, 0, true>((a0.arithmetic(), (a0.static_extents(),)), &mut row, x, y);
    },
    || {
        let a = Array2::<f64>::zeros((2, 3));
        let a0 = operand::<2, _>(&a);
        let mut row = a0.row(1);
        sums1::<_, _, _, 2, 0, true>(
            (a0.arithmetic(), (a0.static_extents(),)),
            &mut row,
            a0.along((2, 3, 1, 1), 0, 1),
        );
    },
    || {
        let a = Array2::<f64>::zeros((2, 3));
        let a0 = operand::<2, _>(&a);
        let mut row = a0.row(2);
        sums1::<_, _, _, 1, 0, true>(
            (a0.arithmetic(), (a0.static_extents(),)),
            &mut row,
            a0.along((2, 3, 1, 1), 0, 1),
        );
    },
    || {
        let a = Array2::<f64>::zeros((2, 3));
        let a0 = operand::<2, _>(&a);
        let mut row = a0.row(2);
        let x = a0.along((2, 1, 1, 3), 0, 3);
        sums1::<_, _, _, 1, 1, true>((a0.arithmetic(), (a0.static_extents(),)), &mut row, x);
    },
];

fn reads(extents: (usize, usize, usize, usize), [i, j]: [usize; 2]) {
    let a = Array2::<f64>::zeros((2, 3));
    let _ = operand::<2, _>(&a).along(extents, i, j);
}

fn writes(kept: usize, [i, j]: [usize; 2]) {
    let (a, mut c) = (Array2::<f64>::zeros((3, 3)), Array2::<f64>::zeros((3, 3)));
    let _ = output::<2, _, _, _>(&mut c, &operand::<2, _>(&a)).along(kept, (3, 3, 1, 1), i, j);
}

#[test]
fn every_lie_ends_the_process() {
    if let Ok(number) = std::env::var(LIE) {
        LIES[number.parse::<usize>().expect("a number")]();
        return;
    }
    for number in 0..LIES.len() {
        let mut liar = Command::new(std::env::current_exe().expect("this test"));
        liar.args(["every_lie_ends_the_process", "--exact", "--nocapture"]);
        let ended = liar.env(LIE, number.to_string()).output().expect("a process");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success(), "lie {number}");
        assert!(said.contains("a position lies outside of its array"), "lie {number}: {said}");
    }
}
