//! A windowed nest while it is taken apart: loops, and the position along every axis as a function of them.

use core::ops::Range;

use smallvec::{SmallVec, smallvec};

use super::{Axis, Windowed};
use crate::kernel::{Dim, Dims};

/// A loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loop {
    pub(super) extent: usize,
    /// The step in the target, if it is known where the loop runs along it: else the loop is summed.
    pub(super) out: Option<isize>,
}

/// Numbers for every loop, and axes: as many as a convolution of volumes has are no allocation.
pub(super) type PerLoop<T> = SmallVec<[T; 10]>;
pub(super) type Lines = SmallVec<[Line; 5]>;

/// An axis, with a coefficient for every loop.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) extent: usize,
    pub(super) stride: isize,
    pub(super) offset: isize,
    pub(super) coefficients: PerLoop<isize>,
}

/// A nest, and how far its target is worked out.
///
/// Invariants: no loop that is kept occurs in an axis of `target`; points that differ in a kept loop have different
/// positions in the target, in the axes that `target` no longer has.
#[derive(Debug)]
pub(super) struct Affine {
    pub(super) loops: PerLoop<Loop>,
    pub(super) sources: [Lines; 2],
    /// The axes of the target that are not worked out yet.
    pub(super) target: Lines,
    /// The offset in the target of the first point of the kept loops.
    pub(super) out: isize,
}

// Numbers are copied as a whole: every part of a nest begins as a clone of it.
impl Clone for Line {
    fn clone(&self) -> Self {
        Line { coefficients: PerLoop::from_slice(&self.coefficients), ..*self }
    }
}

impl Clone for Affine {
    fn clone(&self) -> Self {
        Affine {
            loops: PerLoop::from_slice(&self.loops),
            sources: self.sources.clone(),
            target: self.target.clone(),
            out: self.out,
        }
    }
}

impl Affine {
    /// Takes a nest without its loops of one point, and without axes of one position: a window of one point is none.
    pub(super) fn of(nest: &Windowed<'_, 2>) -> Self {
        let is_extent = |extent: &usize| isize::try_from(*extent).is_ok();
        check(nest.extents.iter().all(is_extent), "an index has no extent");
        let mut loops: PerLoop<Loop> = PerLoop::new();
        // The new numbers of loops, if they have any.
        let mut numbers: PerLoop<Option<usize>> = PerLoop::new();
        for &extent in nest.extents {
            numbers.push((extent != 1).then_some(loops.len()));
            if extent != 1 {
                loops.push(Loop { extent, out: None });
            }
        }
        let lines = |axes: &[Axis<'_>], most: usize| -> Lines {
            let lines = axes.iter().map(|axis| Line::of(axis, &numbers, loops.len()));
            let is_fixed = |line: &Line| {
                let stays = line.offset == 0 && line.coefficients.iter().all(|c| *c == 0);
                stays && (1..=most).contains(&line.extent)
            };
            lines.filter(|line| !is_fixed(line)).collect()
        };
        // The target has a position outside of what is written, if there are several.
        let sources = core::array::from_fn(|p| lines(nest.sources[p], usize::MAX));
        let target = lines(nest.target, 1);
        Affine { loops, sources, target, out: 0 }
    }

    fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        self.sources.iter_mut().flatten().chain(&mut self.target)
    }

    /// Lets a loop run over every `step`th of its points only, from `first` on.
    pub(super) fn restrict(&mut self, number: usize, first: usize, step: usize, extent: usize) {
        let old = self.loops[number];
        check(extent == 0 || first + step * (extent - 1) < old.extent, "a loop has no such part");
        self.loops[number].extent = extent;
        let (first, step) = (first.cast_signed(), step.cast_signed());
        if let Some(out) = old.out {
            self.out = self.out.wrapping_add(out.wrapping_mul(first));
            self.loops[number].out = Some(out.wrapping_mul(step));
        }
        for line in self.lines_mut() {
            let coefficient = line.coefficients[number];
            line.offset = plus(line.offset, times(coefficient, first));
            line.coefficients[number] = times(coefficient, step);
        }
    }

    /// Lets a kept loop of another extent take the place of a loop, which was at `own = new + Σ by · other + offset`.
    pub(super) fn replace(&mut self, number: usize, new: Loop, by: &[isize], offset: isize) {
        self.loops[number] = new;
        for line in self.lines_mut() {
            let coefficient = line.coefficients[number];
            if coefficient == 0 {
                continue;
            }
            line.offset = plus(line.offset, times(coefficient, offset));
            line.coefficients[number] = 0;
            for (own, by) in line.coefficients.iter_mut().zip(by) {
                *own = plus(*own, times(coefficient, *by));
            }
        }
    }

    /// Whether a source is zero wherever a loop would be outside its extent: an axis of its own has just its points.
    pub(super) fn is_bounded(&self, number: usize) -> bool {
        let extent = self.loops[number].extent;
        let is_own = |line: &Line| {
            let is_alone = |(i, c): (usize, &isize)| *c == isize::from(i == number);
            line.extent == extent
                && line.offset == 0
                && line.coefficients.iter().enumerate().all(is_alone)
        };
        self.sources.iter().flatten().any(is_own)
    }

    /// Returns the loops over what is known to be this nest's part of the target: of all axes that are not worked out
    /// yet, everything.
    pub(super) fn part_of_target(&self) -> Dims<0> {
        let kept = self.loops.iter().filter_map(|l| l.out.map(|out| (l.extent, out)));
        let rest = self.target.iter().map(|line| (line.extent, line.stride));
        let dim = |(extent, out)| Dim { extent, out, sources: [], summed: false };
        kept.chain(rest).map(dim).collect()
    }

    /// Returns the loops as dims without steps in the sources, and each source's step along a loop is to be set.
    pub(super) fn dims(&self) -> Dims<2> {
        let dim = |l: &Loop| Dim {
            extent: l.extent,
            out: l.out.unwrap_or(0),
            sources: [0; 2],
            summed: l.out.is_none(),
        };
        self.loops.iter().map(dim).collect()
    }
}

impl Line {
    fn of(axis: &Axis<'_>, numbers: &[Option<usize>], loops: usize) -> Self {
        let mut coefficients: PerLoop<isize> = smallvec![0; loops];
        for term in axis.terms {
            let number = usize::from(term.number);
            check(number < numbers.len(), "an axis runs along no loop");
            if let Some(number) = numbers[number] {
                coefficients[number] = plus(coefficients[number], term.coefficient);
            }
        }
        check(isize::try_from(axis.extent).is_ok(), "an axis is too long");
        Line { extent: axis.extent, stride: axis.stride, offset: axis.offset, coefficients }
    }

    /// Returns the first and the last position, if the loops have points. `extents` are those of the loops.
    pub(super) fn range(&self, extents: impl Iterator<Item = usize>) -> [isize; 2] {
        let mut range = [self.offset; 2];
        for (&coefficient, extent) in self.coefficients.iter().zip(extents) {
            let reach = times(coefficient, extent.saturating_sub(1).cast_signed());
            let end = usize::from(reach > 0);
            range[end] = plus(range[end], reach);
        }
        range
    }

    /// Returns which of so many points of a loop are inside, where all others are at their first.
    pub(super) fn inside(&self, number: usize, count: usize) -> Range<usize> {
        inside(self.offset, self.coefficients[number], count, self.extent)
    }

    /// Whether all of a range is inside the axis.
    pub(super) fn has(&self, [first, last]: [isize; 2]) -> bool {
        first >= 0 && last < self.extent.cast_signed()
    }
}

/// Lays axes out without gaps, the innermost of the order first, and returns the loops of the copy from where they were.
pub(super) fn lay_anew(lines: &mut [Line], order: impl Iterator<Item = usize>) -> Dims<1> {
    let mut copy = Dims::new();
    let mut stride = 1_isize;
    for n in order {
        let line = &mut lines[n];
        let sources = [core::mem::replace(&mut line.stride, stride)];
        copy.push(Dim { extent: line.extent, out: stride, sources, summed: false });
        stride = stride.wrapping_mul(line.extent.cast_signed());
    }
    copy
}

/// Returns the loops of the copy back.
pub(super) fn turned_round(copy: &Dims<1>) -> Dims<1> {
    copy.iter().map(|d| Dim { out: d.sources[0], sources: [d.out], ..*d }).collect()
}

/// Returns which of `count` positions from `first` on, `step` apart, are inside an extent. The step is not 0.
///
/// Both ends go one way as `first` does, also where nothing is inside.
pub(super) fn inside(first: isize, step: isize, count: usize, extent: usize) -> Range<usize> {
    let (last, count) = (extent.cast_signed() - 1, count.cast_signed());
    // 0 <= step·i + first <= last
    let (low, high) = if step > 0 { (-first, last - first) } else { (first - last, first) };
    let step = step.abs();
    let start = (low + step - 1).div_euclid(step).clamp(0, count);
    let end = (high.div_euclid(step) + 1).clamp(start, count);
    start.cast_unsigned()..end.cast_unsigned()
}

pub(super) fn plus(a: isize, b: isize) -> isize {
    a.checked_add(b).unwrap_or_else(|| broken("a position is not representable"))
}

pub(super) fn times(a: isize, b: isize) -> isize {
    a.checked_mul(b).unwrap_or_else(|| broken("a position is not representable"))
}

pub(super) fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

pub(super) fn check(holds: bool, what: &str) {
    if !holds {
        broken(what);
    }
}

#[cold]
#[inline(never)]
pub(super) fn broken(what: &str) -> ! {
    panic!("einloom: internal error: {what}")
}
