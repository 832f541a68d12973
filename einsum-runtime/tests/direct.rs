//! The loops that emitted code runs itself over few points, by hand: `einsum!` of small arrays in release builds.

use einsum_runtime::codegen::*;
use ndarray::prelude::*;
use ndarray::{arr1, arr2};
use num_complex::Complex64;

#[test]
fn few_points() {
    assert!(few1(1) && few1(256) && !few1(0) && !few1(257) && !few1(usize::MAX));
    assert!(few2(16, 16) && few2(256, 1) && !few2(16, 17) && !few2(0, 1) && !few2(1, 0));
    assert!(!few2(usize::MAX, usize::MAX) && !few2(1 << 32, 1 << 32));
    assert!(few3(8, 8, 8) && !few3(8, 8, 9) && !few3(0, 1, 1) && !few3(1, 1, 0));
    assert!(!few3(1 << 22, 1 << 21, 1 << 21));
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
        assert!(few3(n0, n1, n2) && a0.is(n0, n1) && a1.is(n1, n2) && !a1.is(n1, n2 + 1));
        let mut row = a0.row(n0 * n2);
        for i in 0..n0 {
            for k in 0..n2 {
                let terms = (0..n1).map(|j| Element::mul(a0.at(i, j), a1.at(j, k)));
                row.push(terms.fold(a0.zero(), Element::add));
            }
        }
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
    assert_eq!(a0.at(3, 1, 1, 0), a[[0, 1, 1, 3]]);
    let cube = a.index_axis(Axis(0), 0);
    let a0 = operand::<3, _>(&cube);
    assert!(a0.is(2, 3, 4) && a0.at(1, 2, 3) == 23);
    let a0 = operand::<1, _>(&[5, 6]);
    assert!(a0.is(2) && a0.at(1) == 6);
    let a0 = scalar(&7.5);
    assert!(a0.is() && a0.at() == 7.5);
    let y: ArrayD<u8> = a0_array(&a);
    assert_eq!(y, a.into_dyn());
    // An array of another rank than its term's has no extents at all.
    let line = ArrayD::from_elem(vec![3], 1.0);
    assert!(!operand::<0, _>(&line).is());
    assert!(!operand::<2, _>(&line).is(0, 0));
}

fn a0_array(a: &Array4<u8>) -> ArrayD<u8> {
    let a0 = operand::<4, _>(a);
    let mut row = a0.row(a.len());
    a.iter().for_each(|&x| row.push(x));
    a0.array(row, [1, 2, 3, 4])
}

#[test]
fn outputs() {
    let a0 = scalar(&1.0);
    let mut c = Array2::from_elem((2, 3), f64::NAN);
    let mut reversed = c.slice_mut(s![..;-1, ..]);
    let mut c0 = output::<2, _, _, _>(&mut reversed, &a0);
    assert!(c0.is(2, 3) && !c0.is(3, 2));
    for (n, (i, j)) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)].into_iter().enumerate() {
        c0.put(i, j, n as f64);
    }
    c0.scale(0, 0, 5.0, Some(2.0), Some(3.0));
    c0.scale(0, 1, 5.0, None, Some(3.0));
    c0.scale(0, 2, 5.0, Some(2.0), None);
    c0.scale(1, 0, 5.0, Some(2.0), Some(0.0));
    assert_eq!(c, arr2(&[[10.0, 4.0, 5.0], [10.0, 8.0, 10.0]]));
    let mut unknown = [f64::NAN];
    output::<1, _, _, _>(&mut unknown, &a0).scale(0, 5.0, None, Some(0.0));
    assert_eq!(unknown, [5.0]);
}

/// As in the kernels, a factor of one is left out: a product of complex numbers with it is not exact for infinite parts.
#[test]
fn factors_of_one() {
    let (one, infinite) = (Complex64::ONE, Complex64::new(f64::INFINITY, 1.0));
    let mut c = arr1(&[infinite, Complex64::ZERO]);
    let a0 = scalar(&one);
    let mut c0 = output::<1, _, _, _>(&mut c, &a0);
    c0.scale(0, Complex64::I, Some(one), Some(one));
    c0.scale(1, infinite, Some(one), None);
    assert_eq!(c, arr1(&[Complex64::new(f64::INFINITY, 2.0), infinite]));
}

/// Emitted code is safe code: a row that is not filled, or extents that are not those of the row, panic.
mod wrong_rows {
    use super::*;

    fn make<const R: usize, D: Dimension>(room: usize, pushed: usize, extents: [usize; R]) {
        let a0 = scalar(&1_u8);
        let mut row = a0.row(room);
        (0..pushed).for_each(|_| row.push(1));
        let _: ndarray::Array<u8, D> = a0.array(row, extents);
    }

    #[test]
    fn more_elements_than_room() {
        make::<1, Ix1>(2, 1000, [2]);
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
