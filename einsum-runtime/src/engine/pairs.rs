//! Pairs of columns, for kernels that form two where the table has one. A tile of few vectors leaves registers for as many
//! columns again: each vector of X, which comes from the second-level cache if sums are long, is then read half as often.
//!
//! ```text
//! a block of columns     0 1 2 … h−1 │ h h+1 … 2h−1 │ the rest
//! pairs                  (0, h) (1, h+1) … (h−1, 2h−1)      where all are equally far apart, in Y and in C
//! ```
//!
//! That is so where half a loop's points are left out from one of a pair to the other.

use super::loops::{Loop, points};
use super::sweep::Split;
use crate::kernel::table::{COLUMNS, ColumnEntry};

/// The pairs of a table.
#[derive(Clone, Copy)]
pub(super) struct Pairs {
    /// The pairs in tiles, and how far the two columns of each are apart.
    pub(super) half: usize,
    pub(super) tiles: Split,
    pub(super) y: isize,
    pub(super) c: isize,
    /// The columns after them.
    pub(super) rest: Option<Split>,
}

impl Pairs {
    /// Finds pairs in a table of `count` columns that follow each other along some loops, if that makes fewer tiles.
    ///
    /// # Safety
    ///
    /// The table has so many entries.
    pub(super) unsafe fn of(
        table: *const ColumnEntry,
        count: usize,
        loops: &[Loop],
    ) -> Option<Self> {
        let mut depth = 0;
        while depth < loops.len() {
            depth += 1;
            let inside = points(&loops[depth..]);
            let half = count / 2 / inside * inside;
            // SAFETY: the caller's duty.
            let distance = if half > 0 { unsafe { distance(table, half) } } else { None };
            if let Some([y, c]) = distance {
                let rest = count - 2 * half;
                let tiles = half.div_ceil(COLUMNS) + rest.div_ceil(COLUMNS);
                let is_fewer = tiles < count.div_ceil(COLUMNS);
                let rest = (rest > 0).then(|| Split::of(rest));
                return is_fewer.then(|| Pairs { half, tiles: Split::of(half), y, c, rest });
            }
        }
        None
    }
}

/// Returns how far columns are from those `half` before them, if that is the same for all.
///
/// # Safety
///
/// The table has twice as many entries.
unsafe fn distance(table: *const ColumnEntry, half: usize) -> Option<[isize; 2]> {
    // SAFETY: the caller's duty.
    let apart = |j: usize| unsafe {
        let (first, second) = (*table.add(j), *table.add(j + half));
        [second.y.wrapping_sub(first.y), second.c.wrapping_sub(first.c)]
    };
    let all = apart(0);
    let mut j = 1;
    while j < half {
        if apart(j) != all {
            return None;
        }
        j += 1;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns along loops, from one on: a pair of each is as far apart as the table has it, and none is left out.
    #[test]
    fn pairs() {
        let table = |extents: [usize; 2], start: usize, count: usize| -> Vec<ColumnEntry> {
            let entry = |point: usize| {
                let [outer, inner] =
                    [point / extents[1], point % extents[1]].map(usize::cast_signed);
                ColumnEntry { y: 1000 * outer + 4 * inner, c: 8 * outer + 640 * inner }
            };
            (start..start + count).map(entry).collect()
        };
        // The columns, and the most that pairs can have of them.
        for (extents, start, count, expected) in [
            ([1, 8], 0, 8, Some((4, 0))),
            ([4, 7], 0, 28, Some((14, 0))),
            ([5, 7], 0, 35, Some((14, 7))),
            ([5, 7], 7, 28, Some((14, 0))),
            ([2, 25], 3, 20, Some((10, 0))),
            // Halves of two rows are not equally far apart, and few columns are no fewer tiles.
            ([9, 20], 10, 26, None),
            ([9, 7], 3, 9, None),
            ([1, 7], 0, 7, None),
        ] {
            let loops = extents.map(|extent| Loop { extent, x: 0, y: 0, c: 0 });
            let columns = table(extents, start, count);
            // SAFETY: the table has so many.
            let found = unsafe { Pairs::of(columns.as_ptr(), count, &loops) };
            let rest = |pairs: &Pairs| pairs.rest.map_or(0, Split::count);
            assert_eq!(found.as_ref().map(|pairs| (pairs.half, rest(pairs))), expected);
            if let Some(pairs) = found {
                assert_eq!(pairs.tiles.count(), pairs.half);
                for (first, second) in columns.iter().zip(&columns[pairs.half..]).take(pairs.half) {
                    assert_eq!([second.y - first.y, second.c - first.c], [pairs.y, pairs.c]);
                }
            }
        }
    }
}
