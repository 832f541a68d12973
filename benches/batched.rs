//! Many small products in one call, where a loop outside of the product would cost more than it.
//!
//! `loops` know the extents from the arrays, as einloom does; `loops, fixed` have the small ones
//! as constants, which einloom is not told.

use std::hint::black_box;

use einloom::{einsum, einsum_into};
use einloom_benches::{Bench, Race, einsum as oracle, integers, zeros};
use ndarray::{Array2, Array3};

const BATCH: usize = 100_000;

fn main() {
    let mut bench = Bench::new("batched");
    bench.race("matmul 2x2", products::<2>);
    bench.race("matmul 3x3", products::<3>);
    bench.race("matmul 4x4", products::<4>);
    bench.race("matmul 3x3 into", products_into::<3>);
    bench.race("matvec 3x3", matvecs::<3>);
    bench.race("matvec 4x4", matvecs::<4>);
    bench.race("dot 3", dots::<3>);
    bench.race("one matrix 4x4", one_matrix::<4>);
    bench.finish();
}

/// `nij,njk->nik` into a slice; `n` is taken from it.
fn multiply(a: &[f64], b: &[f64], c: &mut [f64], n: usize) {
    let arrays = a.chunks_exact(n * n).zip(b.chunks_exact(n * n));
    for (c, (a, b)) in c.chunks_exact_mut(n * n).zip(arrays) {
        for i in 0..n {
            for k in 0..n {
                c[i * n + k] = (0..n).map(|j| a[i * n + j] * b[j * n + k]).sum();
            }
        }
    }
}

fn products<const N: usize>() -> Race {
    let (a, b): (Array3<f64>, Array3<f64>) =
        (integers((BATCH, N, N), 1), integers((BATCH, N, N), 2));
    let expected = oracle("nij,njk->nik", &[&a, &b]);
    let (x, y) = (a.clone(), b.clone());
    let (p, q) = (a.clone(), b.clone());
    Race::to(expected)
        .makes("einloom", move || einsum!("nij,njk->nik", black_box(&a), black_box(&b)))
        .makes("loops", move || multiplied(&x, &y, black_box(N)))
        .makes("loops, fixed", move || multiplied(&p, &q, N))
}

#[inline(always)]
fn multiplied(a: &Array3<f64>, b: &Array3<f64>, n: usize) -> Vec<f64> {
    let (a, b) =
        (black_box(a).as_slice().expect("C order"), black_box(b).as_slice().expect("C order"));
    let mut c = vec![0.0; a.len()];
    multiply(a, b, &mut c, n);
    c
}

fn products_into<const N: usize>() -> Race {
    let (a, b): (Array3<f64>, Array3<f64>) =
        (integers((BATCH, N, N), 1), integers((BATCH, N, N), 2));
    let expected = oracle("nij,njk->nik", &[&a, &b]);
    let (x, y) = (a.clone(), b.clone());
    Race::to(expected)
        .writes("einloom", zeros::<f64, _>((BATCH, N, N)), move |c| {
            einsum_into!("nij,njk->nik", black_box(&a), black_box(&b) => c);
        })
        .writes("loops", zeros::<f64, _>((BATCH, N, N)), move |c: &mut Array3<f64>| {
            let (a, b) = (black_box(&x).as_slice(), black_box(&y).as_slice());
            let c = c.as_slice_mut().expect("C order");
            multiply(a.expect("C order"), b.expect("C order"), c, black_box(N));
        })
}

fn matvecs<const N: usize>() -> Race {
    let (a, v): (Array3<f64>, Array2<f64>) = (integers((BATCH, N, N), 1), integers((BATCH, N), 2));
    let (x, y) = (a.clone(), v.clone());
    Race::to(oracle("nij,nj->ni", &[&a, &v]))
        .makes("einloom", move || einsum!("nij,nj->ni", black_box(&a), black_box(&v)))
        .makes("loops", move || {
            let (a, v) = (black_box(&x).as_slice(), black_box(&y).as_slice());
            let n = black_box(N);
            let mut out = Vec::with_capacity(BATCH * n);
            let items =
                a.expect("C order").chunks_exact(n * n).zip(v.expect("C order").chunks_exact(n));
            for (a, v) in items {
                out.extend(a.chunks_exact(n).map(|row| dot(row, v)));
            }
            out
        })
}

fn dots<const N: usize>() -> Race {
    let (a, b): (Array2<f64>, Array2<f64>) = (integers((BATCH, N), 1), integers((BATCH, N), 2));
    let (x, y) = (a.clone(), b.clone());
    Race::to(oracle("ni,ni->n", &[&a, &b]))
        .makes("einloom", move || einsum!("ni,ni->n", black_box(&a), black_box(&b)))
        .makes("loops", move || {
            let (a, b) = (black_box(&x).as_slice(), black_box(&y).as_slice());
            let n = black_box(N);
            let items =
                a.expect("C order").chunks_exact(n).zip(b.expect("C order").chunks_exact(n));
            items.map(|(a, b)| dot(a, b)).collect::<Vec<f64>>()
        })
}

/// One small matrix times every row of a long array: a transformation of points.
fn one_matrix<const N: usize>() -> Race {
    let (a, v): (Array2<f64>, Array2<f64>) = (integers((N, N), 1), integers((BATCH, N), 2));
    let (x, y) = (a.clone(), v.clone());
    Race::to(oracle("ij,nj->ni", &[&a, &v]))
        .makes("einloom", move || einsum!("ij,nj->ni", black_box(&a), black_box(&v)))
        .makes("loops", move || {
            let (a, v) = (black_box(&x).as_slice().expect("C order"), black_box(&y).as_slice());
            let n = black_box(N);
            let mut out = Vec::with_capacity(BATCH * n);
            for v in v.expect("C order").chunks_exact(n) {
                out.extend(a.chunks_exact(n).map(|row| dot(row, v)));
            }
            out
        })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
