//! Programs with ellipses: of any rank, static, dynamic, and generic, broadcast, kept, summed, between named axes.

use einsum_runtime::codegen::*;
use einsum_runtime::{Element, ShapeError};
use ndarray::prelude::*;
use ndarray::{DimMax, RemoveAxis, arr2};

mod program;

use program::{
    array, nest, operand_of, program, program_into, read, run_scalar, wide, wide_nest, with,
};

/// `try_einsum!("...ij,...jk->...ik", a, b)`.
macro_rules! batched {
    ($a:expr, $b:expr) => {{
        static PROGRAM: Program = program!(
            "i" "j" "k";
            wide(&[0], array(Source::operand(0, stringify!($a), "...ij"), &[0, 1])),
            wide(&[0], array(Source::operand(1, stringify!($b), "...jk"), &[1, 2]));
            wide_nest(&[0, 0, 1], nest(&[0, 2], &[1], &[read(0, &[0, 2]), read(1, &[2, 1])], &[0, 1]))
        );
        let (a, b) = (&$a, &$b);
        let a0 = ellipsis_operand::<2, _>(a, 0);
        let a1 = ellipsis_operand_like::<2, _, _, _>(b, &a0, 0);
        with(&PROGRAM, &a0, &[a0.erased(), a1.erased()], &[], |call| {
            call.array_like::<2, _>(wider(a0.rest(), a1.rest()))
        })
    }};
}

#[test]
fn ellipsis_broadcasts() -> Result<(), ShapeError> {
    let a = Array::from_shape_fn((4, 2, 3), |(b, i, j)| (b * 6 + i * 3 + j) as i64);
    let b = Array::from_shape_fn((5, 1, 3, 2), |(e, _, j, k)| (e * 6 + j * 2 + k) as i64);
    let y: Array4<i64> = batched!(a, b)?;
    assert_eq!(y.shape(), [5, 4, 2, 2]);
    for ((e, s, i, k), &y) in y.indexed_iter() {
        assert_eq!(y, (0..3).map(|j| a[[s, i, j]] * b[[e, 0, j, k]]).sum::<i64>());
    }
    let z: ArrayD<i64> = batched!(a, b.clone().into_dyn())?;
    assert_eq!(z, y.into_dyn());
    let error = batched!(a, Array::<i64, _>::zeros((3, 3, 2))).unwrap_err();
    assert_eq!(error.label(), Some("..."));
    assert_eq!(error.extents(), Some((4, 3)));
    Ok(())
}

/// `einsum!("...,...->...", a, b)`.
fn generic_product<T: Element, D: Dimension + DimMax<D, Output = D>>(
    a: &Array<T, D>,
    b: &Array<T, D>,
) -> Array<T, D> {
    static PROGRAM: Program = program!(
        ;
        wide(&[0], operand_of(0, &[])), wide(&[0], operand_of(1, &[]));
        wide_nest(&[0, 0, 1], nest(&[], &[], &[read(0, &[]), read(1, &[])], &[]))
    );
    let a0 = ellipsis_operand::<0, _>(a, 0);
    let a1 = ellipsis_operand_like::<0, _, _, _>(b, &a0, 0);
    let rest = wider(a0.rest(), a1.rest());
    let arrays = [a0.erased(), a1.erased()];
    with(&PROGRAM, &a0, &arrays, &[], |call| call.array_like::<0, _>(rest)).unwrap()
}

/// `einsum!("...j,jk->...k", a, b)`.
fn generic_last_axis<T: Element, D: RemoveAxis>(
    a: &Array<T, D>,
    b: &Array2<T>,
) -> Array<T, <D::Smaller as Dimension>::Larger> {
    static PROGRAM: Program = program!(
        "j" "k";
        wide(&[0], operand_of(0, &[0])), operand_of(1, &[0, 1]);
        wide_nest(&[0, 0], nest(&[1], &[0], &[read(0, &[1]), read(1, &[1, 0])], &[0]))
    );
    let a0 = ellipsis_operand::<1, _>(a, 0);
    let a1 = operand_like::<2, _, _, _>(b, &a0);
    let arrays = [a0.erased(), a1.erased()];
    with(&PROGRAM, &a0, &arrays, &[], |call| call.array_like::<1, _>(a0.rest())).unwrap()
}

#[test]
fn generic_dimensions() {
    let a = arr2(&[[1, 2], [3, 4]]);
    assert_eq!(generic_last_axis(&a, &a), a.dot(&a));
    assert_eq!(generic_last_axis(&a.row(0).to_owned(), &a), a.row(0).dot(&a));
}

#[test]
fn generic_operands() {
    let a = arr2(&[[1, 2], [3, 4]]);
    assert_eq!(generic_product(&a, &a), &a * &a);
    assert_eq!(generic_product(&a.clone().into_dyn(), &a.clone().into_dyn()), (&a * &a).into_dyn());
}

/// The gradient of `a` in `"...i,...i->..."`: `a`'s own ellipsis, summed where it was broadcast.
#[test]
fn gradients_of_broadcasts() {
    static PROGRAM: Program = program!(
        "i";
        wide(&[0], operand_of(0, &[0])),
        wide(&[0], operand_of(1, &[0])),
        wide(&[0, 0, 1], array(Source::cotangent("", ""), &[]));
        wide_nest(&[0, 0], nest(&[0], &[], &[read(1, &[0]), read(2, &[])], &[0]))
    );
    let a = Array::from_shape_fn((1, 2, 3), |(_, y, i)| (y * 3 + i) as i64);
    let b = Array::from_shape_fn((4, 5, 2, 3), |(v, x, y, i)| (v * 50 + x * 10 + y * 3 + i) as i64);
    let d = Array::from_shape_fn((4, 5, 2), |(v, x, y)| (v * 7 + x * 3 + y) as i64);
    let a0 = ellipsis_operand::<1, _>(&a, 0);
    let a1 = ellipsis_operand_like::<1, _, _, _>(&b, &a0, 0);
    let a2 = ellipsis_operand_like::<0, _, _, _>(&d, &a0, 0);
    let arrays = [a0.erased(), a1.erased(), a2.erased()];
    let da: Array3<i64> =
        with(&PROGRAM, &a0, &arrays, &[], |call| call.array_like::<1, _>(a0.rest())).unwrap();
    assert_eq!(da.shape(), a.shape());
    for ((_, y, i), &da) in da.indexed_iter() {
        let vx = (0..4).flat_map(|v| (0..5).map(move |x| (v, x)));
        assert_eq!(da, vx.map(|(v, x)| b[[v, x, y, i]] * d[[v, x, y]]).sum::<i64>());
    }
}

/// `...i->` sums the whole ellipsis.
#[test]
fn sums_over_an_ellipsis() {
    static PROGRAM: Program = program!(
        "i"; wide(&[0], operand_of(0, &[0])); nest(&[], &[0], &[read(0, &[0])], &[])
    );
    let b = Array::from_iter(0..120_i64).into_shape_with_order((4, 5, 2, 3)).unwrap();
    let a0 = ellipsis_operand::<1, _>(&b, 0);
    assert_eq!(run_scalar(&PROGRAM, &a0, &[a0.erased()]), b.sum());
}

/// `i...j->j...i` to `ji...`: named axes around the ellipsis, and an intermediate with an ellipsis as a source.
#[test]
fn ellipsis_between_named_axes() {
    const TURN: Nest = wide_nest(&[1, 0], nest(&[1, 0], &[], &[read(0, &[1, 0])], &[0, 1]));
    static ONCE: Program = program!("i" "j"; wide(&[1], operand_of(0, &[0, 1])); TURN);
    static TWICE: Program = program!(
        "i" "j";
        wide(&[1], operand_of(0, &[0, 1]));
        TURN,
        wide_nest(&[2, 0], nest(&[0, 1], &[], &[read(1, &[1, 0])], &[0, 1]))
    );
    let a =
        Array::from_shape_fn((2, 3, 4, 5), |(i, x, y, j)| (((i * 3 + x) * 4 + y) * 5 + j) as u32);
    let a0 = ellipsis_operand::<2, _>(&a, 1);
    let product = |program| {
        with(program, &a0, &[a0.erased()], &[], |call| call.array_like::<2, _>(a0.rest())).unwrap()
    };
    assert_eq!(product(&ONCE).view(), a.view().permuted_axes([3, 1, 2, 0]));
    assert_eq!(product(&TWICE).view(), a.view().permuted_axes([0, 3, 1, 2]));
}

/// `einsum_into!("...i->i...", a => c)`, also where the ellipsis of the output has extent 0 or no axis.
#[test]
fn outputs_with_an_ellipsis() {
    static PROGRAM: Program = program_into!(
        "i";
        wide(&[0], operand_of(0, &[0])), wide(&[1, 0], array(Source::output("c", "i..."), &[0]));
        wide_nest(&[1, 0], nest(&[0], &[], &[read(0, &[0])], &[0]))
    );
    for shape in [vec![3, 2, 4], vec![0, 2, 4], vec![3, 0, 4], vec![4], vec![2, 4]] {
        let count = shape.iter().product::<usize>();
        let a = ArrayD::from_shape_vec(shape.clone(), (0..count as i16).collect()).unwrap();
        let (&i, rest) = shape.split_last().unwrap();
        let mut c = ArrayD::from_elem([&[i], rest].concat(), -1_i16);
        let a0 = ellipsis_operand::<1, _>(&a, 0);
        let mut c0 = ellipsis_output::<1, _, _, _>(&mut c, &a0, 1);
        with(&PROGRAM, &a0, &[a0.erased(), c0.erased()], &[], |call| call.fill(None, None))
            .unwrap();
        let mut moved = (0..shape.len()).collect::<Vec<_>>();
        moved.rotate_right(1);
        assert_eq!(c, a.view().permuted_axes(moved));
    }
}
