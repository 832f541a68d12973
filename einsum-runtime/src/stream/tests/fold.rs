//! Sums over few rows: see [`fold`](crate::stream::fold).

use super::*;

/// Rows of parts of vectors and of whole ones, of blocks and more, in every order of the arrays; more rows than there are kernels
/// for, too.
#[test]
fn sums_over_few_rows() {
    let mut random = Random(71);
    for len in [8, 9, 15, 16, 17, 31, 33, 48, 63, 64, 65, 100, 127, 128, 129, 150] {
        for (points, rows) in [(2, 2), (5, 3), (3, 32), (2, 33)] {
            let extents = [points, rows, len];
            for source in [[0, 1, 2], [1, 0, 2], [0, 2, 1]] {
                for plain in [true, false] {
                    let order = (&[0, 2][..], [&source[..]]);
                    check(&mut random, f32::KERNELS.unary, &extents, order, plain);
                    check(&mut random, f64::KERNELS.unary, &extents, order, plain);
                }
            }
        }
    }
}

/// The other factor has a loop of the sum, of the points, or both; further loops are around.
#[test]
fn sums_of_products_over_few_rows() {
    let mut random = Random(72);
    let each = |random: &mut Random, extents: &[usize], out: &[usize], x: &[usize], y: &[usize]| {
        for plain in [true, false] {
            for sources in [[x, y], [y, x]] {
                check(random, f32::KERNELS.binary, extents, (out, sources), plain);
                check(random, f64::KERNELS.binary, extents, (out, sources), plain);
            }
        }
    };
    for len in [8, 20, 33, 40, 64, 70, 130] {
        for (points, rows) in [(2, 2), (7, 3), (3, 32), (2, 33)] {
            let extents = [points, rows, len];
            for y in [&[1][..], &[0, 1], &[1, 0], &[0]] {
                each(&mut random, &extents, &[0, 2], &[0, 1, 2], y);
                each(&mut random, &extents, &[0, 2], &[1, 0, 2], y);
            }
            let extents = [3, points, rows, len];
            for y in [&[2][..], &[1, 2], &[2, 0], &[0, 1, 2]] {
                each(&mut random, &extents, &[0, 1, 3], &[0, 1, 2, 3], y);
                each(&mut random, &extents, &[1, 0, 3], &[0, 2, 1, 3], y);
            }
        }
    }
}
