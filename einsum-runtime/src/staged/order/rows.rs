//! Rows along kept loops, with some arrays in buffers.

use core::cmp::Reverse;

use smallvec::SmallVec;

use super::{NEXT_ROW, RUN, free};
use crate::kernel::level::Level;
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;
use crate::staged::plan::{BYTES, Caps, Elements, Plan, ROW, is_batch};

/// In moved elements: the time between calls of a kernel.
const CALL: usize = 300;

/// In moved elements: the time of a short row that is one of several with the same row of a factor; and the fewest bytes of such.
const SHORT_ROW: usize = 6;
const SHORT_BYTES: usize = 36;

/// Which arrays go through buffers, the output last, and in which order kept loops follow each other, the innermost first.
pub(super) struct Order {
    pub(super) staged: [bool; 3],
    /// Which sources, of those in buffers, have a copy of their elements for every point of the loops of a row that they do not
    /// step along.
    pub(super) repeated: [bool; 2],
    pub(super) loops: SmallVec<[usize; 8]>,
}

impl Order {
    /// Returns how many of the first loops make a row of elements that are adjacent or constant in every array.
    fn loops_of_row(&self, dims: &Dims<2>) -> usize {
        let Some(&first) = self.loops.first() else { return 0 };
        let (first, mut row) = (dims[first], 1_isize);
        let fits = |i: usize, row: isize| {
            let d = &dims[i];
            let is_dense = |staged: bool, step: isize| staged || step == 0 || step == row;
            let is_in = |p: usize, d: &Dim<2>| self.repeated[p] || d.sources[p] != 0;
            let is_same = |p: usize| is_in(p, d) == is_in(p, &first);
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
    pub(super) fn run(&self, dims: &Dims<2>) -> usize {
        let row = &self.loops[..self.loops_of_row(dims)];
        row.iter().fold(1_usize, |n, &i| n.saturating_mul(dims[i].extent))
    }

    /// Whether rows are short, but follow each other with the same row of a factor, for which there is a kernel.
    fn has_short_rows(&self, dims: &Dims<2>, elements: Elements) -> bool {
        let next = self.loops.get(self.loops_of_row(dims)).map(|&i| &dims[i]);
        Level::current() == Level::Avx512
            && !elements.are_complex
            && !self.staged[2]
            && !dims.iter().any(|d| d.summed)
            && self.run(dims) * elements.size >= SHORT_BYTES
            && next.is_some_and(|d| (d.sources[0] == 0) != (d.sources[1] == 0))
    }

    /// Makes the plan, with about the time that it takes, in moved elements. `None` if rows are short.
    pub(super) fn plan(
        &self,
        dims: &Dims<2>,
        counts: [usize; 3],
        elements: Elements,
    ) -> Option<(usize, Plan<2>)> {
        let is_short = self.run(dims) < ROW;
        if is_short && !self.has_short_rows(dims, elements) {
            return None;
        }
        let row = &self.loops[..self.loops_of_row(dims)];
        // To copy whole rows takes less time than to copy every element.
        if (0..2).any(|p| self.repeated[p] && row.first().is_none_or(|&i| dims[i].sources[p] == 0))
        {
            return None;
        }
        let order = self.around(dims, row, counts);
        let sorted: Dims<2> = order.iter().chain(row.iter().rev()).map(|&i| dims[i]).collect();
        let [x, y, results] = self.staged;
        let caps = Caps { row: 64, other: 64 };
        let most = BYTES / 2 / elements.size;
        let mut plan = Plan::of_points(sorted, [x, y], results);
        for p in (0..2).filter(|&p| self.repeated[p]) {
            let lacks = |&i: &usize| plan.dims[i].sources[p] == 0;
            plan.repeated.extend((order.len()..plan.dims.len()).filter(lacks).map(|i| (p, i)));
        }
        plan.complete_runs(RUN / elements.size, most);
        plan.enlarge(most, caps);
        let length = plan.blocks[order.len()..].iter().fold(1_usize, |n, &b| n.saturating_mul(b));
        if length < ROW.min(self.run(dims)) {
            return None;
        }
        let moved = (0..3).filter(|&p| self.staged[p]).fold(0_usize, |n, p| {
            let times = if p < 2 { times_copied(&plan, p) } else { 1 };
            let more = plan.repeated.iter().filter(|(own, _)| *own == p);
            let copies = more.fold(times, |n, &(_, i)| n.saturating_mul(plan.dims[i].extent));
            n.saturating_add(copies.saturating_mul(counts[p]).saturating_mul(2))
        });
        let is_vector = free(dims, 0).min(free(dims, 1)) == 1;
        let between = if is_short {
            (counts[2] / length).saturating_mul(SHORT_ROW)
        } else if !dims.iter().any(|d| d.summed) {
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
pub(in crate::staged) fn times_copied<const P: usize>(plan: &Plan<P>, p: usize) -> usize {
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

/// Returns the kept loops as the output has them, the innermost first.
pub(super) fn by_output(dims: &Dims<2>) -> SmallVec<[usize; 8]> {
    let mut loops: SmallVec<[usize; 8]> = (0..dims.len()).filter(|&i| !dims[i].summed).collect();
    sort_by_key(&mut loops[..], |&i| dims[i].out);
    loops
}

/// Returns the kept loops with those first that step along just these sources, in the order of one that is not copied, or
/// else of the largest.
pub(super) fn by_kind(
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

/// Returns the step in a source, or the output.
fn step(dim: &Dim<2>, array: usize) -> isize {
    if array < 2 { dim.sources[array] } else { dim.out }
}
