//! Everything that the macros read and write: operands, outputs, and views of every kind.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use einloom::{einsum, einsum_into, einsum_view};
use ndarray::{
    ArcArray, Array, Array0, Array1, Array2, Array3, ArrayD, ArrayRef, ArrayView2, ArrayViewD,
    Axis, CowArray, Ix2, IxDyn, arr1, arr2, s,
};

fn matrix() -> Array2<f64> {
    arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
}

const SUMS: [f64; 2] = [6.0, 15.0];

#[test]
fn arrays_of_every_ownership() {
    let sums = arr1(&SUMS);
    let mut a = matrix();
    assert_eq!(einsum!("ij->i", &a), sums);
    assert_eq!(einsum!("ij->i", &&a), sums);
    assert_eq!(einsum!("ij->i", &&&a), sums);
    assert_eq!(einsum!("ij->i", a), sums);
    assert_eq!(einsum!("ij->i", a.view()), sums);
    assert_eq!(einsum!("ij->i", &a.view()), sums);
    assert_eq!(einsum!("ij->i", a.clone()), sums);
    assert_eq!(einsum!("ij->i", &mut a), sums);
    assert_eq!(einsum!("ij->i", a.view_mut()), sums);
    assert_eq!(einsum!("ij->i", &a.view_mut()), sums);
    let reference: &ArrayRef<f64, Ix2> = &a;
    assert_eq!(einsum!("ij->i", reference), sums);
    let shared: ArcArray<f64, Ix2> = a.to_shared();
    assert_eq!(einsum!("ij->i", &shared), sums);
    assert_eq!(einsum!("ij->i", shared), sums);
    assert_eq!(einsum!("ij->i", CowArray::from(a.view())), sums);
    assert_eq!(einsum!("ij->i", &CowArray::from(matrix())), sums);
    assert_eq!(einsum!("ij->i", Box::new(matrix())), sums);
    assert_eq!(einsum!("ij->i", &Rc::new(matrix())), sums);
    assert_eq!(einsum!("ij->i", Arc::new(matrix())), sums);
}

#[test]
fn dynamic_ranks() {
    let a: ArrayD<f64> = matrix().into_dyn();
    let w: Array1<f64> = arr1(&[1.0, 0.0, 2.0]);
    assert_eq!(einsum!("ij->i", &a), arr1(&SUMS));
    let y: Array1<f64> = einsum!("ij,j->i", &a, &w);
    assert_eq!(y, arr1(&[7.0, 16.0]));
    // With an ellipsis the rank of the result is dynamic too.
    let y: ArrayD<f64> = einsum!("...j,j->...", a.view(), w);
    assert_eq!(y, arr1(&[7.0, 16.0]).into_dyn());
    let whole: f64 = einsum!("...->", &a);
    assert_eq!(whole, 21.0);
    let seven: ArrayD<f64> = einsum!("ij->ij11111", &a);
    assert_eq!(seven.shape(), [2, 3, 1, 1, 1, 1, 1]);
    let back: Array2<f64> = einsum!("ij11111->ij", &seven);
    assert_eq!(back, matrix());
}

#[test]
fn slices_and_nested_arrays() {
    let vector = vec![1.0, 0.0, 2.0];
    let slice: &[f64] = &vector;
    let a = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let expected = arr1(&[7.0, 16.0]);
    assert_eq!(einsum!("ij,j->i", a, vector), expected);
    assert_eq!(einsum!("ij,j->i", &a, &vector), expected);
    assert_eq!(einsum!("ij,j->i", matrix(), slice), expected);
    assert_eq!(einsum!("ij,j->i", &a, &vector[..]), expected);
    assert_eq!(einsum!("ij,j->i", a, [1.0, 0.0, 2.0]), expected);
    let rows: &[[f64; 3]] = &a;
    assert_eq!(einsum!("ij,j->i", rows, slice), expected);
    assert_eq!(einsum!("ij,j->i", a.to_vec(), slice), expected);
    let cube: [[[i32; 2]; 1]; 3] = [[[1, 2]], [[3, 4]], [[5, 6]]];
    assert_eq!(einsum!("ijk->kji", cube).shape(), [2, 1, 3]);
    assert_eq!(einsum!("ijk->k", cube.to_vec()), arr1(&[9, 12]));
    let deep = [[[[[[7_u8; 1]; 2]; 1]; 2]; 1]; 2];
    assert_eq!(einsum!("ijklmn->", deep), 56);
    assert_eq!(einsum!("i->", [0_i64; 0]), 0);
}

#[test]
fn scalars() {
    let v = arr1(&[1.0_f32, 2.0]);
    let half: f32 = 0.5;
    assert_eq!(einsum!("i,->i", &v, 2.0), arr1(&[2.0, 4.0]));
    assert_eq!(einsum!("i,->i", &v, -0.5), arr1(&[-0.5, -1.0]));
    assert_eq!(einsum!(",i->i", 2.0, &v), arr1(&[2.0, 4.0]));
    assert_eq!(einsum!("i,->i", &v, half), arr1(&[0.5, 1.0]));
    assert_eq!(einsum!("i,->i", &v, &half), arr1(&[0.5, 1.0]));
    assert_eq!(einsum!("i,->i", &v, half + 1.0), arr1(&[1.5, 3.0]));
    assert_eq!(einsum!("i,->i", &v, Array0::from_elem((), 3.0)), arr1(&[3.0, 6.0]));
    assert_eq!(einsum!("i,->i", &v, v[1]), arr1(&[2.0, 4.0]));
    assert_eq!(einsum!("", 4_i8), 4);
    assert_eq!(einsum!(",,->", 2, 3, 7_i64), 42);
    let zero_rank: Array0<f32> = einsum!("...->...", half);
    assert_eq!(zero_rank, Array0::from_elem((), 0.5));
}

#[test]
fn layouts() {
    let a = Array::from_shape_fn((4, 6), |(i, j)| (7 * i + j) as i64);
    let w = Array1::from_iter(0..3_i64);
    let part = a.slice(s![..;-2, 1..;2]);
    let copy = part.to_owned();
    assert_eq!(einsum!("ij,j->i", part, &w), copy.dot(&w));
    assert_eq!(einsum!("ji,j->i", part.t(), &w), copy.dot(&w));
    assert_eq!(einsum!("ij,j->i", a.slice(s![..;-2, 1..;2]), &w), copy.dot(&w));
    let fortran = copy.t().to_owned().reversed_axes();
    assert_eq!(einsum!("ij,j->i", &fortran, &w), copy.dot(&w));
    let broadcast = w.broadcast((5, 3)).unwrap();
    assert_eq!(einsum!("ij->i", broadcast), arr1(&[3; 5]));
    let empty = Array2::<i64>::zeros((0, 3));
    assert_eq!(einsum!("ij->j", &empty), arr1(&[0; 3]));
    assert_eq!(einsum!("ij,j->i", &empty, &w), arr1(&[0; 0]));
}

struct Layer {
    weights: Vec<Array2<f64>>,
    biases: HashMap<&'static str, Array1<f64>>,
}

impl Layer {
    fn first(&self) -> ArrayView2<'_, f64> {
        self.weights[0].view()
    }
}

#[test]
fn expressions() {
    let layer =
        Layer { weights: vec![matrix()], biases: HashMap::from([("b", arr1(&[1.0, 2.0]))]) };
    let expected = 36.0;
    assert_eq!(einsum!("ij,i->", &layer.weights[0], &layer.biases["b"]), expected);
    assert_eq!(einsum!("ij,i->", layer.weights[0], layer.biases["b"]), expected);
    assert_eq!(einsum!("ij,i->", layer.first(), layer.biases.get("b").unwrap()), expected);
    assert_eq!(einsum!("ij,i->", matrix(), arr1(&[1.0, 2.0])), expected);
    assert_eq!(einsum!("ij,i->", { layer.first() }, &(arr1(&[0.0, 1.0]) + 1.0)), expected);
    assert_eq!(einsum!("ij,i->", &matrix() * 2.0, arr1(&[1.0, 2.0]) / 2.0), expected);
    assert_eq!(einsum!("ij,i->", -matrix(), -arr1(&[1.0, 2.0])), expected);
    let transposed = |a: Array2<f64>| a.reversed_axes();
    assert_eq!(einsum!("ji,i->", transposed(matrix()), vec![1.0, 2.0]), expected);
    let choose = expected > 0.0;
    let chosen = einsum!("ij->", if choose { layer.first() } else { layer.weights[1].view() });
    assert_eq!(chosen, 21.0);
    let locked = Mutex::new(matrix());
    assert_eq!(einsum!("ij->", *locked.lock().unwrap()), 21.0);
    assert_eq!(einsum!("ij->", locked.lock().unwrap().view()), 21.0);
    assert_eq!(einsum!("ij->", matrix() as Array2<f64>,), 21.0);
}

#[test]
fn outputs() {
    let (a, w) = (matrix(), [1.0, 0.0, 2.0]);
    let expected = [7.0, 16.0];
    let mut owned = Array1::from_elem(2, f64::NAN);
    einsum_into!("ij,j->i", &a, &w => &mut owned);
    assert_eq!(owned, arr1(&expected));
    // A place needs no `&mut`, and neither does a binding that is one.
    owned.fill(1.0);
    einsum_into!("ij,j->i", &a, &w => owned; beta = 1.0);
    assert_eq!(owned, arr1(&[8.0, 17.0]));
    let borrowed = &mut owned;
    einsum_into!("ij,j->i", &a, &w => borrowed; alpha = 2.0);
    assert_eq!(*borrowed, arr1(&[14.0, 32.0]));
    let mut table = Array2::zeros((3, 4));
    einsum_into!("ij,j->i", &a, &w => table.slice_mut(s![..2, 1]));
    einsum_into!("ij,j->i", &a, &w => &mut table.slice_mut(s![1..;-1, 3]); alpha = -1.0);
    assert_eq!(table.column(1), arr1(&[7.0, 16.0, 0.0]));
    assert_eq!(table.column(3), arr1(&[0.0, -16.0, -7.0]));
    let mut vector = vec![0.0; 2];
    einsum_into!("ij,j->i", &a, &w => &mut vector);
    assert_eq!(vector, expected);
    let mut nested = [[0.0; 2]; 3];
    einsum_into!("ij->ji", &a => &mut nested);
    assert_eq!(nested, [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    einsum_into!("ij,j->i", &a, &w => &mut nested[2]);
    assert_eq!(nested[2], expected);
    einsum_into!("ij,j->i", &a, &w => nested[1][..]);
    assert_eq!(nested[1], expected);
    let mut total = 1.0;
    einsum_into!("ij->", &a => &mut total; beta = 1.0);
    assert_eq!(total, 22.0);
    einsum_into!("ij->", &a => total);
    assert_eq!(total, 21.0);
    let mut dynamic = ArrayD::zeros(IxDyn(&[3, 2]));
    einsum_into!("...j->j...", &a => &mut dynamic);
    assert_eq!(dynamic, a.t().into_dyn());
}

/// Borrows for longer than the call.
fn transposed(a: &Array2<String>) -> ArrayView2<'_, String> {
    einsum_view!("ij->ji", a)
}

#[test]
fn views() {
    let a = Array3::from_shape_fn((2, 3, 3), |(b, i, j)| (9 * b + 3 * i + j) as u16);
    let swapped = einsum_view!("bij->jbi", &a);
    assert_eq!(swapped, a.view().permuted_axes([2, 0, 1]));
    assert_eq!(swapped.as_ptr(), a.as_ptr());
    let diagonals = einsum_view!("bii->bi", a);
    assert_eq!(diagonals.index_axis(Axis(0), 1), a.index_axis(Axis(0), 1).diag());
    assert_eq!(einsum_view!("...ij->...ji", a.view()), a.view().permuted_axes([0, 2, 1]));
    let dynamic: ArrayViewD<'_, u16> = einsum_view!("i...->...i", a.view().into_dyn());
    assert_eq!(dynamic.shape(), [3, 3, 2]);
    assert_eq!(einsum_view!("bij->b1ij", &a).shape(), [2, 1, 3, 3]);
    let reversed = a.slice(s![..;-1, 1.., ..;-2]);
    assert_eq!(einsum_view!("bij->jib", reversed), reversed.permuted_axes([2, 1, 0]));
    let nested = [[1, 2], [3, 4]];
    assert_eq!(einsum_view!("ii->i", &nested), arr1(&[1, 4]));
    let words = arr2(&[["a".to_owned(), "b".to_owned()]]);
    assert_eq!(transposed(&words), arr2(&[["a"], ["b"]]));
}

/// More axes than numpy allows.
#[test]
fn seventy_axes() {
    let mut shape = [1; 70];
    (shape[3], shape[66]) = (2, 3);
    let a = ArrayD::from_shape_fn(IxDyn(&shape), |at| (10 * at[3] + at[66]) as i64);
    let y = einsum!(
        "a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12 a13 a14 a15 a16 a17 a18 a19 a20 a21 a22 a23 a24 a25 a26 a27 a28 a29 a30 a31 a32 a33 a34 a35 a36 a37 a38 a39 a40 a41 a42 a43 a44 a45 a46 a47 a48 a49 a50 a51 a52 a53 a54 a55 a56 a57 a58 a59 a60 a61 a62 a63 a64 a65 a66 a67 a68 a69
         -> a69 a68 a67 a66 a65 a64 a63 a62 a61 a60 a59 a58 a57 a56 a55 a54 a53 a52 a51 a50 a49 a48 a47 a46 a45 a44 a43 a42 a41 a40 a39 a38 a37 a36 a35 a34 a33 a32 a31 a30 a29 a28 a27 a26 a25 a24 a23 a22 a21 a20 a19 a18 a17 a16 a15 a14 a13 a12 a11 a10 a9 a8 a7 a6 a5 a4 a3 a2 a1 a0",
        &a
    );
    assert_eq!(y, a.t());
}
