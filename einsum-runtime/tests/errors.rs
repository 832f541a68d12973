//! The text of every run-time error.

use std::cell::Cell;

use einsum_runtime::ShapeError;
use einsum_runtime::codegen::*;
use ndarray::prelude::*;

#[track_caller]
fn says(result: Result<(), ShapeError>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

const A: Source = Source::operand(0, "&a", "ij");
const B: Source = Source::operand(1, "&b", "jk");

#[test]
fn extents_of_a_label() {
    let (a, b) = (Array2::<f64>::zeros((2, 3)), Array2::<f64>::zeros((7, 4)));
    let a0 = operand::<2, _>(&a, A);
    let a1 = operand_like::<2, _, _, _>(&b, &a0, B);
    let error = same("j", a0.axis(1), a1.axis(0)).unwrap_err();
    let text =
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 7 in operand 1 (`&b`), axis 0";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.label(), Some("j"));
    assert_eq!(error.extents(), Some((3, 7)));
    assert_eq!(format!("{error:?}"), format!("ShapeError({text:?})"));
    assert_eq!(error, error.clone());
    assert_eq!(size_of::<Result<(), ShapeError>>(), size_of::<usize>());
    assert!(same("j", a0.axis(1), given(3)).is_ok());
    says(
        same("j", a0.axis(1), given(4)),
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 4 in the options",
    );
}

#[test]
fn extents_of_outputs_and_cotangents() {
    let a = Array2::<f32>::zeros((2, 3));
    let mut c = [0.0; 5];
    let a0 = operand::<2, _>(&a, A);
    let c0 = output::<1, _, _, _>(&mut c, &a0, Source::output("c", "i"));
    says(
        same("i", a0.axis(0), c0.axis(0)),
        "extents of `i` disagree: 2 in operand 0 (`&a`), axis 0, but 5 in the output (`c`), axis 0",
    );
    let dy = [0.0; 5];
    let d0 = operand_like::<1, _, _, _>(&dy, &a0, Source::cotangent("&dy", "i"));
    says(
        same("i", a0.axis(0), d0.axis(0)),
        "extents of `i` disagree: 2 in operand 0 (`&a`), axis 0, but 5 in the cotangent (`&dy`), axis 0",
    );
}

#[test]
fn ranks() {
    let a = ArrayD::<i32>::zeros(vec![1, 2, 3]);
    let a0 = operand::<2, _>(&a, Source::operand(1, "&b", "jk"));
    says(a0.rank(), "operand 1 (`&b`) has 3 axes, but its term `jk` has 2");
    assert_eq!([a0.extent(0), a0.extent(1)], [0, 0]);
    let v = ArrayD::<i32>::zeros(vec![4]);
    let v0 = operand::<0, _>(&v, Source::operand(0, "v", ""));
    says(v0.rank(), "operand 0 (`v`) has 1 axis, but its term `` has 0");
    let v0 = ellipsis_operand::<2, _>(&v, 0, Source::operand(1, "&b", "...jk"));
    says(v0.rank(), "operand 1 (`&b`) has 1 axis, but its term `...jk` needs at least 2");
    assert!(ellipsis_operand::<2, _>(&a, 0, A).rank().is_ok());
    let mut c = ArrayD::<i32>::zeros(vec![]);
    let c0 = output::<1, _, _, _>(&mut c, &a0, Source::output("&mut c", "i"));
    says(c0.rank(), "the output (`&mut c`) has 0 axes, but its term `i` has 1");
}

#[test]
fn units() {
    let a = Array2::<f64>::zeros((2, 3));
    let a0 = operand::<2, _>(&a, A);
    let error = unit(a0.axis(1)).unwrap_err();
    assert_eq!(error.label(), Some("1"));
    says(Err(error), "axis 1 of operand 0 (`&a`) is written `1`, but its extent is 3");
}

#[test]
fn ellipses() {
    let (a, b) = (Array3::<f64>::zeros((5, 3, 2)), Array2::<f64>::zeros((4, 2)));
    let a0 = ellipsis_operand::<1, _>(&a, 0, Source::operand(0, "&a", "...i"));
    let b0 = ellipsis_operand_like::<1, _, _, _>(&b, &a0, 0, Source::operand(1, "&b", "...i"));
    says(
        broadcasts(a0.ellipsis(), b0.ellipsis()),
        "axes of `...` do not broadcast: 3 in operand 0 (`&a`), axis 1, but 4 in operand 1 (`&b`), axis 0",
    );
    // Named axes before the ellipsis count; named axes behind it too.
    let a0 = ellipsis_operand::<2, _>(&a, 1, Source::operand(0, "&a", "i...j"));
    assert_eq!([a0.extent(0), a0.extent(1)], [5, 2]);
    says(
        same("j", a0.axis(0), a0.axis(1)),
        "extents of `j` disagree: 5 in operand 0 (`&a`), axis 0, but 2 in operand 0 (`&a`), axis 2",
    );
    says(
        broadcasts(a0.ellipsis(), b0.ellipsis()),
        "axes of `...` do not broadcast: 3 in operand 0 (`&a`), axis 1, but 4 in operand 1 (`&b`), axis 0",
    );
}

#[test]
fn ellipses_of_the_output() {
    let (a, b) = (Array2::<f64>::zeros((4, 2)), Array1::<f64>::zeros(2));
    let a0 = ellipsis_operand::<1, _>(&a, 0, Source::operand(0, "&a", "...i"));
    let mut c = Array2::zeros((3, 2));
    let c0 = ellipsis_output::<1, _, _, _>(&mut c, &a0, 0, Source::output("c", "...i"));
    says(
        is_broadcast_of(c0.ellipsis(), &[a0.ellipsis()]),
        "axes of `...` disagree: 3 in the output (`c`), axis 0, but 4 after broadcasting the operands",
    );
    let wide = ellipsis_operand::<0, _>(&a, 0, Source::operand(0, "&a", "..."));
    assert!(is_broadcast_of(wide.ellipsis(), &[a0.ellipsis(), wide.ellipsis()]).is_ok());
    let d0 = ellipsis_operand_like::<0, _, _, _>(&b, &a0, 0, Source::cotangent("d", "..."));
    says(
        is_broadcast_of(d0.ellipsis(), &[wide.ellipsis()]),
        "the cotangent (`d`) has 1 axis for `...`, but the operands have 2",
    );
    let one = broadcast(&[d0.ellipsis()]);
    assert_eq!(one, broadcast(&[d0.ellipsis(), d0.ellipsis()]));
    assert_eq!(broadcast(&[]), EllipsisExtents::default());
}

#[test]
fn extent_zero_broadcasts() {
    let (a, b) = (Array1::<f64>::zeros(0), Array1::<f64>::zeros(1));
    let a0 = ellipsis_operand::<0, _>(&a, 0, A);
    let b0 = ellipsis_operand::<0, _>(&b, 0, B);
    for pair in [[a0.ellipsis(), b0.ellipsis()], [b0.ellipsis(), a0.ellipsis()]] {
        assert!(broadcasts(pair[0], pair[1]).is_ok());
        assert!(is_broadcast_of(a0.ellipsis(), &pair).is_ok());
    }
}

#[test]
fn too_many_elements() {
    let a0 = operand::<0, _>(&1.0_f64, Source::operand(0, "a", ""));
    says(
        a0.fits(&[1 << 32, 1 << 32]),
        "the result has too many elements: its extents are [4294967296, 4294967296]",
    );
    assert!(a0.fits(&[1 << 59]).is_ok());
    assert!(a0.fits(&[1 << 60]).is_err());
    assert!(a0.fits(&[1 << 60, 0]).is_err());
    assert!(a0.fits(&[0, 0]).is_ok());
    let ellipsis = broadcast(&[]);
    assert!(a0.fits_with_ellipsis(&[2, 3], 1, &ellipsis).is_ok());
    says(
        a0.fits_with_ellipsis(&[1 << 40, 1 << 41], 1, &ellipsis),
        "the result has too many elements: its extents are [1099511627776, 2199023255552]",
    );
}

#[test]
#[should_panic(expected = "axis 1 of operand 0 (`&a`) is written `1`, but its extent is 3")]
fn raised() {
    let a = Array2::<f64>::zeros((2, 3));
    if let Err(error) = unit(operand::<2, _>(&a, A).axis(1)) {
        raise::<()>(error);
    }
}

#[test]
fn raised_at_the_caller() {
    thread_local!(static LINE: Cell<u32> = const { Cell::new(0) });
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        LINE.set(info.location().map_or(0, std::panic::Location::line));
    }));
    let error = same("i", given(1), given(2)).unwrap_err();
    let result = std::panic::catch_unwind(|| raise::<()>(error));
    std::panic::set_hook(hook);
    assert!(result.is_err());
    assert_eq!(LINE.get(), line!() - 3);
}
