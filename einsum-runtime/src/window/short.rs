//! Depthwise windows with steps over images whose rows are short: what a row of results reads lies apart, and to bring it
//! together takes longer than to use it. In a buffer with channels innermost they are those of
//! [`channels`](super::channels):
//!
//! ```text
//! b c (s·y+u) (s·x+v), c u v -> b c y x     with few x:     the buffer has  b (s·y+u) (s·x+v) c
//! ```
//!
//! The same goes for rows without a step that are shorter than vectors, with large windows, and for results of which there are
//! fewer along a row than points of the window: a vector of these would be added up across its lanes for every result.
//!
//! So many images are taken at a time as stay in a cache with their results, or of one so many channels, or of those of a vector
//! so many rows.

use core::ops::Range;

use smallvec::SmallVec;

use super::Job;
use super::affine::{Affine, Line, inside, lay_anew, plus, times};
use super::channels::{are_channels, channels};
use super::solve::added;
use crate::kept::Kept;
use crate::kernel::Dims;
use crate::kernel::level::{Level, halves_vectors};
use crate::kernel::raw::{RawMode, RawRead};
use crate::sort::sort_by_key;
use crate::threads::{self, BYTES_MULTIPLIED, Grid, Shared};

/// The bytes of the longest rows of results, and the fewest channels. Residue classes of longer rows take no more time.
const ROW: usize = if cfg!(test) { 32 } else { 176 };

/// The same where a sum has as many products as [`STEPS`]: they take as long as what is brought together before and after.
const ROW_OF_MANY: usize = if cfg!(test) { 64 } else { 512 };
const CHANNELS: usize = if cfg!(test) { 2 } else { 8 };

/// The bytes of a vector, and the fewest products of a sum for which rows whose elements are adjacent are turned, or longer ones
/// whose elements lie apart; of more products than the most, several rows are columns of a product.
const VECTOR: usize = 64;
const STEPS: usize = if cfg!(test) { 15 } else { 25 };
const MANY: usize = 200;

/// Sums of so many rows, each shorter than a vector, take longer to be added up across lanes than to be formed.
const ROWS: usize = 12;

/// Channels that blocks begin at multiples of: those of a vector.
const LANES: usize = if cfg!(test) { 2 } else { 16 };

/// The most results that use an element for one tap.
const COLUMNS: usize = 2;

/// The most bytes of a buffer, and of one with results.
const BYTES: usize = if cfg!(test) { 6 << 10 } else { 192 << 10 };

/// How many times the time that products take elsewhere they take here.
const TIMES: usize = 8;

/// How much of the lanes of channels there is at least, for longer rows.
const FILLED_APART: f64 = if cfg!(test) { 0.0 } else { 0.6 };

/// What blocks of rows read beyond what results are apart is copied for both of two blocks. Of so many products of a sum it may be
/// as much again as all.
const AGAIN: usize = if cfg!(test) { 16 } else { 150 };

/// How a nest is run.
struct Plan {
    p: usize,
    channels: Cut,
    images: Option<Cut>,
    /// A loop over results, along an axis that has a window.
    rows: Option<Cut>,
    elements: usize,
}

/// A loop that is cut into blocks, and the axis of the source that it alone goes along.
#[derive(Clone, Copy)]
struct Cut {
    number: usize,
    line: usize,
    /// What blocks begin at multiples of.
    grain: usize,
    blocks: usize,
}

/// A block of the nest, with its source in a buffer: the copy that makes this, and the offset of its first point.
struct Part {
    nest: Affine,
    copy: Dims<1>,
    first: isize,
}

/// Runs a nest so, if it is one; else does nothing and returns `false`.
///
/// # Safety
///
/// As [`gather`](super::gather::gather); no loop is empty.
pub(super) unsafe fn short_rows(job: &Job<'_>, nest: &Affine, mode: RawMode) -> bool {
    if job.is_single || !job.kernels.is_real {
        return false;
    }
    let Some(plan) = (0..2).find_map(|p| Plan::of(job, nest, p, mode)) else { return false };
    #[cfg(test)]
    super::tests::take(super::tests::Way::ShortRows);
    #[cfg(test)]
    if plan.rows.is_some() {
        super::tests::take(super::tests::Way::RowsInBlocks);
    }
    let is_summed = plan.images.is_some_and(|images| nest.loops[images.number].out.is_none());
    let points = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
    let size = job.kernels.element.size();
    let nanoseconds = TIMES * points.saturating_mul(size) / BYTES_MULTIPLIED;
    // Sums are added up block by block, in their order.
    let pieces = if is_summed { 1 } else { threads::pieces(nanoseconds) };
    let [of_images, of_rows, of_channels] = plan.blocks();
    let grid = Grid::of([of_images * of_rows, of_channels], [1, 1], pieces);
    // SAFETY: there are pointers to elements, and numbers that nobody writes.
    let shared = unsafe { Shared::new((job, nest, &plan, mode)) };
    threads::each(grid.pieces(), &|piece| {
        let (job, nest, plan, mode) = shared.get();
        let [parts, channels] = grid.piece(piece);
        let [_, of_rows, _] = plan.blocks();
        let mut buffer = Kept::new(plan.elements * size, job.kernels.element.align());
        for part in parts {
            let [image, row] = [part / of_rows, part % of_rows];
            let mode = if is_summed && image > 0 { added(mode) } else { mode };
            for channel in channels.clone() {
                // SAFETY: the caller's duties; blocks have different results, or follow each other.
                unsafe { plan.run(job, nest, buffer.as_mut_ptr(), [image, row, channel], mode) };
            }
        }
    });
    true
}

/// Returns how much of what vectors along rows would multiply has to be there, beside what there is of the lanes of vectors of
/// channels, for sums of so many products: every product of rows reads a vector, most of which are parts of two cache lines, and
/// channels read one for all that use it, but are brought together first. Where products of vectors take long, reads hardly matter.
fn least_filled(steps: usize) -> f64 {
    match Level::current() {
        Level::Avx512 if halves_vectors() => 0.7,
        Level::Avx512 if steps >= 2 * STEPS - 1 => 0.95,
        Level::Avx512 => 0.84,
        _ => 0.0,
    }
}

/// As [`least_filled`], of rows of a vector, whatever channels fill.
const FILLED: f64 = 0.68;

/// Whether so little of what vectors along rows of so many bytes would multiply is there, behind their ends or edges of the
/// image, that it takes less time to bring channels together, which leave out what is outside. So it is if a few rows are
/// sums, whatever there is of them. Vectors of channels are filled to some extent.
fn wastes_lanes(nest: &Affine, lines: &[Line], row: usize, bytes: usize, channels: f64) -> bool {
    let extent = |n: usize| nest.loops[n].extent;
    let loops = |kept: bool| {
        let all = 0..nest.loops.len();
        all.filter(move |&n| nest.loops[n].out.is_some() == kept && nest.loops[n].extent > 1)
    };
    let steps = loops(false).map(extent).fold(1, usize::saturating_mul);
    let is_vector = bytes <= VECTOR;
    let is_summed = nest.loops[row].out.is_none();
    if steps < STEPS || !is_vector && (steps > MANY || is_summed) {
        return false;
    }
    if is_summed {
        return steps / extent(row) <= ROWS;
    }
    // The kernels of rows have vectors of half the size.
    let vector = if 2 * bytes <= VECTOR { VECTOR / 2 } else { VECTOR };
    let mut filled = bytes as f64 / bytes.next_multiple_of(vector) as f64;
    for line in lines {
        let along = |&n: &usize| line.coefficients[n] != 0;
        let (mut results, mut taps) = (loops(true).filter(along), loops(false).filter(along));
        if let (Some(result), Some(tap)) = (results.next(), taps.next()) {
            let inside = |at: usize| {
                let first = line.offset + line.coefficients[result] * at.cast_signed();
                inside(first, line.coefficients[tap], extent(tap), line.extent).len()
            };
            let count: usize = (0..extent(result)).map(inside).sum();
            filled *= count as f64 / (extent(result) * extent(tap)) as f64;
        }
    }
    is_vector && filled < FILLED || filled < channels * least_filled(steps)
}

/// Cuts the loop over results along an axis, so that what its blocks read of a vector of channels, and their results, stay in a
/// cache. Returns it, and the most positions of a block. `all` are the positions and the results that there are.
fn rows_of(
    nest: &Affine,
    lines: &[Line],
    outer: usize,
    all: [usize; 2],
    (size, steps): (usize, usize),
) -> Option<(Cut, usize)> {
    let line = &lines[outer];
    let own = |&n: &usize| line.coefficients[n] != 0 && nest.loops[n].extent > 1;
    let mut kept = (0..nest.loops.len()).filter(|n| own(n) && nest.loops[*n].out.is_some());
    let number = kept.next().filter(|_| kept.next().is_none())?;
    let step = line.coefficients[number].unsigned_abs();
    let reach = |n: usize| {
        let steps = nest.loops[n].extent - 1;
        line.coefficients[n].unsigned_abs().saturating_mul(steps)
    };
    let window = (0..nest.loops.len()).filter(|n| own(n) && *n != number).map(reach);
    let window = window.fold(1_usize, usize::saturating_add);
    let extent = nest.loops[number].extent;
    let [across, results] = [all[0] / line.extent, all[1] / extent];
    for blocks in 2..=extent {
        let block = extent.div_ceil(blocks);
        let read = step.saturating_mul(block - 1).saturating_add(window);
        if AGAIN * read > (AGAIN + steps) * step * block {
            return None;
        }
        let positions = read.min(line.extent).saturating_mul(across);
        let most = positions.max(results.saturating_mul(block));
        if most.saturating_mul(size * LANES) <= BYTES {
            return Some((Cut { number, line: outer, grain: 1, blocks }, positions));
        }
    }
    None
}

impl Plan {
    fn of(job: &Job<'_>, nest: &Affine, p: usize, mode: RawMode) -> Option<Self> {
        let lines = &nest.sources[p];
        let size = job.kernels.element.size();
        let extent = |n: usize| nest.loops[n].extent;
        let all = || (0..nest.loops.len()).filter(|&n| extent(n) > 1);
        let moves = |p: usize, n: usize| nest.sources[p].iter().any(|l| l.coefficients[n] != 0);
        let is_kept = |n: usize| nest.loops[n].out.is_some();
        let unit = lines.iter().position(|line| line.stride.abs() == 1)?;
        // Of positions and the window, the longer one is the row: results, or what they are sums of.
        let step = |n: usize| lines[unit].coefficients[n].unsigned_abs();
        let row = all().filter(|&n| step(n) > 0);
        let row = row.max_by_key(|&n| (extent(n), step(n), is_kept(n)))?;
        // Results that lie apart do so whatever is longer.
        let is_apart = step(row) > 1 || !is_kept(row) && all().any(|n| is_kept(n) && step(n) > 1);
        let bytes = extent(row).saturating_mul(size);
        let steps = all().filter(|&n| !is_kept(n)).map(extent);
        let is_avx512 = Level::current() == Level::Avx512;
        let steps = steps.fold(1_usize, usize::saturating_mul);
        let has_many = !is_apart || is_avx512 && steps >= STEPS;
        let columns = all().filter(|&n| is_kept(n) && !moves(p, n)).map(extent);
        let is_long = bytes > if has_many { ROW_OF_MANY } else { ROW };
        if is_long || columns.fold(1_usize, usize::saturating_mul) > COLUMNS {
            return None;
        }
        // Loops that have an axis of their own.
        let alone = |&n: &usize| {
            let mut own = lines.iter().enumerate().filter(|(_, line)| line.coefficients[n] != 0);
            let (number, line) = own.next()?;
            let is_alone = all().filter(|&n| line.coefficients[n] != 0).count() == 1
                && line.coefficients[n] == 1
                && line.has(line.range(nest.loops.iter().map(|l| l.extent)))
                && own.next().is_none();
            is_alone.then_some((n, number))
        };
        let is_channel = |n: &usize| is_kept(*n) && moves(1 - p, *n) && extent(*n) >= CHANNELS;
        let (channel, line_of_channel) = all()
            .filter(is_channel)
            .filter_map(|n| alone(&n))
            .min_by_key(|(_, l)| lines[*l].stride.abs())?;
        let lanes = VECTOR / size;
        let filled = extent(channel) as f64 / extent(channel).next_multiple_of(lanes) as f64;
        if !is_apart && !wastes_lanes(nest, &lines[..], row, bytes, filled)
            || is_apart && bytes > ROW && filled < FILLED_APART
        {
            return None;
        }
        let others = all().filter(|&n| n != channel).filter_map(|n| alone(&n));
        let images = others.max_by_key(|(_, l)| lines[*l].stride.abs());
        let is_image = |n: usize| images.is_some_and(|(own, _)| own == n);
        let is_images = |l: usize| images.is_some_and(|(_, own)| own == l);
        let rest = (0..lines.len()).filter(|&l| l != line_of_channel && !is_images(l));
        let positions = rest.fold(1_usize, |n, l| n.saturating_mul(lines[l].extent));
        // An image of which little is read is not worth a copy.
        let products = all().filter(|&n| n != channel && !is_image(n)).map(extent);
        if products.fold(1_usize, usize::saturating_mul) < positions {
            return None;
        }
        let results = all().filter(|&n| is_kept(n) && n != channel && !is_image(n)).map(extent);
        let results = results.fold(1_usize, usize::saturating_mul);
        let mut positions = positions;
        let mut of_channel = positions.max(results).saturating_mul(size);
        let mut rows = None;
        if of_channel.saturating_mul(LANES) > BYTES {
            let rest = (0..lines.len()).filter(|&l| l != line_of_channel && !is_images(l));
            let outer = rest.max_by_key(|&l| lines[l].stride.unsigned_abs())?;
            let cut;
            (cut, positions) = rows_of(nest, lines, outer, [positions, results], (size, steps))?;
            of_channel = BYTES / LANES;
            rows = Some(cut);
        }
        // In groups of lanes, and in images of all channels.
        let groups = extent(channel).div_ceil(LANES);
        let most = [LANES, extent(channel)].map(|n| BYTES / of_channel.saturating_mul(n).max(1));
        let channels = Cut {
            number: channel,
            line: line_of_channel,
            grain: LANES,
            blocks: if most[1] > 0 { 1 } else { groups.div_ceil(most[0].max(1)) },
        };
        let images = images.map(|(number, line)| {
            let blocks = extent(number).div_ceil(most[1].max(1));
            Cut { number, line, grain: 1, blocks }
        });
        let count = |cut: &Cut| cut.most(extent(cut.number)).min(lines[cut.line].extent);
        let elements = positions.saturating_mul(count(&channels));
        let elements = elements.checked_mul(images.as_ref().map_or(1, count))?;
        let plan = Plan { p, channels, images, rows, elements };
        // The first block of images is the smallest one, the last the largest.
        let [of_images, of_rows, of_channels] = plan.blocks();
        let is_run = |block| are_channels(job, &plan.part(nest, block).nest, mode);
        let are_run = |image| {
            (0..of_rows * of_channels).all(|n| is_run([image, n / of_channels, n % of_channels]))
        };
        (most[0] > 0 && are_run(0) && are_run(of_images - 1)).then_some(plan)
    }

    /// The blocks of images, of rows, and of channels.
    fn blocks(&self) -> [usize; 3] {
        let of = |cut: Option<Cut>| cut.map_or(1, |cut| cut.blocks);
        [of(self.images), of(self.rows), self.channels.blocks]
    }

    /// Runs a block.
    ///
    /// # Safety
    ///
    /// As [`short_rows`]; there is room for the elements of a block in the buffer.
    unsafe fn run(
        &self,
        job: &Job<'_>,
        nest: &Affine,
        to: *mut u8,
        block: [usize; 3],
        mode: RawMode,
    ) {
        let Part { nest, mut copy, first } = self.part(nest, block);
        let read = RawRead { ptr: job.source_at(self.p, first), conjugated: false };
        let mut sources = job.sources;
        sources[self.p].ptr = to;
        let part = Job { sources, ..*job };
        // SAFETY: the caller's duties: all positions of the source's axes can be read.
        let is_run = unsafe {
            job.kernels.unary(&mut copy, read, to, RawMode::Assign);
            channels(&part, &nest, mode)
        };
        assert!(is_run, "blocks of images between others are run so");
    }

    fn part(&self, nest: &Affine, [image, row, channel]: [usize; 3]) -> Part {
        let (mut nest, mut first) = (nest.clone(), 0_isize);
        let images = self.images.map(|images| (images, image));
        for (cut, block) in images.into_iter().chain([(self.channels, channel)]) {
            let own = cut.block(nest.loops[cut.number].extent, block);
            nest.restrict(cut.number, own.start, 1, own.len());
            // The points of the block, and no others.
            let line = &mut nest.sources[self.p][cut.line];
            let skipped = core::mem::replace(&mut line.offset, 0);
            first = first.wrapping_add(line.stride.wrapping_mul(skipped));
            line.extent = own.len();
        }
        if let Some(cut) = &self.rows {
            let own = cut.block(nest.loops[cut.number].extent, row);
            nest.restrict(cut.number, own.start, 1, own.len());
            // What windows reach of the axis, which may be nothing.
            let line = &nest.sources[self.p][cut.line];
            let [low, high] = line.range(nest.loops.iter().map(|l| l.extent));
            let last = line.extent.cast_signed() - 1;
            let (low, high) = (low.clamp(0, last), high.clamp(0, last));
            let line = &mut nest.sources[self.p][cut.line];
            first = first.wrapping_add(line.stride.wrapping_mul(low));
            line.offset = plus(line.offset, times(low, -1));
            line.extent = (high - low).cast_unsigned() + 1;
        }
        let lines = &mut nest.sources[self.p];
        let mut order: SmallVec<[usize; 8]> = (0..lines.len()).collect();
        sort_by_key(&mut order[..], |&n| (n != self.channels.line, lines[n].stride.unsigned_abs()));
        let copy = lay_anew(lines, order.into_iter());
        Part { nest, copy, first }
    }
}

impl Cut {
    fn block(&self, extent: usize, block: usize) -> Range<usize> {
        let grains = extent.div_ceil(self.grain);
        let start = |block: usize| (grains * block / self.blocks * self.grain).min(extent);
        start(block)..start(block + 1)
    }

    /// The most points of a block.
    fn most(&self, extent: usize) -> usize {
        extent.div_ceil(self.grain).div_ceil(self.blocks) * self.grain
    }
}
