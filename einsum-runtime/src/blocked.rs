//! Runs the nests of a body in turn over blocks of an index that all of them keep, so that the intermediates of a block
//! stay in cache: `ijk,nj,nk->ni` then passes over memory once.
//!
//! The blocks depend on shapes only. Every element of the results is made in one block, as it is without blocks; hence
//! threads can take some each, with intermediates of their own.

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::check::is_first;
use crate::execute::{Call, Out};
use crate::fused::Fusing;
use crate::layout::{Axes, Steps};
use crate::program::{NONE, Nest};
use crate::threads::{self, BYTES_MOVED, BYTES_MULTIPLIED, Grid, Shared};
use crate::view::Raw;

/// The intermediates of a block take about so many bytes: a part of a second-level cache.
const BLOCK: usize = 384 << 10;

/// What all blocks read again has at most so many bytes.
const SHARED: usize = 128 << 10;

/// A block has a multiple of so many positions, if it has as many, so that few of the kernels' tiles are cut.
const POSITIONS: usize = 16;

/// The positions of an index that make a block.
pub(crate) struct Blocking {
    index: u8,
    len: usize,
}

impl Call<'_> {
    /// Returns how to cut a body into blocks, if that is worth it.
    pub(crate) fn blocking(
        &self,
        body: &[Nest],
        fusing: &Fusing,
        results: usize,
    ) -> Option<Blocking> {
        let is_maker = |nest: &Nest| usize::from(nest.into) >= results;
        let is_written = |(number, nest): &(usize, &Nest)| {
            is_maker(nest) && is_first(body, *number) && !fusing.is_maker(*number)
        };
        let makers = body.iter().enumerate().filter(is_written);
        if makers.clone().count() == 0 {
            return None;
        }
        let has_rest = |raw: &Raw<'_>| !raw.axes.rest.extents.is_empty();
        // A block of an index would be no block of the positions of its windows.
        if !self.program.windows.is_empty()
            || body.iter().any(Nest::has_ellipsis)
            || self.operands.iter().any(has_rest)
            || body.iter().any(|nest| !is_maker(nest) && crate::nest::is_diagonal(nest.target))
        {
            return None;
        }
        let size = self.kernels.element.size();
        let made: usize =
            makers.map(|(_, nest)| self.bytes(nest.kept, size)).fold(0, usize::saturating_add);
        if made <= BLOCK {
            return None;
        }
        let is_kept = |index: &u8| body.iter().all(|nest| nest.kept.contains(index));
        let index = *body.last()?.kept.iter().find(|index| is_kept(index))?;
        let without = self.program.arrays.iter().filter(|array| !array.axes.contains(&index));
        let shared = without.map(|array| self.bytes(array.axes, size));
        let shared = shared.fold(0, usize::saturating_add);
        let extent = self.extents[usize::from(index)];
        let len = BLOCK / (made / extent).max(1);
        // An odd multiple: where positions are adjacent, rows at a power of two would compete for places in the cache.
        let len = if len < POSITIONS { len } else { ((len / POSITIONS - 1) | 1) * POSITIONS };
        (shared <= SHARED && len > 1 && len < extent).then_some(Blocking { index, len })
    }

    /// Returns the size of an array along indices, or the most if that is less.
    pub(crate) fn bytes(&self, axes: &[u8], size: usize) -> usize {
        let extents = axes.iter().filter(|axis| **axis != NONE);
        extents.fold(size, |bytes, &index| bytes.saturating_mul(self.extents[usize::from(index)]))
    }

    /// Returns about the time that a body takes on one thread.
    fn nanoseconds(&self, body: &[Nest]) -> usize {
        let size = self.kernels.element.size();
        let of_nest = |nest: &Nest| {
            let results = self.bytes(nest.kept, size);
            let products = self.bytes(nest.summed, results);
            (results / BYTES_MOVED).max(products / BYTES_MULTIPLIED)
        };
        let read =
            self.program.arrays.iter().map(|array| self.bytes(array.axes, size) / BYTES_MOVED);
        read.chain(body.iter().map(of_nest)).fold(0, usize::saturating_add)
    }

    /// Runs a body in blocks.
    ///
    /// # Safety
    ///
    /// As [`run`](Call::run).
    pub(crate) unsafe fn run_blocked(
        &self,
        body: &[Nest],
        fusing: &Fusing,
        blocking: &Blocking,
        outs: &[Out<'_>],
    ) {
        let Blocking { index, len } = *blocking;
        let targets: SmallVec<[Target; 4]> =
            (0..outs.len()).map(|result| Target::of(body, result, index)).collect();
        let extent = self.extents[usize::from(index)];
        let pieces = threads::pieces(self.nanoseconds(body));
        let grid = Grid::of([extent.div_ceil(len)], [1], pieces);
        // SAFETY: a call and its outputs are made of pointers to elements, and of numbers and tables that nobody writes.
        let shared = unsafe { Shared::new((self, outs)) };
        threads::each(grid.pieces(), &|piece| {
            let (call, outs) = shared.get();
            let [blocks] = grid.piece(piece);
            for start in blocks.map(|block| block * len) {
                let part = Part { index, extent, start, len: len.min(extent - start) };
                // SAFETY: the caller's duties: operands are only read, and every position of a target is in one block.
                unsafe { call.run_block((body, fusing), &part, &targets, outs) }
            }
        });
    }

    /// Runs a body on a part of an index' positions.
    ///
    /// # Safety
    ///
    /// As [`run`](Call::run), for the positions of that part.
    unsafe fn run_block(
        &self,
        (body, fusing): (&[Nest], &Fusing),
        part: &Part,
        targets: &[Target],
        outs: &[Out<'_>],
    ) {
        let size = self.kernels.element.size().cast_signed();
        let mut extents: SmallVec<[usize; 16]> = SmallVec::from_slice(self.extents);
        extents[usize::from(part.index)] = part.len;
        let block = |axes: &[u8], steps: &Steps<'_>| Block::new(axes, steps, part);
        let arrays = self.program.arrays.iter().zip(self.operands);
        let blocks: SmallVec<[Block; 4]> =
            arrays.map(|(array, raw)| block(array.axes, &raw.axes.named)).collect();
        let of_outs: SmallVec<[Block; 4]> = targets
            .iter()
            .zip(outs)
            .map(|(target, out)| block(&target.0, &out.axes.named))
            .collect();
        let operands: SmallVec<[Raw<'_>; 8]> = self
            .operands
            .iter()
            .zip(&blocks)
            .map(|(raw, block)| {
                let first = raw.ptr.wrapping_offset(block.offset.wrapping_mul(size));
                Raw { ptr: first, axes: block.axes(raw.axes.found), ..*raw }
            })
            .collect();
        let call = Call { operands: &operands, extents: &extents, ..*self };
        let outs: SmallVec<[Out<'_>; 4]> = outs
            .iter()
            .zip(&of_outs)
            .map(|(out, block)| Out {
                ptr: out.ptr.wrapping_offset(block.offset.wrapping_mul(size)),
                axes: block.axes(out.axes.found),
                mode: out.mode,
            })
            .collect();
        // SAFETY: the caller's duties: all positions of a block are positions of the whole.
        unsafe { call.run_whole(body, fusing, &outs) };
    }
}

/// The indices of a result's axes.
struct Target(SmallVec<[u8; 16]>);

impl Target {
    /// # Panics
    ///
    /// If not one of the axes runs along `index`.
    fn of(body: &[Nest], result: usize, index: u8) -> Self {
        let maker = body.iter().find(|nest| usize::from(nest.into) == result);
        let nest = maker.expect("einloom: internal error: a result is not made");
        let axes: SmallVec<[u8; 16]> = nest
            .target
            .iter()
            .map(|&axis| if axis == NONE { NONE } else { nest.index(usize::from(axis)) })
            .collect();
        // Else some positions of the target were in no block.
        let is_once = axes.iter().filter(|own| **own == index).count() == 1;
        assert!(is_once, "einloom: internal error: the target has not one axis along the blocks");
        Target(axes)
    }
}

/// A part of the positions of an index.
struct Part {
    index: u8,
    /// The extent of the index.
    extent: usize,
    start: usize,
    len: usize,
}

/// A part of an array.
struct Block {
    extents: SmallVec<[usize; 8]>,
    strides: SmallVec<[isize; 8]>,
    /// From the array's first element to the block's.
    offset: isize,
}

impl Block {
    /// Axis `n` of the array runs along index `indices[n]`.
    ///
    /// # Panics
    ///
    /// If an axis along the part's index has another extent than that, or there is no such axis.
    fn new(indices: &[u8], steps: &Steps<'_>, part: &Part) -> Self {
        let (mut extents, strides) =
            (SmallVec::from_slice(steps.extents), SmallVec::from_slice(steps.strides));
        let mut offset = 0_isize;
        for (axis, own) in indices.iter().enumerate() {
            if *own == part.index {
                // Nobody can see any more that they differ.
                let is_whole = steps.extents[axis] == part.extent;
                assert!(
                    is_whole,
                    "einloom: internal error: the extent of an axis is not its index'"
                );
                extents[axis] = part.len;
                let step = part.start.cast_signed().wrapping_mul(steps.strides[axis]);
                offset = offset.wrapping_add(step);
            }
        }
        Block { extents, strides, offset }
    }

    /// Returns its axes, all of them named; the array has `found`.
    fn axes(&self, found: usize) -> Axes<'_> {
        let named = Steps { extents: &self.extents, strides: &self.strides };
        Axes { named, rest: Steps::NONE, found }
    }
}
