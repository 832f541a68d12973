//! Runs nests whose target is worked out: as they are where every source is inside its axes, else by way of buffers.
//!
//! ```text
//! for a block of the kept loops                    taken by threads
//!   for a block of the summed loops
//!     buffers = the sources' elements, and zeros where there are none
//!     target (+)= the block's sums                 the kernels, which see arrays without edges
//! ```

use smallvec::SmallVec;

use super::Job;
use super::affine::{Affine, Line};
use super::blocks::Blocks;
use super::buffer::{Buffer, Layout};
use super::solve::added;
use crate::kernel::raw::{RawMode, RawRead};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};

/// Runs a nest.
///
/// # Safety
///
/// As [`solve`](super::solve::solve).
pub(super) unsafe fn gather<const P: usize>(job: &Job<'_, P>, nest: &Affine<P>, mode: RawMode) {
    let is_empty = nest.loops.iter().any(|l| l.extent == 0);
    let is_inside = |line: &Line| line.has(line.range(nest.loops.iter().map(|l| l.extent)));
    let layouts: [Option<Layout>; P] = core::array::from_fn(|p| {
        let lines = &nest.sources[p];
        let is_whole = is_empty || lines.iter().all(is_inside);
        (!is_whole).then(|| Layout::of(nest, lines))
    });
    if layouts.iter().all(Option::is_none) {
        // SAFETY: the caller's duties; all positions are inside, or there are none.
        return unsafe { direct(job, nest, mode) };
    }
    let blocks = Blocks::of(nest, &layouts, job.kernels.element.size());
    let points = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let nanoseconds = points.saturating_mul(job.kernels.element.size()) / BYTES_MULTIPLIED;
    let grid = Grid::of([blocks.kept()], [1], threads::pieces(nanoseconds));
    // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
    let shared = unsafe { Shared::new((job, nest, mode, &layouts, &blocks)) };
    threads::each(grid.pieces(), |piece| {
        let (job, nest, mode, layouts, blocks) = shared.get();
        let [range] = grid.piece(piece);
        let room = blocks.extents();
        let mut buffers: [Option<Buffer<'_>>; P] = core::array::from_fn(|p| {
            layouts[p].as_ref().map(|layout| Buffer::new(layout, &room, job.kernels))
        });
        for kept in range {
            // SAFETY: the caller's duties; different blocks write different elements.
            unsafe { block_of_kept(job, nest, mode, &mut buffers, blocks, kept) };
        }
    });
}

/// Runs all blocks of the summed loops for one of the kept ones.
///
/// # Safety
///
/// As [`gather`].
unsafe fn block_of_kept<const P: usize>(
    job: &Job<'_, P>,
    nest: &Affine<P>,
    mode: RawMode,
    buffers: &mut [Option<Buffer<'_>>; P],
    blocks: &Blocks,
    kept: usize,
) {
    let mut mode = mode;
    for summed in 0..blocks.summed() {
        let parts = blocks.at(kept, summed);
        let mut dims = nest.dims();
        let mut out = nest.out;
        for (dim, part) in dims.iter_mut().zip(&parts) {
            dim.extent = part.len();
            out = out.wrapping_add(dim.out.wrapping_mul(part.start.cast_signed()));
        }
        let reads: SmallVec<[RawRead; 2]> = (0..P)
            .map(|p| {
                let (read, lines) = (job.sources[p], &nest.sources[p]);
                let steps = dims.iter_mut().map(|dim| &mut dim.sources[p]);
                let ptr = match &mut buffers[p] {
                    // SAFETY: the caller's duties.
                    Some(buffer) => unsafe { buffer.fill(job, p, lines, &parts, steps) },
                    None => {
                        let starts = parts.iter().map(|part| part.start.cast_signed());
                        job.source_at(p, lay(lines, steps, starts))
                    }
                };
                RawRead { ptr, ..read }
            })
            .collect();
        // SAFETY: the caller's duties; what is read is in buffers, or inside.
        unsafe {
            let reads = core::array::from_fn(|p| reads[p]);
            (job.kernel)(&mut dims, reads, job.out_at(out), mode);
        }
        mode = added(mode);
    }
}

/// Runs a nest on the sources themselves.
///
/// # Safety
///
/// As [`gather`]; all positions are inside.
unsafe fn direct<const P: usize>(job: &Job<'_, P>, nest: &Affine<P>, mode: RawMode) {
    let mut dims = nest.dims();
    let reads = core::array::from_fn(|p| {
        let steps = dims.iter_mut().map(|dim| &mut dim.sources[p]);
        let first = lay(&nest.sources[p], steps, core::iter::repeat(0));
        RawRead { ptr: job.source_at(p, first), ..job.sources[p] }
    });
    // SAFETY: the caller's duties.
    unsafe { (job.kernel)(&mut dims, reads, job.out_at(nest.out), mode) }
}

/// Sets the steps of a source that is read as it is, and returns the offset of the point where the loops start.
fn lay<'s>(
    lines: &[Line],
    steps: impl Iterator<Item = &'s mut isize>,
    starts: impl Iterator<Item = isize>,
) -> isize {
    let mut first = 0_isize;
    for line in lines {
        first = first.wrapping_add(line.offset.wrapping_mul(line.stride));
    }
    for (number, (step, start)) in steps.zip(starts).enumerate() {
        *step = 0;
        for line in lines {
            *step = step.wrapping_add(line.coefficients[number].wrapping_mul(line.stride));
        }
        first = first.wrapping_add(step.wrapping_mul(start));
    }
    first
}
