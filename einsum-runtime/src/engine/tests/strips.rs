//! Complex rows times a small matrix, in [strips](crate::engine::strips) or one after the other, and short batches of long rows.

use super::*;
use crate::engine::machine::Supported;
use crate::engine::strips::Strips;
use crate::kernel::level::Level;

/// Both types of complex numbers.
fn check_complex(letters: &[Letter], [x, y, c]: [&[usize]; 3], random: &mut Random) {
    check_both::<Complex<f32>>(letters, [x, y, c], random);
    check_both::<Complex<f64>>(letters, [x, y, c], random);
}

/// The same with the sources exchanged.
pub(super) fn check_exchanged(
    letters: &[(usize, &str)],
    [x, y, c]: [&[usize]; 3],
    random: &mut Random,
) {
    let exchanged = |arrays: &str| match arrays {
        "xc" => "yc",
        "yc" => "xc",
        _ => "xyc",
    };
    let straight: Vec<Letter> = letters.iter().map(|(n, arrays)| letter(*n, arrays)).collect();
    check_complex(&straight, [x, y, c], random);
    let turned: Vec<Letter> = letters
        .iter()
        .map(|(n, arrays)| letter(*n, if *arrays == "xy" { "xy" } else { exchanged(arrays) }))
        .collect();
    check_complex(&turned, [y, x, c], random);
}

/// Rows up to several strips, with all numbers of columns of a call.
#[test]
fn rows_in_strips() {
    on_every_level(|_| {
        let mut random = Random(300);
        for rows in [4, 7, 8, 31, 65, 300, 1100] {
            for [n, k] in [[2, 2], [3, 5], [4, 9], [5, 2], [7, 3], [16, 16]] {
                // abc,xb->axc
                let letters = [(3, "xc"), (k, "xy"), (rows, "xc"), (n, "yc")];
                check_exchanged(&letters, [&[0, 1, 2], &[3, 1], &[0, 3, 2]], &mut random);
                // fkn,fmk->fmn
                let letters = [(3, "xyc"), (k, "xy"), (rows, "xc"), (n, "yc")];
                check_exchanged(&letters, [&[0, 1, 2], &[0, 3, 1], &[0, 3, 2]], &mut random);
            }
        }
    });
}

/// Steps that are two loops, which go through a panel, and two loops of columns.
#[test]
fn strips_of_panels() {
    on_every_level(|_| {
        let mut random = Random(301);
        for rows in [8, 13, 64, 700] {
            for [b, d, x, y] in [[2, 2, 2, 2], [3, 2, 1, 5], [2, 8, 4, 4], [4, 4, 2, 3]] {
                // abcde,xybd->axcye
                let letters = [
                    (2, "xc"),
                    (b, "xy"),
                    (3, "xc"),
                    (d, "xy"),
                    (rows, "xc"),
                    (x, "yc"),
                    (y, "yc"),
                ];
                let orders: [&[usize]; 3] = [&[0, 1, 2, 3, 4], &[5, 6, 1, 3], &[0, 5, 2, 6, 4]];
                check_exchanged(&letters, orders, &mut random);
            }
        }
    });
}

#[test]
fn strips_are_those_of_gates() {
    on_every_level(|level| {
        let Some(machine) = Complex::<f64>::machine() else { return };
        let dim = |extent, out, x, y, summed| Dim { extent, out, sources: [x, y], summed };
        let gate = |rows: usize, b: isize| {
            let step = rows.cast_signed();
            Dims::from_slice(&[
                dim(10, 2 * step, b * step, 0, false),
                dim(b.cast_unsigned(), 0, step, 1, true),
                dim(rows, 1, 1, 0, false),
                dim(2, step, 0, b, false),
            ])
        };
        assert_eq!(Strips::of(&machine, &gate(64, 2)).is_some(), level != Level::Plain);
        // Few rows, and a large matrix.
        assert!(Strips::of(&machine, &gate(1, 2)).is_none());
        assert!(Strips::of(&machine, &gate(64, 200)).is_none());
    });
}

/// A matrix times the small ones of a batch, which are in one loop with their rows: ij,njk->nik.
#[test]
fn matrices_times_one() {
    on_every_level(|_| {
        let mut random = Random(302);
        for k in [2, 3, 5, 17, 32] {
            for [i, j] in [[2, 2], [3, 4], [9, 3], [32, 5], [33, 2]] {
                let letters = [(i, "yc"), (j, "xy"), (40, "xc"), (k, "xc")];
                check_exchanged(&letters, [&[2, 1, 3], &[0, 1], &[2, 0, 3]], &mut random);
            }
        }
    });
}

/// Rows of several vectors each, which are multiplied by one vector for each of few products: nji,ij->nj and bki,bi->bk.
#[test]
fn short_batches() {
    on_every_level(|_| {
        let mut random = Random(303);
        for n in [128, 131, 700] {
            for [j, i] in [[2, 9], [3, 6], [5, 5], [15, 15], [4, 12]] {
                let letters = [letter(n, "xc"), letter(j, "xyc"), letter(i, "xy")];
                let orders: [[&[usize]; 3]; 3] = [
                    [&[0, 1, 2], &[2, 1], &[0, 1]],
                    [&[0, 1, 2], &[2, 1], &[1, 0]],
                    [&[1, 0, 2], &[1, 2], &[1, 0]],
                ];
                for orders in orders {
                    check_both::<f32>(&letters, orders, &mut random);
                    check_both::<f64>(&letters, orders, &mut random);
                    check_both::<i64>(&letters, orders, &mut random);
                }
            }
        }
    });
}
