//! The edges of padded stencils: the inside of a large image is read where it lies, and only strips along its edges go
//! through buffers. A stencil takes little more time than such a copy. That is for windows that [`rows`](super::rows) does not
//! take where they are padded.

use smallvec::SmallVec;

use super::affine::{Affine, Line};
use super::{Job, is_stencil};

/// Strips along the ends of rows are so many points wide: a vector.
const ROW: usize = if cfg!(test) { 3 } else { 16 };

/// The inside is so many times as long as both strips together.
const TIMES: usize = if cfg!(test) { 2 } else { 8 };

/// A loop over results, and how many of its first and last points read outside.
struct Edge {
    number: usize,
    low: usize,
    high: usize,
}

/// Calls `visit` with nests for the inside and the strips along the edges of a large image, which have different results;
/// if it is none, returns `None`.
pub(super) fn edges(nest: &Affine, job: &Job<'_>, visit: &mut dyn FnMut(&Affine)) -> Option<()> {
    if job.is_single || !job.kernels.is_real {
        return None;
    }
    let extents = || nest.loops.iter().map(|l| l.extent);
    let is_padded = |line: &&Line| !line.has(line.range(extents()));
    let p = (0..2).find(|&p| nest.sources[p].iter().any(|line| is_padded(&line)))?;
    let is_column = |n: &usize| {
        let moves = nest.sources[p].iter().any(|line| line.coefficients[*n] != 0);
        nest.loops[*n].out.is_some() && !moves
    };
    let columns = (0..nest.loops.len()).filter(is_column);
    let columns = columns.fold(1_usize, |n, l| n.saturating_mul(nest.loops[l].extent));
    if !is_stencil(columns) || nest.sources[1 - p].iter().any(|line| is_padded(&line)) {
        return None;
    }
    let mut found: SmallVec<[Edge; 4]> = SmallVec::new();
    for line in nest.sources[p].iter().filter(is_padded) {
        found.push(edge(nest, line)?);
    }
    let mut inside = nest.clone();
    for Edge { number, low, high } in found {
        let extent = inside.loops[number].extent;
        for (first, count) in [(0, low), (extent - high, high)] {
            if count > 0 {
                let mut part = inside.clone();
                part.restrict(number, first, 1, count);
                visit(&part);
            }
        }
        inside.restrict(number, low, 1, extent - low - high);
    }
    visit(&inside);
    Some(())
}

/// Returns the loop that goes along a padded axis, if most of it is inside.
fn edge(nest: &Affine, line: &Line) -> Option<Edge> {
    let mut along =
        (0..nest.loops.len()).filter(|&n| nest.loops[n].out.is_some() && line.coefficients[n] != 0);
    let number = along.next().filter(|_| along.next().is_none())?;
    let (extent, step) = (nest.loops[number].extent, line.coefficients[number]);
    if step <= 0 {
        return None;
    }
    // Of the other loops: how far they go from the loop's own position.
    let others = nest.loops.iter().enumerate().map(|(n, l)| if n == number { 1 } else { l.extent });
    let [first, last] = line.range(others);
    let before = (-first).max(0).cast_unsigned().div_ceil(step.cast_unsigned());
    let room = line.extent.cast_signed() - 1 - last;
    let inside = if room < 0 { 0 } else { room.cast_unsigned() / step.cast_unsigned() + 1 };
    let after = extent.saturating_sub(inside);
    let least = if line.stride.unsigned_abs() == 1 { ROW } else { 0 };
    let strip = |outside: usize| if outside > 0 { outside.max(least) } else { 0 };
    let (low, high) = (strip(before), strip(after));
    (TIMES.saturating_mul(low.saturating_add(high)) < extent).then_some(Edge { number, low, high })
}
