//! What a gradient costs beside the products that it is made of.
//!
//! `ndarray` is the same by hand, with matrix products on views.

use std::hint::black_box;

use einloom::einsum_grad;
use einloom_benches::{Bench, Race, einsum as oracle, integers, matrix};
use ndarray::{Array1, Array2, Array3};

fn main() {
    let mut bench = Bench::new("gradients");
    for n in [3, 32, 256, 512] {
        bench.race(format!("matmul {n}"), || matmul(n));
    }
    bench.race("matvec 256", || matvec(256));
    bench.race("linear layer", linear);
    bench.race("chain", chain);
    bench.finish();
}

fn matmul(n: usize) -> Race {
    let (a, b, dy) = (matrix::<f64>(n, 1), matrix::<f64>(n, 2), matrix::<f64>(n, 3));
    let (x, y, dz) = (a.clone(), b.clone(), dy.clone());
    Race::to([oracle("ik,jk->ij", &[&dy, &b]), oracle("ij,ik->jk", &[&a, &dy])].concat())
        .makes(
            "einloom",
            move || einsum_grad!("ij,jk->ik", black_box(&a), black_box(&b); black_box(&dy)),
        )
        .makes("ndarray", move || {
            let (a, b, dy) = (black_box(&x), black_box(&y), black_box(&dz));
            (dy.dot(&b.t()), a.t().dot(dy))
        })
}

fn matvec(n: usize) -> Race {
    let (a, dy) = (matrix::<f64>(n, 1), integers::<f64, _>(n, 3));
    let v: Array1<f64> = integers(n, 2);
    let (x, y, dz) = (a.clone(), v.clone(), dy.clone());
    Race::to([oracle("i,j->ij", &[&dy, &v]), oracle("ij,i->j", &[&a, &dy])].concat())
        .makes(
            "einloom",
            move || einsum_grad!("ij,j->i", black_box(&a), black_box(&v); black_box(&dy)),
        )
        .makes("ndarray", move || {
            let (a, v, dy) = (black_box(&x), black_box(&y), black_box(&dz));
            let column = dy.view().insert_axis(ndarray::Axis(1));
            (&column * v, a.t().dot(dy))
        })
}

/// A layer of a network: a batch of sequences times a matrix.
fn linear() -> Race {
    let (batch, row, inputs, outputs) = (32, 64, 256, 128);
    let x: Array3<f64> = integers((batch, row, inputs), 1);
    let w: Array2<f64> = integers((inputs, outputs), 2);
    let dy: Array3<f64> = integers((batch, row, outputs), 3);
    let (p, q, r) = (x.clone(), w.clone(), dy.clone());
    Race::to([oracle("bro,io->bri", &[&dy, &w]), oracle("bri,bro->io", &[&x, &dy])].concat())
        .makes(
            "einloom",
            move || einsum_grad!("bri,io->bro", black_box(&x), black_box(&w); black_box(&dy)),
        )
        .makes("ndarray", move || {
            let flat = |a: &Array3<f64>, columns| {
                a.to_shape((batch * row, columns)).expect("C order").into_owned()
            };
            let (x, dy) = (flat(black_box(&p), inputs), flat(black_box(&r), outputs));
            let dx = dy.dot(&black_box(&q).t());
            (dx, x.t().dot(&dy))
        })
}

/// Three factors, whose gradients share intermediates.
fn chain() -> Race {
    let (a, b, c): (Array2<f64>, Array2<f64>, Array2<f64>) =
        (integers((300, 40), 1), integers((40, 300), 2), integers((300, 40), 3));
    let dy: Array2<f64> = integers((300, 40), 4);
    let (p, q, r, s) = (a.clone(), b.clone(), c.clone(), dy.clone());
    let product = |expression, x: &Array2<f64>, y: &Array2<f64>, shape| {
        Array2::from_shape_vec(shape, oracle(expression, &[x, y])).expect("the product's shape")
    };
    let bc = product("jk,kl->jl", &b, &c, (40, 40));
    let ady = product("ij,il->jl", &a, &dy, (40, 40));
    let expected = [
        oracle("il,jl->ij", &[&dy, &bc]),
        oracle("jl,kl->jk", &[&ady, &c]),
        oracle("jk,jl->kl", &[&b, &ady]),
    ];
    Race::to(expected.concat())
        .makes("einloom", move || {
            einsum_grad!("ij,jk,kl->il", black_box(&a), black_box(&b), black_box(&c); black_box(&dy))
        })
        .makes("ndarray", move || {
            let (a, b, c, dy) = (black_box(&p), black_box(&q), black_box(&r), black_box(&s));
            let (bc, ady) = (b.dot(c), a.t().dot(dy));
            (dy.dot(&bc.t()), ady.dot(&c.t()), b.t().dot(&ady))
        })
}
