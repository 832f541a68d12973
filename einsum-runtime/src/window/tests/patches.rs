//! Windows that lie beside each other, and both gradients: every position of the image is in one of them.

use num_complex::Complex64;

use super::{Integer, Random, TAKEN, Way, Window, axis, check_with_gradients};
use crate::kernel::level::on_every_level;

/// Patches along some axes, in some of which a few positions are left over.
fn check_patches<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        let mut extents = [2, 4, 19].map(|most| 1 + random.below(most)).to_vec();
        let [b, c, o] = [0, 1, 2].map(|n| axis(extents[n], 0, &[(n, 1)]));
        let (mut x, mut w, mut y) = (vec![b.clone()], vec![o.clone()], vec![b]);
        let is_last = random.one_in(2);
        if !is_last {
            x.push(c.clone());
            w.push(c.clone());
            y.push(o.clone());
        }
        for _ in 0..1 + random.below(2) {
            // The loops may have changed places: points of the window are as far apart as windows are long.
            let [n, k] = [1 + random.below(9), 1 + random.below(5)];
            let steps = if random.one_in(4) { [1, n] } else { [k, 1] };
            let extent = n * k + if random.one_in(4) { random.below(3) } else { 0 };
            Window { steps, points: [n, k], pad: 0, extent }
                .push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        if is_last {
            x.push(c.clone());
            w.push(c);
            y.push(o);
        }
        check_with_gradients::<T>(random, &extents, [x, w, y]);
    }
}

#[test]
fn patches() {
    let mut random = Random(31);
    on_every_level(|_| {
        let before = TAKEN.get()[Way::Digits as usize];
        check_patches::<f32>(&mut random, 200);
        check_patches::<f64>(&mut random, 100);
        let taken = TAKEN.get()[Way::Digits as usize] - before;
        println!("{taken}");
        assert!(taken > 100, "{taken}");
    });
    check_patches::<Complex64>(&mut random, 20);
    check_patches::<i64>(&mut random, 20);
}
