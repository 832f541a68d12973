//! Nests over many points of few elements each, whose lanes are picked: random loops in random orders, with gaps and backwards,
//! on integers with exact equality.

use num_complex::{Complex32, Complex64};

use super::{Random, Sample, bytes, points, room};
use crate::engine::{picked, totalled};
use crate::kernel::level::{Level, on_every_level};
use crate::kernel::prepare::prepare;
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

/// Returns a number that is no zero, with integer parts.
fn number<T: Sample>(random: &mut Random) -> T {
    let mut part = || [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0][random.below(6)];
    T::of(part(), part())
}

/// A kernel that says whether it has taken a nest.
type Taking<T, const P: usize> = unsafe fn(&Dims<P>, [Read<T>; P], *mut T, Mode<T>) -> bool;

/// Runs a nest on random numbers, with `kernel` on every level. Returns whether one has taken it, which only AVX-512 may.
fn check<T: Sample, const P: usize>(
    random: &mut Random,
    (dims, mode): (&Dims<P>, Mode<T>),
    kernel: Taking<T, P>,
) -> bool {
    let (c_len, c_first) = room(dims.iter().map(|d| (d.extent, d.out)));
    let rooms: [_; P] =
        core::array::from_fn(|p| room(dims.iter().map(|d| (d.extent, d.sources[p]))));
    // Single sources are not taken if they are conjugated.
    let conjugated = [(); P].map(|()| P > 1 && T::PARTS == 2 && random.one_in(2));
    // What no point reads is no number.
    let nothing = T::of(f64::NAN, 0.0);
    let mut memory = rooms.map(|(len, _)| vec![nothing; len]);
    let at = |i: isize| usize::try_from(i).expect("inside");
    let firsts = rooms.map(|(_, first)| first);
    points(dims, (c_first, firsts), &mut |_, read| {
        for (memory, read) in memory.iter_mut().zip(read) {
            memory[at(read)] = number(random);
        }
    });
    let offset = 3;
    let mut before = vec![nothing; c_len + 2 * offset];
    let mut sums = vec![None; before.len()];
    let (alpha, beta) = match mode {
        Mode::Assign => (T::ONE, T::ZERO),
        Mode::Scale { alpha, beta } => (alpha, beta),
    };
    points(dims, (c_first, firsts), &mut |c, read| {
        let values = (0..P).map(|p| match (memory[p][at(read[p])], conjugated[p]) {
            (value, true) => T::conj(value),
            (value, false) => value,
        });
        let product = values.fold(T::ONE, T::mul);
        let sum = &mut sums[at(c) + offset];
        *sum = Some(sum.map_or(product, |sum| T::add(sum, product)));
    });
    if beta != T::ZERO {
        for (before, _) in before.iter_mut().zip(&sums).filter(|(_, sum)| sum.is_some()) {
            *before = number(random);
        }
    }
    let entered = |(&before, sum): (&T, Option<T>)| match sum {
        None => before,
        Some(sum) if beta == T::ZERO => T::mul(alpha, sum),
        Some(sum) => T::add(T::mul(alpha, sum), T::mul(beta, before)),
    };
    let expected: Vec<T> = before.iter().zip(sums).map(entered).collect();
    let mut is_taken = false;
    on_every_level(|level| {
        let mut c = before.clone();
        let reads = core::array::from_fn(|p| Read {
            ptr: memory[p].as_ptr().wrapping_offset(firsts[p]),
            conjugated: conjugated[p],
        });
        let out = c[offset..].as_mut_ptr().wrapping_offset(c_first);
        // SAFETY: `room` holds all points; those of the output are apart.
        let is_done = unsafe { kernel(dims, reads, out, mode) };
        assert!(!is_done || level == Level::Avx512);
        let expected = if is_done { &expected } else { &before };
        // Sums of parts that are scaled may be another zero.
        let with_one_zero =
            |memory: &[T]| memory.iter().map(|&x| T::add(x, T::ZERO)).collect::<Vec<T>>();
        let (actual, expected) = (with_one_zero(&c), with_one_zero(expected));
        assert!(bytes(&actual) == bytes(&expected), "{level:?} {dims:?} {mode:?}");
        is_taken |= is_done;
    });
    is_taken
}

/// Returns loops of these extents, of which some are summed over, over arrays in random orders.
fn nest<const P: usize>(random: &mut Random, extents: &[usize], is_summed: &[bool]) -> Dims<P> {
    let out = steps(random, extents, |i| !is_summed[i]);
    let sources: [Vec<isize>; P] = core::array::from_fn(|_| {
        let is_along: Vec<bool> = (0..extents.len()).map(|_| !random.one_in(3)).collect();
        steps(random, extents, |i| is_along[i])
    });
    (0..extents.len())
        .map(|i| Dim {
            extent: extents[i],
            out: out[i],
            sources: core::array::from_fn(|p| sources[p][i]),
            summed: is_summed[i],
        })
        .collect()
}

/// Returns whether a nest with a long loop that is kept is one of those that are picked.
fn check_kept<T: Sample, const P: usize>(random: &mut Random) -> bool {
    let mut extents = vec![160 + random.below(40)];
    extents.extend((0..random.below(4)).map(|_| 2 + random.below(7)));
    let is_summed: Vec<bool> = (0..extents.len()).map(|i| i > 0 && random.one_in(3)).collect();
    let mut dims = nest::<P>(random, &extents, &is_summed);
    if T::PARTS == 2 {
        // Where loops start does not matter here.
        let mut nowhere = [Read { ptr: core::ptr::null::<T>(), conjugated: false }; P];
        prepare(&mut dims, &mut nowhere, &mut core::ptr::null_mut());
    }
    let mode = match P == 2 && random.one_in(3) {
        true => Mode::Scale { alpha: T::of(-2.0, 0.0), beta: T::ZERO },
        false => Mode::Assign,
    };
    check(random, (&dims, mode), picked::<T, P>)
}

/// Returns whether a nest with a long loop that is summed over is one of those of totals.
fn check_total<T: Sample>(random: &mut Random) -> bool {
    let mut extents = vec![1024 + random.below(100)];
    extents.extend((0..1 + random.below(3)).map(|_| 2 + random.below(5)));
    let is_summed: Vec<bool> = (0..extents.len()).map(|i| i == 0 || random.one_in(3)).collect();
    let mut dims = nest::<2>(random, &extents, &is_summed);
    // Sums are over both sources, one of which may be the same for all points.
    if dims[0].sources == [0; 2] {
        return false;
    }
    dims.rotate_left(1);
    let alpha = T::of([1.0, -2.0][random.below(2)], 0.0);
    let mode = match random.below(3) {
        0 => Mode::Scale { alpha, beta: T::of(3.0, 0.0) },
        1 => Mode::Scale { alpha, beta: T::ZERO },
        _ => Mode::Assign,
    };
    check(random, (&dims, mode), totalled::<T>)
}

fn has_kernels() -> bool {
    Level::current() == Level::Avx512
}

#[test]
fn random_nests_of_few_elements() {
    let mut random = Random(1);
    let mut taken = [0; 7];
    for _ in 0..3000 {
        let r = &mut random;
        taken[0] += usize::from(check_kept::<f32, 1>(r)) + usize::from(check_kept::<f64, 1>(r));
        taken[1] += usize::from(check_kept::<f32, 2>(r)) + usize::from(check_kept::<f64, 2>(r));
        taken[2] += usize::from(check_kept::<Complex32, 1>(r));
        taken[3] += usize::from(check_kept::<Complex64, 1>(r));
        taken[4] += usize::from(check_kept::<i32, 1>(r)) + usize::from(check_kept::<i64, 1>(r));
        taken[5] += usize::from(check_kept::<i32, 2>(r)) + usize::from(check_kept::<i64, 2>(r));
        taken[6] +=
            usize::from(check_kept::<Complex32, 2>(r)) + usize::from(check_kept::<Complex64, 2>(r));
    }
    assert!(!has_kernels() || taken.iter().all(|&taken| taken > 300), "{taken:?} taken");
}

#[test]
fn random_totals_of_few_elements() {
    let mut random = Random(2);
    let taken = (0..600)
        .filter(|_| {
            [check_total::<f32>(&mut random), check_total::<f64>(&mut random)].contains(&true)
        })
        .count();
    assert!(!has_kernels() || taken > 100, "{taken} taken");
    let of_integers = (0..300)
        .filter(|_| {
            [check_total::<i32>(&mut random), check_total::<i64>(&mut random)].contains(&true)
        })
        .count();
    assert!(!has_kernels() || of_integers > 50, "{of_integers} taken");
}

/// Small matrices that do not fit in two vectors are taken in parts.
#[test]
fn matrices_in_parts() {
    let mut random = Random(3);
    for d in [6_usize, 7, 8] {
        let n = 200;
        let along = |extent: usize, out: usize, source: usize| Dim {
            extent,
            out: out.cast_signed(),
            sources: [source.cast_signed()],
            summed: false,
        };
        // nij->nji, nij->inj of 2 by 2
        let turned = [along(n, d * d, d * d), along(d, 1, d), along(d, d, 1)];
        let apart = [along(n, 2, 4), along(2, 2 * n, 2), along(2, 1, 1)];
        for dims in [turned, apart] {
            let dims = Dims::from_slice(&dims);
            let is_taken = check::<f32, 1>(&mut random, (&dims, Mode::Assign), picked::<f32, 1>);
            assert_eq!(is_taken, has_kernels(), "{dims:?}");
        }
    }
    // nijk->nj of 4 by 4 by 4: parts of the sums.
    let along = |extent, out, source, summed| Dim { extent, out, sources: [source], summed };
    let dims = [
        along(200, 4, 64, false),
        along(4, 0, 16, true),
        along(4, 1, 4, false),
        along(4, 0, 1, true),
    ];
    let dims = Dims::from_slice(&dims);
    let is_taken = check::<f64, 1>(&mut random, (&dims, Mode::Assign), picked::<f64, 1>);
    assert_eq!(is_taken, has_kernels());
}

/// More loops around the points, which are not the longest one here: ab,cd->acbd.
#[test]
fn loops_around_points() {
    fn check_around<T: Sample>(random: &mut Random) {
        let along = |extent, out, sources| Dim { extent, out, sources, summed: false };
        for [c, d] in [[2_usize, 2_usize], [3, 2], [2, 3]] {
            let (a, b) = (171_usize, 163_usize);
            let row = (b * d).cast_signed();
            let dims = Dims::from_slice(&[
                along(a, c.cast_signed() * row, [b.cast_signed(), 0]),
                along(c, row, [0, d.cast_signed()]),
                along(b, d.cast_signed(), [1, 0]),
                along(d, 1, [0, 1]),
            ]);
            let is_taken = check::<T, 2>(random, (&dims, Mode::Assign), picked::<T, 2>);
            assert_eq!(is_taken, has_kernels(), "{dims:?}");
        }
    }
    let mut random = Random(4);
    check_around::<f32>(&mut random);
    check_around::<f64>(&mut random);
    check_around::<Complex32>(&mut random);
    check_around::<Complex64>(&mut random);
    check_around::<i64>(&mut random);
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
