//! Every element type, and types of the user's own.

use std::num::Wrapping;

use einloom::{Element, einsum, einsum_grad, einsum_into, scalar_operand};
use ndarray::{Array2, Array3, ArrayBase, Data, Ix2, Ix3, arr1, arr2};
use num_complex::Complex;

/// A product of three matrices, whose path has an intermediate, computed step by step.
macro_rules! integers {
    ($($name:ident: $type:ty),*) => { $(
        #[test]
        fn $name() {
            let a: Array2<$type> = arr2(&[[1, 2, 3], [4, 5, 6]]);
            let b: Array2<$type> = arr2(&[[1, 0], [2, 1], [0, 3]]);
            let v: [$type; 2] = [1, 2];
            assert_eq!(einsum!("ij,jk->ik", &a, &b), arr2(&[[5, 11], [14, 23]]));
            assert_eq!(einsum!("ij,jk,k->i", &a, &b, &v), arr1(&[27, 60]));
            assert_eq!(einsum!("ij->ji", &a), a.t());
            assert_eq!(einsum!("i,->i", &v, 3), arr1(&[3, 6]));
            let mut c = b.clone();
            einsum_into!("ji,ik->jk", &b, &a.slice(ndarray::s![.., ..2]) => &mut c; beta = 2);
            assert_eq!(c, arr2(&[[3, 2], [10, 11], [12, 21]]));
            // Sums wrap in every build, so that no order of summation matters.
            let most = <$type>::MAX;
            assert_eq!(einsum!("i,i->", [most, most], [2, 2]), most.wrapping_mul(4));
            assert_eq!(einsum!("i->", [most, 1]), <$type>::MIN);
        }
    )* };
}
integers! {
    bytes: u8, unsigned_16: u16, unsigned_32: u32, unsigned_64: u64, unsigned_128: u128,
    sizes: usize, signed_8: i8, signed_16: i16, signed_32: i32, signed_64: i64,
    signed_128: i128, offsets: isize
}

#[test]
fn wrapping_integers() {
    let a = arr1(&[Wrapping(200_u8), Wrapping(3)]);
    assert_eq!(einsum!("i,i->", &a, &a), Wrapping(((200 * 200 + 9) % 256) as u8));
}

#[test]
fn complex_numbers() {
    let i = Complex::new(0.0_f32, 1.0);
    let a = arr2(&[[i, i + 1.0], [i * 2.0, -i]]);
    assert_eq!(einsum!("ii->", &a), Complex::new(0.0, 0.0));
    assert_eq!(einsum!("ij,jk->ik", &a, &a), a.dot(&a));
    assert_eq!(einsum!("ij,->ij", &a, i), &a * i);
    let b = a.mapv(|z| Complex::new(f64::from(z.re), f64::from(z.im)));
    let one = Complex::new(1.0_f64, 0.0);
    // Gradients conjugate the other operands, as torch does.
    let (da, _) = einsum_grad!("ij,ij->", &b, &b; one);
    assert_eq!(da, b.mapv(|z| z.conj()));
    let mut c = b.clone();
    let (alpha, beta) = (Complex::new(0.0, 2.0), Complex::new(1.0, 1.0));
    einsum_into!("ij->ij", &b => &mut c; alpha = alpha, beta = beta);
    assert_eq!(c, b.mapv(|z| beta * z + alpha * z));
}

/// The semiring of shortest paths: sums take the smaller, products add.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Distance(f64);

scalar_operand!(Distance);

impl Element for Distance {
    const ZERO: Self = Distance(f64::INFINITY);
    const ONE: Self = Distance(0.0);
    fn add(a: Self, b: Self) -> Self {
        Distance(a.0.min(b.0))
    }
    fn mul(a: Self, b: Self) -> Self {
        Distance(a.0 + b.0)
    }
}

#[test]
fn a_semiring() {
    let far = Distance::ZERO;
    let [d0, d1, d2, d7] = [0.0, 1.0, 2.0, 7.0].map(Distance);
    let steps = [[d0, d1, d7], [d1, d0, d2], [d7, d2, d0]];
    assert_eq!(einsum!("ij,jk->ik", steps, steps)[[0, 2]], Distance(3.0));
    assert_eq!(einsum!("ij,jk,kl->il", steps, steps, steps)[[2, 0]], Distance(3.0));
    assert_eq!(einsum!("ij->", steps), d0);
    assert_eq!(einsum!("i,->i", [d1, d2], d7), arr1(&[Distance(8.0), Distance(9.0)]));
    // Off the diagonal is the semiring's zero, and so is a sum over nothing.
    assert_eq!(einsum!("i->ii", [d1, d2]), arr2(&[[d1, far], [far, d2]]));
    assert_eq!(einsum!("i->", [d0; 0]), far);
    let mut best = [Distance(2.5), far];
    einsum_into!("ij,j->i", &steps[..2], [far, far, d0] => &mut best; beta = Distance::ONE);
    assert_eq!(best, [Distance(2.5), d2]);
}

/// Numbers with a derivative, over any element.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Dual<T> {
    value: T,
    slope: T,
}

scalar_operand!(impl<T: Element> for Dual<T>);

impl<T: Element> Element for Dual<T> {
    const ZERO: Self = Dual { value: T::ZERO, slope: T::ZERO };
    const ONE: Self = Dual { value: T::ONE, slope: T::ZERO };
    fn add(a: Self, b: Self) -> Self {
        Dual { value: T::add(a.value, b.value), slope: T::add(a.slope, b.slope) }
    }
    fn mul(a: Self, b: Self) -> Self {
        let slope = T::add(T::mul(a.slope, b.value), T::mul(a.value, b.slope));
        Dual { value: T::mul(a.value, b.value), slope }
    }
}

#[test]
fn a_generic_element() {
    let x = Dual { value: 3_i64, slope: 1 };
    assert_eq!(einsum!(",,->", x, x, x), Dual { value: 27, slope: 27 });
    let v = arr1(&[x, Dual::ONE]);
    assert_eq!(einsum!("i,i->", &v, &v), Dual { value: 10, slope: 6 });
}

/// Nothing but `Element` is needed of a type parameter.
fn attention<T: Element, S: Data<Elem = T>>(
    queries: &ArrayBase<S, Ix3>,
    keys: &ArrayBase<S, Ix3>,
    scale: T,
) -> Array3<T> {
    einsum!("batch q d, batch k d, -> batch q k", queries, keys, scale)
}

fn square<T: Element>(a: &ArrayBase<impl Data<Elem = T>, Ix2>, n: [T; 2]) -> (T, Array2<T>) {
    let sum = einsum!("ij,jk,k->", a, a, n);
    let (da, _) = einsum_grad!("ij,jk->ik", a, a; a);
    (sum, da)
}

#[test]
fn generic_functions() {
    let a = Array3::from_shape_fn((2, 3, 4), |(b, i, d)| (b + i * d) as f64);
    assert_eq!(attention(&a, &a, 2.0), einsum!("bqd,bkd,->bqk", &a, &a, 2.0));
    assert_eq!(square(&arr2(&[[1, 2], [3, 4]]), [1, 1]).0, 7 + 10 + 15 + 22);
    assert_eq!(square(&arr2(&[[1, 2], [3, 4]]), [1, 1]).1, arr2(&[[5, 11], [11, 25]]));
}
