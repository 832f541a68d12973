//! Arrays between the nests of a call, in memory that the thread keeps: in C order, or adjacent along another axis than
//! the last.

use core::alloc::Layout;

use smallvec::SmallVec;

use crate::execute::Out;
use crate::kept::Kept;
use crate::kernel::raw::RawMode;
use crate::layout::{Axes, Steps};

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

/// The shape of a new array, in C order unless that is [changed](COrder::lay_along): named axes and those of an ellipsis.
pub(crate) struct COrder {
    /// The extents of the named axes, their strides, and the same of the others.
    axes: SmallVec<[usize; 16]>,
    named: usize,
    /// The number of elements.
    pub(crate) len: usize,
}

impl COrder {
    /// `named` axes, whose extents are to be [written](COrder::named_mut) before it is [laid](COrder::lay), and those of an
    /// ellipsis.
    #[inline]
    pub(crate) fn new(named: usize, rest: &[usize]) -> Self {
        let mut axes = SmallVec::from_elem(0, 2 * named + 2 * rest.len());
        if !rest.is_empty() {
            axes[2 * named..2 * named + rest.len()].copy_from_slice(rest);
        }
        COrder { axes, named, len: 0 }
    }

    /// The extents of the named axes.
    #[inline]
    pub(crate) fn named_mut(&mut self) -> &mut [usize] {
        &mut self.axes[..self.named]
    }

    /// Computes the strides from all extents, `before` of the named axes standing before those of the ellipsis.
    ///
    /// # Panics
    ///
    /// If the product of all extents but zeros exceeds `isize::MAX`.
    #[inline]
    pub(crate) fn lay(&mut self, before: usize) {
        let named = self.named;
        let count = self.axes.len() / 2 - named;
        let axes: &mut [usize] = &mut self.axes;
        // Strides where an extent is 0 are those where it is 1: nobody walks along them.
        let (mut stride, mut is_empty) = (1_usize, false);
        let mut position = named + count;
        while position > 0 {
            position -= 1;
            // In the order of the array's axes.
            let (extent, to) = if position >= before.min(named) + count {
                (position - count, position - count + named)
            } else if position >= before.min(named) {
                let own = 2 * named + position - before.min(named);
                (own, own + count)
            } else {
                (position, position + named)
            };
            axes[to] = stride;
            is_empty |= axes[extent] == 0;
            match stride.checked_mul(axes[extent].max(1)) {
                Some(next) if isize::try_from(next).is_ok() => stride = next,
                _ => panic!("einloom: internal error: unchecked extents of a new array"),
            }
        }
        self.len = if is_empty { 0 } else { stride };
    }

    /// Lays the axes out as [`lay`](COrder::lay) does, but with the named `axis` innermost. There is no ellipsis.
    ///
    /// # Panics
    ///
    /// As [`lay`](COrder::lay).
    pub(crate) fn lay_along(&mut self, axis: usize) {
        self.lay(usize::MAX);
        let (extents, strides) = self.axes.split_at_mut(self.named);
        // Axes within it move apart, by no more than all elements; those outside of it stay where they are.
        for stride in &mut strides[axis + 1..] {
            *stride *= extents[axis].max(1);
        }
        strides[axis] = 1;
    }

    /// Returns all extents in the order of the axes.
    pub(crate) fn in_order(&self, before: usize) -> SmallVec<[usize; 8]> {
        let Axes { named, rest, .. } = self.axes();
        let (left, right) = named.extents.split_at(before.min(self.named));
        left.iter().chain(rest.extents).chain(right).copied().collect()
    }

    #[inline]
    pub(crate) fn axes(&self) -> Axes<'_> {
        let (named, rest) = self.axes.split_at(2 * self.named);
        Axes { named: Steps::of(named), rest: Steps::of(rest), found: self.axes.len() / 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(len: usize) -> COrder {
        let mut shape = COrder::new(1, &[]);
        shape.named_mut()[0] = len;
        shape.lay(0);
        shape
    }

    #[test]
    fn c_order() {
        for before in 0..=3 {
            let mut shape = COrder::new(3, &[5, 7]);
            shape.named_mut().copy_from_slice(&[2, 3, 4]);
            shape.lay(before);
            let all = shape.in_order(before);
            let Axes { named, rest, .. } = shape.axes();
            let mut strides = named.strides.to_vec();
            strides.splice(before..before, rest.strides.iter().copied());
            let mut stride = 1;
            for (extent, own) in all.iter().zip(strides).rev() {
                assert_eq!(own, stride);
                stride *= extent;
            }
            assert_eq!((stride, shape.len), (840, 840));
        }
        assert_eq!(line(0).len, 0);
        let mut none = COrder::new(0, &[]);
        none.lay(0);
        assert_eq!(none.len, 1);
    }

    #[test]
    fn another_axis_innermost() {
        for (axis, extents) in [(0, [3, 4, 5]), (1, [3, 4, 5]), (2, [3, 4, 5]), (0, [2, 5, 0])] {
            let mut shape = COrder::new(3, &[]);
            shape.named_mut().copy_from_slice(&extents);
            shape.lay_along(axis);
            let mut all: Vec<(usize, usize)> =
                shape.axes().named.strides.iter().copied().zip(extents).collect();
            assert_eq!(all[axis].0, 1);
            all.sort_unstable();
            let mut stride = 1;
            for (own, extent) in all {
                assert_eq!(own, stride);
                stride *= extent.max(1);
            }
        }
    }

    #[test]
    #[should_panic(expected = "unchecked extents of a new array")]
    fn too_large() {
        line(1 << 63);
    }
}
