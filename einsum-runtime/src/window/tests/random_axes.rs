//! Axes, positions, and loops at random.

use num_complex::{Complex32, Complex64};

use super::{Array, Integer, Random, axis, check};
use crate::kernel::raw::{RawKernels, Sources};

/// Arrays with axes at random.
pub(super) fn check_random<T: Integer, const P: usize>(random: &mut Random, rounds: usize)
where
    RawKernels: Sources<P>,
{
    for _ in 0..rounds {
        let loops = 1 + random.below(5);
        let extents: Vec<usize> =
            (0..loops).map(|_| if random.one_in(20) { 0 } else { 1 + random.below(6) }).collect();
        let array = |random: &mut Random| {
            let axes = (0..random.below(4))
                .map(|_| {
                    let number = random.below(loops);
                    if random.one_in(2) {
                        return axis(extents[number], 0, &[(number, 1)]);
                    }
                    let terms: Vec<(usize, isize)> = (0..random.below(4))
                        .map(|_| (random.below(loops), random.below(6).cast_signed() - 1))
                        .collect();
                    let offset = random.below(7).cast_signed() - 4;
                    axis(random.below(12), offset, &terms)
                })
                .collect();
            Array::lay(random, axes)
        };
        let sources = core::array::from_fn(|_| array(random));
        let target = array(random);
        check::<T, P>(random, &extents, &sources, &target);
    }
}

#[test]
fn random_axes() {
    let mut random = Random(2);
    check_random::<f32, 2>(&mut random, 1000);
    check_random::<f64, 1>(&mut random, 500);
    check_random::<f32, 1>(&mut random, 500);
    check_random::<i32, 2>(&mut random, 500);
    check_random::<i64, 1>(&mut random, 300);
    check_random::<Complex64, 2>(&mut random, 300);
    check_random::<Complex32, 1>(&mut random, 300);
}
