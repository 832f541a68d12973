//! Runs kernels: a tile of vectors against all columns of a block.

use super::even::Runs;
use super::pairs::Pairs;
use crate::kernel::table::{
    Arguments, COLUMNS, ColumnEntry, Even, Kernel, KernelSet, Long, Row, VectorEntry,
};

/// How the steps of a block lie in Y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepsInY {
    Anyhow,
    /// One after the other.
    Adjacent,
    /// Those four by four, from the first one on.
    InFours,
    /// In tiles of a [copy](super::near).
    Copied,
}

/// Kernels that a contraction runs.
#[derive(Clone, Copy)]
pub(super) struct Kernels {
    /// For tiles whose vectors all have all lanes.
    pub(super) full: &'static [Row],
    /// For other tiles.
    pub(super) partial: &'static [Row],
    /// For tiles of few vectors, whatever their lanes, against pairs of columns.
    pub(super) paired: &'static [Row],
    /// For tiles of columns at equal distances, whatever the lanes.
    pub(super) even: Option<&'static Even>,
    /// For tiles of one vector and many columns at equal distances.
    pub(super) long: Option<&'static Long>,
    /// The mask of a vector that has all lanes.
    pub(super) all: usize,
}

impl Kernels {
    pub(super) fn broadcast(set: &KernelSet) -> Self {
        Kernels {
            full: set.broadcast,
            partial: set.masked,
            paired: set.paired.unwrap_or(&[]),
            even: set.even,
            long: set.long,
            all: (set.mask)(set.width),
        }
    }

    /// For panels, whose steps lie so in Y.
    pub(super) fn panels(set: &KernelSet, steps: StepsInY) -> Self {
        let kernels = Self::broadcast(set);
        let Some([anyhow, adjacent, copied]) = set.panels else { return kernels };
        let full = match steps {
            StepsInY::Anyhow | StepsInY::InFours => anyhow,
            StepsInY::Adjacent => adjacent,
            StepsInY::Copied => copied,
        };
        Kernels { full, even: None, ..kernels }
    }

    /// For the same, but that whole vectors of C are written around the caches.
    pub(super) fn streaming(set: &KernelSet) -> Self {
        let kernels = Self::broadcast(set);
        Kernels {
            full: set.streaming.unwrap_or(kernels.full),
            paired: &[],
            even: None,
            long: None,
            ..kernels
        }
    }

    pub(super) fn lanes(set: &KernelSet) -> Self {
        let all = (set.mask)(set.width);
        Kernels { full: set.lanes, partial: set.lanes, paired: &[], even: None, long: None, all }
    }
}

/// The columns of a block, evenly split into tiles: first `wide` tiles of `columns + 1`, then `narrow` of `columns`.
///
/// Even splitting takes at most two calls and makes no tile much narrower than others, which would waste its loads of X.
#[derive(Clone, Copy)]
pub(super) struct Split {
    pub(super) columns: usize,
    pub(super) wide: usize,
    pub(super) narrow: usize,
}

impl Split {
    /// `columns` must not be 0.
    pub(super) fn of(columns: usize) -> Self {
        Self::into(COLUMNS, columns)
    }

    /// Splits into tiles of at most `most` columns.
    #[inline]
    pub(super) fn into(most: usize, columns: usize) -> Self {
        // Divisions would take a good part of the time of one small product.
        if columns <= most {
            return Split { columns, wide: 0, narrow: 1 };
        }
        let tiles = columns.div_ceil(most);
        let wide = columns % tiles;
        Split { columns: columns / tiles, wide, narrow: tiles - wide }
    }

    #[inline]
    pub(super) fn tiles(self) -> usize {
        self.wide + self.narrow
    }

    /// Returns the number of columns.
    pub(super) fn count(self) -> usize {
        self.tiles() * self.columns + self.wide
    }
}

/// How the columns of a table are taken.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// By tiles of any vectors.
    pub(super) split: Split,
    /// By tiles of few vectors, if columns make pairs and that is worth it; else by those of up to three, if columns make runs.
    pub(super) pairs: Option<Pairs>,
    pub(super) runs: Option<Runs>,
}

impl From<Split> for Cut {
    fn from(split: Split) -> Self {
        Cut { split, pairs: None, runs: None }
    }
}

/// Runs the kernels on a tile of `count` vectors and the columns: in pairs if the tile has few vectors, or else in runs.
///
/// # Safety
///
/// As [`Kernel`]: `vectors` has `count` entries, up to the most of a tile, `columns` those of the cut, and `arguments` the
/// rest.
#[inline]
pub(super) unsafe fn sweep(
    kernels: &Kernels,
    arguments: &mut Arguments,
    vectors: *const VectorEntry,
    count: usize,
    columns: *const ColumnEntry,
    cut: &Cut,
) {
    arguments.vectors = vectors;
    arguments.columns = columns;
    let (mut split, mut runs) = (cut.split, cut.runs.as_ref());
    if let (1, Some(runs), Some(long)) = (count, runs, kernels.long)
        && runs.are_long()
    {
        // SAFETY: the caller's duties.
        return unsafe { run_even(long, arguments, runs, split.count()) };
    }
    if let (Some(pairs), Some(row)) = (&cut.pairs, kernels.paired.get(count - 1)) {
        (arguments.y_apart, arguments.c_apart) = (pairs.y, pairs.c);
        // SAFETY: the caller's duties.
        unsafe { run(row, arguments, pairs.tiles) };
        let Some(rest) = pairs.rest else { return };
        // The others of the pairs have been formed with them.
        arguments.columns = arguments.columns.wrapping_add(pairs.half);
        (split, runs) = (rest, None);
    }
    if let (Some(runs), Some(even)) = (runs, kernels.even)
        && runs.are_for(count)
    {
        // SAFETY: the caller's duties.
        return unsafe { run_even(&even[count - 1], arguments, runs, split.count()) };
    }
    let mut rows = kernels.full;
    let mut i = 0;
    while i < count {
        // SAFETY: there are `count` entries.
        if unsafe { (*vectors.add(i)).mask } != kernels.all {
            rows = kernels.partial;
        }
        i += 1;
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
unsafe fn run(row: &[Kernel], arguments: &mut Arguments, split: Split) {
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

/// Runs the kernels of a row on runs of `count` columns together.
///
/// # Safety
///
/// As [`sweep`].
unsafe fn run_even(row: &[Kernel], arguments: &mut Arguments, runs: &Runs, count: usize) {
    let mut left = count;
    let mut run_of = runs.first.min(count);
    while left > 0 {
        // SAFETY: the table has the columns that are left.
        unsafe {
            let column = arguments.columns;
            (arguments.y_apart, arguments.c_apart) = if run_of > 1 {
                let (first, second) = (*column, *column.add(1));
                (second.y.wrapping_sub(first.y), second.c.wrapping_sub(first.c))
            } else {
                (0, 0)
            };
            run(row, arguments, Split::into(row.len(), run_of));
        }
        left -= run_of;
        run_of = runs.others.min(left);
    }
}
