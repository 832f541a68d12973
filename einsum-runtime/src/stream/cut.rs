//! Cuts sums into blocks and chunks, for threads to take.
//!
//! The way in which a sum is formed shows in its last bits. So it is cut the same way whatever the number of threads, by
//! its extents alone, and one thread takes the same chunks in the same order.

use super::divide::Elements;
use super::lane::Lane;
use super::sum::Sum;
use super::sums::BUFFER;
use crate::kernel::Dim;
use crate::threads::{self, Grid};

/// About how many parts large sums have.
const PARTS: usize = 16;

/// The least time of a chunk, in nanoseconds.
const CHUNK: usize = if cfg!(test) { 50 } else { 2_000 };

/// The elements that a chunk's are a multiple of: whole vectors, and several rows for each of four streams.
pub(super) const GRAIN: usize = 64;

/// How sums are cut.
pub(super) struct Cut {
    /// The sums that are formed at once.
    pub(super) block: usize,
    /// The chunks of every sum, if it has some: parts of a summed loop.
    pub(super) chunks: Option<Chunks>,
    /// About the time that all sums take on one thread.
    pub(super) nanoseconds: usize,
}

/// The chunks of a sum.
pub(super) struct Chunks {
    /// The summed loop that is cut, as in [`Sum::summed_loop`].
    pub(super) number: usize,
    pub(super) grid: Grid<1>,
    /// About the time that the chunks of a block of sums take on one thread.
    pub(super) nanoseconds: usize,
}

impl Cut {
    /// Cuts the sums along a loop, at every point of `kept`. `dims` are all loops.
    pub(super) fn of<T: Lane + PartialEq, const P: usize>(
        dims: &[Dim<P>],
        kept: &[Dim<P>],
        along: &Dim<P>,
        sum: &Sum<T, P>,
    ) -> Self {
        let nanoseconds = Elements::of(dims).nanoseconds(size_of::<T>());
        let whole = Cut { block: BUFFER, chunks: None, nanoseconds };
        if !threads::is_long(nanoseconds) {
            return whole;
        }
        let points = kept.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
        let parts = |block: usize| points.saturating_mul(along.extent.div_ceil(block));
        let enough = |block: usize| 2 * parts(block) >= PARTS;
        if enough(BUFFER) {
            return whole;
        }
        // Fewer rows at once are read no slower; shorter rows would be.
        if sum.is_across() {
            let block = along.extent.div_ceil(PARTS.div_ceil(points));
            let block = block.next_multiple_of(sum.grain()).min(BUFFER);
            if enough(block) {
                return Cut { block, ..whole };
            }
        }
        let parts = parts(BUFFER);
        let nanoseconds = nanoseconds / parts;
        let wanted = PARTS.div_ceil(parts).min(nanoseconds / CHUNK);
        let extent = |number: usize| sum.summed_loop(number).extent;
        let is_long = |&number: &usize| extent(number) >= 2 * wanted;
        let outermost = (0..sum.loops() - 1).find(is_long);
        let number = outermost.unwrap_or(sum.loops() - 1);
        let grain = if number + 1 == sum.loops() { GRAIN } else { 1 };
        let grid = Grid::of([extent(number)], [grain], wanted.max(1));
        let chunks = (grid.pieces() > 1).then_some(Chunks { number, grid, nanoseconds });
        Cut { chunks, ..whole }
    }
}
