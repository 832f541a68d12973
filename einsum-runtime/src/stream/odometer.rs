//! Visits the points of outer loops. Lean also where nothing is inlined: debug builds run it between any two kernels.

use smallvec::SmallVec;

use crate::kernel::Dim;

/// Offsets in the output and the sources at a point of some loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At<const P: usize> {
    pub(super) out: isize,
    pub(super) sources: [isize; P],
}

/// A point of some loops, of which the last runs fastest.
pub(super) struct Odometer<'d, const P: usize> {
    dims: &'d [Dim<P>],
    index: SmallVec<[usize; 8]>,
    pub(super) at: At<P>,
}

impl<'d, const P: usize> Odometer<'d, P> {
    /// Starts at the first point. Every extent must be 1 or more.
    pub(super) fn new(dims: &'d [Dim<P>]) -> Self {
        let mut index = SmallVec::new();
        index.resize(dims.len(), 0);
        Odometer { dims, index, at: At { out: 0, sources: [0; P] } }
    }

    /// Starts at a point, counted in the order of the loops.
    pub(super) fn from(dims: &'d [Dim<P>], point: usize) -> Self {
        let mut odometer = Odometer::new(dims);
        // Divisions would take a good part of the time of a small nest.
        if point == 0 {
            return odometer;
        }
        let mut rest = point;
        for (dim, index) in dims.iter().zip(&mut odometer.index).rev() {
            *index = rest % dim.extent;
            rest /= dim.extent;
            let by = index.cast_signed();
            odometer.at.out += dim.out * by;
            for (at, step) in odometer.at.sources.iter_mut().zip(dim.sources) {
                *at += step * by;
            }
        }
        odometer
    }

    /// Goes to the next point, or returns false after the last.
    pub(super) fn advance(&mut self) -> bool {
        let index = self.index.as_mut_slice();
        let mut i = self.dims.len();
        while i > 0 {
            i -= 1;
            let dim = &self.dims[i];
            let next = index[i] + 1;
            let back = next == dim.extent;
            // A loop that starts over goes back by all its steps.
            let by = if back { 1 - dim.extent as isize } else { 1 };
            index[i] = if back { 0 } else { next };
            self.at.out += dim.out * by;
            let mut p = 0;
            while p < P {
                self.at.sources[p] += dim.sources[p] * by;
                p += 1;
            }
            if !back {
                return true;
            }
        }
        false
    }
}
