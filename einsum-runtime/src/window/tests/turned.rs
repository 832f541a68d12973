//! Convolutions of adjacent channels with few results for each position, and both gradients.

use super::{Integer, Random, TAKEN, Way, Window, axis, check_with_gradients};
use crate::kernel::level::{Level, on_every_level};

pub(super) fn check_few_results<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        let mut extents = [3, 9, 4].map(|most| 1 + random.below(most)).to_vec();
        let [b, c, o] = [0, 1, 2].map(|n| axis(extents[n], 0, &[(n, 1)]));
        let (mut x, mut w, mut y) = (vec![b.clone()], vec![], vec![b]);
        for _ in 0..1 + random.below(2) {
            let (s, d) = (1 + random.below(5) / 3, 1 + random.below(4) / 3);
            let (n, k) = (1 + random.below(18), 1 + random.below(4));
            let pad = random.below(2) * random.below(k);
            let extent = (s * (n - 1) + d * (k - 1) + 1).saturating_sub(2 * pad).max(1);
            let window = Window { steps: [s, d], points: [n, k], pad, extent };
            window.push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        x.push(c.clone());
        y.push(o.clone());
        // The weights of a result follow each other, or not.
        let first = if random.one_in(2) { 0 } else { w.len() };
        w.insert(first, o);
        w.insert(w.len() - usize::from(first > 0), c);
        check_with_gradients::<T>(random, &extents, [x, w, y]);
    }
}

#[test]
fn few_results() {
    let mut random = Random(14);
    on_every_level(|level| {
        let before = TAKEN.get()[Way::Turned as usize];
        check_few_results::<f32>(&mut random, 200);
        check_few_results::<f64>(&mut random, 100);
        let taken = TAKEN.get()[Way::Turned as usize] - before;
        println!("{taken}");
        assert!(taken > 30 || level < Level::Avx2, "{taken}");
    });
    check_few_results::<i32>(&mut random, 20);
}
