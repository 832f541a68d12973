//! The blocks of a nest that goes through buffers.

use core::ops::Range;

use smallvec::SmallVec;

use super::affine::Affine;
use super::buffer::Layout;
use super::results::Results;
use crate::sort::sort_by_key;

/// The most bytes of the buffers: most of a second-level cache of 1 MB, since what is read besides is read again for every
/// block.
const BYTES: usize = if cfg!(test) { 2 << 10 } else { 768 << 10 };

/// The most bytes of results in a buffer.
const RESULTS: usize = if cfg!(test) { 1 << 10 } else { 512 << 10 };

/// Blocks along a window's loop are so many times as long as the window, if there is room: what two blocks share is
/// copied twice.
const WINDOWS: usize = 8;

/// Every loop in blocks.
#[derive(Default)]
pub(super) struct Blocks {
    loops: SmallVec<[Blocked; 8]>,
}

#[derive(Clone, Copy)]
struct Blocked {
    extent: usize,
    block: usize,
    is_kept: bool,
}

impl Blocked {
    fn count(&self) -> usize {
        self.extent.div_ceil(self.block)
    }
}

impl Blocks {
    /// Cuts loops, none of which is empty, until buffers are small: a part, one of `share`, of what there is room for; those that
    /// are summed first, if the other source is read again for every block of results. What a nest's bits depend on is its
    /// shape alone.
    pub(super) fn of(
        nest: &Affine,
        layouts: &[Option<Layout>; 2],
        results: Option<&Results>,
        size: usize,
        share: usize,
        sums_first: bool,
    ) -> Self {
        let mut blocks: SmallVec<[usize; 8]> = nest.loops.iter().map(|l| l.extent).collect();
        let is_small =
            |blocks: &[usize]| elements(layouts, blocks).saturating_mul(size) <= BYTES / share;
        if !is_small(&blocks) {
            let mut order = order(nest, &|p| layouts[p].is_some());
            if sums_first {
                sort_by_key(&mut order[..], |(number, _)| nest.loops[*number].out.is_some());
            }
            cut(nest, &mut blocks, &is_small, &order);
        }
        if let Some(results) = results {
            let is_small =
                |blocks: &[usize]| results.elements(blocks).saturating_mul(size) <= RESULTS;
            if is_small(&blocks) {
                return Self::new(nest, &blocks);
            }
            let mut order = order(nest, &|p| p == results.rows);
            let is_kept = |number: usize| nest.loops[number].out.is_some();
            order.retain(|(number, _)| is_kept(*number));
            // Columns last: rows would be read again for every block of them.
            order.extend((0..nest.loops.len()).filter(|&n| is_kept(n)).map(|n| (n, 1)));
            // Of rows that are one row what lies between parts of them would be formed with each.
            if let Some(row) = results.flat_row() {
                order.retain(|(number, _)| *number != row);
                order.push((row, 1));
            }
            cut(nest, &mut blocks, &is_small, &order);
        }
        Self::new(nest, &blocks)
    }

    /// Returns the same blocks of the kept loops for another nest, whose buffers are no larger.
    pub(super) fn with_kept_of(
        &self,
        nest: &Affine,
        layouts: &[Option<Layout>; 2],
        size: usize,
        share: usize,
    ) -> Self {
        let own = nest.loops.iter().zip(&self.loops);
        let blocks = own.map(|(l, cut)| if cut.is_kept { cut.block } else { l.extent });
        let mut blocks: SmallVec<[usize; 8]> = blocks.collect();
        let is_small =
            |blocks: &[usize]| elements(layouts, blocks).saturating_mul(size) <= BYTES / share;
        if !is_small(&blocks) {
            let mut order = order(nest, &|p| layouts[p].is_some());
            order.retain(|(number, _)| nest.loops[*number].out.is_none());
            cut(nest, &mut blocks, &is_small, &order);
        }
        Self::new(nest, &blocks)
    }

    fn new(nest: &Affine, blocks: &[usize]) -> Self {
        let blocked = nest.loops.iter().zip(blocks).map(|(l, &block)| Blocked {
            extent: l.extent,
            block,
            is_kept: l.out.is_some(),
        });
        Blocks { loops: blocked.collect() }
    }

    /// The extents of the largest block.
    pub(super) fn extents(&self) -> SmallVec<[usize; 8]> {
        self.loops.iter().map(|l| l.block).collect()
    }

    /// The number of blocks of the kept loops.
    pub(super) fn kept(&self) -> usize {
        self.loops.iter().filter(|l| l.is_kept).map(Blocked::count).product()
    }

    /// The number of blocks of the summed loops.
    pub(super) fn summed(&self) -> usize {
        self.loops.iter().filter(|l| !l.is_kept).map(Blocked::count).product()
    }

    /// Returns the points of every loop in a block.
    pub(super) fn at(&self, mut kept: usize, mut summed: usize) -> SmallVec<[Range<usize>; 8]> {
        let mut parts: SmallVec<[Range<usize>; 8]> = SmallVec::from_elem(0..0, self.loops.len());
        for (part, l) in parts.iter_mut().zip(&self.loops).rev() {
            let number = if l.is_kept { &mut kept } else { &mut summed };
            let start = *number % l.count() * l.block;
            *number /= l.count();
            *part = start..l.extent.min(start + l.block);
        }
        parts
    }
}

/// Returns the elements of all buffers of sources.
fn elements(layouts: &[Option<Layout>; 2], blocks: &[usize]) -> usize {
    let elements = layouts.iter().flatten().map(|layout| layout.elements(blocks));
    elements.fold(0, usize::saturating_add)
}

/// Makes blocks smaller along one loop after the other, until they are small.
fn cut(
    nest: &Affine,
    blocks: &mut [usize],
    is_small: &dyn Fn(&[usize]) -> bool,
    order: &[(usize, usize)],
) {
    for &(number, least) in order {
        let most = blocks[number];
        if is_small(blocks) || least >= most {
            continue;
        }
        // The largest block that fits, or the least.
        let (mut low, mut high) = (least, most - 1);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            blocks[number] = middle;
            if is_small(blocks) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        // Even blocks.
        let extent = nest.loops[number].extent;
        blocks[number] = extent.div_ceil(extent.div_ceil(low));
    }
}

/// Returns the loops along which some sources have elements, in the order in which they are cut, and to which length at least: those whose blocks share nothing
/// and need no sums to be added up come first.
fn order(nest: &Affine, is_staged: &dyn Fn(usize) -> bool) -> SmallVec<[(usize, usize); 16]> {
    let lines = || {
        let staged = nest.sources.iter().enumerate().filter(|(p, _)| is_staged(*p));
        staged.flat_map(|(_, lines)| lines)
    };
    // Of the axes along which a loop moves: the longest way that others go, and the largest stride.
    let others = |number: usize| {
        let along = lines().filter(|line| line.coefficients[number] != 0);
        let reach = along.map(|line| {
            let other = |(i, l): (usize, &super::affine::Loop)| {
                let is_other = i != number && line.coefficients[i] != 0;
                if is_other { line.coefficients[i].unsigned_abs() * (l.extent - 1) } else { 0 }
            };
            let all: usize = nest.loops.iter().enumerate().map(other).sum();
            all / line.coefficients[number].unsigned_abs()
        });
        reach.max().unwrap_or(0)
    };
    let stride = |number: usize| {
        let along = lines().filter(|line| line.coefficients[number] != 0);
        along.map(|line| line.stride.unsigned_abs()).max().unwrap_or(0)
    };
    let is_in = |number: &usize| lines().any(|line| line.coefficients[*number] != 0);
    let mut numbers: SmallVec<[usize; 8]> = (0..nest.loops.len()).filter(is_in).collect();
    let is_window = |number: usize| others(number) > 0;
    sort_by_key(&mut numbers[..], |&n| {
        let is_summed = nest.loops[n].out.is_none();
        let rank = match (is_summed, is_window(n)) {
            (false, false) => 0,
            (false, true) => 1,
            (true, false) => 2,
            (true, true) => 3,
        };
        (rank, core::cmp::Reverse(stride(n)))
    });
    let kind = |&n: &usize| (n, if is_window(n) { others(n).saturating_mul(WINDOWS) } else { 1 });
    // At first only to lengths at which blocks have little in common: a window's own loop is not cut before the image is.
    let gentle = numbers.iter().map(kind);
    gentle.chain(numbers.iter().map(|&n| (n, 1))).map(|(n, least)| (n, least.max(1))).collect()
}
