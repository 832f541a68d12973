//! What kernels write to: fresh arrays and existing ones, diagonals, scaled outputs, gradients of broadcasts.

use einsum_runtime::codegen::*;
use einsum_runtime::{Element, scalar_operand};
use ndarray::prelude::*;
use ndarray::{arr1, arr2, arr3};
use num_complex::Complex64;

const A: Source = Source::operand(0, "a", "");
const C: Source = Source::output("c", "");

#[test]
fn scaled_outputs() {
    let a = arr2(&[[1.0, 2.0], [3.0, 4.0]]);
    let a0 = operand::<2, _>(&a, A);
    for (alpha, beta, old) in [(2.0, 3.0, 10.0), (1.0, 1.0, 5.0), (-1.0, 0.0, f64::NAN)] {
        let mut c = Array2::from_elem((2, 2), old);
        let target =
            output::<2, _, _, _>(&mut c, &a0, C).along([0, 1]).scaled(Some(alpha), Some(beta));
        let old = if beta == 0.0 { 0.0 } else { beta * old };
        contract(loops([2, 2], [2]), a0.along([0, 2]), a0.along([2, 1]), target);
        assert_eq!(c, a.dot(&a) * alpha + old);
        let mut c = Array2::from_elem((2, 2), 1.0);
        let target =
            output::<2, _, _, _>(&mut c, &a0, C).along([1, 0]).scaled(Some(alpha), Some(beta));
        copy(loops([2, 2], []), a0.along([0, 1]), target);
        assert_eq!(c, a.t().mapv(|x| alpha * x + beta));
    }
}

/// Sums over nothing are zero, and enter a scaled output like any sum.
#[test]
fn empty_sums() {
    let a = Array2::<f64>::zeros((2, 0));
    let a0 = operand::<2, _>(&a, A);
    let y = reduce(loops([2], [0]), a0.along([0, 1]), fresh([2]).along([0]));
    assert_eq!(y.into_array::<Ix1>(), arr1(&[0.0, 0.0]));
    let mut c = arr1(&[1.0, 2.0]);
    let target = output::<1, _, _, _>(&mut c, &a0, C).along([0]).scaled(Some(5.0), Some(2.0));
    reduce(loops([2], [0]), a0.along([0, 1]), target);
    assert_eq!(c, arr1(&[2.0, 4.0]));
    let target = output::<1, _, _, _>(&mut c, &a0, C).along([0]);
    reduce(loops([2], [0]), a0.along([0, 1]), target);
    assert_eq!(c, arr1(&[0.0, 0.0]));
    let y = copy(loops([0, 2], []), a0.along([1, 0]), fresh([0, 2]).along([0, 1]));
    assert_eq!(y.into_array::<Ix2>().shape(), [0, 2]);
}

#[test]
fn diagonals_of_existing_outputs() {
    let a = [1.0, 2.0];
    let a0 = operand::<1, _>(&a, A);
    let mut c = [[f64::NAN; 2]; 2];
    let target = output::<2, _, _, _>(&mut c, &a0, C).along([0, 0]);
    copy(loops([2], []), a0.along([0]), target);
    assert_eq!(c, [[1.0, 0.0], [0.0, 2.0]]);
    c[0][1] = 7.0;
    let target = output::<2, _, _, _>(&mut c, &a0, C).along([0, 0]).scaled(Some(10.0), Some(2.0));
    copy(loops([2], []), a0.along([0]), target);
    assert_eq!(c, [[12.0, 14.0], [0.0, 24.0]]);
    c = [[f64::NAN; 2]; 2];
    let target = output::<2, _, _, _>(&mut c, &a0, C).along([0, 0]).scaled(Some(3.0), Some(0.0));
    copy(loops([2], []), a0.along([0]), target);
    assert_eq!(c, [[3.0, 0.0], [0.0, 6.0]]);
}

/// `iij->jiki` with `k = 2`: diagonals on both sides, a broadcast axis, and an axis `1`.
#[test]
fn diagonals_and_broadcasts() {
    let a = Array::from_shape_fn((3, 3, 2, 1), |(h, i, j, _)| (h * 100 + i * 10 + j) as i32);
    let a0 = operand::<4, _>(&a, A);
    let target = fresh([2, 3, 2, 3]).along([0, 1, 2, 1]);
    let y = copy(loops([2, 3, 2], []), a0.along([1, 1, 0, ONE]), target).into_array::<Ix4>();
    for ((j, i, k, l), &y) in y.indexed_iter() {
        assert_eq!(y, if i == l { a[[i, i, j, 0]] } else { 0 }, "{j} {i} {k} {l}");
    }
}

/// The gradient of `a` in `"...i,...i->..."`: `a`'s own ellipsis, summed where it was broadcast.
#[test]
fn gradients_of_broadcasts() {
    let a = Array::from_shape_fn((1, 2, 3), |(_, y, i)| (y * 3 + i) as i64);
    let b = Array::from_shape_fn((4, 5, 2, 3), |(v, x, y, i)| (v * 50 + x * 10 + y * 3 + i) as i64);
    let d = Array::from_shape_fn((4, 5, 2), |(v, x, y)| (v * 7 + x * 3 + y) as i64);
    let a0 = ellipsis_operand::<1, _>(&a, 0, A);
    let b0 = ellipsis_operand_like::<1, _, _, _>(&b, &a0, 0, A);
    let d0 = ellipsis_operand_like::<0, _, _, _>(&d, &a0, 0, A);
    is_broadcast_of(d0.ellipsis(), &[a0.ellipsis(), b0.ellipsis()]).unwrap();
    let target = fresh([3]).with_ellipsis(0, broadcast(&[a0.ellipsis()])).along([0]);
    let da = multiply(loops([3], []), b0.along([0]), d0.along([]), target)
        .into_array_like::<1, _>(a0.rest());
    assert_eq!(da.shape(), a.shape());
    for ((_, y, i), &da) in da.indexed_iter() {
        let mut sum = 0;
        for v in 0..4 {
            for x in 0..5 {
                sum += b[[v, x, y, i]] * d[[v, x, y]];
            }
        }
        assert_eq!(da, sum);
    }
    // `...->` sums the whole ellipsis.
    let total = reduce(loops([], [3]), b0.along([0]), fresh_scalar()).into_scalar();
    assert_eq!(total, b.sum());
}

/// `i...j->j...i`: named axes around the ellipsis, an intermediate with an ellipsis as a source.
#[test]
fn ellipsis_between_named_axes() {
    let a =
        Array::from_shape_fn((2, 3, 4, 5), |(i, x, y, j)| (((i * 3 + x) * 4 + y) * 5 + j) as u32);
    let a0 = ellipsis_operand::<2, _>(&a, 1, A);
    let e = broadcast(&[a0.ellipsis()]);
    let t0 = copy(
        loops([5, 2], []),
        a0.along([1, 0]),
        fresh([5, 2]).with_ellipsis(1, e.clone()).along([0, 1]),
    );
    let y =
        copy(loops([2, 5], []), t0.along([1, 0]), fresh([2, 5]).with_ellipsis(2, e).along([0, 1]))
            .into_array_like::<2, _>(a0.rest());
    assert_eq!(y.view(), a.view().permuted_axes([0, 3, 1, 2]));
    assert_eq!(t0.into_array::<Ix4>().view(), a.view().permuted_axes([3, 1, 2, 0]));
}

#[test]
fn conjugates_enter_every_kernel() {
    let i = Complex64::I;
    let a = arr1(&[1.0 + i, 2.0 - i]);
    let a0 = operand::<1, _>(&a, A);
    let sum = reduce(loops([], [2]), a0.along([0]).conj(), fresh_scalar()).into_scalar();
    assert_eq!(sum, Complex64::new(3.0, 0.0));
    let square =
        multiply(loops([2], []), a0.along([0]).conj(), a0.along([0]), fresh([2]).along([0]));
    assert_eq!(square.into_array::<Ix1>(), arr1(&[2.0 + 0.0 * i, 5.0 + 0.0 * i]));
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Tropical(f64);

scalar_operand!(Tropical);

impl Element for Tropical {
    const ZERO: Self = Tropical(f64::NEG_INFINITY);
    const ONE: Self = Tropical(0.0);
    fn add(a: Self, b: Self) -> Self {
        Tropical(a.0.max(b.0))
    }
    fn mul(a: Self, b: Self) -> Self {
        Tropical(a.0 + b.0)
    }
}

#[test]
fn a_semiring_of_a_user() {
    let a = Array2::from_shape_fn((20, 20), |(i, j)| Tropical((i * 7 + j * 3) as f64 % 11.0));
    let a0 = operand::<2, _>(&a, A);
    let target = fresh([20, 20]).along([0, 1]);
    let y = contract(loops([20, 20], [20]), a0.along([0, 2]), a0.along([2, 1]), target);
    for ((i, k), y) in y.into_array::<Ix2>().indexed_iter() {
        let paths = (0..20).map(|j| a[[i, j]].0 + a[[j, k]].0);
        assert_eq!(y.0, paths.fold(f64::NEG_INFINITY, f64::max));
    }
    let none = Array1::from_elem(0, Tropical::ONE);
    let n0 = operand::<1, _>(&none, A);
    let sum = reduce(loops([], [0]), n0.along([0]), fresh_scalar()).into_scalar();
    assert_eq!(sum, Tropical::ZERO);
}

/// Nothing equals anything: no decision about memory may rest on a user's `==`.
#[derive(Clone, Copy, Debug)]
struct Unequal(i32);

impl PartialEq for Unequal {
    fn eq(&self, _other: &Self) -> bool {
        false
    }
}

scalar_operand!(Unequal);

impl Element for Unequal {
    const ZERO: Self = Unequal(0);
    const ONE: Self = Unequal(1);
    fn add(a: Self, b: Self) -> Self {
        Unequal(a.0 + b.0)
    }
    fn mul(a: Self, b: Self) -> Self {
        Unequal(a.0 * b.0)
    }
}

#[test]
fn an_element_without_equality() {
    let a = Array2::from_elem((3, 0), Unequal(1));
    let a0 = operand::<2, _>(&a, A);
    let sums = reduce(loops([3], [0]), a0.along([0, 1]), fresh([3]).along([0]));
    assert!(sums.into_array::<Ix1>().iter().all(|x| x.0 == 0));
    let b = Array2::from_elem((20, 600), Unequal(1));
    let b0 = operand::<2, _>(&b, A);
    let target = fresh([20, 20]).along([0, 1]);
    let y = contract(loops([20, 20], [600]), b0.along([0, 2]), b0.along([1, 2]), target);
    assert!(y.into_array::<Ix2>().iter().all(|x| x.0 == 600));
}

/// Panics when a product meets `u8::MAX`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fragile<T: Copy>(u8, T);

scalar_operand!(impl<T> for Fragile<T> where T: Copy);

impl Element for Fragile<u8> {
    const ZERO: Self = Fragile(0, 0);
    const ONE: Self = Fragile(1, 0);
    fn add(a: Self, b: Self) -> Self {
        Fragile(a.0.wrapping_add(b.0), 0)
    }
    fn mul(a: Self, b: Self) -> Self {
        assert!(a.0 < u8::MAX && b.0 < u8::MAX, "fragile");
        Fragile(a.0.wrapping_mul(b.0), 0)
    }
}

#[test]
fn a_panicking_element() {
    let mut a = Array2::from_elem((30, 30), Fragile(3, 0));
    a[[17, 20]] = Fragile(u8::MAX, 0);
    let mut c = a.clone();
    let product = |c: &mut Array2<Fragile<u8>>| {
        let a0 = operand::<2, _>(&a, A);
        let nest = loops([30, 30], [30]);
        let target = fresh([30, 30]).along([0, 1]);
        let panics = std::panic::AssertUnwindSafe(|| {
            contract(nest, a0.along([0, 2]), a0.along([2, 1]), target);
        });
        assert!(std::panic::catch_unwind(panics).is_err());
        let target = output::<2, _, _, _>(c, &a0, C).along([0, 1]);
        let panics = std::panic::AssertUnwindSafe(|| {
            contract(nest, a0.along([0, 2]), a0.along([2, 1]), target);
        });
        assert!(std::panic::catch_unwind(panics).is_err());
    };
    product(&mut c);
    assert_eq!(c.iter().map(|x| usize::from(x.1)).sum::<usize>(), 0);
}

/// Emitted code is safe code: a wrong map panics rather than touch other memory.
mod wrong_maps {
    use super::*;

    fn source() -> Array3<f64> {
        arr3(&[[[1.0, 2.0], [3.0, 4.0]]])
    }

    #[test]
    #[should_panic(expected = "internal error: the extent of a source's axis is not its loop's")]
    fn extent_of_a_source() {
        let a = source();
        let a0 = operand::<3, _>(&a, A);
        let _ = reduce(loops([], [1, 2, 3]), a0.along([0, 1, 2]), fresh_scalar());
    }

    #[test]
    #[should_panic(expected = "internal error: a kept loop has no axis in the target")]
    fn uncovered_target() {
        let a = source();
        let a0 = operand::<3, _>(&a, A);
        let _ = copy(loops([1, 2, 2], []), a0.along([0, 1, 2]), fresh([1, 2]).along([0, 1]));
    }

    #[test]
    #[should_panic(expected = "internal error: an axis of the target runs along no kept loop")]
    fn summed_target() {
        let a = source();
        let a0 = operand::<3, _>(&a, A);
        let _ = copy(loops([1, 2], [2]), a0.along([0, 1, 2]), fresh([1, 2]).along([0, 2]));
    }

    #[test]
    #[should_panic(expected = "internal error: an axis of a source has no loop")]
    fn dropped_axis() {
        let a = source();
        let a0 = operand::<3, _>(&a, A);
        let _ = copy(loops([2], []), a0.along([ONE, ONE, 0]), fresh([2]).along([0]));
    }

    #[test]
    #[should_panic(expected = "internal error: ellipses do not broadcast")]
    fn ellipses() {
        let (a, b) = (Array1::<f64>::zeros(2), Array1::<f64>::zeros(3));
        let a0 = ellipsis_operand::<0, _>(&a, 0, A);
        let b0 = ellipsis_operand::<0, _>(&b, 0, A);
        let _ = multiply(loops([], []), a0.along([]), b0.along([]), fresh_scalar());
    }

    #[test]
    #[should_panic(expected = "internal error: the rank was not checked")]
    fn unchecked_rank() {
        let a = ArrayD::<f64>::zeros(vec![0]);
        let _ = copy(loops([], []), operand::<0, _>(&a, A).along([]), fresh_scalar());
    }
}

#[test]
fn integers_wrap() {
    let a = arr2(&[[200_u8, 100]]);
    let a0 = operand::<2, _>(&a, A);
    let y = contract(loops([], [1, 2]), a0.along([0, 1]), a0.along([0, 1]), fresh_scalar());
    assert_eq!(y.into_scalar(), ((200_u32 * 200 + 100 * 100) % 256) as u8);
}
