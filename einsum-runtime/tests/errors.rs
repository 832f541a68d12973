//! The text of every run-time error.

use std::cell::Cell;

use einsum_runtime::codegen::*;
use einsum_runtime::{Element, ShapeError};
use ndarray::prelude::*;

mod program;

use program::{array, nest, program, program_into, read, wide, wide_nest, with};

const A: Source = Source::operand(0, "&a", "ij");
const B: Source = Source::operand(1, "&b", "jk");

/// Checks the shapes of a call.
fn check<T: Element, const R: usize, X, E>(
    program: &'static Program,
    first: &View<'_, T, R, X, E>,
    arrays: &[Erased<'_, T>],
    given: &[usize],
) -> Result<(), ShapeError> {
    with(program, first, arrays, given, |_| ())
}

#[track_caller]
fn says(result: Result<(), ShapeError>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

/// `ij,jk->i`, with an extent of `j` among the options or not.
const SUMS: Nest = nest(&[0], &[1, 2], &[read(0, &[0, 1]), read(1, &[1, 2])], &[0]);
static PAIR: Program = program!("i" "j" "k"; array(A, &[0, 1]), array(B, &[1, 2]); SUMS);
static GIVEN: Program =
    Program { given: &[1], ..program!("i" "j" "k"; array(A, &[0, 1]), array(B, &[1, 2]); SUMS) };

#[test]
fn extents_of_a_label() {
    let (a, b) = (Array2::<f64>::zeros((2, 3)), Array2::<f64>::zeros((7, 4)));
    let a0 = operand::<2, _>(&a);
    let a1 = operand_like::<2, _, _, _>(&b, &a0);
    let error = check(&PAIR, &a0, &[a0.erased(), a1.erased()], &[]).unwrap_err();
    let text =
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 7 in operand 1 (`&b`), axis 0";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.label(), Some("j"));
    assert_eq!(error.extents(), Some((3, 7)));
    assert_eq!(format!("{error:?}"), format!("ShapeError({text:?})"));
    assert_eq!(error, error.clone());
    let b = Array2::<f64>::zeros((3, 4));
    let a1 = operand_like::<2, _, _, _>(&b, &a0);
    let arrays = [a0.erased(), a1.erased()];
    assert!(check(&GIVEN, &a0, &arrays, &[3]).is_ok());
    says(
        check(&GIVEN, &a0, &arrays, &[4]),
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 4 in the options",
    );
    // The largest number of all is an extent like others.
    says(
        check(&GIVEN, &a0, &arrays, &[usize::MAX]),
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 18446744073709551615 in the options",
    );
}

/// Of several disagreements it is that of the first label.
#[test]
fn the_first_label() {
    static PROGRAM: Program =
        program!("i" "j"; array(A, &[0, 1]), array(B, &[1, 0]); nest(&[], &[], &[], &[]));
    let (a, b) = (Array2::<f64>::zeros((2, 3)), Array2::<f64>::zeros((4, 5)));
    let a0 = operand::<2, _>(&a);
    let a1 = operand_like::<2, _, _, _>(&b, &a0);
    says(
        check(&PROGRAM, &a0, &[a0.erased(), a1.erased()], &[]),
        "extents of `i` disagree: 2 in operand 0 (`&a`), axis 0, but 5 in operand 1 (`&b`), axis 1",
    );
}

#[test]
fn extents_of_outputs_and_cotangents() {
    const ROWS: Nest = nest(&[0], &[1], &[read(0, &[0, 1])], &[0]);
    static INTO: Program =
        program_into!("i" "j"; array(A, &[0, 1]), array(Source::output("c", "i"), &[0]); ROWS);
    static GRAD: Program =
        program!("i" "j"; array(A, &[0, 1]), array(Source::cotangent("&dy", "i"), &[0]); ROWS);
    let a = Array2::<f32>::zeros((2, 3));
    let mut c = [7.0; 5];
    let a0 = operand::<2, _>(&a);
    let mut c0 = output::<1, _, _, _>(&mut c, &a0);
    says(
        check(&INTO, &a0, &[a0.erased(), c0.erased()], &[]),
        "extents of `i` disagree: 2 in operand 0 (`&a`), axis 0, but 5 in the output (`c`), axis 0",
    );
    assert_eq!(c, [7.0; 5]);
    let d0 = operand_like::<1, _, _, _>(&[0.0; 5], &a0);
    says(
        check(&GRAD, &a0, &[a0.erased(), d0.erased()], &[]),
        "extents of `i` disagree: 2 in operand 0 (`&a`), axis 0, but 5 in the cotangent (`&dy`), axis 0",
    );
}

#[test]
fn ranks() {
    static SECOND: Program =
        program!("j" "k"; array(B, &[0, 1]); nest(&[], &[0, 1], &[read(0, &[0, 1])], &[]));
    static SCALAR: Program = program!(
        ; array(Source::operand(0, "v", ""), &[]); nest(&[], &[], &[read(0, &[])], &[])
    );
    static WIDE: Program = program!(
        "j" "k";
        wide(&[0], array(Source::operand(1, "&b", "...jk"), &[0, 1]));
        nest(&[], &[0, 1], &[read(0, &[0, 1])], &[])
    );
    let a = ArrayD::<i32>::zeros(vec![1, 2, 3]);
    let a0 = operand::<2, _>(&a);
    says(
        check(&SECOND, &a0, &[a0.erased()], &[]),
        "operand 1 (`&b`) has 3 axes, but its term `jk` has 2",
    );
    assert_eq!([a0.extent(0), a0.extent(1)], [0, 0]);
    let v = ArrayD::<i32>::zeros(vec![4]);
    let v0 = operand::<0, _>(&v);
    says(
        check(&SCALAR, &v0, &[v0.erased()], &[]),
        "operand 0 (`v`) has 1 axis, but its term `` has 0",
    );
    let v0 = ellipsis_operand::<2, _>(&v, 0);
    says(
        check(&WIDE, &v0, &[v0.erased()], &[]),
        "operand 1 (`&b`) has 1 axis, but its term `...jk` needs at least 2",
    );
    let a0 = ellipsis_operand::<2, _>(&a, 0);
    assert!(check(&WIDE, &a0, &[a0.erased()], &[]).is_ok());
    static INTO: Program = program_into!(
        "i"; array(A, &[]), array(Source::output("&mut c", "i"), &[0]);
        nest(&[0], &[], &[read(0, &[])], &[0])
    );
    let mut c = ArrayD::<i32>::zeros(vec![]);
    let a0 = scalar(&1);
    let mut c0 = output::<1, _, _, _>(&mut c, &a0);
    says(
        check(&INTO, &a0, &[a0.erased(), c0.erased()], &[]),
        "the output (`&mut c`) has 0 axes, but its term `i` has 1",
    );
}

#[test]
fn units() {
    static PROGRAM: Program =
        program!("i"; array(A, &[0, NONE]); nest(&[], &[0], &[read(0, &[0, NONE])], &[]));
    let a = Array2::<f64>::zeros((2, 3));
    let a0 = operand::<2, _>(&a);
    let error = check(&PROGRAM, &a0, &[a0.erased()], &[]).unwrap_err();
    assert_eq!(error.label(), Some("1"));
    assert_eq!(error.extents(), Some((3, 1)));
    says(Err(error), "axis 1 of operand 0 (`&a`) is written `1`, but its extent is 3");
}

/// Ellipses that do not broadcast; positions count the named axes before the ellipsis, and labels behind it its axes.
#[test]
fn ellipses() {
    const NONE_LEFT: Nest = nest(&[], &[0], &[read(0, &[0]), read(1, &[0])], &[]);
    static BEFORE: Program = program!(
        "i";
        wide(&[0], array(Source::operand(0, "&a", "...i"), &[0])),
        wide(&[0], array(Source::operand(1, "&b", "...i"), &[0]));
        NONE_LEFT
    );
    static BETWEEN: Program = program!(
        "i" "j";
        wide(&[1], array(Source::operand(0, "&a", "i...j"), &[0, 1])),
        wide(&[0], array(Source::operand(1, "&b", "...j"), &[1]));
        NONE_LEFT
    );
    static SAME: Program = program!(
        "j"; wide(&[1], array(Source::operand(0, "&a", "j...j"), &[0, 0])); NONE_LEFT
    );
    let (a, b) = (Array3::<f64>::zeros((5, 3, 2)), Array2::<f64>::zeros((4, 2)));
    let a0 = ellipsis_operand::<1, _>(&a, 0);
    let b0 = ellipsis_operand_like::<1, _, _, _>(&b, &a0, 0);
    let text = "axes of `...` do not broadcast: 3 in operand 0 (`&a`), axis 1, but 4 in operand 1 (`&b`), axis 0";
    says(check(&BEFORE, &a0, &[a0.erased(), b0.erased()], &[]), text);
    let a0 = ellipsis_operand::<2, _>(&a, 1);
    assert_eq!([a0.extent(0), a0.extent(1)], [5, 2]);
    says(check(&BETWEEN, &a0, &[a0.erased(), b0.erased()], &[]), text);
    says(
        check(&SAME, &a0, &[a0.erased()], &[]),
        "extents of `j` disagree: 5 in operand 0 (`&a`), axis 0, but 2 in operand 0 (`&a`), axis 2",
    );
}

#[test]
fn ellipses_of_outputs_and_cotangents() {
    static INTO: Program = program_into!(
        "i";
        wide(&[0], array(Source::operand(0, "&a", "...i"), &[0])),
        wide(&[0, 0], array(Source::output("c", "...i"), &[0]));
        wide_nest(&[0, 0], nest(&[0], &[], &[read(0, &[0])], &[0]))
    );
    static GRAD: Program = program!(
        ;
        wide(&[0], array(Source::operand(0, "&a", "..."), &[])),
        wide(&[0, 0], array(Source::cotangent("d", "..."), &[]));
        wide_nest(&[0, 0], nest(&[], &[], &[read(1, &[])], &[]))
    );
    let (a, b) = (Array2::<f64>::zeros((4, 2)), Array1::<f64>::zeros(2));
    let a0 = ellipsis_operand::<1, _>(&a, 0);
    let mut c = Array2::zeros((3, 2));
    let mut c0 = ellipsis_output::<1, _, _, _>(&mut c, &a0, 0);
    let error = check(&INTO, &a0, &[a0.erased(), c0.erased()], &[]).unwrap_err();
    assert_eq!(error.label(), Some("..."));
    assert_eq!(error.extents(), Some((3, 4)));
    says(
        Err(error),
        "axes of `...` disagree: 3 in the output (`c`), axis 0, but 4 after broadcasting the operands",
    );
    let a0 = ellipsis_operand::<0, _>(&a, 0);
    assert!(check(&GRAD, &a0, &[a0.erased(), a0.erased()], &[]).is_ok());
    let d0 = ellipsis_operand_like::<0, _, _, _>(&b, &a0, 0);
    says(
        check(&GRAD, &a0, &[a0.erased(), d0.erased()], &[]),
        "the cotangent (`d`) has 1 axis for `...`, but the operands have 2",
    );
}

#[test]
fn extent_zero_broadcasts() {
    static PROGRAM: Program = program_into!(
        ;
        wide(&[0], array(A, &[])), wide(&[0], array(B, &[])),
        wide(&[0, 0, 1], array(Source::output("c", ""), &[]));
        wide_nest(&[0, 0, 1], nest(&[], &[], &[read(0, &[]), read(1, &[])], &[]))
    );
    let (a, b) = (Array1::<f64>::zeros(0), Array1::<f64>::zeros(1));
    let a0 = ellipsis_operand::<0, _>(&a, 0);
    let b0 = ellipsis_operand::<0, _>(&b, 0);
    let mut c = Array1::zeros(0);
    for [x, y] in [[&a0, &b0], [&b0, &a0]] {
        let mut c0 = ellipsis_output::<0, _, _, _>(&mut c, &a0, 0);
        let arrays = [x.erased(), y.erased(), c0.erased()];
        with(&PROGRAM, &a0, &arrays, &[], |call| call.fill(None, None)).unwrap();
    }
}

#[test]
fn too_many_elements() {
    static PROGRAM: Program = Program {
        given: &[0, 1],
        ..program!("i" "j"; array(A, &[]); nest(&[0, 1], &[], &[read(0, &[])], &[0, 1]))
    };
    static WIDE: Program = Program {
        given: &[0, 1],
        ..program!(
            "i" "j"; wide(&[0], array(A, &[]));
            wide_nest(&[1, 0], nest(&[0, 1], &[], &[read(0, &[])], &[0, 1]))
        )
    };
    // The result is a scalar, but what is between does not fit.
    static INTERMEDIATE: Program = program!(
        "i"; array(A, &[0, 0]);
        nest(&[0], &[], &[read(0, &[0, 0])], &[0, 0]),
        nest(&[], &[0], &[read(1, &[0, 0])], &[])
    );
    let a0 = scalar(&1.0_f64);
    says(
        check(&PROGRAM, &a0, &[a0.erased()], &[1 << 32, 1 << 32]),
        "the result has too many elements: its extents are [4294967296, 4294967296]",
    );
    let fits = |extents: [usize; 2]| check(&PROGRAM, &a0, &[a0.erased()], &extents).is_ok();
    assert!(fits([1 << 59, 1]) && !fits([1 << 60, 1]) && !fits([1 << 60, 0]) && fits([0, 0]));
    assert!(!fits([usize::MAX, 0]) && !fits([usize::MAX, usize::MAX]));
    let line = Array1::<f64>::zeros(2);
    let a0 = ellipsis_operand::<0, _>(&line, 0);
    assert!(check(&WIDE, &a0, &[a0.erased()], &[2, 3]).is_ok());
    says(
        check(&WIDE, &a0, &[a0.erased()], &[1 << 40, 1 << 41]),
        "the result has too many elements: its extents are [1099511627776, 2, 2199023255552]",
    );
    let one = Array2::<f64>::zeros((1, 1));
    let huge = one.broadcast((1 << 31, 1 << 31)).unwrap();
    let a0 = operand::<2, _>(&huge);
    says(
        check(&INTERMEDIATE, &a0, &[a0.erased()], &[]),
        "the result has too many elements: its extents are [2147483648, 2147483648]",
    );
}

#[test]
#[should_panic(expected = "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 2 in")]
fn raised() {
    let a = Array2::<f64>::zeros((2, 3));
    let a0 = operand::<2, _>(&a);
    let arrays = [a0.erased(), a0.erased()];
    let _ = einsum::<_, Ix1>(&PAIR, a0.kernels(), &arrays, &[], &mut [0; 3]);
}

#[test]
fn raised_at_the_caller() {
    thread_local!(static LINE: Cell<u32> = const { Cell::new(0) });
    let a = Array2::<f64>::zeros((2, 3));
    let a0 = operand::<2, _>(&a);
    let arrays = [a0.erased(), a0.erased()];
    let error = check(&PAIR, &a0, &arrays, &[]).unwrap_err();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        LINE.set(info.location().map_or(0, std::panic::Location::line));
    }));
    let result = std::panic::catch_unwind(|| raise::<()>(error));
    let raised = (line!() - 1, LINE.get());
    let call = || einsum::<_, Ix1>(&PAIR, a0.kernels(), &arrays, &[], &mut [0; 3]);
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    let called = (line!() - 2, LINE.get());
    std::panic::set_hook(hook);
    assert!(result.is_err() && made.is_err());
    assert_eq!((raised.0, called.0), (raised.1, called.1));
}
