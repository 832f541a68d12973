//! `einsum_view!` by hand: permutations, diagonals, and axes of extent one, without a copy.

use einsum_runtime::codegen::*;
use ndarray::prelude::*;

mod program;

use program::{array, wide};

fn transposed<'a>(a: &'a Array2<String>) -> ArrayView2<'a, String> {
    let a0 = view_operand::<2, _, _, _>((a).__einsum_view());
    a0.rearrange::<2, Ix2>([1, 0])
}

fn batch_transposed<'a, T>(a: ArrayView3<'a, T>) -> ArrayView3<'a, T> {
    let a0 = ellipsis_view_operand::<2, _, _, _>((a).__einsum_view(), 0);
    a0.rearrange_with_ellipsis::<2, _>([1, 0], 0, a0.rest())
}

#[test]
fn permutations_and_diagonals() {
    let a = Array::from_shape_fn((2, 3), |(i, j)| format!("{i}{j}"));
    assert_eq!(transposed(&a), a.t());
    let b = Array::from_iter(0..24).into_shape_with_order((2, 3, 4)).unwrap();
    let reversed = b.slice(s![.., ..;-1, ..;-2]);
    let mut expected = reversed;
    expected.swap_axes(1, 2);
    assert_eq!(batch_transposed(reversed), expected);
    let square = b.slice(s![.., 1..;-1, 2..]);
    let a0 = view_operand::<3, _, _, _>(square.__einsum_view());
    let diagonal = a0.rearrange::<3, Ix3>([2, 2, 0]);
    assert_eq!(diagonal.shape(), [2, 1, 2]);
    for ((j, _, i), x) in diagonal.indexed_iter() {
        assert_eq!(*x, square[[i, i, j]]);
    }
    let empty = b.slice(s![..0, ..;-1, 0..1]);
    let a0 = view_operand::<3, _, _, _>((&empty).__einsum_view());
    assert_eq!(a0.rearrange::<2, Ix2>([0, 1, NONE]).shape(), [0, 3]);
}

/// What is viewed lies where it was, also where a diagonal runs up one axis and down the other.
#[test]
fn nothing_is_copied() {
    let a = Array::from_iter(0..9).into_shape_with_order((3, 3)).unwrap();
    let turned = a.slice(s![.., ..;-1]);
    let a0 = view_operand::<2, _, _, _>(turned.__einsum_view());
    let diagonal = a0.rearrange::<1, Ix1>([0, 0]);
    assert!(diagonal.iter().zip([2, 4, 6]).all(|(x, y)| *x == y));
    assert!(std::ptr::eq(&diagonal[1], &a[[1, 1]]));
    let both = a.slice(s![..;-1, ..;-1]);
    let a0 = view_operand::<2, _, _, _>(both.__einsum_view());
    assert!(std::ptr::eq(&a0.rearrange::<1, Ix1>([0, 0])[0], &a[[2, 2]]));
}

#[test]
fn shapes_are_checked() {
    static PROGRAM: Program = Program {
        labels: &["i"],
        given: &[],
        windows: &[],
        arrays: &[array(Source::operand(0, "&a", "ii"), &[0, 0])],
        results: &[],
        bodies: &[],
    };
    let a = Array2::<&str>::default((2, 3));
    let a0 = view_operand::<2, _, _, _>(a.view().__einsum_view());
    let error = checked_view(&PROGRAM, &[a0.erased()], &[], &mut [0]).unwrap_err();
    let text =
        "extents of `i` disagree: 2 in operand 0 (`&a`), axis 0, but 3 in operand 0 (`&a`), axis 1";
    assert_eq!(error.to_string(), text);
    let square = a.slice(s![.., ..2]);
    let a0 = view_operand::<2, _, _, _>(square.__einsum_view());
    assert!(checked_view(&PROGRAM, &[a0.erased()], &[], &mut [0]).is_ok());
    static WIDE: Program = Program {
        labels: &["i"],
        given: &[],
        windows: &[],
        arrays: &[wide(&[1], array(Source::operand(0, "&a", "i...1"), &[0, NONE]))],
        results: &[],
        bodies: &[],
    };
    let a = Array3::<&str>::default((2, 5, 3));
    let a0 = ellipsis_view_operand::<2, _, _, _>(a.view().__einsum_view(), 1);
    let error = checked_view(&WIDE, &[a0.erased()], &[], &mut [0]).unwrap_err();
    let text = "axis 2 of operand 0 (`&a`) is written `1`, but its extent is 3";
    assert_eq!(error.to_string(), text);
}

/// Emitted code is safe code: a wrong map panics rather than point at other memory.
mod wrong_maps {
    use super::*;

    fn view<D: ndarray::Dimension>(
        shape: [usize; 2],
        axes: [u8; 2],
        to: impl Fn(View<'_, u8, 2, AnyExtents, NoEllipsis>, [u8; 2]) -> ArrayView<'_, u8, D>,
    ) {
        let a = Array2::zeros(shape);
        to(view_operand::<2, _, _, _>(a.view().__einsum_view()), axes);
    }

    #[test]
    #[should_panic(expected = "internal error: a view drops an axis")]
    fn dropped_axis() {
        view::<Ix1>([2, 3], [0, NONE], |a, axes| a.rearrange::<1, Ix1>(axes));
    }

    #[test]
    #[should_panic(expected = "internal error: a view has no such axis")]
    fn no_such_axis() {
        view::<Ix1>([2, 3], [0, 1], |a, axes| a.rearrange::<1, Ix1>(axes));
    }

    #[test]
    #[should_panic(expected = "internal error: the extents of a diagonal differ")]
    fn diagonal() {
        view::<Ix1>([2, 3], [0, 0], |a, axes| a.rearrange::<1, Ix1>(axes));
    }

    #[test]
    #[should_panic]
    fn another_rank() {
        view::<Ix3>([2, 3], [0, 1], |a, axes| a.rearrange::<2, Ix3>(axes));
    }

    #[test]
    #[should_panic(expected = "internal error: the rank was not checked")]
    fn unchecked_rank() {
        let a = ArrayD::<f64>::zeros(vec![0]);
        let a0 = view_operand::<0, _, _, _>(a.view().__einsum_view());
        let _ = a0.rearrange::<0, Ix0>([]);
    }

    #[test]
    #[should_panic(expected = "internal error: a view drops the axes of its ellipsis")]
    fn dropped_ellipsis() {
        let a = Array2::<f64>::zeros((2, 2));
        let a0 = ellipsis_view_operand::<1, _, _, _>(a.view().__einsum_view(), 0);
        let _ = a0.rearrange::<1, Ix1>([0]);
    }

    #[test]
    #[should_panic(expected = "internal error: the ellipsis lies outside the view")]
    fn ellipsis_outside() {
        let a = Array2::<f64>::zeros((2, 2));
        let a0 = ellipsis_view_operand::<1, _, _, _>(a.view().__einsum_view(), 0);
        let _ = a0.rearrange_with_ellipsis::<1, _>([0], 2, a0.rest());
    }
}
