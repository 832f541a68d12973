//! The same bits for any number of threads: random nests of fractions, whose sums depend on the order of summation.
//! Tests divide computations of less than a microsecond, so that all of these are.

use num_complex::{Complex32, Complex64};

use crate::element::Element;
use crate::kernel::{Dim, Dims, Kernel, Mode, Read};
use crate::oracle::Random;

trait Bits: Element + core::fmt::Debug {
    fn fraction(random: &mut Random) -> Self;
    fn bits(self) -> [u64; 2];
}

macro_rules! bits {
    ($($real:ident $complex:ident),*) => { $(
        impl Bits for $real {
            fn fraction(random: &mut Random) -> Self {
                random.below(1 << 20) as $real / 1e6 - 0.5
            }
            fn bits(self) -> [u64; 2] {
                [u64::from(self.to_bits()), 0]
            }
        }
        impl Bits for $complex {
            fn fraction(random: &mut Random) -> Self {
                $complex::new($real::fraction(random), $real::fraction(random))
            }
            fn bits(self) -> [u64; 2] {
                [self.re, self.im].map(|part| u64::from(part.to_bits()))
            }
        }
    )* };
}
bits!(f32 Complex32, f64 Complex64);

/// Runs a nest in pools of several sizes, and compares. In every array its dims are in some order; those that it lacks
/// have step 0.
fn check<T: Bits, const P: usize>(
    random: &mut Random,
    kernel: Kernel<T, P>,
    extents: &[usize],
    (out, sources): (&[usize], [&[usize]; P]),
    pools: &[rayon_core::ThreadPool],
) {
    let place = |order: &[usize]| {
        let mut steps = vec![0_isize; extents.len()];
        let mut step = 1;
        for &d in order.iter().rev() {
            steps[d] = step;
            step *= extents[d].cast_signed();
        }
        (steps, step.cast_unsigned())
    };
    let (out_steps, out_len) = place(out);
    let placed = sources.map(place);
    let dims: Dims<P> = (0..extents.len())
        .map(|d| Dim {
            extent: extents[d],
            out: out_steps[d],
            sources: core::array::from_fn(|p| placed[p].0[d]),
            summed: !out.contains(&d),
        })
        .collect();
    let mode = match random.below(4) {
        0 => Mode::Scale { alpha: T::fraction(random), beta: T::fraction(random) },
        _ => Mode::Assign,
    };
    let memory: [Vec<T>; P] =
        core::array::from_fn(|p| (0..placed[p].1).map(|_| T::fraction(random)).collect());
    let before: Vec<T> = (0..out_len).map(|_| T::fraction(random)).collect();
    let conjugated: [bool; P] = core::array::from_fn(|_| random.below(3) == 0);
    let run = || {
        let mut actual = before.clone();
        let reads =
            core::array::from_fn(|p| Read { ptr: memory[p].as_ptr(), conjugated: conjugated[p] });
        // SAFETY: the vectors are as large as their dims say, and points of the output differ.
        unsafe { kernel(&mut dims.clone(), reads, actual.as_mut_ptr(), mode) };
        actual.into_iter().map(T::bits).collect::<Vec<_>>()
    };
    let alone = pools[0].install(run);
    for pool in &pools[1..] {
        assert!(pool.install(run) == alone, "{dims:?} {mode:?} {}", pool.current_num_threads());
    }
}

/// Random dims in random orders.
fn check_random<T: Bits, const P: usize>(rounds: usize, seed: u64, kernel: Kernel<T, P>) {
    let pools = [1, 2, 3, 7]
        .map(|threads| rayon_core::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    let mut random = Random(seed);
    for _ in 0..rounds {
        let rank = 1 + random.below(6);
        let mut extents: Vec<usize> = (0..rank)
            .map(|_| match random.below(3) {
                0 => 1 + random.below(9),
                1 => 1 + random.below(70),
                _ => 1 + random.below(3000),
            })
            .collect();
        while extents.iter().product::<usize>() > 300_000 {
            *extents.iter_mut().max().unwrap() /= 2;
        }
        let mut order: Vec<usize> = (0..rank).collect();
        let mut shuffle = |random: &mut Random| {
            for i in 1..rank {
                order.swap(i, random.below(i + 1));
            }
            order.clone()
        };
        // A third of the dims each: in all arrays, summed, and in all but one source.
        let roles: Vec<usize> = (0..rank).map(|_| random.below(2 + P)).collect();
        let mut out = shuffle(&mut random);
        out.retain(|&d| roles[d] != 0);
        let sources: [Vec<usize>; P] = core::array::from_fn(|p| {
            let mut source = shuffle(&mut random);
            source.retain(|&d| P == 1 || roles[d] != 2 + p);
            source
        });
        let sources = core::array::from_fn(|p| sources[p].as_slice());
        check(&mut random, kernel, &extents, (&out, sources), &pools);
    }
}

#[test]
fn one_source() {
    check_random(60, 1, f32::KERNELS.unary);
    check_random(60, 2, f64::KERNELS.unary);
    check_random(20, 3, Complex32::KERNELS.unary);
    check_random(20, 4, Complex64::KERNELS.unary);
}

/// Products that the engine collects, and those that it forms in an image.
fn check_buffered<T: Bits>(seed: u64) {
    let pools = [1, 2, 3, 7]
        .map(|threads| rayon_core::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    let random = &mut Random(seed);
    let kernel = T::KERNELS.binary;
    for _ in 0..4 {
        let (run, n) = (1 + random.below(40), 7 + random.below(120));
        let extents = [run, n, 5 + random.below(9), 50 + random.below(50)];
        check(random, kernel, &extents, (&[2, 1, 0], [&[3, 2, 0], &[3, 1]]), &pools);
        check(random, kernel, &extents, (&[2, 1, 0], [&[2, 0, 3], &[1, 3]]), &pools);
        let extents = [1 + random.below(20), 6, 7, 5, 4 + random.below(9), 9];
        check(random, kernel, &extents, (&[4, 3, 2, 1, 0], [&[4, 2, 0, 5], &[3, 5, 1]]), &pools);
        check(random, kernel, &extents, (&[4, 3, 2, 1, 0], [&[0, 5, 2], &[3, 5, 4, 1]]), &pools);
    }
}

#[test]
fn buffered() {
    check_buffered::<f32>(9);
    check_buffered::<f64>(10);
    check_buffered::<Complex32>(11);
    check_buffered::<Complex64>(12);
}

#[test]
fn two_sources() {
    check_random(100, 5, f32::KERNELS.binary);
    check_random(100, 6, f64::KERNELS.binary);
    check_random(40, 7, Complex32::KERNELS.binary);
    check_random(40, 8, Complex64::KERNELS.binary);
}

/// The kernels for several factors, or nothing where they do not take a nest.
#[cfg(target_arch = "x86_64")]
unsafe fn product<T: crate::staged::Staged, const P: usize>(
    dims: &mut Dims<P>,
    sources: [Read<T>; P],
    out: *mut T,
    mode: Mode<T>,
) {
    use crate::kernel::raw::{RawMode, RawRead};
    let step = |d: &Dim<P>, p: usize| d.sources.get(p).copied().unwrap_or(0);
    let all = dims.iter().map(|d| Dim {
        extent: d.extent,
        out: d.out,
        sources: core::array::from_fn(|p| step(d, p)),
        summed: d.summed,
    });
    let (out, mode) = (out.cast(), RawMode::of(&mode));
    // SAFETY: the caller's duties.
    unsafe {
        crate::staged::product::<T>(&mut all.collect(), &sources.map(RawRead::of), out, mode);
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn several_sources() {
    check_random(60, 13, product::<f32, 3>);
    check_random(60, 14, product::<f64, 4>);
    check_random(40, 15, product::<Complex32, 4>);
    check_random(40, 16, product::<Complex64, 3>);
    let pools = [1, 2, 3, 7]
        .map(|threads| rayon_core::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    let random = &mut Random(17);
    for out in [&[][..], &[1], &[2, 0]] {
        let (x, y, z) = (&[0, 1, 2][..], &[1, 2, 0][..], &[2, 0][..]);
        for extents in [[40, 50, 60], [100, 5, 64], [3, 90, 200]] {
            check(random, product::<f32, 4>, &extents, (out, [x, y, z, y]), &pools);
            check(random, product::<Complex64, 3>, &extents, (out, [y, x, z]), &pools);
        }
    }
}
