//! Cuts a nest where windows reach over the edges of a source: parts that are inside of all its axes.
//!
//! Along an axis, results whose windows lose the same points make a part, and those points are left out of its sums. Or
//! points of the window that the same results lose make one, and its sums are added to those of the others:
//!
//! ```text
//! y + u − 1, with 0 ≤ u < 3:   y = 0, u = 1 … 2  │  y = 1 … n − 2, u = 0 … 2  │  y = n − 1, u = 0 … 1
//!                        or:   u = 1, y = 0 … n − 1  +  u = 0, y = 1 … n − 1  +  u = 2, y = 0 … n − 2
//! ```
//!
//! The former has results with all of their products at once, the latter no part of a single point, whose products a kernel
//! would have to form for few columns.

use core::ops::Range;

use smallvec::SmallVec;

use super::time::{PARTS, time_of_part};
use crate::window::affine::{Affine, Line, inside, plus, times};

/// The source with windows, the loop over lanes, the vectors of a block of them, the columns of a run, and how many times as long
/// what is no step takes.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) p: usize,
    pub(super) lanes: usize,
    pub(super) vectors: f64,
    pub(super) run: f64,
    pub(super) slow: f64,
}

/// Calls `visit` with the parts of a nest, and whether the sums of a part are the first for its results. Returns `None` if
/// there is a window that is not of one loop over results and one summed loop.
pub(super) fn parts(
    nest: &Affine,
    block: Block,
    is_first: bool,
    visit: &mut dyn FnMut(&Affine, bool),
) -> Option<()> {
    match nest.sources[block.p].iter().find(|line| !is_inside(nest, line)) {
        Some(line) => along(nest, line, block, is_first, visit),
        None => {
            visit(nest, is_first);
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
fn along(
    nest: &Affine,
    line: &Line,
    block: Block,
    is_first: bool,
    visit: &mut dyn FnMut(&Affine, bool),
) -> Option<()> {
    // Where no loop is summed along the axis, there are all products of a result or none: any other loop has to say so.
    let any = nest.loops.iter().position(|l| l.out.is_none())?;
    let points = |is_kept: bool| {
        let own = |(n, _): &(usize, _)| *n != block.lanes;
        let loops = nest.loops.iter().enumerate().filter(own).map(|(_, l)| l);
        let own = loops.filter(|l| l.out.is_some() == is_kept);
        own.map(|l| l.extent as f64).product()
    };
    for (cut, is_first) in cuts(nest, line, [points(true), points(false)], block, is_first)? {
        let mut part = nest.clone();
        if let Some(number) = cut.kept {
            part.restrict(number, cut.results.start, 1, cut.results.len());
        }
        if let Some(number) = cut.summed {
            part.restrict(number, cut.window.start, 1, cut.window.len());
        } else if cut.window.is_empty() {
            part.restrict(any, 0, 1, 0);
        }
        parts(&part, block, is_first, visit)?;
    }
    Some(())
}

/// Results along an axis, and points of the window that these do not lose.
pub(super) struct Cut {
    /// The loops over results and of the window, if there are such, and their points.
    kept: Option<usize>,
    results: Range<usize>,
    summed: Option<usize>,
    window: Range<usize>,
    /// How many points both have.
    of: [usize; 2],
}

impl Cut {
    /// Returns how many of the points of both loops it has.
    pub(super) fn shares(&self) -> [f64; 2] {
        [
            self.results.len() as f64 / self.of[0] as f64,
            self.window.len() as f64 / self.of[1] as f64,
        ]
    }
}

/// Cuts, and whether the sums of each are the first for its results.
pub(super) type Cuts = SmallVec<[(Cut, bool); PARTS]>;

/// Returns all cuts along an axis of a nest of so many columns and steps, in the way that takes less time, if they are not
/// too many.
pub(super) fn cuts(
    nest: &Affine,
    line: &Line,
    [columns, steps]: [f64; 2],
    block: Block,
    is_first: bool,
) -> Option<Cuts> {
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
    let of = [kept, summed].map(|number| number.map_or(1, |n| nest.loops[n].extent));
    let step = |number: Option<usize>, of: isize| number.map_or(of, |n| line.coefficients[n]);
    let from = |number: Option<usize>, at: usize| {
        plus(line.offset, times(step(number, 0), at.cast_signed()))
    };
    let window = |at: usize| inside(from(kept, at), step(summed, 1), of[1], line.extent);
    let results = |at: usize| inside(from(summed, at), step(kept, 1), of[0], line.extent);
    let mut by_results = Cuts::new();
    let mut is_too_many = false;
    runs(of[0], &window, &mut |results, window| {
        is_too_many |= by_results.len() == PARTS;
        if !is_too_many {
            by_results.push((Cut { kept, results, summed, window, of }, is_first));
        }
    });
    if is_too_many {
        return None;
    }
    if kept.is_none() || summed.is_none() {
        return Some(by_results);
    }
    let mut by_window = Cuts::new();
    runs(of[1], &results, &mut |window, results| {
        is_too_many |= by_window.len() == PARTS;
        if !results.is_empty() && !is_too_many {
            by_window.push((Cut { kept, results, summed, window, of }, false));
        }
    });
    if is_too_many {
        return Some(by_results);
    }
    // All results have sums after the first part.
    let Some(whole) = by_window.iter().position(|(cut, _)| cut.results.len() == of[0]) else {
        return Some(by_results);
    };
    by_window.swap(0, whole);
    by_window[0].1 = is_first;
    let time = |cuts: &Cuts| {
        let of_cut = |(cut, is_first): &(Cut, bool)| {
            let [results, window] = cut.shares();
            time_of_part(block, [columns * results, steps * window], *is_first)
        };
        cuts.iter().map(of_cut).sum::<f64>()
    };
    Some(if time(&by_window) < time(&by_results) { by_window } else { by_results })
}

/// Calls `visit` with points for which `read` returns the same, and that. Either end of it goes one way only.
fn runs(
    count: usize,
    read: &dyn Fn(usize) -> Range<usize>,
    visit: &mut dyn FnMut(Range<usize>, Range<usize>),
) {
    let mut first = 0;
    while first < count {
        let same = read(first);
        let (mut end, mut beyond) = (first + 1, count);
        while end < beyond {
            let middle = end + (beyond - end) / 2;
            if read(middle) == same {
                end = middle + 1;
            } else {
                beyond = middle;
            }
        }
        visit(first..end, same);
        first = end;
    }
}
