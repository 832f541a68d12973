//! Windows over arrays whose channels are adjacent, each channel with weights of its own: depthwise convolutions, and their
//! gradients. Lanes are channels, on kernels of their own, which keep a run of results in registers and load an element
//! of X once for all taps of a row:
//!
//! ```text
//! C[…, a, channel] = Σ over the other summed loops, b of  X[…, a + b, channel] · W[…, b, channel]
//! ```
//!
//! For the convolution and the gradient of its input `a` is the image's loop and `b` the window's; for the gradient of its
//! weights it is the other way round. Nothing is copied, not even where windows reach over an edge: kernels are told which
//! vectors of X exist, and take zeros for the others.

mod plan;
mod runs;
mod table;

use core::ops::Range;

use super::Job;
use super::affine::{Affine, turned_round};
use crate::kept::Kept;
use crate::kernel::channels::{ChannelsArguments, ChannelsEntry};
use crate::kernel::raw::{Factor, RawMode, RawRead};
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};
use plan::{Packed, Plan, offsets, points_of};
use runs::Run;
pub(super) use table::Table;

/// How many times the time that products take elsewhere they take here.
const TIMES: usize = 2;

/// Runs a nest so, if it can be; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`gather`](super::gather::gather); no loop is empty.
pub(super) unsafe fn channels(job: &Job<'_>, nest: &Affine, mode: RawMode) -> bool {
    if job.is_single || !job.kernels.is_real {
        return false;
    }
    let adds = adds(mode);
    let element = job.kernels.element;
    let Some(plan) = Plan::of(nest, element.size(), adds.is_some()) else { return false };
    #[cfg(test)]
    super::tests::take(super::tests::Way::Channels);
    let room = |packed: &Packed| Kept::new(packed.elements * element.size(), element.align());
    let (mut x, mut w, mut c) = (job.sources[plan.p].ptr, job.sources[1 - plan.p].ptr, job.out);
    let mut weights = plan.packed_weights.as_ref().map(room);
    if let (Some(packed), Some(weights)) = (&plan.packed_weights, &mut weights) {
        let read = RawRead { ptr: job.source_at(1 - plan.p, packed.first), conjugated: false };
        let to = weights.as_mut_ptr();
        // SAFETY: there is room for them, and the caller's duties.
        unsafe { job.kernels.unary(&mut packed.dims.clone(), read, to, RawMode::Assign) };
        w = to;
    }
    let mut results = plan.packed_results.as_ref().map(room);
    if let Some(results) = &mut results {
        c = results.as_mut_ptr();
    }
    let [of_x, of_w, of_c] = plan.first;
    x = x.wrapping_offset(of_x);
    w = w.wrapping_offset(of_w);
    c = c.wrapping_offset(of_c);
    let all = Arrays { x, w, c, adds: adds == Some(true) && results.is_none() };
    let vectors = plan.channels.div_ceil(plan.set.width).div_ceil(plan.vectors);
    let chunks = plan.results.count().div_ceil(plan.tiles);
    let nanoseconds = TIMES * plan.points.saturating_mul(element.size()) / BYTES_MULTIPLIED;
    let extents = [vectors, chunks, points_of(&plan.kept)];
    let grid = Grid::of(extents, [1, 1, 1], threads::pieces(nanoseconds));
    // SAFETY: there are pointers to elements, and numbers and tables that nobody writes.
    let shared = unsafe { Shared::new((&raw const plan, &raw const all)) };
    threads::each(grid.pieces(), &|piece| {
        let (plan, all) = shared.get();
        let [vectors, chunks, kept] = grid.piece(piece);
        // SAFETY: both live until all pieces are done; the caller's duties; pieces write different elements.
        unsafe { (*plan).run(&*all, vectors, chunks, kept) };
    });
    if let (Some(packed), Some(results)) = (&plan.packed_results, &results) {
        let mut dims = turned_round(&packed.dims);
        let read = RawRead { ptr: results.as_ptr(), conjugated: false };
        // SAFETY: the caller's duties; all results have been written.
        unsafe { job.kernels.unary(&mut dims, read, job.out_at(packed.first), mode) };
    }
    true
}

/// Whether a nest is run so.
pub(super) fn are_channels(job: &Job<'_>, nest: &Affine, mode: RawMode) -> bool {
    let may_be = !job.is_single && job.kernels.is_real;
    may_be && Plan::of(nest, job.kernels.element.size(), adds(mode).is_some()).is_some()
}

/// Whether sums are added to the target, if they can be formed there.
fn adds(mode: RawMode) -> Option<bool> {
    match mode {
        RawMode::Assign => Some(false),
        RawMode::Scale { alpha: Factor::One, beta: Factor::One } => Some(true),
        RawMode::Scale { .. } => None,
    }
}

/// Where the first points are.
struct Arrays {
    x: *const u8,
    w: *const u8,
    c: *mut u8,
    adds: bool,
}

/// Taps of one number, runs of which the tables have.
#[derive(Clone, Copy)]
struct Group {
    taps: usize,
    /// How many runs; the tiles are those of the group of this number.
    starts: usize,
    tiles: usize,
}

/// What kernels read of a chunk of the results and taps.
struct Tables {
    groups: Table<Group>,
    /// The first taps of the groups' runs.
    starts: Table<ChannelsEntry>,
    /// The tiles: for all groups, or for one after the other.
    tiles: Table<ChannelsEntry>,
    /// How many tiles have so many results, in their order.
    results: Table<[usize; 2]>,
    /// The steps of all groups, for the points of the summed loops of which these are inside.
    steps: Table<ChannelsEntry>,
    inside: Table<bool>,
}

impl Tables {
    fn new(plan: &Plan) -> Self {
        let sets = if plan.is_of_taps() { 1 } else { plan.starts };
        let points = plan.most.min(points_of(&plan.summed));
        Tables {
            groups: Table::new(plan.starts),
            starts: Table::new(plan.starts),
            tiles: Table::new(sets * plan.tiles),
            results: Table::new(plan.tiles),
            steps: Table::new(plan.starts * points),
            inside: Table::new(points),
        }
    }

    /// Writes the tiles and the taps.
    fn write(&mut self, plan: &Plan, tiles: Range<usize>, taps: Range<usize>) {
        let tables = [&mut self.starts, &mut self.tiles, &mut self.steps];
        tables.into_iter().for_each(Table::clear);
        self.groups.clear();
        self.results.clear();
        let mut last = [0, 0];
        for tile in tiles.clone() {
            let Run { points, entry, .. } = plan.results.at(tile);
            if plan.is_of_taps() {
                self.tiles.push(entry);
            }
            if last[0] != points && last[1] > 0 {
                self.results.push(last);
                last[1] = 0;
            }
            last = [points, last[1] + 1];
        }
        self.results.push(last);
        let mut group: Option<Group> = None;
        for run in taps {
            let run = plan.taps.at(run);
            let mut start = run.entry;
            if plan.is_of_taps() {
                start.inside = plan.vectors_inside(&plan.results.at(tiles.start), &run);
            } else {
                for tile in tiles.clone() {
                    let tile = plan.results.at(tile);
                    let inside = plan.vectors_inside(&tile, &run);
                    self.tiles.push(ChannelsEntry { inside, ..tile.entry });
                }
            }
            self.starts.push(start);
            match &mut group {
                Some(group) if plan.is_of_taps() && group.taps == run.points => group.starts += 1,
                group => {
                    let tiles = group.map_or(0, |old| {
                        self.groups.push(old);
                        if plan.is_of_taps() { 0 } else { old.tiles + 1 }
                    });
                    *group = Some(Group { taps: run.points, starts: 1, tiles });
                }
            }
        }
        group.into_iter().for_each(|group| self.groups.push(group));
    }

    /// Writes the steps of all groups for some points of the summed loops.
    fn write_steps(&mut self, plan: &Plan, summed: Range<usize>) {
        self.steps.clear();
        let mut first = 0;
        for group in self.groups.iter() {
            let starts = &self.starts[first..first + group.starts];
            first += group.starts;
            for (point, &is_inside) in summed.clone().zip(self.inside.iter()) {
                let [x, w, _] = offsets(&plan.summed, point);
                for start in starts {
                    self.steps.push(ChannelsEntry {
                        x: start.x.wrapping_add(x),
                        other: start.other.wrapping_add(w),
                        inside: if is_inside { start.inside } else { 0 },
                    });
                }
            }
        }
    }
}

/// The chunk of this number of so many things.
fn chunk(number: usize, most: usize, count: usize) -> Range<usize> {
    number * most..count.min((number + 1) * most)
}

impl Plan {
    /// Forms results: those of some chunks of tiles, for some vectors of channels, in blocks, at some points of the kept
    /// loops.
    ///
    /// # Safety
    ///
    /// As [`channels`].
    unsafe fn run(
        &self,
        all: &Arrays,
        vectors: Range<usize>,
        chunks: Range<usize>,
        kept: Range<usize>,
    ) {
        let mut tables = Tables::new(self);
        let mut inside = Table::new(self.most.min(points_of(&self.summed)));
        let (count, taps) = (points_of(&self.summed), self.taps.count());
        // What is read again stays in the cache while a block of vectors lasts.
        for (block, tiles) in vectors.flat_map(|block| chunks.clone().map(move |c| (block, c))) {
            let tiles = chunk(tiles, self.tiles, self.results.count());
            for of_taps in 0..taps.div_ceil(self.starts) {
                tables.write(self, tiles.clone(), chunk(of_taps, self.starts, taps));
                for of_summed in 0..count.div_ceil(self.most) {
                    let summed = chunk(of_summed, self.most, count);
                    let adds = all.adds || of_taps > 0 || of_summed > 0;
                    tables.inside.clear();
                    for point in kept.clone() {
                        self.inside(point, summed.clone(), &mut inside);
                        if inside[..] != tables.inside[..] {
                            core::mem::swap(&mut inside, &mut tables.inside);
                            tables.write_steps(self, summed.clone());
                        }
                        // SAFETY: the caller's duties.
                        unsafe { self.point(all, block, point, &tables, adds) };
                    }
                }
            }
        }
    }

    /// Adds the products of the tables' steps at a point of the kept loops.
    ///
    /// # Safety
    ///
    /// As [`channels`].
    unsafe fn point(&self, all: &Arrays, block: usize, point: usize, tables: &Tables, adds: bool) {
        let width = self.set.width;
        let first = block * self.vectors * width;
        let lanes = (self.vectors * width).min(self.channels - first);
        let vectors = lanes.div_ceil(width);
        let [x, w, c] = offsets(&self.kept, point);
        let skipped = (first * self.set.element).cast_signed();
        let ([x_step, c_step], [_, w_step]) = (self.results.steps(), self.taps.steps());
        let mut steps = tables.steps.as_ptr();
        let mut arguments = ChannelsArguments {
            x: all.x.wrapping_offset(x).wrapping_offset(skipped),
            w: all.w.wrapping_offset(w).wrapping_offset(skipped),
            c: all.c.wrapping_offset(c).wrapping_offset(skipped),
            steps,
            steps_end: steps,
            tiles: tables.tiles.as_ptr(),
            tiles_end: tables.tiles.as_ptr(),
            vectors,
            last_mask: (self.set.mask)(lanes - (vectors - 1) * width),
            x_step,
            w_step,
            c_step,
            adds: usize::from(adds),
        };
        let tiles: usize = tables.results.iter().map(|[_, count]| count).sum();
        for group in tables.groups.iter() {
            arguments.steps = steps;
            steps = steps.wrapping_add(group.starts * tables.inside.len());
            arguments.steps_end = steps;
            let mut next = tables.tiles.as_ptr().wrapping_add(group.tiles * tiles);
            for &[results, count] in tables.results.iter() {
                arguments.tiles = next;
                next = next.wrapping_add(count);
                arguments.tiles_end = next;
                // SAFETY: the caller's duties; there are so many results and taps.
                unsafe { self.set.kernels[results - 1][group.taps - 1](&arguments) };
            }
            arguments.adds = 1;
        }
    }
}
