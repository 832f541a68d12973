//! Whether, and in which blocks, a nest is run with the lanes of vectors along the source that has no windows.

use core::ops::Range;

use smallvec::SmallVec;

use super::parts::parts;
use crate::kernel::level::Level;
use crate::sort::sort_by_key;
use crate::window::affine::Affine;

/// The most bytes of the other source that are packed at a time, and of results in a buffer: with what is read of the
/// windowed source they fit most of a second-level cache of 1 MB.
const PACKED: usize = if cfg!(test) { 2 << 10 } else { 600 << 10 };
const RESULTS: usize = if cfg!(test) { 1 << 10 } else { 384 << 10 };

/// The vectors of a block, those of a kernel, and its columns.
const VECTORS: usize = 4;
const COLUMNS: usize = 6;

/// The fewest products of a sum.
const STEPS: usize = if cfg!(test) { 6 } else { 32 };

/// The most parts: each is a call.
const PARTS: usize = 64;

/// Times in steps of a kernel with one vector: of a step, whatever its columns; of a call, and of a step or column in its
/// tables; of an element that is packed, or moved to the target.
const STEP: f64 = 12.0;
const CALL: f64 = 2500.0;
const ENTRY: f64 = 2.0;
const MOVED: f64 = 2.5;

/// A loop in blocks.
#[derive(Clone, Copy, Debug)]
struct Cut {
    number: usize,
    extent: usize,
    block: usize,
}

impl Cut {
    fn count(&self) -> usize {
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
    /// The loops over results and those that are summed, the outermost first.
    kept: SmallVec<[Cut; 8]>,
    summed: SmallVec<[Cut; 8]>,
    /// How many of the blocks over results that follow each other read the same of the other source.
    pub(super) same: usize,
    /// Whether lanes are adjacent in the target, so that results need no buffer.
    pub(super) is_direct: bool,
    /// In steps of a kernel with one vector.
    pub(super) time: f64,
}

impl Plan {
    /// Returns the plan, if a nest can be run so. `size` is that of an element.
    pub(super) fn of(nest: &Affine, size: usize) -> Option<Self> {
        let width = match Level::current() {
            Level::Plain => return None,
            Level::Avx2 => 32 / size,
            Level::Avx512 => 64 / size,
        };
        (0..2).find_map(|p| Self::with_windows_of(nest, p, size, width))
    }

    fn with_windows_of(nest: &Affine, p: usize, size: usize, width: usize) -> Option<Self> {
        let extent = |n: usize| nest.loops[n].extent;
        let is_kept = |n: usize| nest.loops[n].out.is_some();
        let all = || (0..nest.loops.len()).filter(|&n| extent(n) > 1);
        let moves = |p: usize, n: usize| nest.sources[p].iter().any(|l| l.coefficients[n] != 0);
        let loops_of = |line: &crate::window::affine::Line| {
            let coefficients = line.coefficients.clone();
            all().filter(|&n| coefficients[n] != 0).count()
        };
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
        let vectors = extent(lanes).div_ceil(width);
        let of_block = vectors.div_ceil(vectors.div_ceil(VECTORS));
        let pitch = of_block * width;
        let mut kept: SmallVec<[Cut; 8]> = SmallVec::new();
        let cut = |number: usize, block: usize| Cut { number, extent: extent(number), block };
        kept.extend(all().filter(is_single).map(|n| cut(n, 1)));
        kept.push(cut(lanes, pitch.min(extent(lanes))));
        let around = kept.len();
        kept.extend(columns.iter().map(|&n| cut(n, extent(n))));
        let is_direct = nest.loops[lanes].out == Some(1);
        shorten(&mut kept[around..], RESULTS / (pitch * size));
        let same = kept[around..].iter().map(Cut::count).product();
        // Steps in the order of the windowed source.
        let mut summed: SmallVec<[usize; 8]> = all().filter(|&n| !is_kept(n)).collect();
        sort_by_key(&mut summed[..], |&n| core::cmp::Reverse(stride(p, n)));
        let mut summed: SmallVec<[Cut; 8]> =
            summed.iter().map(|&n| cut(n, extent(n))).collect();
        let is_packed = |number: usize| moves(1 - p, number);
        if !summed.iter().any(|cut| is_packed(cut.number)) {
            return None;
        }
        shorten(&mut summed, PACKED / (pitch * size));
        let mut plan = Plan { p, lanes, pitch, kept, summed, same, is_direct, time: 0.0 };
        plan.time = plan.time_of(nest, vectors, width)?;
        Some(plan)
    }

    /// Returns the time that all takes, for so many vectors of lanes.
    fn time_of(&self, nest: &Affine, vectors: usize, width: usize) -> Option<f64> {
        let parts = parts(nest, self.p)?;
        if parts.len() > PARTS {
            return None;
        }
        let of_lanes = |cut: &&Cut| cut.number == self.lanes;
        let blocks_of_lanes = self.kept.iter().find(of_lanes).map_or(1, Cut::count);
        let sums: usize = self.summed.iter().map(Cut::count).product();
        let singles: usize = self.kept.iter().filter(|cut| cut.block == 1).map(Cut::count).product();
        let around = (singles * blocks_of_lanes) as f64;
        let of_block = vectors as f64 / blocks_of_lanes as f64;
        let mut time = 0.0;
        for part in &parts {
            let points = |is_in: &dyn Fn(usize) -> bool| {
                let extents = part.loops.iter().enumerate().filter(|(n, _)| is_in(*n));
                extents.map(|(_, l)| l.extent as f64).product::<f64>()
            };
            let is_column = |n: usize| {
                let cut = self.kept.iter().find(|cut| cut.number == n);
                cut.is_some_and(|cut| cut.number != self.lanes && cut.block > 1)
            };
            let columns = points(&is_column) / self.same as f64;
            let steps = points(&|n| nest.loops[n].out.is_none());
            let tiles = (columns / COLUMNS as f64).ceil();
            let of_tile = (of_block * columns / tiles).max(STEP);
            let calls = sums as f64 * CALL + ENTRY * (steps + columns);
            time += around * self.same as f64 * (tiles * of_tile * steps + calls);
        }
        let elements = |cuts: &[Cut]| cuts.iter().map(|cut| cut.extent as f64).product::<f64>();
        let times_packed = if sums > 1 { self.same } else { 1 } as f64;
        let packed = around * (of_block * width as f64) * elements(&self.summed) * times_packed;
        let moved = if self.is_direct { 0.0 } else { elements(&self.kept) };
        Some(time + MOVED * (packed + moved))
    }

    /// The number of blocks of results, and of sums.
    pub(super) fn kept(&self) -> usize {
        self.kept.iter().map(Cut::count).product()
    }

    pub(super) fn summed(&self) -> usize {
        self.summed.iter().map(Cut::count).product()
    }

    /// Returns the points of every loop in a block.
    pub(super) fn at(&self, loops: usize, kept: usize, summed: usize) -> SmallVec<[Range<usize>; 8]> {
        let mut parts: SmallVec<[Range<usize>; 8]> = SmallVec::from_elem(0..1, loops);
        for (cuts, number) in [(&self.kept, kept), (&self.summed, summed)] {
            let mut rest = number;
            for cut in cuts.iter().rev() {
                let start = rest % cut.count() * cut.block;
                rest /= cut.count();
                parts[cut.number] = start..cut.extent.min(start + cut.block);
            }
        }
        parts
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

    /// The elements of the buffers.
    pub(super) fn elements(&self) -> [usize; 2] {
        let points = |cuts: &[Cut]| -> usize {
            cuts.iter().filter(|cut| cut.number != self.lanes).map(|cut| cut.block).product()
        };
        let results = if self.is_direct { 0 } else { points(&self.kept) };
        [points(&self.summed) * self.pitch, results * self.pitch]
    }
}

/// Makes blocks shorter, the outer ones first, until they have at most so many points.
fn shorten(cuts: &mut [Cut], most: usize) {
    for i in 0..cuts.len() {
        let inner = cuts[i + 1..].iter().fold(1_usize, |n, cut| n.saturating_mul(cut.block));
        let cut = &mut cuts[i];
        let count = cut.extent.div_ceil((most / inner).max(1));
        cut.block = cut.extent.div_ceil(count);
    }
}
