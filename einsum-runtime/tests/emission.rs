//! What the macros emit, by hand: the surface type-checks and computes.

#![allow(
    clippy::match_single_binding,
    reason = "macros bind with `match` to keep temporaries alive"
)]

use einsum_runtime::codegen as __einloom;
use einsum_runtime::codegen::{Access, NONE, Program, Source};
use einsum_runtime::{Element, ShapeError};
use ndarray::prelude::*;
use ndarray::{Data, arr2, aview1};
use num_complex::Complex64;

mod program;

use program::{array, chain, nest, operand_of, program, read, read_conj, run, run_scalar};

/// The matrix product of two sources.
const SOURCES: [Access; 2] = [read(0, &[0, 2]), read(1, &[2, 1])];

/// `try_einsum!("ij,jk->ik", $a, $b)`.
macro_rules! matmul {
    ($a:expr, $b:expr) => {
        match __einloom::operand::<2, _>(&($a)) {
            a0 => match __einloom::operand_like::<2, _, _, _>(&($b), &a0) {
                a1 => {
                    let _ = || {
                        __einloom::agree_letter::<'j', 1, 0, _, _>(&a0, &a1);
                    };
                    static PROGRAM: Program = program!(
                        "i" "j" "k";
                        array(Source::operand(0, stringify!($a), "ij"), &[0, 1]),
                        array(Source::operand(1, stringify!($b), "jk"), &[1, 2]);
                        nest(&[0, 2], &[1], &SOURCES, &[0, 1])
                    );
                    let arrays = [a0.erased(), a1.erased()];
                    let (given, extents) = (&[], &mut [0; 3]);
                    match __einloom::checked(&PROGRAM, a0.kernels(), &arrays, given, extents) {
                        Ok(call) => Ok(call.array::<__einloom::Ix2>()),
                        Err(error) => Err(error),
                    }
                }
            },
        }
    };
}

#[test]
fn matrix_product() -> Result<(), ShapeError> {
    let a = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let b = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
    assert_eq!(matmul!(&a, b)?, arr2(&[[4.0, 5.0], [10.0, 11.0]]));
    assert_eq!(matmul!(a.view().into_dyn(), &&b)?, arr2(&[[4.0, 5.0], [10.0, 11.0]]));
    assert_eq!(matmul!([[2, 3]], vec![[1], [4]])?, arr2(&[[14]]));
    let error = matmul!(&a, &a).unwrap_err();
    assert_eq!(
        error.to_string(),
        "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 2 in operand 1 (`&a`), axis 0"
    );
    Ok(())
}

fn generic<T: Element, S: Data<Elem = T>>(x: &ArrayBase<S, Ix2>) -> Array2<T> {
    matmul!(x, x).unwrap()
}

fn generic_arrays<T: Element, const N: usize>(x: [[T; N]; N], y: &ArrayRef<T, Ix2>) -> Array2<T> {
    matmul!(x, y).unwrap()
}

#[test]
fn generic_functions() {
    let a = arr2(&[[1, 1], [0, 1]]);
    assert_eq!(generic(&a), arr2(&[[1, 2], [0, 1]]));
    assert_eq!(generic(&a.to_shared()), arr2(&[[1, 2], [0, 1]]));
    assert_eq!(generic_arrays([[1, 1], [0, 1]], &a), arr2(&[[1, 2], [0, 1]]));
}

/// `einsum!("bik,jkl->bij", &x, &w)`: first a sum over `l`, which makes an intermediate.
#[test]
fn lone_index_then_contraction() {
    static PROGRAM: Program = program!(
        "b" "i" "k" "j" "l";
        operand_of(0, &[0, 1, 2]), operand_of(1, &[3, 2, 4]);
        nest(&[3, 2], &[4], &[read(1, &[0, 1, 2])], &[0, 1]),
        nest(&[0, 1, 3], &[2], &[read(0, &[0, 1, 3]), read(2, &[2, 3])], &[0, 1, 2])
    );
    let x = Array::from_shape_fn((2, 3, 4), |(b, i, k)| (b * 12 + i * 4 + k) as f64);
    let w = Array::from_shape_fn((5, 4, 6), |(j, k, l)| (j + 2 * k + 3 * l) as f64);
    let a0 = __einloom::operand::<3, _>(&x);
    let a1 = __einloom::operand_like::<3, _, _, _>(&w, &a0);
    let arrays = [a0.erased(), a1.erased()];
    let y: Array3<f64> =
        __einloom::einsum::<_, Ix3>(&PROGRAM, a0.kernels(), &arrays, &[], &mut [0; 5]);
    for ((b, i, j), &y) in y.indexed_iter() {
        let kl = (0..4).flat_map(|k| (0..6).map(move |l| (k, l)));
        let expected: f64 = kl.map(|(k, l)| x[[b, i, k]] * w[[j, k, l]]).sum();
        assert_eq!(y, expected);
    }
}

/// `einsum!("ij,jk,kl->il", &a, &b, &c)` from the left or from the right, whichever is cheaper: both give the same.
#[test]
fn bodies_of_different_cost() {
    static PROGRAM: Program = Program {
        labels: &["i", "j", "k", "l"],
        given: &[],
        windows: &[],
        arrays: &[operand_of(0, &[0, 1]), operand_of(1, &[1, 2]), operand_of(2, &[2, 3])],
        results: &[NONE],
        bodies: &[
            &chain([
                nest(&[0, 2], &[1], &SOURCES, &[0, 1]),
                nest(&[0, 3], &[2], &[read(3, &[0, 2]), read(2, &[2, 1])], &[0, 1]),
            ]),
            &chain([
                nest(&[1, 3], &[2], &[read(1, &[0, 2]), read(2, &[2, 1])], &[0, 1]),
                nest(&[0, 3], &[1], &[read(0, &[0, 2]), read(3, &[2, 1])], &[0, 1]),
            ]),
        ],
    };
    for (i, l) in [(1, 9), (9, 1), (4, 4), (0, 3), (3, 0)] {
        let entry = |(i, j): (usize, usize)| (i * 7 + j * 3) as i64 % 5;
        let a = Array2::from_shape_fn((i, 5), entry);
        let b = Array2::from_shape_fn((5, 6), entry);
        let c = Array2::from_shape_fn((6, l), entry);
        let a0 = __einloom::operand::<2, _>(&a);
        let a1 = __einloom::operand_like::<2, _, _, _>(&b, &a0);
        let a2 = __einloom::operand_like::<2, _, _, _>(&c, &a0);
        let y: Array2<i64> = run(&PROGRAM, &a0, &[a0.erased(), a1.erased(), a2.erased()]);
        assert_eq!(y, a.dot(&b).dot(&c));
    }
}

/// `einsum!("ii,->", &a, 0.5)`.
#[test]
fn trace_and_scalar_operands() {
    static PROGRAM: Program = program!(
        "i";
        operand_of(0, &[0, 0]), operand_of(1, &[]);
        nest(&[], &[0], &[read(0, &[0, 0]), read(1, &[])], &[])
    );
    let a = arr2(&[[1.0_f32, 2.0], [3.0, 4.0]]);
    let a0 = __einloom::operand::<2, _>(&a);
    let a1 = __einloom::scalar_like(&0.5, &a0);
    assert_eq!(run_scalar(&PROGRAM, &a0, &[a0.erased(), a1.erased()]), 2.5);
    // The other way round, a literal is the first operand.
    static TURNED: Program = program!(
        "i";
        operand_of(0, &[]), operand_of(1, &[0, 0]);
        nest(&[], &[0], &[read(0, &[]), read(1, &[0, 0])], &[])
    );
    let a0 = __einloom::scalar(&-0.5);
    let a1 = __einloom::operand_like::<2, _, _, _>(&a, &a0);
    assert_eq!(run_scalar(&TURNED, &a0, &[a0.erased(), a1.erased()]), -2.5);
}

/// `einsum!("i->ii", &a)`.
#[test]
fn diagonal_of_the_output() {
    static PROGRAM: Program =
        program!("i"; operand_of(0, &[0]); nest(&[0], &[], &[read(0, &[0])], &[0, 0]));
    let a = vec![1_u8, 2, 3];
    let a0 = __einloom::operand::<1, _>(&a);
    let y: Array2<u8> = run(&PROGRAM, &a0, &[a0.erased()]);
    assert_eq!(y, arr2(&[[1, 0, 0], [0, 2, 0], [0, 0, 3]]));
}

/// `einsum!("i->ij", &a; j = 3)`: the extent of `j` is given.
#[test]
fn given_extents() {
    static PROGRAM: Program = Program {
        given: &[1],
        ..program!(
            "i" "j";
            array(Source::operand(0, "&a", "i"), &[0]);
            nest(&[0, 1], &[], &[read(0, &[0])], &[0, 1])
        )
    };
    let a = [5, 6];
    let a0 = __einloom::operand::<1, _>(&a);
    let arrays = [a0.erased()];
    let y = |j| {
        let y: Array2<i32> = __einloom::einsum(&PROGRAM, a0.kernels(), &arrays, &[j], &mut [0; 2]);
        y
    };
    assert_eq!(y(3), arr2(&[[5, 5, 5], [6, 6, 6]]));
    assert_eq!(y(0).shape(), [2, 0]);
}

/// `einsum_into!("ij,j->i", a, b => c; alpha, beta)`.
macro_rules! into {
    ($a:expr, $b:expr => $c:expr; $alpha:expr, $beta:expr) => {{
        #[allow(unused_imports)]
        use __einloom::OutputPlace as _;
        static PROGRAM: Program = program::program_into!(
            "i" "j";
            operand_of(0, &[0, 1]), operand_of(1, &[1]), program::output_of(&[0]);
            nest(&[0], &[1], &[read(0, &[0, 1]), read(1, &[1])], &[0])
        );
        match __einloom::operand::<2, _>(&($a)) {
            a0 => match __einloom::operand_like::<1, _, _, _>(&($b), &a0) {
                a1 => match __einloom::output::<1, _, _, _>(($c).__einsum_place(), &a0) {
                    mut a2 => {
                        let arrays = [a0.erased(), a1.erased(), a2.erased()];
                        let (given, extents) = (&[], &mut [0; 2]);
                        match __einloom::checked(&PROGRAM, a0.kernels(), &arrays, given, extents) {
                            Ok(call) => call.fill(Some($alpha), Some($beta)),
                            Err(error) => __einloom::raise(error),
                        }
                    }
                },
            },
        }
    }};
}

#[test]
fn into_an_output() {
    let a = arr2(&[[1.0, 2.0], [3.0, 4.0]]);
    let mut c = [10.0, 20.0];
    into!(&a, &[1.0, 1.0] => c; 2.0, 1.0);
    assert_eq!(c, [16.0, 34.0]);
    let mut d = Array2::<f64>::zeros((2, 2));
    into!(&a, aview1(&[1.0, 1.0]) => d.slice_mut(s![..;-1, 0]); 1.0, 0.0);
    assert_eq!(d, arr2(&[[7.0, 0.0], [3.0, 0.0]]));
    let out = &mut vec![f64::NAN; 2];
    into!(&a, &[1.0, 1.0] => out; 1.0, 0.0);
    assert_eq!(*out, [3.0, 7.0]);
    let mut inferred = Array1::zeros(2);
    into!(&a, &[1.0, 1.0] => &mut inferred; 1.0, 0.0);
    assert_eq!(inferred, aview1(&[3.0, 7.0]));
}

#[test]
fn conjugation() {
    static NORM: Program = program!(
        "i"; operand_of(0, &[0]);
        nest(&[], &[0], &[read_conj(0, &[0]), read(0, &[0])], &[])
    );
    static CONJUGATES: Program =
        program!("i"; operand_of(0, &[0]); nest(&[0], &[], &[read_conj(0, &[0])], &[0]));
    let z = [Complex64::new(1.0, 2.0), Complex64::new(3.0, -1.0)];
    let a0 = __einloom::operand::<1, _>(&z);
    assert_eq!(run_scalar(&NORM, &a0, &[a0.erased()]), Complex64::new(15.0, 0.0));
    let y: Array1<Complex64> = run(&CONJUGATES, &a0, &[a0.erased()]);
    assert_eq!(y, aview1(&z.map(|z| z.conj())));
}

/// One `Option` of kernels, and one word for a check.
#[test]
fn small_results() {
    assert_eq!(size_of::<Result<(), ShapeError>>(), size_of::<usize>());
    let a0 = __einloom::scalar(&1.0_f64);
    assert_eq!(size_of_val(&a0.kernels()), size_of::<usize>());
}
