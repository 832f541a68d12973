//! A tensor in memory, in every layout that an operand or an output can have.

#![allow(dead_code, reason = "each test binary uses a part")]

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, Slice};

use crate::oracle::{Number, Tensor};
use crate::random::Rng;

/// How a tensor lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The last axis is contiguous.
    C,
    /// The first axis is contiguous.
    F,
    /// The axes are in a random order.
    Permuted,
    /// Every second element of a larger array.
    Strided,
    /// The inside of a larger array.
    Interior,
    /// Some axes run backwards.
    Reversed,
    /// Some axes have stride 0. Only for operands, whose data becomes constant along them.
    Broadcast,
    /// All of the above, a random one for each axis.
    Mixed,
}

impl Layout {
    pub(crate) const ALL: [Layout; 8] = [
        Layout::C,
        Layout::F,
        Layout::Permuted,
        Layout::Strided,
        Layout::Interior,
        Layout::Reversed,
        Layout::Broadcast,
        Layout::Mixed,
    ];
    /// The others can have an element in several places.
    pub(crate) const WRITABLE: &[Layout] = Self::ALL.split_at(Layout::Broadcast as usize).0;
}

/// An array of which a part, in some order, is the tensor.
pub(crate) struct Stored<T> {
    base: ArrayD<T>,
    /// The axis of `base` for each axis of the tensor.
    order: Vec<usize>,
    slices: Vec<Slice>,
}

impl<T: Number> Stored<T> {
    /// Stores a tensor; its data is changed where the layout demands it.
    pub(crate) fn new(tensor: &mut Tensor<T>, layout: Layout, rng: &mut Rng) -> Self {
        let rank = tensor.shape.len();
        let mut array = ArrayD::from_shape_vec(tensor.shape.clone(), tensor.data.clone()).unwrap();
        let mut order: Vec<usize> = (0..rank).collect();
        match layout {
            Layout::F => order.reverse(),
            Layout::Permuted | Layout::Mixed => rng.shuffle(&mut order),
            _ => {}
        }
        let steps: &[isize] = match layout {
            Layout::Strided => &[2],
            Layout::Interior => &[3],
            Layout::Reversed => &[1, -1],
            Layout::Broadcast => &[1, 0],
            Layout::Mixed => &[1, 2, -1, -2, 0],
            Layout::C | Layout::F | Layout::Permuted => &[1],
        };
        let mut slices = Vec::new();
        let mut base_shape = vec![0; rank];
        for axis in 0..rank {
            let extent = tensor.shape[axis];
            let (slice, length) = match rng.pick(steps) {
                0 if extent > 0 => {
                    array.slice_axis_inplace(Axis(axis), Slice::from(0..1));
                    (Slice::new(0, None, 1), 1)
                }
                2 => (Slice::new(1, None, 2), 2 * extent + 1),
                3 => (Slice::new(1, Some(extent as isize + 1), 1), extent + 2),
                // A slice that runs backwards begins at its end.
                -2 => (Slice::new(1, Some((2 * extent).max(1) as isize), -2), 2 * extent + 1),
                -1 => (Slice::new(0, None, -1), extent),
                _ => (Slice::new(0, None, 1), extent),
            };
            slices.push(slice);
            base_shape[order[axis]] = length;
        }
        let full = array.broadcast(tensor.shape.as_slice()).unwrap();
        tensor.data = full.iter().copied().collect();
        let mut stored = Stored { base: ArrayD::from_elem(base_shape, gap()), order, slices };
        stored.view_mut().assign(&array);
        stored
    }

    /// The tensor, still with extent 1 where it is to be broadcast.
    pub(crate) fn view(&self) -> ArrayViewD<'_, T> {
        let mut view = self.base.view().permuted_axes(self.order.clone());
        view.slice_each_axis_inplace(|axis| self.slices[axis.axis.index()]);
        view
    }

    pub(crate) fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let mut view = self.base.view_mut().permuted_axes(self.order.clone());
        view.slice_each_axis_inplace(|axis| self.slices[axis.axis.index()]);
        view
    }

    /// Whether the elements between those of the tensor are as they were.
    pub(crate) fn has_clean_gaps(mut self) -> bool {
        self.view_mut().fill(gap());
        self.base.iter().all(|&element| element == gap())
    }
}

/// What lies between the elements of a tensor: it must never be read or written.
fn gap<T: Number>() -> T {
    T::new(77, 77)
}
