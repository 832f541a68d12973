//! Runs of columns at equal distances in Y and in C: the points of the innermost loop. There are kernels whose tiles are parts
//! of a run, wider than those of any columns.

use super::plan::Plan;
use crate::kernel::table::{COLUMNS, EVEN_COLUMNS, EVEN_VECTORS};

/// The fewest columns of a run for which tiles of one vector, however few runs, take less time than those of pairs.
const LONG: usize = 9;

/// The columns of a block in runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Runs {
    /// The columns of the first run that are in the block, and of the others.
    pub(super) first: usize,
    pub(super) others: usize,
    /// Whether their tiles have as many columns as those of any.
    are_wide: bool,
}

impl Runs {
    /// Returns runs of so many columns, or `None` if they are too short.
    pub(super) fn of(first: usize, others: usize) -> Option<Self> {
        let are_wide = others >= others.div_ceil(EVEN_COLUMNS) * COLUMNS;
        (others >= COLUMNS).then_some(Runs { first, others, are_wide })
    }

    /// Returns the runs of a block of columns that begins with column `start`.
    pub(super) fn from(plan: &Plan, start: usize) -> Option<Self> {
        let others = plan.columns.last()?.extent;
        Self::of(others - start % others, others)
    }

    /// Whether there are kernels of one vector for tiles that are longer than those of any columns.
    #[inline]
    pub(super) fn are_long(&self) -> bool {
        self.others >= LONG
    }

    /// Whether kernels of runs are to be run on a tile of so many vectors. With one, narrow tiles would wait for their sums.
    #[inline]
    pub(super) fn are_for(&self, vectors: usize) -> bool {
        vectors <= EVEN_VECTORS && (vectors > 1 || self.are_wide)
    }
}
