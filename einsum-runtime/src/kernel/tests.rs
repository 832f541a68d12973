//! Random nests against one multiplication at a time, on integer-valued data, with exact equality. Outputs lie between
//! guard elements that must not change.

use core::num::Wrapping;

use num_complex::Complex64;

use super::level::on_every_level;
use super::*;
use crate::oracle::{self, Random};

trait Sample: Element + core::fmt::Debug {
    /// A small exact value.
    fn sample(random: &mut Random) -> Self;
}

macro_rules! sample {
    ($($type:ty: |$random:ident| $value:expr;)*) => { $(
        impl Sample for $type {
            fn sample($random: &mut Random) -> Self {
                $value
            }
        }
    )* };
}
sample! {
    f32: |r| r.below(9) as f32 - 4.0;
    f64: |r| r.below(9) as f64 - 4.0;
    i32: |r| r.below(1 << 31) as i32;
    u32: |r| r.below(1 << 31) as u32 * 2 + r.below(2) as u32;
    i64: |r| (r.below(1 << 31) as i64) << 33 | r.below(1 << 31) as i64;
    Wrapping<u64>: |r| Wrapping((r.below(1 << 31) as u64) << 33 | r.below(1 << 31) as u64);
    u8: |r| r.below(256) as u8;
    Wide: |r| Wide(core::array::from_fn(|_| r.below(9) as i64 - 4));
    Complex64: |r| Complex64::new(r.below(9) as f64 - 4.0, r.below(9) as f64 - 4.0);
}

/// An element too large for the long buffer of sums: three independent numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wide([i64; 3]);

crate::scalar_operand!(Wide);

impl Element for Wide {
    const ZERO: Self = Wide([0; 3]);
    const ONE: Self = Wide([1; 3]);
    fn add(a: Self, b: Self) -> Self {
        Wide(core::array::from_fn(|i| a.0[i].wrapping_add(b.0[i])))
    }
    fn mul(a: Self, b: Self) -> Self {
        Wide(core::array::from_fn(|i| a.0[i].wrapping_mul(b.0[i])))
    }
}

/// A layout of one array: steps for its dims, the offset of its first element, and the memory it needs.
struct Placed {
    steps: Vec<isize>,
    first: isize,
    len: usize,
}

/// Places dims in random order, some reversed, some with gaps; a dim with `false` has step 0.
fn place(random: &mut Random, extents: &[usize], has: &[bool]) -> Placed {
    let mut order: Vec<usize> = (0..extents.len()).filter(|&d| has[d]).collect();
    if random.one_in(2) {
        for i in 1..order.len() {
            order.swap(i, random.below(i + 1));
        }
    }
    let mut placed = Placed { steps: vec![0; extents.len()], first: 3, len: 0 };
    let mut step = if random.one_in(5) { 2 } else { 1 };
    for &d in order.iter().rev() {
        placed.steps[d] = step;
        step *= extents[d].max(1).cast_signed();
        if random.one_in(6) {
            step += 1;
        }
        if random.one_in(5) {
            placed.first += placed.steps[d] * (extents[d].max(1) - 1).cast_signed();
            placed.steps[d] = -placed.steps[d];
        }
    }
    placed.len = step.cast_unsigned() + 8;
    placed
}

struct Case<T, const P: usize> {
    dims: Dims<P>,
    sources: [(Vec<T>, isize); P],
    out: (Vec<T>, isize),
    conjugated: [bool; P],
}

fn case<T: Sample, const P: usize>(random: &mut Random, most: &[usize]) -> Case<T, P> {
    let rank = random.below(6);
    let mut extents: Vec<usize> = (0..rank)
        .map(|_| {
            let most = most[random.below(most.len())];
            if random.one_in(40) { 0 } else { 1 + random.below(most) }
        })
        .collect();
    while extents.iter().map(|&n| n.max(1)).product::<usize>() > 50_000 {
        let largest = extents.iter_mut().max().expect("the product of none is 1");
        *largest /= 2;
    }
    let summed: Vec<bool> = extents.iter().map(|_| random.one_in(3)).collect();
    let has = core::array::from_fn(|_| extents.iter().map(|_| !random.one_in(3)).collect());
    place_all(random, &extents, &summed, has)
}

/// Places dims, of which source `p` has those with `has[p]`, in arrays of random layouts.
fn place_all<T: Sample, const P: usize>(
    random: &mut Random,
    extents: &[usize],
    summed: &[bool],
    has: [Vec<bool>; P],
) -> Case<T, P> {
    let kept: Vec<bool> = summed.iter().map(|s| !s).collect();
    let out = place(random, extents, &kept);
    let sources = has.map(|has| place(random, extents, &has));
    let dims = (0..extents.len())
        .map(|d| Dim {
            extent: extents[d],
            out: out.steps[d],
            sources: core::array::from_fn(|p| sources[p].steps[d]),
            summed: summed[d],
        })
        .collect();
    let mut fill =
        |placed: Placed| ((0..placed.len).map(|_| T::sample(random)).collect(), placed.first);
    let (out, sources) = (fill(out), sources.map(&mut fill));
    Case { dims, sources, out, conjugated: core::array::from_fn(|_| random.one_in(2)) }
}

/// One multiplication at a time, in the order of the dims.
fn expected<T: Element, const P: usize>(case: &Case<T, P>, mode: Mode<T>) -> Vec<T> {
    let of = |p: usize| {
        let (memory, first) = &case.sources[p];
        (&memory[..], *first, case.conjugated[p])
    };
    let (out, first) = &case.out;
    let sums = oracle::sums(&case.dims, core::array::from_fn(of), (out.len(), *first));
    out.iter().zip(sums).map(|(&old, sum)| oracle::enter(mode, old, sum)).collect()
}

fn check<T: Sample, const P: usize>(
    rounds: usize,
    seed: u64,
    most: &[usize],
    kernel: Kernel<T, P>,
) {
    let mut random = Random(seed);
    for _ in 0..rounds {
        let case = case::<T, P>(&mut random, most);
        check_case(&mut random, case, kernel);
    }
}

fn check_case<T: Sample, const P: usize>(
    random: &mut Random,
    mut case: Case<T, P>,
    kernel: Kernel<T, P>,
) {
    let (alpha, beta) = (T::sample(random), T::sample(random));
    let mode = match random.below(5) {
        0 => Mode::Scale { alpha, beta },
        1 => Mode::Scale { alpha, beta: T::ZERO },
        2 => Mode::Scale { alpha: T::ONE, beta: T::ONE },
        _ => Mode::Assign,
    };
    let expected = expected(&case, mode);
    let reads = core::array::from_fn(|p| {
        let (memory, first) = &case.sources[p];
        Read { ptr: memory.as_ptr().wrapping_offset(*first), conjugated: case.conjugated[p] }
    });
    let out = case.out.0.as_mut_ptr().wrapping_offset(case.out.1);
    let mut dims = case.dims.clone();
    // SAFETY: `place` keeps all points inside the vectors, which do not overlap, and points of the output apart.
    unsafe { kernel(&mut dims, reads, out, mode) };
    assert!(case.out.0 == expected, "{:?} {mode:?}", case.dims);
}

#[test]
fn unary_kernels() {
    check(3000, 1, &[2, 5, 9], Kernels::<f64>::GENERIC.unary);
    check(1000, 2, &[2, 5, 9], Kernels::<Complex64>::GENERIC.unary);
    check(1000, 3, &[2, 5, 9], Kernels::<u8>::GENERIC.unary);
    check(100, 4, &[1, 2, 40], Kernels::<f32>::GENERIC.unary);
    check(100, 5, &[1, 1, 1, 700], Kernels::<i32>::GENERIC.unary);
}

#[test]
fn binary_kernels() {
    check(3000, 1, &[2, 5, 9], Kernels::<f64>::GENERIC.binary);
    check(1000, 2, &[2, 5, 9], Kernels::<Complex64>::GENERIC.binary);
    check(1000, 3, &[2, 5, 9], Kernels::<i32>::GENERIC.binary);
    check(200, 4, &[1, 2, 40], Kernels::<f32>::GENERIC.binary);
    check(100, 5, &[1, 1, 1, 700], Kernels::<i32>::GENERIC.binary);
}

#[test]
fn precompiled_kernels() {
    check(500, 6, &[2, 5, 9], f32::KERNELS.unary);
    check(500, 7, &[2, 5, 9], f32::KERNELS.binary);
    check(500, 8, &[2, 5, 9], Complex64::KERNELS.unary);
    check(500, 9, &[2, 5, 9], Complex64::KERNELS.binary);
}

/// Those that integers of a size share, on every level.
#[test]
fn integer_kernels() {
    on_every_level(|_| {
        check(500, 14, &[2, 5, 9], i32::KERNELS.unary);
        check(500, 15, &[2, 5, 9], u32::KERNELS.binary);
        check(500, 16, &[2, 5, 9], Wrapping::<u64>::KERNELS.unary);
        check(500, 17, &[2, 5, 9], i64::KERNELS.binary);
        check(100, 18, &[1, 2, 40], i64::KERNELS.unary);
        check(200, 19, &[1, 2, 40], u32::KERNELS.binary);
        check(100, 20, &[1, 1, 1, 700], i64::KERNELS.binary);
        check(50, 21, &[1, 1, 7000], i32::KERNELS.unary);
        check(50, 22, &[1, 1, 7000], i32::KERNELS.binary);
    });
}

/// A factor that is turned, in blocks: cut along an outer loop of which the last block is shorter.
#[test]
fn integer_products_in_blocks() {
    on_every_level(|_| {
        let mut random = Random(23);
        for extents in [[150, 300, 1], [3, 70, 280], [90, 9, 100]] {
            for has in [[true; 3], [false, true, false], [true, false, true]] {
                let has = [vec![true; 3], has.to_vec()];
                let mut case = place_all::<i64, 2>(&mut random, &extents, &[false; 3], has);
                let [a, b, c] = extents.map(usize::cast_signed);
                for (dim, [out, x]) in case.dims.iter_mut().zip([[b * c, 1], [c, a], [1, a * b]]) {
                    (dim.out, dim.sources[0]) = (out, x);
                }
                case.out.1 = 3;
                case.sources[0].1 = 3;
                for of in [&mut case.out.0, &mut case.sources[0].0] {
                    *of = (0..a * b * c + 8).map(|_| i64::sample(&mut random)).collect();
                }
                check_case(&mut random, case, i64::KERNELS.binary);
            }
        }
    });
}

/// A source in another order than the one whose elements are used once: pqrs,sr->pq, and with rows that are kept.
#[test]
fn integer_sources_in_another_order() {
    on_every_level(|_| {
        let mut random = Random(24);
        // Copies of up to 2 KB, and of more, which are made in blocks.
        for [p, q, r, s] in
            [[5, 6, 7, 9], [3, 4, 20, 20], [2, 30, 5, 3], [9, 3, 2, 40], [1, 2, 31, 17]]
        {
            for summed in [[false, false, true, true], [true, true, false, false]] {
                let extents = [p, q, r, s];
                let has = [vec![true; 4], vec![false, false, true, true]];
                let mut case = place_all::<i64, 2>(&mut random, &extents, &summed, has);
                let [_, q, r, s] = extents.map(usize::cast_signed);
                let x = [q * r * s, r * s, s, 1];
                let y = [0, 0, 1, r];
                let out = if summed[0] { [0, 0, s, 1] } else { [q, 1, 0, 0] };
                for (i, dim) in case.dims.iter_mut().enumerate() {
                    (dim.out, dim.sources) = (out[i], [x[i], y[i]]);
                }
                let len = extents.iter().product::<usize>() + 6;
                for (of, first) in [&mut case.out].into_iter().chain(&mut case.sources) {
                    *of = (0..len).map(|_| i64::sample(&mut random)).collect();
                    *first = 3;
                }
                check_case(&mut random, case, i64::KERNELS.binary);
            }
        }
    });
}

/// Runs longer than the buffers of sums, for small and large elements.
#[test]
fn long_runs() {
    check(20, 11, &[1, 1, 7000], Kernels::<f64>::GENERIC.unary);
    check(20, 12, &[1, 1, 7000], Kernels::<i32>::GENERIC.binary);
    check(20, 13, &[1, 2, 500], Kernels::<Wide>::GENERIC.binary);
}

/// Matrix products with two dims a group, over the edges of tiles and blocks, in random layouts.
#[test]
fn packed_products() {
    let mut random = Random(10);
    let shapes = [
        [(1, 4), (2, 2), (8, 8)],
        [(13, 5), (1, 9), (5, 1)],
        [(1, 7), (27, 19), (2, 2)],
        [(5, 1), (2, 3), (1, 257)],
        [(3, 4), (3, 3), (13, 21)],
    ];
    for [m, n, k] in shapes {
        for _ in 0..4 {
            let extents = [m.0, m.1, n.0, n.1, k.0, k.1, 2];
            let summed = [false, false, false, false, true, true, false];
            let has = [
                vec![true, true, false, false, true, true, true],
                vec![false, false, true, true, true, true, true],
            ];
            let case = place_all::<f32, 2>(&mut random, &extents, &summed, has.clone());
            assert!(Groups::worth_packing(&case.dims).is_some());
            check_case(&mut random, case, binary);
            let case = place_all::<Complex64, 2>(&mut random, &extents, &summed, has);
            check_case(&mut random, case, binary);
        }
    }
}

/// A copy keeps what an addition to zero would not: the sign of zero and the bits of a NaN.
#[test]
fn copies_keep_bits() {
    let nan = f64::from_bits(0x7ff8_0000_dead_beef);
    let from = [-0.0, nan, 1.0, -0.0];
    let mut to = [7.0_f64; 4];
    let mut dims = Dims::from_slice(&[
        Dim { extent: 2, out: 2, sources: [1], summed: false },
        Dim { extent: 2, out: 1, sources: [2], summed: false },
    ]);
    let read = Read { ptr: from.as_ptr(), conjugated: false };
    // SAFETY: 2 by 2 elements each.
    unsafe { unary(&mut dims, [read], to.as_mut_ptr(), Mode::Assign) };
    assert_eq!(to.map(f64::to_bits), [from[0], from[2], from[1], from[3]].map(f64::to_bits));
}
