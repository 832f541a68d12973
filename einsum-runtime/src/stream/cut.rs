//! Cuts sums into blocks, for threads to take.
//!
//! The way in which a sum is formed shows in its last bits. So it is cut the same way whatever the number of threads, by
//! its extents alone.

use super::divide::Elements;
use super::lane::Lane;
use super::sum::Sum;
use super::sums::BUFFER;
use crate::kernel::Dim;
use crate::threads;

/// About how many parts large sums have.
const PARTS: usize = 16;

/// How sums are cut.
pub(super) struct Cut {
    /// The sums that are formed at once.
    pub(super) block: usize,
    /// About the time that all sums take on one thread.
    pub(super) nanoseconds: usize,
}

impl Cut {
    /// Cuts the sums along a loop, at every point of `kept`. `dims` are all loops.
    pub(super) fn of<T: Lane + PartialEq, const P: usize>(
        dims: &[Dim<P>],
        kept: &[Dim<P>],
        along: &Dim<P>,
        sum: &Sum<'_, T, P>,
    ) -> Self {
        let nanoseconds = Elements::of(dims).nanoseconds(size_of::<T>());
        let whole = Cut { block: BUFFER, nanoseconds };
        if !threads::is_long(nanoseconds) {
            return whole;
        }
        let points = kept.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
        let parts = |block: usize| points.saturating_mul(along.extent.div_ceil(block));
        let enough = |block: usize| 2 * parts(block) >= PARTS;
        // Fewer rows at once are read no slower; shorter rows would be.
        if sum.is_across() && !enough(BUFFER) {
            let block = along.extent.div_ceil(PARTS.div_ceil(points));
            let block = block.next_multiple_of(sum.grain()).min(BUFFER);
            if enough(block) {
                return Cut { block, ..whole };
            }
        }
        whole
    }
}
