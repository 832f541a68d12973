//! Random nests that are large enough for buffers, against one multiplication at a time, on integer-valued data with exact
//! equality. Next to no points may be left to the plain loops.

mod factors;

use core::fmt::Debug;

use num_complex::{Complex32, Complex64};

use super::plan::{Caps, Plan};
use super::*;
use crate::element::Element;
use crate::kernel::level::on_every_level;
use crate::kernel::{Dim, Kernel, plain_points};
use crate::oracle::{self, Random};

trait Sample: Staged + Debug {
    const NAN: Self;
    fn small(random: &mut Random) -> Self;
}

macro_rules! sample {
    ($($real:ident $complex:ident),*) => { $(
        impl Sample for $real {
            const NAN: Self = $real::NAN;
            fn small(random: &mut Random) -> Self {
                random.below(7) as $real - 3.0
            }
        }
        impl Sample for $complex {
            const NAN: Self = $complex::new($real::NAN, $real::NAN);
            fn small(random: &mut Random) -> Self {
                $complex::new($real::small(random), $real::small(random))
            }
        }
    )* };
}
sample!(f32 Complex32, f64 Complex64);

/// A loop: its extent, and whether the output and the sources step along it.
#[derive(Clone, Copy, Debug)]
struct Letter<const P: usize> {
    extent: usize,
    out: bool,
    sources: [bool; P],
}

struct Placed {
    steps: Vec<isize>,
    first: isize,
    len: usize,
}

/// Places loops in random order, some reversed, some with gaps, often without adjacent elements.
fn place(random: &mut Random, extents: &[usize], has: &[bool]) -> Placed {
    let mut order: Vec<usize> = (0..extents.len()).filter(|&l| has[l]).collect();
    random.shuffle(&mut order);
    let mut placed = Placed { steps: vec![0; extents.len()], first: 5, len: 0 };
    let mut step = if random.one_in(3) { 3 } else { 1 };
    for &l in order.iter().rev() {
        placed.steps[l] = step;
        step *= extents[l].cast_signed();
        step += if random.one_in(5) { 1 } else { 0 };
        if random.one_in(6) {
            placed.first += placed.steps[l] * (extents[l] - 1).cast_signed();
            placed.steps[l] = -placed.steps[l];
        }
    }
    placed.len = step.cast_unsigned() + 10;
    placed
}

/// Runs a nest on every level, compares, and returns the largest share of points that plain loops ran on levels with
/// vectors.
fn check<T: Sample, const P: usize>(
    random: &mut Random,
    kernel: Kernel<T, P>,
    letters: &[Letter<P>],
) -> f64 {
    let extents: Vec<usize> = letters.iter().map(|l| l.extent).collect();
    let has = |has: &dyn Fn(&Letter<P>) -> bool| letters.iter().map(has).collect::<Vec<_>>();
    let out = place(random, &extents, &has(&|l| l.out));
    let sources: [Placed; P] =
        core::array::from_fn(|p| place(random, &extents, &has(&|l| l.sources[p])));
    let dims: Dims<P> = (0..letters.len())
        .map(|l| Dim {
            extent: extents[l],
            out: out.steps[l],
            sources: core::array::from_fn(|p| sources[p].steps[l]),
            summed: !letters[l].out,
        })
        .collect();
    let mode = match random.below(4) {
        0 => Mode::Scale { alpha: T::small(random), beta: T::small(random) },
        1 => Mode::Scale { alpha: T::small(random), beta: T::ZERO },
        _ => Mode::Assign,
    };
    let memory: [Vec<T>; P] =
        core::array::from_fn(|p| (0..sources[p].len).map(|_| T::small(random)).collect());
    let conjugated: [bool; P] = core::array::from_fn(|_| random.one_in(3));
    let reads_old = oracle::reads_output(mode);
    let before: Vec<T> =
        (0..out.len).map(|_| if reads_old { T::small(random) } else { T::NAN }).collect();
    let of = |p: usize| (&memory[p][..], sources[p].first, conjugated[p]);
    let sums = oracle::sums(&dims, core::array::from_fn(of), (out.len, out.first));
    let expected = before.iter().zip(&sums).map(|(&old, &sum)| oracle::enter(mode, old, sum));
    let expected: Vec<T> = expected.collect();
    let all = extents.iter().product::<usize>() as f64;
    let mut share = 0_f64;
    on_every_level(|level| {
        let mut actual = before.clone();
        let reads = core::array::from_fn(|p| Read {
            ptr: memory[p].as_ptr().wrapping_offset(sources[p].first),
            conjugated: conjugated[p],
        });
        let to = actual.as_mut_ptr().wrapping_offset(out.first);
        plain_points::take();
        // SAFETY: `place` keeps all points inside the vectors, and points of the output apart.
        unsafe { kernel(&mut dims.clone(), reads, to, mode) };
        let plain = plain_points::take() as f64;
        // Only NaN differs from itself, and only what is not written is one in both.
        let is_same = |i: usize| actual[i] == expected[i] || sums[i].is_none();
        let wrong = (0..out.len).find(|&i| !is_same(i));
        assert_eq!(wrong, None, "{level:?} {dims:?} {mode:?} conjugated {conjugated:?}");
        let is_kept = |i: usize| actual[i] == before[i] || !reads_old;
        let touched = (0..out.len).find(|&i| sums[i].is_none() && !is_kept(i));
        assert_eq!(touched, None, "{level:?} {dims:?} {mode:?}");
        if level >= Level::Avx2 {
            share = share.max(plain / all);
        }
    });
    if share > 0.1 {
        println!("{share:.2} plain: {} {dims:?} {mode:?} {conjugated:?}", size_of::<T>());
    }
    share
}

/// Random loops over arrays that `kinds` says, which buffers have to help with.
fn check_random<T: Sample, const P: usize>(
    rounds: usize,
    seed: u64,
    kernel: Kernel<T, P>,
    kinds: &[(bool, [bool; P])],
) {
    let bad = count_plain(rounds, seed, kernel, kinds);
    assert_eq!(bad, 0, "nests of plain loops, of {rounds}");
}

/// As [`check_random`], but returns how many nests plain loops ran a large part of.
fn count_plain<T: Sample, const P: usize>(
    rounds: usize,
    seed: u64,
    kernel: Kernel<T, P>,
    kinds: &[(bool, [bool; P])],
) -> usize {
    let mut random = Random(seed);
    let mut bad = 0;
    for _ in 0..rounds {
        let rank = 2 + random.below(4);
        let mut letters: Vec<Letter<P>> = (0..rank)
            .map(|_| {
                let (out, sources) = kinds[random.below(kinds.len())];
                let most = [6, 30, 200][random.below(3)];
                Letter { extent: 2 + random.below(most), out, sources }
            })
            .collect();
        let count = |letters: &[Letter<P>]| letters.iter().map(|l| l.extent).product::<usize>();
        while count(&letters) > 40_000 {
            let largest = letters.iter_mut().max_by_key(|l| l.extent).expect("there are some");
            largest.extent /= 2;
        }
        while count(&letters) < 5_000 {
            let least = letters.iter_mut().min_by_key(|l| l.extent).expect("there are some");
            least.extent *= 2;
        }
        if check(&mut random, kernel, &letters) > 0.1 {
            bad += 1;
        }
    }
    bad
}

const CONTRACTED: [(bool, [bool; 2]); 7] = [
    (true, [true, true]),
    (true, [true, false]),
    (true, [false, true]),
    (false, [true, true]),
    (true, [true, false]),
    (true, [false, true]),
    (false, [true, true]),
];

#[test]
fn contractions() {
    check_random(200, 1, f32::KERNELS.binary, &CONTRACTED);
    check_random(200, 2, f64::KERNELS.binary, &CONTRACTED);
    check_random(150, 3, Complex32::KERNELS.binary, &CONTRACTED);
    check_random(150, 4, Complex64::KERNELS.binary, &CONTRACTED);
}

/// Rows that are short in the output, or an operand that is long to pack: results are formed in other rows.
#[test]
fn turned_results() {
    let dim = |extent, out, sources, summed| Dim { extent, out, sources, summed };
    let elements = Elements { size: 4, are_complex: false };
    // ik,kj->ij lies as the engine wants it.
    let natural: Dims<2> =
        [dim(64, 64, [64, 0], false), dim(64, 1, [0, 1], false), dim(64, 0, [1, 64], true)]
            .into_iter()
            .collect();
    assert!(turned::plan::<f32>(&natural, elements, false).is_none());
    // With all kinds of loops, some of them short, in rows along any that may be chosen, also where that is of no use.
    count_plain(100, 31, in_other_rows::<f32>, &CONTRACTED[1..]);
    count_plain(100, 32, in_other_rows::<f64>, &CONTRACTED[1..]);
    count_plain(60, 33, in_other_rows::<Complex32>, &CONTRACTED[1..]);
}

/// Forms results in rows along a loop over one operand that is not the output's innermost, whatever that costs.
unsafe fn in_other_rows<T: Staged>(
    dims: &mut Dims<2>,
    mut sources: [Read<T>; 2],
    mut out: *mut T,
    mode: Mode<T>,
) {
    let work = prepare(dims, &mut sources, &mut out);
    let sorted = plan::sorted(dims);
    let is_row = |d: &Dim<2>| !d.summed && !plan::is_batch(d) && d.out != 1;
    let rows: Vec<usize> = (0..sorted.len()).filter(|&i| is_row(&sorted[i])).collect();
    let is_possible = work == Work::Run && Level::current() >= Level::Avx2 && !rows.is_empty();
    // SAFETY: the duties of a kernel.
    unsafe {
        if !is_possible {
            return (T::KERNELS.binary)(dims, sources, out, mode);
        }
        let elements = Elements { size: size_of::<T>(), are_complex: T::IS_COMPLEX };
        let points = dims.iter().map(|d| d.extent).product::<usize>();
        let plan = plan::through_results(sorted, rows[points % rows.len()], elements);
        let kernels =
            Kernels { element: size_of::<T>(), copy: unary_here::<T>, kernel: binary_here::<T> };
        let sources = sources.map(RawRead::of);
        blocks::run(&plan, &kernels, sources, out.cast(), RawMode::of(&mode));
    }
}

/// One of the sources has all loops.
#[test]
fn matrices_times_vectors() {
    let kinds = [(true, [true, true]), (true, [true, false]), (false, [true, true])];
    check_random(100, 5, f32::KERNELS.binary, &kinds);
    check_random(100, 6, f64::KERNELS.binary, &kinds);
    check_random(100, 7, Complex32::KERNELS.binary, &kinds);
    check_random(100, 8, Complex64::KERNELS.binary, &kinds);
}

#[test]
fn batches_last() {
    let kinds = [(false, [true, true]), (true, [true, true])];
    check_random(60, 9, f32::KERNELS.binary, &kinds);
    check_random(60, 10, Complex64::KERNELS.binary, &kinds);
}

#[test]
fn products_and_sums() {
    let kept = [(true, [true, true]), (true, [true, false]), (true, [false, true])];
    check_random(60, 11, f32::KERNELS.binary, &kept);
    check_random(100, 12, Complex32::KERNELS.binary, &kept);
    check_random(60, 13, Complex64::KERNELS.binary, &kept);
    let single = [(true, [true]), (false, [true])];
    check_random(100, 14, f32::KERNELS.unary, &single);
    check_random(60, 15, f64::KERNELS.unary, &single);
    check_random(100, 16, Complex32::KERNELS.unary, &single);
    check_random(60, 17, Complex64::KERNELS.unary, &single);
}

/// Few steps, or none: arrays are copied into the order of others.
#[test]
fn other_orders() {
    let kept = [
        (true, [true, false]),
        (true, [false, true]),
        (true, [true, true]),
        (true, [true, false]),
        (true, [false, true]),
        (true, [false, false]),
    ];
    check_few::<f32>(250, 18, &kept);
    check_few::<f64>(250, 19, &kept);
    let vector = [(true, [true, true]), (true, [true, false])];
    check_few::<f32>(200, 20, &vector);
    check_few::<f64>(200, 21, &vector);
}

/// Products with a factor that is copied for loops that it lacks, or into short rows.
#[test]
fn repeated_factors() {
    let elements = Elements { size: 8, are_complex: false };
    let of = |text: &str, extents: &[usize]| order::plan(&nest(text, extents), elements);
    let short = of("ac,bcd->dbac", &[3, 21, 13, 1156]).map(|plan| (plan.sources, plan.results));
    // Without kernels for short rows results are formed along the operand's, which are long, and turned.
    let expected = match Level::current() {
        Level::Avx512 => ([false, true], false),
        _ => ([false, false], true),
    };
    assert_eq!(short, Some(expected));
    let repeated = of("nkj,kj->jnk", &[6, 2, 643]).expect("a plan");
    assert_eq!((repeated.sources, repeated.repeated.len()), ([true; 2], 1));
    let kinds = [(true, [true, true]), (true, [true, false]), (true, [false, true])];
    check_random(200, 24, f32::KERNELS.binary, &kinds);
    check_random(200, 25, f64::KERNELS.binary, &kinds);
}

/// Products of two factors with the same loops, in random orders: one is often copied into the order of the other.
#[test]
fn products_in_three_orders() {
    let elements = Elements { size: 8, are_complex: false };
    let of = |text: &str, extents: &[usize]| {
        order::turned_product(&nest(text, extents), elements).map(|plan| plan.sources)
    };
    let has_kernels = Level::current() == Level::Avx512;
    let copied = |sources: [bool; 2]| has_kernels.then_some(sources);
    assert_eq!(of("abc,acb->bca", &[76, 272, 146]), copied([true, false]));
    assert_eq!(of("acb,abc->bca", &[76, 272, 146]), copied([false, true]));
    // The smaller one.
    assert_eq!(of("abc,ab->bca", &[76, 272, 146]), None);
    assert_eq!(of("dabc,acb->bdca", &[76, 92, 46, 9]), copied([false, true]));
    // One lies as the output does, or both in one order.
    assert_eq!(of("abc,bca->bca", &[76, 272, 146]), None);
    assert_eq!(of("abc,bac->bca", &[76, 272, 146]), None);
    check_random(200, 22, f32::KERNELS.binary, &[(true, [true, true])]);
    check_random(200, 23, f64::KERNELS.binary, &[(true, [true, true])]);
}

/// Random kept loops that `kinds` says, and short ones, some of them summed.
fn check_few<T: Sample>(rounds: usize, seed: u64, kinds: &[(bool, [bool; 2])]) {
    println!("seed {seed}");
    let mut random = Random(seed);
    for _ in 0..rounds {
        let short = random.below(3);
        let rank = 2 + random.below(3) + short;
        let mut letters: Vec<Letter<2>> = (0..rank)
            .map(|i| {
                if i < short {
                    let sources = [(true, [true, true]), (true, [true, false]), (false, [true; 2])];
                    let (out, sources) = sources[random.below(3)];
                    return Letter { extent: 2 + random.below(9), out, sources };
                }
                let (out, sources) = kinds[random.below(kinds.len())];
                let most = [9, 40, 300][random.below(3)];
                Letter { extent: 2 + random.below(most), out, sources }
            })
            .collect();
        let count = |letters: &[Letter<2>]| letters.iter().map(|l| l.extent).product::<usize>();
        while count(&letters) > 60_000 {
            let largest = letters.iter_mut().max_by_key(|l| l.extent).expect("there are some");
            largest.extent /= 2;
        }
        while count(&letters) < 5_000 {
            letters[rank - 1].extent *= 2;
        }
        check(&mut random, T::KERNELS.binary, &letters);
    }
}

/// Blocks have columns enough for what each of them reads of the other operand.
#[test]
fn columns() {
    let dim = |extent, out, sources, summed| Dim { extent, out, sources, summed };
    // abe,cade->bdca: rows along c, columns b.
    let dims = Dims::from_slice(&[
        dim(2, 1, [1300, 600], false),
        dim(65, 7680, [20, 0], false),
        dim(128, 2, [0, 1200], false),
        dim(30, 256, [0, 20], false),
        dim(20, 0, [1, 1], true),
    ]);
    let plan = contraction(&dims, Elements { size: 4, are_complex: false });
    let blocks = plan.dims.iter().map(|d| d.extent).zip(plan.blocks.iter().copied());
    assert!(blocks.clone().any(|(extent, block)| extent == 65 && block >= 6));
    assert!(blocks.clone().any(|(extent, block)| extent == 128 && block == 128));
}

/// Blocks have whole runs of adjacent elements, of 512 bytes or so, of every array that goes through a buffer.
#[test]
fn runs() {
    let dim = |extent, out, sources| Dim { extent, out, sources, summed: false };
    // ba,dca->cdab
    let dims = Dims::from_slice(&[
        dim(12, 5, [1, 1]),
        dim(5, 1, [12, 0]),
        dim(900, 60, [0, 384]),
        dim(32, 54_000, [0, 12]),
    ]);
    let mut plan = Plan::of_points(dims, [false, true], true);
    plan.complete_runs(128, 1 << 14);
    assert_eq!(plan.blocks[..], [12, 5, 3, 11]);
    // Where a buffer has no room for them, blocks stay as they were.
    plan.blocks.fill(1);
    plan.complete_runs(128, 1 << 10);
    assert_eq!(plan.blocks[..], [1; 4]);
}

/// Returns the nest of arrays in C order, whose letters have these extents in the order of the alphabet.
fn nest<const P: usize>(text: &str, extents: &[usize]) -> Dims<P> {
    let (left, out) = text.split_once("->").expect("an arrow");
    let terms: Vec<&str> = left.split(',').collect();
    let mut letters: Vec<char> = text.chars().filter(char::is_ascii_lowercase).collect();
    letters.sort_unstable();
    letters.dedup();
    let extent = |c: char| extents[letters.binary_search(&c).expect("a letter")];
    let step = |term: &str, c: char| match term.split_once(c) {
        None => 0,
        Some((_, after)) => after.chars().map(extent).product::<usize>().cast_signed(),
    };
    let dim = |&c: &char| Dim {
        extent: extent(c),
        out: step(out, c),
        sources: core::array::from_fn(|p| terms.get(p).map_or(0, |term| step(term, c))),
        summed: !out.contains(c),
    };
    letters.iter().map(dim).collect()
}

/// What the choice is for the examples of [`order`]: which sources and results go through buffers.
#[test]
fn choices() {
    let elements = Elements { size: 4, are_complex: false };
    let of = |plan: Option<Plan<2>>| plan.map(|p| (p.sources, p.results, p.late));
    let plan = |text: &str, extents: &[usize]| of(order::plan(&nest(text, extents), elements));
    let vector =
        |text: &str, extents: &[usize]| of(order::vector(&nest(text, extents), 0, elements));
    assert_eq!(vector("abc,cb->a", &[500, 96, 7]), Some(([false, true], false, 0)));
    assert_eq!(vector("acbd,dca->ba", &[3, 800, 4, 7]), Some(([false, true], true, 1)));
    assert_eq!(vector("acbd,dca->ba", &[3, 800, 4, 10]), Some(([false, true], false, 0)));
    assert_eq!(plan("ba,ac->cab", &[40, 7, 3000]), Some(([false, false], true, 0)));
    assert_eq!(plan("a,bc->acb", &[72, 7, 300]), Some(([false, true], false, 0)));
    assert_eq!(plan("adb,dc->cba", &[50, 200, 40, 10]), Some(([true, false], false, 0)));
    assert_eq!(plan("abe,dcae->dbac", &[40, 7, 150, 8, 3]), Some(([false, true], false, 0)));
    assert_eq!(plan("adb,acd->cab", &[96, 7, 300, 7]), Some(([false, true], true, 0)));
    // Rows of the output fill few lanes of vectors along x.
    assert_eq!(plan("bad,dc->bca", &[2, 300, 700, 10]), Some(([false, false], true, 0)));
    assert_eq!(plan("bae,aedc->adcb", &[100, 2, 13, 12, 6]), Some(([false, false], true, 0)));
    assert_eq!(plan("bad,dc->bca", &[9, 300, 700, 10]), None);
    assert_eq!(plan("dca,dbc->ab", &[20, 4, 250, 50]), Some(([false, false], true, 0)));
    assert_eq!(plan("dca,dbc->ab", &[20, 9, 250, 50]), None);
    // Steps along the other operand are far apart.
    assert_eq!(plan("edab,cade->abc", &[8, 3051, 4, 256, 2]), None);
    // Rows are along different loops, and short.
    let turned = (Level::current() == Level::Avx512).then_some(([false, true], false, 0));
    assert_eq!(plan("nij,nji->n", &[3, 3, 9000]), turned);
    assert_eq!(plan("nij,nij->n", &[3, 3, 9000]), None);
    assert_eq!(plan("nij,nji->n", &[16, 16, 900]), None);
    // Few rows are next to each other in both arrays, but many in the source.
    assert_eq!(plan("c,adbc->dab", &[14, 4, 6, 356]), Some(([false, false], true, 0)));
    assert_eq!(plan("c,bc->b", &[20_000, 6]), None);
    assert_eq!(plan("c,adbc->dab", &[14, 400, 60, 36]), None);
    // Tiles are transposed one by one, and short rows multiplied with the same elements at once.
    assert_eq!(plan("ab,ba->ab", &[300, 400]), None);
    assert_eq!(plan("bd,adcb->adcb", &[9, 5, 698, 92]), None);
    // Sums are turned, unless they are as the source has them, or so long that nothing else matters.
    let sum = |text: &str, extents: &[usize]| {
        let binary = nest(&text.replace("->", ",->"), extents);
        let unary = |d: &Dim<2>| Dim {
            extent: d.extent,
            out: d.out,
            sources: [d.sources[0]],
            summed: d.summed,
        };
        order::sum(&binary.iter().map(unary).collect(), 4).map(|p| (p.sources, p.results))
    };
    assert_eq!(sum("dbca->cbd", &[5, 50, 150, 64]), Some(([false], true)));
    assert_eq!(sum("acb->ba", &[6000, 150, 2]), Some(([false], true)));
    assert_eq!(sum("ba->b", &[5, 480_000]), None);
    assert_eq!(sum("acb->ba", &[6000, 40, 2]), None);
    assert_eq!(sum("dbca->cbd", &[500, 50, 150, 6]), None);
    // Rows are long as they are, or elements are used often.
    assert_eq!(plan("a,bc->abc", &[72, 7, 300]), None);
    assert_eq!(plan("ik,kj->ij", &[300, 300, 8]), None);
    assert_eq!(plan("ik,jk->ij", &[300, 300, 300]), None);
}

/// Blocks are divided along the outermost loop that every source in a buffer has: others would be brought there once a block.
#[test]
fn divided_blocks() {
    let divided = |text: &str, extents: &[usize]| {
        let all = Caps { row: usize::MAX, other: usize::MAX };
        let mut plan = Plan::new(nest(text, extents), [true, false], false, 1 << 30, all);
        assert_eq!(plan.kept_blocks(), 1);
        plan.divide(8);
        plan.blocks.to_vec()
    };
    assert_eq!(divided("abc,cba->b", &[100, 100, 100]), [100, 13, 100]);
    assert_eq!(divided("bc,a->abc", &[100, 64, 300]), [100, 8, 300]);
    // Few points, and rows, are left whole.
    assert_eq!(divided("bc,a->abc", &[100, 31, 300]), [100, 31, 300]);
}
