//! Random contractions on every level against one multiplication at a time, on integer-valued data with exact equality.
//! Outputs start as NaN where they are assigned, and have a margin that must not change.

#[cfg(target_arch = "x86_64")]
mod aligned;
mod case;
#[cfg(target_arch = "x86_64")]
mod strips;

use num_complex::Complex;

use crate::element::Element;
use crate::kernel::level::{on_every_kind, on_every_level};
use crate::kernel::{Dim, Dims, Mode, Read};
use crate::oracle::Random;
use case::{Letter, Sample, case, check, letter, modes};

/// Every arrangement of a matrix product.
fn matrix_products<T: Sample>(m: usize, n: usize, k: usize, random: &mut Random) {
    let letters = [letter(m, "xc"), letter(n, "yc"), letter(k, "xy")];
    for arrangement in 0..8 {
        let order =
            |bit: usize, a: [usize; 2]| if arrangement >> bit & 1 == 0 { a } else { [a[1], a[0]] };
        let (x, y, c) = (order(0, [0, 2]), order(1, [2, 1]), order(2, [0, 1]));
        let case = case::<T>(&letters, [&x, &y, &c], random, None);
        let mode = modes(random)[random.below(4)];
        check(case, mode, &(m, n, k, arrangement));
    }
}

#[test]
fn edges_of_tiles() {
    on_every_level(|_| {
        let mut random = Random(1);
        for m in [1, 2, 3, 5, 8, 9, 15, 17, 33, 64, 65, 80, 129] {
            for n in [1, 2, 5, 6, 7, 13] {
                for k in [1, 2, 5] {
                    matrix_products::<f32>(m, n, k, &mut random);
                    matrix_products::<f64>(m, n, k, &mut random);
                    matrix_products::<i32>(m, n, k, &mut random);
                    matrix_products::<Complex<f32>>(m, n, k, &mut random);
                    matrix_products::<Complex<f64>>(m, n, k, &mut random);
                }
            }
        }
    });
}

#[test]
fn edges_of_blocks() {
    on_every_kind(|_| {
        let mut random = Random(2);
        for [m, n, k] in [
            [70, 30, 641],
            [60, 26, 641],
            [35, 25, 1300],
            [300, 26, 130],
            [30, 2050, 3],
            [1100, 3, 7],
            [9, 9, 1281],
        ] {
            matrix_products::<f32>(m, n, k, &mut random);
            matrix_products::<f64>(m, n, k, &mut random);
            matrix_products::<Complex<f32>>(m, n, k, &mut random);
        }
    });
}

/// A large matrix with few columns, whose rows are adjacent in it, or whose steps are, in blocks of both, and a batch of them.
#[test]
fn few_columns() {
    on_every_level(|_| {
        let mut random = Random(8);
        let (a, b, c, d) = (0, 1, 2, 3);
        for [m, k] in [[33, 16], [65, 31], [100, 40], [260, 100], [49, 131]] {
            for n in [2, 3, 7, 9, 12, 23] {
                matrix_products::<f32>(m, n, k, &mut random);
                matrix_products::<f64>(m, n, k, &mut random);
            }
            let letters = [letter(m, "xc"), letter(5, "yc"), letter(k, "xy"), letter(3, "xyc")];
            for x in [&[d, a, c], &[d, c, a]] {
                for out in [&[d, a, b], &[d, b, a]] {
                    check_both::<f32>(&letters, [x, &[d, b, c], out], &mut random);
                    check_both::<f64>(&letters, [x, &[d, c, b], out], &mut random);
                }
            }
        }
    });
}

fn fractions(count: usize, random: &mut Random) -> Vec<f32> {
    (0..count).map(|_| random.below(1 << 20) as f32 / 1e6 - 0.5).collect()
}

/// Multiplies fractions, wherever the first source begins in a cache line, and asserts that the bits are the same. `len` is that of the
/// sources and of the output.
fn same_bits_anywhere(dims: &[Dim<2>], len: [usize; 3], random: &mut Random) {
    let [x, y] = [len[0], len[1]].map(|len| fractions(len, random));
    let mut first = None;
    for offset in 0..20 {
        let moved: Vec<f32> = fractions(offset, random).into_iter().chain(x.clone()).collect();
        let read = |ptr| Read { ptr, conjugated: false };
        let sources = [read(moved[offset..].as_ptr()), read(y.as_ptr())];
        let mut out = vec![0.0; len[2]];
        let mut work = Dims::from_iter(dims.iter().copied());
        // SAFETY: the vectors are as large as the dims say, and results distinct.
        unsafe { (f32::KERNELS.binary)(&mut work, sources, out.as_mut_ptr(), Mode::Assign) };
        let bits: Vec<u32> = out.into_iter().map(f32::to_bits).collect();
        assert_eq!(first.get_or_insert(bits.clone()), &bits, "{dims:?} {offset}");
    }
}

fn dim(extent: usize, out: usize, sources: [usize; 2], summed: bool) -> Dim<2> {
    Dim { extent, out: out.cast_signed(), sources: sources.map(usize::cast_signed), summed }
}

/// A large matrix with few columns.
#[test]
fn few_columns_anywhere() {
    on_every_level(|_| {
        let mut random = Random(9);
        let pitch = 192;
        for (m, n, k) in [(40, 3, 150), (33, 8, 128), (35, 11, 165)] {
            let dims =
                [dim(m, n, [pitch, 0], false), dim(n, 1, [0, k], false), dim(k, 0, [1, 1], true)];
            same_bits_anywhere(&dims, [m * pitch, n * k, m * n], &mut random);
        }
    });
}

/// A product of matrices that is run as they lie, or packed where vectors cross lines.
#[test]
fn matrices_anywhere() {
    on_every_kind(|_| {
        let mut random = Random(91);
        for (m, n, k) in [(272, 26, 70), (336, 40, 90), (208, 135, 700)] {
            let dims =
                [dim(m, 1, [1, 0], false), dim(n, m, [0, k], false), dim(k, 0, [m, 1], true)];
            same_bits_anywhere(&dims, [k * m, n * k, m * n], &mut random);
        }
    });
}

/// Steps of two loops, of which Y is adjacent along the inner one alone. X is read where it lies.
#[test]
fn steps_adjacent_four_by_four() {
    on_every_kind(|_| {
        let mut random = Random(61);
        let (row, column, outer, inner) = (0, 1, 2, 3);
        // Blocks of steps are whole fours, and are not.
        for [outers, inners] in [[20, 8], [128, 4], [165, 4], [170, 4], [33, 2], [21, 5]] {
            let letters =
                [letter(57, "xc"), letter(7, "yc"), letter(outers, "xy"), letter(inners, "xy")];
            let orders = [&[inner, outer, row][..], &[outer, column, inner], &[column, row]];
            check_both::<f32>(&letters, orders, &mut random);
            check_both::<f64>(&letters, orders, &mut random);
        }
    });
}

/// Each operand is adjacent along another summed loop, of which one is long, and a multiple of some number of steps or not.
#[test]
fn adjacent_along_different_steps() {
    on_every_kind(|_| {
        let mut random = Random(55);
        let (a, b, c, d) = (0, 1, 2, 3);
        for [across, along] in [[40, 48], [17, 64], [100, 37], [33, 90], [20, 200], [5, 1024]] {
            let letters =
                [letter(35, "xc"), letter(29, "yc"), letter(across, "xy"), letter(along, "xy")];
            for x in [&[d, a, c], &[a, d, c]] {
                for y in [&[b, c, d], &[c, b, d]] {
                    check_both::<f32>(&letters, [x, y, &[b, a]], &mut random);
                    check_both::<f64>(&letters, [x, y, &[b, a]], &mut random);
                }
            }
        }
    });
}

/// Random loops in random orders, reversed or with gaps.
fn random_contractions<T: Sample>(rounds: usize, seed: u64, most: &[usize], points: usize) {
    let mut random = Random(seed);
    let mut data = Random(seed + 1);
    for round in 0..rounds {
        let rank = 2 + random.below(6);
        let mut letters: Vec<Letter> = (0..rank)
            .map(|_| {
                let most = most[random.below(most.len())];
                let extent = 1 + random.below(most);
                let arrays = ["xyc", "xc", "yc", "xy", "xc", "yc", "xy", "x", "c"];
                let common = if random.one_in(6) { 9 } else { 7 };
                letter(extent, arrays[random.below(common)])
            })
            .collect();
        while letters.iter().map(|l| l.extent).product::<usize>() > points {
            let largest = letters.iter_mut().max_by_key(|l| l.extent).expect("there are letters");
            largest.extent /= 2;
        }
        let mut orders = [(); 3].map(|()| (0..rank).collect::<Vec<usize>>());
        for order in &mut orders {
            for i in 1..rank {
                order.swap(i, random.below(i + 1));
            }
        }
        let odd = random.one_in(2).then_some(&mut random);
        let case = case::<T>(&letters, [&orders[0], &orders[1], &orders[2]], &mut data, odd);
        let mode = modes(&mut data)[round % 4];
        check(case, mode, &round);
    }
}

#[test]
fn random() {
    on_every_kind(|_| {
        random_contractions::<f32>(800, 10, &[3, 9, 20], 20_000);
        random_contractions::<f64>(800, 20, &[3, 9, 20], 20_000);
        random_contractions::<Complex<f32>>(300, 50, &[3, 9, 20], 20_000);
        random_contractions::<Complex<f64>>(300, 60, &[3, 9, 20], 20_000);
        random_contractions::<i32>(400, 70, &[3, 9, 20], 20_000);
        random_contractions::<i64>(400, 80, &[3, 9, 20], 20_000);
        random_contractions::<f32>(40, 30, &[2, 40, 150], 300_000);
        random_contractions::<f64>(40, 40, &[2, 40, 150], 300_000);
        random_contractions::<i64>(40, 90, &[2, 40, 150], 300_000);
    });
}

/// Shapes that reach each form and order of packing.
#[test]
fn forms() {
    on_every_kind(|_| {
        let mut random = Random(3);
        let (a, b, c, d) = (0, 1, 2, 3);
        let mut run = |letters: &[Letter], orders: [&[usize]; 3]| {
            for mode in modes::<f32>(&mut random) {
                check(case::<f32>(letters, orders, &mut random, None), mode, &orders);
            }
            for mode in modes::<f64>(&mut random) {
                check(case::<f64>(letters, orders, &mut random, None), mode, &orders);
            }
            for mode in modes::<Complex<f64>>(&mut random) {
                check(case::<Complex<f64>>(letters, orders, &mut random, None), mode, &orders);
            }
        };
        // Rows adjacent in C in longer runs than in X.
        run(
            &[letter(9, "xc"), letter(7, "xc"), letter(30, "yc"), letter(5, "xy")],
            [&[a, d, b], &[c, d], &[c, a, b]],
        );
        // X's unit loop is another of rows: panels apart, and turned.
        run(
            &[letter(37, "xc"), letter(50, "xc"), letter(30, "yc"), letter(6, "xy")],
            [&[a, d, b], &[c, d], &[c, b, a]],
        );
        run(
            &[letter(37, "xc"), letter(50, "xc"), letter(3, "yc"), letter(9, "xy")],
            [&[a, d, b], &[c, d], &[c, b, a]],
        );
        run(
            &[letter(9, "xc"), letter(200, "xc"), letter(5, "yc"), letter(700, "xy")],
            [&[a, d, b], &[c, d], &[c, b, a]],
        );
        // Along steps, in two loops of them.
        run(
            &[letter(37, "xc"), letter(30, "yc"), letter(7, "xy"), letter(11, "xy")],
            [&[a, c, d], &[d, b, c], &[b, a]],
        );
        run(
            &[letter(20, "xc"), letter(30, "yc"), letter(70, "xy"), letter(11, "xy")],
            [&[a, c, d], &[d, b, c], &[b, a]],
        );
        // Batch last.
        run(
            &[letter(9, "xc"), letter(7, "yc"), letter(5, "xy"), letter(37, "xyc")],
            [&[a, c, d], &[c, b, d], &[a, b, d]],
        );
        // Batch first.
        run(
            &[letter(9, "xc"), letter(7, "yc"), letter(5, "xy"), letter(6, "xyc")],
            [&[d, a, c], &[d, c, b], &[d, a, b]],
        );
        // Products side by side in X, or in both operands: panels apart, in blocks of steps or of products.
        for (rows, steps, products) in [(9, 300, 5), (20, 7, 37), (3, 30, 2)] {
            let letters = [
                letter(rows, "xc"),
                letter(13, "yc"),
                letter(steps, "xy"),
                letter(products, "xyc"),
            ];
            run(&letters, [&[c, a, d], &[d, c, b], &[d, b, a]]);
            run(&letters, [&[a, c, d], &[b, c, d], &[b, d, a]]);
        }
    });
}

/// Lays letters out as they are and at random, and checks a case of each.
fn check_both<T: Sample>(letters: &[Letter], orders: [&[usize]; 3], random: &mut Random) {
    let mut odd = Random(random.below(1 << 30) as u64);
    for odd in [None, Some(&mut odd)] {
        let mode = modes(random)[random.below(4)];
        let case = case::<T>(letters, orders, random, odd);
        check(case, mode, &(letters, orders));
    }
}

/// Results that are turned, in blocks across whose extents do not divide the loop's.
#[test]
fn turned() {
    on_every_level(|_| {
        let mut random = Random(6);
        let (a, b, c, d) = (0, 1, 2, 3);
        for across in (8..=18).chain(31..=34).chain(113..=120).chain(225..=248) {
            let letters =
                [letter(across, "xc"), letter(18, "xc"), letter(2, "yc"), letter(4, "xy")];
            let orders: [&[usize]; 3] = [&[a, d, b], &[c, d], &[c, b, a]];
            check_both::<f32>(&letters, orders, &mut random);
            check_both::<f64>(&letters, orders, &mut random);
        }
    });
}

/// Few rows, so that a tile has few vectors, and columns along several loops, some in more than one block.
#[test]
fn pairs_of_columns() {
    on_every_level(|_| {
        let mut random = Random(7);
        let (a, b, c, d, e) = (0, 1, 2, 3, 4);
        for [n, inner, innermost] in
            [[1, 2, 4], [2, 3, 2], [3, 5, 1], [2, 1, 7], [4, 5, 3], [5, 2, 9], [3, 31, 25]]
        {
            for rows in [1, 7, 8, 9, 16, 17, 31, 80] {
                let letters = [
                    letter(rows, "xc"),
                    letter(n, "yc"),
                    letter(inner, "yc"),
                    letter(innermost, "yc"),
                    letter(3, "xy"),
                ];
                for x in [&[e, a], &[a, e]] {
                    let orders: [&[usize]; 3] = [x, &[b, e, c, d], &[c, b, d, a]];
                    check_both::<f32>(&letters, orders, &mut random);
                    check_both::<f64>(&letters, orders, &mut random);
                    check_both::<Complex<f32>>(&letters, orders, &mut random);
                }
            }
        }
    });
}

/// Runs of rows in C that are no multiple of a vector, with so many steps that sums go through a buffer.
#[test]
fn collected() {
    on_every_kind(|_| {
        let mut random = Random(4);
        let (a, b, c, d, e) = (0, 1, 2, 3, 4);
        let mut each = |letters: &[Letter]| {
            // X's rows are adjacent, or its steps.
            for x in [&[d, e, c, a], &[c, a, d, e], &[c, d, e, a], &[d, c, a, e]] {
                let orders: [&[usize]; 3] = [x, &[e, d, b], &[c, b, a]];
                check_both::<f32>(letters, orders, &mut random);
                check_both::<f64>(letters, orders, &mut random);
                check_both::<Complex<f32>>(letters, orders, &mut random);
                check_both::<Complex<f64>>(letters, orders, &mut random);
            }
        };
        for run in (1..=18).chain([31, 33, 47]) {
            let (n, k) = ([7, 13, 50][run % 3], 6 + run % 2);
            let steps = [letter(k, "xy"), letter(2, "xy")];
            each(&[letter(run, "xc"), letter(n, "yc"), letter(5, "xc"), steps[0], steps[1]]);
        }
        // Several blocks of steps.
        let steps = [letter(43, "xy"), letter(25, "xy")];
        each(&[letter(5, "xc"), letter(7, "yc"), letter(3, "xc"), steps[0], steps[1]]);
    });
}

/// Outputs larger than the caches, as the engine has it in tests, in short runs of rows.
#[test]
fn images() {
    on_every_kind(|_| {
        let mut random = Random(5);
        let (a, b, c, d, e, f) = (0, 1, 2, 3, 4, 5);
        for run in (1..=9).chain([12, 16, 17, 33]) {
            for x in [&[f, e, c, a], &[e, c, a, f], &[f, a, c, e], &[a, f, e, c]] {
                // Enough of them to be transposed in blocks inside of an image, or not.
                let some = if run % 3 == 0 { 9 } else { 4 };
                for last in ["xc", "yc"] {
                    let letters = [
                        letter(run, "xc"),
                        letter(6, "yc"),
                        letter(some, "xc"),
                        letter(3 + run % 4, "yc"),
                        letter(6, last),
                        letter(5, "xy"),
                    ];
                    for out in [&[e, d, c, b, a], &[d, e, b, c, a]] {
                        let orders: [&[usize]; 3] = [x, &[d, f, b, e], out];
                        check_both::<f32>(&letters, orders, &mut random);
                        check_both::<f64>(&letters, orders, &mut random);
                        check_both::<Complex<f64>>(&letters, orders, &mut random);
                    }
                }
            }
        }
    });
}

/// Many tiny products, in any order of loops.
fn many_products<T: Sample>(rounds: usize, seed: u64, [m, n, k]: [usize; 3]) {
    let mut random = Random(seed);
    let mut data = Random(seed + 1);
    for round in 0..rounds {
        let mut extent = |most: usize| 1 + random.below(most);
        let letters = [
            letter(extent(110), "xyc"),
            letter(extent(m), "xc"),
            letter(extent(n), "yc"),
            letter(extent(k), "xy"),
            letter(if extent(4) == 1 { 3 } else { 1 }, "xyc"),
        ];
        let mut orders = [[0, 4, 1, 2, 3]; 3];
        for order in &mut orders {
            for i in 1..5 {
                order.swap(i, random.below(i + 1));
            }
            if !random.one_in(3) {
                // As in an array of products.
                order.sort_by_key(|&l| l % 4 != 0);
            }
        }
        let odd = random.one_in(3).then_some(&mut random);
        let case = case::<T>(&letters, [&orders[0], &orders[1], &orders[2]], &mut data, odd);
        let mode = modes(&mut data)[(round / 2 % 4) * (round % 2)];
        check(case, mode, &round);
    }
}

#[test]
fn many() {
    on_every_level(|_| {
        // With one column there are other kernels, whose lanes are steps.
        let extents =
            [[6, 5, 6], [2, 2, 9], [9, 9, 9], [35, 20, 4], [9, 1, 40], [70, 1, 9], [5, 1, 150]];
        for (i, extents) in extents.into_iter().enumerate() {
            let seed = 10 * i as u64;
            many_products::<f32>(150, 70 + seed, extents);
            many_products::<f64>(150, 80 + seed, extents);
            many_products::<i32>(80, 110 + seed, extents);
            many_products::<i64>(80, 115 + seed, extents);
            many_products::<Complex<f32>>(100, 90 + seed, extents);
            many_products::<Complex<f64>>(100, 100 + seed, extents);
        }
    });
}

/// Many products whose elements are all adjacent, by rows or by columns in each array, of blocks of any number of products.
fn adjacent_products<T: Sample>(extents: [usize; 3], random: &mut Random) {
    let [m, n, k] = extents;
    let products = 160 + random.below(40);
    let letters = [letter(products, "xyc"), letter(m, "xc"), letter(n, "yc"), letter(k, "xy")];
    for arrangement in 0..8 {
        let order = |bit: usize, [first, second]: [usize; 2]| match arrangement >> bit & 1 {
            0 => [0, first, second],
            _ => [0, second, first],
        };
        let (x, y, c) = (order(0, [1, 3]), order(1, [3, 2]), order(2, [1, 2]));
        let case = case::<T>(&letters, [&x, &y, &c], random, None);
        let mode = modes(random)[random.below(4)];
        check(case, mode, &(extents, arrangement));
    }
}

#[test]
fn adjacent() {
    on_every_level(|_| {
        let mut random = Random(400);
        for m in [1, 2, 3, 5, 8] {
            for n in [1, 2, 4, 6] {
                for k in 1..=9 {
                    adjacent_products::<f32>([m, n, k], &mut random);
                    adjacent_products::<f64>([m, n, k], &mut random);
                }
            }
        }
    });
}

/// Products with one operand in common: one or two loops over rows of that, and one or two over the others.
fn products_with_one<T: Sample>(rounds: usize, seed: u64, [m, n, k]: [usize; 3]) {
    let mut random = Random(seed);
    let mut data = Random(seed + 1);
    for round in 0..rounds {
        let mut extent = |most: usize| 1 + random.below(most);
        let (own, other) = if extent(2) == 1 { ("xc", "yc") } else { ("yc", "xc") };
        let letters = [
            letter(120 + extent(300), other),
            letter(extent(m), own),
            letter(if extent(2) == 1 { extent(m) } else { 1 }, own),
            letter(if extent(3) == 1 { extent(n) } else { 1 }, other),
            letter(extent(k), "xy"),
        ];
        let mut orders = [[0, 1, 2, 3, 4]; 3];
        for order in &mut orders {
            for i in 1..5 {
                order.swap(i, random.below(i + 1));
            }
            // Products are adjacent, or lie one behind the other.
            match random.below(3) {
                0 => order.sort_by_key(|&l| l == 0),
                1 => order.sort_by_key(|&l| l != 0),
                _ => {}
            }
        }
        let odd = random.one_in(3).then_some(&mut random);
        let case = case::<T>(&letters, [&orders[0], &orders[1], &orders[2]], &mut data, odd);
        let mode = modes(&mut data)[(round / 2 % 4) * (round % 2)];
        check(case, mode, &round);
    }
}

#[test]
fn many_with_one() {
    on_every_level(|_| {
        for (i, extents) in [[4, 3, 5], [9, 1, 9], [8, 4, 17], [30, 2, 3]].into_iter().enumerate() {
            let seed = 10 * i as u64;
            products_with_one::<f32>(100, 120 + seed, extents);
            products_with_one::<f64>(100, 170 + seed, extents);
            products_with_one::<i32>(60, 320 + seed, extents);
            products_with_one::<i64>(60, 370 + seed, extents);
            products_with_one::<Complex<f32>>(60, 220 + seed, extents);
            products_with_one::<Complex<f64>>(60, 270 + seed, extents);
        }
    });
}

/// Many small matrices, by rows or by columns, times the same vector.
fn matrices_with_one_vector<T: Sample>(rounds: usize, random: &mut Random) {
    for round in 0..rounds {
        let (own, both) = if random.one_in(2) { ("xc", "xy") } else { ("yc", "xy") };
        let letters = [
            letter(2 + random.below(80), own),
            letter(2 + random.below(34), own),
            letter(2 + random.below(34), both),
        ];
        let mut orders = [[0, 1, 2]; 3];
        for order in &mut orders[..2] {
            order.swap(1, 1 + random.below(2));
        }
        orders[2].swap(0, random.below(2));
        let mode = modes(random)[round % 4];
        let case = case::<T>(&letters, [&orders[0], &orders[1], &orders[2]], random, None);
        check(case, mode, &(round, own));
    }
}

#[test]
fn many_with_one_vector() {
    on_every_level(|_| {
        let mut random = Random(500);
        matrices_with_one_vector::<f32>(300, &mut random);
        matrices_with_one_vector::<f64>(300, &mut random);
        matrices_with_one_vector::<Complex<f32>>(60, &mut random);
        matrices_with_one_vector::<Complex<f64>>(60, &mut random);
    });
}
