//! Contractions of arrays with many axes, from the TCCG collection (Springer and Bientinesi, 2016)
//! in row-major notation and smaller extents, the allocation of the result included.
//!
//! `transpose, gemm` is what one writes without einsum: copy both operands so that the contraction
//! is a product of matrices, multiply with `matrixmultiply`, and copy the result into order.

use std::hint::black_box;

use einloom::einsum;
use einloom_benches::{Bench, Race, einsum as oracle, integers};
use ndarray::{Array, Array2, Array4, Dimension, IntoDimension};

fn main() {
    let mut bench = Bench::new("contractions");
    bench.race("adb,cd->cba", intensli);
    bench.race("dca,bd->cba", ccsd_three);
    bench.race("fbea,ecfd->dcba", ccsd);
    bench.race("aged,cbfg->fedcba", ccsd_triples);
    bench.race("ij,jk,kl->il", chain);
    bench.finish();
}

/// The axes of `a` in `order`, the first `rows` of them as rows, in C order.
fn unfold<D: Dimension>(a: &Array<f64, D>, order: &[usize], rows: usize) -> Array2<f64> {
    let permuted = a.view().into_dyn().permuted_axes(order);
    let count: usize = permuted.shape()[..rows].iter().product();
    let columns = permuted.len() / count;
    let copy = permuted.as_standard_layout().into_owned();
    copy.into_shape_with_order((count, columns)).expect("as many elements")
}

/// The rows and columns of `c` as axes, in `order`, in C order.
fn fold<D: Dimension>(
    c: Array2<f64>,
    shape: impl IntoDimension<Dim = D>,
    order: impl IntoDimension<Dim = D>,
) -> Array<f64, D> {
    let unfolded = c.into_shape_with_order(shape.into_dimension()).expect("as many elements");
    unfolded.permuted_axes(order).as_standard_layout().into_owned()
}

fn intensli() -> Race {
    let (a, c) = (integers::<f64, _>((128, 128, 128), 1), integers::<f64, _>((24, 128), 2));
    let (x, y) = (a.clone(), c.clone());
    Race::to(oracle("adb,cd->cba", &[&a, &c]))
        .makes("einloom", move || einsum!("adb,cd->cba", black_box(&a), black_box(&c)))
        .makes("transpose, gemm", move || {
            let right = unfold(black_box(&x), &[1, 2, 0], 1);
            fold(black_box(&y).dot(&right), (24, 128, 128), (0, 1, 2))
        })
}

fn ccsd_three() -> Race {
    let (a, b) = (integers::<f64, _>((128, 96, 128), 1), integers::<f64, _>((96, 128), 2));
    let (x, y) = (a.clone(), b.clone());
    Race::to(oracle("dca,bd->cba", &[&a, &b]))
        .makes("einloom", move || einsum!("dca,bd->cba", black_box(&a), black_box(&b)))
        .makes("transpose, gemm", move || {
            let right = unfold(black_box(&x), &[0, 1, 2], 1);
            fold(black_box(&y).dot(&right), (96, 96, 128), (1, 0, 2))
        })
}

fn ccsd() -> Race {
    let a: Array4<f64> = integers((24, 24, 24, 24), 1);
    let b: Array4<f64> = integers((24, 24, 24, 24), 2);
    let (x, y) = (a.clone(), b.clone());
    Race::to(oracle("fbea,ecfd->dcba", &[&a, &b]))
        .makes("einloom", move || einsum!("fbea,ecfd->dcba", black_box(&a), black_box(&b)))
        .makes("transpose, gemm", move || {
            let left = unfold(black_box(&y), &[3, 1, 2, 0], 2);
            let right = unfold(black_box(&x), &[0, 2, 1, 3], 2);
            fold(left.dot(&right), (24, 24, 24, 24), (0, 1, 2, 3))
        })
}

fn ccsd_triples() -> Race {
    let a: Array4<f64> = integers((14, 24, 14, 14), 1);
    let b: Array4<f64> = integers((14, 14, 14, 24), 2);
    let (x, y) = (a.clone(), b.clone());
    Race::to(oracle("aged,cbfg->fedcba", &[&a, &b]))
        .makes("einloom", move || einsum!("aged,cbfg->fedcba", black_box(&a), black_box(&b)))
        .makes("transpose, gemm", move || {
            let left = unfold(black_box(&y), &[2, 0, 1, 3], 3);
            let right = unfold(black_box(&x), &[1, 2, 3, 0], 1);
            // f c b e d a
            let axes = ndarray::Dim([14, 14, 14, 14, 14, 14]);
            fold(left.dot(&right), axes, ndarray::Dim([0, 3, 4, 1, 2, 5]))
        })
}

/// A chain whose order decides: from the left it would be sixteen times the work.
fn chain() -> Race {
    let a: Array2<f64> = integers((400, 20), 1);
    let b: Array2<f64> = integers((20, 400), 2);
    let c: Array2<f64> = integers((400, 30), 3);
    let (x, y, z) = (a.clone(), b.clone(), c.clone());
    let expected = {
        let inner =
            Array2::from_shape_vec((20, 30), oracle("jk,kl->jl", &[&b, &c])).expect("20 by 30");
        oracle("ij,jl->il", &[&a, &inner])
    };
    Race::to(expected)
        .makes("einloom", move || {
            einsum!("ij,jk,kl->il", black_box(&a), black_box(&b), black_box(&c))
        })
        .makes("ndarray", move || black_box(&x).dot(&black_box(&y).dot(black_box(&z))))
}
