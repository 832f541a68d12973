//! Nests that use elements few times, and whose arrays lie in different orders in memory.
//!
//! Such a nest takes as long as its arrays take to pass, if rows of adjacent elements are long in all of them. Where they
//! are not, arrays are copied into the order of another one, block by block: small ones rather than large ones, and of
//! several ways the one that moves the fewest elements.
//!
//! ```text
//! abc,cb->a     y is copied in the order of x: b and c become one loop
//! acbd,dca->ba  y too, once for every b of a block: out[b] = Σ_d Σ_c x[c, (b d)] · y[c, (b d)]
//! ba,ac->cab    results are formed in rows along c, and turned
//! adb,dc->cba   x is copied in the order of the output: [d, (b a)]
//! dbca->cbd     sums over a are formed in rows along (b c) for every d of a block, and turned
//! ```

use core::cmp::Reverse;

use smallvec::SmallVec;

use super::plan::{BYTES, Caps, Elements, Plan, ROW, is_batch};
use crate::engine::DOT;
use crate::kernel::level::Level;
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;

/// Nests with fewer points are not worth the choice.
const POINTS: usize = if cfg!(test) { 4096 } else { 1 << 16 };

/// The most points for every element of the arrays, and the most steps of a sum.
const FEW: usize = 16;

/// The bytes of adjacent elements of a block, where an array has such: shorter runs share too many lines with their neighbours.
pub(super) const RUN: usize = 512;

/// Sums of rows below this size, in bytes, take longer than to keep a sum for every element of several rows.
const SHORT: usize = 256;

/// The fewest blocks that use the same copies of short rows. To copy an element takes several times as long as to add it.
const REUSED: usize = 16;

/// The bytes of rows that fill less than half of a vector.
const NARROW: usize = 28;

/// The bytes of an operand that a third-level cache holds.
const NEAR: usize = 16 << 20;

/// Columns from which on the engine's packing does not count.
const COLUMNS: usize = 24;

/// The most bytes of a sum's terms for which it matters how sums enter the output, and those of rows that are worth a call of
/// a kernel.
const FEW_TERMS: usize = 1024;
const FEW_BYTES: usize = 16 << 10;

/// In moved elements: the time between rows of one call of a kernel, and between calls.
pub(super) const NEXT_ROW: usize = 24;
const CALL: usize = 300;

/// Whether a nest has so many points that other orders are considered.
pub(super) fn is_worth(dims: &Dims<2>) -> bool {
    points(dims, |_| true) >= POINTS
}

/// Plans what other kernels would take, but slowly.
pub(super) fn plan(dims: &Dims<2>, elements: Elements) -> Option<Plan<2>> {
    let is_sum = dims.iter().any(|d| d.summed);
    if is_sum && !is_slow(dims, elements) {
        return None;
    }
    let natural = Order { staged: [false; 3], loops: by_output(dims) };
    let run = natural.run(dims);
    if is_sum {
        return reordered(dims, elements, usize::MAX);
    }
    // Short rows as they lie are often better than long ones of copies.
    let most = match run {
        ROW.. => return None,
        0 | 1 => usize::MAX,
        _ => (points(dims, |_| true) / run).saturating_mul(NEXT_ROW),
    };
    reordered(dims, elements, most)
}

/// Whether the engine would pack operands that it hardly uses, or leave lanes idle.
fn is_slow(dims: &Dims<2>, elements: Elements) -> bool {
    let Some(unit) = dims.iter().find(|d| d.out == 1) else { return false };
    let steps = points(dims, |d| d.summed);
    if free(dims, 0).min(free(dims, 1)) == 1 || is_batch(unit) {
        return false;
    }
    // The operand whose elements are vectors.
    let x = usize::from(unit.sources[0] == 0);
    let columns = free(dims, 1 - x);
    if steps > FEW {
        // There are too few rows for a vector, but those of the other operand are adjacent in it, and so are steps.
        let y = 1 - x;
        let is_row = |d: &Dim<2>| !d.summed && d.sources[x] == 0 && d.sources[y] == 1;
        let row = dims.iter().find(|d| is_row(d)).map_or(1, |d| d.extent);
        let is_next = |d: &Dim<2>| d.summed && d.sources[y].unsigned_abs() <= 2 * row;
        let is_idle = free(dims, x) * elements.size <= NARROW;
        // From memory, tiles of two vectors of 32 bytes read a cache line of each step at a time.
        let read = points(dims, |d| d.sources[y] != 0).saturating_mul(elements.size);
        let is_wide = Level::current() == Level::Avx512 || read <= NEAR;
        return is_idle && row >= ROW && is_wide && dims.iter().any(is_next);
    }
    if unit.sources[x] == 1 {
        let rows = Order { staged: [false; 3], loops: by_output(dims) }.run(dims);
        return rows < ROW / 2 && columns > 4 * ROW;
    }
    // Vectors end where rows over X that are adjacent in the output do.
    let rows = Order { staged: [true, true, false], loops: by_output(dims) }.run(dims);
    if rows * elements.size <= NARROW && columns > 4 * ROW {
        return true;
    }
    match dims.iter().find(|d| d.sources[x] == 1) {
        Some(d) if d.summed => {
            let batch = points(dims, is_batch);
            batch > 1 && columns < COLUMNS && steps * elements.size < 64
        }
        _ => true,
    }
}

/// Plans a nest whose kernels are to run along kept loops, if that takes less time than to move `most` elements.
pub(super) fn reordered(dims: &Dims<2>, elements: Elements, most: usize) -> Option<Plan<2>> {
    let counts = counts(dims);
    let all = counts.iter().fold(0_usize, |n, &c| n.saturating_add(c));
    if points(dims, |_| true) > FEW.saturating_mul(all) || dims.iter().any(|d| is_shared(dims, d)) {
        return None;
    }
    let mut best: Option<(usize, Plan<2>)> = None;
    for set in 1..8 {
        let staged = [set & 1 != 0, set & 2 != 0, set & 4 != 0];
        let kinds: &[[bool; 2]] = &[[true, false], [false, true], [true, true]];
        for &kind in if staged[2] { kinds } else { &kinds[..1] } {
            let loops = if staged[2] {
                match by_kind(dims, kind, staged, counts) {
                    Some(loops) => loops,
                    None => continue,
                }
            } else {
                by_output(dims)
            };
            let order = Order { staged, loops };
            let Some((cost, plan)) = order.plan(dims, counts, elements) else { continue };
            if cost < best.as_ref().map_or(most, |(least, _)| *least) {
                best = Some((cost, plan));
            }
        }
    }
    best.map(|(_, plan)| plan)
}

/// Plans to read X, which has all loops, as it lies in memory, with Y in a buffer in the same order.
pub(super) fn vector(dims: &Dims<2>, x: usize, elements: Elements) -> Option<Plan<2>> {
    let y = 1 - x;
    let mut dims = dims.clone();
    sort_by_key(&mut dims[..], |d| Reverse(d.sources[x].unsigned_abs()));
    let last = *dims.last()?;
    if last.sources[x] != 1 || dims.iter().any(|d| d.sources[x] < 0 || is_shared(&dims, d)) {
        return None;
    }
    let (mut run, mut first) = (1_usize, dims.len());
    while let Some(d) = first.checked_sub(1).map(|i| &dims[i]) {
        let step = run.cast_signed();
        let is_same = d.summed == last.summed && (d.sources[y] != 0) == (last.sources[y] != 0);
        if !is_same || d.sources[x] != step || d.out != last.out * step {
            break;
        }
        run *= d.extent;
        first -= 1;
    }
    let mut sources = [true; 2];
    sources[x] = false;
    if last.summed && run * elements.size < SHORT {
        let around = first.checked_sub(1).filter(|&i| {
            let d = &dims[i];
            !d.summed && d.sources[y] == 0 && d.sources[x] == run.cast_signed()
        });
        let plan = around.and_then(|i| repeated(&dims, (y, i), run, sources, elements));
        if plan.is_some() {
            return plan;
        }
    }
    let least = if last.summed { DOT / elements.size } else { ROW };
    let whole = Caps { row: usize::MAX, other: usize::MAX };
    (run >= least).then(|| Plan::new(dims, sources, false, BYTES / elements.size, whole))
}

/// Plans products with a copy of Y's rows of `run` elements, the last loops, for every point of the loop `around` them.
fn repeated(
    dims: &Dims<2>,
    (y, around): (usize, usize),
    run: usize,
    sources: [bool; 2],
    elements: Elements,
) -> Option<Plan<2>> {
    let most = BYTES / 3 / elements.size;
    let mut plan = Plan::of_points(dims.clone(), sources, true);
    plan.late = dims.len() - around - 1;
    plan.repeated = Some((y, around));
    // Sums are not interrupted: Y would be copied again for every block of results.
    let is_around = |&i: &usize| i == around;
    let is_other = |&i: &usize| i != around && !dims[i].summed;
    let summed = (0..dims.len()).filter(|&i| dims[i].summed);
    let kept = (0..dims.len()).filter(is_around).chain((0..around).rev().filter(is_other));
    for i in summed.chain(kept) {
        let extent = if i == around { dims[i].extent / REUSED } else { dims[i].extent };
        plan.blocks[i] = plan.room(i, most).min(extent).max(1);
        if dims[i].summed && plan.blocks[i] < dims[i].extent {
            return None;
        }
    }
    let is_long = plan.blocks[around] * run >= 4 * ROW;
    plan.even();
    is_long.then_some(plan)
}

/// Plans sums of few terms each in the order of the source, in which they make long rows, where the output has another one.
pub(super) fn sum(dims: &Dims<1>, size: usize) -> Option<Plan<1>> {
    let mut sorted = dims.clone();
    sort_by_key(&mut sorted[..], |d| (d.summed, Reverse(d.sources[0])));
    let points = |summed: bool| {
        let loops = dims.iter().filter(|d| d.summed == summed);
        loops.fold(1_usize, |n, d| n.saturating_mul(d.extent))
    };
    let terms = points(true);
    let is_few = terms > 1 && terms.saturating_mul(size) <= FEW_TERMS;
    if !is_few || points(false).saturating_mul(terms) < POINTS || !is_nested(dims) {
        return None;
    }
    let kept = sorted.iter().position(|d| d.summed)?;
    let [.., along] = &sorted[..kept] else { return None };
    let row = dims.iter().find(|d| d.sources[0] == 1)?;
    let is_slow = if row.summed {
        along.out != 1 || along.extent.saturating_mul(row.extent * size) < FEW_BYTES
    } else {
        // Shorter rows are summed in a buffer anyway.
        along.out != 1 && row.extent * size > SHORT && terms <= FEW
    };
    if kept < 2 || !is_slow {
        return None;
    }
    let most = BYTES / 2 / size;
    let mut plan = Plan::of_points(sorted, [false], true);
    plan.complete_runs(RUN / size, most);
    plan.enlarge(most, Caps { row: usize::MAX, other: usize::MAX });
    Some(plan)
}

/// Whether each loop's step in the source is at least as large as the loops inside of it are long.
fn is_nested(dims: &Dims<1>) -> bool {
    let mut dims = dims.clone();
    sort_by_key(&mut dims[..], |d| d.sources[0]);
    let mut end = 1_isize;
    dims.iter().all(|d| {
        let is_outside = d.sources[0] >= end;
        end = d.sources[0].saturating_mul(d.extent.cast_signed());
        is_outside
    })
}

/// Which arrays go through buffers, the output last, and in which order kept loops follow each other, the innermost first.
struct Order {
    staged: [bool; 3],
    loops: SmallVec<[usize; 8]>,
}

impl Order {
    /// Returns how many of the first loops make a row of elements that are adjacent or constant in every array.
    fn loops_of_row(&self, dims: &Dims<2>) -> usize {
        let Some(&first) = self.loops.first() else { return 0 };
        let (first, mut row) = (dims[first], 1_isize);
        let fits = |i: usize, row: isize| {
            let d = &dims[i];
            let is_dense = |staged: bool, step: isize| staged || step == 0 || step == row;
            let is_same = |p: usize| (d.sources[p] != 0) == (first.sources[p] != 0);
            is_same(0)
                && is_same(1)
                && (0..2).all(|p| is_dense(self.staged[p], d.sources[p]))
                && (self.staged[2] || d.out == row)
        };
        let mut count = 0;
        while let Some(&i) = self.loops.get(count)
            && fits(i, row)
        {
            row = row.saturating_mul(dims[i].extent.cast_signed());
            count += 1;
        }
        count
    }

    /// Returns the elements of such a row.
    fn run(&self, dims: &Dims<2>) -> usize {
        let row = &self.loops[..self.loops_of_row(dims)];
        row.iter().fold(1_usize, |n, &i| n.saturating_mul(dims[i].extent))
    }

    /// Makes the plan, with about the time that it takes, in moved elements. `None` if rows are short.
    fn plan(
        &self,
        dims: &Dims<2>,
        counts: [usize; 3],
        elements: Elements,
    ) -> Option<(usize, Plan<2>)> {
        if self.run(dims) < ROW {
            return None;
        }
        let row = &self.loops[..self.loops_of_row(dims)];
        let order = self.around(dims, row, counts);
        let sorted: Dims<2> = order.iter().chain(row.iter().rev()).map(|&i| dims[i]).collect();
        let [x, y, results] = self.staged;
        let caps = Caps { row: 64, other: 64 };
        let most = BYTES / 2 / elements.size;
        let mut plan = Plan::of_points(sorted, [x, y], results);
        plan.complete_runs(RUN / elements.size, most);
        plan.enlarge(most, caps);
        let length = plan.blocks[order.len()..].iter().fold(1_usize, |n, &b| n.saturating_mul(b));
        if length < ROW {
            return None;
        }
        let moved = (0..3).filter(|&p| self.staged[p]).fold(0_usize, |n, p| {
            let times = if p < 2 { times_copied(&plan, p) } else { 1 };
            n.saturating_add(times.saturating_mul(counts[p]).saturating_mul(2))
        });
        let is_vector = free(dims, 0).min(free(dims, 1)) == 1;
        let between = if !dims.iter().any(|d| d.summed) {
            (counts[2] / length).saturating_mul(NEXT_ROW)
        } else if is_vector {
            (counts[2] / length).saturating_mul(CALL)
        } else {
            // A call for every point of the batch that is not in the row.
            let batch = order.iter().filter(|&&i| is_batch(&dims[i]));
            batch.fold(CALL, |n, &i| n.saturating_mul(dims[i].extent))
        };
        Some((moved.saturating_add(between), plan))
    }

    /// Returns the loops around a row, outermost first: in the order of the largest array that goes through a buffer, so
    /// that as many as may be are one loop of the copy, others in that of the output.
    fn around(&self, dims: &Dims<2>, row: &[usize], counts: [usize; 3]) -> SmallVec<[usize; 8]> {
        let largest = (0..3).filter(|&p| self.staged[p]).max_by_key(|&p| counts[p]).unwrap_or(2);
        let mut order: SmallVec<[usize; 8]> = SmallVec::new();
        let mut others: SmallVec<[usize; 8]> = SmallVec::new();
        for i in (0..dims.len()).filter(|i| !row.contains(i)) {
            if step(&dims[i], largest) == 0 { others.push(i) } else { order.push(i) }
        }
        sort_by_key(&mut order[..], |&i| Reverse(step(&dims[i], largest).unsigned_abs()));
        sort_by_key(&mut others[..], |&i| Reverse(dims[i].out.unsigned_abs()));
        for i in others {
            let d = &dims[i];
            let is_outer =
                |&j: &usize| !dims[j].summed && dims[j].out.unsigned_abs() > d.out.unsigned_abs();
            let at = if d.summed {
                order.len()
            } else {
                order.iter().rposition(is_outer).map_or(0, |at| at + 1)
            };
            order.insert(at, i);
        }
        order
    }
}

/// Returns how often a source is copied: once for each block of slower loops that it does not step along.
pub(super) fn times_copied<const P: usize>(plan: &Plan<P>, p: usize) -> usize {
    let count = |i: usize| plan.dims[i].extent.div_ceil(plan.blocks[i]);
    // Blocks of summed loops follow each other first.
    let kept = (0..plan.dims.len()).filter(|&i| !plan.dims[i].summed);
    let order = kept.chain((0..plan.dims.len()).filter(|&i| plan.dims[i].summed));
    let (mut times, mut slower) = (1_usize, 1_usize);
    for i in order {
        if plan.is_in(p, i) {
            if count(i) > 1 {
                times = slower;
            }
        } else {
            slower = slower.saturating_mul(count(i));
        }
    }
    times
}

/// Returns the step in a source, or the output.
fn step(dim: &Dim<2>, array: usize) -> isize {
    if array < 2 { dim.sources[array] } else { dim.out }
}

/// Returns the elements of the sources and the output.
fn counts(dims: &Dims<2>) -> [usize; 3] {
    [0, 1, 2].map(|p| points(dims, |d| if p < 2 { d.sources[p] != 0 } else { !d.summed }))
}

/// Returns the points of the loops over one source alone.
fn free(dims: &Dims<2>, p: usize) -> usize {
    points(dims, |d| !d.summed && d.sources[p] != 0 && d.sources[1 - p] == 0)
}

fn points(dims: &Dims<2>, has: impl Fn(&Dim<2>) -> bool) -> usize {
    dims.iter().filter(|d| has(d)).fold(1_usize, |n, d| n.saturating_mul(d.extent))
}

/// Whether another loop runs along the same axis, as those of a window do.
fn is_shared(dims: &Dims<2>, dim: &Dim<2>) -> bool {
    let is_along = |d: &Dim<2>, p: usize| {
        d.sources[p] != 0 && d.sources[p].unsigned_abs() == dim.sources[p].unsigned_abs()
    };
    let count = |p: usize| dims.iter().filter(|d| is_along(d, p)).count();
    count(0) > 1 || count(1) > 1
}

/// Returns the kept loops as the output has them, the innermost first.
fn by_output(dims: &Dims<2>) -> SmallVec<[usize; 8]> {
    let mut loops: SmallVec<[usize; 8]> = (0..dims.len()).filter(|&i| !dims[i].summed).collect();
    sort_by_key(&mut loops[..], |&i| dims[i].out);
    loops
}

/// Returns the kept loops with those first that step along just these sources, in the order of one that is not copied, or
/// else of the largest.
fn by_kind(
    dims: &Dims<2>,
    kind: [bool; 2],
    staged: [bool; 3],
    counts: [usize; 3],
) -> Option<SmallVec<[usize; 8]>> {
    let is_kind = |i: usize| (0..2).all(|p| (dims[i].sources[p] != 0) == kind[p]);
    let leading = (0..2).filter(|&p| kind[p]).max_by_key(|&p| (!staged[p], counts[p]))?;
    let mut loops = by_output(dims);
    sort_by_key(&mut loops[..], |&i| {
        let along = if is_kind(i) { dims[i].sources[leading].unsigned_abs() } else { 0 };
        (!is_kind(i), along)
    });
    loops.first().is_some_and(|&i| is_kind(i)).then_some(loops)
}
