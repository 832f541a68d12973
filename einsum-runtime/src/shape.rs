//! The checks that emitted code does before any loop: extents of a label are equal, the result can be allocated.

use crate::ellipsis::EllipsisExtents;
use crate::error::{Problem, ShapeError};
use crate::source::{AxisExtent, Source};

/// Returns an extent given in the options.
#[inline]
#[must_use]
pub fn given(extent: usize) -> AxisExtent {
    AxisExtent { extent, source: Source::OPTIONS, axis: 0 }
}

/// Checks that two axes of one label have the same extent.
///
/// # Errors
///
/// If they do not.
#[inline]
pub fn same(label: &'static str, first: AxisExtent, second: AxisExtent) -> Result<(), ShapeError> {
    if first.extent == second.extent {
        return Ok(());
    }
    Err(fail(Problem::Extents { label, first, second }))
}

/// Checks that an axis written `1` has the extent 1.
///
/// # Errors
///
/// If it does not.
#[inline]
pub fn unit(at: AxisExtent) -> Result<(), ShapeError> {
    if at.extent == 1 {
        return Ok(());
    }
    Err(fail(Problem::Unit { at }))
}

/// Returns the number of the cheapest alternative. Each is a list of nests, a nest the extents of its loops, and its
/// cost their product. Of equally cheap ones it is the first.
#[must_use]
pub fn cheapest(alternatives: &[&[&[usize]]]) -> usize {
    #[expect(clippy::cast_precision_loss, reason = "costs are estimates")]
    let cost = |nests: &[&[usize]]| -> f64 {
        nests.iter().map(|nest| nest.iter().map(|&extent| extent as f64).product::<f64>()).sum()
    };
    let mut best = (0, f64::INFINITY);
    for (number, nests) in alternatives.iter().enumerate() {
        let cost = cost(nests);
        if cost < best.1 {
            best = (number, cost);
        }
    }
    best.0
}

/// Returns `value`, which rustc then warns about if nobody uses it.
#[inline]
#[must_use = "an einsum makes a new value, and `einsum_into!` writes to an existing array"]
pub fn must_use<T>(value: T) -> T {
    value
}

/// Panics with the text of `error`, at the caller's line.
///
/// The type is that of the value which there is none of; `!` would take part in the inference of numeric types.
#[cold]
#[track_caller]
pub fn raise<T>(error: ShapeError) -> T {
    panic!("{error}")
}

#[cold]
#[inline(never)]
pub(crate) fn fail(problem: Problem) -> ShapeError {
    ShapeError::new(problem)
}

/// Checks that an array of elements of `size` bytes can be allocated: ndarray and Rust allow `isize::MAX` elements
/// and bytes, where an axis of extent 0 does not excuse the others.
#[inline]
pub(crate) fn fits(size: usize, extents: &[usize]) -> Result<(), ShapeError> {
    if is_allocatable(size, extents.iter().copied()) {
        return Ok(());
    }
    Err(fail(Problem::TooLarge { extents: extents.to_vec() }))
}

/// As [`fits`], with the ellipsis after `before` axes.
pub(crate) fn fits_with_ellipsis(
    size: usize,
    extents: &[usize],
    before: usize,
    ellipsis: &EllipsisExtents,
) -> Result<(), ShapeError> {
    let (left, right) = extents.split_at(before);
    let whole = left.iter().chain(ellipsis.as_slice()).chain(right).copied();
    if is_allocatable(size, whole.clone()) {
        return Ok(());
    }
    Err(fail(Problem::TooLarge { extents: whole.collect() }))
}

#[inline]
fn is_allocatable(size: usize, extents: impl Iterator<Item = usize>) -> bool {
    let mut product = size.max(1);
    for extent in extents {
        match product.checked_mul(extent.max(1)) {
            Some(next) => product = next,
            None => return false,
        }
    }
    product <= isize::MAX as usize
}

#[cfg(test)]
mod tests {
    use super::cheapest;

    #[test]
    fn the_cheapest_is_that_with_the_fewest_points() {
        assert_eq!(cheapest(&[&[&[9, 9]], &[&[2, 3], &[4, 5]], &[&[5, 6]]]), 1);
        assert_eq!(cheapest(&[&[&[7]], &[&[7]]]), 0);
        assert_eq!(cheapest(&[&[&[1 << 40, 1 << 40]], &[&[1 << 40, 0]]]), 1);
        assert_eq!(cheapest(&[&[&[]], &[&[2]]]), 0);
    }
}
