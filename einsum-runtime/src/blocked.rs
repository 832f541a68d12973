//! Runs the nests of a body in turn over blocks of an index that all of them keep, so that the intermediates of a block
//! stay in cache: `ij,i,j->ij` and `ijk,nj,nk->ni` then pass over memory once.
//!
//! The blocks depend on shapes only. Every element of the result is made in one block, as it is without blocks.

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::execute::{Call, Out};
use crate::layout::{Axes, Steps};
use crate::program::{NONE, Nest};
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
    pub(crate) fn blocking(&self, body: &[Nest]) -> Option<Blocking> {
        let (last, makers) = body.split_last()?;
        let has_rest = |raw: &Raw<'_>| !raw.axes().rest.extents.is_empty();
        if makers.is_empty()
            || body.iter().any(|nest| nest.before != NONE)
            || self.operands.iter().any(has_rest)
            || crate::nest::is_diagonal(last.target)
        {
            return None;
        }
        let size = self.kernels.element.size();
        let made: usize = makers.iter().map(|nest| self.bytes(nest.kept, size)).sum();
        if made <= BLOCK {
            return None;
        }
        let is_kept = |index: &u8| body.iter().all(|nest| nest.kept.contains(index));
        let index = *last.kept.iter().find(|index| is_kept(index))?;
        let without = self.program.arrays.iter().filter(|array| !array.axes.contains(&index));
        let shared: usize = without.map(|array| self.bytes(array.axes, size)).sum();
        let extent = self.extents[usize::from(index)];
        let len = BLOCK / (made / extent).max(1);
        let len = if len < POSITIONS { len } else { len / POSITIONS * POSITIONS };
        (shared <= SHARED && len > 1 && len < extent).then_some(Blocking { index, len })
    }

    /// Returns the size of an array along indices, or the most if that is less.
    fn bytes(&self, axes: &[u8], size: usize) -> usize {
        let extents = axes.iter().filter(|axis| **axis != NONE);
        extents.fold(size, |bytes, &index| bytes.saturating_mul(self.extents[usize::from(index)]))
    }

    /// Runs a body in blocks.
    ///
    /// # Safety
    ///
    /// As [`run`](Call::run).
    pub(crate) unsafe fn run_blocked(&self, body: &[Nest], blocking: &Blocking, out: &Out<'_>) {
        let Blocking { index, len } = *blocking;
        let (extent, size) = (self.extents[usize::from(index)], self.kernels.element.size());
        let last = &body[body.len() - 1];
        let of_target: SmallVec<[u8; 8]> = last
            .target
            .iter()
            .map(|&axis| if axis == NONE { NONE } else { last.index(usize::from(axis)) })
            .collect();
        // Else some positions of the target were in no block.
        let is_once = of_target.iter().filter(|own| **own == index).count() == 1;
        assert!(is_once, "einloom: internal error: the target has not one axis along the blocks");
        let mut extents: SmallVec<[usize; 16]> = SmallVec::from_slice(self.extents);
        let mut start = 0;
        while start < extent {
            let own = len.min(extent - start);
            extents[usize::from(index)] = own;
            let part = Part { index, extent, start, len: own };
            let block = |axes: &[u8], steps: &Steps<'_>| Block::new(axes, steps, &part);
            let arrays = self.program.arrays.iter().zip(self.operands);
            let blocks: SmallVec<[Block; 4]> =
                arrays.map(|(array, raw)| block(array.axes, &raw.axes().named)).collect();
            let target = block(&of_target, &out.axes.named);
            let operands: SmallVec<[Raw<'_>; 4]> = self
                .operands
                .iter()
                .zip(&blocks)
                .map(|(raw, block)| {
                    raw.part(
                        &block.axes,
                        raw.ptr.wrapping_offset(block.offset.wrapping_mul(size.cast_signed())),
                    )
                })
                .collect();
            let call = Call { operands: &operands, extents: &extents, ..*self };
            let none = Steps { extents: &[], strides: &[] };
            let named = Steps::of(&target.axes);
            let out = Out {
                ptr: out.ptr.wrapping_offset(target.offset.wrapping_mul(size.cast_signed())),
                axes: Axes { named, rest: none, found: out.axes.found },
                mode: out.mode,
            };
            // SAFETY: the caller's duties: all positions of a block are positions of the whole, and every position of the
            // target is in one of them.
            unsafe { call.run_whole(body, out) };
            start += own;
        }
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
    /// Extents, then strides.
    axes: SmallVec<[usize; 8]>,
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
        let mut axes: SmallVec<[usize; 8]> = SmallVec::from_slice(steps.extents);
        axes.extend_from_slice(steps.strides);
        let mut offset = 0_isize;
        for (axis, own) in indices.iter().enumerate() {
            if *own == part.index {
                // Nobody can see any more that they differ.
                let is_whole = steps.extents[axis] == part.extent;
                assert!(
                    is_whole,
                    "einloom: internal error: the extent of an axis is not its index'"
                );
                axes[axis] = part.len;
                let step = part.start.cast_signed().wrapping_mul(steps.strides[axis].cast_signed());
                offset = offset.wrapping_add(step);
            }
        }
        Block { axes, offset }
    }
}
