//! Rows whose elements of X lie apart, as those of a window with a step do: kernels with AVX-512 read all that is between and
//! permute it. That takes as many loads as elements are apart, for every step. Where sums are long it takes less time to bring
//! the elements together first, in residue classes ([`classes`](crate::window::classes)) or with channels innermost
//! ([`short`](crate::window::short)).

use super::plan::set_of_rows;
use crate::window::affine::{Affine, Line, Loop};

/// The most elements that lanes are apart. In rows of up to so many vectors, each of which is formed in all rows in turn, and
/// for so few products in a sum, more if there is one vector, it is worth to read them so; else they are brought together
/// first.
pub(super) const APART: isize = 4;
const VECTORS_APART: usize = 4;
const STEPS_APART: usize = 12;
const STEPS_SHORT: usize = 32;

/// Whether it is worth to read elements apart.
pub(super) fn is_worth_apart(vectors: usize, steps: usize) -> bool {
    steps <= if vectors == 1 { STEPS_SHORT } else { STEPS_APART } && vectors <= VECTORS_APART
}

/// Whether rows of a nest, whose elements are adjacent, have those of a source that lie apart, along an axis of adjacent ones;
/// and if so, whether what lies between is read by other steps, or else it would be worth it to bring them together.
pub(in crate::window) fn are_apart(nest: &Affine) -> Option<bool> {
    let (row, line) = row_apart(nest)?;
    let apart = line.coefficients[row];
    let is_between = |(l, c): (&Loop, &isize)| l.out.is_none() && l.extent > 1 && c % apart != 0;
    Some(nest.loops.iter().zip(&line.coefficients).any(is_between))
}

/// Returns the loop along such rows, and the axis.
fn row_apart(nest: &Affine) -> Option<(usize, &Line)> {
    let is_row = |number: &usize| nest.loops[*number].extent > 1;
    let mut along = (0..nest.loops.len()).filter(|&number| nest.loops[number].out == Some(1));
    let row = along.find(is_row)?;
    let mut units = nest.sources.iter().flatten().filter(|line| line.stride == 1);
    Some((row, units.find(|line| line.coefficients[row] > 1)?))
}

/// Whether it takes less time to form these where they lie than with channels innermost, for elements of a size.
pub(in crate::window) fn are_better_apart(nest: &Affine, size: usize) -> bool {
    let Some((row, line)) = row_apart(nest) else { return false };
    let lanes = nest.loops[row].extent;
    let summed = nest.loops.iter().filter(|l| l.out.is_none()).map(|l| l.extent);
    let steps = summed.fold(1_usize, usize::saturating_mul);
    let Some(set) = set_of_rows(size, lanes) else { return false };
    let fills = lanes as f64 / lanes.next_multiple_of(set.width) as f64;
    steps <= STEPS_APART && fills >= if line.coefficients[row] > 2 { 0.6 } else { 0.75 }
}
