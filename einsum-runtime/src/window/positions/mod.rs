//! Windows for several results, on kernels of their own, whose lanes are positions of results. They are read where they lie, with
//! masks for what is outside, so that a padded image is not copied; and so are results written. Where rows follow each other in
//! both arrays, as those of images do that are as large as their results, they are one row, and no lane is idle:
//!
//! ```text
//! for a block of vectors of results                      taken by threads
//!   for all images, for a tile of columns
//!     for tiles of vectors                               a call
//!       C[vector, column] (+)= Σ over channels and taps of  X[vector + tap] · Y[column, tap]
//! ```
//!
//! Where windows have a step of 2, kernels read all elements and leave every second one out.
//!
//! Where channels are adjacent, lanes are channels, whose sums are added up in the end, and every vector is of one position: it
//! makes no difference then how far apart these are. Y is packed with as many channels in vectors.

mod loops;
mod masks;
mod plan;
mod shape;

use core::ops::Range;

use super::Job;
use super::affine::Affine;
use super::direct::as_they_lie;
use crate::kept::Kept;
use crate::kernel::level::Level;
use crate::kernel::positions::{COLUMNS, FEWEST_COLUMNS, PositionsArguments, VECTORS};
use crate::kernel::raw::{RawMode, RawRead};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};
use loops::Loop;
use masks::Vectors;
use plan::{Dots, POINTS, Plan};

/// The alignment of buffers.
const LINE: usize = 64;

/// A nest that is run on its sources as they lie.
pub(super) struct Positions {
    plan: Plan,
    reads: [RawRead; 2],
    /// In steps of the engine's kernels.
    pub(super) time: f64,
}

impl Positions {
    /// Returns the way, if a nest can be run so in less than some time, and is not as good for others: if it has edges, or steps.
    pub(super) fn of(job: &Job<'_>, nest: &Affine, mode: RawMode, time: f64) -> Option<Self> {
        let points = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
        let is_real = !job.is_single && job.kernels.is_real;
        if !is_real || Level::current() != Level::Avx512 || points < POINTS {
            return None;
        }
        let (dims, reads) = as_they_lie(job, nest);
        let plan = Plan::of(nest, &dims, job.kernels.element.size(), mode, time)?;
        let time = plan.time;
        Some(Positions { plan, reads, time })
    }

    /// Runs the nest.
    ///
    /// # Safety
    ///
    /// As [`gather`](super::gather::gather), for the nest that this was made for.
    pub(super) unsafe fn run(&self, job: &Job<'_>, nest: &Affine) {
        let plan = &self.plan;
        #[cfg(test)]
        super::tests::take(match plan.dots {
            None => super::tests::Way::Positions,
            Some(_) => super::tests::Way::SummedLanes,
        });
        let size = job.kernels.element.size();
        let nanoseconds = plan.points.saturating_mul(size) / BYTES_MULTIPLIED;
        let blocks = plan.shape.vectors().div_ceil(plan.shape.block);
        let others = plan.others.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
        let grid = Grid::of([others, blocks], [1, 1], threads::pieces(nanoseconds));
        let mut all = Arrays {
            x: self.reads[plan.p].ptr,
            y: self.reads[1 - plan.p].ptr,
            c: job.out_at(nest.out),
        };
        let mut packed = plan.dots.as_ref().map(|dots| Kept::new(dots.elements * size, LINE));
        if let (Some(dots), Some(packed)) = (&plan.dots, &mut packed) {
            let to = packed.as_mut_ptr();
            let read = RawRead { ptr: all.y, conjugated: false };
            all.y = to;
            // SAFETY: there is room for Y and the zeros, and the caller's duties.
            unsafe {
                job.kernels.unary(&mut dots.copy.clone(), read, to, RawMode::Assign);
                if dots.zeros.iter().all(|d| d.extent > 0) {
                    let zeros = to.wrapping_add(dots.first_zero * size);
                    job.kernels.scale_all(dots.zeros.clone(), zeros, RawMode::Assign);
                }
            }
        }
        // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
        let shared = unsafe { Shared::new((&raw const *plan, &raw const all)) };
        threads::each(grid.pieces(), &|piece| {
            let (plan, all) = shared.get();
            // SAFETY: both live until all pieces are done.
            let (plan, all) = unsafe { (&*plan, &*all) };
            let [others, blocks] = grid.piece(piece);
            let mut vectors = Vectors::new(plan);
            for block in blocks {
                let end = plan.shape.vectors().min((block + 1) * plan.shape.block);
                let tiles = vectors.fill(plan, block * plan.shape.block..end);
                // SAFETY: the caller's duties; pieces write different elements.
                unsafe { plan.block(all, &vectors, tiles, others.clone()) };
            }
        });
    }
}

/// Where the first points are.
struct Arrays {
    x: *const u8,
    y: *const u8,
    c: *mut u8,
}

impl Plan {
    /// Forms the results of a block of vectors at points of the other loops.
    ///
    /// # Safety
    ///
    /// As [`Positions::run`].
    unsafe fn block(
        &self,
        all: &Arrays,
        vectors: &Vectors,
        tiles: [usize; VECTORS],
        others: Range<usize>,
    ) {
        for other in others {
            let Arrays { mut x, mut y, mut c } = *all;
            let mut rest = other;
            for l in self.others.iter().rev() {
                let at = (rest % l.extent).cast_signed();
                rest /= l.extent;
                x = x.wrapping_offset(l.x.wrapping_mul(at));
                y = y.wrapping_offset(l.y.wrapping_mul(at));
                c = c.wrapping_offset(l.out.wrapping_mul(at));
            }
            let Loop { extent, y: y_column, out: c_column, .. } = self.columns;
            let calls = extent.div_ceil(COLUMNS);
            let of_last = |dots: &Dots| {
                let masks = self.taps.len() * size_of::<u16>();
                if dots.are_last_others() { masks.cast_signed() } else { 0 }
            };
            for call in 0..calls {
                let [first, end] = [call, call + 1].map(|call| extent * call / calls);
                let column = first.cast_signed();
                let mut arguments = PositionsArguments {
                    x,
                    y: y.wrapping_offset(y_column.wrapping_mul(column)),
                    c: c.wrapping_offset(c_column.wrapping_mul(column)),
                    vectors: vectors.table.as_ptr(),
                    tiles: 0,
                    taps: self.taps.as_ptr(),
                    channels: self.channels.extent,
                    x_channel: self.channels.x,
                    y_channel: self.channels.y,
                    y_column,
                    c_column: self.dots.as_ref().map_or(c_column, of_last),
                    adds: usize::from(self.adds),
                    own: [0; 3],
                };
                for (kernels, tiles) in self.kernels().iter().rev().zip(tiles) {
                    if tiles > 0 {
                        arguments.tiles = tiles;
                        // SAFETY: the caller's duties; a call goes on with the vectors that the one before left.
                        unsafe { kernels[end - first - FEWEST_COLUMNS](&mut arguments) };
                    }
                }
            }
        }
    }
}
