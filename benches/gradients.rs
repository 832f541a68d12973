//! What a gradient costs beside the products that it is made of.
//!
//! `ndarray` is the same by hand, with matrix products on views. All gradients of a product of many operands share its
//! intermediates: "3.2 values" is the time of so many values of the same expression, over that of all gradients.

use std::hint::black_box;

use einloom::{einsum, einsum_grad};
use einloom_benches::{Bench, Race, einsum as oracle, integers, matrix};
use ndarray::{Array, Array1, Array2, Array3, ArrayD, Dimension, IntoDimension};

fn main() {
    let mut bench = Bench::new("gradients");
    for n in [3, 32, 256, 512] {
        bench.race(format!("matmul {n}"), || matmul(n));
    }
    bench.race("matvec 256", || matvec(256));
    bench.race("linear layer", linear);
    bench.race("chain", chain);
    bench.race("chain of 5", long_chain);
    bench.race("matrix product state", matrix_product_state);
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

/// What all gradients together may take, in values of the same expression.
const VALUES: f64 = 3.2;

/// A product of the oracle as an array.
fn product<A: Dimension, B: Dimension, S: IntoDimension>(
    expression: &str,
    x: &Array<f64, A>,
    y: &Array<f64, B>,
    shape: S,
) -> Array<f64, S::Dim> {
    let values = oracle(expression, &[x, y]);
    Array::from_shape_vec(shape.into_dimension(), values).expect("the product's shape")
}

/// Five square matrices.
fn long_chain() -> Race {
    let n = 100;
    let x: [Array2<f64>; 5] = std::array::from_fn(|number| matrix(n, number as u64 + 1));
    let dy = matrix::<f64>(n, 6);
    let mut expected = Vec::new();
    for number in 0..5 {
        let mut gradient = dy.clone();
        for left in &x[..number] {
            gradient = product("ji,jk->ik", left, &gradient, (n, n));
        }
        for right in x[number + 1..].iter().rev() {
            gradient = product("ik,jk->ij", &gradient, right, (n, n));
        }
        expected.extend(gradient);
    }
    let [a, b, c, d, e] = x.clone();
    Race::to(expected)
        .of_work(VALUES)
        .makes("einloom", move || {
            let [a, b, c, d, e] = black_box(&x);
            einsum_grad!("ab,bc,cd,de,ef->af", a, b, c, d, e; black_box(&dy))
        })
        .gauge("3.2 values", 1.0, move || {
            einsum!("ab,bc,cd,de,ef->af", black_box(&a), black_box(&b), &c, &d, &e)
        })
}

/// The state of ten cores, with bonds of 16.
fn matrix_product_state() -> Race {
    let bond = 16;
    let (p, y): (Array2<f64>, Array2<f64>) = (integers((2, bond), 1), integers((bond, 2), 2));
    let k: [Array3<f64>; 8] =
        std::array::from_fn(|number| integers((bond, 2, bond), number as u64 + 3));
    let dy: ArrayD<f64> = integers(vec![2; 10], 11);
    // What is left and right of each core.
    let (mut left, mut right) = (vec![p.clone()], vec![y.clone()]);
    for number in 0..8 {
        let last = &left[number];
        let next = product("la,apb->lpb", last, &k[number], (last.nrows(), 2, bond));
        left.push(next.into_shape_with_order((2 << (number + 1), bond)).expect("C order"));
        let last = &right[number];
        let next = product("apb,br->apr", &k[7 - number], last, (bond, 2, last.ncols()));
        right.push(next.into_shape_with_order((bond, 2 << (number + 1))).expect("C order"));
    }
    let of_shape = |shape: (usize, usize, usize)| dy.to_shape(shape).expect("C order").into_owned();
    let ends = (of_shape((1, 2, 512)), of_shape((512, 2, 1)));
    let mut expected = oracle("lpr,ar->pa", &[&ends.0, &right[8]]);
    for number in 0..8 {
        let (left, right) = (&left[number], &right[7 - number]);
        let of_core = of_shape((left.nrows(), 2, right.ncols()));
        expected.extend(oracle("la,lpr,br->apb", &[left, &of_core, right]));
    }
    expected.extend(oracle("la,lyr->ay", &[&left[8], &ends.1]));
    let (p2, y2, k2) = (p.clone(), y.clone(), k.clone());
    Race::to(expected)
        .of_work(VALUES)
        .makes("einloom", move || {
            let [c, d, e, f, g, h, i, j] = black_box(&k);
            einsum_grad!(
                "pa,aqb,brc,csd,dte,euf,fvg,gwh,hxi,iy->pqrstuvwxy",
                black_box(&p), c, d, e, f, g, h, i, j, &y; black_box(&dy)
            )
        })
        .gauge("3.2 values", 1.0, move || {
            let [c, d, e, f, g, h, i, j] = black_box(&k2);
            einsum!(
                "pa,aqb,brc,csd,dte,euf,fvg,gwh,hxi,iy->pqrstuvwxy",
                black_box(&p2),
                c,
                d,
                e,
                f,
                g,
                h,
                i,
                j,
                &y2
            )
        })
}
