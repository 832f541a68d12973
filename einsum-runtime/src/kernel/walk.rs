//! Visits all points of some loops.

use smallvec::SmallVec;

use super::Dim;

/// Returns the offsets in the output and the sources of every point, the last dim running fastest.
///
/// Every extent must be 1 or more.
pub(super) fn walk<const P: usize>(dims: &[Dim<P>]) -> Walk<'_, P> {
    debug_assert!(dims.iter().all(|d| d.extent > 0), "an empty loop has no first point");
    let once = Dim { extent: 1, out: 0, sources: [0; P], summed: false };
    let (inner, outer) = dims.split_last().map_or((once, dims), |(inner, outer)| (*inner, outer));
    let index = SmallVec::from_elem(0, outer.len());
    Walk { outer, index, inner, left: inner.extent, out: 0, sources: [0; P] }
}

/// A walk over points. Only the innermost loop is compiled into its users: what they do at a point is there once.
pub(super) struct Walk<'d, const P: usize> {
    outer: &'d [Dim<P>],
    index: SmallVec<[usize; 8]>,
    inner: Dim<P>,
    /// The points that are left of the innermost loop, and the next one's offsets.
    left: usize,
    out: isize,
    sources: [isize; P],
}

impl<const P: usize> Iterator for Walk<'_, P> {
    type Item = (isize, [isize; P]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 && !self.carry() {
            return None;
        }
        self.left -= 1;
        let here = (self.out, self.sources);
        let inner = self.inner;
        self.step(&inner, 1);
        Some(here)
    }
}

impl<const P: usize> Walk<'_, P> {
    /// Goes on with the outer loops when the innermost one is over, or returns false if they are as well.
    #[inline(never)]
    fn carry(&mut self) -> bool {
        let inner = self.inner;
        self.step(&inner, inner.extent.cast_signed().wrapping_neg());
        for (number, dim) in self.outer.iter().enumerate().rev() {
            self.index[number] += 1;
            if self.index[number] < dim.extent {
                self.step(dim, 1);
                self.left = inner.extent;
                return true;
            }
            self.index[number] = 0;
            self.step(dim, 1 - dim.extent.cast_signed());
        }
        false
    }

    /// Behind its last point a loop is nowhere: its offsets may be none.
    #[inline]
    fn step(&mut self, dim: &Dim<P>, by: isize) {
        self.out = self.out.wrapping_add(dim.out.wrapping_mul(by));
        for (at, step) in self.sources.iter_mut().zip(&dim.sources) {
            *at = at.wrapping_add(step.wrapping_mul(by));
        }
    }
}
