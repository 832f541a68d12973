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
//! | `masks.rs`, `parts.rs` | what is inside: lanes of every step, and steps of every row |
//! | `padding.rs` | rows of which kernels are told that |
//! | `apart.rs` | rows whose elements of X lie apart |
//! | `dilated.rs` | rows of residue classes, where windows are dilated |
//! | `planes.rs` | padded planes that are one row |

mod apart;
mod dilated;
mod masks;
mod padding;
mod parts;
mod plan;
mod planes;

use crate::kept::Kept;
use crate::kernel::Dims;
use crate::kernel::raw::{RawKernels, RawMode, RawRead};
use crate::kernel::rows::{RowsArguments, RowsEntry, RowsPart};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};
pub(super) use apart::{are_apart, are_better_apart};
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
    let padding = if is_told { Padding::of(&plan) } else { None };
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
    for i in 0..count {
        // SAFETY: there is room for so many.
        unsafe { steps.add(i).write(plan.step(i).0) };
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

    /// Forms rows of some planes, from a point of the other loops on.
    ///
    /// # Safety
    ///
    /// As [`rows`].
    unsafe fn run(
        &self,
        all: &Tables,
        other: usize,
        planes: Loop,
        rows: core::ops::Range<usize>,
        vectors: core::ops::Range<usize>,
    ) {
        let width = self.set.width;
        let (x, w, c) = self.at(all, other);
        let parts = &raw const all.whole[self.unit() - 1];
        let mut of_rows = Block {
            x,
            w,
            c,
            rows: self.rows,
            lanes: 0,
            planes,
            parts,
            parts_outer: 0,
            lacks_last: false,
        };
        if self.u.is_some() {
            of_rows.rows.x = of_rows.rows.x.wrapping_mul(2);
            of_rows.rows.out = of_rows.rows.out.wrapping_mul(2);
        }
        let is_last = rows.end == self.rows.extent;
        let first = rows.start.cast_signed();
        let lane = self.lanes.x.wrapping_mul((vectors.start * width).cast_signed());
        of_rows.x = x.wrapping_offset(of_rows.rows.x.wrapping_mul(first)).wrapping_offset(lane);
        of_rows.w = w.wrapping_offset(of_rows.rows.w.wrapping_mul(first));
        of_rows.c = c.wrapping_offset(of_rows.rows.out.wrapping_mul(first)).wrapping_offset(lane);
        of_rows.rows.extent = rows.len();
        of_rows.lanes = self.lanes.extent.min(vectors.end * width) - vectors.start * width;
        // SAFETY: the caller's duties.
        unsafe {
            if self.u.is_none() {
                self.block(all, of_rows, 1, Steps::Whole);
                return;
            }
            let has_nan = of_rows.rows.extent > 0 && self.block(all, of_rows, 2, Steps::Whole);
            of_rows.parts = &raw const all.whole[0];
            if has_nan {
                // Row by row, without zeros.
                for row in 0..2 {
                    let x = of_rows.x.wrapping_offset(self.rows.x * row);
                    let c = of_rows.c.wrapping_offset(self.rows.out * row);
                    self.block(all, Block { x, c, ..of_rows }, 1, Steps::Whole);
                }
            }
            if self.is_odd && is_last {
                let along = of_rows.rows.extent.cast_signed();
                let x = of_rows.x.wrapping_offset(of_rows.rows.x.wrapping_mul(along));
                let c = of_rows.c.wrapping_offset(of_rows.rows.out.wrapping_mul(along));
                let rows = Loop { extent: 1, ..of_rows.rows };
                self.block(all, Block { x, c, rows, ..of_rows }, 1, Steps::Whole);
            }
        }
    }

    /// Forms a block of results, and returns whether one of two rows' may be no number.
    ///
    /// # Safety
    ///
    /// As [`rows`].
    unsafe fn block(&self, all: &Tables, block: Block, rows: usize, of_block: Steps) -> bool {
        let width = self.set.width;
        let mask = self.set.mask;
        let vectors = block.lanes.div_ceil(width);
        let last = mask(block.lanes - (vectors - 1) * width);
        let vector = (width * self.lanes.out.cast_unsigned()).cast_signed();
        #[cfg(test)]
        if let Steps::Taps(..) | Steps::OfRows(_, Some(_)) = of_block {
            super::tests::take(super::tests::Way::PaddedTaps);
        }
        let (steps, kernels) = match of_block {
            Steps::Whole => (all.steps, &self.set.kernels),
            Steps::Each(steps) | Steps::EachOfTiles(steps) => (steps, &self.set.each_masked),
            Steps::OfRows(steps, _)
                if self.apart > 1
                    && let Some(apart) = &self.set.apart =>
            {
                (steps, &apart[self.apart - 2])
            }
            Steps::OfRows(steps, None) => (steps, &self.set.in_parts),
            Steps::OfRows(steps, Some(number)) => (steps, &self.set.taps_in_parts[number]),
            Steps::Ends(steps) => (steps, &self.set.ends_masked),
            Steps::Taps(steps, number) => (steps, &self.set.taps_masked[number]),
        };
        let mut arguments = RowsArguments {
            x: block.x,
            c: block.c,
            w: block.w,
            steps,
            parts: block.parts,
            outer: block.rows.extent,
            x_outer: block.rows.x,
            c_outer: block.rows.out,
            vectors,
            x_vector: vector,
            c_vector: vector,
            mask: mask(width),
            last_mask: last,
            w_row: self.u.map_or(0, |u| u.w.wrapping_neg()),
            c_row: self.rows.out,
            adds: usize::from(self.adds),
            is_nan: 0,
            w_outer: block.rows.w,
            steps_tile: match of_block {
                // One row alone has fewer steps, and its tables lie as far apart.
                Steps::EachOfTiles(_) | Steps::Taps(..) => all.count * size_of::<RowsEntry>(),
                _ => 0,
            },
            parts_outer: block.parts_outer,
        };
        let kernel = kernels[rows - 1];
        let is_along = match of_block {
            Steps::Whole => {
                let is_alone = block.rows.extent == 1 && block.planes.extent == 1;
                vectors >= ALONG || is_alone || block.rows.w != 0 || block.parts_outer > 0
            }
            Steps::Each(_) | Steps::EachOfTiles(_) | Steps::Ends(_) | Steps::Taps(..) => true,
            Steps::OfRows(..) => false,
        };
        if is_along {
            // SAFETY: the caller's duties.
            unsafe { kernel(&mut arguments) };
            return arguments.is_nan != 0;
        }
        // Short rows: vectors are of several rows.
        let planes = block.planes;
        arguments.outer = planes.extent;
        (arguments.x_outer, arguments.c_outer) = (planes.x, planes.out);
        arguments.w_outer = planes.w;
        arguments.vectors = block.rows.extent;
        (arguments.x_vector, arguments.c_vector) = (block.rows.x, block.rows.out);
        for i in 0..vectors.cast_signed() {
            arguments.x = block.x.wrapping_offset(vector * i);
            arguments.c = block.c.wrapping_offset(vector * i);
            let is_last = i + 1 == vectors.cast_signed();
            let lanes = if is_last { last } else { mask(width) };
            (arguments.mask, arguments.last_mask) = (lanes, lanes);
            if block.lacks_last {
                arguments.last_mask = mask(0);
            }
            // SAFETY: the caller's duties.
            unsafe { kernel(&mut arguments) };
        }
        arguments.is_nan != 0
    }
}

/// What is read for a block.
#[derive(Clone, Copy)]
enum Steps {
    /// Everything that its results need.
    Whole,
    /// What a table for its tiles says: of each vector, or only of the first and the last, as the others are whole.
    Each(*const RowsEntry),
    Ends(*const RowsEntry),
    /// The same for all tiles along rows, with a kernel of its own for the number of taps.
    Taps(*const RowsEntry, usize),
    /// Tables for all tiles along rows, one after the other.
    EachOfTiles(*const RowsEntry),
    /// A table for a vector of each of some rows, perhaps with a kernel of its own for the number of taps.
    OfRows(*const RowsEntry, Option<usize>),
}

/// Rows to be formed.
#[derive(Clone, Copy)]
struct Block {
    x: *const u8,
    w: *const u8,
    c: *mut u8,
    /// The loop over rows, or pairs of them.
    rows: Loop,
    lanes: usize,
    /// The loop over planes: one of them, unless vectors are of several rows.
    planes: Loop,
    /// Which steps there are, and from those of a point of `rows` to those of the next.
    parts: *const RowsPart,
    parts_outer: usize,
    /// Whether the second row of the last pair is not there.
    lacks_last: bool,
}

/// A single plane.
const PLANE: Loop = Loop { extent: 1, x: 0, w: 0, out: 0, lane: 0, row: 0 };
