//! Nests over many points of few elements each, whose lanes are picked: random loops in random orders, with gaps and backwards,
//! on integers with exact equality.

use super::{Random, Sample, bytes, points, room};
use crate::engine::picked;
use crate::kernel::level::{Level, on_every_level};
use crate::kernel::{Dim, Dims, Mode, Read};

/// Lays an array along loops in a random order, the first of them outside: from an element to the next, or further.
fn steps(random: &mut Random, extents: &[usize], is_along: impl Fn(usize) -> bool) -> Vec<isize> {
    let mut order: Vec<usize> = (1..extents.len()).filter(|&i| is_along(i)).collect();
    for i in 1..order.len() {
        order.swap(i, random.below(i + 1));
    }
    let (mut steps, mut step) = (vec![0; extents.len()], if random.one_in(6) { 2 } else { 1 });
    for i in order {
        steps[i] = if random.one_in(6) { -step } else { step };
        step = step * extents[i].cast_signed() + if random.one_in(6) { 1 } else { 0 };
    }
    if is_along(0) {
        steps[0] = step;
    }
    steps
}

/// Returns whether the nest is one of those that are picked.
fn check<T: Sample, const P: usize>(random: &mut Random) -> bool {
    let loops = 1 + random.below(4);
    let mut extents = vec![160 + random.below(40)];
    extents.extend((1..loops).map(|_| 2 + random.below(4)));
    let is_summed: Vec<bool> = (0..loops).map(|i| i > 0 && random.one_in(3)).collect();
    let out = steps(random, &extents, |i| !is_summed[i]);
    let sources: [Vec<isize>; P] = core::array::from_fn(|_| {
        let is_along: Vec<bool> = (0..loops).map(|_| !random.one_in(3)).collect();
        steps(random, &extents, |i| is_along[i])
    });
    let dims: Dims<P> = (0..loops)
        .map(|i| Dim {
            extent: extents[i],
            out: out[i],
            sources: core::array::from_fn(|p| sources[p][i]),
            summed: is_summed[i],
        })
        .collect();
    let alpha = if P == 2 && random.one_in(3) { T::of(-2.0, 0.0) } else { T::ONE };
    let mode = match alpha == T::ONE {
        true => Mode::Assign,
        false => Mode::Scale { alpha, beta: T::ZERO },
    };
    let (c_len, c_first) = room(dims.iter().map(|d| (d.extent, d.out)));
    let rooms: [_; P] =
        core::array::from_fn(|p| room(dims.iter().map(|d| (d.extent, d.sources[p]))));
    // What no point reads is no number.
    let mut memory = rooms.map(|(len, _)| vec![T::of(f64::NAN, 0.0); len]);
    let at = |i: isize| usize::try_from(i).expect("inside");
    let firsts = rooms.map(|(_, first)| first);
    points(&dims, (c_first, firsts), &mut |_, read| {
        for (memory, read) in memory.iter_mut().zip(read) {
            memory[at(read)] = T::of([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0][random.below(6)], 0.0);
        }
    });
    let offset = 3;
    let before = vec![T::of(f64::NAN, 0.0); c_len + 2 * offset];
    let mut sums = vec![None; before.len()];
    points(&dims, (c_first, firsts), &mut |c, read| {
        let values = read.iter().zip(&memory).map(|(&i, memory)| memory[at(i)]);
        let product = values.fold(T::ONE, T::mul);
        let sum = &mut sums[at(c) + offset];
        *sum = Some(sum.map_or(product, |sum| T::add(sum, product)));
    });
    let scaled = |sum: T| T::mul(alpha, sum);
    let expected: Vec<T> = before.iter().zip(sums).map(|(&b, sum)| sum.map_or(b, scaled)).collect();
    let mut is_taken = false;
    on_every_level(|level| {
        let mut c = before.clone();
        let reads = core::array::from_fn(|p| Read {
            ptr: memory[p].as_ptr().wrapping_offset(firsts[p]),
            conjugated: false,
        });
        let out = c[offset..].as_mut_ptr().wrapping_offset(c_first);
        // SAFETY: `room` holds all points; those of the output are apart.
        let is_done = unsafe { picked::<T, P>(&dims, reads, out, mode) };
        assert!(!is_done || level == Level::Avx512);
        let expected = if is_done { &expected } else { &before };
        assert!(bytes(&c) == bytes(expected), "{level:?} {dims:?} {mode:?}");
        is_taken |= is_done;
    });
    is_taken
}

#[test]
fn random_nests_of_few_elements() {
    let has_kernels = Level::current() == Level::Avx512;
    let mut random = Random(1);
    let taken = (0..6000)
        .filter(|_| {
            let r = &mut random;
            [check::<f32, 1>(r), check::<f64, 1>(r), check::<f32, 2>(r), check::<f64, 2>(r)]
                .contains(&true)
        })
        .count();
    assert!(!has_kernels || taken > 3000, "{taken} taken");
}

/// A diagonal, and short rows that lie far apart: a block would hold next to nothing.
#[test]
fn elements_far_apart_are_left_to_others() {
    let along = |out, source| Dim { extent: 300, out, sources: [source], summed: false };
    let (x, mut c) = (vec![1_f32; 300 * 301], vec![0_f32; 600]);
    let read = [Read { ptr: x.as_ptr(), conjugated: false }];
    let pair = Dim { extent: 2, out: 1, sources: [1], summed: false };
    for dims in [Dims::from_slice(&[along(1, 301)]), Dims::from_slice(&[along(2, 300), pair])] {
        on_every_level(|_| {
            // SAFETY: all points are inside, and those of the output apart.
            assert!(!unsafe { picked::<f32, 1>(&dims, read, c.as_mut_ptr(), Mode::Assign) });
        });
    }
}
