//! What a small einsum costs: with extents in the types, where it should be what nalgebra's static
//! product costs, and with extents that only run time knows, where it should be what loops cost.
//!
//! `loops` are what a careful user writes: extents from the arrays, unchecked reads, one sum.

use std::hint::black_box;

use einloom::{einsum, einsum_into};
use einloom_benches::{Bench, Race, Values, einsum as oracle, integers, matrix, nested, zeros};
use nalgebra::SMatrix;
use ndarray::{Array1, Array2};

fn main() {
    let mut bench = Bench::new("small");
    bench.race("static 2x2", fixed::<2>);
    bench.race("static 3x3", fixed::<3>);
    bench.race("static 4x4", fixed::<4>);
    for n in [2, 3, 4, 6, 8, 12, 16] {
        bench.race(format!("fresh {n}x{n}"), || fresh(n));
        bench.race(format!("into {n}x{n}"), || into(n));
    }
    for n in [4, 16, 64] {
        bench.race(format!("dot {n}"), || dot(n));
        bench.race(format!("matvec {n}"), || matvec(n));
    }
    for n in [4, 8] {
        bench.race(format!("bilinear {n}"), || bilinear(n));
    }
    bench.finish();
}

/// A product of nested arrays into an existing one.
fn fixed<const N: usize>() -> Race {
    let (a, b) = (nested::<f64, N>(1), nested::<f64, N>(2));
    let expected = oracle("ij,jk->ik", &[&matrix::<f64>(N, 1), &matrix::<f64>(N, 2)]);
    let columns = |rows: [[f64; N]; N]| SMatrix::from_fn(|i, j| rows[i][j]);
    let (x, y): (SMatrix<f64, N, N>, SMatrix<f64, N, N>) = (columns(a), columns(b));
    Race::to(expected)
        .writes("einloom", [[0.0; N]; N], move |c| {
            einsum_into!("ij,jk->ik", black_box(&a), black_box(&b) => c);
        })
        .writes("nalgebra", Nalgebra(SMatrix::zeros()), move |c: &mut Nalgebra<N>| {
            black_box(&x).mul_to(black_box(&y), &mut c.0);
        })
}

struct Nalgebra<const N: usize>(SMatrix<f64, N, N>);

impl<const N: usize> Values for Nalgebra<N> {
    fn values(&self) -> Vec<f64> {
        self.0.transpose().iter().copied().collect()
    }
}

/// A product of arrays that is a new array.
fn fresh(n: usize) -> Race {
    let (a, b) = (matrix::<f64>(n, 1), matrix::<f64>(n, 2));
    let (x, y) = (a.clone(), b.clone());
    let (p, q) = (a.clone(), b.clone());
    Race::to(oracle("ij,jk->ik", &[&a, &b]))
        .makes("einloom", move || einsum!("ij,jk->ik", black_box(&a), black_box(&b)))
        .makes("loops", move || {
            let (a, b) = (black_box(&x), black_box(&y));
            let mut c = Array2::uninit((a.nrows(), b.ncols()));
            product(a, b, |i, k, sum| {
                c[[i, k]].write(sum);
            });
            // SAFETY: the product writes every element.
            unsafe { c.assume_init() }
        })
        .makes("ndarray", move || black_box(&p).dot(black_box(&q)))
}

/// A product of arrays into an existing one.
fn into(n: usize) -> Race {
    let (a, b) = (matrix::<f64>(n, 1), matrix::<f64>(n, 2));
    let (x, y) = (a.clone(), b.clone());
    Race::to(oracle("ij,jk->ik", &[&a, &b]))
        .writes("einloom", zeros::<f64, _>((n, n)), move |c| {
            einsum_into!("ij,jk->ik", black_box(&a), black_box(&b) => c);
        })
        .writes("loops", zeros::<f64, _>((n, n)), move |c: &mut Array2<f64>| {
            // SAFETY: the output has the rows of one operand and the columns of the other.
            product(black_box(&x), black_box(&y), |i, k, sum| unsafe { *c.uget_mut((i, k)) = sum });
        })
}

fn product(a: &Array2<f64>, b: &Array2<f64>, mut write: impl FnMut(usize, usize, f64)) {
    let (rows, inner, columns) = (a.nrows(), a.ncols(), b.ncols());
    assert_eq!(inner, b.nrows());
    for i in 0..rows {
        for k in 0..columns {
            let mut sum = 0.0;
            for j in 0..inner {
                // SAFETY: the loops run over the arrays' extents.
                sum += unsafe { a.uget((i, j)) * b.uget((j, k)) };
            }
            write(i, k, sum);
        }
    }
}

fn dot(n: usize) -> Race {
    let (a, b): (Array1<f64>, Array1<f64>) = (integers(n, 1), integers(n, 2));
    let (x, y) = (a.clone(), b.clone());
    let (p, q) = (a.clone(), b.clone());
    Race::to(oracle("i,i->", &[&a, &b]))
        .makes("einloom", move || einsum!("i,i->", black_box(&a), black_box(&b)))
        .makes("loops", move || {
            black_box(&x).iter().zip(black_box(&y)).map(|(x, y)| x * y).sum::<f64>()
        })
        .makes("ndarray", move || black_box(&p).dot(black_box(&q)))
}

fn matvec(n: usize) -> Race {
    let (a, v): (Array2<f64>, Array1<f64>) = (integers((n, n), 1), integers(n, 2));
    let (x, y) = (a.clone(), v.clone());
    let (p, q) = (a.clone(), v.clone());
    Race::to(oracle("ij,j->i", &[&a, &v]))
        .makes("einloom", move || einsum!("ij,j->i", black_box(&a), black_box(&v)))
        .makes("loops", move || {
            let v = black_box(&y);
            let rows = black_box(&x).rows().into_iter();
            rows.map(|row| row.iter().zip(v).map(|(x, y)| x * y).sum()).collect::<Vec<f64>>()
        })
        .makes("ndarray", move || black_box(&p).dot(black_box(&q)))
}

fn bilinear(n: usize) -> Race {
    let (u, a, v): (Array1<f64>, Array2<f64>, Array1<f64>) =
        (integers(n, 1), integers((n, n), 2), integers(n, 3));
    let (x, m, y) = (u.clone(), a.clone(), v.clone());
    Race::to(oracle("i,ij,j->", &[&u, &a, &v]))
        .makes("einloom", move || einsum!("i,ij,j->", black_box(&u), black_box(&a), black_box(&v)))
        .makes("loops", move || {
            let v = black_box(&y);
            let rows = black_box(&m).rows().into_iter().zip(black_box(&x));
            rows.map(|(row, u)| u * row.iter().zip(v).map(|(m, v)| m * v).sum::<f64>()).sum::<f64>()
        })
}
