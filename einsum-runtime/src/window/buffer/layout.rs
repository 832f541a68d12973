//! How a buffer is laid out.

use core::ops::Range;

use smallvec::SmallVec;

use crate::sort::sort_by_key;
use crate::window::affine::{Affine, Line, PerLoop, gcd};

/// The axes of a buffer, outermost first.
#[derive(Debug)]
pub(in crate::window) struct Layout {
    pub(super) axes: SmallVec<[BufferAxis; 8]>,
    /// Which axes each of the source's own has become.
    pub(super) lines: SmallVec<[Range<usize>; 8]>,
    /// The least length of rows, that is of the last axis.
    pub(in crate::window) pitch: usize,
}

#[derive(Clone, Debug)]
pub(super) enum BufferAxis {
    /// Positions of an axis of the source, every `step`th: several loops move along it.
    Positions { line: usize, step: usize, coefficients: PerLoop<isize> },
    /// The points of a loop.
    Points { number: usize },
}

impl BufferAxis {
    /// Returns the extent for the points of a block.
    pub(super) fn extent(&self, blocks: &[usize]) -> usize {
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
    /// Lays a source out: its axes in the order in which they lie in memory, but for the one that should be the last, if
    /// there is such. An axis whose loops have fewer points than it has positions becomes an axis for every loop, and so does
    /// that of adjacent elements if there is a loop `along` it whose points should be adjacent.
    pub(in crate::window) fn of(
        nest: &Affine,
        lines: &[Line],
        last: Option<usize>,
        along: Option<usize>,
    ) -> Self {
        let mut order: SmallVec<[usize; 8]> = (0..lines.len()).collect();
        sort_by_key(&mut order[..], |&line| {
            (Some(line) == last, core::cmp::Reverse(lines[line].stride.unsigned_abs()))
        });
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
            let along = along.filter(|n| lines[line].stride.abs() == 1 && loops.contains(n));
            if along.is_some() || points < positions.extent(&extents) {
                let is_kept = |number: &usize| nest.loops[*number].out.is_some();
                let (kept, summed): (SmallVec<[usize; 8]>, SmallVec<[usize; 8]>) =
                    loops.iter().copied().partition(is_kept);
                let others = summed.into_iter().chain(kept).filter(|n| Some(*n) != along);
                for number in others.chain(along) {
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
    pub(in crate::window) fn steps<'s>(
        &self,
        extents: &[usize],
        steps: impl Iterator<Item = &'s mut isize>,
    ) {
        let strides = self.strides(extents);
        for (number, step) in steps.enumerate() {
            *step = self.step(&strides, extents, number);
        }
    }

    pub(super) fn strides(&self, extents: &[usize]) -> SmallVec<[isize; 8]> {
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
    pub(in crate::window) fn elements(&self, blocks: &[usize]) -> usize {
        let outer = self.axes.iter().rev().skip(1);
        outer.fold(self.row(blocks), |n, axis| n.saturating_mul(axis.extent(blocks)))
    }

    /// Returns the length of a row for the points of a block.
    pub(in crate::window) fn row(&self, blocks: &[usize]) -> usize {
        self.axes.last().map_or(1, |axis| axis.extent(blocks)).max(self.pitch)
    }
}
