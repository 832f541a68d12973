//! Products without a sum whose rows are short, or one of whose factors is transposed.

use super::*;

fn check_all(random: &mut Random, extents: &[usize], order: (&[usize], [&[usize]; 2])) {
    check(random, f32::KERNELS.binary, extents, order, true);
    check(random, f64::KERNELS.binary, extents, order, true);
}

/// Rows of up to some vectors, and of more, alone and several at a point.
#[test]
fn outer_products_of_short_rows() {
    let mut random = Random(61);
    for few in [1, 2, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65] {
        for (points, rows) in [(40, 1), (50, 3), (33, 9)] {
            let extents = [points, rows, few];
            for sources in [[&[0, 2][..], &[0, 1]], [&[0, 1], &[0, 2]], [&[1, 0], &[2]]] {
                check_all(&mut random, &extents, (&[0, 1, 2], sources));
                check_all(&mut random, &extents, (&[1, 0, 2], sources));
            }
        }
    }
}

/// Short rows of both factors, of which one is multiplied several times, also where loops are around them.
#[test]
fn products_of_short_rows() {
    let mut random = Random(64);
    for few in [4, 5, 8, 9, 13, 16, 17, 31, 33, 64] {
        for (points, rows) in [(40, 2), (50, 3), (21, 7)] {
            let extents = [points, rows, few];
            for sources in [[&[0, 2][..], &[0, 1, 2]], [&[1, 2], &[0, 2]], [&[0, 2], &[2, 1]]] {
                check_all(&mut random, &extents, (&[0, 1, 2], sources));
                check_all(&mut random, &extents, (&[0, 1, 2], [sources[1], sources[0]]));
            }
            let extents = [4, points, rows, few];
            let sources = [[&[1, 3][..], &[0, 2, 3]], [&[0, 1, 3], &[2, 3]]];
            for sources in sources {
                check_all(&mut random, &extents, (&[0, 1, 2, 3], sources));
            }
        }
    }
}

/// Short rows of a factor, each with an element of its own, in another order than the output, also with loops around them.
#[test]
fn products_of_short_rows_and_elements() {
    let mut random = Random(66);
    for few in [2, 5, 8, 9, 15, 16, 17, 31, 32, 33, 64] {
        for (points, rows) in [(40, 2), (33, 9)] {
            let extents = [points, rows, few];
            for sources in [[&[0, 1, 2][..], &[0, 1]], [&[1, 0, 2], &[0, 1]], [&[0, 1, 2], &[1, 0]]]
            {
                check_all(&mut random, &extents, (&[0, 1, 2], sources));
                check_all(&mut random, &extents, (&[1, 0, 2], [sources[1], sources[0]]));
            }
            let extents = [4, points, rows, few];
            let sources = [&[0, 1, 2, 3][..], &[2, 1]];
            check_all(&mut random, &extents, (&[0, 2, 1, 3], sources));
            check_all(&mut random, &extents, (&[2, 0, 1, 3], sources));
        }
    }
}

/// Factors of few elements that lie in another order than the output: one of them, or both, also beside one that lies as the
/// output does.
#[test]
fn factors_of_few_elements() {
    let mut random = Random(67);
    let mut each = |extents: &[usize], sources: [&[usize]; 2]| {
        let out: Vec<usize> = (0..extents.len()).collect();
        for sources in [sources, [sources[1], sources[0]]] {
            for plain in [true, false] {
                let order = (&out[..], sources);
                check(&mut random, f32::KERNELS.binary, extents, order, plain);
                check(&mut random, f64::KERNELS.binary, extents, order, plain);
                check(&mut random, Complex32::KERNELS.binary, extents, order, plain);
                check(&mut random, Complex64::KERNELS.binary, extents, order, plain);
            }
        }
    };
    for few in [2, 3, 5, 8, 16, 20] {
        each(&[600 / few + 8, 9, few], [&[2, 1], &[0]]);
        each(&[9, 5, 300 / few, few], [&[2, 0], &[3, 1]]);
        each(&[9, 5, 300 / few, few], [&[0, 1, 2], &[3, 1]]);
        each(&[30, 5, 40 / few, few], [&[0, 1, 2, 3], &[3, 2]]);
    }
}

/// Tiles of a transposed factor, beside one that is adjacent, the same in a row, or the same in all rows.
#[test]
fn transposed_factors() {
    let mut random = Random(62);
    for u in [8, 16, 17, 40, 256, 263, 272, 300] {
        for v in [8, 15, 16, 33, 64, 79, 100] {
            for other in [&[0, 1][..], &[0], &[1]] {
                check_all(&mut random, &[v, u], (&[0, 1], [&[1, 0], other]));
                check_all(&mut random, &[v, u], (&[0, 1], [other, &[1, 0]]));
            }
            check_all(&mut random, &[3, v, u], (&[0, 1, 2], [&[2, 0, 1], &[0, 1, 2]]));
        }
    }
}

/// Products whose factors both lie in another order than the output: one like the other, the same along its rows, or along its
/// columns; of one loop, and of several.
#[test]
fn turned_products() {
    let mut random = Random(63);
    for [u, v] in
        [[8, 16], [16, 9], [23, 40], [64, 64], [100, 300], [257, 31], [256, 128], [512, 272]]
    {
        for other in [&[1, 0][..], &[0], &[1]] {
            check_all(&mut random, &[v, u], (&[0, 1], [&[1, 0], other]));
            check_all(&mut random, &[v, u], (&[0, 1], [other, &[1, 0]]));
        }
    }
    for extents in [[5, 7, 12], [9, 30, 10], [4, 100, 9], [11, 9, 70], [32, 64, 16]] {
        for other in [&[2, 1, 0][..], &[1, 0], &[2], &[1], &[0], &[2, 0]] {
            check_all(&mut random, &extents, (&[0, 1, 2], [&[2, 1, 0], other]));
            check_all(&mut random, &extents, (&[1, 0, 2], [other, &[2, 1, 0]]));
        }
    }
}

/// As [`turned_products`], of arrays larger than the caches: several tiles of loops that are one.
#[test]
fn turned_products_far_away() {
    let mut random = Random(64);
    let mut each = |extents: &[usize], sources: [&[usize]; 2]| {
        let order: (&[usize], _) = (&[0, 1, 2], sources);
        check_all(&mut random, extents, order);
        check(&mut random, i32::KERNELS.binary, extents, order, true);
        check(&mut random, i64::KERNELS.binary, extents, order, true);
    };
    for extents in [[17, 40, 24], [30, 16, 25], [129, 12, 33], [16, 32, 48]] {
        for other in [&[2, 1, 0][..], &[1, 0], &[0], &[2, 0]] {
            each(&extents, [&[2, 1, 0], other]);
            each(&extents, [other, &[2, 1, 0]]);
        }
    }
}

/// The same for all elements, also where a side is shorter than a block of registers, or a loop longer than a tile.
#[test]
fn turned_products_of_all_elements() {
    let mut random = Random(68);
    let mut each = |extents: &[usize], out: &[usize], sources: [&[usize]; 2]| {
        for sources in [sources, [sources[1], sources[0]]] {
            check_all(&mut random, extents, (out, sources));
            let order = (out, sources);
            check(&mut random, Complex32::KERNELS.binary, extents, order, true);
            check(&mut random, Complex64::KERNELS.binary, extents, order, true);
            check(&mut random, i32::KERNELS.binary, extents, order, true);
            check(&mut random, i64::KERNELS.binary, extents, order, true);
        }
    };
    for [u, v] in [
        [2, 40],
        [40, 2],
        [3, 3],
        [5, 25],
        [7, 9],
        [12, 114],
        [13, 4],
        [16, 11],
        [21, 300],
        [270, 6],
    ] {
        for other in [&[1, 0][..], &[0], &[1]] {
            each(&[v, u], &[0, 1], [&[1, 0], other]);
            each(&[3, v, u], &[1, 0, 2], [&[0, 2, 1], other]);
        }
    }
    // abcd,da->adcb, and other factors and orders.
    for [a, b, c, d] in [[9, 5, 13, 5], [3, 2, 17, 6], [4, 12, 5, 3], [6, 4, 4, 40]] {
        for other in [&[3, 0][..], &[2, 1, 0], &[0, 1, 2], &[1], &[0, 3]] {
            each(&[a, b, c, d], &[0, 3, 2, 1], [&[0, 1, 2, 3], other]);
            each(&[a, b, c, d], &[2, 3, 1, 0], [&[0, 1, 2, 3], other]);
        }
    }
}
