//! The axes that an ellipsis stands for, and how those of several arrays broadcast: aligned at their last axes,
//! extent 1 with any other.

use core::marker::PhantomData;

use ndarray::{DimMax, Dimension};
use smallvec::{SmallVec, smallvec};

use crate::error::{Problem, ShapeError};
use crate::source::{AxisExtent, Source};

/// A term without an ellipsis.
#[derive(Clone, Copy)]
pub struct NoEllipsis;

/// The axes of an ellipsis, of the dimension type `D`.
#[derive(Clone)]
pub struct Rest<D> {
    /// All extents, then all strides, in elements and as two's complement: one list, as users' crates compile it.
    axes: SmallVec<[usize; 8]>,
    dimension: PhantomData<D>,
}

impl<D> Rest<D> {
    pub(crate) fn new(count: usize) -> Self {
        Rest { axes: smallvec![0; 2 * count], dimension: PhantomData }
    }

    pub(crate) fn set(&mut self, axis: usize, extent: usize, stride: isize) {
        let count = self.axes.len() / 2;
        self.axes[axis] = extent;
        self.axes[count + axis] = stride.cast_unsigned();
    }
}

/// What an array knows of its term's ellipsis: [`NoEllipsis`] or [`Rest`].
pub trait Ellipsis: sealed::Ellipsis {}

pub(crate) mod sealed {
    use super::{NoEllipsis, Rest};
    use crate::layout::Steps;

    pub trait Ellipsis {
        const IS_SOME: bool;
        /// Returns the axes that it stands for.
        fn axes(&self) -> Steps<'_>;
    }

    impl Ellipsis for NoEllipsis {
        const IS_SOME: bool = false;
        #[inline]
        fn axes(&self) -> Steps<'_> {
            Steps::NONE
        }
    }

    impl<D> Ellipsis for Rest<D> {
        const IS_SOME: bool = true;
        #[inline]
        fn axes(&self) -> Steps<'_> {
            Steps::of(&self.axes)
        }
    }
}

impl Ellipsis for NoEllipsis {}
impl<D> Ellipsis for Rest<D> {}

/// The extents of the ellipsis of one array, and which of its axes they are.
#[derive(Clone, Copy)]
pub(crate) struct EllipsisExtents<'v> {
    pub(crate) extents: &'v [usize],
    /// The position of the first of them in the array.
    pub(crate) first: usize,
    pub(crate) source: Source,
}

impl EllipsisExtents<'_> {
    fn at(&self, position: usize) -> AxisExtent {
        AxisExtent {
            extent: self.extents[position],
            source: self.source,
            axis: self.first + position,
        }
    }
}

/// Extents of any number of axes.
pub(crate) type Extents = SmallVec<[usize; 8]>;

/// Checks that the ellipses of two arrays broadcast with each other.
///
/// # Errors
///
/// If two aligned extents differ and neither is 1.
pub(crate) fn broadcasts(
    first: EllipsisExtents<'_>,
    second: EllipsisExtents<'_>,
) -> Result<(), ShapeError> {
    let (n, m) = (first.extents.len(), second.extents.len());
    for back in 1..=n.min(m) {
        let (x, y) = (first.extents[n - back], second.extents[m - back]);
        if x != y && x != 1 && y != 1 {
            let (first, second) = (first.at(n - back), second.at(m - back));
            return Err(ShapeError::new(Problem::Broadcast { first, second }));
        }
    }
    Ok(())
}

/// Broadcasts extents with those of one more ellipsis; all that come together here broadcast pairwise.
pub(crate) fn broadcast(extents: &mut Extents, ellipsis: &[usize]) {
    while extents.len() < ellipsis.len() {
        extents.insert(0, 1);
    }
    let missing = extents.len() - ellipsis.len();
    for (extent, &own) in extents[missing..].iter_mut().zip(ellipsis) {
        if own != 1 {
            *extent = own;
        }
    }
}

/// Checks that the ellipsis of an output or a cotangent has exactly the extents that the operands broadcast to.
///
/// # Errors
///
/// If it does not.
pub(crate) fn is_broadcast(
    result: EllipsisExtents<'_>,
    broadcast: &[usize],
) -> Result<(), ShapeError> {
    if result.extents == broadcast {
        return Ok(());
    }
    let (found, source) = (result.extents.len(), result.source);
    if found != broadcast.len() {
        let broadcast = broadcast.len();
        return Err(ShapeError::new(Problem::BroadcastRank { source, found, broadcast }));
    }
    let differs = (0..found).find(|&i| result.extents[i] != broadcast[i]).unwrap_or(0);
    let at = result.at(differs);
    Err(ShapeError::new(Problem::BroadcastResult { at, broadcast: broadcast[differs] }))
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
