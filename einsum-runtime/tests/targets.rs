//! What kernels write to: new arrays and existing ones, diagonals, scaled outputs, sums over nothing.

use einsum_runtime::codegen::*;
use ndarray::prelude::*;
use ndarray::{arr1, arr2};
use num_complex::Complex64;

mod program;

use program::{
    fill, nest, operand_of, output_of, program, program_into, read, read_conj, run, run_scalar,
};

#[test]
fn scaled_outputs() {
    static SQUARE: Program = program_into!(
        "i" "j" "k";
        operand_of(0, &[0, 1]), operand_of(1, &[1, 2]), output_of(&[0, 2]);
        nest(&[0, 2], &[1], &[read(0, &[0, 2]), read(1, &[2, 1])], &[0, 1])
    );
    static TRANSPOSE: Program = program_into!(
        "i" "j";
        operand_of(0, &[0, 1]), output_of(&[1, 0]);
        nest(&[0, 1], &[], &[read(0, &[0, 1])], &[1, 0])
    );
    // Few points, and more than tiny nests have.
    for n in [2, 20] {
        let a = Array2::from_shape_fn((n, n), |(i, j)| ((i * 5 + j * 3) % 7) as f64);
        let a0 = operand::<2, _>(&a);
        for (alpha, beta, old) in [(2.0, 3.0, 10.0), (1.0, 1.0, 5.0), (-1.0, 0.0, f64::NAN)] {
            let mut c = Array2::from_elem((n, n), old);
            let mut c0 = output::<2, _, _, _>(&mut c, &a0);
            let arrays = [a0.erased(), a0.erased(), c0.erased()];
            fill(&SQUARE, &a0, &arrays, Some(alpha), Some(beta));
            let old = if beta == 0.0 { 0.0 } else { beta * old };
            assert_eq!(c, a.dot(&a) * alpha + old);
            let mut c = Array2::from_elem((n, n), 1.0);
            let mut c0 = output::<2, _, _, _>(&mut c, &a0);
            fill(&TRANSPOSE, &a0, &[a0.erased(), c0.erased()], Some(alpha), Some(beta));
            assert_eq!(c, a.t().mapv(|x| alpha * x + beta));
        }
        // One of the factors alone: the other is one for `alpha` and zero for `beta`.
        let mut c = Array2::from_elem((n, n), f64::INFINITY);
        let mut c0 = output::<2, _, _, _>(&mut c, &a0);
        fill(&TRANSPOSE, &a0, &[a0.erased(), c0.erased()], Some(3.0), None);
        assert_eq!(c, a.t().mapv(|x| 3.0 * x));
        let mut c0 = output::<2, _, _, _>(&mut c, &a0);
        fill(&TRANSPOSE, &a0, &[a0.erased(), c0.erased()], None, Some(-1.0));
        assert_eq!(c, a.t().mapv(|x| -2.0 * x));
        let mut c0 = output::<2, _, _, _>(&mut c, &a0);
        fill(&TRANSPOSE, &a0, &[a0.erased(), c0.erased()], None, None);
        assert_eq!(c, a.t());
    }
}

/// Sums over nothing are zero, and enter a scaled output like any sum.
#[test]
fn empty_sums() {
    const ROWS: Nest = nest(&[0], &[1], &[read(0, &[0, 1])], &[0]);
    static SUMS: Program = program!("i" "j"; operand_of(0, &[0, 1]); ROWS);
    static INTO: Program = program_into!("i" "j"; operand_of(0, &[0, 1]), output_of(&[0]); ROWS);
    static TRANSPOSE: Program = program!(
        "i" "j"; operand_of(0, &[0, 1]); nest(&[1, 0], &[], &[read(0, &[1, 0])], &[0, 1])
    );
    let a = Array2::<f64>::zeros((2, 0));
    let a0 = operand::<2, _>(&a);
    let y: Array1<f64> = run(&SUMS, &a0, &[a0.erased()]);
    assert_eq!(y, arr1(&[0.0, 0.0]));
    let mut c = arr1(&[1.0, 2.0]);
    let mut c0 = output::<1, _, _, _>(&mut c, &a0);
    fill(&INTO, &a0, &[a0.erased(), c0.erased()], Some(5.0), Some(2.0));
    assert_eq!(c, arr1(&[2.0, 4.0]));
    let mut c0 = output::<1, _, _, _>(&mut c, &a0);
    fill(&INTO, &a0, &[a0.erased(), c0.erased()], None, None);
    assert_eq!(c, arr1(&[0.0, 0.0]));
    let y: Array2<f64> = run(&TRANSPOSE, &a0, &[a0.erased()]);
    assert_eq!(y.shape(), [0, 2]);
}

/// `einsum_into!("i->ii", a => c)`: beside the diagonal a new value is zero, and an old one is scaled.
#[test]
fn diagonals_of_existing_outputs() {
    static PROGRAM: Program = program_into!(
        "i"; operand_of(0, &[0]), output_of(&[0, 0]); nest(&[0], &[], &[read(0, &[0])], &[0, 0])
    );
    let a = [1.0, 2.0];
    let a0 = operand::<1, _>(&a);
    let into = |c: &mut [[f64; 2]; 2], alpha, beta| {
        let mut c0 = output::<2, _, _, _>(c, &a0);
        fill(&PROGRAM, &a0, &[a0.erased(), c0.erased()], alpha, beta);
    };
    let mut c = [[f64::NAN; 2]; 2];
    into(&mut c, None, None);
    assert_eq!(c, [[1.0, 0.0], [0.0, 2.0]]);
    c[0][1] = 7.0;
    into(&mut c, Some(10.0), Some(2.0));
    assert_eq!(c, [[12.0, 14.0], [0.0, 24.0]]);
    c = [[f64::NAN; 2]; 2];
    into(&mut c, Some(3.0), Some(0.0));
    assert_eq!(c, [[3.0, 0.0], [0.0, 6.0]]);
}

/// `hhj1->jhkh` with `k = 2`: diagonals on both sides, a broadcast axis, and an axis `1`.
#[test]
fn diagonals_and_broadcasts() {
    static PROGRAM: Program = Program {
        given: &[2],
        ..program!(
            "h" "j" "k";
            operand_of(0, &[0, 0, 1, NONE]);
            nest(&[1, 0, 2], &[], &[read(0, &[1, 1, 0, NONE])], &[0, 1, 2, 1])
        )
    };
    let a = Array::from_shape_fn((3, 3, 2, 1), |(h, i, j, _)| (h * 100 + i * 10 + j) as i32);
    let a0 = operand::<4, _>(&a);
    for k in [2, 40] {
        let arrays = [a0.erased()];
        let y: Array4<i32> = einsum(&PROGRAM, a0.kernels(), &arrays, &[k], &mut [0; 3]);
        assert_eq!(y.shape(), [2, 3, k, 3]);
        for ((j, i, k, l), &y) in y.indexed_iter() {
            assert_eq!(y, if i == l { a[[i, i, j, 0]] } else { 0 }, "{j} {i} {k} {l}");
        }
    }
}

/// `i->1i1`: axes of extent one in the output.
#[test]
fn axes_of_extent_one() {
    static PROGRAM: Program =
        program!("i"; operand_of(0, &[0]); nest(&[0], &[], &[read(0, &[0])], &[NONE, 0, NONE]));
    let a = arr1(&[1_u16, 2, 3]);
    let a0 = operand::<1, _>(&a);
    let y: Array3<u16> = run(&PROGRAM, &a0, &[a0.erased()]);
    assert_eq!(y, a.to_shape((1, 3, 1)).unwrap());
}

/// A rank above 6 is dynamic.
#[test]
fn rank_eight() {
    static PROGRAM: Program = program!(
        "a" "b" "c" "d" "e" "f" "g" "h";
        operand_of(0, &[0, 1, 2, 3, 4, 5, 6, 7]);
        nest(
            &[7, 6, 5, 4, 3, 2, 1, 0],
            &[],
            &[read(0, &[7, 6, 5, 4, 3, 2, 1, 0])],
            &[0, 1, 2, 3, 4, 5, 6, 7]
        )
    );
    let a = ArrayD::from_shape_fn(vec![2, 1, 3, 1, 2, 2, 1, 2], |i| {
        (0..8).fold(0_i32, |n, axis| n * 3 + i[axis] as i32)
    });
    let a0 = operand::<8, _>(&a);
    let y: ArrayD<i32> = run(&PROGRAM, &a0, &[a0.erased()]);
    assert_eq!(y, a.t());
}

/// `a` transposed times two, its sum, and its rows' sums, from one body: an intermediate that is added to, a result that is
/// added to, and one whose array is there already.
#[test]
fn several_results() {
    const TURN: Nest = nest(&[1, 0], &[], &[read(0, &[1, 0])], &[0, 1]);
    const AGAIN: Nest = Nest { into: 3, ..nest(&[1, 0], &[], &[read(2, &[0, 1])], &[0, 1]) };
    static BODY: [Nest; 7] = [
        Nest { into: 3, ..TURN },
        Nest { into: 4, ..AGAIN },
        Nest { into: 3, ..TURN },
        Nest { into: 0, ..AGAIN },
        Nest { into: 2, ..nest(&[0], &[1], &[read(0, &[0, 1])], &[0]) },
        Nest { into: 1, ..nest(&[], &[0, 1], &[read(0, &[0, 1])], &[]) },
        Nest { into: 2, ..nest(&[0], &[1], &[read(3, &[1, 0])], &[0]) },
    ];
    static PROGRAM: Program = Program {
        results: &[NONE, NONE, 1],
        bodies: &[&BODY],
        ..program!("i" "j"; operand_of(0, &[0, 1]), output_of(&[0]); TURN)
    };
    for n in [3, 40] {
        let a = Array2::from_shape_fn((2, n), |(i, j)| (i * n + j) as i64);
        let rows = a.sum_axis(Axis(1));
        let a0 = operand::<2, _>(&a);
        let mut c = arr1(&[100, 200]);
        let mut c0 = output::<1, _, _, _>(&mut c, &a0);
        let (arrays, mut extents) = ([a0.erased(), c0.erased()], [0; 2]);
        let call = checked(&PROGRAM, a0.kernels(), &arrays, &[], &mut extents).unwrap();
        for time in 1..=2 {
            let (mut turned, mut sum) = (call.new_array::<Ix2>(), call.new_scalar());
            call.add_results(&mut [turned.place(), sum.place()]);
            assert_eq!(turned.take(), 2 * &a.t());
            assert_eq!(sum.take(), a.sum());
            let _ = time;
        }
        let (mut turned, mut sum) = (call.new_array::<IxDyn>(), call.new_scalar());
        call.scale_results(&mut [turned.place(), sum.place()], Some(3), Some(2));
        assert_eq!(turned.take(), (2 * &a.t()).into_dyn());
        assert_eq!(c, 2 * (arr1(&[100, 200]) + 4 * &rows) + 6 * &rows);
        let mut c0 = output::<1, _, _, _>(&mut c, &a0);
        let arrays = [a0.erased(), c0.erased()];
        let call = checked(&PROGRAM, a0.kernels(), &arrays, &[], &mut extents).unwrap();
        let (mut turned, mut sum) = (call.new_array::<Ix2>(), call.new_scalar());
        call.results(&mut [turned.place(), sum.place()]);
        drop(turned);
        assert_eq!(c, 2 * rows);
    }
}

/// A nest without sources.
#[test]
fn zeros() {
    static PROGRAM: Program =
        program!("i" "j"; operand_of(0, &[0, 1]); nest(&[0, 1], &[], &[], &[0, 1]));
    let a = arr2(&[[1.0, 2.0], [3.0, 4.0]]);
    let a0 = operand::<2, _>(&a);
    let y: Array2<f64> = run(&PROGRAM, &a0, &[a0.erased()]);
    assert_eq!(y, Array2::<f64>::zeros((2, 2)));
    static INTO: Program = program_into!("i" "j"; operand_of(0, &[0, 1]), output_of(&[0, 1]); nest(&[0, 1], &[], &[], &[0, 1]));
    let mut c = a.clone();
    for (beta, expected) in [(Some(2.0), 2.0 * &a), (None, 0.0 * &a)] {
        let mut c0 = output::<2, _, _, _>(&mut c, &a0);
        fill(&INTO, &a0, &[a0.erased(), c0.erased()], None, beta);
        assert_eq!(c, expected);
    }
}

#[test]
fn conjugates_enter_every_kernel() {
    static SUM: Program =
        program!("i"; operand_of(0, &[0]); nest(&[], &[0], &[read_conj(0, &[0])], &[]));
    static SQUARES: Program = program!(
        "i"; operand_of(0, &[0]); nest(&[0], &[], &[read_conj(0, &[0]), read(0, &[0])], &[0])
    );
    let i = Complex64::I;
    let a = arr1(&[1.0 + i, 2.0 - i]);
    let a0 = operand::<1, _>(&a);
    assert_eq!(run_scalar(&SUM, &a0, &[a0.erased()]), Complex64::new(3.0, 0.0));
    let squares: Array1<Complex64> = run(&SQUARES, &a0, &[a0.erased()]);
    assert_eq!(squares, arr1(&[2.0 + 0.0 * i, 5.0 + 0.0 * i]));
}

#[test]
fn integers_wrap() {
    static PROGRAM: Program = program!(
        "i" "j"; operand_of(0, &[0, 1]);
        nest(&[], &[0, 1], &[read(0, &[0, 1]), read(0, &[0, 1])], &[])
    );
    let a = arr2(&[[200_u8, 100]]);
    let a0 = operand::<2, _>(&a);
    let expected = ((200_u32 * 200 + 100 * 100) % 256) as u8;
    assert_eq!(run_scalar(&PROGRAM, &a0, &[a0.erased()]), expected);
}
