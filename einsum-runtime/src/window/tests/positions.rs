//! Windows for some results whose lanes are positions, or channels that are summed: planes with any padding and step, and the
//! gradients.

use super::{Array, Integer, Random, TAKEN, Way, Window, axis, check};
use crate::kernel::level::{Level, on_every_level};

/// Checks a convolution of a line, a plane, or a volume, some as large as their results, for images and in groups, or with channels
/// innermost, and its gradients.
pub(super) fn check_positions<T: Integer>(random: &mut Random, rounds: usize) {
    for _ in 0..rounds {
        let are_adjacent = random.one_in(2);
        let most = if are_adjacent { [3, 1, 40, 20] } else { [2, 2, 3, 19] };
        let mut extents: Vec<usize> = most.map(|most| 1 + random.below(most)).to_vec();
        extents[3] += 2;
        let [b, g, c, o] = [0, 1, 2, 3].map(|n| axis(extents[n], 0, &[(n, 1)]));
        let (mut x, mut w, mut y) = (vec![b.clone()], vec![], vec![b]);
        let windows = 1 + random.below(3);
        let is_same = random.one_in(2);
        let longest = if are_adjacent { [4, 9] } else { [12 / windows, 40] };
        for number in 0..windows {
            let longest = longest[usize::from(number + 1 == windows)];
            let (s, d) = match is_same {
                true => (1, 1),
                false => {
                    (1 + random.below(if are_adjacent { 3 } else { 2 }), 1 + random.below(4) / 3)
                }
            };
            let (n, k) = (1 + random.below(longest), 1 + random.below(5));
            let (k, pad) = match is_same {
                true => (k / 2 * 2 + 1, k / 2),
                // Also further than the window reaches, and less at the other end.
                false => (k, random.below(2) * random.below(d * (k - 1) + 3)),
            };
            let reach = s * (n - 1) + d * (k - 1) + 1;
            let extent = (reach.saturating_sub(2 * pad) + random.below(s)).max(1);
            let window = Window { steps: [s, d], points: [n, k], pad, extent };
            window.push(&mut extents, [&mut x, &mut w, &mut y]);
        }
        if are_adjacent {
            x.push(c.clone());
            y.push(o.clone());
            // Those of a result follow each other, or not.
            let first = if random.one_in(2) { 0 } else { w.len() };
            w.insert(first, o);
            w.insert(w.len() - usize::from(first > 0), c);
        } else {
            x.splice(1..1, [g.clone(), c.clone()]);
            w.splice(0..0, [g.clone(), o.clone(), c]);
            y.splice(1..1, [g, o]);
        }
        let lay = |random: &mut Random, axes| match random.one_in(2) {
            true => Array::adjacent(axes),
            false => Array::lay(random, axes),
        };
        let [x, w, y] = [x, w, y].map(|axes| lay(random, axes));
        check::<T, 2>(random, &extents, &[x.clone(), w.clone()], &y);
        check::<T, 2>(random, &extents, &[w.clone(), y.clone()], &x);
        check::<T, 2>(random, &extents, &[x, y], &w);
    }
}

#[test]
fn lanes_are_positions() {
    let mut random = Random(41);
    on_every_level(|level| {
        let ways = [Way::Positions, Way::SummedLanes];
        let taken = || ways.map(|way| TAKEN.get()[way as usize]);
        let before = taken();
        check_positions::<f32>(&mut random, 160);
        check_positions::<f64>(&mut random, 100);
        let taken = [0, 1].map(|way| taken()[way] - before[way]);
        println!("{taken:?}");
        assert!(taken.iter().all(|taken| *taken > 8) || level < Level::Avx512, "{taken:?}");
    });
}
