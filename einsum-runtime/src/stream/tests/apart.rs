//! Sums of elements that lie apart: see [`apart`](crate::stream::apart).

use super::*;

/// Traces of `count` matrices, `step` apart, to elements `to` apart.
fn check_traces<T: Sample>(random: &mut Random, count: usize, side: usize, to: usize) {
    let step = side * side + random.below(3);
    let x: Vec<T> = (0..count * step).map(|_| T::sample(random)).collect();
    let old: Vec<T> = (0..count * to).map(|_| T::sample(random)).collect();
    let trace =
        |i: usize| (0..side).fold(T::ZERO, |sum, j| T::add(sum, x[i * step + j * (side + 1)]));
    let (alpha, beta) = (T::sample(random), T::ONE);
    for mode in [Mode::Assign, Mode::Scale { alpha, beta: T::ZERO }, Mode::Scale { alpha, beta }] {
        let mut expected = old.clone();
        for i in 0..count {
            expected[i * to] = match mode {
                Mode::Assign => trace(i),
                Mode::Scale { alpha, beta } if beta == T::ZERO => T::mul(alpha, trace(i)),
                Mode::Scale { alpha, .. } => T::add(old[i * to], T::mul(alpha, trace(i))),
            };
        }
        let dim = |extent: usize, out: usize, source: usize, summed| Dim {
            extent,
            out: out.cast_signed(),
            sources: [source.cast_signed()],
            summed,
        };
        on_every_kind(|level| {
            let dims = [dim(count, to, step, false), dim(side, 0, side + 1, true)];
            let mut out = old.clone();
            let read = Read { ptr: x.as_ptr(), conjugated: false };
            let dims = &mut Dims::from_slice(&dims);
            // SAFETY: all points are inside the vectors, and those of the output apart.
            unsafe { (T::KERNELS.unary)(dims, [read], out.as_mut_ptr(), mode) };
            assert_eq!(out, expected, "{level:?} {count} {side} {to} {mode:?}");
        });
    }
}

/// Elements that are nowhere adjacent, and those of a sum farther apart than others: iaja->ij.
fn check_partial_traces<T: Sample>(random: &mut Random, [i, a, j]: [usize; 3]) {
    let x: Vec<T> = (0..i * a * j * a).map(|_| T::sample(random)).collect();
    let mut expected = vec![T::ZERO; i * j];
    for (at, sum) in expected.iter_mut().enumerate() {
        let (i, j_at) = (at / j, at % j);
        for p in 0..a {
            *sum = T::add(*sum, x[((i * a + p) * j + j_at) * a + p]);
        }
    }
    let dim = |extent: usize, out: usize, source: usize, summed| Dim {
        extent,
        out: out.cast_signed(),
        sources: [source.cast_signed()],
        summed,
    };
    on_every_kind(|level| {
        let dims = &mut Dims::from_slice(&[
            dim(i, j, a * j * a, false),
            dim(a, 0, j * a + 1, true),
            dim(j, 1, a, false),
        ]);
        let mut out = vec![T::NAN; i * j];
        let read = Read { ptr: x.as_ptr(), conjugated: false };
        // SAFETY: all points are inside the vectors, and those of the output apart.
        unsafe { (T::KERNELS.unary)(dims, [read], out.as_mut_ptr(), Mode::Assign) };
        assert_eq!(out, expected, "{level:?} {i} {a} {j}");
    });
}

#[test]
fn partial_traces() {
    let mut random = Random(55);
    for extents in [[3, 2, 5], [16, 4, 16], [7, 50, 9], [2, 70, 6], [30, 3, 1]] {
        check_partial_traces::<f32>(&mut random, extents);
        check_partial_traces::<Complex<f32>>(&mut random, extents);
        check_partial_traces::<Complex<f64>>(&mut random, extents);
    }
}

#[test]
fn traces_of_many() {
    let mut random = Random(54);
    for side in (2..12).chain([31, 64, 65]) {
        for count in [1, 2, 3, 4, 5, 8, 11, 300] {
            check_traces::<f32>(&mut random, count, side, 1);
            check_traces::<f64>(&mut random, count, side, 1);
            check_traces::<f64>(&mut random, count, side, 3);
            check_traces::<Complex<f32>>(&mut random, count, side, 1);
            check_traces::<Complex<f64>>(&mut random, count, side, 2);
        }
    }
}
