//! The shape of a bound array as its term sees it: named axes `0..R`, then the ellipsis, and where both come from.

use crate::ellipsis::{Ellipsis, EllipsisAxes, NoEllipsis, Rest};
use crate::error::{Problem, ShapeError};
use crate::shape::fail;
use crate::source::{AxisExtent, Source};
use ndarray::Dimension;

/// Extents and strides, in elements, of the named axes, the ellipsis `E`, and the array's rank.
///
/// If the rank does not fit the term, all extents are 0 and the ellipsis is empty.
#[derive(Clone, Copy)]
pub(crate) struct Layout<const R: usize, E> {
    pub(crate) extents: [usize; R],
    pub(crate) strides: [isize; R],
    pub(crate) ellipsis: E,
    pub(crate) source: Source,
    /// The number of axes that the array has.
    found: usize,
}

impl<const R: usize> Layout<R, NoEllipsis> {
    #[inline]
    pub(crate) fn new(shape: &[usize], strides: &[isize], source: Source) -> Self {
        let found = shape.len();
        let mut layout =
            Layout { extents: [0; R], strides: [0; R], ellipsis: NoEllipsis, source, found };
        if found == R {
            layout.extents.copy_from_slice(shape);
            layout.strides.copy_from_slice(strides);
        }
        layout
    }
}

impl<const R: usize, D: Dimension> Layout<R, Rest<D>> {
    /// `D` has the rank that remains of a static rank.
    pub(crate) fn with_ellipsis(
        shape: &[usize],
        strides: &[isize],
        before: usize,
        source: Source,
    ) -> Self {
        assert!(before <= R, "einloom: internal error: the ellipsis lies outside its term");
        let found = shape.len();
        let count = found.saturating_sub(R);
        let mut rest = Rest { before, extents: D::zeros(count), strides: D::zeros(count) };
        let (mut named_extents, mut named_strides) = ([0; R], [0; R]);
        if found >= R {
            for (axis, (&extent, &stride)) in shape.iter().zip(strides).enumerate() {
                if axis < before {
                    named_extents[axis] = extent;
                    named_strides[axis] = stride;
                } else if axis < before + count {
                    rest.extents[axis - before] = extent;
                    rest.strides[axis - before] = stride.cast_unsigned();
                } else {
                    named_extents[axis - count] = extent;
                    named_strides[axis - count] = stride;
                }
            }
        }
        Layout { extents: named_extents, strides: named_strides, ellipsis: rest, source, found }
    }
}

impl<const R: usize, E: Ellipsis> Layout<R, E> {
    #[inline]
    pub(crate) fn axis(&self, axis: usize) -> AxisExtent {
        let shift = if axis < self.ellipsis.before() { 0 } else { self.ellipsis.extents().len() };
        AxisExtent { extent: self.extents[axis], source: self.source, axis: axis + shift }
    }

    #[inline]
    pub(crate) fn rank(&self) -> Result<(), ShapeError> {
        let ellipsis = self.ellipsis.before() != usize::MAX;
        let (found, named, source) = (self.found, R, self.source);
        if found == named || (ellipsis && found > named) {
            return Ok(());
        }
        Err(fail(Problem::Rank { source, found, named, ellipsis }))
    }

    #[inline]
    pub(crate) fn ellipsis(&self) -> EllipsisAxes<'_> {
        EllipsisAxes {
            extents: self.ellipsis.extents(),
            strides: self.ellipsis.strides(),
            first: self.ellipsis.before(),
            source: self.source,
        }
    }
}
