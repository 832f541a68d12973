//! Padded stencils on small planes: rows of results that follow each other in the target as the rows that they read do in X
//! are one row, whose vectors do not end where rows do. What a shifted vector reads beyond the ends of rows, masks leave
//! out:
//!
//! ```text
//! out[n·y + x] = Σ over steps of  X[n·(y + u) + x + v] · W[u, v]      where y + u and x + v are inside
//! ```
//!
//! The masks of all steps are the same for every plane.

mod steps;
mod time;

use core::ops::Range;

use smallvec::SmallVec;

use super::padding::{Bounded, Bounds};
use super::parts::TILE;
use super::plan::{STEPS, set_of};
use crate::kept::Kept;
use crate::kernel::raw::{Factor, RawKernels, RawMode, RawRead};
use crate::kernel::rows::{RowsArguments, RowsEntry, RowsPart, RowsSet};
use crate::kernel::{Dim, Dims};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};
use crate::window::is_stencil;
use steps::{Steps, bits_of, set_bits};
use time::{OF_TILE, STEP, of_rows, of_tiles};

/// Of a row, and an entry, in the tables for a step.
const ROW: f64 = if cfg!(test) { 0.0 } else { 8.0 };
const ENTRY: f64 = if cfg!(test) { 0.0 } else { 8.0 };

/// The most bytes of tables: they should stay in a first-level cache with the rows of X.
const BYTES: usize = 16 << 10;

/// The words of a bit for every lane that need no memory of their own.
const WORDS: usize = 64;

/// How many times the time that products take elsewhere they take here.
const TIMES: usize = 3;

/// A loop around planes; steps in bytes.
#[derive(Clone, Copy)]
struct Loop {
    extent: usize,
    x: isize,
    w: isize,
    out: isize,
}

/// How planes are formed.
struct Planes {
    set: &'static RowsSet,
    adds: bool,
    /// The lanes of a plane, and of a vector that is the last one.
    lanes: usize,
    /// The loop over planes of a call, and others.
    outer: Loop,
    others: SmallVec<[Loop; 8]>,
    /// The steps of a tile.
    steps: usize,
    tables: Kept,
}

/// What all pieces read, and where they write.
#[derive(Clone, Copy)]
struct Places {
    x: *const u8,
    w: *const u8,
    c: *mut u8,
}

/// Runs a nest so, if it is one; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`rows`](super::rows()), for a source that may be read inside of `bounds` only.
pub(in crate::window) unsafe fn planes(
    kernels: &RawKernels,
    dims: &Dims<2>,
    reads: [RawRead; 2],
    out: *mut u8,
    mode: RawMode,
    bounds: &Bounds,
) -> bool {
    let size = kernels.element.size();
    let Some(planes) = Planes::of(dims, size, mode, bounds) else { return false };
    #[cfg(test)]
    crate::window::tests::take(crate::window::tests::Way::Planes);
    let places = Places { x: reads[bounds.p].ptr, w: reads[1 - bounds.p].ptr, c: out };
    let points = dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
    let nanoseconds = TIMES * points.saturating_mul(size) / BYTES_MULTIPLIED;
    let others = planes.others.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let grid = Grid::of([others, planes.outer.extent], [1, 1], threads::pieces(nanoseconds));
    // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
    let shared = unsafe { Shared::new((&raw const planes, places)) };
    threads::each(grid.pieces(), &|piece| {
        let (planes, places) = shared.get();
        // SAFETY: it lives until all pieces are done.
        let planes = unsafe { &*planes };
        let [others, outer] = grid.piece(piece);
        for other in others {
            // SAFETY: the caller's duties; pieces write different elements.
            unsafe { planes.run(places, other, outer.clone()) };
        }
    });
    true
}

impl Planes {
    fn of(dims: &Dims<2>, size: usize, mode: RawMode, bounds: &Bounds) -> Option<Self> {
        let adds = match mode {
            RawMode::Assign => false,
            RawMode::Scale { alpha: Factor::One, beta: Factor::One } => true,
            RawMode::Scale { .. } => return None,
        };
        let (p, q) = (bounds.p, 1 - bounds.p);
        let is_row = |d: &Dim<2>, step: isize| {
            !d.summed && d.extent > 1 && d.sources[q] == 0 && [d.out, d.sources[p]] == [step; 2]
        };
        let x = dims.iter().position(|d| is_row(d, 1))?;
        let row = dims[x].extent;
        let y = dims.iter().position(|d| is_row(d, row.cast_signed()))?;
        // What is outside of an axis that another loop goes along differs from plane to plane.
        let is_own = |bound: &Option<Bounded>, i: usize| bound.as_ref().is_none_or(|b| b.0 == i);
        if !is_own(&bounds.lanes, x) || !is_own(&bounds.rows, y) {
            return None;
        }
        let count = |has: &dyn Fn(&Dim<2>) -> bool| {
            let extents = dims.iter().filter(|d| has(d)).map(|d| d.extent);
            extents.fold(1_usize, usize::saturating_mul)
        };
        let columns = count(&|d| !d.summed && d.sources[p] == 0);
        let steps = count(&|d| d.summed);
        let set = set_of(size)?;
        let lanes = row.checked_mul(dims[y].extent)?;
        let tiles = lanes.div_ceil(TILE * set.width);
        let bytes = tiles.saturating_mul(steps).saturating_mul(size_of::<RowsEntry>());
        if !is_stencil(columns) || !(2..=STEPS).contains(&steps) || bytes > BYTES {
            return None;
        }
        // Tables have an entry for every step, whatever the number of planes.
        let planes = count(&|d| !d.summed) as f64 / lanes as f64;
        let of_tables = steps as f64 * (ROW * dims[y].extent as f64 + ENTRY * tiles as f64);
        let vectors = lanes.div_ceil(set.width);
        let of_plane = of_tiles(vectors, STEP) * steps as f64 + OF_TILE[0] * tiles as f64;
        if planes * of_rows(dims, p, [x, y], !adds, bounds, size)? < planes * of_plane + of_tables {
            return None;
        }
        let size = size.cast_signed();
        let around = |(i, d): (usize, &Dim<2>)| {
            let step = |step: isize| step.wrapping_mul(size);
            let [x_step, w] = [d.sources[p], d.sources[q]].map(step);
            let is_around = i != x && i != y && !d.summed;
            is_around.then_some(Loop { extent: d.extent, x: x_step, w, out: step(d.out) })
        };
        let mut others: SmallVec<[Loop; 8]> = dims.iter().enumerate().filter_map(around).collect();
        // Planes that follow each other make a call.
        let next = (0..others.len()).filter(|&i| others[i].extent > 1);
        let outer = match next.min_by_key(|&i| others[i].x.unsigned_abs()) {
            Some(outer) => others.remove(outer),
            None => Loop { extent: 1, x: 0, w: 0, out: 0 },
        };
        let mut tables = Kept::new(bytes, align_of::<RowsEntry>());
        let places = Steps { dims, p, x, y, bounds };
        let mut bits: SmallVec<[u64; WORDS]> = SmallVec::new();
        let table = tables.as_mut_ptr().cast::<RowsEntry>();
        for step in 0..steps {
            let (entry, [columns, rows]) = places.entry(step, size);
            bits.clear();
            bits.resize(lanes.div_ceil(64) + 1, 0);
            for y in rows {
                set_bits(&mut bits, y * row + columns.start, columns.len());
            }
            for tile in 0..tiles {
                let first = tile * TILE * set.width;
                let mask = |vector| bits_of(&bits, first + vector * set.width, set.width);
                let entry = RowsEntry { masks: core::array::from_fn(mask), ..entry };
                // SAFETY: there is room for the steps of all tiles.
                unsafe { table.wrapping_add(tile * steps + step).write(entry) };
            }
        }
        Some(Planes { set, adds, lanes, outer, others, steps, tables })
    }

    /// Forms planes at a point of the other loops.
    ///
    /// # Safety
    ///
    /// As [`planes`].
    unsafe fn run(&self, places: Places, other: usize, planes: Range<usize>) {
        let Places { mut x, mut w, mut c } = places;
        let mut go = |l: &Loop, at: usize| {
            let at = at.cast_signed();
            x = x.wrapping_offset(l.x.wrapping_mul(at));
            w = w.wrapping_offset(l.w.wrapping_mul(at));
            c = c.wrapping_offset(l.out.wrapping_mul(at));
        };
        let mut rest = other;
        for l in self.others.iter().rev() {
            go(l, rest % l.extent);
            rest /= l.extent;
        }
        go(&self.outer, planes.start);
        let width = self.set.width;
        let element = self.set.element;
        let vectors = self.lanes.div_ceil(width);
        let mask = self.set.mask;
        let steps = self.tables.as_ptr().cast::<RowsEntry>();
        let all = (self.steps * size_of::<RowsEntry>()) as u32;
        let part = RowsPart { end: all, ..RowsPart::default() };
        let mut arguments = RowsArguments {
            x,
            c,
            w,
            steps,
            parts: &raw const part,
            outer: planes.len(),
            x_outer: self.outer.x,
            c_outer: self.outer.out,
            vectors,
            x_vector: (width * element).cast_signed(),
            c_vector: (width * element).cast_signed(),
            mask: mask(width),
            last_mask: mask(self.lanes - (vectors - 1) * width),
            w_row: 0,
            c_row: 0,
            adds: usize::from(self.adds),
            is_nan: 0,
            w_outer: self.outer.w,
            steps_tile: self.steps * size_of::<RowsEntry>(),
            parts_outer: 0,
        };
        if planes.is_empty() {
            return;
        }
        // SAFETY: the caller's duties; steps whose lanes are outside say so.
        unsafe { (self.set.each_masked[0])(&mut arguments) };
    }
}
