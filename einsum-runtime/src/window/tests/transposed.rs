//! Convolutions with a step, and the gradients of their images, whose channels fill vectors.

use super::{Integer, Random, TAKEN, Way, Window, axis, check_with_gradients};
use crate::kernel::level::{Level, on_every_level};

/// Along one axis or two, the rows with a step; where `is_odd`, some positions are in no window, or in parts of them alone.
fn check_steps<T: Integer>(random: &mut Random, rounds: usize) {
    let lanes = 64 / size_of::<T>();
    for _ in 0..rounds {
        let is_odd = random.one_in(2);
        let channels = lanes * (1 + random.below(3)) - usize::from(is_odd) * random.below(2);
        let mut extents = vec![1 + random.below(3), channels, 1 + random.below(5)];
        let [b, c, o] = [0, 1, 2].map(|n| axis(extents[n], 0, &[(n, 1)]));
        let (mut x, mut w, mut y) = (vec![b.clone(), c.clone()], vec![o.clone(), c], vec![b, o]);
        for is_row in [false, true] {
            if !is_row && random.one_in(2) {
                continue;
            }
            let (s, d) = (1 + usize::from(is_row) + random.below(2), 1 + random.below(4) / 3);
            let (n, k) = (2 + random.below(6), 1 + random.below(4));
            let pad = random.below(2) * random.below(k);
            let left = if is_odd { random.below(3) } else { 0 };
            let extent = (s * (n - 1) + d * (k - 1) + 1 + left).saturating_sub(2 * pad).max(1);
            let window = Window { steps: [s, d], points: [n, k], pad, extent };
            window.push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        check_with_gradients::<T>(random, &extents, [x, w, y]);
    }
}

#[test]
fn steps() {
    let mut random = Random(77);
    on_every_level(|level| {
        let before = TAKEN.get()[Way::Transposed as usize];
        check_steps::<f32>(&mut random, 150);
        check_steps::<f64>(&mut random, 150);
        let taken = TAKEN.get()[Way::Transposed as usize] - before;
        assert!(taken > 60 || level < Level::Avx2, "{taken}");
    });
}
