//! The axes that an ellipsis stands for, and how those of several arrays broadcast: aligned at their last axes,
//! extent 1 with any other.

use core::marker::PhantomData;

use ndarray::{DimMax, Dimension};
use smallvec::SmallVec;

use crate::error::{Problem, ShapeError};
use crate::shape::fail;
use crate::source::{AxisExtent, Source};

/// A term without an ellipsis.
#[derive(Clone, Copy)]
pub struct NoEllipsis;

/// The axes of an ellipsis, of the dimension type `D`.
#[derive(Clone, Copy)]
pub struct Rest<D> {
    /// The number of named axes before the ellipsis.
    pub(crate) before: usize,
    pub(crate) extents: D,
    /// Strides in elements, as two's complement; as many as extents.
    pub(crate) strides: D,
}

/// The axes of the ellipsis of a new array.
#[derive(Clone)]
pub struct Broadcast {
    /// The number of named axes before the ellipsis.
    before: usize,
    extents: EllipsisExtents,
    /// Strides in elements; as many as extents.
    strides: SmallVec<[usize; 6]>,
}

impl Broadcast {
    pub(crate) fn new(before: usize, extents: EllipsisExtents) -> Self {
        let strides = smallvec::smallvec![0; extents.0.len()];
        Broadcast { before, extents, strides }
    }
}

/// What an array knows of its term's ellipsis: [`NoEllipsis`], [`Rest`], or [`Broadcast`].
pub trait Ellipsis: sealed::Ellipsis {}

pub(crate) mod sealed {
    use super::{Broadcast, NoEllipsis, Rest};
    use ndarray::Dimension;

    pub trait Ellipsis {
        /// The number of named axes before the ellipsis.
        fn before(&self) -> usize;
        fn extents(&self) -> &[usize];
        fn strides(&self) -> &[usize];
        fn strides_mut(&mut self) -> &mut [usize];
    }

    impl Ellipsis for NoEllipsis {
        #[inline]
        fn before(&self) -> usize {
            usize::MAX
        }
        #[inline]
        fn extents(&self) -> &[usize] {
            &[]
        }
        #[inline]
        fn strides(&self) -> &[usize] {
            &[]
        }
        #[inline]
        fn strides_mut(&mut self) -> &mut [usize] {
            &mut []
        }
    }

    impl<D: Dimension> Ellipsis for Rest<D> {
        #[inline]
        fn before(&self) -> usize {
            self.before
        }
        #[inline]
        fn extents(&self) -> &[usize] {
            self.extents.slice()
        }
        #[inline]
        fn strides(&self) -> &[usize] {
            self.strides.slice()
        }
        #[inline]
        fn strides_mut(&mut self) -> &mut [usize] {
            self.strides.slice_mut()
        }
    }

    impl Ellipsis for Broadcast {
        #[inline]
        fn before(&self) -> usize {
            self.before
        }
        #[inline]
        fn extents(&self) -> &[usize] {
            &self.extents.0
        }
        #[inline]
        fn strides(&self) -> &[usize] {
            &self.strides
        }
        #[inline]
        fn strides_mut(&mut self) -> &mut [usize] {
            &mut self.strides
        }
    }
}

impl Ellipsis for NoEllipsis {}
impl<D: Dimension> Ellipsis for Rest<D> {}
impl Ellipsis for Broadcast {}

/// The ellipsis axes of one array, borrowed from it.
#[derive(Clone, Copy)]
pub struct EllipsisAxes<'v> {
    pub(crate) extents: &'v [usize],
    /// Strides in elements, as two's complement; as many as extents.
    pub(crate) strides: &'v [usize],
    /// The position of the first of them in the array.
    pub(crate) first: usize,
    pub(crate) source: Source,
}

impl EllipsisAxes<'_> {
    fn at(&self, position: usize) -> AxisExtent {
        AxisExtent {
            extent: self.extents[position],
            source: self.source,
            axis: self.first + position,
        }
    }
}

/// The extents of an ellipsis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EllipsisExtents(SmallVec<[usize; 6]>);

impl EllipsisExtents {
    pub(crate) fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

/// Checks that the ellipses of two arrays broadcast with each other.
///
/// # Errors
///
/// If two aligned extents differ and neither is 1.
pub fn broadcasts(first: EllipsisAxes<'_>, second: EllipsisAxes<'_>) -> Result<(), ShapeError> {
    let (n, m) = (first.extents.len(), second.extents.len());
    for back in 1..=n.min(m) {
        let (x, y) = (first.extents[n - back], second.extents[m - back]);
        if x != y && x != 1 && y != 1 {
            let (first, second) = (first.at(n - back), second.at(m - back));
            return Err(fail(Problem::Broadcast { first, second }));
        }
    }
    Ok(())
}

/// Returns the extents to which ellipses that broadcast pairwise broadcast together.
#[must_use]
pub fn broadcast(ellipses: &[EllipsisAxes<'_>]) -> EllipsisExtents {
    let rank = ellipses.iter().map(|e| e.extents.len()).max().unwrap_or(0);
    let mut extents: SmallVec<[usize; 6]> = smallvec::smallvec![1; rank];
    for ellipsis in ellipses {
        let missing = rank - ellipsis.extents.len();
        for (extent, &own) in extents[missing..].iter_mut().zip(ellipsis.extents) {
            if own != 1 {
                *extent = own;
            }
        }
    }
    EllipsisExtents(extents)
}

/// Checks that the ellipsis of an output or a cotangent has exactly the extents that `operands` broadcast to.
///
/// # Errors
///
/// If it does not.
pub fn is_broadcast_of(
    result: EllipsisAxes<'_>,
    operands: &[EllipsisAxes<'_>],
) -> Result<(), ShapeError> {
    let EllipsisExtents(broadcast) = broadcast(operands);
    if result.extents == &*broadcast {
        return Ok(());
    }
    let (found, source) = (result.extents.len(), result.source);
    if found != broadcast.len() {
        return Err(fail(Problem::BroadcastRank { source, found, broadcast: broadcast.len() }));
    }
    let differs = (0..found).find(|&i| result.extents[i] != broadcast[i]).unwrap_or(0);
    let at = result.at(differs);
    Err(fail(Problem::BroadcastResult { at, broadcast: broadcast[differs] }))
}

/// Returns a witness of the dimension type to which two ellipses broadcast.
#[inline]
#[must_use]
pub fn wider<E1, E2>(
    _first: PhantomData<E1>,
    _second: PhantomData<E2>,
) -> PhantomData<<E1 as DimMax<E2>>::Output>
where
    E1: DimMax<E2> + Dimension,
    E2: Dimension,
{
    PhantomData
}
