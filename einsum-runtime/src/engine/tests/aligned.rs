//! Products along a loop that is adjacent in both operands.

use super::strips::check_exchanged;
use super::*;
use crate::engine::aligned::Aligned;
use crate::engine::machine::Supported;
use crate::kernel::level::Level;

/// Lanes that are products, of which the last vector has some: ijf,jkf->ikf.
#[test]
fn batches_last() {
    on_every_level(|_| {
        let mut random = Random(310);
        for f in [4, 5, 8, 9, 31, 64] {
            for [i, k] in [[1, 2], [2, 1], [2, 3], [3, 4], [4, 3], [5, 7], [9, 6]] {
                for j in [1, 2, 5] {
                    let letters = [(i, "xc"), (j, "xy"), (k, "yc"), (f, "xyc")];
                    check_exchanged(&letters, [&[0, 1, 3], &[1, 2, 3], &[0, 2, 3]], &mut random);
                    check_exchanged(&letters, [&[1, 0, 3], &[2, 1, 3], &[2, 0, 3]], &mut random);
                }
            }
        }
    });
}

/// Lanes that are summed: mft,nft->fmn.
#[test]
fn long_sums() {
    on_every_level(|_| {
        let mut random = Random(311);
        for t in [4, 7, 8, 16, 33, 100] {
            for [m, n] in [[1, 2], [2, 2], [3, 3], [3, 4], [4, 4], [5, 8], [13, 1]] {
                let letters = [(m, "xc"), (n, "yc"), (7, "xyc"), (t, "xy"), (3, "xy")];
                let (without, with) = (&letters[..4], &letters[..]);
                check_exchanged(without, [&[0, 2, 3], &[1, 2, 3], &[2, 0, 1]], &mut random);
                check_exchanged(with, [&[0, 4, 2, 3], &[1, 4, 2, 3], &[2, 0, 1]], &mut random);
                check_exchanged(with, [&[4, 0, 2, 3], &[1, 2, 4, 3], &[2, 1, 0]], &mut random);
                let letters: Vec<Letter> =
                    with.iter().map(|(n, arrays)| letter(*n, arrays)).collect();
                let orders: [&[usize]; 3] = [&[0, 4, 2, 3], &[1, 4, 2, 3], &[2, 0, 1]];
                check_both::<f32>(&letters, orders, &mut random);
                check_both::<f64>(&letters, orders, &mut random);
            }
        }
    });
}

/// Several loops over rows, columns, and products.
#[test]
fn other_loops() {
    on_every_level(|_| {
        let mut random = Random(312);
        for [f, t] in [[9, 3], [3, 9]] {
            let letters =
                [(2, "xc"), (5, "xc"), (3, "yc"), (2, "yc"), (4, "xyc"), (f, "xyc"), (t, "xy")];
            let orders: [[&[usize]; 3]; 2] = [
                [&[0, 4, 1, 6, 5], &[6, 2, 4, 3, 5], &[2, 4, 0, 3, 1, 5]],
                [&[1, 5, 0, 4, 6], &[3, 4, 2, 5, 6], &[4, 1, 2, 0, 3, 5]],
            ];
            for orders in orders {
                check_exchanged(&letters, orders, &mut random);
            }
        }
    });
}

#[test]
fn aligned_are_small_and_adjacent() {
    on_every_level(|level| {
        let Some(machine) = Complex::<f64>::machine() else { return };
        let dim = |extent: usize, out, x, y, summed| Dim { extent, out, sources: [x, y], summed };
        let with = |n: usize, lanes: usize, step: isize| {
            let [wide, l] = [n, lanes].map(usize::cast_signed);
            Dims::from_slice(&[
                dim(n, wide * l, wide * l, 0, false),
                dim(n, 0, l, wide * l, true),
                dim(n, l, 0, l, false),
                dim(lanes, 1, step, 1, false),
            ])
        };
        let is_aligned = |dims: &Dims<2>| Aligned::of(&machine, dims).is_some();
        assert_eq!(is_aligned(&with(12, 513, 1)), level > Level::Plain);
        // A source with other steps, lanes that fill less than half of a vector, and products that no cache holds.
        assert!(!is_aligned(&with(12, 513, 2)));
        assert!(!is_aligned(&with(12, 1, 1)));
        assert!(!is_aligned(&with(200, 64, 1)));
    });
}
