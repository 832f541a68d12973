//! Cuts a nest where windows reach over the edges of a source: parts that have different results, inside of all its axes.
//!
//! Along an axis, results whose windows lose the same points make a part, and those points are left out of its sums:
//!
//! ```text
//! y + u − 1, with 0 ≤ u < 3:   y = 0, u = 1 … 2  │  y = 1 … n − 2, u = 0 … 2  │  y = n − 1, u = 0 … 1
//! ```

use core::ops::Range;

use crate::window::affine::{Affine, Line, inside, plus, times};

/// Calls `visit` with the parts of a nest with respect to a source. Returns `None` if there is a window that is not of one
/// loop over results and one summed loop.
pub(super) fn parts(nest: &Affine, p: usize, visit: &mut dyn FnMut(&Affine)) -> Option<()> {
    match nest.sources[p].iter().find(|line| !is_inside(nest, line)) {
        Some(line) => along(nest, line, p, visit),
        None => {
            visit(nest);
            Some(())
        }
    }
}

/// Whether no point is outside of an axis.
pub(super) fn is_inside(nest: &Affine, line: &Line) -> bool {
    let extents = || nest.loops.iter().map(|l| l.extent);
    extents().any(|extent| extent == 0) || line.has(line.range(extents()))
}

/// Cuts a nest along an axis, and goes on with its other axes.
fn along(nest: &Affine, line: &Line, p: usize, visit: &mut dyn FnMut(&Affine)) -> Option<()> {
    // Where no loop is summed along the axis, there are all products of a result or none: any other loop has to say so.
    let any = nest.loops.iter().position(|l| l.out.is_none())?;
    cuts(nest, line, &mut |cut| {
        let mut part = nest.clone();
        if let Some(number) = cut.kept {
            part.restrict(number, cut.results.start, 1, cut.results.len());
        }
        if let Some(number) = cut.summed {
            part.restrict(number, cut.window.start, 1, cut.window.len());
        } else if cut.window.is_empty() {
            part.restrict(any, 0, 1, 0);
        }
        parts(&part, p, visit)
    })
}

/// Results along an axis whose windows lose the same points.
pub(super) struct Cut {
    /// The loops over results and of the window, if there are such, and their points.
    kept: Option<usize>,
    pub(super) results: Range<usize>,
    summed: Option<usize>,
    pub(super) window: Range<usize>,
    /// How many points the window has.
    pub(super) of: usize,
}

/// Calls `visit` with all cuts along an axis, until that returns `None`.
pub(super) fn cuts(
    nest: &Affine,
    line: &Line,
    visit: &mut dyn FnMut(Cut) -> Option<()>,
) -> Option<()> {
    let loop_of = |is_kept: bool| {
        let is_own = |n: &usize| {
            let l = nest.loops[*n];
            l.out.is_some() == is_kept && line.coefficients[*n] != 0 && l.extent > 1
        };
        let mut loops = (0..nest.loops.len()).filter(is_own);
        let number = loops.next();
        loops.next().is_none().then_some(number)
    };
    let (kept, summed) = (loop_of(true)?, loop_of(false)?);
    // The points of the summed loop that are inside, for a point of the other one. Either end goes one way only.
    let step = summed.map_or(1, |n| line.coefficients[n]);
    let count = summed.map_or(1, |n| nest.loops[n].extent);
    let read = |at: usize| {
        let moved = kept.map_or(0, |n| times(line.coefficients[n], at.cast_signed()));
        inside(plus(line.offset, moved), step, count, line.extent)
    };
    let results = kept.map_or(1, |n| nest.loops[n].extent);
    let mut first = 0;
    while first < results {
        let window = read(first);
        let (mut end, mut beyond) = (first + 1, results);
        while end < beyond {
            let middle = end + (beyond - end) / 2;
            if read(middle) == window {
                end = middle + 1;
            } else {
                beyond = middle;
            }
        }
        visit(Cut { kept, results: first..end, summed, window, of: count })?;
        first = end;
    }
    Some(())
}
