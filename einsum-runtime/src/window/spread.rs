//! Windows of a target that is not much larger than the window: products are formed first, without a sum over the
//! window, in a buffer. Then every part of it, one for each point of the window, is added where it belongs.
//!
//! Solved for positions of the target, such a nest would mostly multiply zeros: a 6×6 image from 4×4 cotangents takes
//! 36 products for every 16.

use core::ops::Range;

use smallvec::SmallVec;

use super::Job;
use super::affine::{Affine, Line, Loop, plus, times};
use super::direct::lay;
use super::scatter::fixed;
use crate::kept::Kept;
use crate::kernel::level::Level;
use crate::kernel::raw::{RawMode, RawRead};
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};

/// The products of a solved nest are at least so many times those of this one.
const TIMES: f64 = 1.35;

/// The fewest products of a sum: beside them the additions at the end are little.
const STEPS: usize = if cfg!(test) { 8 } else { 48 };

/// The most bytes of products in the buffer.
const BYTES: usize = if cfg!(test) { 2 << 10 } else { 384 << 10 };

/// The points of a loop over columns that stay together, if there are as many.
const COLUMNS: usize = 16;

fn is_in_target(nest: &Affine, number: usize) -> bool {
    nest.target.iter().any(|line| line.coefficients[number] != 0)
}

/// Whether that is less work than a solved nest.
pub(super) fn is_cheaper(job: &Job<'_>, nest: &Affine) -> bool {
    if job.is_single || !job.kernels.is_real || Level::current() == Level::Plain {
        return false;
    }
    let size = job.kernels.element.size();
    let mut times = 1.0;
    for line in &nest.target {
        let loops = || nest.loops.iter().zip(&line.coefficients).filter(|(_, c)| **c != 0);
        if loops().count() > 1
            && let Some((x, step)) = loops().max_by_key(|(l, _)| l.extent)
            && x.extent > 0
        {
            times *= line.extent as f64 / (step.unsigned_abs() as f64 * x.extent as f64);
        }
    }
    // Loops that stay whole: they bound the buffer.
    let is_window = |n: &usize| {
        let is_wide = |line: &&Line| line.coefficients.iter().filter(|c| **c != 0).count() > 1;
        nest.target.iter().filter(is_wide).any(|line| line.coefficients[*n] != 0)
    };
    let window = (0..nest.loops.len()).filter(is_window);
    let window = window.fold(size, |bytes, n| bytes.saturating_mul(nest.loops[n].extent));
    let summed = (0..nest.loops.len()).filter(|&n| !is_in_target(nest, n));
    let steps = summed.fold(1_usize, |steps, n| steps.saturating_mul(nest.loops[n].extent));
    let extents = || nest.loops.iter().map(|l| l.extent);
    let is_inside = nest.sources.iter().flatten().all(|line| line.has(line.range(extents())));
    times >= TIMES
        && window <= BYTES
        && steps >= STEPS
        && is_inside
        && extents().all(|extent| extent > 0)
}

/// Runs a nest whose sources are inside, for a mode that adds to what the target holds.
///
/// # Safety
///
/// As [`solve`](super::solve::solve).
pub(super) unsafe fn spread(job: &Job<'_>, nest: &Affine, mode: RawMode) {
    #[cfg(test)]
    super::tests::take(super::tests::Way::Spread);
    let size = job.kernels.element.size();
    let mut blocks: SmallVec<[usize; 8]> = nest.loops.iter().map(|l| l.extent).collect();
    let kept: SmallVec<[usize; 8]> =
        (0..nest.loops.len()).filter(|&n| is_in_target(nest, n)).collect();
    // Only loops that are alone in their axis are cut: blocks are then different parts of the target.
    let is_alone = |number: usize| {
        let mut lines = nest.target.iter().filter(|line| line.coefficients[number] != 0);
        let own = lines.next().map(|line| line.coefficients.iter().filter(|c| **c != 0).count());
        own == Some(1) && lines.next().is_none()
    };
    let reads = |p: usize, n: usize| nest.sources[p].iter().any(|line| line.coefficients[n] != 0);
    let rows = usize::from(
        kept.iter()
            .filter(|&&n| !is_alone(n))
            .max_by_key(|&&n| nest.loops[n].extent)
            .is_some_and(|&n| !reads(0, n)),
    );
    let elements =
        |blocks: &[usize]| kept.iter().fold(1_usize, |n, &l| n.saturating_mul(blocks[l]));
    let mut order: SmallVec<[usize; 8]> = kept.iter().copied().filter(|&n| is_alone(n)).collect();
    sort_by_key(&mut order[..], |&n| reads(rows, n));
    for least in [COLUMNS, 1] {
        for &number in &order {
            let others = elements(&blocks) / blocks[number];
            let most = (BYTES / size / others).max(least);
            let extent = nest.loops[number].extent;
            if most < blocks[number] {
                blocks[number] = extent.div_ceil(extent.div_ceil(most));
            }
        }
    }
    let counts: SmallVec<[usize; 8]> =
        nest.loops.iter().zip(&blocks).map(|(l, block)| l.extent.div_ceil(*block)).collect();
    let count = counts.iter().product();
    let points = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let nanoseconds = points.saturating_mul(size) / BYTES_MULTIPLIED;
    let grid = Grid::of([count], [1], threads::pieces(nanoseconds));
    let spread = Spread { nest, kept: &kept, fixed: fixed(nest), rows };
    let bytes = elements(&blocks).checked_mul(size);
    let bytes = bytes.expect("einloom: internal error: a window is too large");
    // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
    let shared = unsafe { Shared::new((job, mode, &spread, &blocks, &counts)) };
    threads::each(grid.pieces(), &|piece| {
        let (job, mode, spread, blocks, counts) = shared.get();
        let mut memory = Kept::new(bytes, job.kernels.element.align());
        let [range] = grid.piece(piece);
        for block in range {
            let mut rest = block;
            let part = |((l, block), count): ((&Loop, &usize), &usize)| {
                let start = rest % count * block;
                rest /= count;
                start..l.extent.min(start + block)
            };
            let parts: SmallVec<[Range<usize>; 8]> =
                spread.nest.loops.iter().zip(blocks).zip(counts).map(part).collect();
            // SAFETY: the caller's duties; different blocks write different elements, and there is room for one.
            unsafe { spread.block(job, mode, &parts, memory.as_mut_ptr()) };
        }
    });
}

struct Spread<'s> {
    nest: &'s Affine,
    /// The loops of the target.
    kept: &'s [usize],
    /// Those of them whose points are added one by one.
    fixed: SmallVec<[usize; 8]>,
    /// The source that the products' rows come from.
    rows: usize,
}

impl Spread<'_> {
    /// Forms the products of a block, and adds them to the target.
    ///
    /// # Safety
    ///
    /// As [`spread`]; `memory` has room for the products.
    unsafe fn block(&self, job: &Job<'_>, mode: RawMode, parts: &[Range<usize>], memory: *mut u8) {
        let nest = self.nest;
        let mut dims = nest.dims();
        for (number, (dim, part)) in dims.iter_mut().zip(parts).enumerate() {
            dim.extent = part.len();
            dim.summed = !self.kept.contains(&number);
        }
        let reads = core::array::from_fn(|p| {
            let steps = dims.iter_mut().map(|dim| &mut dim.sources[p]);
            let starts = parts.iter().map(|part| part.start.cast_signed());
            let first = lay(&nest.sources[p], steps, starts);
            RawRead { ptr: job.source_at(p, first), ..job.sources[p] }
        });
        // Rows innermost, in the order of their source.
        let mut order: SmallVec<[usize; 8]> = SmallVec::from_slice(self.kept);
        sort_by_key(&mut order[..], |&n| match dims[n].sources[self.rows].unsigned_abs() {
            0 => (0, core::cmp::Reverse(0)),
            step => (1, core::cmp::Reverse(step)),
        });
        let mut stride = 1_isize;
        for &number in order.iter().rev() {
            dims[number].out = stride;
            stride *= dims[number].extent.cast_signed();
        }
        let strides: SmallVec<[isize; 8]> = dims.iter().map(|dim| dim.out).collect();
        // SAFETY: the caller's duties; the sources are inside.
        unsafe { (job.kernel)(job.kernels, &mut dims, reads, memory, RawMode::Assign) };
        let mut point: SmallVec<[usize; 8]> = SmallVec::from_elem(0, self.fixed.len());
        loop {
            // SAFETY: the caller's duties; the products have been written.
            unsafe { self.add(job, mode, parts, &strides, &point, memory) };
            let mut i = point.len();
            loop {
                if i == 0 {
                    return;
                }
                i -= 1;
                point[i] += 1;
                if point[i] < nest.loops[self.fixed[i]].extent {
                    break;
                }
                point[i] = 0;
            }
        }
    }

    /// Adds the products at a point of the window.
    ///
    /// # Safety
    ///
    /// As [`block`](Self::block).
    unsafe fn add(
        &self,
        job: &Job<'_>,
        mode: RawMode,
        parts: &[Range<usize>],
        strides: &[isize],
        point: &[usize],
        memory: *mut u8,
    ) {
        let nest = self.nest;
        let mut from = 0_isize;
        for (&number, &at) in self.fixed.iter().zip(point) {
            from += strides[number] * at.cast_signed();
        }
        let mut out = nest.out;
        let mut copy: Dims<1> = Dims::new();
        for line in &nest.target {
            let mut line = line.clone();
            let mut own = None;
            for (number, coefficient) in line.coefficients.iter().enumerate() {
                if *coefficient == 0 {
                    continue;
                }
                let start = match self.fixed.iter().position(|fixed| *fixed == number) {
                    Some(i) => point[i],
                    None => {
                        own = Some(number);
                        parts[number].start
                    }
                };
                line.offset = plus(line.offset, times(*coefficient, start.cast_signed()));
            }
            let first = match own {
                Some(number) => {
                    let part = line.inside(number, parts[number].len());
                    let (first, extent) = (part.start, part.len());
                    let step = line.coefficients[number].wrapping_mul(line.stride);
                    let stride = strides[number];
                    copy.push(Dim { extent, out: step, sources: [stride], summed: false });
                    from += stride * first.cast_signed();
                    plus(line.offset, times(line.coefficients[number], first.cast_signed()))
                }
                None if line.has([line.offset; 2]) => line.offset,
                None => return,
            };
            out = out.wrapping_add(first.wrapping_mul(line.stride));
        }
        let size = job.kernels.element.size().cast_signed();
        let ptr = memory.wrapping_offset(from.wrapping_mul(size));
        // SAFETY: the caller's duties: what is written is inside the target.
        unsafe {
            let read = RawRead { ptr, conjugated: false };
            job.kernels.unary(&mut copy, read, job.out_at(out), mode);
        }
    }
}
