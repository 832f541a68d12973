//! Permutations in tiles: see [`tiles`](crate::stream::tiles) for the ways on which these come to the output.

use super::*;

/// Numbers of elements around the sides of blocks and tiles; multiples of 16 make rows begin at the same place of a line.
const SIDES: [usize; 14] = [7, 8, 9, 15, 16, 17, 31, 48, 64, 79, 80, 200, 256, 300];

fn check_all(
    random: &mut Random,
    extents: &[usize],
    order: (&[usize], [&[usize]; 1]),
    plain: bool,
) {
    check(random, f32::KERNELS.unary, extents, order, plain);
    check(random, f64::KERNELS.unary, extents, order, plain);
    check(random, Complex32::KERNELS.unary, extents, order, plain);
    check(random, Complex64::KERNELS.unary, extents, order, plain);
}

#[test]
fn tiles_of_any_sides() {
    let mut random = Random(51);
    for u in SIDES {
        for v in SIDES {
            check_all(&mut random, &[v, u], (&[0, 1], [&[1, 0]]), true);
            check_all(&mut random, &[3, v, u], (&[0, 1, 2], [&[2, 0, 1]]), false);
        }
    }
}

/// Rows that bypass the caches, from lines that begin with elements of the output or do not.
#[test]
fn rows_past_the_caches() {
    let mut random = Random(52);
    for u in [256, 272, 300, 323, 512, 1000, 1024] {
        for v in [16, 23, 31, 64, 100, 129, 545] {
            check_all(&mut random, &[v, u], (&[0, 1], [&[1, 0]]), true);
            check_all(&mut random, &[v, 2, u], (&[0, 1, 2], [&[1, 2, 0]]), true);
        }
    }
}

/// Rows that compete for places of a cache: a power of two apart.
#[test]
fn rows_a_power_of_two_apart() {
    let mut random = Random(53);
    for (apart, u) in [(8, 128), (16, 64), (2, 128), (64, 16), (32, 32), (4, 256)] {
        for v in [17, 64, 100, 257, 300, 513] {
            check_all(&mut random, &[v, apart, u], (&[0, 1, 2], [&[1, 2, 0]]), true);
        }
    }
}

/// Few rows, which are interleaved or taken apart: whole, and beside others.
#[test]
fn few_rows() {
    let mut random = Random(54);
    for few in 2..=8 {
        for long in [15, 16, 17, 24, 31, 33, 40, 100, 3001] {
            check_all(&mut random, &[few, long], (&[0, 1], [&[1, 0]]), true);
            check_all(&mut random, &[long, few], (&[0, 1], [&[1, 0]]), true);
            check_all(&mut random, &[2, few, long], (&[0, 1, 2], [&[0, 2, 1]]), false);
            check_all(&mut random, &[2, long, few], (&[0, 1, 2], [&[0, 2, 1]]), false);
        }
    }
}

/// Short loops that others follow, in the output, in the source, or in both, which may be the same ones.
#[test]
fn rows_of_several_loops() {
    let mut random = Random(55);
    for [a, b, c, d] in [
        [3, 5, 7, 9],
        [5, 6, 4, 12],
        [9, 11, 10, 10],
        [12, 3, 2, 41],
        [1, 30, 9, 70],
        [13, 9, 10, 11],
        [2, 300, 9, 5],
        [40, 5, 5, 9],
    ] {
        let extents = [a, b, c, d];
        for order in [[3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 1, 0], [3, 0, 1, 2], [0, 3, 2, 1]] {
            check_all(&mut random, &extents, (&[0, 1, 2, 3], [&order]), true);
        }
    }
}

/// As [`rows_of_several_loops`], a power of two apart: in one tile, and in several.
#[test]
fn rows_of_several_loops_a_power_of_two_apart() {
    let mut random = Random(56);
    for extents in [[8, 8, 8, 8], [8, 16, 8, 16], [4, 8, 16, 8], [8, 32, 16, 8], [2, 64, 32, 9]] {
        for order in [[3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 1, 0]] {
            check_all(&mut random, &extents, (&[0, 1, 2, 3], [&order]), true);
        }
    }
}

/// Arrays larger than the caches: several tiles of each loop, or of loops that are one, whose rows begin at the same place of a
/// line or do not, and compete for places of a cache or do not.
#[test]
fn arrays_far_away() {
    let mut random = Random(57);
    for u in [256, 272, 383, 400, 528] {
        for v in [129, 300, 600] {
            check_all(&mut random, &[v, u], (&[0, 1], [&[1, 0]]), true);
        }
    }
    for extents in
        [[17, 5, 40, 24], [9, 30, 16, 25], [70, 4, 6, 31], [8, 16, 16, 16], [2, 64, 64, 8]]
    {
        for order in [[3, 2, 1, 0], [2, 3, 1, 0], [3, 0, 2, 1]] {
            check_all(&mut random, &extents, (&[0, 1, 2, 3], [&order]), true);
        }
    }
}
