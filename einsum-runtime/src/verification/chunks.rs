//! Sums of few results, which are formed in chunks: random loops in random orders, with gaps and backwards, entering the
//! output in every way, on integers with exact equality.

use num_complex::{Complex32, Complex64};

use super::{Random, Sample, points, room};
use crate::element::Element;
use crate::kernel::level::on_every_level;
use crate::kernel::{Dim, Dims, Kernel, Kernels, Mode, Read};
use crate::threads::in_chunks;

/// Lays an array along loops in a random order, those not `is_along` at step 0.
fn steps(random: &mut Random, extents: &[usize], is_along: &[bool]) -> Vec<isize> {
    let mut order: Vec<usize> = (0..extents.len()).filter(|&i| is_along[i]).collect();
    for i in 1..order.len() {
        order.swap(i, random.below(i + 1));
    }
    let (mut steps, mut step) = (vec![0; extents.len()], if random.one_in(5) { 2 } else { 1 });
    for i in order {
        steps[i] = if random.one_in(5) { -step } else { step };
        step = step * extents[i].cast_signed() + if random.one_in(5) { 3 } else { 0 };
    }
    steps
}

fn integer<T: Sample>(random: &mut Random) -> T {
    let mut part = || random.below(7) as f64 - 3.0;
    T::of(part(), part())
}

/// Returns whether the nest is one of those that are cut.
fn check<T: Sample, const P: usize>(
    random: &mut Random,
    kernel: Kernel<T, P>,
    plain: Kernel<T, P>,
) -> bool {
    let kept: Vec<usize> = (0..random.below(3)).map(|_| 2 + random.below(6)).collect();
    let summed = (0..1 + random.below(2)).map(|_| 20 + random.below(150));
    let extents: Vec<usize> = kept.iter().copied().chain(summed).collect();
    let is_summed: Vec<bool> = (0..extents.len()).map(|i| i >= kept.len()).collect();
    let out = steps(random, &extents, &is_summed.iter().map(|s| !s).collect::<Vec<_>>());
    let sources: [Vec<isize>; P] = core::array::from_fn(|p| {
        let is_along: Vec<bool> = (0..extents.len()).map(|_| p == 0 || !random.one_in(4)).collect();
        steps(random, &extents, &is_along)
    });
    let dims: Dims<P> = (0..extents.len())
        .map(|i| Dim {
            extent: extents[i],
            out: out[i],
            sources: core::array::from_fn(|p| sources[p][i]),
            summed: is_summed[i],
        })
        .collect();
    let mode = match random.below(3) {
        0 => Mode::Assign,
        1 => Mode::Scale { alpha: T::of(-2.0, 0.0), beta: T::ZERO },
        _ => Mode::Scale { alpha: T::of(3.0, 0.0), beta: T::of(-1.0, 0.0) },
    };
    let conjugated: [bool; P] = core::array::from_fn(|_| random.one_in(3));
    let (c_len, c_first) = room(dims.iter().map(|d| (d.extent, d.out)));
    let rooms: [_; P] =
        core::array::from_fn(|p| room(dims.iter().map(|d| (d.extent, d.sources[p]))));
    let memory: [Vec<T>; P] = rooms.map(|(len, _)| (0..len).map(|_| integer(random)).collect());
    let before: Vec<T> = (0..c_len).map(|_| integer(random)).collect();
    let at = |i: isize| usize::try_from(i).expect("inside");
    let mut sums = vec![None; c_len];
    let firsts = rooms.map(|(_, first)| first);
    points(&dims, (c_first, firsts), &mut |c, read| {
        let values = (0..P).map(|p| {
            let value = memory[p][at(read[p])];
            if conjugated[p] { T::conj(value) } else { value }
        });
        let product = values.fold(T::ONE, T::mul);
        let sum = &mut sums[at(c)];
        *sum = Some(sum.map_or(product, |sum| T::add(sum, product)));
    });
    let entered = |(&before, sum): (&T, Option<T>)| match (sum, mode) {
        (None, _) => before,
        (Some(sum), Mode::Assign) => sum,
        (Some(sum), Mode::Scale { alpha, beta }) => {
            T::add(T::mul(alpha, sum), T::mul(beta, before))
        }
    };
    let expected: Vec<T> = before.iter().zip(sums).map(entered).collect();
    let reads = core::array::from_fn(|p| Read {
        ptr: memory[p].as_ptr().wrapping_offset(firsts[p]),
        conjugated: conjugated[p],
    });
    let mut is_cut = false;
    on_every_level(|level| {
        let mut c = before.clone();
        let out = c.as_mut_ptr().wrapping_offset(c_first);
        // SAFETY: `room` holds all points; those of the output are apart.
        is_cut = unsafe { in_chunks(&dims, reads, out, mode, plain) };
        let wanted = if is_cut { &expected } else { &before };
        assert!(&c == wanted, "{level:?} {dims:?} {mode:?} {conjugated:?}");
        c.clone_from(&before);
        let out = c.as_mut_ptr().wrapping_offset(c_first);
        // SAFETY: as above.
        unsafe { kernel(&mut dims.clone(), reads, out, mode) };
        assert!(c == expected, "{level:?} {dims:?} {mode:?} {conjugated:?}");
    });
    is_cut
}

#[test]
fn random_sums_of_few_results() {
    let mut random = Random(1);
    macro_rules! count {
        ($type:ty) => {{
            let (own, plain) = (<$type>::KERNELS, Kernels::<$type>::GENERIC);
            let r = &mut random;
            let cut = [check(r, own.unary, plain.unary), check(r, own.binary, plain.binary)];
            cut.iter().filter(|cut| **cut).count()
        }};
    }
    let mut cut = 0;
    for _ in 0..200 {
        cut += count!(f32) + count!(f64) + count!(Complex32) + count!(Complex64);
    }
    assert!(cut > 400, "{cut} of 1600");
}

/// What threads can share without that is left whole, and so is what is soon done.
#[test]
fn many_results_and_short_sums_are_left_whole() {
    let kept = |extent, out, source| Dim { extent, out, sources: [source], summed: false };
    let summed = |extent, source| Dim { extent, out: 0, sources: [source], summed: true };
    let (x, mut c) = (vec![1_f64; 1 << 18], vec![0_f64; 1 << 10]);
    let read = [Read { ptr: x.as_ptr(), conjugated: false }];
    let plain = Kernels::<f64>::GENERIC.unary;
    let nests = [
        (vec![kept(1 << 9, 1, 1 << 9), summed(1 << 9, 1)], false),
        (vec![kept(1 << 5, 1, 1 << 13), summed(1 << 13, 1)], false),
        (vec![kept(1 << 4, 1, 1 << 14), summed(1 << 14, 1)], true),
        (vec![kept(1 << 9, 1, 1), summed(1 << 9, 1 << 9)], true),
        (vec![summed(1 << 18, 1)], true),
        (vec![summed(1 << 9, 1)], false),
    ];
    for (dims, is_cut) in nests {
        // SAFETY: all points are inside, and those of the output apart.
        let done = unsafe { in_chunks(&dims, read, c.as_mut_ptr(), Mode::Assign, plain) };
        assert_eq!(done, is_cut, "{dims:?}");
    }
}
