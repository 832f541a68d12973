//! `einsum_fn!`: what its functions take, return, and refuse. Hundreds of random ones are in `generated/`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use einloom::{Element, einsum, einsum_fn, einsum_grad};
use ndarray::{Array1, Array2, Array3, ArrayD, ArrayView2, IxDyn, RemoveAxis, arr1, arr2, s};
use num_complex::Complex;

#[path = "functions/torch.rs"]
mod torch;

einsum_fn! {
    /// One linear layer.
    pub fn linear(x: "b i k", w: "j k l") -> "b i j";

    fn product(a: "ij", b: "jk") -> "ik";

    fn masked(x: "q k", #[no_grad] mask: "q k", v: "k d") -> "q d";

    fn scaled(factor: "", x: "i") -> "i";

    fn dot(a: "i", b: "i") -> "";

    fn trace<i64>(a: "i i") -> "";

    fn repeated(x: "i", n: usize) -> "n i";

    fn rows(x: "i j"; i = 3) -> "j";

    fn batched(a: "... i j", b: "... j k") -> "... i k";

    fn last(x: "... i", w: "i") -> "...";

    fn column_sums(x: "... i") -> "i";

    #[hvp]
    fn cubic(a: "i", b: "i", c: "i") -> "";

    fn complex<Complex<f64>>(a: "i j", b: "j") -> "i";

    fn wide<f32>(a: "a b c d e f g", b: "g") -> "a b c d e f g";
}

fn x() -> Array3<i64> {
    Array3::from_shape_fn((2, 3, 4), |(b, i, k)| (7 * b + 3 * i + 5 * k) as i64 % 11 - 5)
}

fn w() -> Array3<i64> {
    Array3::from_shape_fn((5, 4, 2), |(j, k, l)| (3 * j + 4 * k + 5 * l) as i64 % 7 - 3)
}

fn dy() -> Array3<i64> {
    Array3::from_shape_fn((2, 3, 5), |(b, i, j)| (5 * b + 2 * i + j) as i64 % 9 - 4)
}

#[test]
fn all_that_a_signature_gives() {
    let (x, w, dy) = (x(), w(), dy());
    let y = einsum!("bik,jkl->bij", &x, &w);
    let (dx, dw) = einsum_grad!("bik,jkl->bij", &x, &w; &dy);
    assert_eq!(linear(&x, &w), y);
    assert_eq!(linear::vjp(&x, &w, &dy), (dx.clone(), dw.clone()));
    assert_eq!(linear::value_and_vjp(&x, &w, &dy), (y.clone(), (dx.clone(), dw.clone())));
    assert_eq!(linear::grad_x(&w, &dy), dx);
    // The extent of `l` stands in `w` alone.
    assert_eq!(linear::grad_w(&x, &w, &dy), dw);

    let (mut gx, mut gw) = (Array3::ones(x.dim()), Array3::ones(w.dim()));
    linear::vjp_into(&x, &w, &dy, &mut gx, &mut gw);
    assert_eq!((&gx, &gw), (&(&dx + 1), &(&dw + 1)));
    linear::grad_x_into(&w, &dy, &mut gx);
    linear::grad_w_into(&x, &dy, &mut gw);
    assert_eq!((gx, gw), (2 * dx + 1, 2 * dw + 1));

    let (tx, tw) = (x.mapv(|x| 3 - x), w.mapv(|w| 2 * w + 1));
    let ty = linear(&tx, &w) + linear(&x, &tw);
    assert_eq!(linear::jvp(&x, &w, &tx, &tw), ty);
    assert_eq!(linear::value_and_jvp(&x, &w, &tx, &tw), (y, ty));
}

#[test]
fn arrays_of_every_kind() {
    let (mut a, b) = (arr2(&[[1.0, 2.0], [3.0, 4.0]]), arr2(&[[0.0, 1.0], [1.0, 0.0]]));
    let expected = a.dot(&b);
    assert_eq!(product(&a, &b), expected);
    assert_eq!(product(&a.view(), &b.to_shared()), expected);
    assert_eq!(product(&a.t(), &b.t()), a.t().dot(&b.t()));
    assert_eq!(product(&a.view_mut(), &ndarray::CowArray::from(b.view())), expected);
    let row: ArrayView2<'_, f64> = b.slice(s![..1, ..;-1]);
    assert_eq!(product(&row, &a), row.dot(&a));
    let mut large = Array2::zeros((4, 4));
    product::grad_a_into(&b, &a, &mut large.slice_mut(s![1..;2, ..;-2]));
    assert_eq!(large.slice(s![1..;2, ..;-2]), a.dot(&b.t()));
    assert_eq!(large.iter().filter(|element| **element != 0.0).count(), 4);
}

/// An array that is passed twice has two gradients, whose sum is that of the square.
#[test]
fn one_array_twice() {
    let a = arr2(&[[1, 2], [3, 4]]);
    let dy = arr2(&[[1, 0], [2, -1]]);
    let (first, second) = product::vjp(&a, &a, &dy);
    assert_eq!((first, second), (dy.dot(&a.t()), a.t().dot(&dy)));
    assert_eq!(dot(&arr1(&[1, 2]), &arr1(&[1, 2])), 5);
}

#[test]
fn constants_have_no_gradient() {
    let (x, mask, v) = (arr2(&[[1, 2]]), arr2(&[[1, 0]]), arr2(&[[3, 4], [5, 6]]));
    let dy = arr2(&[[1, 10]]);
    assert_eq!(masked(&x, &mask, &v), arr2(&[[3, 4]]));
    let (dx, dv) = masked::vjp(&x, &mask, &v, &dy);
    assert_eq!((&dx, &dv), (&arr2(&[[43, 0]]), &arr2(&[[1, 10], [0, 0]])));
    assert_eq!(masked::grad_x(&mask, &v, &dy), dx);
    assert_eq!(masked::jvp(&x, &mask, &v, &x, &v), arr2(&[[6, 8]]));
}

#[test]
fn scalars() {
    let x = arr1(&[1.0, 2.0]);
    assert_eq!(scaled(3.0, &x), arr1(&[3.0, 6.0]));
    let (factor, dx) = scaled::vjp(3.0, &x, &arr1(&[1.0, 10.0]));
    assert_eq!((factor, dx), (21.0, arr1(&[3.0, 30.0])));
    let mut total = 1.0;
    scaled::grad_factor_into(&x, &arr1(&[1.0, 1.0]), &mut total);
    assert_eq!(total, 4.0);
    let (y, (da, db)) = dot::value_and_vjp(&x, &x, 2.0);
    assert_eq!((y, da, db), (5.0, 2.0 * &x, 2.0 * &x));
    assert_eq!(trace(&arr2(&[[1, 2], [3, 4]])), 5);
    // Only the shape of `a` is read.
    assert_eq!(trace::grad_a(&Array2::zeros((2, 2)), 7), arr2(&[[7, 0], [0, 7]]));
}

#[test]
fn extents() {
    let x = arr1(&[1, 2]);
    assert_eq!(repeated(&x, 3), arr2(&[[1, 2], [1, 2], [1, 2]]));
    assert_eq!(repeated::grad_x(2, &arr2(&[[1, 2], [3, 4]])), arr1(&[4, 6]));
    assert_eq!(repeated(&x, 0).dim(), (0, 2));
    // A literal extent tells what no operand has to.
    let dx: Array2<i32> = rows::grad_x(&x);
    assert_eq!(dx, arr2(&[[1, 2], [1, 2], [1, 2]]));
    assert!(catch_unwind(|| rows(&Array2::<f64>::zeros((2, 2)))).is_err());
}

#[test]
fn extents_of_zero() {
    let (a, b) = (Array2::<f64>::ones((2, 0)), Array2::<f64>::ones((0, 3)));
    assert_eq!(product(&a, &b), Array2::zeros((2, 3)));
    let (da, db) = product::vjp(&a, &b, &Array2::ones((2, 3)));
    assert_eq!((da.dim(), db.dim()), ((2, 0), (0, 3)));
    let mut db = Array2::ones((0, 3));
    product::grad_b_into(&a, &Array2::ones((2, 3)), &mut db);
}

/// Sums of a batch of any rank, in generic code.
fn sums<D: RemoveAxis>(x: &ndarray::Array<i64, D>) -> Array1<i64> {
    column_sums(x)
}

#[test]
fn ellipses() {
    let (a, b) = (x(), arr2(&[[1, 2], [3, 4], [5, 6], [7, 8]]));
    // `b` is broadcast: its gradient is summed.
    let y: Array3<i64> = batched(&a, &b);
    assert_eq!(y, einsum!("...ij,...jk->...ik", &a, &b));
    let dy = y.mapv(|y| y % 3);
    let (da, db): (Array3<i64>, Array2<i64>) = batched::vjp(&a, &b, &dy);
    let expected = einsum_grad!("...ij,...jk->...ik", &a, &b; &dy);
    assert_eq!((&da, &db), (&expected.0, &expected.1));
    assert_eq!(batched::jvp(&a, &b, &a, &b), 2 * &y);
    assert_eq!(batched::grad_b(&a, &b, &dy), db);

    let dynamic = a.clone().into_dyn();
    let y: ArrayD<i64> = batched(&dynamic, &b);
    assert_eq!(y.ndim(), 3);
    let (da, db): (ArrayD<i64>, Array2<i64>) = batched::vjp(&dynamic, &b, &dy.into_dyn());
    assert_eq!((da.ndim(), db.ndim()), (3, 2));

    assert_eq!(last(&a, &arr1(&[1, 1, 1, 1])), a.sum_axis(ndarray::Axis(2)));
    assert_eq!(sums(&a), a.sum_axis(ndarray::Axis(0)).sum_axis(ndarray::Axis(0)));
    assert_eq!(sums(&dynamic), sums(&a));
    let dx: Array3<i64> = column_sums::grad_x(&a, &arr1(&[1, 2, 3, 4]));
    assert_eq!(dx.slice(s![1, 2, ..]), arr1(&[1, 2, 3, 4]));
}

#[test]
fn many_axes() {
    let a = ArrayD::<f32>::ones(IxDyn(&[2; 7]));
    let b = arr1(&[1.0, 2.0]);
    let (da, db) = wide::vjp(&a, &b, &a);
    assert_eq!((da.ndim(), db), (7, arr1(&[64.0, 64.0])));
}

/// The third derivative of `Σ a b c` along `(u, v, w)`: twice that of the Hessian-vector product, which is linear in `a`.
#[test]
fn third_derivatives() {
    let of = |seed: i64| Array1::from_shape_fn(5, |i| (seed * (i as i64 + 3)) % 13 - 6);
    let (a, b, c) = (of(2), of(3), of(5));
    let (u, v, w) = (of(7), of(8), of(9));
    let (ha, hb, hc) = cubic::hvp(&a, &b, &c, 1, &u, &v, &w);
    assert_eq!(ha, &v * &c + &b * &w);
    assert_eq!((&hb, &hc), (&(&u * &c + &a * &w), &(&u * &b + &a * &v)));
    // It is linear in `(a, b, c)`, so that the difference of any step is its derivative.
    let (moved, ..) = cubic::hvp(&(&a + &u), &(&b + &v), &(&c + &w), 1, &u, &v, &w);
    assert_eq!(moved - ha, 2 * &v * &w);
    // ⟨s, H t⟩ = ⟨t, H s⟩
    let (ga, gb, gc) = cubic::hvp(&a, &b, &c, 1, &w, &u, &v);
    let left = u.dot(&ga) + v.dot(&gb) + w.dot(&gc);
    let (ha, hb, hc) = cubic::hvp(&a, &b, &c, 1, &u, &v, &w);
    assert_eq!(left, w.dot(&ha) + u.dot(&hb) + v.dot(&hc));
}

#[test]
fn central_differences() {
    let (x, w, dy) = (x().mapv(|x| x as f64 / 4.0), w().mapv(|w| w as f64 / 8.0), dy());
    let dy = dy.mapv(|dy| dy as f64 / 2.0);
    let (dx, dw) = linear::vjp(&x, &w, &dy);
    let loss = |x: &Array3<f64>, w: &Array3<f64>| (linear(x, w) * &dy).sum();
    // The einsum is linear in each operand, and all numbers here are exact: so is the difference.
    for (at, slope) in dx.indexed_iter() {
        let moved = |by: f64| {
            let mut x = x.clone();
            x[at] += by;
            loss(&x, &w)
        };
        assert_eq!((moved(0.5) - moved(-0.5)), *slope, "dx at {at:?}");
    }
    for (at, slope) in dw.indexed_iter() {
        let moved = |by: f64| {
            let mut w = w.clone();
            w[at] += by;
            loss(&x, &w)
        };
        assert_eq!((moved(0.5) - moved(-0.5)), *slope, "dw at {at:?}");
    }
}

/// The text of a panic, and whether it is of this file.
fn message(call: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("it panics");
    payload.downcast_ref::<String>().expect("with a text").clone()
}

#[test]
fn errors_name_parameters() {
    let (a, b) = (Array2::<f64>::zeros((2, 3)), Array2::<f64>::zeros((4, 5)));
    assert_eq!(
        message(|| drop(product(&a, &b))),
        "extents of `j` disagree: 3 in operand 0 (`a`), axis 1, but 4 in operand 1 (`b`), axis 0",
    );
    assert_eq!(
        message(|| drop(product::grad_a(&b, &a))),
        "extents of `k` disagree: 5 in operand 1 (`b`), axis 1, but 3 in the cotangent (`dy`), axis 1",
    );
    let mut da = Array2::ones((2, 2));
    assert_eq!(
        message(|| product::grad_a_into(&b, &Array2::zeros((2, 5)), &mut da)),
        "extents of `j` disagree: 4 in operand 1 (`b`), axis 0, but 2 in the output (`da`), axis 1",
    );
    assert_eq!(da, Array2::ones((2, 2)), "nothing has been added");
}

#[test]
fn panics_are_at_the_line_of_the_caller() {
    use std::sync::Mutex;
    static LINES: Mutex<Vec<(String, u32)>> = Mutex::new(Vec::new());
    let (a, b) = (Array2::<f64>::zeros((2, 3)), Array2::<f64>::zeros((4, 5)));
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        let at = info.location().expect("a panic has a place");
        LINES.lock().unwrap().push((at.file().to_owned(), at.line()));
    }));
    let line = line!() + 1;
    let first = catch_unwind(|| product(&a, &b)).is_err();
    let second = catch_unwind(|| product::vjp(&a, &b, &a)).is_err();
    std::panic::set_hook(before);
    assert!(first && second);
    let lines = LINES.lock().unwrap();
    for line in [line, line + 1] {
        assert!(lines.iter().any(|(file, at)| file == file!() && *at == line), "{lines:?}");
    }
}

#[test]
fn complex_elements() {
    let i = Complex::new(0.0, 1.0);
    let one = Complex::new(1.0, 0.0);
    let (a, b) = (arr2(&[[one, i]]), arr1(&[i, one + i]));
    assert_eq!(complex(&a, &b), arr1(&[i + i * (one + i)]));
    let (da, db) = complex::vjp(&a, &b, &arr1(&[one]));
    assert_eq!((da, db), (arr2(&[[-i, one - i]]), arr1(&[one, -i])));
}

/// Elements of an own type.
#[test]
fn own_elements() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Tropical(f64);
    einloom::scalar_operand!(Tropical);
    impl Element for Tropical {
        const ZERO: Self = Tropical(f64::NEG_INFINITY);
        const ONE: Self = Tropical(0.0);
        fn add(a: Self, b: Self) -> Self {
            Tropical(a.0.max(b.0))
        }
        fn mul(a: Self, b: Self) -> Self {
            Tropical(a.0 + b.0)
        }
    }
    let a = arr1(&[Tropical(1.0), Tropical(5.0)]);
    let b = arr1(&[Tropical(4.0), Tropical(-1.0)]);
    assert_eq!(dot(&a, &b), Tropical(5.0));
    assert_eq!(dot::vjp(&a, &b, Tropical(0.0)), (b, a));
}
