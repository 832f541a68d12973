//! Runs kernels: a tile of vectors against all columns of a block.

use super::pairs::Pairs;
use crate::kernel::table::{Arguments, COLUMNS, ColumnEntry, KernelSet, Row, VectorEntry};

/// Kernels that a contraction runs.
#[derive(Clone, Copy)]
pub(super) struct Kernels {
    /// For tiles whose vectors all have all lanes.
    pub(super) full: &'static [Row],
    /// For other tiles.
    pub(super) partial: &'static [Row],
    /// For tiles of few vectors, whatever their lanes, against pairs of columns.
    pub(super) paired: &'static [Row],
    /// The mask of a vector that has all lanes.
    pub(super) all: usize,
}

impl Kernels {
    pub(super) fn broadcast(set: &KernelSet) -> Self {
        Kernels {
            full: set.broadcast,
            partial: set.masked,
            paired: set.paired.unwrap_or(&[]),
            all: (set.mask)(set.width),
        }
    }

    /// For the same, but that whole vectors of C are written around the caches.
    pub(super) fn streaming(set: &KernelSet) -> Self {
        let kernels = Self::broadcast(set);
        Kernels { full: set.streaming.unwrap_or(kernels.full), paired: &[], ..kernels }
    }

    pub(super) fn lanes(set: &KernelSet) -> Self {
        let all = (set.mask)(set.width);
        Kernels { full: set.lanes, partial: set.lanes, paired: &[], all }
    }
}

/// The columns of a block, evenly split into tiles: first `wide` tiles of `columns + 1`, then `narrow` of `columns`.
///
/// Even splitting takes at most two calls and makes no tile much narrower than others, which would waste its loads of X.
#[derive(Clone, Copy)]
pub(super) struct Split {
    columns: usize,
    wide: usize,
    narrow: usize,
}

impl Split {
    /// `columns` must not be 0.
    pub(super) fn of(columns: usize) -> Self {
        let tiles = columns.div_ceil(COLUMNS);
        let wide = columns % tiles;
        Split { columns: columns / tiles, wide, narrow: tiles - wide }
    }

    /// Returns the number of columns.
    pub(super) fn count(self) -> usize {
        (self.wide + self.narrow) * self.columns + self.wide
    }
}

/// Runs the kernels on a tile of `count` vectors and the columns, as `pairs` if the tile has few vectors.
///
/// # Safety
///
/// As [`Kernel`](crate::kernel::table::Kernel): `vectors` has `count` entries, up to the most of a tile, `columns` those
/// of `split`, and of `pairs`, and `arguments` the rest.
#[inline]
pub(super) unsafe fn sweep(
    kernels: &Kernels,
    arguments: &mut Arguments,
    vectors: *const VectorEntry,
    count: usize,
    columns: *const ColumnEntry,
    split: Split,
    pairs: Option<&Pairs>,
) {
    let mut rows = kernels.full;
    let mut i = 0;
    while i < count {
        // SAFETY: there are `count` entries.
        if unsafe { (*vectors.add(i)).mask } != kernels.all {
            rows = kernels.partial;
        }
        i += 1;
    }
    arguments.vectors = vectors;
    arguments.columns = columns;
    let mut split = split;
    if let (Some(pairs), Some(row)) = (pairs, kernels.paired.get(count - 1)) {
        (arguments.y_pair, arguments.c_pair) = (pairs.y, pairs.c);
        // SAFETY: the caller's duties.
        unsafe { run(row, arguments, pairs.tiles) };
        let Some(rest) = pairs.rest else { return };
        // The others of the pairs have been formed with them.
        arguments.columns = arguments.columns.wrapping_add(pairs.half);
        split = rest;
    }
    // SAFETY: the caller's duties.
    unsafe { run(&rows[count - 1], arguments, split) };
}

/// Runs the kernels of a row on columns, from those on that `arguments` have.
///
/// # Safety
///
/// As [`sweep`].
#[inline]
unsafe fn run(row: &Row, arguments: &mut Arguments, split: Split) {
    if split.wide > 0 {
        arguments.tiles = split.wide;
        // SAFETY: the caller's duties.
        unsafe { row[split.columns](arguments) };
    }
    if split.narrow > 0 {
        arguments.tiles = split.narrow;
        // SAFETY: the caller's duties; the first call has advanced `columns`.
        unsafe { row[split.columns - 1](arguments) };
    }
}
