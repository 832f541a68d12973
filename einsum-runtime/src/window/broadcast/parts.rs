//! Cuts a nest where windows reach over the edges of a source: parts that have different results, inside of all its axes.
//!
//! Along an axis, results whose windows lose the same points make a part, and those points are left out of its sums:
//!
//! ```text
//! y + u − 1, with 0 ≤ u < 3:   y = 0, u = 1 … 2  │  y = 1 … n − 2, u = 0 … 2  │  y = n − 1, u = 0 … 1
//! ```

use smallvec::SmallVec;

use crate::window::affine::{Affine, Line, inside, plus, times};

pub(super) type Parts = SmallVec<[Affine; 9]>;

/// Returns the parts of a nest with respect to a source, if its windows are of one loop over results and one summed loop
/// each.
pub(super) fn parts(nest: &Affine, p: usize) -> Option<Parts> {
    let mut parts = Parts::new();
    parts.push(nest.clone());
    for line in 0..nest.sources[p].len() {
        let mut cut = Parts::new();
        for part in parts {
            along(part, p, line, &mut cut)?;
        }
        parts = cut;
    }
    Some(parts)
}

/// Whether no point is outside of an axis.
fn is_inside(nest: &Affine, line: &Line) -> bool {
    let extents = || nest.loops.iter().map(|l| l.extent);
    extents().any(|extent| extent == 0) || line.has(line.range(extents()))
}

/// Cuts a part along an axis of the source.
fn along(part: Affine, p: usize, line: usize, parts: &mut Parts) -> Option<()> {
    let own = &part.sources[p][line];
    if is_inside(&part, own) {
        parts.push(part);
        return Some(());
    }
    let loop_of = |is_kept: bool| {
        let is_own = |n: &usize| {
            let l = part.loops[*n];
            l.out.is_some() == is_kept && own.coefficients[*n] != 0 && l.extent > 1
        };
        let mut loops = (0..part.loops.len()).filter(is_own);
        let number = loops.next();
        loops.next().is_none().then_some(number)
    };
    let (kept, summed) = (loop_of(true)?, loop_of(false)?);
    // The points of the summed loop that are inside, for a point of the other one. Either end goes one way only.
    let step = summed.map_or(0, |n| own.coefficients[n]);
    let count = summed.map_or(1, |n| part.loops[n].extent);
    let read = |at: usize| {
        let moved = kept.map_or(0, |n| times(own.coefficients[n], at.cast_signed()));
        inside(plus(own.offset, moved), step, count, own.extent)
    };
    // Where no loop is summed along the axis, there are all products of a result or none: any other loop has to say so.
    let summed = match summed {
        Some(number) => number,
        None => part.loops.iter().position(|l| l.out.is_none())?,
    };
    let results = kept.map_or(1, |n| part.loops[n].extent);
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
        let mut new = part.clone();
        if let Some(number) = kept {
            new.restrict(number, first, 1, end - first);
        }
        if step != 0 {
            new.restrict(summed, window.start, 1, window.len());
        } else if window.is_empty() {
            new.restrict(summed, 0, 1, 0);
        }
        parts.push(new);
        first = end;
    }
    Some(())
}
