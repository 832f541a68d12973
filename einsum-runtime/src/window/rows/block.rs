//! Blocks of rows, formed by a call or a few: along rows, or with vectors that are each of another row.

use super::plan::{Loop, Plan};
use super::{ALONG, Tables};
use crate::kernel::rows::{RowsArguments, RowsEntry, RowsPart};

impl Plan {
    /// Forms rows of some planes, from a point of the other loops on.
    ///
    /// # Safety
    ///
    /// As [`rows`](super::rows()).
    pub(super) unsafe fn run(
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
    /// As [`rows`](super::rows()).
    pub(super) unsafe fn block(
        &self,
        all: &Tables,
        block: Block,
        rows: usize,
        of_block: Steps,
    ) -> bool {
        let width = self.set.width;
        let mask = self.set.mask;
        let vectors = block.lanes.div_ceil(width);
        let last = mask(block.lanes - (vectors - 1) * width);
        let vector = (width * self.lanes.out.cast_unsigned()).cast_signed();
        #[cfg(test)]
        if let Steps::Taps(..) | Steps::OfRows(_, Some(_)) = of_block {
            crate::window::tests::take(crate::window::tests::Way::PaddedTaps);
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
pub(super) enum Steps {
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
pub(super) struct Block {
    pub(super) x: *const u8,
    pub(super) w: *const u8,
    pub(super) c: *mut u8,
    /// The loop over rows, or pairs of them.
    pub(super) rows: Loop,
    pub(super) lanes: usize,
    /// The loop over planes: one of them, unless vectors are of several rows.
    pub(super) planes: Loop,
    /// Which steps there are, and from those of a point of `rows` to those of the next.
    pub(super) parts: *const RowsPart,
    pub(super) parts_outer: usize,
    /// Whether the second row of the last pair is not there.
    pub(super) lacks_last: bool,
}

/// A single plane.
pub(super) const PLANE: Loop = Loop { extent: 1, x: 0, w: 0, out: 0, lane: 0, row: 0 };
