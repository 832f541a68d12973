//! Small padded images, and both gradients: on copies with zeros where several results share what they read.

use num_complex::Complex64;

use super::{Integer, Random, TAKEN, Way, Window, axis, check_with_gradients};
use crate::kernel::level::on_every_level;

/// Along one axis or two, with any steps, and more padding than the window is long now and then: images of zeros alone.
fn check_small<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        let mut extents = vec![1 + random.below(2), 3 + random.below(3)];
        let [c, o] = [0, 1].map(|n| axis(extents[n], 0, &[(n, 1)]));
        let (mut x, mut w, mut y) = (vec![c.clone()], vec![o.clone(), c], vec![o]);
        for is_row in [false, true] {
            if !is_row && random.one_in(2) {
                continue;
            }
            let (s, d) = (1 + random.below(3), 1 + random.below(2));
            let (n, k) = (1 + random.below(3), 1 + random.below(3));
            let pad = random.below(k * d + 2);
            let extent = (s * (n - 1) + d * (k - 1) + 1).saturating_sub(2 * pad).max(1);
            let window = Window { steps: [s, d], points: [n, k], pad, extent };
            window.push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        check_with_gradients::<T>(random, &extents, [x, w, y]);
    }
}

#[test]
fn small_images() {
    let mut random = Random(113);
    on_every_level(|_| {
        let before = TAKEN.get()[Way::Few as usize];
        check_small::<f32>(&mut random, 100);
        check_small::<f64>(&mut random, 50);
        let taken = TAKEN.get()[Way::Few as usize] - before;
        assert!(taken > 60, "{taken}");
    });
    check_small::<Complex64>(&mut random, 50);
    check_small::<i32>(&mut random, 50);
}
