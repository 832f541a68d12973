//! Lanes along the source without windows: many channels on small planes, with any padding and step, and the gradients.

use super::{Array, Integer, Random, TAKEN, Way, Window, axis, check, check_with_gradients};
use crate::kernel::level::{Level, on_every_level};

/// Checks a convolution of a plane or a line, in groups or not, and both gradients.
fn check_planes<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        let mut extents = vec![1 + random.below(3), 1 + random.below(2)];
        extents.extend([1 + random.below(6), 3 + random.below(38)]);
        let [batch, group, input, output] =
            [0, 1, 2, 3].map(|number| axis(extents[number], 0, &[(number, 1)]));
        let (mut x, mut w, mut y) = (vec![], vec![], vec![]);
        let windows = 1 + random.below(2);
        for _ in 0..windows {
            let (s, d) = (1 + random.below(3), 1 + random.below(4) / 3);
            let (n, k) = (1 + random.below(12 / windows), 1 + random.below(5));
            // Also further than the window reaches, and less at the other end.
            let pad = random.below(d * (k - 1) + 3);
            let reach = s * (n - 1) + d * (k - 1) + 1;
            let extent = (reach.saturating_sub(2 * pad) + random.below(s + 1)).max(1);
            let window = Window { steps: [s, d], points: [n, k], pad, extent };
            window.push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        // Channels before the plane, or after it.
        let at = random.below(2) * windows;
        x.splice(at..at, [group.clone(), input.clone()]);
        w.splice(at..at, [group.clone(), output.clone(), input]);
        y.splice(at..at, [group, output]);
        x.insert(0, batch.clone());
        y.insert(0, batch);
        check_with_gradients::<T>(random, &extents, [x, w, y]);
    }
}

#[test]
fn planes() {
    let mut random = Random(8);
    on_every_level(|level| {
        let taken = || [Way::Broadcast, Way::AddedParts].map(|way| TAKEN.get()[way as usize]);
        let before = taken();
        check_planes::<f32>(&mut random, 200);
        check_planes::<f64>(&mut random, 150);
        let taken: [usize; 2] = core::array::from_fn(|way| taken()[way] - before[way]);
        println!("{taken:?}");
        assert!(taken.iter().all(|taken| *taken > 100) || level == Level::Plain, "{taken:?}");
    });
}

/// A plane whose only window lies beside it: sums of nothing, in whatever memory.
#[test]
fn nothing_is_read() {
    let mut random = Random(9);
    on_every_level(|_| {
        let extents = [2, 8, 32, 5, 5, 2, 2];
        let along = |number: usize| axis(extents[number], 0, &[(number, 1)]);
        let window = |number: usize| axis(3, 7, &[(number, 1), (number + 2, 1)]);
        let x = vec![along(0), along(1), window(3), window(4)];
        let w = vec![along(2), along(1), along(5), along(6)];
        let y = vec![along(0), along(2), along(3), along(4)];
        let [x, w, y] = [x, w, y].map(|axes| Array::lay(&mut random, axes));
        check::<f32, 2>(&mut random, &extents, &[x, w], &y);
    });
}
