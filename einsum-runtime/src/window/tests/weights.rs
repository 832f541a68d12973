//! Weights of windows with some channels on both sides: sums along rows of the image, whose elements may lie apart.

use super::{Array, Integer, Random, TAKEN, Way, Window, axis, check};
use crate::kernel::level::{Level, on_every_level};

/// Weights of windows over rows that fill vectors, with every padding and a step, along one axis or two.
pub(super) fn check_weights<T: Integer>(random: &mut Random, step: usize, rounds: usize) {
    for _ in 0..rounds {
        let most = [4, 4, 18];
        let mut extents: Vec<usize> = most.map(|most| 1 + random.below(most)).to_vec();
        let [b, c, o] = [0, 1, 2].map(|n| axis(extents[n], 0, &[(n, 1)]));
        let (mut x, mut w, mut y) = (vec![b.clone(), c.clone()], vec![o.clone(), c], vec![b, o]);
        let windows = 1 + random.below(2);
        for number in 0..windows {
            let (row, reach) = if number + 1 == windows { (60, 11) } else { (9, 4) };
            let (n, k) = (row / 3 + random.below(row), 1 + random.below(reach));
            let (s, d) = (step, 1 + random.below(8) / 7);
            let pad = random.below(2) * random.below(d * k + 1);
            let extent = (s * (n - 1) + d * (k - 1) + 1).saturating_sub(2 * pad).max(1);
            let window = Window { steps: [s, d], points: [n, k], pad, extent };
            window.push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        let [x, w, y] = [x, w, y].map(|axes| Array::lay(random, axes));
        check::<T, 2>(random, &extents, &[x.clone(), y.clone()], &w);
        check::<T, 2>(random, &extents, &[y, x], &w);
    }
}

/// Checks both real types on every level, and that a way is taken often.
fn check_real(way: Way, step: usize, rounds: usize) {
    let mut random = Random(31);
    on_every_level(|level| {
        let before = TAKEN.get()[way as usize];
        check_weights::<f32>(&mut random, step, rounds);
        check_weights::<f64>(&mut random, step, rounds / 2);
        let taken = TAKEN.get()[way as usize] - before;
        println!("{taken}");
        assert!(taken > 10 || level < Level::Avx2, "{taken}");
    });
}

#[test]
fn along_rows() {
    check_real(Way::TapsAtEdges, 1, 150);
}

#[test]
fn along_rows_apart() {
    check_real(Way::TapsTogether, 2, 50);
    check_real(Way::TapsTogether, 3, 30);
}
