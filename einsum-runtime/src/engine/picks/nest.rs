//! Nests over many points of one loop.

use crate::kernel::Dim;

/// The most other loops.
pub(super) const LOOPS: usize = 4;

/// The long loop of a nest, and the others. Steps are in elements.
#[derive(Clone, Copy)]
pub(super) struct Nest<const P: usize> {
    pub(super) along: Dim<P>,
    inner: [Dim<P>; LOOPS],
    loops: usize,
    /// Whether the long loop is summed over: its step in the output then leads to another sum of the same block.
    pub(super) is_total: bool,
}

/// Returns the step of a loop in a source, or in the output, which is array `P`.
pub(super) fn step<const P: usize>(dim: &Dim<P>, array: usize) -> isize {
    if array < P { dim.sources[array] } else { dim.out }
}

impl<const P: usize> Nest<P> {
    /// Returns the nest whose long loop has this number, if the others are few.
    pub(super) fn of(dims: &[Dim<P>], long: usize) -> Option<Self> {
        if dims.len() > LOOPS + 1 {
            return None;
        }
        let along = dims[long];
        let (mut inner, mut loops) = ([along; LOOPS], 0);
        for (i, dim) in dims.iter().enumerate() {
            if i != long {
                inner[loops] = *dim;
                loops += 1;
            }
        }
        Some(Nest { along, inner, loops, is_total: false })
    }

    pub(super) fn inner(&self) -> &[Dim<P>] {
        &self.inner[..self.loops]
    }

    pub(super) fn inner_mut(&mut self) -> &mut [Dim<P>] {
        &mut self.inner[..self.loops]
    }

    /// Returns the points of the other loops that are summed, or are not.
    pub(super) fn points(&self, summed: bool) -> usize {
        let loops = self.inner().iter().filter(|d| d.summed == summed);
        loops.fold(1_usize, |n, d| n.saturating_mul(d.extent))
    }

    /// Returns how far apart the elements of a point are that lie furthest from each other, of all arrays, and one more.
    pub(super) fn reach(&self) -> usize {
        let of_array = |array: usize| {
            let reach = |d: &Dim<P>| step(d, array).unsigned_abs().saturating_mul(d.extent - 1);
            self.inner().iter().fold(1_usize, |n, d| n.saturating_add(reach(d)))
        };
        (0..=P).fold(0, |most, array| most.max(of_array(array)))
    }

    /// Returns how many elements all arrays have for a point of the long loop.
    pub(super) fn elements(&self) -> usize {
        let own = |array: usize| {
            let is_total = self.is_total && array == P;
            let is_own = |d: &&Dim<P>| step(d, array) != 0 && !is_total;
            let inner = self.inner().iter().filter(is_own);
            let is_read = step(&self.along, array) != 0 && !is_total;
            if is_read { inner.fold(1_usize, |n, d| n.saturating_mul(d.extent)) } else { 0 }
        };
        (0..=P).fold(0_usize, |n, array| n.saturating_add(own(array)))
    }
}
