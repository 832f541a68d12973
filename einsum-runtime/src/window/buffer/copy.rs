//! Copies of the part of a source that a block reads: of every axis what is inside.

use core::ops::Range;

use super::layout::{BufferAxis, Layout};
use crate::kernel::raw::RawMode;
use crate::kernel::{Dim, Dims};
use crate::window::Job;
use crate::window::affine::{Line, inside, plus, times};

/// The block that a buffer is filled for.
pub(super) struct Block<'b> {
    pub(super) lines: &'b [Line],
    pub(super) extents: &'b [usize],
    pub(super) layout: &'b Layout,
    pub(super) strides: &'b [isize],
    pub(super) starts: &'b [isize],
    /// The loops of the copy that are known.
    pub(super) dims: Dims<1>,
}

impl Block<'_> {
    /// Returns the offset in the buffer of the loops' first points.
    pub(super) fn first_point(&self) -> isize {
        let axes = self.layout.axes.iter().zip(self.strides);
        axes.map(|(axis, stride)| match axis {
            BufferAxis::Positions { line, step, .. } => {
                (self.starts[*line] - self.low(*line)) / step.cast_signed() * stride
            }
            BufferAxis::Points { .. } => 0,
        })
        .sum()
    }

    /// Returns the lowest position of the block in an axis of the source.
    fn low(&self, line: usize) -> isize {
        let along = self.lines[line].coefficients.iter().zip(self.extents);
        along.fold(self.starts[line], |low, (&c, extent)| {
            plus(low, times(c.min(0), extent.saturating_sub(1).cast_signed()))
        })
    }

    /// Returns the part of an axis of the buffer that has elements, if it is the same wherever the other axes are.
    pub(super) fn inside(&self, axis: usize) -> Option<Range<usize>> {
        let of = self.layout.lines.iter().position(|axes| axes.contains(&axis))?;
        let own = &self.layout.axes[axis];
        let extent = own.extent(self.extents);
        match own {
            BufferAxis::Positions { line, step, .. } => {
                Some(inside(self.low(*line), step.cast_signed(), extent, self.lines[*line].extent))
            }
            BufferAxis::Points { .. } => {
                let mut range = [self.starts[of]; 2];
                for (&c, extent) in self.lines[of].coefficients.iter().zip(self.extents) {
                    let reach = times(c, extent.saturating_sub(1).cast_signed());
                    let end = usize::from(reach > 0);
                    range[end] = plus(range[end], reach);
                }
                self.lines[of].has(range).then_some(0..extent)
            }
        }
    }

    pub(super) fn is_full(&self, inside: &[Option<Range<usize>>]) -> bool {
        let axes = self.layout.axes.iter().zip(inside);
        axes.into_iter().all(|(axis, inside)| *inside == Some(0..axis.extent(self.extents)))
    }

    /// Copies what there is, for axes of the source from `line` on, at offsets in the source and the buffer.
    ///
    /// # Safety
    ///
    /// As [`Buffer::fill`].
    pub(super) unsafe fn copy(
        &mut self,
        job: &Job<'_>,
        p: usize,
        line: usize,
        from: isize,
        to: isize,
        memory: *mut u8,
    ) {
        let Some(own) = self.lines.get(line) else {
            let size = job.kernels.element.size().cast_signed();
            let mut read = job.sources[p];
            read.ptr = job.source_at(p, from);
            read.conjugated = false;
            let to = memory.wrapping_offset(to.wrapping_mul(size));
            // SAFETY: the caller's duties: of every axis only what is inside is copied.
            return unsafe { job.kernels.unary(&mut self.dims.clone(), read, to, RawMode::Assign) };
        };
        let axes = self.layout.lines[line].clone();
        let known = self.dims.len();
        match self.layout.axes.get(axes.start) {
            Some(BufferAxis::Positions { step, .. }) => {
                let (low, step) = (self.low(line), step.cast_signed());
                let Some(inside) = self.inside(axes.start) else { return };
                let stride = self.strides[axes.start];
                let first = inside.start.cast_signed();
                let position = low + step * first;
                self.dims.push(Dim {
                    extent: inside.len(),
                    out: stride,
                    sources: [own.stride.wrapping_mul(step)],
                    summed: false,
                });
                let from = from.wrapping_add(own.stride.wrapping_mul(position));
                if !inside.is_empty() {
                    // SAFETY: the caller's duties.
                    unsafe { self.copy(job, p, line + 1, from, to + stride * first, memory) };
                }
            }
            // SAFETY: the caller's duties.
            _ => unsafe { self.points(job, p, line, axes, self.starts[line], from, to, memory) },
        }
        self.dims.truncate(known);
    }

    /// As [`copy`](Self::copy), for an axis of the source at `position` that has an axis for each of its loops: `axes`
    /// are those that are left.
    ///
    /// # Safety
    ///
    /// As [`Buffer::fill`].
    #[expect(clippy::too_many_arguments, reason = "a recursion over axes")]
    unsafe fn points(
        &mut self,
        job: &Job<'_>,
        p: usize,
        line: usize,
        axes: Range<usize>,
        position: isize,
        from: isize,
        to: isize,
        memory: *mut u8,
    ) {
        let own = &self.lines[line];
        let mut axes = axes;
        let axis = axes.next();
        let number = match axis.map(|axis| &self.layout.axes[axis]) {
            Some(BufferAxis::Points { number }) => *number,
            _ => {
                if own.has([position; 2]) {
                    let from = from.wrapping_add(own.stride.wrapping_mul(position));
                    // SAFETY: the caller's duties.
                    unsafe { self.copy(job, p, line + 1, from, to, memory) };
                }
                return;
            }
        };
        let (extent, coefficient) = (self.extents[number], own.coefficients[number]);
        let stride = self.strides[axis.unwrap_or(0)];
        let is_last = axes.is_empty();
        let is_whole = self.inside(axis.unwrap_or(0)).is_some();
        if is_last || is_whole {
            // A run of points: the last loop's that are inside, or all.
            let run = match is_whole {
                true => 0..extent,
                false => inside(position, coefficient, extent, own.extent),
            };
            if run.is_empty() {
                return;
            }
            let first = run.start.cast_signed();
            self.dims.push(Dim {
                extent: run.len(),
                out: stride,
                sources: [own.stride.wrapping_mul(coefficient)],
                summed: false,
            });
            let at = plus(position, times(coefficient, first));
            // SAFETY: the caller's duties.
            unsafe { self.points(job, p, line, axes, at, from, to + stride * first, memory) };
            self.dims.pop();
            return;
        }
        for i in 0..extent.cast_signed() {
            let at = plus(position, times(coefficient, i));
            // SAFETY: the caller's duties.
            unsafe { self.points(job, p, line, axes.clone(), at, from, to + stride * i, memory) };
        }
    }
}
