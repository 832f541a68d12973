//! Convolutions and their gradients.

use num_complex::{Complex32, Complex64};

use super::positions::check_positions;
use super::random_axes::check_random;
use super::stencils::{
    ADJACENT, APART, LONG, SHORT, SMALL, check_depthwise, check_dilated, check_rows_in_blocks,
    check_same,
};
use super::turned::check_few_results;
use super::weights::check_weights;
use super::{Array, Integer, Random, TAKEN, Window, axis, check, check_with_gradients};
use crate::kernel::level::{Level, on_every_level};

/// Convolutions along one axis or two, and both gradients: every stride, dilation, and padding.
fn check_convolutions<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        // Small ones, and some that are worth buffers.
        let is_large = random.one_in(2);
        let windows = if is_large && random.one_in(2) { 1 } else { 1 + random.below(2) };
        let most = match (is_large, windows) {
            (false, _) => 4,
            (true, 1) => 20,
            (true, _) => 9,
        };
        let mut extents: Vec<usize> =
            vec![1 + random.below(4), 1 + random.below(most), 1 + random.below(most)];
        let (mut x, mut w, mut y) =
            (vec![axis(extents[0], 0, &[(0, 1)]), axis(extents[1], 0, &[(1, 1)])], vec![], vec![]);
        w.push(axis(extents[2], 0, &[(2, 1)]));
        w.push(axis(extents[1], 0, &[(1, 1)]));
        y.push(axis(extents[0], 0, &[(0, 1)]));
        y.push(axis(extents[2], 0, &[(2, 1)]));
        for _ in 0..windows {
            let (s, d) = (1 + random.below(3), 1 + random.below(3));
            let longest = if is_large && windows == 1 { 40 } else { 9 };
            let (n, k) = (1 + random.below(longest), 1 + random.below(5));
            let pad = random.below(d * (k - 1) + 3);
            let reach = s * (n - 1) + d * (k - 1) + 1;
            // Up to the last position that is read, or beyond.
            let extent = (reach.saturating_sub(2 * pad) + random.below(s + 1)).max(1);
            let window = Window { steps: [s, d], points: [n, k], pad, extent };
            window.push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        let [x, w, y] = [x, w, y].map(|axes| Array::lay(random, axes));
        check::<T, 2>(random, &extents, &[x.clone(), w.clone()], &y);
        check::<T, 2>(random, &extents, &[y.clone(), w.clone()], &x);
        check::<T, 2>(random, &extents, &[x, y], &w);
    }
}

/// Convolutions along three axes, some of one position or with windows of one point, and both gradients.
fn check_volumes<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        let mut extents: Vec<usize> = [2, 3, 18].map(|most| 1 + random.below(most)).to_vec();
        let [b, c, o] = [0, 1, 2].map(|n| axis(extents[n], 0, &[(n, 1)]));
        let (mut x, mut w, mut y) = (vec![b.clone(), c.clone()], vec![o.clone(), c], vec![b, o]);
        for _ in 0..3 {
            let (s, d) = (1 + random.below(4) / 3, 1 + random.below(4) / 3);
            let (n, k) = (1 + random.below(5), 1 + random.below(3));
            let pad = random.below(k);
            let extent = (s * (n - 1) + d * (k - 1) + 1).saturating_sub(2 * pad).max(1);
            let window = Window { steps: [s, d], points: [n, k], pad, extent };
            window.push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        check_with_gradients::<T>(random, &extents, [x, w, y]);
    }
}

#[test]
fn volumes() {
    let mut random = Random(21);
    on_every_level(|_| {
        check_volumes::<f32>(&mut random, 60);
        check_volumes::<f64>(&mut random, 30);
    });
    check_volumes::<Complex32>(&mut random, 10);
    check_volumes::<i32>(&mut random, 10);
}

#[test]
fn convolutions() {
    let mut random = Random(1);
    on_every_level(|_| {
        check_convolutions::<f32>(&mut random, 200);
        check_convolutions::<f64>(&mut random, 60);
        check_depthwise::<f32>(&mut Random(5), APART, 80);
        check_depthwise::<f32>(&mut Random(7), ADJACENT, 20);
        check_depthwise::<f64>(&mut Random(15), SHORT, 40);
        check_same::<f32>(&mut Random(10), SMALL, 80);
        check_same::<f64>(&mut Random(12), LONG, 100);
        check_few_results::<f64>(&mut Random(13), 40);
        check_volumes::<f64>(&mut Random(22), 30);
        check_weights::<f32>(&mut Random(32), 2, 60);
        check_positions::<f32>(&mut Random(42), 40);
    });
    check_convolutions::<Complex32>(&mut random, 40);
    check_convolutions::<Complex64>(&mut random, 20);
    check_convolutions::<i32>(&mut random, 40);
    check_convolutions::<i64>(&mut random, 20);
    check_random::<f64, 2>(&mut random, 100);
    check_dilated();
    check_rows_in_blocks();
    println!("{:?}", TAKEN.get());
    // Some ways are those of AVX-512, or hardly ever the best one with AVX2.
    let has_all_ways = Level::current() == Level::Avx512;
    assert!(!has_all_ways || TAKEN.get().iter().all(|taken| *taken > 3), "{:?}", TAKEN.get());
}
