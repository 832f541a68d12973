//! Emitted code disturbs nothing around it and is disturbed by nothing, under the strictest lints.

#![forbid(unsafe_code)]
#![deny(warnings)]
#![deny(
    missing_debug_implementations,
    non_ascii_idents,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use std::cell::RefCell;

use einloom::{Element, einsum, einsum_fn, einsum_grad, einsum_into, try_einsum};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Ix2, arr1, arr2};
use num_complex::Complex;

fn a() -> Array2<i64> {
    arr2(&[[1, 2], [3, 4]])
}

/// A module without a prelude that gives the names of the prelude other meanings.
mod without_prelude {
    #![no_implicit_prelude]
    #![allow(dead_code, non_camel_case_types, reason = "the names are the point")]

    use ::einloom::{einsum, einsum_fn, einsum_grad, einsum_into, einsum_view, try_einsum};
    use ::std::{assert_eq, panic};

    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod ndarray {}
    pub(crate) mod einsum_runtime {}
    pub(crate) struct Result;
    pub(crate) struct Option;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Element;
    pub(crate) struct Operand;
    pub(crate) struct usize;
    pub(crate) struct T;
    pub(crate) enum i {}
    pub(crate) enum j {}

    einsum_fn! {
        #[hvp]
        pub(crate) fn product(x: "i j", w: "j k", n: usize) -> "i k n";
        fn fixed<i64>(x: "... i", element: "i"; i = 2) -> "...";
    }

    #[test]
    fn functions() {
        let x = super::a();
        let y = product(&x, &x, 1);
        assert_eq!(y.shape(), [2, 2, 1]);
        let (dx, dw) = product::vjp(&x, &x, 1, &y);
        assert_eq!(product::grad_x(&x, 1, &y), dx);
        let (y2, _) = product::value_and_jvp(&x, &x, 1, &dx, &dw);
        assert_eq!(y, y2);
        let _ = product::hvp(&x, &x, 1, &y, &x, &x);
        let mut total = super::a();
        product::grad_w_into(&x, 1, &y, &mut total);
        assert_eq!(total, dw + x.view());
        assert_eq!(fixed(&x, &super::arr1(&[1, 1])), super::arr1(&[3, 7]));
    }

    #[test]
    fn all_macros() {
        let x = super::a();
        let y = einsum!("ij,jk->ik", &x, &x);
        assert_eq!(y, x.dot(&x));
        let (s, n) = (einsum!("ij,,j->", x, 2, [1, 1]), 3);
        assert_eq!(s, 20);
        let broadcast = einsum!("...->...j", &x; j = n);
        assert_eq!(broadcast.shape(), [2, 2, 3]);
        let mut c = super::a();
        einsum_into!("ij->ji", &x => &mut c; alpha = 2, beta = -1);
        assert_eq!(c, super::arr2(&[[1, 4], [1, 4]]));
        let (dx, dw) = einsum_grad!("ij,j->i", &x, [1, 0]; [1, 1]);
        assert_eq!((dx, dw), (super::arr2(&[[1, 0], [1, 0]]), super::arr1(&[4, 6])));
        assert_eq!(einsum_view!("ii->i", &x), super::arr1(&[1, 4]));
        match try_einsum!("ij->", [[1, 2], [3, 4]]) {
            ::core::result::Result::Ok(sum) => assert_eq!(sum, 10),
            ::core::result::Result::Err(error) => panic!("{error}"),
        }
    }
}

/// Names that emitted code may use itself.
#[test]
fn names_of_variables() {
    let (a0, a1, n0, n1, t0, k, i, o0) = (a(), a(), 2, 3, 4_i64, 5_i64, 6_i64, 7_i64);
    let (x, y, e, error, view, shape) = (&a0, &a1, 1_i64, 2_i64, 3_i64, 4_i64);
    assert_eq!(einsum!("ij,jk->ik", a1, a0), a1.dot(&a0));
    assert_eq!(einsum!("ij,jk,kl->il", x, y, a0), a0.dot(&a1).dot(&a0));
    assert_eq!(einsum!(",,,,->", t0, k, i, o0, e), 840);
    assert_eq!(einsum!(",,->", error, view, shape), 24);
    assert_eq!(einsum!("->ij", 1; i = n1, j = n0).shape(), [3, 2]);
    assert_eq!(einsum!("->n0 n1", 1; n0 = n1, n1 = n0).shape(), [3, 2]);
    assert_eq!(einsum!("->a0 t0", 1; a0 = 1, t0 = t0 as usize).shape(), [1, 4]);
}

/// Constants and types are not hygienic: a pattern of their name would match instead of bind.
#[test]
fn names_of_constants_and_types() {
    #![allow(non_upper_case_globals, non_camel_case_types, dead_code, reason = "they must collide")]
    const a0: i64 = 1;
    const a1: i64 = 2;
    const n0: core::primitive::usize = 3;
    const n1: core::primitive::usize = 4;
    const t0: i64 = 5;
    const e: i64 = 6;
    const error: i64 = 7;
    const alpha: i64 = 8;
    struct T;
    struct View;
    enum i {}
    type usize = T;
    type Ix2 = T;
    let x = a();
    assert_eq!(einsum!("ij,jk,->ik", &x, &x, a1), x.dot(&x) * 2);
    assert_eq!(einsum!("ij,jk,kl->il", x, x, x), x.dot(&x).dot(&x));
    assert_eq!(einsum!("ij,i->", [[1, 2], [3, 4]], [a0, t0]), 38);
    let mut c = einsum!("ii->i", x; i = 2);
    einsum_into!("i->i", [e, error] => c; alpha = alpha, beta = a0);
    assert_eq!(c, arr1(&[49, 60]));
    assert_eq!(einsum!("->ij", 1_i64; i = n0, j = n1).len(), 12);
}

/// Labels are not names of the program, keywords included.
#[test]
fn labels() {
    let x = [[1, 2], [3, 4]];
    assert_eq!(einsum!("in out, out -> in", x, [1, 1]), arr1(&[3, 7]));
    assert_eq!(einsum!("self type, type -> self", x, [1, 1]), arr1(&[3, 7]));
    assert_eq!(einsum!("crate super, super -> crate", x, [1, 1]), arr1(&[3, 7]));
    assert_eq!(einsum!("usize Result, Result -> usize", x, [1, 1]), arr1(&[3, 7]));
    assert_eq!(einsum!("fn -> fn type", x[0], ; type = 2), arr2(&[[1, 1], [2, 2]]));
}

fn product<'a, T: Element, const N: usize, S>(x: &'a ArrayBase<S, Ix2>, w: &[T; N]) -> Array1<T>
where
    S: Data<Elem = T>,
{
    let twice = |w: &'a [T; N]| -> &'a [T; N] { w };
    let _ = twice;
    einsum!("ij,j->i", x, w; j = N)
}

fn const_product<const N: usize, const M: usize>(x: [[f64; N]; M], y: [f64; N]) -> f64 {
    einsum!("ij,j->", x, y)
}

fn trace<T: Element>(x: &Array2<T>) -> Result<T, Box<dyn std::error::Error>> {
    fn checked<T>(x: Option<&Array2<T>>) -> Result<ArrayView2<'_, T>, std::fmt::Error> {
        Ok(x.ok_or(std::fmt::Error)?.view())
    }
    let trace = try_einsum!("ii->", checked(Some(x))?)?;
    let again = einsum!("ii->", checked(Some(x))?.t());
    assert!(trace == again);
    Ok(trace)
}

#[test]
fn generic_functions() {
    assert_eq!(product(&a(), &[1, 1]), arr1(&[3, 7]));
    assert_eq!(const_product([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [1.0, 1.0]), 21.0);
    assert_eq!(trace(&a()).unwrap(), 5);
    assert!(trace(&Array2::<u8>::zeros((2, 3))).is_err());
}

#[test]
fn closures_and_async_blocks() {
    let x = a();
    let apply = |w: &[i64; 2]| einsum!("ij,j->i", x, w);
    assert_eq!(apply(&[1, 1]), arr1(&[3, 7]));
    let mut total = 0_i64;
    let mut add = |w: &Array1<i64>| einsum_into!("i->", w => &mut total; beta = 1);
    add(&arr1(&[1, 2]));
    add(&arr1(&[3]));
    assert_eq!(total, 6);
    let owned = move || einsum_grad!("ij->j", &x; [1, 2]);
    assert_eq!(owned().0, arr2(&[[1, 2], [1, 2]]));
    let future = async {
        let x = std::future::ready(a()).await;
        let sum = einsum!("ij,j->", std::future::ready(&x).await, [1, 1]);
        einsum!(",->", sum, std::future::ready(2_i64).await)
    };
    fn is_send<F: Future + Send>(future: F) -> F {
        future
    }
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::pin::pin!(is_send(future)).poll(&mut context);
    assert_eq!(polled, std::task::Poll::Ready(20));
}

macro_rules! sum_of {
    ($text:literal, $($x:expr),* $(; $label:ident = $n:expr)?) => {
        einsum!($text, $($x),* $(; $label = $n)?)
    };
}

macro_rules! doubled {
    ($x:expr, $n:expr) => {
        (
            einsum!("i->", &$x),
            einsum!("i->", $x.view()),
            einsum!(",->", $n * 2, -$n),
            einsum!("i->", vec![$n * 2]),
            einsum!("->i", 1; i = $n as usize * 2).len(),
        )
    };
}

macro_rules! typed {
    ($x:ident, $w:tt, $i:ident) => {
        einsum!("ij,j->ik", $x, $w; k = $i)
    };
}

#[test]
fn macros_of_the_user() {
    let (x, w, n) = (a(), [1, 1], 2);
    assert_eq!(sum_of!("ij,j->i", x, &w), arr1(&[3, 7]));
    assert_eq!(sum_of!("ij,j->ik", &x + 1, vec![1, 0]; k = n + 1).shape(), [2, 3]);
    assert_eq!(typed!(x, [1, 1], n), arr2(&[[3, 3], [7, 7]]));
}

/// An expression that a macro passed on keeps its precedence.
#[test]
fn precedence_of_fragments() {
    let (v, n) = (arr1(&[1, 2]), 3_i64);
    assert_eq!(doubled!(&v + 1, n + 1), (5, 5, -32, 8, 8));
}

/// Names that the parameters of emitted functions have themselves, keywords, and upper case.
mod names_of_parameters {
    use super::einsum_fn;

    einsum_fn! {
        pub(super) fn taken(dy: "i", x: "i", dx: "i", tx: "i", n: usize) -> "n";
        fn r#match(r#in: "in out", r#type: usize) -> "out type";
        fn upper(A: "I J", N: usize) -> "J N";
        /// An operand may be called like a function, and like a function of its module.
        fn vjp(vjp: "i j", jvp: "j") -> "i";
    }

    #[test]
    fn functions() {
        let x = super::arr1(&[1_i64, 2]);
        assert_eq!(taken(&x, &x, &x, &x, 2), super::arr1(&[17, 17]));
        let (d, ..) = taken::vjp(&x, &x, &x, &x, 1, &super::arr1(&[1]));
        assert_eq!(d, super::arr1(&[1, 8]));
        assert_eq!(r#match(&super::a(), 1), super::arr2(&[[4], [6]]));
        assert_eq!(r#match::grad_in(&super::a(), 1, &super::arr2(&[[1], [2]])).dim(), (2, 2));
        assert_eq!(upper(&super::a(), 1).dim(), (2, 1));
        assert_eq!(vjp::vjp(&super::a(), &x, &x).1, super::arr1(&[7, 10]));
    }
}

/// The element type is a path of the module around the function.
mod paths_of_elements {
    pub(super) mod numbers {
        pub(crate) type Number = f64;
    }

    #[allow(unused_qualifications, reason = "they are the point")]
    mod inner {
        use ::num_complex::Complex;

        ::einloom::einsum_fn! {
            pub(super) fn absolute<::num_complex::Complex<f64>>(x: "i") -> "";
            pub(super) fn imported<Complex<super::numbers::Number>>(x: "i") -> "";
            pub(super) fn outer<super::numbers::Number>(x: "i") -> "";
            pub(super) fn own<self::Own>(x: "i") -> "";
            pub(super) fn of_crate<crate::paths_of_elements::numbers::Number>(x: "i") -> "";
        }
        type Own = i64;
    }

    #[test]
    fn functions() {
        let x = super::arr1(&[1.0, 2.0]);
        assert_eq!(inner::outer(&x) + inner::of_crate(&x), 6.0);
        assert_eq!(inner::outer::grad_x(&x, 1.0), super::arr1(&[1.0, 1.0]));
        let z = x.mapv(super::Complex::from);
        assert_eq!(inner::absolute(&z), inner::imported(&z));
        assert_eq!(inner::imported::jvp(&z, &z), super::Complex::from(3.0));
        assert_eq!(inner::own::vjp(&super::arr1(&[1, 2]), 3).0, super::arr1(&[3, 3]));
    }
}

/// Attributes and visibilities.
mod attributes {
    use super::einsum_fn;

    einsum_fn! {
        /// Not compiled.
        #[cfg(any())]
        pub fn absent(x: "i") -> "j";

        #[cfg(all())]
        #[inline]
        #[must_use = "a sum"]
        pub(super) fn sum(x: "i") -> "";

        #[deprecated(note = "use `sum`")]
        pub(super) fn total(x: "i") -> "";

        #[doc(hidden)]
        pub(in crate::attributes) fn hidden(x: "i") -> "";
    }

    /// The names are free.
    mod absent {}

    #[test]
    fn functions() {
        let x = super::arr1(&[1, 2]);
        assert_eq!(sum(&x) + hidden(&x), 6);
        #[expect(deprecated, reason = "it is")]
        let total = (total(&x), total::grad_x(&x, 1));
        assert_eq!(total, (3, super::arr1(&[1, 1])));
    }
}

/// A function inside of a function, and one that a macro of the user declares.
#[test]
fn local_functions() {
    einsum_fn! {
        fn local(x: "ij", w: "j") -> "i";
    }
    macro_rules! declare {
        ($(#[$attribute:meta])* $visibility:vis $name:ident($($operand:ident: $term:literal),*) -> $output:literal) => {
            einsum_fn! { $(#[$attribute])* $visibility fn $name($($operand: $term),*) -> $output; }
        };
    }
    declare!(/** From a macro. */ pub(self) declared(x: "ij", w: "j") -> "i");
    let w = arr1(&[1, 1]);
    assert_eq!(local(&a(), &w), arr1(&[3, 7]));
    assert_eq!(declared(&a(), &w), local(&a(), &w));
    assert_eq!(local::grad_w(&a(), &w), declared::grad_w(&a(), &w));
}

/// Each operand is evaluated once, in the order it is written.
#[test]
fn side_effects() {
    let log = RefCell::new(Vec::new());
    let note = |name: &'static str| {
        log.borrow_mut().push(name);
        a()
    };
    let mut c = a();
    let (_, _) = einsum_grad!("ij,jk->ik", note("a"), note("b"); note("dc"));
    let _ = einsum!("ij,jk,kl->il", note("d"), note("e"), note("f"));
    einsum_into!("ij->ij", note("g") => *{ let _ = note("h"); &mut c }; alpha = note("i")[[0, 0]]);
    assert!(try_einsum!("ij->ijk", note("j"); k = note("k").len()).is_ok());
    assert_eq!(log.take(), ["a", "b", "dc", "d", "e", "f", "g", "h", "i", "j", "k"]);
}

#[test]
fn control_flow_in_operands() {
    let mut rows = vec![arr1(&[1, 2]), arr1(&[3, 4])].into_iter();
    let mut sums = Vec::new();
    'rows: loop {
        let sum = einsum!(
            "i->",
            match rows.next() {
                Some(row) => row,
                None => break 'rows,
            }
        );
        if sum == 3 {
            continue 'rows;
        }
        sums.push(sum);
    }
    assert_eq!(sums, [7]);
    let found = 'search: {
        for n in 0.. {
            let _ = einsum!("i->", if n == 4 { break 'search n } else { [n] });
        }
        0
    };
    assert_eq!(found, 4);
    let early = |x: Option<Array2<i64>>| Some(einsum!("ii->", x?));
    assert_eq!((early(None), early(Some(a()))), (None, Some(5)));
}

/// Values that are not simple expressions.
#[test]
fn options() {
    struct Size {
        n: usize,
    }
    let (mut c, d) = (arr1(&[1, 2]), [1, 2]);
    einsum_into!("i->i", [3, 4] => c; alpha = if d[0] == 1 { 2 } else { 0 }, beta = { 1 });
    assert_eq!(c, arr1(&[7, 10]));
    let mut z = [Complex::I];
    einsum_into!("i->i", z.map(|z| z * 2.0) => z; alpha = Complex { re: 0.0, im: 1.0 });
    assert_eq!(z, [Complex { re: -2.0, im: 0.0 }]);
    assert_eq!(einsum!("->i", 1; i = Size { n: 3 }.n).len(), 3);
    assert_eq!(einsum!("->i", 1; i = 0x3).len(), 3);
    assert_eq!(einsum!("->i", 1; i = 1_0usize,).len(), 10);
    assert_eq!(einsum!("->i", 1; i = match c[0] { 7 => 2, _ => 5 }).len(), 2);
    assert_eq!(einsum!("->(type)", 1; r#type = 2).len(), 2);
}

/// The type of a scalar result is inferred from whatever the operands leave open.
#[test]
fn inference() {
    let text = format!("{} {}", einsum!(",i->", 3 * 2, &[1]), einsum!("i,i->", [0.5], [2.0]));
    assert_eq!(text, "6 1");
    let zeros = Array2::zeros((2, 2));
    let sum: f32 = einsum!("ij,ij->", &zeros, &Array2::ones((2, 2)));
    assert_eq!(sum, 0.0);
}
