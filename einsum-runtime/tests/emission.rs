//! What the macros emit, by hand: the surface type-checks and computes.

use einsum_runtime::codegen as __einloom;
use einsum_runtime::{Element, ShapeError};
use ndarray::prelude::*;
use ndarray::{Data, DimMax, arr2, aview1};
use num_complex::Complex64;

/// `einsum!("ij,jk->ik", $a, $b)` as a `Result`.
macro_rules! matmul {
    ($a:expr, $b:expr) => {
        match __einloom::operand::<2, _>(&($a), __einloom::Source::operand(0, stringify!($a), "ij"))
        {
            a0 => match __einloom::operand_like::<2, _, _, _>(
                &($b),
                &a0,
                __einloom::Source::operand(1, stringify!($b), "jk"),
            ) {
                a1 => {
                    {
                        #[allow(non_camel_case_types)]
                        enum j {}
                        __einloom::agree::<j, 1, 0, _, _>(&a0, &a1);
                    }
                    let (n0, n1, n2) = (a0.extent(0), a0.extent(1), a1.extent(1));
                    match a0
                        .rank()
                        .and(a1.rank())
                        .and(__einloom::same("j", a0.axis(1), a1.axis(0)))
                        .and(a0.fits(&[n0, n2]))
                    {
                        Ok(()) => Ok(__einloom::contract(
                            __einloom::loops([n0, n2], [n1]),
                            a0.along([0, 2]),
                            a1.along([2, 1]),
                            __einloom::fresh([n0, n2]).along([0, 1]),
                        )
                        .into_array::<__einloom::Ix2>()),
                        Err(e) => Err(e),
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

#[test]
fn lone_index_then_contraction() {
    let x = Array::from_shape_fn((2, 3, 4), |(b, i, k)| (b * 12 + i * 4 + k) as f64);
    let w = Array::from_shape_fn((5, 4, 6), |(j, k, l)| (j + 2 * k + 3 * l) as f64);
    let y: Array3<f64> =
        match __einloom::operand::<3, _>(&(x), __einloom::Source::operand(0, "&x", "bik")) {
            a0 => match __einloom::operand_like::<3, _, _, _>(
                &(w),
                &a0,
                __einloom::Source::operand(1, "&w", "jkl"),
            ) {
                a1 => {
                    let (n0, n1, n2) = (a0.extent(0), a0.extent(1), a0.extent(2));
                    let (n3, n4) = (a1.extent(0), a1.extent(2));
                    match a0.rank().and(a1.rank()).and(__einloom::same("k", a0.axis(2), a1.axis(1)))
                    {
                        Ok(()) => {
                            let t0 = __einloom::reduce(
                                __einloom::loops([n3, n2], [n4]),
                                a1.along([0, 1, 2]),
                                __einloom::fresh([n3, n2]).along([0, 1]),
                            );
                            let y = __einloom::contract(
                                __einloom::loops([n0, n1, n3], [n2]),
                                a0.along([0, 1, 3]),
                                t0.along([2, 3]),
                                __einloom::fresh([n0, n1, n3]).along([0, 1, 2]),
                            );
                            y.into_array::<__einloom::Ix3>()
                        }
                        Err(e) => __einloom::raise(e),
                    }
                }
            },
        };
    for ((b, i, j), &y) in y.indexed_iter() {
        let expected: f64 = (0..4)
            .flat_map(|k| (0..6).map(move |l| (k, l)))
            .map(|(k, l)| x[[b, i, k]] * w[[j, k, l]])
            .sum();
        assert_eq!(y, expected);
    }
}

#[test]
fn trace_and_scalar_operands() {
    let a = arr2(&[[1.0_f32, 2.0], [3.0, 4.0]]);
    let a0 = __einloom::operand::<2, _>(&a, __einloom::Source::operand(0, "&a", "ii"));
    let a1 = __einloom::scalar_like(&0.5, &a0, __einloom::Source::operand(1, "0.5", ""));
    __einloom::same("i", a0.axis(0), a0.axis(1)).unwrap();
    let n = a0.extent(0);
    let trace: f32 = __einloom::contract(
        __einloom::loops([], [n]),
        a0.along([0, 0]),
        a1.along([]),
        __einloom::fresh_scalar(),
    )
    .into_scalar();
    assert_eq!(trace, 2.5);
}

#[test]
fn diagonal_of_the_output() {
    let a = vec![1_u8, 2, 3];
    let a0 = __einloom::operand::<1, _>(&a, __einloom::Source::operand(0, "&a", "i"));
    let n = a0.extent(0);
    let target = __einloom::fresh([n, n]).along([0, 0]);
    let y = __einloom::copy(__einloom::loops([n], []), a0.along([0]), target);
    assert_eq!(y.into_array::<Ix2>(), arr2(&[[1, 0, 0], [0, 2, 0], [0, 0, 3]]));
}

/// `einsum!("...ij,...jk->...ik", a, b)`.
macro_rules! batched {
    ($a:expr, $b:expr) => {
        match __einloom::ellipsis_operand::<2, _>(
            &($a),
            0,
            __einloom::Source::operand(0, stringify!($a), "...ij"),
        ) {
            a0 => match __einloom::ellipsis_operand_like::<2, _, _, _>(
                &($b),
                &a0,
                0,
                __einloom::Source::operand(1, stringify!($b), "...jk"),
            ) {
                a1 => {
                    let (n0, n1, n2) = (a0.extent(0), a0.extent(1), a1.extent(1));
                    match a0
                        .rank()
                        .and(a1.rank())
                        .and(__einloom::same("j", a0.axis(1), a1.axis(0)))
                        .and(__einloom::broadcasts(a0.ellipsis(), a1.ellipsis()))
                    {
                        Ok(()) => {
                            let e = __einloom::broadcast(&[a0.ellipsis(), a1.ellipsis()]);
                            match a0.fits_with_ellipsis(&[n0, n2], 0, &e) {
                                Ok(()) => Ok(__einloom::contract(
                                    __einloom::loops([n0, n2], [n1]),
                                    a0.along([0, 2]),
                                    a1.along([2, 1]),
                                    __einloom::fresh([n0, n2]).with_ellipsis(0, e).along([0, 1]),
                                )
                                .into_array_like::<2, _>(__einloom::wider(a0.rest(), a1.rest()))),
                                Err(e) => Err(e),
                            }
                        }
                        Err(e) => Err(e),
                    }
                }
            },
        }
    };
}

#[test]
fn ellipsis_broadcasts() {
    let a = Array::from_shape_fn((4, 2, 3), |(b, i, j)| (b * 6 + i * 3 + j) as i64);
    let b = Array::from_shape_fn((5, 1, 3, 2), |(e, _, j, k)| (e * 6 + j * 2 + k) as i64);
    let y: Array4<i64> = batched!(&a, &b).unwrap();
    assert_eq!(y.shape(), [5, 4, 2, 2]);
    for ((e, s, i, k), &y) in y.indexed_iter() {
        assert_eq!(y, (0..3).map(|j| a[[s, i, j]] * b[[e, 0, j, k]]).sum::<i64>());
    }
    let z: ArrayD<i64> = batched!(&a, b.clone().into_dyn()).unwrap();
    assert_eq!(z, y.into_dyn());
    let error = batched!(&a, Array::<i64, _>::zeros((3, 3, 2))).unwrap_err();
    assert_eq!(error.label(), Some("..."));
    assert_eq!(error.extents(), Some((4, 3)));
}

fn generic_sum<T: Element, D: Dimension + DimMax<D, Output = D>>(
    a: &Array<T, D>,
    b: &Array<T, D>,
) -> Array<T, D> {
    let a0 = __einloom::ellipsis_operand::<0, _>(a, 0, __einloom::Source::operand(0, "a", "..."));
    let s1 = __einloom::Source::operand(1, "b", "...");
    let a1 = __einloom::ellipsis_operand_like::<0, _, _, _>(b, &a0, 0, s1);
    let e = __einloom::broadcast(&[a0.ellipsis(), a1.ellipsis()]);
    let target = __einloom::fresh([]).with_ellipsis(0, e).along([]);
    __einloom::multiply(__einloom::loops([], []), a0.along([]), a1.along([]), target)
        .into_array_like::<0, _>(__einloom::wider(a0.rest(), a1.rest()))
}

#[test]
fn generic_dimensions() {
    let a = arr2(&[[1, 2], [3, 4]]);
    assert_eq!(generic_sum(&a, &a), &a * &a);
    assert_eq!(generic_sum(&a.clone().into_dyn(), &a.clone().into_dyn()), (&a * &a).into_dyn());
}

/// `einsum_into!("ij,j->i", a, b => c; alpha, beta)`.
macro_rules! into {
    ($a:expr, $b:expr => $c:expr; $alpha:expr, $beta:expr) => {{
        #[allow(unused_imports)]
        use __einloom::{OutputPlace as _, Source};
        match __einloom::operand::<2, _>(&($a), Source::operand(0, "a", "ij")) {
            a0 => match (
                __einloom::operand_like::<1, _, _, _>(&($b), &a0, Source::operand(1, "b", "j")),
                __einloom::output::<1, _, _, _>(
                    ($c).__einsum_place(),
                    &a0,
                    Source::output("c", "i"),
                ),
            ) {
                (a1, c0) => {
                    c0.rank().unwrap();
                    __einloom::same("i", a0.axis(0), c0.axis(0)).unwrap();
                    __einloom::contract(
                        __einloom::loops([a0.extent(0)], [a0.extent(1)]),
                        a0.along([0, 1]),
                        a1.along([1]),
                        c0.along([0]).scaled($alpha, $beta),
                    );
                }
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

fn transposed<'a>(a: &'a Array2<String>) -> ArrayView2<'a, String> {
    use __einloom::Viewable as _;
    let source = __einloom::Source::operand(0, "a", "ij");
    let a0 = __einloom::view_operand::<2, _, _, _>((a).__einsum_view(), source);
    a0.rearrange::<2, Ix2>([1, 0])
}

fn batch_transposed<'a, T>(a: ArrayView3<'a, T>) -> ArrayView3<'a, T> {
    use __einloom::Viewable as _;
    let source = __einloom::Source::operand(0, "a", "...ij");
    let a0 = __einloom::ellipsis_view_operand::<2, _, _, _>((a).__einsum_view(), 0, source);
    a0.rearrange_with_ellipsis::<2, _>([1, 0], 0, a0.rest())
}

#[test]
fn views() {
    let a = Array::from_shape_fn((2, 3), |(i, j)| format!("{i}{j}"));
    assert_eq!(transposed(&a), a.t());
    let b = Array::from_iter(0..24).into_shape_with_order((2, 3, 4)).unwrap();
    let reversed = b.slice(s![.., ..;-1, ..;-2]);
    let mut expected = reversed.clone();
    expected.swap_axes(1, 2);
    assert_eq!(batch_transposed(reversed.clone()), expected);
    let source = || __einloom::Source::operand(0, "a", "iij");
    use __einloom::Viewable as _;
    let square = b.slice(s![.., 1..;-1, 2..]);
    let a0 = __einloom::view_operand::<3, _, _, _>(square.__einsum_view(), source());
    let diagonal = a0.rearrange::<3, Ix3>([2, 2, 0]);
    assert_eq!(diagonal.shape(), [2, 1, 2]);
    for ((j, _, i), x) in diagonal.indexed_iter() {
        assert_eq!(*x, square[[i, i, j]]);
    }
    let empty = b.slice(s![..0, ..;-1, 0..1]);
    let a0 = __einloom::view_operand::<3, _, _, _>((&empty).__einsum_view(), source());
    assert_eq!(a0.rearrange::<2, Ix2>([0, 1, __einloom::ONE]).shape(), [0, 3]);
}

#[test]
fn conjugation() {
    let z = [Complex64::new(1.0, 2.0), Complex64::new(3.0, -1.0)];
    let a0 = __einloom::operand::<1, _>(&z, __einloom::Source::operand(0, "z", "i"));
    let n = a0.extent(0);
    let norm = __einloom::contract(
        __einloom::loops([], [n]),
        a0.conj().along([0]),
        a0.along([0]),
        __einloom::fresh_scalar().along([]),
    );
    assert_eq!(norm.into_scalar(), Complex64::new(15.0, 0.0));
    let y = __einloom::copy(
        __einloom::loops([n], []),
        a0.along([0]).conj(),
        __einloom::fresh([n]).along([0]),
    );
    assert_eq!(y.conj().into_array::<Ix1>(), aview1(&z));
}
