//! A part of a source, copied so that every position that loops reach exists: zero outside of the source's axes.

use core::ops::Range;

use smallvec::SmallVec;

use super::Job;
use super::affine::{Affine, Line, plus, times};
use crate::kept::Kept;
use crate::kernel::raw::{RawKernels, RawMode};
use crate::kernel::{Dim, Dims};
use crate::sort::sort_by_key;

/// The axes of a buffer, outermost first.
#[derive(Debug)]
pub(super) struct Layout {
    axes: SmallVec<[BufferAxis; 8]>,
    /// Which axes each of the source's own has become.
    lines: SmallVec<[Range<usize>; 4]>,
    /// The least length of rows, that is of the last axis.
    pub(super) pitch: usize,
}

#[derive(Clone, Debug)]
enum BufferAxis {
    /// Positions of an axis of the source, every `step`th: several loops move along it.
    Positions { line: usize, step: usize, coefficients: SmallVec<[isize; 8]> },
    /// The points of a loop.
    Points { number: usize },
}

impl BufferAxis {
    /// Returns the extent for the points of a block.
    fn extent(&self, blocks: &[usize]) -> usize {
        match self {
            BufferAxis::Points { number } => blocks[*number],
            BufferAxis::Positions { step, coefficients, .. } => {
                let reach =
                    |(c, block): (&isize, &usize)| c.unsigned_abs().saturating_mul(block - 1);
                let reaches = coefficients.iter().zip(blocks).map(reach);
                reaches.fold(0, usize::saturating_add) / step + 1
            }
        }
    }
}

impl Layout {
    /// Lays a source out: its axes in the order in which they lie in memory. An axis whose loops have fewer points than
    /// it has positions becomes an axis for every loop.
    pub(super) fn of<const P: usize>(nest: &Affine<P>, lines: &[Line]) -> Self {
        let mut order: SmallVec<[usize; 4]> = (0..lines.len()).collect();
        sort_by_key(&mut order[..], |&line| core::cmp::Reverse(lines[line].stride.unsigned_abs()));
        let extents: SmallVec<[usize; 8]> = nest.loops.iter().map(|l| l.extent).collect();
        let mut layout = Layout {
            axes: SmallVec::new(),
            lines: SmallVec::from_elem(0..0, lines.len()),
            pitch: 0,
        };
        for line in order {
            let coefficients = lines[line].coefficients.clone();
            let moves = |number: &usize| coefficients[*number] != 0 && extents[*number] > 1;
            let loops: SmallVec<[usize; 8]> = (0..extents.len()).filter(moves).collect();
            let step = loops.iter().fold(0, |step, &n| gcd(step, coefficients[n].unsigned_abs()));
            let positions = BufferAxis::Positions { line, step: step.max(1), coefficients };
            let points = loops.iter().fold(1_usize, |n, &l| n.saturating_mul(extents[l]));
            let start = layout.axes.len();
            if points < positions.extent(&extents) {
                let is_kept = |number: &usize| nest.loops[*number].out.is_some();
                let (kept, summed): (SmallVec<[usize; 8]>, SmallVec<[usize; 8]>) =
                    loops.iter().copied().partition(is_kept);
                for number in summed.into_iter().chain(kept) {
                    layout.axes.push(BufferAxis::Points { number });
                }
            } else {
                layout.axes.push(positions);
            }
            layout.lines[line] = start..layout.axes.len();
        }
        layout
    }

    /// Sets a source's steps along the loops, for the points of a block.
    pub(super) fn steps<'s>(&self, extents: &[usize], steps: impl Iterator<Item = &'s mut isize>) {
        let strides = self.strides(extents);
        for (number, step) in steps.enumerate() {
            *step = self.step(&strides, extents, number);
        }
    }

    fn strides(&self, extents: &[usize]) -> SmallVec<[isize; 8]> {
        let mut strides: SmallVec<[isize; 8]> = SmallVec::from_elem(0, self.axes.len());
        let mut stride = 1_isize;
        for (own, axis) in strides.iter_mut().zip(&self.axes).rev() {
            *own = stride;
            let least = if stride == 1 { self.pitch } else { 1 };
            stride = stride.saturating_mul(axis.extent(extents).max(least).cast_signed());
        }
        strides
    }

    /// Returns the step in the buffer along a loop. That along a loop of one point does not matter.
    fn step(&self, strides: &[isize], extents: &[usize], number: usize) -> isize {
        if extents[number] == 1 {
            return 0;
        }
        let axes = self.axes.iter().zip(strides);
        axes.map(|(axis, stride)| match axis {
            BufferAxis::Positions { step, coefficients, .. } => {
                (coefficients[number] / step.cast_signed()).saturating_mul(*stride)
            }
            BufferAxis::Points { number: own } if *own == number => *stride,
            BufferAxis::Points { .. } => 0,
        })
        .fold(0, isize::saturating_add)
    }

    /// Returns how many elements the buffer has for the points of a block.
    pub(super) fn elements(&self, blocks: &[usize]) -> usize {
        let outer = self.axes.iter().rev().skip(1);
        outer.fold(self.row(blocks), |n, axis| n.saturating_mul(axis.extent(blocks)))
    }

    /// Returns the length of a row for the points of a block.
    pub(super) fn row(&self, blocks: &[usize]) -> usize {
        self.axes.last().map_or(1, |axis| axis.extent(blocks)).max(self.pitch)
    }
}

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
    starts: SmallVec<[isize; 4]>,
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
    pub(super) unsafe fn fill<'s, const P: usize>(
        &mut self,
        job: &Job<'_, P>,
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
        let starts: SmallVec<[isize; 4]> = lines.iter().map(start).collect();
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
                    let all = layout.elements(&extents);
                    let all = Dim { extent: all, out: 1, sources: [], summed: false };
                    let all = Dims::from_elem(all, 1);
                    self.kernels.scale_all(all, to, RawMode::Assign);
                }
                block.copy(job, p, 0, 0, 0, to);
            }
            self.filled = Some(now);
        }
        let size = self.kernels.element.size().cast_signed();
        self.memory.as_ptr().wrapping_offset(first.wrapping_mul(size))
    }
}

/// The block that a buffer is filled for.
struct Block<'b> {
    lines: &'b [Line],
    extents: &'b [usize],
    layout: &'b Layout,
    strides: &'b [isize],
    starts: &'b [isize],
    /// The loops of the copy that are known.
    dims: Dims<1>,
}

impl Block<'_> {
    /// Returns the offset in the buffer of the loops' first points.
    fn first_point(&self) -> isize {
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
    fn inside(&self, axis: usize) -> Option<Range<usize>> {
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

    fn is_full(&self, inside: &[Option<Range<usize>>]) -> bool {
        let axes = self.layout.axes.iter().zip(inside);
        axes.into_iter().all(|(axis, inside)| *inside == Some(0..axis.extent(self.extents)))
    }

    /// Copies what there is, for axes of the source from `line` on, at offsets in the source and the buffer.
    ///
    /// # Safety
    ///
    /// As [`Buffer::fill`].
    unsafe fn copy<const P: usize>(
        &mut self,
        job: &Job<'_, P>,
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
    unsafe fn points<const P: usize>(
        &mut self,
        job: &Job<'_, P>,
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
            let (first, count) = match is_whole {
                true => (0, extent),
                false => run(position, coefficient, extent, own.extent),
            };
            if count == 0 {
                return;
            }
            self.dims.push(Dim {
                extent: count,
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

/// Returns which of `count` positions from `low` on, `step` apart, are inside an extent.
fn inside(low: isize, step: isize, count: usize, extent: usize) -> Range<usize> {
    let (first, count) = run(low, step, count, extent);
    first.cast_unsigned()..first.cast_unsigned() + count
}

/// As [`inside`], for steps of either sign: the first, and how many.
fn run(start: isize, step: isize, count: usize, extent: usize) -> (isize, usize) {
    let (last, count) = (extent.cast_signed() - 1, count.cast_signed());
    let (low, high) = if step > 0 { (-start, last - start) } else { (start - last, start) };
    let step = step.abs();
    let first = (low + step - 1).div_euclid(step).clamp(0, count);
    let end = (high.div_euclid(step) + 1).clamp(first, count);
    (first, (end - first).cast_unsigned())
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
