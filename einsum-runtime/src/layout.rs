//! The shape of a bound array as its term sees it: named axes `0..R`, then those of the ellipsis.

use ndarray::Dimension;

use crate::ellipsis::{Ellipsis, NoEllipsis, Rest};

/// Extents and strides, in elements, of the named axes, the ellipsis `E`, and the array's rank.
///
/// If the rank does not fit the term, all extents are 0 and the ellipsis is empty.
#[derive(Clone, Copy)]
pub(crate) struct Layout<const R: usize, E> {
    pub(crate) extents: [usize; R],
    pub(crate) strides: [isize; R],
    pub(crate) ellipsis: E,
    /// The number of axes that the array has.
    pub(crate) found: usize,
}

impl<const R: usize> Layout<R, NoEllipsis> {
    #[inline]
    pub(crate) fn new(shape: &[usize], strides: &[isize]) -> Self {
        let found = shape.len();
        let mut layout = Layout { extents: [0; R], strides: [0; R], ellipsis: NoEllipsis, found };
        if found == R && strides.len() == R {
            let mut axis = 0;
            while axis < R {
                layout.extents[axis] = shape[axis];
                layout.strides[axis] = strides[axis];
                axis += 1;
            }
        }
        layout
    }

    /// Returns the layout in C order, of an array whose elements exist.
    #[inline]
    pub(crate) fn c_order(shape: &[usize]) -> Self {
        let mut strides = [0; R];
        // The strides of an array that exists are representable, unless no position needs them.
        let mut stride = 1_isize;
        let mut axis = R.min(shape.len());
        while axis > 0 {
            axis -= 1;
            strides[axis] = stride;
            stride = stride.wrapping_mul(shape[axis].cast_signed());
        }
        Layout::new(shape, &strides)
    }
}

impl<const R: usize, D: Dimension> Layout<R, Rest<D>> {
    /// `D` has the rank that remains of a static rank.
    pub(crate) fn with_ellipsis(shape: &[usize], strides: &[isize], before: usize) -> Self {
        assert!(before <= R, "einloom: internal error: the ellipsis lies outside its term");
        let found = shape.len();
        let count = found.saturating_sub(R);
        let mut rest = Rest { extents: D::zeros(count), strides: D::zeros(count) };
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
        Layout { extents: named_extents, strides: named_strides, ellipsis: rest, found }
    }
}

impl<const R: usize, E: Ellipsis> Layout<R, E> {
    /// Whether the array has the rank of its term, so that positions inside the extents are elements.
    #[inline]
    pub(crate) fn has_rank(&self) -> bool {
        self.found == R || (E::IS_SOME && self.found > R)
    }

    /// Panics unless the array has the rank of its term: without axes, extents of 0 protect nothing.
    #[inline]
    pub(crate) fn assert_rank(&self) {
        assert!(self.has_rank(), "einloom: internal error: the rank was not checked");
    }

    /// Returns the layout without its type.
    #[inline]
    pub(crate) fn axes(&self) -> Axes<'_> {
        Axes {
            extents: &self.extents,
            strides: &self.strides,
            rest: RestAxes { extents: self.ellipsis.extents(), strides: self.ellipsis.strides() },
            found: self.found,
        }
    }
}

/// A layout whose rank is no part of its type.
#[derive(Clone, Copy)]
pub(crate) struct Axes<'v> {
    pub(crate) extents: &'v [usize],
    /// As many as extents.
    pub(crate) strides: &'v [isize],
    pub(crate) rest: RestAxes<'v>,
    /// The number of axes that the array has.
    pub(crate) found: usize,
}

/// The axes of an ellipsis.
#[derive(Clone, Copy)]
pub(crate) struct RestAxes<'v> {
    pub(crate) extents: &'v [usize],
    /// In elements, as two's complement; as many as extents.
    pub(crate) strides: &'v [usize],
}
