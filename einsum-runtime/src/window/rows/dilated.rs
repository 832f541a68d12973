//! Rows of stencils whose windows are dilated: results read the same rows as others that are as far away as two points of the
//! window, not as their neighbours do. The rows of a residue class are neighbours of each other, of which two are formed at a
//! time:
//!
//! ```text
//! y + d·u, with y = r + d·y':   r + d·(y' + u)      for each r < d
//! ```
//!
//! A class reads rows of its own, so that no more of X passes through the caches.

use smallvec::SmallVec;

use super::plan::{may_pair, set_of};
use crate::kernel::raw::RawMode;
use crate::sort::sort_by_key;
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};
use crate::window::affine::{Affine, Line};
use crate::window::fetch::fetch;
use crate::window::gather::gather;
use crate::window::{Job, is_stencil};

/// The fewest rows of a class.
const ROWS: usize = if cfg!(test) { 2 } else { 8 };

/// The bytes of results of which all classes are formed before others are. What they read is asked for before: the rows of a
/// class are no memory that the processor foresees.
const BYTES: usize = if cfg!(test) { 1 << 10 } else { 256 << 10 };

/// The fewest rows of the window, of which one more is multiplied for two rows of results, and the fewest products of a class
/// in a block: each is prepared by itself.
const TAPS: usize = if cfg!(test) { 3 } else { 5 };
const POINTS: usize = if cfg!(test) { 64 } else { 1 << 17 };

/// The most bytes of all results: where more is written than caches have room for, rows are better formed in their order.
const MOST: usize = 8 << 20;

/// How many times the time that products take elsewhere they take here.
const TIMES: usize = 2;

/// How a nest is run.
struct Plan {
    /// Which source is X.
    p: usize,
    /// The loop over rows, and the number of classes.
    rows: usize,
    dilation: usize,
    /// The other loops over results, the outermost first, and how many of their points a block has.
    others: SmallVec<[(usize, usize); 8]>,
}

/// Runs a nest so, if it is one; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`gather`]; no loop is empty.
pub(in crate::window) unsafe fn dilated_rows(job: &Job<'_>, nest: &Affine, mode: RawMode) -> bool {
    let Some(plan) = Plan::of(job, nest, mode) else { return false };
    #[cfg(test)]
    crate::window::tests::take(crate::window::tests::Way::DilatedRows);
    let points = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let nanoseconds = TIMES * points.saturating_mul(job.kernels.element.size()) / BYTES_MULTIPLIED;
    let blocks = plan.others.iter().map(|&(n, block)| nest.loops[n].extent.div_ceil(block));
    let blocks = blocks.product();
    let grid = Grid::of([blocks], [1], threads::pieces(nanoseconds));
    // SAFETY: there are pointers to elements, and numbers that nobody writes.
    let shared = unsafe { Shared::new((job, nest, &plan, mode)) };
    threads::each(grid.pieces(), &|piece| {
        let (job, nest, plan, mode) = shared.get();
        let [blocks] = grid.piece(piece);
        for block in blocks {
            let mut of_block = nest.clone();
            let mut rest = block;
            for &(number, most) in plan.others.iter().rev() {
                let extent = nest.loops[number].extent;
                let first = rest % extent.div_ceil(most) * most;
                rest /= extent.div_ceil(most);
                of_block.restrict(number, first, 1, most.min(extent - first));
            }
            fetch(job, &of_block, plan.p);
            for class in 0..plan.dilation {
                let mut part = of_block.clone();
                let rows = part.loops[plan.rows].extent;
                let count = (rows - class).div_ceil(plan.dilation);
                part.restrict(plan.rows, class, plan.dilation, count);
                // SAFETY: the caller's duties; blocks and classes have different results.
                unsafe { gather(job, &part, mode) };
            }
        }
    });
    true
}

impl Plan {
    fn of(job: &Job<'_>, nest: &Affine, mode: RawMode) -> Option<Self> {
        // Most windows are not dilated.
        let is_apart = |line: &Line| line.coefficients.iter().any(|c| c.unsigned_abs() > 1);
        let may_be = !job.is_single && job.kernels.is_real && matches!(mode, RawMode::Assign);
        if !may_be || !nest.sources.iter().flatten().any(is_apart) {
            return None;
        }
        let all = || (0..nest.loops.len()).filter(|&n| nest.loops[n].extent > 1);
        let extent = |n: usize| nest.loops[n].extent;
        let is_kept = |n: usize| nest.loops[n].out.is_some();
        let moves = |p: usize, n: usize| nest.sources[p].iter().any(|l| l.coefficients[n] != 0);
        let points = |has: &dyn Fn(usize) -> bool| {
            all().filter(|&n| has(n)).map(extent).fold(1_usize, usize::saturating_mul)
        };
        let lanes = all().find(|&n| nest.loops[n].out == Some(1))?;
        let is_row = |p: &usize| {
            let is_lane = |line: &Line| line.stride == 1 && line.coefficients[lanes] == 1;
            nest.sources[*p].iter().any(is_lane) && !moves(1 - *p, lanes)
        };
        let p = (0..2).find(is_row)?;
        let size = job.kernels.element.size();
        if !is_stencil(points(&|n| is_kept(n) && !moves(p, n)))
            || extent(lanes) < set_of(size)?.width
            || !may_pair(points(&|n| !is_kept(n)), points(&|n| moves(1 - p, n)), size)
        {
            return None;
        }
        // A loop over rows, and how many of them a step of the window is.
        let dilation = |line: &Line| {
            let own = |kept: bool| {
                let is_own = |n: &usize| {
                    let is_along = *n != lanes && line.coefficients[*n] != 0;
                    is_along && is_kept(*n) == kept && moves(1 - p, *n) != kept
                };
                let mut own = all().filter(is_own);
                own.next().filter(|_| own.next().is_none())
            };
            let (rows, taps) = (own(true)?, own(false)?);
            let [row, tap] = [rows, taps].map(|n| line.coefficients[n]);
            let is_row = row > 0 && tap % row == 0 && extent(taps) >= TAPS;
            is_row.then(|| (rows, (tap / row).unsigned_abs()))
        };
        let found = || nest.sources[p].iter().filter_map(dilation);
        if found().any(|(_, dilation)| dilation == 1) {
            return None;
        }
        let (rows, dilation) = found().find(|&(n, dilation)| extent(n) >= ROWS * dilation)?;
        let mut bytes = points(&is_kept).saturating_mul(size);
        if bytes > MOST {
            return None;
        }
        let is_other = |n: &usize| is_kept(*n) && *n != rows && *n != lanes;
        let mut others: SmallVec<[(usize, usize); 8]> =
            all().filter(is_other).map(|n| (n, extent(n))).collect();
        sort_by_key(&mut others[..], |(n, _)| {
            core::cmp::Reverse(nest.loops[*n].out.map_or(0, isize::unsigned_abs))
        });
        for (_, block) in &mut others {
            bytes /= *block;
            *block = (BYTES / bytes.max(1)).clamp(1, *block);
            bytes *= *block;
        }
        let products = (bytes / size).saturating_mul(points(&|n| !is_kept(n))) / dilation;
        (products >= POINTS).then_some(Plan { p, rows, dilation, others })
    }
}
