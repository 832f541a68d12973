//! Products of several factors, as other nests are tested; and what is planned for them.

use core::cell::Cell;

use super::*;
use crate::kernel::raw::FACTORS;
use crate::staged::factors;

std::thread_local! {
    /// How many nests the kernels for several factors have taken, and how many they have left.
    static TAKEN: Cell<[usize; 2]> = const { Cell::new([0; 2]) };
}

/// The kernels for several factors; what they leave is multiplied one element at a time.
unsafe fn product<T: Sample, const P: usize>(
    dims: &mut Dims<P>,
    sources: [Read<T>; P],
    out: *mut T,
    mode: Mode<T>,
) {
    let all: Dims<FACTORS> = dims
        .iter()
        .map(|d| Dim {
            extent: d.extent,
            out: d.out,
            sources: core::array::from_fn(|p| d.sources.get(p).copied().unwrap_or(0)),
            summed: d.summed,
        })
        .collect();
    let reads = sources.map(RawRead::of);
    let [taken, left] = TAKEN.get();
    let is_planned = takes_product(all.clone(), P, size_of::<T>(), T::IS_COMPLEX);
    // SAFETY: the caller's duties.
    let is_done =
        unsafe { factors::product::<T>(&mut all.clone(), &reads, out.cast(), RawMode::of(&mode)) };
    // A mode can be one that kernels for three factors do not take.
    assert!(is_done == is_planned || !matches!(mode, Mode::Assign));
    if is_done {
        return TAKEN.set([taken + 1, left]);
    }
    if Level::current() >= Level::Avx2 {
        TAKEN.set([taken, left + 1]);
    }
    // SAFETY: the caller's duties.
    unsafe { oracle::run(dims, sources, out, mode) };
}

/// Random loops over `P` factors, which have most of them: few enough products that all sums are exact.
fn check_factors<T: Sample, const P: usize>(rounds: usize, seed: u64) {
    println!("seed {seed}");
    let mut random = Random(seed);
    TAKEN.set([0; 2]);
    for _ in 0..rounds {
        let rank = 2 + random.below(3);
        let is_sum = random.one_in(2);
        let rare = 2 + random.below(6);
        let mut letters: Vec<Letter<P>> = (0..rank)
            .map(|_| {
                let most = [9, 40, 120][random.below(3)];
                let mut sources = core::array::from_fn(|_| !random.one_in(rare));
                sources[random.below(P)] = true;
                Letter { extent: 2 + random.below(most), out: !is_sum || random.one_in(2), sources }
            })
            .collect();
        let count = |letters: &[Letter<P>]| letters.iter().map(|l| l.extent).product::<usize>();
        while count(&letters) > 40_000 {
            let largest = letters.iter_mut().max_by_key(|l| l.extent).expect("there are some");
            largest.extent /= 2;
        }
        while count(&letters) < 5_000 {
            letters[rank - 1].extent *= 2;
        }
        let share = check(&mut random, product::<T, P>, &letters);
        // Last blocks can be too small for kernels.
        assert!(share < 0.2, "nests of plain loops");
    }
    let [taken, left] = TAKEN.get();
    assert!(Level::current() == Level::Plain || taken > left, "{taken} of {}", taken + left);
}

#[test]
fn products_of_factors() {
    check_factors::<f32, 3>(150, 31);
    check_factors::<f64, 4>(150, 32);
    check_factors::<f32, 5>(100, 33);
    check_factors::<f64, 8>(60, 34);
    check_factors::<Complex32, 3>(100, 35);
    check_factors::<Complex64, 4>(100, 36);
    check_factors::<Complex32, 6>(60, 37);
}

/// Sums that are few are formed in chunks.
#[test]
fn few_sums() {
    fn check_sums<T: Sample>(seed: u64) {
        let mut random = Random(seed);
        for (extents, out) in [
            ([40, 30, 50], [false; 3]),
            ([40, 30, 50], [true, false, false]),
            ([40, 30, 50], [false, false, true]),
            ([33, 2, 700], [false, true, false]),
            ([3, 5, 3000], [true, true, false]),
        ] {
            for one in [[true; 3], [true, false, true], [false, true, true]] {
                let letter = |i: usize| Letter {
                    extent: extents[i],
                    out: out[i],
                    sources: [true, one[i], true, true],
                };
                let letters = [0, 1, 2].map(letter);
                check(&mut random, product::<T, 4>, &letters);
            }
        }
    }
    check_sums::<f32>(41);
    check_sums::<f64>(42);
    check_sums::<Complex32>(43);
    check_sums::<Complex64>(44);
}

/// What goes through buffers for the examples of [`factors`].
#[test]
fn choices_of_factors() {
    let planned = |text: &str, extents: &[usize], size: usize| {
        let count = text.split("->").next().map_or(0, |left| left.split(',').count());
        let dims = nest(text, extents);
        let elements = Elements { size, are_complex: false };
        factors::plan::plan(&dims, count, elements, true).map(|plan| {
            let staged = plan.sources[..count].iter();
            let staged = staged.enumerate().filter(|(_, staged)| **staged);
            (staged.map(|(p, _)| p).collect::<Vec<_>>(), plan.results)
        })
    };
    assert_eq!(planned("acb,b,bac->acb", &[100, 128, 100], 4), Some((vec![2], false)));
    assert_eq!(planned("bca,acb,bc->ba", &[100, 64, 128], 4), Some((vec![1], false)));
    // The output is turned rather than two factors.
    assert_eq!(planned("abc,abc,cab->bca", &[100, 128, 100], 4), Some((vec![2], true)));
    assert_eq!(planned("abc,abc,ab,bc->cab", &[100, 128, 100], 4), Some((vec![], true)));
    // No factor has all loops: products are used more than once.
    assert_eq!(planned("ab,bc,ac->b", &[100, 128, 100], 4), None);
    // Rows are short.
    assert_eq!(planned("ab,b,ab,b->ab", &[10_000, 8], 4), None);
}
