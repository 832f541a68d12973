//! Whether, and in which blocks, a nest is run with the lanes of vectors along the source that has no windows.

use core::ops::Range;

use smallvec::SmallVec;

use super::parts::Block;
use crate::kernel::level::Level;
use crate::sort::sort_by_key;
use crate::window::affine::{Affine, Line};

/// The most blocks of lanes that are packed beside each other: they are listed on the stack.
pub(super) const SLOTS: usize = 64;

/// The most bytes of the other source that are packed at a time, and of results in a buffer: with what is read of the
/// windowed source they fit most of a second-level cache of 1 MB.
const PACKED: usize = if cfg!(test) { 2 << 10 } else { 600 << 10 };
const RESULTS: usize = if cfg!(test) { 1 << 10 } else { 384 << 10 };

/// The most bytes from the first to the last that a block reads of the windowed source, and columns that are no block of
/// less.
const IMAGE: usize = if cfg!(test) { 1 << 10 } else { 448 << 10 };
const FEW: usize = if cfg!(test) { 6 } else { 96 };

/// How much of a padded nest is inside, at least. There is less in few, which then are left to others.
const INSIDE: f64 = 0.6;

/// The most steps at a time for tiles of a cache line, and the results for which that is worth it: what is read of both
/// sources stays in the first-level cache then, while vectors of results pass through registers once more.
const STEPS_NARROW: usize = if cfg!(test) { 8 } else { 200 };
const RESULTS_NARROW: usize = if cfg!(test) { 64 } else { 4 << 10 };

/// The fewest products of a sum.
const STEPS: usize = if cfg!(test) { 6 } else { 32 };

/// The fewest products of a nest: a plan takes as long as thousands.
const POINTS: usize = if cfg!(test) { 64 } else { 1 << 19 };

/// What kernels are like.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// The size of an element, the lanes of a vector, and the vectors.
    pub(super) size: usize,
    pub(super) width: usize,
    vectors: usize,
    /// How many times as long what is not a step of a kernel takes, in steps.
    pub(super) slow: f64,
    /// The most steps at a time.
    steps: usize,
}

impl Tile {
    fn of(size: usize) -> Option<Self> {
        match Level::current() {
            Level::Plain => None,
            Level::Avx2 => {
                Some(Tile { size, width: 32 / size, vectors: 2, slow: 2.0, steps: STEPS_NARROW })
            }
            Level::Avx512 => {
                Some(Tile { size, width: 64 / size, vectors: 4, slow: 1.0, steps: usize::MAX })
            }
        }
    }
}

/// A loop in blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    number: usize,
    pub(super) extent: usize,
    block: usize,
}

impl Cut {
    pub(super) fn count(&self) -> usize {
        self.extent.div_ceil(self.block)
    }
}

/// How a nest is run.
pub(super) struct Plan {
    /// The source with windows, read element by element where it lies.
    pub(super) p: usize,
    /// The loop that the lanes run along, and what there is from one of its rows to the next in buffers.
    pub(super) lanes: usize,
    pub(super) pitch: usize,
    /// The vectors of a row.
    of_block: usize,
    /// The loops over results and those that are summed, the outermost first: so many whose points run one by one, lanes,
    /// and columns.
    pub(super) singles: usize,
    pub(super) kept: SmallVec<[Cut; 8]>,
    pub(super) summed: SmallVec<[Cut; 8]>,
    /// The blocks of columns.
    pub(super) same: usize,
    /// The blocks of lanes, if all are packed beside each other: then they run inside of a block of columns, which has
    /// just been read. Else 1, and columns run inside of a block of lanes.
    pub(super) slots: usize,
    /// The columns of a block along the innermost loop, if neighbouring ones read what lies side by side.
    run: usize,
    /// Whether lanes are adjacent in the target, so that results need no buffer.
    pub(super) is_direct: bool,
    /// The most steps at a time.
    pub(super) at_once: usize,
    /// As [`Tile::slow`].
    slow: f64,
}

impl Plan {
    /// Returns the plan, if a nest can be run so in less than some time. `size` is that of an element.
    pub(super) fn of(nest: &Affine, size: usize, time: f64) -> Option<Self> {
        let tile = Tile::of(size)?;
        let points = nest.loops.iter().fold(1_usize, |n, l| n.saturating_mul(l.extent));
        if points < POINTS {
            return None;
        }
        (0..2).find_map(|p| Self::with_windows_of(nest, p, tile, time))
    }

    fn with_windows_of(nest: &Affine, p: usize, tile: Tile, time: f64) -> Option<Self> {
        let Tile { size, width, .. } = tile;
        let extent = |n: usize| nest.loops[n].extent;
        let is_kept = |n: usize| nest.loops[n].out.is_some();
        let all = || (0..nest.loops.len()).filter(|&n| extent(n) > 1);
        let moves = |p: usize, n: usize| nest.sources[p].iter().any(|l| l.coefficients[n] != 0);
        let loops_of = |line: &Line| all().filter(|&n| line.coefficients[n] != 0).count();
        let is_whole = |p: usize| {
            let extents = || nest.loops.iter().map(|l| l.extent);
            nest.sources[p].iter().all(|line| line.has(line.range(extents())))
        };
        let has_windows = |p: usize| nest.sources[p].iter().any(|line| loops_of(line) > 1);
        if !is_whole(1 - p) || has_windows(1 - p) || is_whole(p) && !has_windows(p) {
            return None;
        }
        let others = || all().filter(|&n| is_kept(n) && !moves(p, n));
        let lanes = others().filter(|&n| moves(1 - p, n)).max_by_key(|&n| extent(n))?;
        let steps = all().filter(|&n| !is_kept(n)).map(extent).fold(1, usize::saturating_mul);
        if 2 * extent(lanes) < width || steps < STEPS || nest.loops.iter().any(|l| l.extent == 0) {
            return None;
        }
        // However much of it lies beside the edges.
        let least = if is_whole(p) { 1.0 } else { INSIDE };
        let vectors = extent(lanes).div_ceil(width);
        let points: f64 = all().filter(|&n| n != lanes).map(|n| extent(n) as f64).product();
        if least * vectors as f64 * points > time {
            return None;
        }
        let stride = |p: usize, n: usize| {
            let along = nest.sources[p].iter();
            let steps = along.map(|l| l.coefficients[n].saturating_mul(l.stride).unsigned_abs());
            steps.max().unwrap_or(0)
        };
        let out = |n: usize| nest.loops[n].out.map_or(0, isize::unsigned_abs);
        // Loops over results: points one by one of those that both sources have, or neither; lanes; columns.
        let is_column = |n: usize| is_kept(n) && moves(p, n) && !moves(1 - p, n);
        let mut columns: SmallVec<[usize; 8]> = all().filter(|&n| is_column(n)).collect();
        sort_by_key(&mut columns[..], |&n| core::cmp::Reverse(out(n)));
        let is_single = |n: &usize| is_kept(*n) && *n != lanes && !is_column(*n);
        // A block has the vectors of a kernel, which reads whole rows of it then.
        let of_block = vectors.div_ceil(vectors.div_ceil(tile.vectors));
        let pitch = of_block * width;
        let mut kept: SmallVec<[Cut; 8]> = SmallVec::new();
        let cut = |number: usize, block: usize| Cut { number, extent: extent(number), block };
        kept.extend(all().filter(is_single).map(|n| cut(n, 1)));
        let singles = kept.len();
        kept.push(cut(lanes, pitch.min(extent(lanes))));
        kept.extend(columns.iter().map(|&n| cut(n, extent(n))));
        let is_direct = nest.loops[lanes].out == Some(1);
        // Steps in the order of the windowed source.
        let mut summed: SmallVec<[usize; 8]> = all().filter(|&n| !is_kept(n)).collect();
        sort_by_key(&mut summed[..], |&n| core::cmp::Reverse(stride(p, n)));
        let mut summed: SmallVec<[Cut; 8]> = summed.iter().map(|&n| cut(n, extent(n))).collect();
        let is_packed = |number: usize| moves(1 - p, number);
        if !summed.iter().any(|cut| is_packed(cut.number)) {
            return None;
        }
        shorten(&mut summed, &|cuts| block_of(cuts) <= PACKED / (pitch * size));
        let columns = &mut kept[singles + 1..];
        shorten(columns, &|cuts| block_of(cuts) <= RESULTS / (pitch * size));
        // Not for fewer columns than are worth a call.
        let is_small = |cuts: &[Cut]| {
            block_of(cuts) <= FEW || image(nest, p, &[cuts, &summed]).saturating_mul(size) <= IMAGE
        };
        shorten(columns, &is_small);
        let same = columns.iter().map(Cut::count).product();
        let blocks = kept[singles].count();
        let is_packed = block_of(&summed) == steps
            && blocks <= SLOTS
            && steps * blocks <= PACKED / (pitch * size);
        let slots = if is_packed { blocks } else { 1 };
        let is_step = |n: usize| nest.sources[p].iter().any(|l| l.coefficients[n].abs() > 1);
        let run = kept[singles + 1..].last().filter(|cut| !is_step(cut.number));
        let run = run.map_or(1, |cut| cut.block);
        let at_once = tile.steps;
        let plan = Plan {
            p,
            lanes,
            pitch,
            of_block,
            singles,
            kept,
            summed,
            same,
            run,
            slots,
            is_direct,
            at_once,
            slow: tile.slow,
        };
        (plan.time_of(nest, vectors, tile)? < time).then_some(plan)
    }

    /// Returns what parts of a block have in common.
    pub(super) fn block(&self) -> Block {
        Block {
            p: self.p,
            lanes: self.lanes,
            vectors: self.of_block as f64,
            run: self.run as f64,
            slow: self.slow,
        }
    }

    /// The number of blocks of results, and of sums.
    pub(super) fn kept(&self) -> usize {
        self.kept.iter().map(Cut::count).product()
    }

    pub(super) fn summed(&self) -> usize {
        self.summed.iter().map(Cut::count).product()
    }

    /// Returns where what a block over results reads of the other source is packed, and a number for it.
    pub(super) fn place(&self, kept: usize) -> (usize, usize) {
        match self.slots {
            1 => (0, kept / self.same),
            slots => (kept % slots, kept / slots / self.same),
        }
    }

    /// Returns the points of every loop in a block.
    pub(super) fn at(
        &self,
        loops: usize,
        kept: usize,
        summed: usize,
    ) -> SmallVec<[Range<usize>; 8]> {
        let mut parts: SmallVec<[Range<usize>; 8]> = SmallVec::from_elem(0..1, loops);
        let mut kept_rest = kept;
        let mut summed_rest = summed;
        let mut take = |cut: &Cut, rest: &mut usize| {
            let start = *rest % cut.count() * cut.block;
            *rest /= cut.count();
            parts[cut.number] = start..cut.extent.min(start + cut.block);
        };
        let is_inner = self.slots > 1;
        if is_inner {
            take(&self.kept[self.singles], &mut kept_rest);
        }
        let others = self.kept.iter().rev().filter(|cut| !is_inner || cut.number != self.lanes);
        others.for_each(|cut| take(cut, &mut kept_rest));
        self.summed.iter().rev().for_each(|cut| take(cut, &mut summed_rest));
        parts
    }

    /// Returns the loop over sums of a part that is cut, if there are more than should be formed at a time, and the points of
    /// a block of it.
    pub(super) fn steps_at_once(&self, part: &Affine) -> Option<(usize, usize)> {
        let extent = |n: usize| part.loops[n].extent;
        let points = |kept: bool| {
            let loops = part.loops.iter().filter(|l| l.out.is_some() == kept);
            loops.fold(1_usize, |n, l| n.saturating_mul(l.extent))
        };
        let steps = points(false);
        if steps <= self.at_once || points(true) < RESULTS_NARROW {
            return None;
        }
        let number = self.summed.iter().map(|cut| cut.number).find(|&n| extent(n) > 1)?;
        let count = steps.div_ceil(self.at_once).min(extent(number));
        Some((number, extent(number).div_ceil(count)))
    }

    /// The loops of a buffer for the other source, the innermost first: lanes, then sums.
    pub(super) fn packed(&self) -> impl Iterator<Item = usize> {
        core::iter::once(self.lanes).chain(self.summed.iter().rev().map(|cut| cut.number))
    }

    /// The loops of a buffer for results, likewise.
    pub(super) fn results(&self) -> impl Iterator<Item = usize> {
        let columns = self.kept.iter().rev().map(|cut| cut.number).filter(|n| *n != self.lanes);
        core::iter::once(self.lanes).chain(columns)
    }

    /// The elements of the buffers: a slot, and results.
    pub(super) fn elements(&self) -> [usize; 2] {
        let points = |cuts: &[Cut]| -> usize {
            cuts.iter().filter(|cut| cut.number != self.lanes).map(|cut| cut.block).product()
        };
        let results = if self.is_direct { 0 } else { points(&self.kept) };
        [points(&self.summed) * self.pitch, results * self.pitch]
    }
}

fn block_of(cuts: &[Cut]) -> usize {
    cuts.iter().fold(1, |n, cut| n.saturating_mul(cut.block))
}

/// Returns how many elements of a source there are between the first and the last that blocks read.
fn image(nest: &Affine, p: usize, blocks: &[&[Cut]]) -> usize {
    let along = |line: &Line| {
        let cuts = blocks.iter().flat_map(|cuts| cuts.iter());
        let reach = cuts
            .map(|cut| line.coefficients[cut.number].unsigned_abs().saturating_mul(cut.block - 1));
        reach.fold(1, usize::saturating_add).min(line.extent)
    };
    nest.sources[p].iter().map(along).fold(1, usize::saturating_mul)
}

/// Makes blocks shorter, the outer ones first, until they are small.
fn shorten(cuts: &mut [Cut], is_small: &dyn Fn(&[Cut]) -> bool) {
    for i in 0..cuts.len() {
        let mut count = cuts[i].count();
        while cuts[i].block > 1 && !is_small(cuts) {
            // About an eighth more at a time.
            count += count.div_ceil(8);
            cuts[i].block = cuts[i].extent.div_ceil(count).max(1);
        }
    }
}
