//! Stencils on kernels of their own: windows with one result for all that they read, so that there is no product of
//! matrices inside. Rows of results are sums of shifted rows; two rows are formed at a time where they read the same:
//!
//! ```text
//! out[2y + r] = Σ over i < U + 1 of  X[2y + i] · W'[i − r],    W' = W, and zero outside of it
//! ```
//!
//! That takes (U + 1) / U as many products, but every element of X is loaded for two of them, and loads are what takes
//! the time. A zero times what is not finite is not zero; hence where a sum is no number, rows are formed one by one.
//!
//! | file | |
//! |---|---|
//! | `plan.rs` | which loops are lanes, rows, pairs of them, and steps |
//! | `block.rs` | calls of kernels for some of the rows |
//! | `masks.rs`, `parts.rs` | what is inside: lanes of every step, and steps of every row |
//! | `padding.rs` | rows of which kernels are told that |
//! | `apart.rs` | rows whose elements of X lie apart |
//! | `dilated.rs` | rows of residue classes, where windows are dilated |
//! | `planes/` | padded planes that are one row |

mod apart;
mod block;
mod dilated;
mod masks;
mod padding;
mod parts;
mod plan;
mod planes;

use crate::kept::Kept;
use crate::kernel::Dims;
use crate::kernel::raw::{RawKernels, RawMode, RawRead};
use crate::kernel::rows::{RowsEntry, RowsPart};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};
pub(super) use apart::{are_apart, are_better_apart};
use block::PLANE;
pub(super) use dilated::dilated_rows;
use masks::is_short;
use padding::Padding;
pub(super) use padding::{Bounds, bounds};
use parts::{TILE, part};
use plan::{Loop, Plan, with_zeros};
pub(super) use planes::planes;

/// How many times the time that products take elsewhere they take here.
const TIMES: usize = 2;

/// So many vectors of a row are formed together, if there are as many, else vectors of several rows.
const ALONG: usize = 3;

/// The most planes of short rows that are formed together: they are read again for every vector of a row.
const PLANES: usize = if cfg!(test) { 3 } else { 8 };

/// Runs a nest so, if it can be; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels); elements are real numbers.
pub(super) unsafe fn rows(
    kernels: &RawKernels,
    dims: &Dims<2>,
    reads: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
    bounds: Option<&Bounds>,
) -> bool {
    let size = kernels.element.size();
    let Some(mut plan) = Plan::of(dims, size, mode, bounds) else { return false };
    let (mut x, mut w) = (reads[plan.p].ptr, reads[1 - plan.p].ptr);
    plan.turn(&mut x, &mut w);
    let mut weights = None;
    if plan.u.is_some() {
        // SAFETY: the caller's duties.
        let (with_zeros, first) = unsafe { with_zeros(kernels, &mut plan, w) };
        (weights, w) = (Some(with_zeros), first);
    }
    // The last one of short rows is formed with pairs.
    let must_tell = bounds.is_some() || plan.apart > 1;
    let is_told = must_tell || plan.is_odd && is_short(&plan);
    let own = plan.steps();
    let padding = if is_told { Padding::of(&plan, &own) } else { None };
    if must_tell && padding.is_none() {
        return false;
    }
    #[cfg(test)]
    super::tests::take(match (bounds, &padding) {
        (Some(_), _) => super::tests::Way::PaddedRows,
        (None, Some(_)) => super::tests::Way::OddRows,
        (None, None) => super::tests::Way::Rows,
    });
    #[cfg(test)]
    if plan.apart > 1 {
        super::tests::take(super::tests::Way::RowsApart);
    }
    #[cfg(test)]
    if plan.rows.w != 0 {
        use super::tests::{Way, take};
        take(Way::OwnWeights);
    }
    let [count, alone] = plan.counts();
    let mut table = Kept::new(count * size_of::<RowsEntry>(), align_of::<RowsEntry>());
    let steps = table.as_mut_ptr().cast::<RowsEntry>();
    for (i, step) in own.iter().enumerate() {
        // SAFETY: there is room for so many.
        unsafe { steps.add(i).write(step.entry([u16::MAX; 4])) };
    }
    let whole = [part(0..alone), part(0..count)];
    let all = Tables { steps, count, whole, x, w, c: out };
    let others = plan.others.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let vectors = plan.lanes.extent.div_ceil(plan.set.width);
    let nanoseconds = TIMES * plan.points.saturating_mul(size) / BYTES_MULTIPLIED;
    let (units, grains) = match &padding {
        Some(padding) if padding.is_of_rows() => (plan.units(), [1, TILE, vectors]),
        Some(_) => (plan.units(), [1, 1, vectors]),
        None => (plan.rows.extent, [1, 1, 16]),
    };
    let grid = Grid::of([others, units, vectors], grains, threads::pieces(nanoseconds));
    // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
    let shared = unsafe { Shared::new((&raw const plan, &raw const all, &raw const padding)) };
    threads::each(grid.pieces(), &|piece| {
        let (plan, all, padding) = shared.get();
        let [others, rows, vectors] = grid.piece(piece);
        // SAFETY: all live until all pieces are done.
        let (plan, all, padding) = unsafe { (&*plan, &*all, &*padding) };
        let is_short = match padding {
            Some(padding) => padding.is_of_rows(),
            None => vectors.len() < ALONG && plan.rows.w == 0,
        };
        let mut other = others.start;
        while other < others.end {
            let left = if is_short { others.end - other } else { 1 };
            let planes = plan.planes(other, left);
            // SAFETY: the caller's duties; pieces write different elements.
            unsafe {
                match padding {
                    Some(padding) => padding.run(plan, all, other, planes, rows.clone()),
                    None => plan.run(all, other, planes, rows.clone(), vectors.clone()),
                }
            }
            other += planes.extent;
        }
    });
    drop(weights);
    true
}

/// What all pieces read, and where they write.
struct Tables {
    steps: *const RowsEntry,
    /// How many these are, and all that one row has of them, the first ones, and that two have.
    count: usize,
    whole: [RowsPart; 2],
    x: *const u8,
    w: *const u8,
    c: *mut u8,
}

impl Plan {
    /// Returns the loop over planes that are formed together, of so many points of the other loops from one on.
    fn planes(&self, other: usize, left: usize) -> Loop {
        match self.others.last() {
            Some(l) => Loop { extent: left.min(l.extent - other % l.extent).min(PLANES), ..*l },
            None => PLANE,
        }
    }

    /// Returns the places in X, the weights, and the target of a point of the other loops.
    fn at(&self, all: &Tables, other: usize) -> (*const u8, *const u8, *mut u8) {
        let (mut x, mut w, mut c) = (all.x, all.w, all.c);
        let mut rest = other;
        for l in self.others.iter().rev() {
            let at = (rest % l.extent).cast_signed();
            rest /= l.extent;
            x = x.wrapping_offset(l.x.wrapping_mul(at));
            w = w.wrapping_offset(l.w.wrapping_mul(at));
            c = c.wrapping_offset(l.out.wrapping_mul(at));
        }
        (x, w, c)
    }
}
