//! Operands of every kind and layout through the whole path: bind, lay, run.

use std::rc::Rc;
use std::sync::Arc;

use einsum_runtime::codegen::*;
use ndarray::prelude::*;
use ndarray::{CowArray, arr2};

mod program;

use program::{nest, operand_of, program, read, run_scalar};

/// `einsum!("ij,ij->", a, weights)`, so that every element counts.
fn checksum<O: Operand<Elem = i64> + ?Sized>(a: &O) -> i64
where
    O::Dim: HasRank<Rank: Is<2>>,
{
    static PROGRAM: Program = program!(
        "i" "j";
        operand_of(0, &[0, 1]), operand_of(1, &[0, 1]);
        nest(&[], &[0, 1], &[read(0, &[0, 1]), read(1, &[0, 1])], &[])
    );
    let a0 = operand::<2, _>(a);
    let weights = Array2::from_shape_fn((a0.extent(0), a0.extent(1)), |(i, j)| weight(i, j));
    let a1 = operand_like::<2, _, _, _>(&weights, &a0);
    run_scalar(&PROGRAM, &a0, &[a0.erased(), a1.erased()])
}

fn weight(i: usize, j: usize) -> i64 {
    1 + i as i64 * 10 + j as i64 * 1000
}

fn expected(a: ArrayView2<'_, i64>) -> i64 {
    a.indexed_iter().map(|((i, j), x)| x * weight(i, j)).sum()
}

#[test]
fn every_layout() {
    let a = Array::from_iter(0..60).into_shape_with_order((6, 10)).unwrap();
    let views = [
        a.view(),
        a.t(),
        a.slice(s![..;-1, ..]),
        a.slice(s![..;-2, ..;-3]),
        a.slice(s![1..;2, 3..4]),
        a.slice(s![2..2, ..]),
        a.slice(s![..1, ..1]),
        a.t().slice_move(s![..;-1, ..;2]),
    ];
    for view in views {
        assert_eq!(checksum(&view), expected(view), "{view:?}");
        assert_eq!(checksum(&view.into_dyn()), expected(view), "{view:?}");
    }
    let row = a.row(3);
    let broadcast = row.broadcast((4, 10)).unwrap();
    assert_eq!(checksum(&broadcast), expected(broadcast));
}

#[test]
fn every_kind() {
    let mut a = arr2(&[[1, 2, 3], [4, 5, 6]]);
    let sum = expected(a.view());
    let nested = [[1, 2, 3], [4, 5, 6]];
    assert_eq!(checksum(&nested), sum);
    assert_eq!(checksum(&nested[..]), sum);
    assert_eq!(checksum(&vec![[1, 2, 3], [4, 5, 6]]), sum);
    assert_eq!(checksum(&&&nested), sum);
    assert_eq!(checksum(&Box::new(nested)), sum);
    assert_eq!(checksum(&Rc::new(a.clone())), sum);
    assert_eq!(checksum(&Arc::new(a.clone())), sum);
    assert_eq!(checksum(&a.to_shared()), sum);
    assert_eq!(checksum(&CowArray::from(a.view())), sum);
    let array_ref: &ArrayRef2<i64> = &a;
    assert_eq!(checksum(array_ref), sum);
    assert_eq!(checksum(&a.view_mut()), sum);
    assert_eq!(checksum(&&mut a), sum);
}

#[test]
fn nested_arrays_up_to_rank_6() {
    fn shape<O: Operand<Elem: Element, Dim: HasRank>>(a: &O) -> Vec<usize> {
        a.view().shape().to_vec()
    }
    assert_eq!(shape(&[[[1; 2]; 3]; 4]), [4, 3, 2]);
    assert_eq!(shape(&vec![[[1; 2]; 3]; 4]), [4, 3, 2]);
    assert_eq!(shape(&[[[[1; 2]; 3]; 4]; 5]), [5, 4, 3, 2]);
    assert_eq!(shape(&[[[[[1; 2]; 3]; 4]; 5]; 6]), [6, 5, 4, 3, 2]);
    assert_eq!(shape(&[[[[[[1_u8; 2]; 3]; 4]; 5]; 6]; 7]), [7, 6, 5, 4, 3, 2]);
    assert_eq!(shape(&[[[1.0; 0]; 3]; 4]), [4, 3, 0]);
    assert_eq!(shape(&7_u128), [] as [usize; 0]);
    let mut a = [[[0; 2]; 3]; 4];
    Output::view_mut(&mut a)[[3, 1, 0]] = 5;
    assert_eq!(a[3][1][0], 5);
}

#[test]
fn static_extents_agree() {
    let (a, b) = ([[1.0; 3]; 2], vec![[1.0; 4]; 3]);
    let a0 = operand::<2, _>(&a);
    let a1 = operand_like::<2, _, _, _>(&b, &a0);
    agree_letter::<'j', 1, 0, _, _>(&a0, &a1);
    agree_letter_given::<'j', 3, 1, _>(&a0);
    agree_letter_given::<'j', 3, 0, _>(&a1);
    let square = [[1.0; 3]; 3];
    let s0 = operand::<2, _>(&square);
    agree_letter::<'j', 0, 1, _, _>(&s0, &s0);
    let mut c = [0.0; 2];
    let c0 = output::<1, _, _, _>(&mut c, &a0);
    agree_letter::<'j', 0, 0, _, _>(&a0, &c0);
}

#[test]
fn views_cross_threads() {
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    let a = Array3::<f64>::zeros((2, 2, 2));
    is_send_and_sync(&operand::<3, _>(&a));
    is_send_and_sync(&ellipsis_operand::<1, _>(&a, 0));
}
