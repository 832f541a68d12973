//! Transposed convolutions with a step, as the gradient of an image that windows with a step read: the positions of each
//! residue class lie apart in the target's rows. In a buffer with channels innermost it makes no difference where they lie,
//! and sums whose lanes are channels go there at once:
//!
//! ```text
//! b o y x, o c u v -> b c (2*y+u) (2*x+v)      the buffer has  b (2*y+u) (2*x+v) c
//! ```
//!
//! So much of the target is formed at a time as stays in a cache, and is turned there.

use core::ops::Range;

use smallvec::SmallVec;

use super::Job;
use super::affine::{Affine, Line, lay_anew, plus, times, turned_round};
use super::solve::{is_covered, solve, solved_for};
use crate::kept::Kept;
use crate::kernel::level::Level;
use crate::kernel::raw::{RawMode, RawRead};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};

/// The most bytes of the buffer.
const BYTES: usize = if cfg!(test) { 2 << 10 } else { 512 << 10 };

/// The fewest products of a sum, and of all.
const STEPS: usize = if cfg!(test) { 2 } else { 32 };
const POINTS: usize = if cfg!(test) { 16 } else { 1 << 21 };

/// The bytes of channels that the vectors of a tile have.
const TILE: usize = if cfg!(test) { 64 } else { 256 };

/// Channels that are a multiple of so many bytes apart lie in few sets of the first-level cache: to write an element of each of
/// them takes long.
const CROWDED: usize = if cfg!(test) { 1 } else { 1 << 10 };

/// How a nest is run.
struct Plan {
    /// The axes of the target, the outermost in the buffer first, and into how many blocks each is cut.
    axes: SmallVec<[Cut; 8]>,
    /// The most elements of a block.
    elements: usize,
}

/// An axis of the target in blocks.
#[derive(Clone, Copy)]
struct Cut {
    line: usize,
    /// The loop that goes along it alone, unless it has a window.
    alone: Option<usize>,
    extent: usize,
    block: usize,
}

impl Cut {
    fn count(&self) -> usize {
        self.extent.div_ceil(self.block)
    }
}

/// Runs a nest so whose windows in the target can be solved, if it is one; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`solve`].
pub(super) unsafe fn transposed(job: &Job<'_>, nest: &Affine) -> bool {
    let Some(plan) = Plan::of(job, nest) else { return false };
    #[cfg(test)]
    super::tests::take(super::tests::Way::Transposed);
    let size = job.kernels.element.size();
    let points = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let nanoseconds = points.saturating_mul(size) / BYTES_MULTIPLIED;
    let blocks = plan.axes.iter().map(Cut::count).product();
    let grid = Grid::of([blocks], [1], threads::pieces(nanoseconds));
    // SAFETY: there are pointers to elements, and numbers that nobody writes.
    let shared = unsafe { Shared::new((job, nest, &plan)) };
    threads::each(grid.pieces(), &|piece| {
        let (job, nest, plan) = shared.get();
        let mut buffer = Kept::new(plan.elements * size, job.kernels.element.align());
        let [range] = grid.piece(piece);
        for block in range {
            // SAFETY: the caller's duties; different blocks are different parts of the target.
            unsafe { plan.block(job, nest, buffer.as_mut_ptr(), block) };
        }
    });
    true
}

impl Plan {
    fn of(job: &Job<'_>, nest: &Affine) -> Option<Self> {
        if job.is_single || !job.kernels.is_real || Level::current() == Level::Plain {
            return None;
        }
        let size = job.kernels.element.size();
        let all = || (0..nest.loops.len()).filter(|&n| nest.loops[n].extent > 1);
        let loops_of = |line: &Line| {
            let own = all().filter(|&n| line.coefficients[n] != 0);
            own.collect::<SmallVec<[usize; 8]>>()
        };
        // Rows along a window with a step, and channels that are an axis of their own.
        let rows = nest.target.iter().position(|line| line.stride.abs() == 1)?;
        let own = loops_of(&nest.target[rows]);
        let is_stepped = |&n: &usize| nest.target[rows].coefficients[n].abs() > 1;
        let step_of_rows = own.iter().filter(|n| is_stepped(n)).map(|&n| nest.loops[n].extent);
        if own.len() < 2 || step_of_rows.max().is_none_or(|extent| extent < 2) {
            return None;
        }
        let alone = |line: &Line| match loops_of(line)[..] {
            [n] if line.coefficients[n] == 1 && line.offset == 0 => {
                (line.extent == nest.loops[n].extent).then_some(n)
            }
            _ => None,
        };
        let reads = |p: usize, n: usize| nest.sources[p].iter().any(|l| l.coefficients[n] != 0);
        // One loop is along the other source, the others are the window's.
        let solved = solved_for(nest, &nest.target[rows])?;
        let is_weight = |p: usize| own.iter().all(|&n| reads(p, n) == (n != solved));
        // They are read where the window is, which is then no window of a source.
        let p = (0..2).find(|&p| is_weight(p))?;
        let is_channel = |&(_, n): &(usize, usize)| {
            let extent = nest.loops[n].extent;
            let lanes = extent.next_multiple_of(TILE / 4 / size);
            let fill = extent.saturating_mul(size) >= TILE / 2 && 10 * extent >= 9 * lanes;
            reads(p, n) && !reads(1 - p, n) && fill
        };
        let lines = nest.target.iter().enumerate();
        let channels = lines.filter_map(|(line, own)| Some((line, alone(own)?)));
        let (channels, _) =
            channels.filter(is_channel).max_by_key(|&(_, n)| nest.loops[n].extent)?;
        let apart = nest.target[channels].stride.unsigned_abs().saturating_mul(size);
        if !apart.is_multiple_of(CROWDED) {
            return None;
        }
        // The sums of a class.
        let steps = all().filter(|&n| nest.target.iter().all(|l| l.coefficients[n] == 0));
        let steps = steps.fold(1_usize, |n, l| n.saturating_mul(nest.loops[l].extent));
        let points = all().fold(1_usize, |n, l| n.saturating_mul(nest.loops[l].extent));
        if steps < STEPS || points < POINTS {
            return None;
        }
        let mut order: SmallVec<[usize; 8]> =
            (0..nest.target.len()).filter(|line| *line != channels).collect();
        crate::sort::sort_by_key(&mut order[..], |&line| {
            core::cmp::Reverse(nest.target[line].stride.unsigned_abs())
        });
        order.push(channels);
        let cut = |&line: &usize| {
            let own = &nest.target[line];
            Cut { line, alone: alone(own), extent: own.extent, block: own.extent }
        };
        let mut axes: SmallVec<[Cut; 8]> = order.iter().map(cut).collect();
        let elements = |axes: &[Cut]| axes.iter().fold(1_usize, |n, c| n.saturating_mul(c.block));
        // Along loops first, then channels as many tiles together as there is room for, then positions.
        let last = axes.len() - 1;
        let grain = |i: usize| if i == last { (TILE / size).min(axes[i].extent) } else { 1 };
        let cuts = (0..last).filter(|&i| axes[i].alone.is_some()).chain([last]);
        let positions = (0..last).filter(|&i| axes[i].alone.is_none());
        let order: SmallVec<[(usize, usize); 8]> =
            cuts.chain(positions).map(|i| (i, grain(i))).collect();
        for (i, grain) in order {
            let others = elements(&axes) / axes[i].block.max(1);
            let most = BYTES / size / others.max(1) / grain * grain;
            let most = most.max(grain);
            if most < axes[i].extent {
                let extent = axes[i].extent;
                axes[i].block = extent.div_ceil(extent.div_ceil(most)).next_multiple_of(grain);
            }
        }
        let elements = elements(&axes);
        Some(Plan { axes, elements })
    }

    /// Forms a block.
    ///
    /// # Safety
    ///
    /// As [`transposed`]; the buffer has room for a block.
    unsafe fn block(&self, job: &Job<'_>, nest: &Affine, buffer: *mut u8, number: usize) {
        let mut rest = number;
        let mut part = nest.clone();
        let mut out = nest.out;
        for cut in self.axes.iter().rev() {
            let first = rest % cut.count() * cut.block;
            rest /= cut.count();
            let Range { start, end } = first..cut.extent.min(first + cut.block);
            let extent = end - start;
            if let Some(number) = cut.alone {
                part.restrict(number, start, 1, extent);
            }
            // The positions of the block, of which each is where it is in the buffer.
            let line = &mut part.target[cut.line];
            out = out.wrapping_add(line.stride.wrapping_mul(start.cast_signed()));
            line.offset = match cut.alone {
                Some(_) => 0,
                None => plus(line.offset, times(start.cast_signed(), -1)),
            };
            line.extent = extent;
        }
        let copy = lay_anew(&mut part.target, self.axes.iter().rev().map(|cut| cut.line));
        part.out = 0;
        let own = Job { out: buffer, mode: RawMode::Assign, ..*job };
        // SAFETY: the caller's duties; the nest writes all of the block, which the buffer has room for.
        unsafe {
            debug_assert!(is_covered(&part), "positions of a block are those of a target");
            solve(&own, part);
            let read = RawRead { ptr: buffer.cast_const(), conjugated: false };
            job.kernels.unary(&mut turned_round(&copy), read, job.out_at(out), job.mode);
        }
    }
}
