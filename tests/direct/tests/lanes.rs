//! Calls whose loops in place work on several adjacent elements at once, in every layout: where elements are adjacent, where they
//! are not, and at every number of them that is left over.

#[path = "../../oracle/complex.rs"]
mod complex;
#[path = "../../oracle/mod.rs"]
mod oracle;
#[allow(dead_code, reason = "each test binary uses a part")]
#[path = "../../random/rng.rs"]
mod rng;

use einloom::{einsum, einsum_into};
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, ShapeBuilder, Slice};
use num_complex::Complex;
use oracle::{Number, Tensor};
use rng::Rng;

const SEED: u64 = 7;

/// Memory for an operand, and how it lies there.
struct Placed<T> {
    memory: ArrayD<T>,
    is_reversed: bool,
    step: isize,
}

impl<T: Number> Placed<T> {
    fn view(&self) -> ArrayViewD<'_, T> {
        let mut view = self.memory.view();
        for axis in 0..view.ndim() {
            view.slice_axis_inplace(Axis(axis), Slice::new(0, None, self.step));
        }
        if self.is_reversed && view.ndim() > 0 {
            view.invert_axis(Axis(view.ndim() - 1));
        }
        view
    }
}

/// Returns a random operand: in C or Fortran order, with gaps or without, forwards or backwards.
fn operand<T: Number>(rng: &mut Rng, shape: &[usize]) -> Placed<T> {
    let step = if rng.chance(20) { 2 } else { 1 };
    let extents: Vec<usize> = shape.iter().map(|extent| extent * step).collect();
    let order = IxDyn(&extents).set_f(rng.chance(20));
    let memory = ArrayD::from_shape_simple_fn(order, || T::new(rng.small(3), rng.small(3)));
    Placed { memory, is_reversed: rng.chance(15), step: step.cast_signed() }
}

fn tensor<T: Number>(view: &ArrayViewD<'_, T>) -> Tensor<T> {
    Tensor { shape: view.shape().to_vec(), data: view.iter().copied().collect() }
}

/// Extents of labels for which calls have few points, with every number of elements that a block of lanes leaves over.
fn extents(rng: &mut Rng) -> [usize; 4] {
    core::array::from_fn(|_| {
        let most = if rng.chance(20) { 13 } else { 6 };
        1 + rng.below(most)
    })
}

macro_rules! check {
    ($rng:ident $type:ty, $text:literal: $($operand:ident $term:literal),* => $compare:expr) => {{
        let known = extents($rng);
        let shape = |term: &str| -> Vec<usize> {
            term.chars().map(|label| known["ijkl".find(label).expect("a label")]).collect()
        };
        $(let $operand = operand::<$type>($rng, &shape($term));)*
        $(let $operand = $operand.view();)*
        let expected = oracle::einsum($text, &[$(tensor(&$operand)),*], &[]);
        let case = format!("{} of {known:?}, strides {:?}", $text, [$($operand.strides()),*]);
        $compare(case, expected, einsum!($text, $(&$operand),*));
    }};
}

macro_rules! check_type {
    ($type:ty) => {{
        println!("seed {SEED}");
        let rng = &mut Rng::new(SEED);
        for _ in 0..200 {
            let sum = |case: String, expected: Tensor<$type>, found: $type| {
                assert_eq!(found, expected.data[0], "{case}");
            };
            check!(rng $type, "i->": x "i" => sum);
            check!(rng $type, "ij->": x "ij" => sum);
            check!(rng $type, "i,i->": x "i", y "i" => sum);
            check!(rng $type, "ij,ij->": x "ij", y "ij" => sum);
            check!(rng $type, "ij,j->": x "ij", y "j" => sum);
            check!(rng $type, "i,ij,j->": x "i", y "ij", z "j" => sum);
            check!(rng $type, "ij,j,ij,i->": x "ij", y "j", z "ij", w "i" => sum);
            macro_rules! array {
                () => {
                    |case: String, expected: Tensor<$type>, found| {
                        let found = tensor(&ndarray::Array::into_dyn(found).view());
                        assert_eq!(found, expected, "{case}");
                    }
                };
            }
            check!(rng $type, "ij->j": x "ij" => array!());
            check!(rng $type, "ij,jk->ik": x "ij", y "jk" => array!());
            check!(rng $type, "ji,jk->ik": x "ji", y "jk" => array!());
            check!(rng $type, "ij,kj->ik": x "ij", y "kj" => array!());
            check!(rng $type, "kj,ij->ki": x "kj", y "ij" => array!());
            check!(rng $type, "ij,j->i": x "ij", y "j" => array!());
            check!(rng $type, "i,ij->j": x "i", y "ij" => array!());
            check!(rng $type, "ijk,jk->ik": x "ijk", y "jk" => array!());
            check!(rng $type, "lij,ljk->lik": x "lij", y "ljk" => array!());
            check!(rng $type, "ijk,il,jl->lk": x "ijk", y "il", z "jl" => array!());
            check!(rng $type, "il,jl,ijk->lk": x "il", y "jl", z "ijk" => array!());
        }
    }};
}

#[test]
fn floats() {
    check_type!(f32);
    check_type!(f64);
}

#[test]
fn integers() {
    check_type!(i32);
    check_type!(i64);
}

#[test]
fn complex_numbers() {
    check_type!(Complex<f32>);
    check_type!(Complex<f64>);
}

/// Results that are added to, in an array in any order.
#[test]
fn existing_arrays() {
    let rng = &mut Rng::new(SEED);
    for _ in 0..500 {
        let [i, j, k, _] = extents(rng);
        let (x, y) = (operand::<f64>(rng, &[i, j]), operand::<f64>(rng, &[j, k]));
        let (x, y, mut out) = (x.view(), y.view(), operand::<f64>(rng, &[i, k]));
        let sums = oracle::einsum("ij,jk->ik", &[tensor(&x), tensor(&y)], &[]);
        let Tensor { shape, data: old } = tensor(&out.view());
        let old_and_new = old.iter().zip(&sums.data);
        let data = old_and_new.map(|(old, sum)| 2.0 * old - 3.0 * sum).collect();
        let step = out.step;
        let mut view = out.memory.view_mut();
        for axis in 0..2 {
            view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step));
        }
        if out.is_reversed {
            view.invert_axis(Axis(1));
        }
        einsum_into!("ij,jk->ik", &x, &y => &mut view; alpha = -3.0, beta = 2.0);
        assert_eq!(tensor(&out.view()), Tensor { shape, data }, "{:?}", [i, j, k]);
    }
}
