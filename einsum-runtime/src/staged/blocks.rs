//! Carries a plan out, block by block.

use core::ops::Range;

use smallvec::SmallVec;

use super::Kernels;
use super::plan::Plan;
use crate::kept::Kept;
use crate::kernel::raw::{Factor, RawMode, RawRead};
use crate::kernel::{Dim, Dims};
use crate::threads::{self, BYTES_MOVED, BYTES_MULTIPLIED, Grid, Shared};

/// Buffers begin at cache lines.
const LINE: usize = 64;

/// The fewest blocks that long computations are divided into, if there are as many points. A sum's bits depend on its block, so
/// this is so for any number of threads.
const PARTS: usize = 8;

/// Blocks with fewer points are too small for kernels.
const POINTS: usize = 8192;

/// Runs a kernel on blocks of the nest, which threads share: each has buffers of its own.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for the dims that the plan was made from, and elements of the kernels' type;
/// factors can be read; the machine has AVX2 and FMA.
pub(super) unsafe fn run<const P: usize>(
    plan: &Plan<P>,
    kernels: &Kernels<P>,
    sources: [RawRead; P],
    out: *mut u8,
    mode: RawMode,
) {
    let nanoseconds = nanoseconds(plan, kernels.element);
    let points = plan.dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    let least = if threads::is_long(nanoseconds) { PARTS.min(points / POINTS) } else { 1 };
    let mut divided = None;
    if 2 * plan.kept_blocks() < least {
        divided.get_or_insert(plan.clone()).divide(least);
    }
    let plan = divided.as_ref().unwrap_or(plan);
    let blocks = plan.kept_blocks();
    let pieces = if blocks > 1 { threads::pieces(nanoseconds) } else { 1 };
    let grid = Grid::of([blocks], [1], pieces);
    // SAFETY: these are pointers to elements, and to factors, which are read.
    let arrays = unsafe { Shared::new((sources, out, mode)) };
    threads::each(grid.pieces(), &|piece| {
        let [range] = grid.piece(piece);
        let (sources, out, mode) = arrays.get();
        // SAFETY: the caller's duties: blocks of kept loops have results of their own.
        unsafe { run_range(plan, kernels, sources, out, mode, range) }
    });
}

/// Returns about the time that a plan takes on one thread.
pub(super) fn nanoseconds<const P: usize>(plan: &Plan<P>, size: usize) -> usize {
    let bytes = |has: &dyn Fn(&Dim<P>) -> bool| {
        plan.dims.iter().filter(|d| has(d)).fold(size, |n, d| n.saturating_mul(d.extent))
    };
    let sources = (0..P).fold(0_usize, |n, p| n.saturating_add(bytes(&|d| d.sources[p] != 0)));
    let moved = sources.saturating_add(bytes(&|d| !d.summed));
    moved / BYTES_MOVED + bytes(&|_| true) / BYTES_MULTIPLIED
}

/// Runs a kernel on a range of the blocks of kept loops, in buffers of this thread.
///
/// # Safety
///
/// As [`run`].
unsafe fn run_range<const P: usize>(
    plan: &Plan<P>,
    kernels: &Kernels<P>,
    sources: [RawRead; P],
    out: *mut u8,
    mode: RawMode,
    range: Range<usize>,
) {
    let size = kernels.element;
    let bytes = |has: &dyn Fn(usize) -> bool| {
        let loops = (0..plan.dims.len()).filter(|&i| has(i));
        loops.map(|i| plan.blocks[i]).product::<usize>() * size
    };
    // A line more: buffers at multiples of a page from each other would compete for places in the cache.
    let room = |bytes: usize| bytes.next_multiple_of(LINE) + LINE;
    let mut all = 0;
    let starts = core::array::from_fn::<usize, P, _>(|p| {
        let needed = if plan.sources[p] { room(bytes(&|i| plan.is_in(p, i))) } else { 0 };
        all += needed;
        all - needed
    });
    let of_results = if plan.results { room(bytes(&|i| plan.is_in_results(i))) } else { 0 };
    let mut memory = Kept::new(all + of_results, LINE);
    let buffers = memory.as_mut_ptr();
    let mut run = Run {
        plan,
        kernels,
        sources,
        out,
        mode,
        staged: starts.map(|start| buffers.wrapping_add(start)),
        held: [None; P],
        results: buffers.wrapping_add(all),
        is_conjugated: false,
    };
    if plan.results && P == 1 {
        // Conjugation respects sums, and copies can do it.
        run.is_conjugated = sources[0].conjugated;
        run.sources[0].conjugated = false;
    }
    // SAFETY: the caller's duties; buffers have room for a block.
    unsafe { run.all(range) }
}

/// Returns the loops of a whole block, as kernels are given them.
pub(super) fn dims_of_block<const P: usize>(plan: &Plan<P>) -> Dims<P> {
    Block::of(plan, 0).dims(plan)
}

struct Run<'p, const P: usize> {
    plan: &'p Plan<P>,
    kernels: &'p Kernels<P>,
    sources: [RawRead; P],
    out: *mut u8,
    mode: RawMode,
    /// The sources' buffers, and what they hold: the offset of the first element, and the number of elements.
    staged: [*mut u8; P],
    held: [Option<(isize, usize)>; P],
    results: *mut u8,
    /// Whether results are conjugated on their way into the output.
    is_conjugated: bool,
}

/// A block: where it starts in each loop, and its extents.
struct Block {
    start: SmallVec<[usize; 8]>,
    extent: SmallVec<[usize; 8]>,
}

impl<const P: usize> Run<'_, P> {
    /// Returns the bytes of so many elements.
    fn bytes(&self, elements: isize) -> isize {
        elements * self.kernels.element.cast_signed()
    }

    /// # Safety
    ///
    /// As [`run`].
    unsafe fn all(&mut self, range: Range<usize>) {
        let plan = self.plan;
        let mut block = Block::of(plan, range.start);
        for _ in range {
            let mut is_first = true;
            loop {
                // SAFETY: the caller's duties.
                unsafe { self.block(&block, is_first) }
                is_first = false;
                if !block.advance(plan, true) {
                    break;
                }
            }
            if plan.results {
                // SAFETY: the results are complete.
                unsafe { self.put(&block) }
            }
            block.advance(plan, false);
        }
    }

    /// Adds a block's sums to the results.
    ///
    /// # Safety
    ///
    /// As [`run`].
    unsafe fn block(&mut self, block: &Block, is_first: bool) {
        let plan = self.plan;
        let mut dims = block.dims(plan);
        let mut reads = self.sources;
        for (p, read) in reads.iter_mut().enumerate() {
            let offset = block.offset(plan, &|d| d.sources[p]);
            read.ptr = read.ptr.wrapping_offset(self.bytes(offset));
            if !plan.sources[p] {
                continue;
            }
            let is_in = |i: usize| plan.is_in(p, i);
            let count = block.count(&is_in);
            if self.held[p] != Some((offset, count)) {
                self.held[p] = Some((offset, count));
                let mut copy: Dims<1> = Dims::new();
                for i in (0..dims.len()).filter(|&i| is_in(i)) {
                    let (extent, from) = (block.extent[i], plan.dims[i].sources[p]);
                    let out = dims[i].sources[p];
                    copy.push(Dim { extent, out, sources: [from], summed: false });
                }
                let from = RawRead { conjugated: false, ..*read };
                // SAFETY: the caller's duties: a block consists of points; the buffer has room for it.
                unsafe {
                    (self.kernels.copy)(&mut copy, [from], self.staged[p], RawMode::Assign);
                }
            }
            read.ptr = self.staged[p];
        }
        let (out, mode) = if plan.results {
            (self.results, RawMode::Assign)
        } else {
            let offset = block.offset(plan, &|d| d.out);
            let out = self.out.wrapping_offset(self.bytes(offset));
            (out, self.mode)
        };
        let mode = match mode {
            mode if is_first => mode,
            RawMode::Assign => RawMode::Scale { alpha: Factor::One, beta: Factor::One },
            RawMode::Scale { alpha, .. } => RawMode::Scale { alpha, beta: Factor::One },
        };
        // SAFETY: the caller's duties: a block consists of points, and buffers hold the elements of sources.
        unsafe { (self.kernels.kernel)(&mut dims, reads, out, mode) }
    }

    /// Lets a block's results enter the output.
    ///
    /// # Safety
    ///
    /// As [`run`]; the results are complete.
    unsafe fn put(&self, block: &Block) {
        let plan = self.plan;
        let steps = block.steps(&|i| plan.is_in_results(i));
        let mut dims: Dims<1> = Dims::new();
        for (i, dim) in plan.dims.iter().enumerate().filter(|&(i, _)| plan.is_in_results(i)) {
            let extent = block.extent[i];
            dims.push(Dim { extent, out: dim.out, sources: [steps[i]], summed: dim.summed });
        }
        let offset = block.offset(plan, &|d| d.out);
        let out = self.out.wrapping_offset(self.bytes(offset));
        let read = RawRead { ptr: self.results.cast_const(), conjugated: self.is_conjugated };
        // SAFETY: the caller's duties.
        unsafe { (self.kernels.copy)(&mut dims, [read], out, self.mode) }
    }
}

impl Block {
    /// Returns a block of the kept loops, counted as [`advance`](Self::advance) goes, and the first of the summed ones.
    fn of<const P: usize>(plan: &Plan<P>, number: usize) -> Self {
        let rank = plan.dims.len();
        let mut block = Block { start: SmallVec::from_elem(0, rank), extent: plan.blocks.clone() };
        let mut rest = number;
        for i in (0..rank).rev().filter(|&i| !plan.dims[i].summed) {
            let (extent, size) = (plan.dims[i].extent, plan.blocks[i]);
            let count = extent.div_ceil(size);
            block.start[i] = rest % count * size;
            block.extent[i] = size.min(extent - block.start[i]);
            rest /= count;
        }
        block
    }

    /// Returns the loops of the block, with the steps of buffers for what goes through them.
    fn dims<const P: usize>(&self, plan: &Plan<P>) -> Dims<P> {
        let mut dims = Dims::from_slice(&plan.dims);
        for (dim, &extent) in dims.iter_mut().zip(&self.extent) {
            dim.extent = extent;
        }
        for p in (0..P).filter(|&p| plan.sources[p]) {
            for (dim, step) in dims.iter_mut().zip(self.steps(&|i| plan.is_in(p, i))) {
                dim.sources[p] = step;
            }
        }
        if plan.results {
            let steps = self.steps(&|i| plan.is_in_results(i));
            for (i, (dim, step)) in dims.iter_mut().zip(steps).enumerate() {
                dim.out = step;
                dim.summed = !plan.is_in_results(i);
            }
        }
        dims
    }

    /// Goes to the next block along the summed or the kept loops, or returns false after the last, then at the first.
    fn advance<const P: usize>(&mut self, plan: &Plan<P>, summed: bool) -> bool {
        for i in (0..plan.dims.len()).rev() {
            let dim = &plan.dims[i];
            if dim.summed != summed {
                continue;
            }
            let next = self.start[i] + plan.blocks[i];
            let is_over = next >= dim.extent;
            self.start[i] = if is_over { 0 } else { next };
            self.extent[i] = plan.blocks[i].min(dim.extent - self.start[i]);
            if !is_over {
                return true;
            }
        }
        false
    }

    /// Returns the offset of the first point, for the steps of one array.
    fn offset<const P: usize>(&self, plan: &Plan<P>, step: &dyn Fn(&Dim<P>) -> isize) -> isize {
        plan.dims.iter().zip(&self.start).map(|(d, start)| start.cast_signed() * step(d)).sum()
    }

    /// Returns the number of points of some loops.
    fn count(&self, has: &dyn Fn(usize) -> bool) -> usize {
        (0..self.extent.len()).filter(|&i| has(i)).map(|i| self.extent[i]).product()
    }

    /// Returns the steps of a buffer with some loops, the last one's elements adjacent; 0 for the others.
    fn steps(&self, has: &dyn Fn(usize) -> bool) -> SmallVec<[isize; 8]> {
        let mut steps = SmallVec::from_elem(0, self.extent.len());
        let mut step = 1;
        for i in (0..self.extent.len()).rev().filter(|&i| has(i)) {
            steps[i] = step;
            step *= self.extent[i].cast_signed();
        }
        steps
    }
}
