//! Extents on both sides of whatever a kernel blocks, unrolls, or packs by, in every layout.

use einloom::{Element, einsum};
use ndarray::{ArrayD, ArrayViewD, Ix1, Ix2, Ix3, Ix4};
use num_complex::Complex;

#[path = "oracle/complex.rs"]
mod complex;
#[path = "generated/tests/layouts/mod.rs"]
mod layouts;
mod oracle;
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
