//! The loops that emitted code runs itself over few points, by hand: `einsum!` of small arrays in release builds.

use einsum_runtime::codegen::*;
use ndarray::prelude::*;
use ndarray::{arr1, arr2};
use num_complex::Complex64;

#[test]
fn few_points() {
    assert!(few1::<256>(1) && few1::<256>(256) && few1::<512>(257));
    assert!(!few1::<256>(0) && !few1::<256>(257) && !few1::<256>(usize::MAX));
    assert!(few2::<256>(16, 16) && few2::<256>(256, 1) && !few2::<256>(16, 17));
    assert!(!few2::<256>(0, 1) && !few2::<256>(1, 0));
    assert!(!few2::<256>(usize::MAX, usize::MAX) && !few2::<256>(1 << 32, 1 << 32));
    assert!(few3::<512>(8, 8, 8) && !few3::<512>(8, 8, 9));
    assert!(
        !few3::<512>(0, 1, 1) && !few3::<512>(1, 1, 0) && !few3::<512>(1 << 22, 1 << 21, 1 << 21)
    );
    assert!(few4::<256>(4, 4, 4, 4) && few4::<256>(2, 1, 128, 1) && !few4::<256>(4, 4, 4, 5));
    assert!(!few4::<256>(1, 1, 1, 0) && !few4::<256>(256, 256, 256, 256));
    assert!(!few4::<256>(1 << 16, 1 << 16, 1 << 16, 1 << 16));
}

/// `einsum!("ij,jk->ik", a, b)`.
#[test]
fn matrix_product() {
    let a = arr2(&[[1, 2, 3], [4, 5, 6]]);
    let b = arr2(&[[1, 0, 2, 1], [0, 1, 1, 3], [1, 1, 0, 2]]);
    for (a, b) in [(a.view(), b.view()), (a.slice(s![..;-1, ..;2]), b.slice(s![..2, ..;-3]))] {
        let a0 = operand::<2, _>(&a);
        let a1 = operand_like::<2, _, _, _>(&b, &a0);
        let (n0, n1, n2) = (a0.extent(0), a0.extent(1), a1.extent(1));
        assert!(few3::<512>(n0, n1, n2) && a0.is(n0, n1) && a1.is(n1, n2) && !a1.is(n1, n2 + 1));
        let mut row = a0.row(n0 * n2);
        let (x, y) = (a0.along((n0, n2, n1, 1), 0, 2), a1.along((n0, n2, n1, 1), 2, 1));
        let types = (a0.arithmetic(), (a0.static_extents(), a1.static_extents()));
        sums2::<_, _, _, 2, 1, true>(types, &mut row, x, y);
        let y: Array2<i32> = a0.array(row, [n0, n2]);
        assert_eq!(y, a.dot(&b));
    }
}

#[test]
fn every_rank() {
    let a = Array::from_iter(0..24_u8).into_shape_with_order((1, 2, 3, 4)).unwrap();
    let turned = a.t();
    let a0 = operand::<4, _>(&turned);
    assert!(a0.is(4, 3, 2, 1) && !a0.is(4, 3, 2, 2));
    // Axes of one position have no loop, which is number 4.
    let mut row = a0.row(24);
    sums1::<_, _, _, 3, 0, true>(
        (a0.arithmetic(), (a0.static_extents(),)),
        &mut row,
        a0.along((2, 3, 4, 1), 2, 1, 0, 4),
    );
    assert_eq!(a0.array::<4, IxDyn>(row, [1, 2, 3, 4]), a.clone().into_dyn());
    let cube = a.index_axis(Axis(0), 0);
    let a0 = operand::<3, _>(&cube);
    assert!(a0.is(2, 3, 4));
    let mut row = a0.row(2);
    sums1::<_, _, _, 1, 2, true>(
        (a0.arithmetic(), (a0.static_extents(),)),
        &mut row,
        a0.along((2, 3, 4, 1), 0, 1, 2),
    );
    assert_eq!(a0.array::<1, Ix1>(row, [2]), arr1(&[66, 210]));
    let square = arr2(&[[1, 2], [3, 4]]);
    let a0 = operand::<2, _>(&square);
    assert_eq!(
        sum1::<_, _, _, 1, true>(
            (a0.arithmetic(), (a0.static_extents(),)),
            a0.along((2, 1, 1, 1), 0, 0)
        ),
        5
    );
    let a0 = operand::<1, _>(&[5, 6]);
    assert!(a0.is(2));
    let [x, y, z] = [0; 3].map(|axis| a0.along((2, 1, 1, 1), axis));
    assert_eq!(
        sum3::<_, _, _, 1, true>((a0.arithmetic(), (a0.static_extents(),)), x, y, z),
        125 + 216
    );
    let half = scalar(&0.5);
    assert!(half.is());
    let mut row = half.row(4);
    let (x, y) = (half.along((2, 2, 1, 1)), half.along((2, 2, 1, 1)));
    sums2::<_, _, _, 2, 0, true>((half.arithmetic(), (half.static_extents(),)), &mut row, x, y);
    assert_eq!(half.array::<2, Ix2>(row, [2, 2]), Array2::from_elem((2, 2), 0.25));
    // An array of another rank than its term's has no extents at all.
    let line = ArrayD::from_elem(vec![3], 1.0);
    assert!(!operand::<0, _>(&line).is());
    assert!(!operand::<2, _>(&line).is(0, 0));
}

/// `Σ a[i, j, k, l] · b[l, j]` over the last loops, the first ones kept.
#[test]
fn four_loops() {
    let (n0, n1, n2, n3) = (2, 3, 2, 4);
    let a =
        Array4::from_shape_fn((n0, n1, n2, n3), |(i, j, k, l)| (7 * i + 5 * j + 3 * k + l) as i64);
    let b = Array2::from_shape_fn((n3, n1), |(l, j)| (l * l) as i64 - 4 * j as i64);
    let products = Array4::from_shape_fn(a.dim(), |(i, j, k, l)| a[[i, j, k, l]] * b[[l, j]]);
    let expected = |kept: usize| {
        (kept..4).fold(products.clone().into_dyn(), |sums, _| sums.sum_axis(Axis(kept)))
    };
    let a0 = operand::<4, _>(&a);
    let a1 = operand_like::<2, _, _, _>(&b, &a0);
    let extents = (n0, n1, n2, n3);
    let types = || (a0.arithmetic(), (a0.static_extents(), a1.static_extents()));
    let along = || (a0.along(extents, 0, 1, 2, 3), a1.along(extents, 3, 1));
    macro_rules! kept {
        ($($kept:literal $summed:literal: $dimension:ty, [$($extent:ident),*];)*) => { $({
            let (mut row, (x, y)) = (a0.row(1 $(* $extent)*), along());
            sums2::<_, _, _, $kept, $summed, true>(types(), &mut row, x, y);
            let y: ndarray::Array<i64, $dimension> = a0.array(row, [$($extent),*]);
            assert_eq!(y.into_dyn(), expected($kept));
        })* };
    }
    kept! {
        1 3: Ix1, [n0];
        2 2: Ix2, [n0, n1];
        3 1: Ix3, [n0, n1, n2];
        4 0: Ix4, [n0, n1, n2, n3];
    }
    let (x, y) = along();
    assert_eq!(sum2::<_, _, _, 4, true>(types(), x, y), products.sum());

    let mut c = Array4::zeros((n3, n2, n1, n0));
    let mut turned = c.view_mut().reversed_axes();
    let mut c0 = output::<4, _, _, _>(&mut turned, &a0);
    let types = (a0.arithmetic(), (a0.static_extents(), a1.static_extents(), c0.static_extents()));
    let (out, (x, y)) = (c0.along(4, extents, 0, 1, 2, 3), along());
    sums_into2::<_, _, _, 4, 0, true>(types, out, x, y, (Some(2), None));
    assert_eq!(c.reversed_axes(), 2 * products);
}

/// Three operands: `Σ a[i, j] · b[j, k] · a[k, l]`.
#[test]
fn chain_of_three() {
    let a = arr2(&[[1, 2, 3], [4, 5, 6], [7, 8, 10]]);
    let b = arr2(&[[1, 0, 2], [0, 1, 1], [1, 1, 0]]);
    let (a0, n) = (operand::<2, _>(&a), 3);
    let a1 = operand_like::<2, _, _, _>(&b, &a0);
    let extents = (n, n, n, n);
    let (x, y, z) = (a0.along(extents, 0, 2), a1.along(extents, 2, 3), a0.along(extents, 3, 1));
    let mut row = a0.row(n * n);
    sums3::<_, _, _, 2, 2, true>(
        (a0.arithmetic(), (a0.static_extents(), a1.static_extents())),
        &mut row,
        x,
        y,
        z,
    );
    assert_eq!(a0.array::<2, Ix2>(row, [n, n]), a.dot(&b).dot(&a));
}

/// Four operands: `Σ a[i, j] · b[j, k] · a[k, l] · b[l, i]`, of which the first `KEPT` loops are kept.
#[test]
fn ring_of_four() {
    let a = arr2(&[[1, 2, 3], [4, 5, 6], [7, 8, 10]]);
    let b = arr2(&[[1, 0, 2], [0, 1, 1], [1, 1, 0]]);
    let (a0, n) = (operand::<2, _>(&a), 3);
    let a1 = operand_like::<2, _, _, _>(&b, &a0);
    let extents = (n, n, n, n);
    let [w, x, y, z] = [(0, 1), (1, 2), (2, 3), (3, 0)];
    let types = || (a0.arithmetic(), (a0.static_extents(), a1.static_extents()));
    let (chain, rest) = (a.dot(&b), a.dot(&b));
    let trace = chain.dot(&rest).diag().sum();
    macro_rules! along {
        ($run:expr, $($first:expr),*) => {
            $run(
                $($first,)*
                a0.along(extents, w.0, w.1),
                a1.along(extents, x.0, x.1),
                a0.along(extents, y.0, y.1),
                a1.along(extents, z.0, z.1),
            )
        };
    }
    assert_eq!(along!(sum4::<_, _, _, 4, true>, types()), trace);
    let mut row = a0.row(n);
    along!(sums4::<_, _, _, 1, 3, true>, types(), &mut row);
    assert_eq!(a0.array::<1, Ix1>(row, [n]), chain.dot(&rest).diag());
    // With `i` and `j` kept: a[i, j] times the product of the other three, turned.
    let mut row = a0.row(n * n);
    along!(sums4::<_, _, _, 2, 2, true>, types(), &mut row);
    assert_eq!(a0.array::<2, Ix2>(row, [n, n]), &a * &b.dot(&a).dot(&b).t());
}

#[test]
fn outputs() {
    let a = arr2(&[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    let a0 = operand::<2, _>(&a);
    let mut c = Array2::from_elem((2, 3), f64::NAN);
    for (alpha, beta, expected) in [
        (None, None, [[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]]),
        (Some(2.0), Some(3.0), [[15.0, 20.0, 25.0], [0.0, 5.0, 10.0]]),
        (None, Some(3.0), [[48.0, 64.0, 80.0], [0.0, 16.0, 32.0]]),
        (Some(2.0), None, [[6.0, 8.0, 10.0], [0.0, 2.0, 4.0]]),
        (Some(3.0), Some(0.0), [[9.0, 12.0, 15.0], [0.0, 3.0, 6.0]]),
    ] {
        let mut reversed = c.slice_mut(s![..;-1, ..]);
        let mut c0 = output::<2, _, _, _>(&mut reversed, &a0);
        assert!(c0.is(2, 3) && !c0.is(3, 2));
        let (types, extents) =
            ((a0.arithmetic(), (a0.static_extents(), c0.static_extents())), (2, 3, 1, 1));
        let (out, x) = (c0.along(2, extents, 0, 1), a0.along(extents, 0, 1));
        sums_into1::<_, _, _, 2, 0, true>(types, out, x, (alpha, beta));
        assert_eq!(c, arr2(&expected));
    }
}

/// As in the kernels, a factor of one is left out: a product of complex numbers with it is not exact for infinite parts.
#[test]
fn factors_of_one() {
    let (one, infinite) = (Complex64::ONE, Complex64::new(f64::INFINITY, 1.0));
    for (sum, old, beta, expected) in [
        (Complex64::I, infinite, Some(one), Complex64::new(f64::INFINITY, 2.0)),
        (infinite, Complex64::ZERO, None, infinite),
    ] {
        let (a, mut c) = (arr1(&[sum]), arr1(&[old]));
        let a0 = operand::<1, _>(&a);
        let mut c0 = output::<1, _, _, _>(&mut c, &a0);
        let (out, x) = (c0.along(1, (1, 1, 1, 1), 0), a0.along((1, 1, 1, 1), 0));
        sums_into1::<_, _, _, 1, 0, true>(
            (a0.arithmetic(), (a0.static_extents(),)),
            out,
            x,
            (Some(one), beta),
        );
        assert_eq!(c, arr1(&[expected]));
    }
}

/// Emitted code is safe code: a row that is not filled, or extents that are not those of the row, panic.
mod wrong_rows {
    use super::*;

    fn make<const R: usize, D: Dimension>(room: usize, filled: usize, extents: [usize; R]) {
        let a0 = scalar(&1_u8);
        let mut row = a0.row(room);
        if filled > 0 {
            sums1::<_, _, _, 1, 0, true>(
                (a0.arithmetic(), (a0.static_extents(),)),
                &mut row,
                a0.along((filled, 1, 1, 1)),
            );
        }
        let _: ndarray::Array<u8, D> = a0.array(row, extents);
    }

    #[test]
    #[should_panic(expected = "internal error: another rank or number of elements")]
    fn too_few() {
        make::<2, Ix2>(6, 5, [2, 3]);
    }

    #[test]
    #[should_panic(expected = "internal error: another rank or number of elements")]
    fn too_many() {
        make::<2, Ix2>(7, 7, [2, 3]);
    }

    #[test]
    #[should_panic(expected = "internal error: another rank or number of elements")]
    fn none() {
        make::<2, Ix2>(0, 0, [0, usize::MAX]);
    }

    #[test]
    #[should_panic(expected = "internal error: another rank or number of elements")]
    fn not_filled() {
        make::<2, Ix2>(6, 0, [2, 3]);
    }

    #[test]
    #[should_panic(expected = "internal error: another rank or number of elements")]
    fn overflow() {
        make::<2, Ix2>(1, 1, [usize::MAX, usize::MAX]);
    }

    #[test]
    #[should_panic]
    fn another_rank() {
        make::<2, Ix3>(6, 6, [2, 3]);
    }

    #[test]
    #[should_panic(expected = "capacity overflow")]
    fn too_large() {
        make::<1, Ix1>(usize::MAX, 1, [1]);
    }
}
