//! Einsums that touch every element once, where memory is the limit: what part of a plain copy's
//! speed they reach, and how they compare with what `ndarray` offers and with loops.
//!
//! `copy` is the time that a copy into an existing array takes for the same bytes read and written:
//! the ratio is the fraction of its speed. Everybody else writes to new arrays.

use std::hint::black_box;

use einloom::einsum;
use einloom_benches::{Bench, Race, Values, einsum as oracle, integers, zeros};
use ndarray::{Array, Array1, Array2, Array3, Array4, Axis, Dimension};

fn main() {
    let mut bench = Bench::new("memory");
    for n in [64, 512, 3000] {
        bench.race(format!("transpose {n}"), || transpose(n));
        bench.race(format!("sum of rows {n}"), || sum_of_rows(n));
        bench.race(format!("sum of columns {n}"), || sum_of_columns(n));
        bench.race(format!("sum of all {n}"), || sum_of_all(n));
        bench.race(format!("elementwise {n}"), || elementwise(n));
        bench.race(format!("outer {n}"), || outer(n));
        bench.race(format!("matvec {n}"), || matvec(n));
    }
    bench.race("permute abc->acb", permute);
    bench.race("reverse abcd->dcba", reverse);
    bench.finish();
}

/// Starts a race whose calls read and write so many elements in all.
fn race<O: Values + 'static>(
    expected: Vec<f64>,
    elements: usize,
    einloom: impl FnMut() -> O + 'static,
) -> Race {
    let half = elements.div_ceil(2);
    let (source, mut target) = (integers::<f64, _>(half, 9), zeros::<f64, _>(half));
    Race::to(expected).of_work(elements as f64).makes("einloom", einloom).gauge(
        "copy",
        2.0 * half as f64,
        move || black_box(&mut target).assign(black_box(&source)),
    )
}

fn transpose(n: usize) -> Race {
    let a: Array2<f64> = integers((n, n), 1);
    let (x, y) = (a.clone(), a.clone());
    race(oracle("ij->ji", &[&a]), 2 * n * n, move || einsum!("ij->ji", black_box(&a)))
        .makes("ndarray", move || c_order(black_box(&x).t()))
        .makes("loops", move || {
            let a = black_box(&y).as_slice().expect("C order");
            let n = black_box(n);
            (0..n).flat_map(|j| (0..n).map(move |i| a[i * n + j])).collect::<Vec<f64>>()
        })
}

/// What `ndarray` makes of a view in another order.
fn c_order<D: Dimension>(view: ndarray::ArrayView<'_, f64, D>) -> Array<f64, D> {
    view.as_standard_layout().into_owned()
}

fn sum_of_rows(n: usize) -> Race {
    let a: Array2<f64> = integers((n, n), 1);
    let (x, y) = (a.clone(), a.clone());
    race(oracle("ij->i", &[&a]), n * n, move || einsum!("ij->i", black_box(&a)))
        .makes("ndarray", move || black_box(&x).sum_axis(Axis(1)))
        .makes("loops", move || {
            black_box(&y).rows().into_iter().map(|row| row.iter().sum()).collect::<Vec<f64>>()
        })
}

fn sum_of_columns(n: usize) -> Race {
    let a: Array2<f64> = integers((n, n), 1);
    let (x, y) = (a.clone(), a.clone());
    race(oracle("ij->j", &[&a]), n * n, move || einsum!("ij->j", black_box(&a)))
        .makes("ndarray", move || black_box(&x).sum_axis(Axis(0)))
        .makes("loops", move || {
            let a = black_box(&y);
            let mut sums = vec![0.0; a.ncols()];
            for row in a.rows() {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
            sums
        })
}

fn sum_of_all(n: usize) -> Race {
    let a: Array2<f64> = integers((n, n), 1);
    let (x, y) = (a.clone(), a.clone());
    race(oracle("ij->", &[&a]), n * n, move || einsum!("ij->", black_box(&a)))
        .makes("ndarray", move || black_box(&x).sum())
        .makes("loops", move || black_box(&y).iter().sum::<f64>())
}

fn elementwise(n: usize) -> Race {
    let (a, b): (Array2<f64>, Array2<f64>) = (integers((n, n), 1), integers((n, n), 2));
    let (x, y) = (a.clone(), b.clone());
    let (p, q) = (a.clone(), b.clone());
    race(oracle("ij,ij->ij", &[&a, &b]), 3 * n * n, move || {
        einsum!("ij,ij->ij", black_box(&a), black_box(&b))
    })
    .makes("ndarray", move || black_box(&x) * black_box(&y))
    .makes("loops", move || {
        black_box(&p).iter().zip(black_box(&q)).map(|(p, q)| p * q).collect::<Vec<f64>>()
    })
}

fn outer(n: usize) -> Race {
    let (a, b): (Array1<f64>, Array1<f64>) = (integers(n, 1), integers(n, 2));
    let (x, y) = (a.clone(), b.clone());
    let (p, q) = (a.clone(), b.clone());
    race(oracle("i,j->ij", &[&a, &b]), n * n, move || {
        einsum!("i,j->ij", black_box(&a), black_box(&b))
    })
    .makes("ndarray", move || {
        let column = black_box(&x).view().insert_axis(Axis(1));
        &column * black_box(&y)
    })
    .makes("loops", move || {
        let (p, q) = (black_box(&p), black_box(&q));
        let mut out = Vec::with_capacity(p.len() * q.len());
        for p in p {
            out.extend(q.iter().map(|q| p * q));
        }
        out
    })
}

fn matvec(n: usize) -> Race {
    let (a, v): (Array2<f64>, Array1<f64>) = (integers((n, n), 1), integers(n, 2));
    let (x, y) = (a.clone(), v.clone());
    race(oracle("ij,j->i", &[&a, &v]), n * n, move || {
        einsum!("ij,j->i", black_box(&a), black_box(&v))
    })
    .makes("ndarray", move || black_box(&x).dot(black_box(&y)))
}

fn permute() -> Race {
    let a: Array3<f64> = integers((64, 256, 512), 1);
    let x = a.clone();
    race(oracle("abc->acb", &[&a]), 2 * a.len(), move || einsum!("abc->acb", black_box(&a)))
        .makes("ndarray", move || c_order(black_box(&x).view().permuted_axes([0, 2, 1])))
}

fn reverse() -> Race {
    let a: Array4<f64> = integers((48, 56, 60, 52), 1);
    let x = a.clone();
    race(oracle("abcd->dcba", &[&a]), 2 * a.len(), move || einsum!("abcd->dcba", black_box(&a)))
        .makes("ndarray", move || c_order(black_box(&x).t()))
}
