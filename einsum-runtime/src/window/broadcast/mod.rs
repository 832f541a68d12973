//! Nests whose lanes are along the source that has no windows, as oneDNN has them: output channels. What has windows is read
//! element by element, and an element may lie anywhere. Hence no lane is idle however short rows are, nothing
//! is copied but the other source and results, a window may have any step, and no zeros are multiplied: where windows reach
//! over edges, the nest is cut into [`parts`].
//!
//! ```text
//! for a block of lanes, of columns                       taken by threads
//!   for a block of sums
//!     what is read of X is asked for                     element by element the processor does not foresee it
//!     packed[step][lane] = the other source              once for blocks that follow each other, if all sums are a block
//!     for all parts
//!       results[column][lane] (+)= Σ X[column + step] · packed[step][lane]
//!   target (+)= results                                  unless lanes are adjacent there
//! ```

mod parts;
mod plan;
mod time;

use smallvec::{SmallVec, smallvec};

use super::Job;
use super::affine::{Affine, Line, Lines, PerLoop};
use super::direct::lay;
use super::solve::added;
use crate::kept::Kept;
use crate::kernel::raw::{RawMode, RawRead};
use crate::kernel::{Dim, Dims};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};
use parts::parts;
use plan::{Plan, SLOTS};

/// How a nest is run so.
pub(super) struct Broadcast(Plan);

impl Broadcast {
    /// Returns the way, if a nest can be run so in less than some time, in steps of a kernel with one vector.
    pub(super) fn of(job: &Job<'_>, nest: &Affine, time: f64) -> Option<Self> {
        if job.is_single || !job.kernels.is_real {
            return None;
        }
        Plan::of(nest, job.kernels.element.size(), time).map(Broadcast)
    }

    /// Runs the nest.
    ///
    /// # Safety
    ///
    /// As [`gather`](super::gather::gather), for the nest that this was made for.
    pub(super) unsafe fn run(&self, job: &Job<'_>, nest: &Affine, mode: RawMode) {
        #[cfg(test)]
        super::tests::take(super::tests::Way::Broadcast);
        let plan = &self.0;
        let element = job.kernels.element;
        let points = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
        let nanoseconds = points.saturating_mul(element.size()) / BYTES_MULTIPLIED;
        let grid = Grid::of([plan.kept()], [1], threads::pieces(nanoseconds));
        // SAFETY: there are pointers to elements, and numbers that nobody writes.
        let shared = unsafe { Shared::new((job, nest, plan, mode)) };
        threads::each(grid.pieces(), &|piece| {
            let (job, nest, plan, mode) = shared.get();
            let [slot, results] = plan.elements().map(|n| n * element.size());
            let mut buffers = Buffers {
                packed: Kept::new(slot * plan.slots, element.align()),
                slot,
                results: Kept::new(results, element.align()),
                holds: SmallVec::from_elem(None, plan.slots),
            };
            let [range] = grid.piece(piece);
            for kept in range {
                // SAFETY: the caller's duties; different blocks write different elements.
                unsafe { buffers.block(job, nest, plan, mode, kept) };
            }
        });
    }
}

struct Buffers {
    packed: Kept,
    /// The bytes of a slot of it.
    slot: usize,
    results: Kept,
    /// What every slot has: the number of what has been packed there, and of the block of sums.
    holds: SmallVec<[Option<(usize, usize)>; SLOTS]>,
}

impl Buffers {
    /// Forms a block of results.
    ///
    /// # Safety
    ///
    /// As [`Broadcast::run`]; buffers have room for a block.
    unsafe fn block(
        &mut self,
        job: &Job<'_>,
        nest: &Affine,
        plan: &Plan,
        mode: RawMode,
        kept: usize,
    ) {
        let mut way: Dims<1> = Dims::new();
        let mut to = job.out;
        let mut mode_now = if plan.is_direct { mode } else { RawMode::Assign };
        for summed in 0..plan.summed() {
            let mut block = nest.clone();
            for (number, part) in plan.at(nest.loops.len(), kept, summed).iter().enumerate() {
                block.restrict(number, part.start, 1, part.len());
            }
            #[cfg(target_arch = "x86_64")]
            super::fetch::fetch(job, &block, plan.p);
            // SAFETY: the caller's duties.
            let packed = unsafe { self.pack(job, plan, &mut block, (kept, summed)) };
            if !plan.is_direct {
                to = job.out_at(block.out);
                way = lay_results(plan, &mut block);
            }
            let mut form = |part: &Affine, is_first: bool| {
                let mode = if is_first { mode_now } else { added(mode_now) };
                #[cfg(test)]
                if !is_first {
                    use crate::window::tests::{Way, take};
                    take(Way::AddedParts);
                }
                // SAFETY: the caller's duties: what is read has been packed, or is inside of its axes.
                unsafe { self.part(job, plan, part, packed, mode) }
            };
            parts(&block, plan.block(), true, &mut form).expect("the whole nest has parts");
            mode_now = added(mode_now);
        }
        if !plan.is_direct {
            let read = RawRead { ptr: self.results.as_ptr(), conjugated: false };
            // SAFETY: the caller's duties; all results have been formed.
            unsafe { job.kernels.unary(&mut way, read, to, mode) };
        }
    }

    /// Packs what a block reads of the other source, unless that has been done, lets the block read it there, and returns
    /// where.
    ///
    /// # Safety
    ///
    /// As [`block`](Self::block).
    unsafe fn pack(
        &mut self,
        job: &Job<'_>,
        plan: &Plan,
        block: &mut Affine,
        (kept, summed): (usize, usize),
    ) -> *const u8 {
        let q = 1 - plan.p;
        let mut steps: PerLoop<isize> = smallvec![0; block.loops.len()];
        let first = lay(&block.sources[q], steps.iter_mut(), core::iter::repeat(0));
        let mut copy: Dims<1> = Dims::new();
        let mut lines: Lines = Lines::new();
        let mut stride = 1_isize;
        for number in plan.packed() {
            let (extent, step) = (block.loops[number].extent, steps[number]);
            if step == 0 {
                continue;
            }
            copy.push(Dim { extent, out: stride, sources: [step], summed: false });
            let mut coefficients: PerLoop<isize> = smallvec![0; block.loops.len()];
            coefficients[number] = 1;
            lines.push(Line { extent, stride, offset: 0, coefficients });
            stride *= if number == plan.lanes { plan.pitch } else { extent }.cast_signed();
        }
        block.sources[q] = lines;
        let (slot, number) = plan.place(kept);
        let to = self.packed.as_mut_ptr().wrapping_add(slot * self.slot);
        if self.holds[slot] != Some((number, summed)) {
            self.holds[slot] = Some((number, summed));
            let read = RawRead { ptr: job.source_at(q, first), conjugated: false };
            // SAFETY: the caller's duties: the source is inside of its axes, and there is room for it.
            unsafe { job.kernels.unary(&mut copy, read, to, RawMode::Assign) };
        }
        to
    }

    /// Forms the results of a part, as many steps at a time as the plan says.
    ///
    /// # Safety
    ///
    /// As [`block`](Self::block); the other source has been packed.
    unsafe fn part(
        &mut self,
        job: &Job<'_>,
        plan: &Plan,
        part: &Affine,
        packed: *const u8,
        mode: RawMode,
    ) {
        let Some((number, block)) = plan.steps_at_once(part) else {
            // SAFETY: the caller's duties.
            return unsafe { self.product(job, plan, part, packed, mode) };
        };
        let mut mode = mode;
        let extent = part.loops[number].extent;
        for first in (0..extent).step_by(block) {
            let mut steps = part.clone();
            steps.restrict(number, first, 1, block.min(extent - first));
            // SAFETY: the caller's duties.
            unsafe { self.product(job, plan, &steps, packed, mode) };
            mode = added(mode);
        }
    }

    /// Adds the products of some steps of a part.
    ///
    /// # Safety
    ///
    /// As [`part`](Self::part).
    unsafe fn product(
        &mut self,
        job: &Job<'_>,
        plan: &Plan,
        part: &Affine,
        packed: *const u8,
        mode: RawMode,
    ) {
        let mut dims = part.dims();
        let size = job.kernels.element.size().cast_signed();
        let reads = core::array::from_fn(|p| {
            let steps = dims.iter_mut().map(|dim| &mut dim.sources[p]);
            let first = lay(&part.sources[p], steps, core::iter::repeat(0));
            let ptr = match p == plan.p {
                true => job.source_at(p, first),
                false => packed.wrapping_offset(first.wrapping_mul(size)),
            };
            RawRead { ptr, conjugated: false }
        });
        let out = match plan.is_direct {
            true => job.out_at(part.out),
            false => self.results.as_mut_ptr().wrapping_offset(part.out.wrapping_mul(size)),
        };
        // SAFETY: the caller's duties.
        unsafe { (job.kernel)(job.kernels, &mut dims, reads, out, mode) };
    }
}

/// Lets a block write to a buffer for results, and returns the way from there to the target.
fn lay_results(plan: &Plan, block: &mut Affine) -> Dims<1> {
    let mut way: Dims<1> = Dims::new();
    let mut stride = 1_isize;
    block.out = 0;
    for number in plan.results() {
        let own = &mut block.loops[number];
        let out = own.out.replace(stride).unwrap_or(0);
        way.push(Dim { extent: own.extent, out, sources: [stride], summed: false });
        stride *= if number == plan.lanes { plan.pitch } else { own.extent }.cast_signed();
    }
    way
}
