//! Cuts products whose sums are few into chunks of a summed loop, for threads to take.
//!
//! The way in which a sum is formed shows in its last bits: chunks are made by extents alone, whoever takes them, and their sums
//! added up in order.

use smallvec::SmallVec;

use super::super::plan::{BYTES, Caps, Plan};
use super::super::{Kernels, blocks};
use super::LINE;

use crate::kept::Kept;
use crate::kernel::raw::{FACTORS, RawKernel, RawMode, RawRead};
use crate::kernel::{Dim, Dims};
use crate::threads::{self, Grid, Shared};

/// About how many chunks there are. Where blocks of kept loops are half as many, threads take these.
const CHUNKS: usize = 16;

/// Chunks with fewer points are too small for kernels.
const POINTS: usize = 4096;

/// Chunks of rows are of so many elements, or a multiple.
const ROW: usize = 64;

/// Chunks of a summed loop of a plan.
pub(super) struct Chunks {
    number: usize,
    grid: Grid<1>,
    /// About the time that all of them take on one thread.
    nanoseconds: usize,
    /// The steps of the sums of a chunk, and their number.
    steps: SmallVec<[isize; 8]>,
    sums: usize,
}

/// Returns the chunks of a plan, if there are to be any.
pub(super) fn chunks(plan: &Plan<FACTORS>, size: usize) -> Option<Chunks> {
    let nanoseconds = blocks::nanoseconds(plan, size);
    let kept = plan.dims.iter().filter(|d| !d.summed);
    let sums = kept.fold(1_usize, |n, d| n * d.extent);
    let is_few = 2 * plan.kept_blocks() < CHUNKS && sums.saturating_mul(CHUNKS * size) <= BYTES;
    if !is_few || !threads::is_long(nanoseconds) {
        return None;
    }
    let points = plan.dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    let wanted = CHUNKS.min(points / POINTS);
    if wanted < 2 {
        return None;
    }
    let last = plan.dims.len() - 1;
    let grain = |number: usize| if number == last { ROW } else { 1 };
    let most = |number: usize| plan.dims[number].extent / grain(number);
    let mut summed = (0..=last).filter(|&number| plan.dims[number].summed);
    let number = summed.clone().find(|&number| most(number) >= wanted);
    let number = number.or_else(|| summed.find(|&number| 2 * most(number) >= wanted))?;
    let grid = Grid::of([plan.dims[number].extent], [grain(number)], wanted);
    let mut steps = SmallVec::from_elem(0, plan.dims.len());
    let mut step = 1;
    for (own, dim) in steps.iter_mut().zip(&plan.dims).rev().filter(|(_, d)| !d.summed) {
        *own = step;
        step *= dim.extent.cast_signed();
    }
    Some(Chunks { number, grid, nanoseconds, steps, sums })
}

impl Chunks {
    /// As [`blocks::run`], chunk by chunk.
    ///
    /// # Safety
    ///
    /// As [`blocks::run`]; `sum` is a kernel for elements of the same type.
    pub(super) unsafe fn run(
        &self,
        plan: &Plan<FACTORS>,
        kernels: &Kernels<FACTORS>,
        sum: RawKernel<1>,
        sources: [RawRead; FACTORS],
        out: *mut u8,
        mode: RawMode,
    ) {
        let count = self.grid.pieces();
        let bytes = self.sums * kernels.element;
        let mut memory = Kept::new(count * bytes, LINE);
        // SAFETY: these are pointers to elements.
        let shared = unsafe { Shared::new((sources, memory.as_mut_ptr())) };
        threads::each_of(count, self.nanoseconds, &|chunk| {
            let [range] = self.grid.piece(chunk);
            let (mut sources, sums) = shared.get();
            let mut own = plan.clone();
            for (dim, step) in own.dims.iter_mut().zip(&self.steps) {
                dim.out = *step;
            }
            let dim = &mut own.dims[self.number];
            for (source, step) in sources.iter_mut().zip(dim.sources) {
                let first = range.start.cast_signed() * step * kernels.element.cast_signed();
                source.ptr = source.ptr.wrapping_offset(first);
            }
            dim.extent = range.len();
            own.blocks[self.number] = own.blocks[self.number].min(range.len());
            // There may be room for more sums now.
            own.enlarge(plan.blocks.iter().product(), Caps { row: usize::MAX, other: usize::MAX });
            // SAFETY: the caller's duties: a chunk consists of points, and its sums have a place of their own.
            unsafe {
                blocks::run(
                    &own,
                    kernels,
                    sources,
                    sums.wrapping_add(chunk * bytes),
                    RawMode::Assign,
                );
            }
        });
        let kept = plan.dims.iter().zip(&self.steps).filter(|(d, _)| !d.summed);
        let mut dims: Dims<1> = kept
            .map(|(d, step)| Dim { extent: d.extent, out: d.out, sources: [*step], summed: false })
            .collect();
        let sources = [self.sums.cast_signed()];
        dims.push(Dim { extent: count, out: 0, sources, summed: true });
        let read = RawRead { ptr: memory.as_ptr(), conjugated: false };
        // SAFETY: the caller's duties; the sums of all chunks have been written.
        unsafe { sum(&mut dims, [read], out, mode) }
    }
}
