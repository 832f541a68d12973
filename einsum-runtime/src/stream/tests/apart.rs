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
        on_every_level(|level| {
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

#[test]
fn traces_of_many() {
    let mut random = Random(54);
    for side in (2..12).chain([31, 64, 65]) {
        for count in [1, 2, 3, 4, 5, 8, 11, 300] {
            check_traces::<f32>(&mut random, count, side, 1);
            check_traces::<f64>(&mut random, count, side, 1);
            check_traces::<f64>(&mut random, count, side, 3);
        }
    }
}
