//! Large einsums give the same bits on any number of threads, in pools of the user's and outside of any.

#![cfg(feature = "threads")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use einloom::{Element, einsum, einsum_grad, einsum_into, scalar_operand};
use ndarray::{Array, Array2, ArrayD, ArrayView2, Axis, Dimension, ShapeBuilder};
use num_complex::Complex64;
use rayon_core::{ThreadPool, ThreadPoolBuilder};

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Fractions whose sums depend on the order of summation.
fn fractions<D: Dimension>(shape: impl ShapeBuilder<Dim = D>, seed: u64) -> Array<f64, D> {
    let mut random = fastrand::Rng::with_seed(seed);
    Array::from_shape_simple_fn(shape, || random.f64() - 0.5)
}

fn complex<D: Dimension>(shape: impl ShapeBuilder<Dim = D>, seed: u64) -> Array<Complex64, D> {
    let mut random = fastrand::Rng::with_seed(seed);
    Array::from_shape_simple_fn(shape, || Complex64::new(random.f64() - 0.5, random.f64() - 0.5))
}

/// Calls `compute` in pools of 1, 2, 3, and 7 threads and outside of them, and compares results, which `==` must tell
/// apart by their bits: there are no zeros and no NaNs.
fn same<T: PartialEq + Send>(what: &str, compute: impl Fn() -> T + Sync) {
    let alone = pool(1).install(&compute);
    for threads in [2, 3, 7] {
        assert!(pool(threads).install(&compute) == alone, "{what} on {threads} threads");
    }
    assert!(compute() == alone, "{what} in the global pool");
}

#[test]
fn contractions() {
    let (a, b) = (fractions((300, 210), 1), fractions((210, 230), 2));
    let (single_a, single_b) = (a.mapv(|x| x as f32), b.mapv(|x| x as f32));
    same("matrices", || einsum!("ij,jk->ik", &a, &b));
    same("f32", || einsum!("ij,jk->ik", &single_a, &single_b));
    same("the result transposed", || einsum!("ij,jk->ki", &a, &b));
    same("the first transposed", || einsum!("ji,jk->ik", &a.t().to_owned(), &b));
    same("a scaled sum", || {
        let mut c = fractions((300, 230), 3);
        einsum_into!("ij,jk->ik", &a, &b => &mut c; alpha = 0.3, beta = 0.7);
        c
    });
    same("gradients", || einsum_grad!("ij,jk->ik", &a, &b; &fractions((300, 230), 4)));
    let (c, d) = (complex((150, 140), 5), complex((140, 160), 6));
    same("complex", || einsum!("ij,jk->ik", &c, &d));
}

#[test]
fn batches() {
    let (a, b) = (fractions((40, 48, 50), 1), fractions((40, 50, 44), 2));
    same("a batch", || einsum!("bij,bjk->bik", &a, &b));
    let (a, b) = (fractions((48, 50, 64), 1), fractions((50, 44, 64), 2));
    same("a batch that runs fastest", || einsum!("ijb,jkb->ikb", &a, &b));
    let (a, b) = (fractions((50_000, 3, 3), 1), fractions((50_000, 3, 3), 2));
    same("many tiny products", || einsum!("nij,njk->nik", &a, &b));
}

#[test]
fn many_axes() {
    let (a, b) = (fractions((14, 15, 13, 16), 1), fractions((16, 13, 12, 17), 2));
    same("four axes each", || einsum!("fbea,aecd->dcbf", &a, &b));
    same("rows turned", || einsum!("fbea,aecd->bfdc", &a, &b));
    let (x, y): (ArrayD<_>, _) = (fractions(vec![3, 8, 100, 90], 3), fractions((8, 90, 80), 4));
    same("an ellipsis", || einsum!("...ij,...jk->...ik", &x, &y));
}

#[test]
fn copies_and_products() {
    let a = fractions((1030, 1410), 1);
    let b = fractions((1410, 1030), 2);
    same("a transposition", || einsum!("ij->ji", &a));
    same("a product", || einsum!("ij,ij->ij", &a, &a));
    same("a product with a transposed factor", || einsum!("ij,ji->ij", &a, &b));
    same("an outer product", || einsum!("i,j->ij", &a.column(3), &b.column(5)));
    same("one long row", || einsum!("i,->i", &fractions(1_500_000, 3), 0.3));
    let c = fractions((90, 110, 130), 4);
    same("axes reversed", || einsum!("ijk->kji", &c));
    same("axes exchanged", || einsum!("ijk->jik", &c));
    same("complex numbers", || einsum!("ij->ji", &complex((700, 900), 5)));
}

/// Arrays larger than the caches, whose lines go past these: all is where `ndarray` puts it, whoever writes it.
#[test]
fn copies_past_the_caches() {
    fn check<D: Dimension>(
        what: &str,
        found: impl Fn() -> Array<f64, D> + Sync,
        expected: Array<f64, D>,
    ) {
        same(what, || {
            let found = found();
            assert!(found == expected, "{what}");
            found
        });
    }
    let a = fractions((36, 37, 38, 39), 1);
    let turned = |a: &Array<f64, _>| a.view().reversed_axes().as_standard_layout().into_owned();
    check("all axes turned", || einsum!("abcd->dcba", &a), turned(&a));
    let b = fractions((38, 39), 2);
    check("a product turned", || einsum!("abcd,cd->dcba", &a, &b), turned(&(&a * &b)));
    let a = fractions((32, 30, 48, 40), 3);
    check("rows of whole lines", || einsum!("abcd->dcba", &a), turned(&a));
    let a = fractions((2001, 1501), 4);
    check("a matrix", || einsum!("ij->ji", &a), a.t().as_standard_layout().into_owned());
}

#[test]
fn sums() {
    let a = fractions((1210, 1430), 1);
    let v = fractions(1430, 2);
    let u = fractions(1210, 3);
    same("all", || einsum!("ij->", &a));
    same("rows", || einsum!("ij->i", &a));
    same("columns", || einsum!("ij->j", &a));
    same("squares", || einsum!("ij,ij->", &a, &a));
    same("matrix times vector", || einsum!("ij,j->i", &a, &v));
    same("vector times matrix", || einsum!("i,ij->j", &u, &a));
    same("few long rows", || einsum!("ij->i", &fractions((3, 700_000), 4)));
    same("few rows", || einsum!("ij->j", &fractions((8, 300_000), 9)));
    same("few rows at many points", || {
        einsum!("ijk,ij->ik", &fractions((600, 6, 700), 10), &fractions((600, 6), 11))
    });
    same("few columns", || einsum!("ij->j", &fractions((700_000, 3), 5)));
    same("a middle axis", || einsum!("ijk->ik", &fractions((7, 900, 300), 6)));
    same("outer axes", || einsum!("ijk->j", &fractions((70, 90, 300), 7)));
    same("complex numbers", || einsum!("ij->", &complex((900, 1000), 8)));
    let (x, y) = (fractions(2_000_003, 9), fractions(2_000_003, 10));
    same("a long product of vectors", || einsum!("i,i->", &x, &y));
}

/// Bodies of several steps, whose intermediates stay in cache block by block.
#[test]
fn several_steps() {
    let (a, x, y) = (fractions((1030, 610), 1), fractions(1030, 2), fractions(610, 3));
    same("rows and columns scaled", || einsum!("ij,i,j->ij", &a, &x, &y));
    same("the result transposed", || einsum!("ij,i,j->ji", &a, &x, &y));
    same("an existing output", || {
        let mut c = fractions((1030, 610), 4);
        einsum_into!("ij,i,j->ij", &a, &x, &y => &mut c; alpha = 0.3, beta = 0.7);
        c
    });
    let (core, left, right) =
        (fractions((300, 70, 80), 5), fractions((90, 70), 6), fractions((90, 80), 7));
    same("three factors", || einsum!("ij,ij,ij->ij", &a, &a, &a));
    let z = complex((700, 410), 9);
    same("three complex factors", || einsum!("ij,ij,ij->ij", &z, &z, &z));
    let row = fractions(70, 12);
    let (one, two) = (fractions((150, 70, 80), 10), fractions((80, 150, 70), 11));
    same("factors in different orders", || einsum!("ijk,kij,j,ijk->jki", &one, &two, &row, &one));
    same("their sums", || einsum!("ijk,kij,j->ik", &one, &two, &row));
    same("a sum of all", || einsum!("ijk,kij,ijk->", &one, &two, &one));
    same("a core between factors", || einsum!("ijk,nj,nk->ni", &core, &left, &right));
    let (core, left, right) =
        (fractions((3, 5, 4), 5), fractions((200_000, 5), 6), fractions((200_000, 4), 7));
    same("a small core", || einsum!("ijk,nj,nk->ni", &core, &left, &right));
    same("a small matrix", || einsum!("nj,ij->ni", &left, &fractions((3, 5), 8)));
    let cotangent = fractions((1030, 610), 8);
    same("gradients", || einsum_grad!("ij,i,j->ij", &a, &x, &y; &cotangent));
    let product = Array::from_shape_fn((1030, 610), |(i, j)| (i * j) as i64);
    let (rows, columns) = (Array::from_iter(0..1030), Array::from_iter(0..610));
    let ones = Array::from_elem((1030, 610), 1_i64);
    assert!(pool(3).install(|| einsum!("ij,i,j->ij", &ones, &rows, &columns)) == product);
}

/// Many einsums inside of one pool share its threads. Each has the bits that it has alone, and, of whole numbers, those of a batch.
#[test]
fn inside_of_other_work() {
    let (a, b) = (fractions((8, 160, 170), 1), fractions((170, 180), 2));
    let product = |a: &ArrayView2<'_, f64>, b: &Array2<f64>| einsum!("ij,jk->ik", a, b);
    let whole = |x: f64| (64.0 * x).round();
    let (a_whole, b_whole) = (a.mapv(whole), b.mapv(whole));
    let of_batch = pool(1).install(|| einsum!("nij,jk->nik", &a_whole, &b_whole));
    let alone: Vec<_> = pool(1).install(|| a.axis_iter(Axis(0)).map(|a| product(&a, &b)).collect());
    pool(3).install(|| {
        rayon_core::scope(|scope| {
            for (a, expected) in a.axis_iter(Axis(0)).zip(&alone) {
                let b = &b;
                scope.spawn(move |_| assert!(product(&a, b) == *expected));
            }
            for (a, expected) in a_whole.axis_iter(Axis(0)).zip(of_batch.axis_iter(Axis(0))) {
                let b = &b_whole;
                scope.spawn(move |_| assert!(product(&a, b) == expected));
            }
        });
    });
}

/// A number that cannot be multiplied by 13.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Superstitious(u64);

scalar_operand!(Superstitious);

impl Element for Superstitious {
    const ZERO: Self = Superstitious(0);
    const ONE: Self = Superstitious(1);
    fn add(a: Self, b: Self) -> Self {
        Superstitious(a.0 + b.0)
    }
    fn mul(a: Self, b: Self) -> Self {
        assert!(a.0 != 13 && b.0 != 13, "bad luck");
        Superstitious(a.0 * b.0)
    }
}

/// A panic of a user's type comes out of the pool's thread, and the next call works.
#[test]
fn panics_of_elements() {
    let ones = Array::from_elem((90, 90), Superstitious(1));
    let mut bad = ones.clone();
    bad[[70, 80]] = Superstitious(13);
    pool(2).install(|| {
        let caught = catch_unwind(AssertUnwindSafe(|| einsum!("ij,jk->ik", &bad, &ones)));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"bad luck"));
        let (scales, mut large) = (
            Array::from_elem(900, Superstitious(1)),
            Array::from_elem((900, 900), Superstitious(1)),
        );
        large[[700, 800]] = Superstitious(13);
        let caught =
            catch_unwind(AssertUnwindSafe(|| einsum!("ij,i,j->ij", &large, &scales, &scales)));
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"bad luck"));
        let product = einsum!("ij,jk->ik", &ones, &ones);
        assert!(product.iter().all(|&x| x == Superstitious(90)));
    });
}
