//! The shape of a bound array as its term sees it: named axes `0..R`, then the ellipsis, and where both come from.

use crate::ellipsis::{Ellipsis, EllipsisAxes, NoEllipsis, Rest};
use crate::error::{Problem, ShapeError};
use crate::shape::fail;
use crate::source::{AxisExtent, Source};
use ndarray::Dimension;

const TOO_LARGE: &str = "einloom: internal error: unchecked extents of a new array";

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
    /// Returns the layout of a new array in C order, and its number of elements.
    ///
    /// # Panics
    ///
    /// If the product of all extents but zeros exceeds `isize::MAX`.
    #[inline]
    pub(crate) fn c_order(extents: [usize; R], mut ellipsis: E) -> (Self, usize) {
        // Strides where an extent is 0 are those where it is 1: nobody walks along them.
        let mut stride = 1_usize;
        let mut is_empty = false;
        let mut take = |extent: usize| {
            let own = stride;
            is_empty |= extent == 0;
            stride = stride.checked_mul(extent.max(1)).expect(TOO_LARGE);
            own
        };
        let before = ellipsis.before().min(R);
        let mut strides = [0; R];
        for axis in (before..R).rev() {
            strides[axis] = take(extents[axis]).cast_signed();
        }
        for axis in (0..ellipsis.extents().len()).rev() {
            ellipsis.strides_mut()[axis] = take(ellipsis.extents()[axis]);
        }
        for axis in (0..before).rev() {
            strides[axis] = take(extents[axis]).cast_signed();
        }
        assert!(isize::try_from(stride).is_ok(), "{TOO_LARGE}");
        let found = R + ellipsis.extents().len();
        let layout = Layout { extents, strides, ellipsis, source: Source::INTERMEDIATE, found };
        (layout, if is_empty { 0 } else { stride })
    }

    /// Returns the extents in the order of the array's axes.
    ///
    /// # Panics
    ///
    /// If `D` has another rank.
    #[inline]
    pub(crate) fn shape<D: Dimension>(&self) -> D {
        let (left, right) = self.extents.split_at(self.ellipsis.before().min(R));
        let rest = self.ellipsis.extents();
        let mut shape = D::zeros(R + rest.len());
        assert!(shape.ndim() == R + rest.len(), "einloom: internal error: another rank");
        for (to, from) in shape.slice_mut().iter_mut().zip(left.iter().chain(rest).chain(right)) {
            *to = *from;
        }
        shape
    }

    #[inline]
    pub(crate) fn axis(&self, axis: usize) -> AxisExtent {
        let shift = if axis < self.ellipsis.before() { 0 } else { self.ellipsis.extents().len() };
        AxisExtent { extent: self.extents[axis], source: self.source, axis: axis + shift }
    }

    /// Whether the array has the rank of its term, so that positions inside the extents are elements.
    #[inline]
    fn has_rank(&self) -> bool {
        let ellipsis = self.ellipsis.before() != usize::MAX;
        self.found == R || (ellipsis && self.found > R)
    }

    #[inline]
    pub(crate) fn rank(&self) -> Result<(), ShapeError> {
        if self.has_rank() {
            return Ok(());
        }
        let ellipsis = self.ellipsis.before() != usize::MAX;
        Err(fail(Problem::Rank { source: self.source, found: self.found, named: R, ellipsis }))
    }

    /// Panics unless the array has the rank of its term: without axes, extents of 0 protect nothing.
    #[inline]
    pub(crate) fn assert_rank(&self) {
        assert!(self.has_rank(), "einloom: internal error: the rank was not checked");
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
