//! Shapes that do not fit: the text of the error, where the panic points, and that nothing is
//! written.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

use einloom::{ShapeError, einsum, einsum_grad, einsum_into, einsum_view, try_einsum};
use ndarray::{Array1, Array2, Array3, ArrayD, IxDyn, arr0};

fn zeros<const R: usize>(shape: [usize; R]) -> ArrayD<f64> {
    ArrayD::zeros(IxDyn(&shape))
}

fn text<T>(result: Result<T, ShapeError>) -> String {
    result.err().expect("the shapes do not fit").to_string()
}

#[test]
fn results_that_fit() {
    let (a, b) = (Array2::<f64>::ones((2, 3)), Array2::<f64>::ones((3, 4)));
    let y: Result<Array2<f64>, ShapeError> = try_einsum!("ij,jk->ik", &a, &b);
    assert_eq!(y.unwrap(), Array2::from_elem((2, 4), 3.0));
    let s: Result<f64, ShapeError> = try_einsum!("ij->", &a);
    assert_eq!(s, Ok(6.0));
}

#[test]
fn extents_of_a_label() {
    let (a, b) = (Array2::<f64>::zeros((2, 3)), Array2::<f64>::zeros((7, 4)));
    let error = try_einsum!("ij,jk->ik", &a, &b).unwrap_err();
    assert_eq!(
        error.to_string(),
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 7 in operand 1 (`&b`), axis 0"
    );
    assert_eq!(error.label(), Some("j"));
    assert_eq!(error.extents(), Some((3, 7)));
    assert_eq!(
        text(try_einsum!("ii->i", a)),
        "extents of `i` disagree: 2 in operand 0 (`a`), axis 0, but 3 in operand 0 (`a`), axis 1"
    );
    assert_eq!(
        text(try_einsum!("row column, column -> row", &a, b.column(0))),
        "extents of `column` disagree: 3 in operand 0 (`&a`), axis 1, \
         but 7 in operand 1 (`b.column(0)`), axis 0"
    );
    // An extent of 1 broadcasts in an ellipsis only.
    assert_eq!(
        text(try_einsum!("i,i->i", [1, 2], &[3][..])),
        "extents of `i` disagree: 2 in operand 0 (`[1, 2]`), axis 0, \
         but 1 in operand 1 (`&[3][..]`), axis 0"
    );
}

#[test]
fn axes_count_the_ellipsis() {
    let (a, b) = (Array3::<f64>::zeros((5, 2, 3)), Array2::<f64>::zeros((4, 2)));
    assert_eq!(
        text(try_einsum!("...ij,jk->...ik", &a, &b)),
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 2, but 4 in operand 1 (`&b`), axis 0"
    );
}

#[test]
fn extents_of_the_options() {
    let a = Array2::<f64>::zeros((2, 3));
    let n = 4;
    assert_eq!(
        text(try_einsum!("ij->i", &a; j = n)),
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 4 in the options"
    );
    assert_eq!(
        text(try_einsum!("ij->i", &a; j = 4)),
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 4 in the options"
    );
}

#[test]
fn dynamic_ranks() {
    let (a, b) = (zeros([2, 3]), zeros([3, 4, 5]));
    assert_eq!(
        text(try_einsum!("ij,jk->ik", &a, &b)),
        "operand 1 (`&b`) has 3 axes, but its term `jk` has 2"
    );
    assert_eq!(
        text(try_einsum!("b i j -> i", &a)),
        "operand 0 (`&a`) has 2 axes, but its term `b i j` has 3"
    );
    assert_eq!(
        text(try_einsum!("ij,...jk->...ik", &a, zeros([3]))),
        "operand 1 (`zeros([3])`) has 1 axis, but its term `...jk` needs at least 2"
    );
    assert_eq!(try_einsum!("i->", &a).unwrap_err().label(), None);
}

#[test]
fn units() {
    let a = Array2::<f64>::zeros((2, 3));
    assert_eq!(
        text(try_einsum!("b 1 -> b", &a)),
        "axis 1 of operand 0 (`&a`) is written `1`, but its extent is 3"
    );
}

#[test]
fn ellipses() {
    let (a, b) = (Array2::<f64>::zeros((3, 2)), Array3::<f64>::zeros((4, 4, 2)));
    assert_eq!(
        text(try_einsum!("...i,...i->...", &a, &b)),
        "axes of `...` do not broadcast: 3 in operand 0 (`&a`), axis 0, \
         but 4 in operand 1 (`&b`), axis 1"
    );
}

#[test]
fn results_beyond_memory() {
    let n = 1_usize << 32;
    assert_eq!(
        text(try_einsum!("->ij", 1_u8; i = n, j = n)),
        "the result has too many elements: its extents are [4294967296, 4294967296]"
    );
}

thread_local! {
    static LINE: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Runs a call that panics; returns its message and the line that the panic points at, which must
/// be in this file.
fn panics<R>(call: impl FnOnce() -> R) -> (String, u32) {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let other = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let here = info.location().filter(|location| location.file() == file!());
            LINE.set(here.map(panic::Location::line));
            if here.is_none() {
                other(info);
            }
        }));
    });
    let payload = panic::catch_unwind(AssertUnwindSafe(call)).err().expect("the shapes do not fit");
    let message = payload.downcast_ref::<String>().expect("a formatted message").clone();
    (message, LINE.take().expect("the panic points at the user's file"))
}

#[test]
fn panics_point_at_the_call() {
    let (a, b) = (Array2::<f64>::zeros((2, 3)), Array2::<f64>::zeros((7, 4)));
    let expected =
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 7 in operand 1 (`&b`), axis 0";
    let line = line!() + 1;
    let (message, at) = panics(|| einsum!("ij,jk->ik", &a, &b));
    assert_eq!((message.as_str(), at), (expected, line));
    let line = line!() + 1;
    let (message, at) = panics(|| einsum_grad!("ij,jk->ik", &a, &b; &a));
    assert_eq!((message.as_str(), at), (expected, line));
    let line = line!() + 2;
    let mut c = Array2::zeros((2, 4));
    let (message, at) = panics(|| einsum_into!("ij,jk->ik", &a, &b => &mut c));
    assert_eq!((message.as_str(), at), (expected, line));
    let line = line!() + 1;
    let (message, at) = panics(|| einsum_view!("ii->i", &a).len());
    let disagree =
        "extents of `i` disagree: 2 in operand 0 (`&a`), axis 0, but 3 in operand 0 (`&a`), axis 1";
    assert_eq!((message.as_str(), at), (disagree, line));
}

#[test]
fn outputs_are_written_only_after_the_check() {
    let a = Array2::<f64>::ones((2, 3));
    let mut c = Array1::from_elem(3, 8.0);
    let (message, _) = panics(|| einsum_into!("ij->i", &a => &mut c));
    assert_eq!(
        message,
        "extents of `i` disagree: 2 in operand 0 (`&a`), axis 0, \
         but 3 in the output (`&mut c`), axis 0"
    );
    let mut d = zeros([4, 3, 1]);
    d.fill(8.0);
    let (message, _) = panics(|| einsum_into!("ij->ij", &a => d; beta = 0.0));
    assert_eq!(message, "the output (`d`) has 3 axes, but its term `ij` has 2");
    let mut e = zeros([4]);
    e.fill(8.0);
    let (message, _) = panics(|| einsum_into!("i...->...", &a => e));
    assert_eq!(
        message,
        "axes of `...` disagree: 4 in the output (`e`), axis 0, \
         but 3 after broadcasting the operands"
    );
    let (message, _) = panics(|| einsum_into!("...->...", &a => e));
    assert_eq!(message, "the output (`e`) has 1 axis for `...`, but the operands have 2");
    assert!(c.iter().chain(&d).chain(&e).all(|&element| element == 8.0));
}

#[test]
fn cotangents() {
    let a = Array2::<f64>::ones((2, 3));
    let (message, _) = panics(|| einsum_grad!("ij->i", &a; zeros([3])));
    assert_eq!(
        message,
        "extents of `i` disagree: 2 in operand 0 (`&a`), axis 0, \
         but 3 in the cotangent (`zeros([3])`), axis 0"
    );
    let (message, _) = panics(|| einsum_grad!("ij->i", &a; zeros([2, 1])));
    assert_eq!(message, "the cotangent (`zeros([2, 1])`) has 2 axes, but its term `i` has 1");
    // A cotangent has the shape of the output: it does not broadcast.
    let (message, _) = panics(|| einsum_grad!("i...->...", &a; zeros([1])));
    assert_eq!(
        message,
        "axes of `...` disagree: 1 in the cotangent (`zeros([1])`), axis 0, \
         but 3 after broadcasting the operands"
    );
}

#[test]
#[should_panic(expected = "extents of `i` disagree")]
fn the_panic_has_the_text_of_the_error() {
    let _ = einsum!("i,i->", vec![1.0; 2], vec![1.0; 3]);
}

/// Every order of this triangle makes a matrix that no memory holds, though the result is a number.
#[test]
fn intermediates_beyond_memory() {
    let one = arr0(1.0);
    let huge = one.broadcast((1 << 31, 1 << 31)).unwrap();
    let error = try_einsum!("ij,jk,ki->", &huge, &huge, &huge).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the result has too many elements: its extents are [2147483648, 2147483648]"
    );
}

#[test]
fn windows_that_do_not_fit() {
    let (a, k) = (Array2::<f64>::zeros((2, 3)), Array1::<f64>::zeros(5));
    let error = try_einsum!("b(x+k),k->bx", &a, &k).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`x+k` does not fit on axis 1 of operand 0 (`&a`): it needs 5 positions, but there are 3"
    );
    assert_eq!((error.label(), error.extents()), (None, Some((5, 3))));
    assert_eq!(
        text(try_einsum!("b(2*x+3*k-1),k->bx", &a, &k)),
        "`2*x+3*k-1` does not fit on axis 1 of operand 0 (`&a`): it needs 13 positions, \
         but there are 3 and 1 of padding on both sides"
    );
    assert_eq!(
        text(try_einsum!("b(x+2),k->bx", &a.slice(ndarray::s![.., ..2]), &k)),
        "`x+2` does not fit on axis 1 of operand 0 (`&a.slice(ndarray::s![.., ..2])`): \
         it needs 3 positions, but there are 2"
    );
}

#[test]
fn windows_that_leave_their_axis() {
    let (a, k) = (Array2::<f64>::zeros((2, 6)), Array1::<f64>::zeros(3));
    let (n, s) = (5, 2);
    let error = try_einsum!("b(x+k),k->bx", &a, &k; x = n).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`x+k` leaves axis 1 of operand 0 (`&a`): with x = 5, k = 3 it reads position 6, but there are 6"
    );
    assert_eq!((error.label(), error.extents()), (None, None));
    assert_eq!(
        text(try_einsum!("b(s*x+k),k->bx", &a, &k; x = 4, s = s)),
        "`s*x+k` leaves axis 1 of operand 0 (`&a`): with x = 4, k = 3, s = 2 it reads position 8, \
         but there are 6"
    );
    // Three windows: the first round tells the extents of both, the third is only compared.
    let c = [0.0; 6];
    assert_eq!(
        text(try_einsum!("(x+k),(y+k),(x+y),k->xy", c, c, c, &k)),
        "`x+y` leaves axis 0 of operand 2 (`c`): with x = 4, y = 4 it reads position 6, but there are 6"
    );
}

#[test]
fn extents_that_windows_tell() {
    let (a, k) = (Array2::<f64>::zeros((2, 6)), Array1::<f64>::zeros(3));
    let mut c = Array2::<f64>::ones((2, 5));
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        einsum_into!("b(x+k),k->bx", &a, &k => &mut c);
    }));
    let message = *result.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(
        message,
        "extents of `x` disagree: 4 from `x+k` on axis 1 of operand 0 (`&a`), \
         but 5 in the output (`&mut c`), axis 1"
    );
    assert_eq!(c, Array2::<f64>::ones((2, 5)));
    assert_eq!(
        text(try_einsum!("(b q) k, (2*k+x) -> b q k x", &a, &k; b = 2, q = 1)),
        "`2*k+x` does not fit on axis 0 of operand 1 (`&k`): it needs 11 positions, but there are 3"
    );
}

#[test]
fn coefficients() {
    let s = 0;
    let error = try_einsum!("(s*x)->x", [1.0, 2.0]; s = s).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the coefficient `s` is 0, which leaves a window at one position"
    );
    assert_eq!((error.label(), error.extents()), (Some("s"), None));
    let (s, k) = (usize::MAX >> 1, 4);
    assert_eq!(
        text(try_einsum!("(s*k+x)->x", [1.0, 2.0]; s = s, k = k)),
        "`s*k+x` on axis 0 of operand 0 (`[1.0, 2.0]`) reads positions that are too large \
         with k = 4, s = 9223372036854775807"
    );
    let n = usize::MAX;
    assert_eq!(
        text(try_einsum!("(x+k-1)->x", [1.0, 2.0]; x = 3, k = n)),
        "`x+k-1` on axis 0 of operand 0 (`[1.0, 2.0]`) reads positions that are too large \
         with k = 18446744073709551615"
    );
}

#[test]
fn composed_axes() {
    let a = Array2::<f64>::zeros((2, 10));
    let error = try_einsum!("b (h d) -> b h d", &a; h = 4).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`h d` does not divide axis 1 of operand 0 (`&a`): with h = 4 its extent 10 is not a multiple of 4"
    );
    assert_eq!((error.label(), error.extents()), (None, Some((10, 4))));
    let none = 0;
    assert_eq!(
        text(try_einsum!("b (h d) -> b h d", &a; h = none)),
        "`h d` does not divide axis 1 of operand 0 (`&a`): with h = 0 its extent 10 is not a multiple of 0"
    );
    let error = try_einsum!("b (h d), h d -> b h", &a, Array2::<f64>::zeros((2, 3))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "extents of `h d` do not multiply to that of axis 1 of operand 0 (`&a`): \
         6 with h = 2, d = 3, but 10"
    );
    assert_eq!((error.label(), error.extents()), (None, Some((6, 10))));
    let n = 1 << 40;
    assert_eq!(
        text(try_einsum!("b (h d) -> b h d", &a; h = n, d = n)),
        "extents of `h d` do not multiply to that of axis 1 of operand 0 (`&a`): \
         too many with h = 1099511627776, d = 1099511627776, but 10"
    );
    assert_eq!(
        text(try_einsum!("->(i j)", 1_u8; i = n, j = n)),
        "the result has too many elements: its extents are [18446744073709551615]"
    );
}
