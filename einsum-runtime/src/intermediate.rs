//! Arrays between the nests of a call, in memory that the thread keeps: in C order, or adjacent along another axis than
//! the last.

use core::alloc::Layout;

use smallvec::SmallVec;

use crate::execute::Out;
use crate::kept::Kept;
use crate::kernel::raw::RawMode;
use crate::layout::{Axes, MOST, Steps};

/// A new array.
pub(crate) struct Intermediate {
    memory: Kept,
    pub(crate) shape: COrder,
}

impl Intermediate {
    /// Returns uninitialised room for the elements of `shape`.
    #[inline]
    pub(crate) fn new(shape: COrder, element: Layout) -> Self {
        // The check before any loop has compared the product with `isize::MAX`.
        let memory = Kept::new(shape.len * element.size(), element.align());
        Intermediate { memory, shape }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.memory.as_ptr()
    }

    /// Returns it as a target.
    #[inline]
    pub(crate) fn out(&mut self, mode: RawMode) -> Out<'_> {
        Out { ptr: self.memory.as_mut_ptr(), axes: self.shape.axes(), mode }
    }
}

/// So many axes of a new array are listed on the stack.
const AXES: usize = 8;

/// The shape of a new array, in C order unless that is [changed](COrder::lay_along): named axes and those of an ellipsis.
// In a debug build `SmallVec`s would take longer than a tiny nest.
pub(crate) struct COrder {
    /// Of the named axes, then of those of the ellipsis, if they are few.
    extents: [usize; AXES],
    strides: [isize; AXES],
    /// The same of more.
    more: Option<(Vec<usize>, Vec<isize>)>,
    /// The number of all axes, and of the named ones.
    count: usize,
    named: usize,
    /// The number of elements.
    pub(crate) len: usize,
}

impl COrder {
    /// `named` axes with these extents, and those of an ellipsis, which stand before axis `before`.
    ///
    /// # Panics
    ///
    /// If the product of all extents but zeros exceeds `isize::MAX`, or one is not known.
    #[inline]
    pub(crate) fn new(
        named: usize,
        extent: impl Fn(usize) -> Option<usize>,
        rest: &[usize],
        before: usize,
    ) -> Self {
        let rest_len = rest.len();
        let count = named + rest_len;
        let mut shape =
            COrder { extents: [0; AXES], strides: [0; AXES], more: None, count, named, len: 0 };
        if count > AXES {
            shape.more = Some((vec![0; count], vec![0; count]));
        }
        let (extents, strides) = shape.all_mut();
        // Strides where an extent is 0 are those where it is 1: nobody walks along them.
        let (mut stride, mut is_empty) = (1_usize, false);
        let mut position = count;
        while position > 0 {
            position -= 1;
            let (axis, extent) = if position < before {
                (position, extent(position))
            } else if position < before + rest_len {
                (position - before + named, Some(rest[position - before]))
            } else {
                (position - rest_len, extent(position - rest_len))
            };
            let Some(extent) = extent else { panic!("{UNCHECKED}") };
            (extents[axis], strides[axis]) = (extent, stride.cast_signed());
            if extent == 0 {
                is_empty = true;
                continue;
            }
            match stride.checked_mul(extent) {
                Some(next) if next <= MOST => stride = next,
                _ => panic!("{UNCHECKED}"),
            }
        }
        shape.len = if is_empty { 0 } else { stride };
        shape
    }

    #[inline]
    fn all(&self) -> Steps<'_> {
        match &self.more {
            None => {
                Steps { extents: &self.extents[..self.count], strides: &self.strides[..self.count] }
            }
            Some((extents, strides)) => Steps { extents, strides },
        }
    }

    #[inline]
    fn all_mut(&mut self) -> (&mut [usize], &mut [isize]) {
        match &mut self.more {
            None => (&mut self.extents, &mut self.strides),
            Some((extents, strides)) => (extents, strides),
        }
    }

    /// Lays the named `axis` innermost. There is no ellipsis.
    pub(crate) fn lay_along(&mut self, axis: usize) {
        let named = self.named;
        let (extents, strides) = self.all_mut();
        let own = extents[axis].max(1).cast_signed();
        // Axes within it move apart, by no more than all elements; those outside of it stay where they are.
        for stride in &mut strides[axis + 1..named] {
            *stride *= own;
        }
        strides[axis] = 1;
    }

    #[inline]
    pub(crate) fn axes(&self) -> Axes<'_> {
        let (all, found) = (self.all(), self.count);
        // Most terms have no ellipsis.
        if found == self.named {
            return Axes { named: all, rest: Steps::NONE, found };
        }
        let (named, rest) = all.split(self.named);
        Axes { named, rest, found }
    }
}

/// Returns all extents in the order of the axes, `before` of the named ones standing before those of the ellipsis.
pub(crate) fn in_order(axes: &Axes<'_>, before: usize) -> SmallVec<[usize; 8]> {
    let Axes { named, rest, .. } = axes;
    let (left, right) = named.extents.split_at(before.min(named.extents.len()));
    left.iter().chain(rest.extents).chain(right).copied().collect()
}

const UNCHECKED: &str = "einloom: internal error: unchecked extents of a new array";

#[cfg(test)]
mod tests {
    use super::*;

    fn line(len: usize) -> COrder {
        COrder::new(1, |_| Some(len), &[], 1)
    }

    #[test]
    fn c_order() {
        for before in 0..=3 {
            let shape = COrder::new(3, |axis| Some([2, 3, 4][axis]), &[5, 7], before);
            let all = in_order(&shape.axes(), before);
            let Axes { named, rest, .. } = shape.axes();
            let mut strides = named.strides.to_vec();
            strides.splice(before..before, rest.strides.iter().copied());
            let mut stride = 1;
            for (extent, own) in all.iter().zip(strides).rev() {
                assert_eq!(own, stride);
                stride *= extent.cast_signed();
            }
            assert_eq!((stride, shape.len), (840, 840));
        }
        assert_eq!(line(0).len, 0);
        assert_eq!(COrder::new(0, |_| None, &[], 0).len, 1);
    }

    #[test]
    fn another_axis_innermost() {
        for (axis, extents) in [(0, [3, 4, 5]), (1, [3, 4, 5]), (2, [3, 4, 5]), (0, [2, 5, 0])] {
            let mut shape = COrder::new(3, |axis| Some(extents[axis]), &[], 3);
            shape.lay_along(axis);
            let mut all: Vec<(isize, usize)> =
                shape.axes().named.strides.iter().copied().zip(extents).collect();
            assert_eq!(all[axis].0, 1);
            all.sort_unstable();
            let mut stride = 1;
            for (own, extent) in all {
                assert_eq!(own, stride);
                stride *= extent.max(1).cast_signed();
            }
        }
    }

    #[test]
    #[should_panic(expected = "unchecked extents of a new array")]
    fn too_large() {
        line(1 << 63);
    }
}
