//! A part of a source, copied so that every position that loops reach exists: zero outside of the source's axes.

mod copy;
mod layout;

use core::ops::Range;

use smallvec::SmallVec;

use super::Job;
use super::affine::{Line, plus, times};
use crate::kept::Kept;
use crate::kernel::raw::{RawKernels, RawMode};
use crate::kernel::{Dim, Dims};
use copy::Block;
pub(super) use layout::Layout;

/// A buffer, to be filled for one block after the other.
pub(super) struct Buffer<'l> {
    layout: &'l Layout,
    memory: Kept,
    kernels: &'l RawKernels,
    /// What it holds.
    filled: Option<Filled>,
}

/// What a buffer holds.
#[derive(PartialEq, Eq)]
struct Filled {
    /// The buffer's extents.
    extents: SmallVec<[usize; 8]>,
    /// Of every axis of the source the positions of the block's first points.
    starts: SmallVec<[isize; 8]>,
    /// The part of every axis of the buffer that has elements, if it is the same everywhere.
    inside: SmallVec<[Option<Range<usize>>; 8]>,
}

impl<'l> Buffer<'l> {
    /// A buffer with room for blocks of up to these extents.
    pub(super) fn new(layout: &'l Layout, room: &[usize], kernels: &'l RawKernels) -> Self {
        let bytes = layout.elements(room).checked_mul(kernels.element.size());
        let bytes = bytes.expect("einloom: internal error: a block is too large");
        Buffer { layout, memory: Kept::new(bytes, kernels.element.align()), kernels, filled: None }
    }

    /// Copies the part of a source that the points in `parts` read, sets its steps along the loops, and returns where
    /// the first point is.
    ///
    /// # Safety
    ///
    /// As [`run`](super::run); there is room for the block.
    pub(super) unsafe fn fill<'s>(
        &mut self,
        job: &Job<'_>,
        p: usize,
        lines: &[Line],
        parts: &[Range<usize>],
        steps: impl Iterator<Item = &'s mut isize>,
    ) -> *const u8 {
        let extents: SmallVec<[usize; 8]> = parts.iter().map(ExactSizeIterator::len).collect();
        let layout = self.layout;
        let strides = layout.strides(&extents);
        let start = |line: &Line| {
            let along = line.coefficients.iter().zip(parts);
            along.fold(line.offset, |at, (&c, part)| plus(at, times(c, part.start.cast_signed())))
        };
        let starts: SmallVec<[isize; 8]> = lines.iter().map(start).collect();
        let mut block = Block {
            lines,
            extents: &extents,
            layout,
            strides: &strides,
            starts: &starts,
            dims: Dims::new(),
        };
        let first = block.first_point();
        layout.steps(&extents, steps);
        let inside = (0..layout.axes.len()).map(|axis| block.inside(axis)).collect();
        let axes = layout.axes.iter().map(|axis| axis.extent(&extents)).collect();
        let now = Filled { extents: axes, starts: starts.clone(), inside };
        if self.filled.as_ref() != Some(&now) {
            let is_same = |old: &Filled| old.extents == now.extents && old.inside == now.inside;
            let is_determined = now.inside.iter().all(Option::is_some);
            let keeps_zeros = is_determined && self.filled.as_ref().is_some_and(is_same);
            let is_full = block.is_full(&now.inside);
            let to = self.memory.as_mut_ptr();
            // SAFETY: there is room for the block, and the caller's duties.
            unsafe {
                if !keeps_zeros && !is_full {
                    self.clear(&strides, &now, to);
                }
                block.copy(job, p, 0, 0, 0, to);
            }
            self.filled = Some(now);
        }
        let size = self.kernels.element.size().cast_signed();
        self.memory.as_ptr().wrapping_offset(first.wrapping_mul(size))
    }

    /// Writes zeros to what a block does not copy: beside the inside of every axis, where all axes around it are inside.
    /// Where that is not known, everywhere.
    ///
    /// # Safety
    ///
    /// There is room for the block.
    unsafe fn clear(&self, strides: &[isize], now: &Filled, to: *mut u8) {
        let size = self.kernels.element.size().cast_signed();
        let dim = |extent, out| Dim { extent, out, sources: [], summed: false };
        // What there is of every axis: rows may be longer than what is read of them.
        let last = now.extents.len().saturating_sub(1);
        let extent = |axis: usize| match axis == last {
            true => now.extents[axis].max(self.layout.pitch),
            false => now.extents[axis],
        };
        let all = || (0..now.extents.len()).map(|axis| dim(extent(axis), strides[axis]));
        let inside: Option<SmallVec<[Range<usize>; 8]>> = now.inside.iter().cloned().collect();
        let Some(inside) = inside else {
            // SAFETY: the caller's duty.
            unsafe { self.kernels.scale_all(all().collect(), to, RawMode::Assign) };
            return;
        };
        for axis in 0..inside.len() {
            for beside in [0..inside[axis].start, inside[axis].end..extent(axis)] {
                let mut dims: Dims<0> = all().collect();
                let mut first = 0_isize;
                for (outer, inside) in inside.iter().enumerate().take(axis) {
                    dims[outer].extent = inside.len();
                    first += strides[outer] * inside.start.cast_signed();
                }
                dims[axis].extent = beside.len();
                first += strides[axis] * beside.start.cast_signed();
                if dims.iter().all(|d| d.extent > 0) {
                    // SAFETY: the caller's duty: that is a part of the block.
                    unsafe {
                        let to = to.wrapping_offset(first.wrapping_mul(size));
                        self.kernels.scale_all(dims, to, RawMode::Assign);
                    }
                }
            }
        }
    }
}
