//! Sums of short rows: see [`short`](crate::stream::short).

use super::*;

#[test]
fn groups() {
    let mut random = Random(31);
    let mut each = |extents: &[usize; 3], plain: bool| {
        // The sums of a group are adjacent in the output, or those of one place.
        for out in [[0, 2], [2, 0]] {
            check(&mut random, f32::KERNELS.unary, extents, (&out, [&[0, 1, 2]]), plain);
            check(&mut random, f64::KERNELS.unary, extents, (&out, [&[0, 1, 2]]), plain);
        }
    };
    for len in 2..=70 {
        each(&[5, 2 + len % 8, len], true);
        each(&[4, 3 + len % 5, len], false);
    }
    // Several calls of a kernel for a group, and several buffers of groups.
    for extents in [[5, 128, 3], [5, 129, 9], [4, 300, 17], [1100, 2, 5], [513, 3, 9], [130, 2, 64]]
    {
        each(&extents, true);
    }
    // Points of an outer loop that are adjacent in the output, as many as a buffer has room for.
    for extents in [[700, 5, 3, 5], [1500, 3, 2, 9], [130, 30, 4, 3]] {
        for out in [[1, 3, 0], [3, 1, 0], [0, 1, 3]] {
            let source = &[0, 1, 2, 3];
            check(&mut random, f32::KERNELS.unary, &extents, (&out, [source]), true);
            check(&mut random, f64::KERNELS.unary, &extents, (&out, [source]), true);
        }
    }
    // More loops than those that a kernel has: outer groups and summed ones, in any order of the output.
    for out in [[0, 1, 4], [4, 1, 0], [1, 4, 0]] {
        for (inner, len) in [(3, 3), (40, 5), (300, 9)] {
            let extents = [3, inner, 2, 4, len];
            for source in [[0, 1, 2, 3, 4], [0, 2, 1, 3, 4]] {
                check(&mut random, f32::KERNELS.unary, &extents, (&out, [&source]), false);
                check(&mut random, f64::KERNELS.unary, &extents, (&out, [&source]), false);
            }
        }
    }
}

/// The loop along diagonals ends where the next matrix begins.
#[test]
fn traces() {
    for side in 2..20 {
        let (count, parts) = (50, 2);
        let x: Vec<f64> = (0..count * side * side * parts).map(|i| (i % 97) as f64).collect();
        let step = (side + 1) * parts;
        let dim = |extent: usize, out: usize, source: usize, summed| Dim {
            extent,
            out: out.cast_signed(),
            sources: [source.cast_signed()],
            summed,
        };
        let dims = [
            dim(count, parts, side * side * parts, false),
            dim(side, 0, step, true),
            dim(parts, 1, 1, false),
        ];
        on_every_kind(|level| {
            let mut traces = vec![f64::NAN; count * parts];
            let read = Read { ptr: x.as_ptr(), conjugated: false };
            let dims = &mut Dims::from_slice(&dims);
            // SAFETY: all points are inside the vectors, and those of the output apart.
            unsafe { (f64::KERNELS.unary)(dims, [read], traces.as_mut_ptr(), Mode::Assign) };
            for (i, &trace) in traces.iter().enumerate() {
                let first = i / parts * side * side * parts + i % parts;
                let sum: f64 = (0..side).map(|j| x[first + j * step]).sum();
                assert_eq!(trace, sum, "{level:?} {side} {i}");
            }
        });
    }
}

#[test]
fn outer_loops_first() {
    let mut random = Random(32);
    // As many inside as a buffer has room for, fewer, and more.
    for inside in [[3, 4], [30, 6], [200, 5], [257, 8], [9, 64], [2, 129]] {
        for rows in [4, 5, 33] {
            let extents = [rows, inside[0], inside[1]];
            for out in [&[1, 2][..], &[2, 1], &[1], &[2]] {
                check(&mut random, f32::KERNELS.unary, &extents, (out, [&[0, 1, 2]]), true);
                check(&mut random, f64::KERNELS.unary, &extents, (out, [&[0, 1, 2]]), false);
            }
            let extents = [3, rows, 2, inside[0], inside[1]];
            for out in [&[0, 3, 4][..], &[4, 2, 0], &[3, 0], &[2]] {
                let source = [&[0, 1, 2, 3, 4][..]];
                check(&mut random, f32::KERNELS.unary, &extents, (out, source), true);
                check(&mut random, Complex64::KERNELS.unary, &extents, (out, source), false);
            }
        }
    }
}

#[test]
fn accuracy_of_groups() {
    let (groups, rows) = (8, 4096);
    let terms = vec![0.1_f32; groups * rows * 2];
    let dim = |extent, out, step, summed| Dim { extent, out, sources: [step], summed };
    let mut dims = Dims::from_slice(&[
        dim(groups, 2, 2 * rows.cast_signed(), false),
        dim(rows, 0, 2, true),
        dim(2, 1, 1, false),
    ]);
    let mut sums = vec![f32::NAN; 2 * groups];
    let read = Read { ptr: terms.as_ptr(), conjugated: false };
    // SAFETY: the vectors are as large as the dims say.
    unsafe { (f32::KERNELS.unary)(&mut dims, [read], sums.as_mut_ptr(), Mode::Assign) };
    let exact = f64::from(0.1_f32) * rows as f64;
    let bound = f64::from(f32::EPSILON) * exact * 128.0;
    for sum in sums {
        assert!((f64::from(sum) - exact).abs() <= bound, "{sum} {exact}");
    }
}
