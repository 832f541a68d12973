//! Nests against one operation at a time, on integer-valued data with exact equality, at every level of the machine.
//! Outputs hold NaN where a kernel must write, and lie between guard elements that it must not change.

mod apart;
mod fold;
mod permutations;
mod products;
mod short;

use num_complex::{Complex32, Complex64};

use super::*;
use crate::kernel::Kernel;
use crate::kernel::level::on_every_kind;
use crate::oracle::{self, Random};

trait Sample: Element + core::fmt::Debug {
    const NAN: Self;
    fn sample(random: &mut Random) -> Self;
    fn is_nan(self) -> bool;
}

macro_rules! sample {
    ($($real:ident $complex:ident),*) => { $(
        impl Sample for $real {
            const NAN: Self = $real::NAN;
            fn sample(random: &mut Random) -> Self {
                random.below(9) as $real - 4.0
            }
            fn is_nan(self) -> bool {
                self.is_nan()
            }
        }
        impl Sample for $complex {
            const NAN: Self = $complex::new($real::NAN, $real::NAN);
            fn sample(random: &mut Random) -> Self {
                $complex::new($real::sample(random), $real::sample(random))
            }
            fn is_nan(self) -> bool {
                self.re.is_nan()
            }
        }
    )* };
}
sample!(f32 Complex32, f64 Complex64);

macro_rules! sample_integer {
    ($($integer:ident)*) => { $(
        impl Sample for $integer {
            const NAN: Self = $integer::MAX;
            fn sample(random: &mut Random) -> Self {
                random.below(9) as $integer - 4
            }
            fn is_nan(self) -> bool {
                self == Self::NAN
            }
        }
    )* };
}
sample_integer!(i32 i64);

/// Steps of an array with some dims, in an order, and the memory that it needs.
struct Placed {
    steps: Vec<isize>,
    first: isize,
    len: usize,
}

/// Places dims from the outermost of `order` to the innermost; the others get step 0.
fn place(random: &mut Random, extents: &[usize], order: &[usize], plain: bool) -> Placed {
    let first = random.below(9).cast_signed();
    let mut placed = Placed { steps: vec![0; extents.len()], first, len: 0 };
    let mut step = if !plain && random.one_in(8) { 2 } else { 1 };
    for &d in order.iter().rev() {
        placed.steps[d] = step;
        step *= extents[d].cast_signed();
        if !plain && random.one_in(4) {
            step += random.below(5).cast_signed();
        }
        if !plain && random.one_in(8) {
            placed.first += placed.steps[d] * (extents[d] - 1).cast_signed();
            placed.steps[d] = -placed.steps[d];
        }
    }
    placed.len = step.cast_unsigned() + 16;
    placed
}

/// Runs a nest whose arrays have their dims in these orders, and compares.
fn check<T: Sample, const P: usize>(
    random: &mut Random,
    kernel: Kernel<T, P>,
    extents: &[usize],
    (out, sources): (&[usize], [&[usize]; P]),
    plain: bool,
) {
    let out = place(random, extents, out, plain);
    let sources = sources.map(|order| place(random, extents, order, plain));
    let dims: Dims<P> = (0..extents.len())
        .map(|d| Dim {
            extent: extents[d],
            out: out.steps[d],
            sources: core::array::from_fn(|p| sources[p].steps[d]),
            summed: out.steps[d] == 0,
        })
        .collect();
    let mode = match random.below(if plain { 9 } else { 6 }) {
        0 => Mode::Scale { alpha: T::sample(random), beta: T::sample(random) },
        1 => Mode::Scale { alpha: T::sample(random), beta: T::ZERO },
        _ => Mode::Assign,
    };
    let memory: [Vec<T>; P] =
        core::array::from_fn(|p| (0..sources[p].len).map(|_| T::sample(random)).collect());
    let conjugated: [bool; P] = core::array::from_fn(|_| random.one_in(4));
    let of = |p: usize| (&memory[p][..], sources[p].first, conjugated[p]);
    let sums = oracle::sums(&dims, core::array::from_fn(of), (out.len, out.first));
    let guard = T::sample(random);
    let mut old = |sum: &Option<T>| match sum {
        None => guard,
        Some(_) if oracle::reads_output(mode) => T::sample(random),
        Some(_) => T::NAN,
    };
    let before: Vec<T> = sums.iter().map(&mut old).collect();
    let entered = before.iter().zip(&sums).map(|(&old, &sum)| oracle::enter(mode, old, sum));
    let expected: Vec<T> = entered.collect();
    on_every_kind(|level| {
        let mut actual = before.clone();
        let reads = core::array::from_fn(|p| Read {
            ptr: memory[p].as_ptr().wrapping_offset(sources[p].first),
            conjugated: conjugated[p],
        });
        let to = actual.as_mut_ptr().wrapping_offset(out.first);
        // SAFETY: `place` keeps all points inside the vectors, and points of the output apart.
        unsafe { kernel(&mut dims.clone(), reads, to, mode) };
        let wrong = (0..actual.len()).find(|&i| actual[i] != expected[i] || actual[i].is_nan());
        assert_eq!(wrong, None, "{level:?} {dims:?} {mode:?} conjugated {conjugated:?}");
    });
}

/// Random dims in random orders, up to `most` points.
fn check_random<T: Sample, const P: usize>(
    rounds: usize,
    seed: u64,
    most: usize,
    kernel: Kernel<T, P>,
) {
    let mut random = Random(seed);
    for _ in 0..rounds {
        let rank = random.below(5);
        let mut extents: Vec<usize> = (0..rank)
            .map(|_| {
                let small = 1 + random.below(9);
                let large = 1 + random.below(300);
                if random.one_in(2) { small } else { large }
            })
            .collect();
        while extents.iter().product::<usize>() > most {
            *extents.iter_mut().max().unwrap() /= 2;
        }
        let mut order: Vec<usize> = (0..rank).collect();
        random.shuffle(&mut order);
        let reduces = random.one_in(2);
        let out: Vec<usize> =
            order.iter().copied().filter(|_| !reduces || !random.one_in(3)).collect();
        let sources: [Vec<usize>; P] = core::array::from_fn(|_| {
            if random.one_in(2) {
                random.shuffle(&mut order);
            }
            let broadcasts = random.one_in(3);
            order.iter().copied().filter(|_| !broadcasts || !random.one_in(4)).collect()
        });
        let sources = core::array::from_fn(|p| sources[p].as_slice());
        let plain = random.one_in(2);
        check(&mut random, kernel, &extents, (&out, sources), plain);
    }
}

#[test]
fn random_copies_and_sums() {
    check_random(1500, 1, 20_000, f32::KERNELS.unary);
    check_random(1500, 2, 20_000, f64::KERNELS.unary);
    check_random(300, 3, 20_000, Complex32::KERNELS.unary);
    check_random(300, 4, 20_000, Complex64::KERNELS.unary);
}

#[test]
fn sums_of_complex_rows() {
    let mut random = Random(9);
    for len in (1..40).chain([4095, 4096, 4097]) {
        for (rows, order) in [(1, [0, 1]), (5, [0, 1]), (5, [1, 0])] {
            let (extents, out, sources) = ([rows, len], [0], [&order[..]]);
            check(&mut random, Complex32::KERNELS.unary, &extents, (&out, sources), true);
            check(&mut random, Complex64::KERNELS.unary, &extents, (&out, sources), true);
        }
    }
}

#[test]
fn random_products() {
    check_random(1500, 5, 20_000, f32::KERNELS.binary);
    check_random(1500, 6, 20_000, f64::KERNELS.binary);
    check_random(300, 7, 20_000, Complex32::KERNELS.binary);
    check_random(300, 8, 20_000, Complex64::KERNELS.binary);
}

std::thread_local! {
    /// How many nests the kernels for three factors have taken.
    static TRIPLES: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

/// The kernels for three factors; what they leave is multiplied one element at a time.
unsafe fn triple<T: Stream>(
    dims: &mut Dims<3>,
    mut sources: [Read<T>; 3],
    mut out: *mut T,
    mode: Mode<T>,
) {
    // SAFETY: the caller's duties.
    unsafe {
        let work = prepare(dims, &mut sources, &mut out);
        if work == Work::Run && T::triple(dims, sources, out, mode) {
            assert!(takes_triple(dims.clone()));
            return TRIPLES.set(TRIPLES.get() + 1);
        }
        let is_sum = dims.iter().any(|d| d.summed);
        let is_scaled = matches!(mode, Mode::Scale { .. });
        assert!(is_sum || is_scaled || !takes_triple(dims.clone()));
        oracle::run(dims, sources, out, mode);
    }
}

#[test]
fn products_of_three() {
    fn check_triples<T: Sample + Stream>(seed: u64, scales: bool) {
        let mut random = Random(seed);
        TRIPLES.set(0);
        let (rows, columns, both): (&[usize], &[usize], &[usize]) = (&[0], &[1], &[0, 1]);
        for extents in [[3, 16], [5, 17], [40, 31], [1, 33], [2, 2100], [70, 1031], [2000, 19]] {
            for sources in [
                [both, both, both],
                [both, rows, columns],
                [columns, both, rows],
                [rows, columns, both],
                [rows, rows, columns],
                [both, rows, rows],
                [both, &[], both],
                [columns, both, both],
                [&[1, 0], both, both],
                [rows, rows, rows],
            ] {
                for plain in [true, false] {
                    check(&mut random, triple::<T>, &extents, (both, sources), plain);
                }
            }
        }
        let levels = TRIPLES.get() / if Level::current() == Level::Avx512 { 2 } else { 1 };
        // Most of the layouts above, where there are kernels at all.
        let fewest = if scales { 60 } else { 40 };
        assert!(Level::current() == Level::Plain || levels > fewest, "{levels}");
        check_random(300, seed, 20_000, triple::<T>);
    }
    check_triples::<f32>(21, true);
    check_triples::<f64>(22, true);
    check_triples::<Complex32>(23, false);
    check_triples::<Complex64>(24, false);
}

/// Every extent around the sides of blocks and tiles, for each type.
#[test]
fn edges() {
    let mut random = Random(9);
    let sides = || (1..=18).chain([63, 64, 65, 71, 72, 73, 127, 135]);
    for rows in sides() {
        for columns in sides() {
            let extents = [rows, columns];
            check(&mut random, f32::KERNELS.unary, &extents, (&[0, 1], [&[1, 0]]), true);
            check(&mut random, f64::KERNELS.unary, &extents, (&[0, 1], [&[1, 0]]), true);
            check(&mut random, f32::KERNELS.unary, &extents, (&[0], [&[0, 1]]), true);
            check(&mut random, f64::KERNELS.unary, &extents, (&[0], [&[0, 1]]), true);
            check(&mut random, f32::KERNELS.unary, &extents, (&[1], [&[0, 1]]), true);
            check(&mut random, f64::KERNELS.unary, &extents, (&[1], [&[0, 1]]), true);
            check(&mut random, f32::KERNELS.binary, &extents, (&[0, 1], [&[0, 1], &[1, 0]]), true);
            check(&mut random, f64::KERNELS.binary, &extents, (&[0, 1], [&[0], &[1]]), true);
            check(&mut random, Complex32::KERNELS.binary, &extents, (&[0, 1], [&[0, 1]; 2]), true);
            check(&mut random, Complex64::KERNELS.binary, &extents, (&[0, 1], [&[0, 1]; 2]), true);
            check(&mut random, Complex32::KERNELS.binary, &extents, (&[0, 1], [&[0], &[1]]), true);
            check(&mut random, Complex64::KERNELS.binary, &extents, (&[0, 1], [&[1], &[0]]), true);
            check(&mut random, f64::KERNELS.binary, &extents, (&[0, 1], [&[1, 0], &[0]]), true);
            check(&mut random, f32::KERNELS.binary, &extents, (&[0], [&[0, 1], &[1]]), true);
            check(&mut random, f64::KERNELS.binary, &extents, (&[0], [&[0, 1], &[0, 1]]), true);
            check(&mut random, f64::KERNELS.binary, &extents, (&[1], [&[0], &[0, 1]]), true);
            check(&mut random, f32::KERNELS.binary, &extents, (&[1], [&[0, 1], &[0, 1]]), true);
        }
    }
}

/// Short rows, several times as many and a few more than those of a period, with a factor that is the same in all of them.
#[test]
fn rows_with_the_same_factor() {
    let mut random = Random(33);
    for len in 1..=17 {
        let copies = (256 / (16 * len)).max(1) * 16;
        for rows in [7, copies - 1, copies, copies + 1, 3 * copies + 5] {
            for plain in [true, false] {
                // For every outer point another row of the factor, in any order, or the same one.
                for factor in [&[0, 3][..], &[3, 0], &[3]] {
                    let (extents, all) = ([2, rows, 1, len], &[0, 2, 1, 3]);
                    check(&mut random, f32::KERNELS.binary, &extents, (all, [factor, all]), plain);
                    check(&mut random, f64::KERNELS.binary, &extents, (all, [all, factor]), plain);
                }
            }
        }
        // A row of several loops.
        let extents = [3, 150, 1 + len % 3, 1 + len % 4];
        let (all, factor) = (&[0, 1, 2, 3], &[3, 0, 2]);
        check(&mut random, f32::KERNELS.binary, &extents, (all, [all, factor]), true);
        check(&mut random, f64::KERNELS.binary, &extents, (all, [factor, all]), true);
    }
}

/// Dot products of rows that are long enough for wide vectors, by any number of them.
#[test]
fn long_rows() {
    let mut random = Random(34);
    for len in [500, 511, 512, 513, 528, 543, 575, 576, 640, 777, 4096, 4097, 9000] {
        for rows in 1..=5 {
            let extents = [rows, len];
            for vector in [&[0, 1][..], &[1]] {
                check(&mut random, f32::KERNELS.binary, &extents, (&[0], [&[0, 1], vector]), true);
                check(&mut random, f64::KERNELS.binary, &extents, (&[0], [vector, &[0, 1]]), true);
            }
        }
    }
}

/// Products of two arrays of more than the caches hold, along rows.
#[test]
fn long_products() {
    let mut random = Random(35);
    for len in [8192, 16_383, 16_384, 16_385, 16_447, 20_500, 40_001] {
        for extents in [[1, len], [3, len], [len / 700, 700]] {
            let (one, both): (&[usize], &[usize]) = (&[0], &[0, 1]);
            check(&mut random, f32::KERNELS.binary, &extents, (one, [both, both]), true);
            check(&mut random, f64::KERNELS.binary, &extents, (one, [both, both]), true);
        }
    }
}

/// Rows of elements that are apart: every step that there is a kernel for, and others.
#[test]
fn steps() {
    fn check_steps<T: Sample>(random: &mut Random) {
        for step in 2..=9 {
            for len in (1..40).chain([63, 64, 65, 130]) {
                let reach = step * (len - 1) + 1;
                let x: Vec<T> = (0..3 * reach).map(|_| T::sample(random)).collect();
                let expected: Vec<T> =
                    (0..3 * len).map(|i| x[i / len * reach + i % len * step]).collect();
                let dim = |extent: usize, out: usize, source: usize| Dim {
                    extent,
                    out: out.cast_signed(),
                    sources: [source.cast_signed()],
                    summed: false,
                };
                on_every_kind(|level| {
                    let mut dims = Dims::from_slice(&[dim(3, len, reach), dim(len, 1, step)]);
                    let mut out = vec![T::NAN; 3 * len];
                    let read = Read { ptr: x.as_ptr(), conjugated: false };
                    // SAFETY: there are so many elements.
                    unsafe {
                        (T::KERNELS.unary)(&mut dims, [read], out.as_mut_ptr(), Mode::Assign);
                    };
                    assert!(out == expected, "{level:?} {step} {len}");
                    // And back.
                    let mut dims = Dims::from_slice(&[dim(3, reach, len), dim(len, step, 1)]);
                    let mut back = vec![T::ONE; 3 * reach];
                    let read = Read { ptr: out.as_ptr(), conjugated: false };
                    // SAFETY: as above.
                    unsafe {
                        (T::KERNELS.unary)(&mut dims, [read], back.as_mut_ptr(), Mode::Assign);
                    }
                    for (i, (back, x)) in back.iter().zip(&x).enumerate() {
                        let is_written = (i % reach).is_multiple_of(step);
                        assert!(
                            *back == if is_written { *x } else { T::ONE },
                            "{level:?} {step} {len}"
                        );
                    }
                });
            }
        }
    }
    let mut random = Random(12);
    check_steps::<f32>(&mut random);
    check_steps::<f64>(&mut random);
    check_steps::<Complex32>(&mut random);
}

/// Transpositions through the buffer, long sums in blocks and groups, outputs that bypass the caches.
#[test]
fn large() {
    let mut random = Random(10);
    check(&mut random, f32::KERNELS.unary, &[531, 1021], (&[0, 1], [&[1, 0]]), true);
    check(&mut random, f64::KERNELS.unary, &[9, 130, 201], (&[0, 1, 2], [&[2, 1, 0]]), true);
    // Short dims: those that continue them are blocked, some with blocks of a long one around.
    for extents in [[10, 12, 3, 11, 26], [9, 40, 1, 33, 8], [16, 5, 2, 70, 12], [290, 7, 2, 5, 3]] {
        let reversed: [&[usize]; 1] = [&[4, 3, 2, 1, 0]];
        check(&mut random, f32::KERNELS.unary, &extents, (&[0, 1, 2, 3, 4], reversed), true);
        check(&mut random, f64::KERNELS.unary, &extents, (&[3, 1, 0, 4, 2], reversed), true);
        check(&mut random, i64::KERNELS.unary, &extents, (&[0, 1, 2, 3, 4], reversed), false);
        check(&mut random, i32::KERNELS.unary, &extents, (&[4, 1, 2, 3, 0], reversed), true);
    }
    check(&mut random, f64::KERNELS.unary, &[3, 50_001], (&[], [&[0, 1]]), false);
    check(&mut random, f64::KERNELS.unary, &[3, 50_001], (&[0], [&[0, 1]]), false);
    // Rows of several blocks, several of them for each of four streams.
    for _ in 0..3 {
        check(&mut random, f32::KERNELS.unary, &[143, 4101], (&[0], [&[0, 1]]), true);
        check(&mut random, f64::KERNELS.unary, &[43, 12_500], (&[0], [&[0, 1]]), false);
        check(&mut random, f32::KERNELS.binary, &[29, 8200], (&[0], [&[0, 1], &[1]]), true);
        check(&mut random, f64::KERNELS.binary, &[140, 4100], (&[0], [&[0, 1], &[0, 1]]), true);
        check(&mut random, f64::KERNELS.unary, &[2, 700_000], (&[0], [&[0, 1]]), true);
    }
    check(&mut random, f32::KERNELS.unary, &[1_000_003], (&[], [&[0]]), true);
    check(&mut random, f32::KERNELS.unary, &[90_001, 7], (&[1], [&[0, 1]]), true);
    check(&mut random, f64::KERNELS.unary, &[5, 5000], (&[1], [&[0, 1]]), true);
    check(&mut random, f64::KERNELS.unary, &[5000, 3], (&[0], [&[0, 1]]), true);
    check(&mut random, f32::KERNELS.unary, &[900, 11, 70], (&[1], [&[0, 1, 2]]), true);
    check(&mut random, f64::KERNELS.binary, &[3, 50_001], (&[], [&[0, 1], &[0, 1]]), true);
    check(&mut random, f32::KERNELS.binary, &[3, 50_001], (&[0], [&[0, 1], &[1]]), true);
    check(&mut random, f32::KERNELS.binary, &[9001, 70], (&[1], [&[0], &[0, 1]]), true);
    check(&mut random, f32::KERNELS.binary, &[9001, 70], (&[0], [&[0, 1], &[0, 1]]), true);
    for short in [1, 2, 3, 5, 16, 31, 32, 33] {
        check(&mut random, f64::KERNELS.unary, &[1003, short], (&[1], [&[0, 1]]), true);
        check(&mut random, f32::KERNELS.unary, &[7, 999, short], (&[0, 2], [&[0, 1, 2]]), true);
        check(&mut random, f32::KERNELS.unary, &[9, 999, short], (&[2], [&[1, 0, 2]]), false);
        check(&mut random, Complex64::KERNELS.unary, &[short, 999], (&[0], [&[0, 1]]), true);
        check(&mut random, Complex32::KERNELS.unary, &[999, short], (&[1], [&[0, 1]]), true);
    }
    for extents in [[111, 501], [55_555, 1]] {
        check(&mut random, f32::KERNELS.unary, &extents, (&[0, 1], [&[0, 1]]), false);
        check(&mut random, f32::KERNELS.unary, &extents, (&[0, 1], [&[0]]), false);
        check(&mut random, f32::KERNELS.binary, &extents, (&[0, 1], [&[0, 1], &[0, 1]]), false);
        check(&mut random, f32::KERNELS.binary, &extents, (&[0, 1], [&[0, 1], &[0]]), false);
    }
}

/// Sums of equal numbers lose little: see [`reduce`].
#[test]
fn accuracy() {
    const N: usize = 1 << 22;
    let ones = vec![0.1_f32; N];
    for extents in [[1, N], [N / 4, 4], [4, N / 4], [N, 1]] {
        for summed in [[true, true], [true, false], [false, true]] {
            let [rows, columns] = extents;
            let terms = N / extents
                .iter()
                .zip(summed)
                .filter(|(_, s)| !s)
                .map(|(e, _)| e)
                .product::<usize>();
            let dim = |extent, out, step, summed| Dim { extent, out, sources: [step], summed };
            let out = [if summed[1] { 1 } else { columns.cast_signed() }, 1];
            let mut dims = Dims::from_slice(&[
                dim(rows, if summed[0] { 0 } else { out[0] }, columns.cast_signed(), summed[0]),
                dim(columns, if summed[1] { 0 } else { out[1] }, 1, summed[1]),
            ]);
            let mut sums = vec![f32::NAN; N / terms];
            let read = Read { ptr: ones.as_ptr(), conjugated: false };
            // SAFETY: one sum for every point of the kept dims.
            unsafe { (f32::KERNELS.unary)(&mut dims, [read], sums.as_mut_ptr(), Mode::Assign) };
            let exact = f64::from(0.1_f32) * terms as f64;
            let bound = f64::from(f32::EPSILON) * exact * (512.0 + (terms as f64).sqrt());
            for &sum in &sums {
                assert!(
                    (f64::from(sum) - exact).abs() <= bound,
                    "{extents:?} {summed:?}: {sum} {exact}"
                );
            }
        }
    }
}
