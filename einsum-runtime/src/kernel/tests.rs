//! Random nests against one multiplication at a time, on integer-valued data, with exact equality. Outputs lie between
//! guard elements that must not change.

use num_complex::Complex64;

use super::*;

/// A linear congruential generator (Knuth's MMIX constants), its high bits.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

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
    u8: |r| r.below(256) as u8;
    Complex64: |r| Complex64::new(r.below(9) as f64 - 4.0, r.below(9) as f64 - 4.0);
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
    while extents.iter().product::<usize>() > 50_000 {
        let largest = extents.iter_mut().max().expect("the product of none is 1");
        *largest /= 2;
    }
    let summed: Vec<bool> = extents.iter().map(|_| random.one_in(3)).collect();
    let kept: Vec<bool> = summed.iter().map(|s| !s).collect();
    let out = place(random, &extents, &kept);
    let sources: [Placed; P] = core::array::from_fn(|_| {
        let has: Vec<bool> = extents.iter().map(|_| !random.one_in(3)).collect();
        place(random, &extents, &has)
    });
    let dims = (0..rank)
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
    fn points<const P: usize>(
        dims: &[Dim<P>],
        at: (isize, [isize; P]),
        visit: &mut dyn FnMut(isize, [isize; P]),
    ) {
        let Some((dim, rest)) = dims.split_first() else { return visit(at.0, at.1) };
        for i in 0..dim.extent.cast_signed() {
            let sources = core::array::from_fn(|p| at.1[p] + i * dim.sources[p]);
            points(rest, (at.0 + i * dim.out, sources), visit);
        }
    }
    let (kept, summed): (Vec<Dim<P>>, Vec<Dim<P>>) = case.dims.iter().partition(|d| !d.summed);
    let (mut out, first) = case.out.clone();
    points(&kept, (first, [0; P]), &mut |o, s| {
        let mut sum = T::ZERO;
        points(&summed, (0, s), &mut |_, s| {
            let mut product = T::ONE;
            for p in 0..P {
                let (memory, first) = &case.sources[p];
                let x = memory[usize::try_from(first + s[p]).unwrap()];
                product = T::mul(product, if case.conjugated[p] { T::conj(x) } else { x });
            }
            sum = T::add(sum, product);
        });
        let o = &mut out[usize::try_from(o).unwrap()];
        *o = match mode {
            Mode::Assign => sum,
            Mode::Scale { alpha, beta } if beta == T::ZERO => T::mul(alpha, sum),
            Mode::Scale { alpha, beta } => T::add(T::mul(beta, *o), T::mul(alpha, sum)),
        };
    });
    out
}

fn check<T: Sample, const P: usize>(
    rounds: usize,
    seed: u64,
    most: &[usize],
    kernel: Kernel<T, P>,
) {
    let mut random = Random(seed);
    for round in 0..rounds {
        let mut case = case::<T, P>(&mut random, most);
        let (alpha, beta) = (T::sample(&mut random), T::sample(&mut random));
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
        assert_eq!(case.out.0, expected, "round {round}: {:?} {mode:?}", case.dims);
    }
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

/// Matrix products in all 8 layouts, with extents at the edges of tiles and blocks.
#[test]
fn packed_products() {
    let mut random = Random(10);
    for [m, n, k] in [[4, 4, 64], [65, 9, 5], [7, 513, 4], [5, 6, 257], [67, 13, 300]] {
        for layout in 0..8 {
            let steps = |bit: usize, rows: usize, columns: usize| {
                if layout >> bit & 1 == 0 {
                    (columns.cast_signed(), 1)
                } else {
                    (1, rows.cast_signed())
                }
            };
            let ((am, ak), (bk, bn), (cm, cn)) = (steps(0, m, k), steps(1, k, n), steps(2, m, n));
            let dim = |extent, out, sources, summed| Dim { extent, out, sources, summed };
            let dims = Dims::from_slice(&[
                dim(k, 0, [ak, bk], true),
                dim(m, cm, [am, 0], false),
                dim(n, cn, [0, bn], false),
            ]);
            let mut fill = |len| ((0..len).map(|_| f32::sample(&mut random)).collect(), 0);
            let sources = [fill(m * k), fill(k * n)];
            let mut case = Case { dims, sources, out: fill(m * n), conjugated: [false, false] };
            assert!(Groups::worth_packing(&case.dims).is_some());
            let mode = Mode::Scale { alpha: 2.0, beta: -1.0 };
            let expected = expected(&case, mode);
            let reads = core::array::from_fn(|p| Read {
                ptr: case.sources[p].0.as_ptr(),
                conjugated: false,
            });
            let out = case.out.0.as_mut_ptr();
            // SAFETY: three whole matrices.
            unsafe { binary(&mut case.dims, reads, out, mode) };
            assert_eq!(case.out.0, expected, "{m} {n} {k} {layout}");
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
