//! The blocks of a nest that goes through buffers.

use core::ops::Range;

use smallvec::SmallVec;

use super::affine::Affine;
use super::buffer::Layout;
use super::results::Results;

/// The most bytes of the buffers: with what else is read they fit a second-level cache of 1 MB.
const BYTES: usize = if cfg!(test) { 2 << 10 } else { 512 << 10 };

/// The most bytes of results in a buffer.
const RESULTS: usize = if cfg!(test) { 1 << 10 } else { 384 << 10 };

/// Blocks along a window's loop are so many times as long as the window, if there is room: what two blocks share is
/// copied twice.
const WINDOWS: usize = 8;

/// Every loop in blocks.
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
    /// Cuts loops, none of which is empty, until buffers are small. What a nest's bits depend on is its shape alone.
    pub(super) fn of<const P: usize>(
        nest: &Affine<P>,
        layouts: &[Option<Layout>; P],
        results: Option<&Results>,
        size: usize,
    ) -> Self {
        let extents = nest.loops.iter().map(|l| l.extent).collect();
        let order = order(nest, layouts, results.is_some());
        Self::cut(nest, layouts, results, size, extents, &order)
    }

    /// Returns the same blocks of the kept loops for another nest, whose buffers are no larger.
    pub(super) fn with_kept_of<const P: usize>(
        &self,
        nest: &Affine<P>,
        layouts: &[Option<Layout>; P],
        size: usize,
    ) -> Self {
        let own = nest.loops.iter().zip(&self.loops);
        let extents = own.map(|(l, cut)| if cut.is_kept { cut.block } else { l.extent }).collect();
        let mut order = order(nest, layouts, false);
        order.retain(|(number, _)| nest.loops[*number].out.is_none());
        Self::cut(nest, layouts, None, size, extents, &order)
    }

    /// Cuts loops in order, whose blocks are to be no larger than these.
    fn cut<const P: usize>(
        nest: &Affine<P>,
        layouts: &[Option<Layout>; P],
        results: Option<&Results>,
        size: usize,
        mut blocks: SmallVec<[usize; 8]>,
        order: &[(usize, usize)],
    ) -> Self {
        let is_small = |blocks: &[usize]| {
            let elements = layouts.iter().flatten().map(|layout| layout.elements(blocks));
            let bytes = elements.fold(0_usize, usize::saturating_add).saturating_mul(size);
            let of_results = results.map_or(0, |results| results.elements(blocks));
            bytes <= BYTES && of_results.saturating_mul(size) <= RESULTS
        };
        for &(number, least) in order {
            let (mut least, mut most) = (least.min(blocks[number]), blocks[number]);
            // The largest block that fits, or the least.
            while !is_small(&blocks) && least < most {
                let middle = least + (most - least).div_ceil(2);
                let mut tried = blocks.clone();
                tried[number] = middle;
                if is_small(&tried) {
                    least = middle;
                } else {
                    most = middle - 1;
                }
                if least == most {
                    // Even blocks.
                    let extent = nest.loops[number].extent;
                    blocks[number] = extent.div_ceil(extent.div_ceil(least));
                }
            }
        }
        let blocked = nest.loops.iter().zip(blocks).map(|(l, block)| Blocked {
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

/// Returns the loops in the order in which they are cut, and to which length at least: those whose blocks share nothing
/// and need no sums to be added up come first.
fn order<const P: usize>(
    nest: &Affine<P>,
    layouts: &[Option<Layout>; P],
    is_results: bool,
) -> SmallVec<[(usize, usize); 16]> {
    let lines = || {
        let staged = nest.sources.iter().zip(layouts).filter(|(_, layout)| layout.is_some());
        staged.flat_map(|(lines, _)| lines)
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
    let is_in = |number: &usize| {
        (is_results && nest.loops[*number].out.is_some())
            || lines().any(|line| line.coefficients[*number] != 0)
    };
    let mut numbers: SmallVec<[usize; 8]> = (0..nest.loops.len()).filter(is_in).collect();
    let is_window = |number: usize| others(number) > 0;
    numbers.sort_by_key(|&n| {
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
    let gentle =
        numbers.iter().map(kind).filter(|(n, _)| nest.loops[*n].out.is_some() || !is_window(*n));
    gentle.chain(numbers.iter().map(|&n| (n, 1))).map(|(n, least)| (n, least.max(1))).collect()
}
