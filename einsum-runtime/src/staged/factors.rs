//! Products of several factors, whose sums use every product once: in one pass over memory.
//!
//! All factors of a block are brought into one order, so that they are adjacent or constant along rows, and are multiplied two
//! or three at a time: what has been multiplied stays in the caches. The last two of a sum are multiplied as they are summed.
//!
//! ```text
//! acb,b,bac->acb      the third factor is copied in the order of the others
//! c,bca,acb,bc->ba    the third one is copied in the order [b c a]; products are summed in rows along a
//! ```

#![allow(unsafe_code)]

use core::cmp::Reverse;

use smallvec::SmallVec;

use super::order::{NEXT_ROW, RUN, times_copied};
use super::plan::{BYTES, Caps, Elements, Plan, ROW};
use super::{Kernels, Staged, binary_here, blocks, unary_here};
use crate::kept::Kept;
use crate::kernel::level::Level;
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::raw::{self, FACTORS, RawMode, RawRead};
use crate::kernel::{Dim, Dims, Read};
use crate::sort::sort_by_key;
use crate::stream;

/// Buffers begin at cache lines.
const LINE: usize = 64;

/// The bytes of a block's products where no factor goes through a buffer: they stay in a first-level cache.
const NEAR: usize = 16 << 10;

/// The fewest summands of a block, if there are so many.
const TERMS: usize = 4;

/// Multiplies factors, and sums the products if each is used once. Returns false, with nothing done, if there are no kernels
/// for these steps.
///
/// # Safety
///
/// As [`RawProduct`](crate::kernel::raw::RawProduct), for elements `T`.
pub(crate) unsafe fn product<T: Staged>(
    dims: &mut Dims<FACTORS>,
    factors: &[RawRead],
    out: *mut u8,
    mode: RawMode,
) -> bool {
    let nothing = Read { ptr: core::ptr::null::<T>(), conjugated: false };
    let mut reads = [nothing; FACTORS];
    for (read, factor) in reads.iter_mut().zip(factors) {
        *read = factor.typed();
    }
    let mut out = out.cast::<T>();
    if Level::current() < Level::Avx2 || prepare(dims, &mut reads, &mut out) != Work::Run {
        return false;
    }
    // SAFETY: the caller's duties; `prepare` keeps the points.
    unsafe {
        let is_done = match three(dims, factors.len()) {
            Some(dims) => {
                let [x, y, z, ..] = reads;
                T::triple(&dims, [x, y, z], out, mode.typed())
            }
            None => false,
        };
        if is_done {
            return true;
        }
        let elements = Elements { size: size_of::<T>(), are_complex: T::IS_COMPLEX };
        let is_assigned = matches!(mode, RawMode::Assign);
        let Some(plan) = plan(dims, factors.len(), elements, is_assigned) else { return false };
        let kernels =
            Kernels { element: size_of::<T>(), copy: unary_here::<T>, kernel: multiply::<T> };
        blocks::run(&plan, &kernels, reads.map(RawRead::of), out.cast(), mode);
    }
    true
}

/// Whether [`product`] takes so many factors at these steps, of elements of a size.
pub(crate) fn takes_product(
    mut dims: Dims<FACTORS>,
    factors: usize,
    size: usize,
    are_complex: bool,
) -> bool {
    let mut nowhere = [Read { ptr: core::ptr::null::<u8>(), conjugated: false }; FACTORS];
    let work = prepare(&mut dims, &mut nowhere, &mut core::ptr::null_mut());
    if Level::current() < Level::Avx2 || work != Work::Run {
        return false;
    }
    let is_triple = |dims| stream::takes_triple(dims);
    three(&dims, factors).is_some_and(is_triple)
        || plan(&dims, factors, Elements { size, are_complex }, true).is_some()
}

/// Returns the loops of a product of three factors without a sum.
fn three(dims: &Dims<FACTORS>, factors: usize) -> Option<Dims<3>> {
    if factors != 3 || dims.iter().any(|d| d.summed) {
        return None;
    }
    Some(dims.iter().map(|d| with_sources(d, [d.sources[0], d.sources[1], d.sources[2]])).collect())
}

fn with_sources<const P: usize>(dim: &Dim<FACTORS>, sources: [isize; P]) -> Dim<P> {
    Dim { extent: dim.extent, out: dim.out, sources, summed: dim.summed }
}

/// Plans a product of so many factors: in the order of the output or of a factor, whichever moves the fewest elements.
fn plan(
    dims: &Dims<FACTORS>,
    factors: usize,
    elements: Elements,
    is_assigned: bool,
) -> Option<Plan<FACTORS>> {
    let is_whole = |&p: &usize| dims.iter().all(|d| d.sources[p] != 0);
    // If a factor has all loops, every product is used once.
    if dims.iter().any(|d| d.summed) && !(0..factors).any(|p| is_whole(&p)) {
        return None;
    }
    let orders = (0..factors).filter(is_whole).chain([FACTORS]);
    let plans = orders.filter_map(|array| {
        let mut sorted = dims.clone();
        sort_by_key(&mut sorted[..], |d| {
            let own = d.sources.get(array).copied().unwrap_or(d.out).unsigned_abs();
            (array == FACTORS && !d.summed, Reverse(own))
        });
        in_order(sorted, factors, elements, is_assigned)
    });
    plans.min_by_key(|(cost, _)| *cost).map(|(_, plan)| plan)
}

/// Plans a product whose blocks have the order of `dims`, and says about how long it takes, in moved elements.
fn in_order(
    dims: Dims<FACTORS>,
    factors: usize,
    elements: Elements,
    is_assigned: bool,
) -> Option<(usize, Plan<FACTORS>)> {
    let last = *dims.last()?;
    let staged = core::array::from_fn(|p| !matches!(last.sources[p], 0 | 1));
    let is_sum = dims.iter().any(|d| d.summed);
    // Sums over rows are of products of two factors that have them.
    if last.summed && last.sources.iter().filter(|step| **step != 0).count() < 2 {
        return None;
    }
    let is_turned = !last.summed && last.out != 1;
    let results = is_turned || elements.are_complex && !is_assigned && !is_sum;
    let run = run(&dims, &staged, results);
    if run < ROW {
        return None;
    }
    let is_near = !results && !staged.contains(&true);
    let copied = staged.iter().filter(|staged| **staged).count() + usize::from(results);
    let buffers = copied + products(factors, is_sum);
    let bytes = if is_near { NEAR } else { 3 * BYTES / buffers.max(3) };
    let most = bytes / elements.size;
    let mut plan = Plan::of_points(dims, staged, results);
    plan.points = true;
    // A block of one summand would be no sum.
    let mut terms = TERMS;
    for i in (0..plan.blocks.len()).rev() {
        if plan.dims[i].summed {
            plan.blocks[i] = plan.dims[i].extent.min(terms);
            terms = terms.div_ceil(plan.blocks[i]);
        }
    }
    if !is_near {
        let row = plan.blocks.len() - 1;
        let mut bytes = RUN;
        while bytes >= RUN / 8 {
            let whole = plan.dims[row].extent.min(RUN / elements.size);
            plan.blocks[row] = if last.summed { whole.max(plan.blocks[row]) } else { whole };
            if plan.complete_runs(bytes / elements.size, most) {
                break;
            }
            bytes /= 2;
        }
    }
    plan.enlarge(most, Caps { row: usize::MAX, other: usize::MAX });
    let points = |has: &dyn Fn(&Dim<FACTORS>) -> bool| {
        plan.dims.iter().filter(|d| has(d)).fold(1_usize, |n, d| n.saturating_mul(d.extent))
    };
    let elements_copied = (0..factors).filter(|&p| staged[p]).fold(0_usize, |n, p| {
        n.saturating_add(points(&|d| d.sources[p] != 0).saturating_mul(times_copied(&plan, p)))
    });
    let moved = elements_copied.saturating_add(if results { points(&|d| !d.summed) } else { 0 });
    let between = (points(&|_| true) / run).saturating_mul(NEXT_ROW);
    Some((moved.saturating_mul(2).saturating_add(between), plan))
}

/// Returns how many buffers [`multiply`] uses for so many factors: two in turn for the products of some of them.
fn products(factors: usize, is_sum: bool) -> usize {
    let before_last = if is_sum { factors - 1 } else { factors - 2 };
    (before_last / 2).min(2)
}

/// Returns how many elements follow each other in a row of the last loops, in all arrays.
fn run(dims: &Dims<FACTORS>, staged: &[bool; FACTORS], results: bool) -> usize {
    let mut run = 1_usize;
    let Some(last) = dims.last() else { return run };
    for d in dims.iter().rev() {
        let step = run.cast_signed();
        let follows = |p: usize| {
            let is_same = (d.sources[p] != 0) == (last.sources[p] != 0);
            is_same && (staged[p] || d.sources[p] == 0 || d.sources[p] == step)
        };
        let is_out = d.summed == last.summed && (d.summed || results || d.out == step);
        if !is_out || !(0..FACTORS).all(follows) {
            break;
        }
        run = run.saturating_mul(d.extent);
    }
    run
}

/// A factor, or a product of several: where it is, and its steps.
struct Factor {
    read: RawRead,
    steps: SmallVec<[isize; 8]>,
}

impl Factor {
    /// Returns the points of the loops that it steps along.
    fn points(&self, dims: &Dims<FACTORS>) -> usize {
        let own = dims.iter().zip(&self.steps).filter(|(_, step)| **step != 0);
        own.fold(1, |n, (d, _)| n * d.extent)
    }
}

/// Returns the loops of a product of factors, where `out` has the steps of its target.
fn along<const P: usize>(
    dims: &Dims<FACTORS>,
    factors: &[Factor],
    out: impl Fn(usize) -> Option<(isize, bool)>,
) -> Dims<P> {
    let dim = |(i, d): (usize, &Dim<FACTORS>)| {
        let (out, summed) = out(i)?;
        let sources = core::array::from_fn(|p| factors[p].steps[i]);
        Some(Dim { extent: d.extent, out, sources, summed })
    };
    dims.iter().enumerate().filter_map(dim).collect()
}

/// Multiplies the factors of a block, which are those that have an address, and sums the products.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for elements `T`; factors of the mode can be read; the machine has AVX2 and FMA.
unsafe fn multiply<T: Staged>(
    dims: &mut Dims<FACTORS>,
    sources: [RawRead; FACTORS],
    out: *mut u8,
    mode: RawMode,
) {
    let steps = |p: usize| dims.iter().map(|d| d.sources[p]).collect();
    let there = (0..FACTORS).filter(|&p| !sources[p].ptr.is_null());
    let mut factors: SmallVec<[Factor; FACTORS]> =
        there.map(|p| Factor { read: sources[p], steps: steps(p) }).collect();
    // The smallest are multiplied first.
    sort_by_key(&mut factors[..], |factor| Reverse(factor.points(dims)));
    let room =
        (dims.iter().fold(size_of::<T>(), |n, d| n * d.extent)).next_multiple_of(LINE) + LINE;
    let is_sum = dims.iter().any(|d| d.summed);
    let mut memory = None;
    let to_out = |i: usize| Some((dims[i].out, dims[i].summed));
    // A product is read when the next one is made, and then no more.
    for start in [0, room].into_iter().cycle() {
        let count = factors.len();
        let is_last = count == 2 || count == 3 && !is_sum;
        if is_last && count == 2 {
            let mut dims = along::<2>(dims, &factors, to_out);
            let reads = [factors[0].read, factors[1].read];
            // SAFETY: the caller's duties.
            return unsafe { raw::run(T::KERNELS.binary, &mut dims, reads, out, mode) };
        }
        if is_last {
            let mut dims = along::<3>(dims, &factors, to_out);
            // SAFETY: the caller's duties.
            if unsafe { triple_here::<T>(&mut dims, &factors, out, mode) } {
                return;
            }
        }
        let memory = memory.get_or_insert_with(|| Kept::new(2 * room, LINE));
        let buffer = memory.as_mut_ptr().wrapping_add(start);
        let left = if is_sum { 2 } else { 3 };
        let mut taken = if !is_last && (count - left).is_multiple_of(2) { 3 } else { 2 };
        let steps = loop {
            let smallest = &factors[count - taken..];
            let mut steps: SmallVec<[isize; 8]> = SmallVec::from_elem(0, dims.len());
            let mut step = 1;
            for i in (0..dims.len()).rev() {
                if smallest.iter().any(|factor| factor.steps[i] != 0) {
                    steps[i] = step;
                    step *= dims[i].extent.cast_signed();
                }
            }
            let to_buffer = |i: usize| (steps[i] != 0).then_some((steps[i], false));
            // SAFETY: the caller's duties; the buffer has room for all points, and the other one holds what is read.
            unsafe {
                if taken == 3 {
                    let mut dims = along::<3>(dims, smallest, to_buffer);
                    if triple_here::<T>(&mut dims, smallest, buffer, RawMode::Assign) {
                        break steps;
                    }
                    taken = 2;
                    continue;
                }
                let mut dims = along::<2>(dims, smallest, to_buffer);
                let reads = [smallest[0].read, smallest[1].read];
                binary_here::<T>(&mut dims, reads, buffer, RawMode::Assign);
                break steps;
            }
        };
        factors.truncate(count - taken);
        factors.push(Factor { read: RawRead { ptr: buffer, conjugated: false }, steps });
    }
}

/// Multiplies three factors without a sum, or returns false, with nothing done.
///
/// # Safety
///
/// As [`multiply`].
unsafe fn triple_here<T: Staged>(
    dims: &mut Dims<3>,
    factors: &[Factor],
    out: *mut u8,
    mode: RawMode,
) -> bool {
    let mut reads = core::array::from_fn(|p| factors[p].read.typed::<T>());
    let mut out = out.cast::<T>();
    let work = prepare(dims, &mut reads, &mut out);
    // SAFETY: the caller's duties; `prepare` keeps the points.
    work == Work::Run && unsafe { T::triple(dims, reads, out, mode.typed()) }
}
