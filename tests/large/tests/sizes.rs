//! Extents on both sides of whatever a kernel blocks, unrolls, or packs by, in every layout.

use einloom::{Element, einsum, einsum_grad, einsum_into};
use ndarray::{Array1, Array2, ArrayD, ArrayViewD, Axis, Ix1, Ix2, Ix3, Ix4, IxDyn, s};
use num_complex::Complex;

#[path = "../../oracle/complex.rs"]
mod complex;
#[path = "../../generated/tests/layouts/mod.rs"]
mod layouts;
#[path = "../../oracle/mod.rs"]
mod oracle;
#[path = "../../random/mod.rs"]
mod random;

use layouts::{Layout, Stored};
use oracle::{Number, Tensor};
use random::Rng;

type Run<T> = fn(&[ArrayViewD<'_, T>]) -> ArrayD<T>;

/// Compares with the oracle with all operands in one layout, and then each in its own.
fn check<T: Number>(text: &str, shapes: &[&[usize]], run: Run<T>) {
    for round in 0..Layout::ALL.len() + 2 {
        let rng = &mut Rng::new(round as u64);
        let (mut operands, mut stored) = (Vec::new(), Vec::new());
        for &shape in shapes {
            let count = shape.iter().product();
            let data = (0..count).map(|_| T::new(rng.small(2), rng.small(2))).collect();
            let mut operand = Tensor { shape: shape.to_vec(), data };
            let layout = match Layout::ALL.get(round) {
                Some(&layout) => layout,
                None => rng.pick(&Layout::ALL),
            };
            stored.push(Stored::new(&mut operand, layout, rng));
            operands.push(operand);
        }
        let views: Vec<ArrayViewD<'_, T>> = stored.iter().map(Stored::view).collect();
        let views: Vec<ArrayViewD<'_, T>> = views
            .iter()
            .zip(&operands)
            .map(|(view, full)| view.broadcast(full.shape.as_slice()).unwrap())
            .collect();
        let found = run(&views);
        let expected = oracle::einsum(text, &operands, &[]);
        assert_eq!(found.shape(), expected.shape, "{text} of {shapes:?}, round {round}");
        // The elements are too many to print.
        let wrong =
            found.iter().zip(&expected.data).position(|(found, expected)| found != expected);
        assert_eq!(wrong, None, "first wrong element: {text} of {shapes:?}, round {round}");
    }
}

macro_rules! run {
    ($text:literal, $($number:literal: $dim:ty),+) => {
        |x| einsum!($text, $(x[$number].view().into_dimensionality::<$dim>().unwrap()),+).into_dyn()
    };
}

/// `m`, `k`, and `n` of matrix products.
const PRODUCTS: &[[usize; 3]] = &[
    [1, 1, 1],
    [1, 300, 2],
    [7, 8, 9],
    [4, 17, 16],
    [33, 5, 31],
    [65, 3, 64],
    [5, 260, 6],
    [13, 64, 47],
    [129, 33, 2],
    [2, 31, 130],
    [63, 1, 65],
    [24, 96, 25],
];

fn products<T: Number + Element>() {
    for &[m, k, n] in PRODUCTS {
        let (a, b) = (&[m, k][..], &[k, n][..]);
        check::<T>("ij,jk->ik", &[a, b], run!("ij,jk->ik", 0: Ix2, 1: Ix2));
        check::<T>("ij,kj->ki", &[a, &[n, k]], run!("ij,kj->ki", 0: Ix2, 1: Ix2));
        if m * k * n < 10_000 {
            let batched: [&[usize]; 2] = [&[m, 3, k], &[k, n, 3]];
            check::<T>("ibj,jkb->bik", &batched, run!("ibj,jkb->bik", 0: Ix3, 1: Ix3));
            check::<T>("ibj,jkb->kib", &batched, run!("ibj,jkb->kib", 0: Ix3, 1: Ix3));
        }
    }
}

#[test]
fn products_of_doubles() {
    products::<f64>();
}

#[test]
fn products_of_singles() {
    products::<f32>();
}

#[test]
fn products_of_complex_numbers() {
    products::<Complex<f64>>();
}

#[test]
fn products_of_integers() {
    products::<i64>();
}

/// Batches of small products in several steps, one by one and in blocks: the batch of the core's intermediates is in lanes.
fn small_cores<T: Number + Element>() {
    for n in [1, 63, 64, 150, 2100] {
        for core in [[3, 3, 3], [2, 5, 3], [4, 1, 7], [8, 8, 8]] {
            let [i, j, k] = core;
            if n == 2100 && core == [8, 8, 8] {
                continue;
            }
            let rows: [&[usize]; 3] = [&core, &[n, j], &[n, k]];
            let run: Run<T> = run!("ijk,nj,nk->ni", 0: Ix3, 1: Ix2, 2: Ix2);
            check::<T>("ijk,nj,nk->ni", &rows, run);
            let columns: [&[usize]; 3] = [&core, &[j, n], &[k, n]];
            let run: Run<T> = run!("ijk,jn,kn->in", 0: Ix3, 1: Ix2, 2: Ix2);
            check::<T>("ijk,jn,kn->in", &columns, run);
            let form: [&[usize]; 3] = [&[i, j], &[n, i], &[n, j]];
            check::<T>("ij,ni,nj->n", &form, run!("ij,ni,nj->n", 0: Ix2, 1: Ix2, 2: Ix2));
            let three: [&[usize]; 4] = [&[i, j, k, 2], &[n, i], &[n, j], &[n, k]];
            let run: Run<T> = run!("ijkl,ni,nj,nk->nl", 0: Ix4, 1: Ix2, 2: Ix2, 3: Ix2);
            check::<T>("ijkl,ni,nj,nk->nl", &three, run);
        }
    }
}

#[test]
fn small_cores_of_floats() {
    small_cores::<f32>();
    small_cores::<f64>();
    small_cores::<Complex<f64>>();
}

/// Products without sums of more than two factors, which are so large that two multiplications are one pass.
fn several_factors<T: Number + Element>(shapes: &[[usize; 2]]) {
    for &[m, n] in shapes {
        let (a, row, column) = (&[m, n][..], &[m][..], &[n][..]);
        let scaled: Run<T> = run!("ij,i,j->ij", 0: Ix2, 1: Ix1, 2: Ix1);
        check::<T>("ij,i,j->ij", &[a, row, column], scaled);
        let turned: Run<T> = run!("j,ij,i->ji", 0: Ix1, 1: Ix2, 2: Ix1);
        check::<T>("j,ij,i->ji", &[column, a, row], turned);
        check::<T>("ij,ij,ij->ij", &[a, a, a], run!("ij,ij,ij->ij", 0: Ix2, 1: Ix2, 2: Ix2));
        let one_turned: Run<T> = run!("ij,ji,ij->ij", 0: Ix2, 1: Ix2, 2: Ix2);
        check::<T>("ij,ji,ij->ij", &[a, &[n, m], a], one_turned);
        let rows: Run<T> = run!("ij,i,i->ij", 0: Ix2, 1: Ix1, 2: Ix1);
        check::<T>("ij,i,i->ij", &[a, row, row], rows);
        let four: Run<T> = run!("ij,ij,i,ij->ij", 0: Ix2, 1: Ix2, 2: Ix1, 3: Ix2);
        check::<T>("ij,ij,i,ij->ij", &[a, a, row, a], four);
        let five = |x: &[ArrayViewD<'_, T>]| {
            let two = |n: usize| x[n].view().into_dimensionality::<Ix2>().unwrap();
            einsum!("ij,ij,ij,ij,ij->ij", two(0), two(1), two(2), two(3), two(4)).into_dyn()
        };
        check::<T>("ij,ij,ij,ij,ij->ij", &[a; 5], five);
        let cube: [&[usize]; 4] = [&[3, m, n], &[3], row, column];
        let run: Run<T> = run!("kij,k,i,j->kij", 0: Ix3, 1: Ix1, 2: Ix1, 3: Ix1);
        check::<T>("kij,k,i,j->kij", &cube, run);
        let run: Run<T> = run!("kij,k,i,j->jki", 0: Ix3, 1: Ix1, 2: Ix1, 3: Ix1);
        check::<T>("kij,k,i,j->jki", &cube, run);
        let outer: [&[usize]; 3] = [&[3], row, column];
        check::<T>("k,i,j->kij", &outer, run!("k,i,j->kij", 0: Ix1, 1: Ix1, 2: Ix1));
        let form: Run<T> = run!("ij,ij,ij->i", 0: Ix2, 1: Ix2, 2: Ix2);
        check::<T>("ij,ij,ij->i", &[a, a, a], form);
    }
}

#[test]
fn several_factors_of_floats() {
    several_factors::<f32>(&[[67, 80], [300, 17]]);
    several_factors::<f64>(&[[5, 1030]]);
}

#[test]
fn several_factors_of_other_elements() {
    several_factors::<Complex<f64>>(&[[31, 50]]);
    several_factors::<i64>(&[[31, 70]]);
}

/// Products of factors in different orders, with and without a sum, which are so large that they are formed in blocks.
fn factors_in_orders<T: Number + Element>(shapes: &[[usize; 3]]) {
    for &[i, j, k] in shapes {
        let (ijk, kij, jki) = (&[i, j, k][..], &[k, i, j][..], &[j, k, i][..]);
        let run: Run<T> = run!("ijk,kij,jki->ijk", 0: Ix3, 1: Ix3, 2: Ix3);
        check::<T>("ijk,kij,jki->ijk", &[ijk, kij, jki], run);
        let run: Run<T> = run!("ijk,kij,ij,jki->kij", 0: Ix3, 1: Ix3, 2: Ix2, 3: Ix3);
        check::<T>("ijk,kij,ij,jki->kij", &[ijk, kij, &[i, j], jki], run);
        let run: Run<T> = run!("jk,ijk,ji,kij->ij", 0: Ix2, 1: Ix3, 2: Ix2, 3: Ix3);
        check::<T>("jk,ijk,ji,kij->ij", &[&[j, k], ijk, &[j, i], kij], run);
        let run: Run<T> = run!("ijk,kij,jki->k", 0: Ix3, 1: Ix3, 2: Ix3);
        check::<T>("ijk,kij,jki->k", &[ijk, kij, jki], run);
        let run = |x: &[ArrayViewD<'_, T>]| {
            let three = |n: usize| x[n].view().into_dimensionality::<Ix3>().unwrap();
            let sum = einsum!("ijk,kij,jki,ijk->", three(0), three(1), three(2), three(3));
            ArrayD::from_elem(IxDyn(&[]), sum)
        };
        check::<T>("ijk,kij,jki,ijk->", &[ijk, kij, jki, ijk], run);
        // A factor that is made by a nest of its own comes first.
        let run: Run<T> = run!("ij,i,ijk,kij->kji", 0: Ix2, 1: Ix1, 2: Ix3, 3: Ix3);
        check::<T>("ij,i,ijk,kij->kji", &[&[i, j], &[i], ijk, kij], run);
    }
}

#[test]
fn factors_in_orders_of_floats() {
    factors_in_orders::<f32>(&[[17, 24, 33]]);
    factors_in_orders::<f64>(&[[40, 3, 70]]);
}

#[test]
fn factors_in_orders_of_other_elements() {
    factors_in_orders::<Complex<f64>>(&[[16, 20, 18]]);
    factors_in_orders::<i64>(&[[20, 16, 19]]);
}

/// The same where they are scaled and added to an output, conjugated, and in gradients, whose bodies share intermediates.
#[test]
fn several_factors_into() {
    fn real(shape: (usize, usize), seed: u64) -> Array2<f64> {
        let mut rng = Rng::new(seed);
        Array2::from_shape_simple_fn(shape, || f64::from(rng.small(4)))
    }
    let (m, n) = (67, 130);
    let (a, b) = (real((m, n), 1), real((m, n), 2));
    let (x, y) = (real((1, m), 3).remove_axis(Axis(0)), real((1, n), 4).remove_axis(Axis(0)));
    let old = real((m, n), 5);
    let at = |i: usize, j: usize| a[[i, j]] * x[i] * y[j];
    let mut c = old.clone();
    einsum_into!("ij,i,j->ij", &a, &x, &y => &mut c; alpha = 3.0, beta = -2.0);
    assert_eq!(c, Array2::from_shape_fn((m, n), |(i, j)| 3.0 * at(i, j) - 2.0 * old[[i, j]]));
    let mut c = old.clone();
    einsum_into!("ij,i,j->ij", &a, &x, &y => c.slice_mut(s![..;-1, ..]); beta = 1.0);
    let turned = Array2::from_shape_fn((m, n), |(i, j)| at(m - 1 - i, j) + old[[i, j]]);
    assert_eq!(c, turned);
    let mut c = Array2::zeros((n, 2 * m));
    einsum_into!("ij,i,j->ji", &a, &x, &y => c.slice_mut(s![.., ..;2]));
    let gaps = |(j, i): (usize, usize)| if i % 2 == 0 { at(i / 2, j) } else { 0.0 };
    assert_eq!(c, Array2::from_shape_fn((n, 2 * m), gaps));
    let (da, dx, dy) = einsum_grad!("ij,i,j->ij", &a, &x, &y; &b);
    assert_eq!(da, Array2::from_shape_fn((m, n), |(i, j)| b[[i, j]] * x[i] * y[j]));
    let sum = |count: usize, term: &dyn Fn(usize) -> f64| (0..count).map(term).sum::<f64>();
    let of_x = |i: usize| sum(n, &|j| b[[i, j]] * a[[i, j]] * y[j]);
    assert_eq!(dx, Array1::from_shape_fn(m, of_x));
    let of_y = |j: usize| sum(m, &|i| b[[i, j]] * a[[i, j]] * x[i]);
    assert_eq!(dy, Array1::from_shape_fn(n, of_y));
    let complex = |re: &Array2<f64>, im: &Array2<f64>| {
        Array2::from_shape_fn((m, n), |at| Complex::new(re[at], im[at]))
    };
    let (p, q, r) = (complex(&a, &b), complex(&b, &old), complex(&old, &a));
    let (dp, dq, dr) = einsum_grad!("ij,ij,ij->ij", &p, &q, &r; &q);
    let of = |exact: &dyn Fn((usize, usize)) -> Complex<f64>| Array2::from_shape_fn((m, n), exact);
    assert_eq!(einsum!("ij,ij,ij->ij", &p, &q, &r), of(&|at| p[at] * q[at] * r[at]));
    assert_eq!(dp, of(&|at| q[at] * q[at].conj() * r[at].conj()));
    assert_eq!(dq, of(&|at| q[at] * p[at].conj() * r[at].conj()));
    assert_eq!(dr, of(&|at| q[at] * p[at].conj() * q[at].conj()));
    let mut c = p.clone();
    let (alpha, beta) = (Complex::new(2.0, 1.0), Complex::new(0.0, 3.0));
    einsum_into!("ij,ij,ij->ij", &p, &q, &r => &mut c; alpha = alpha, beta = beta);
    assert_eq!(c, of(&|at| beta * p[at] + alpha * p[at] * q[at] * r[at]));
}

/// Products with vectors, whose contraction has no more than two loops.
fn vectors<T: Number + Element>() {
    for &[m, k, n] in PRODUCTS {
        check::<T>("ij,j->i", &[&[m, k], &[k]], run!("ij,j->i", 0: Ix2, 1: Ix1));
        check::<T>("i,ij->j", &[&[k], &[k, n]], run!("i,ij->j", 0: Ix1, 1: Ix2));
        check::<T>("i,j->ij", &[&[m], &[n]], run!("i,j->ij", 0: Ix1, 1: Ix1));
        check::<T>("ij,ji->ij", &[&[m, n], &[n, m]], run!("ij,ji->ij", 0: Ix2, 1: Ix2));
        check::<T>("ij,ij->j", &[&[m, n], &[m, n]], run!("ij,ij->j", 0: Ix2, 1: Ix2));
    }
}

#[test]
fn products_with_vectors() {
    vectors::<f64>();
    vectors::<f32>();
    vectors::<i64>();
}

/// Copies and sums of one operand.
fn one_operand<T: Number + Element>() {
    for &[m, k, n] in PRODUCTS {
        check::<T>("ij->ji", &[&[m, n]], run!("ij->ji", 0: Ix2));
        check::<T>("ij->i", &[&[m, n]], run!("ij->i", 0: Ix2));
        check::<T>("ij->j", &[&[m, n]], run!("ij->j", 0: Ix2));
        check::<T>("ii->i", &[&[n, n]], run!("ii->i", 0: Ix2));
        if m * k * n < 10_000 {
            check::<T>("ijk->kji", &[&[m, k, n]], run!("ijk->kji", 0: Ix3));
            check::<T>("ijk->ikj", &[&[m, k, n]], run!("ijk->ikj", 0: Ix3));
            check::<T>("ijk->j", &[&[m, k, n]], run!("ijk->j", 0: Ix3));
            check::<T>("iji->j", &[&[m, k, m]], run!("iji->j", 0: Ix3));
        }
    }
}

#[test]
fn copies_and_sums() {
    one_operand::<f64>();
    one_operand::<f32>();
    one_operand::<Complex<f64>>();
    one_operand::<i32>();
}
