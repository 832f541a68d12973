//! Sums that other kernels would take, but slowly.

use super::rows::{Order, by_output};
use super::{FEW, free, points};
use crate::kernel::level::Level;
use crate::kernel::{Dim, Dims};
use crate::staged::plan::{Elements, ROW, is_batch};

/// The bytes of rows that fill less than half of a vector.
const NARROW: usize = 28;

/// The bytes of an operand that a third-level cache holds.
const NEAR: usize = 16 << 20;

/// Columns from which on the engine's packing does not count.
const COLUMNS: usize = 24;

/// The most bytes of a matrix whose turned copy takes little time: six vectors.
const MATRIX: usize = 384;

/// Whether sums are over all elements of small matrices, whose rows are along different loops: `nij,nji->n`. Lanes of vectors
/// are picked when one of them is turned.
pub(in crate::staged) fn are_turned_dots(dims: &Dims<2>, elements: Elements) -> bool {
    let is_short = |d: &Dim<2>| d.summed && d.extent < ROW;
    let are_small = points(dims, |d| d.summed).saturating_mul(elements.size) <= MATRIX;
    let rows = [0, 1].map(|p| dims.iter().position(|d| d.sources[p] == 1));
    let [Some(first), Some(second)] = rows else { return false };
    let are_whole = dims.iter().all(|d| !d.sources.contains(&0));
    Level::current() == Level::Avx512
        && are_small
        && are_whole
        && first != second
        && is_short(&dims[first])
        && is_short(&dims[second])
}

/// Whether the engine would pack operands that it hardly uses, or leave lanes idle.
pub(super) fn is_slow(dims: &Dims<2>, elements: Elements) -> bool {
    let Some(unit) = dims.iter().find(|d| d.out == 1) else { return false };
    let steps = points(dims, |d| d.summed);
    if free(dims, 0).min(free(dims, 1)) == 1 || is_batch(unit) {
        return false;
    }
    // The operand whose elements are vectors.
    let x = usize::from(unit.sources[0] == 0);
    let columns = free(dims, 1 - x);
    if steps > FEW {
        // There are too few rows for a vector, but those of the other operand are adjacent in it, and so are steps.
        let y = 1 - x;
        let is_row = |d: &Dim<2>| !d.summed && d.sources[x] == 0 && d.sources[y] == 1;
        let row = dims.iter().find(|d| is_row(d)).map_or(1, |d| d.extent);
        let is_next = |d: &Dim<2>| d.summed && d.sources[y].unsigned_abs() <= 2 * row;
        let is_idle = free(dims, x) * elements.size <= NARROW;
        // From memory, tiles of two vectors of 32 bytes read a cache line of each step at a time.
        let read = points(dims, |d| d.sources[y] != 0).saturating_mul(elements.size);
        let is_wide = Level::current() == Level::Avx512 || read <= NEAR;
        return is_idle && row >= ROW && is_wide && dims.iter().any(is_next);
    }
    if unit.sources[x] == 1 {
        let rows =
            Order { staged: [false; 3], repeated: [false; 2], loops: by_output(dims) }.run(dims);
        return rows < ROW / 2 && columns > 4 * ROW;
    }
    // Vectors end where rows over X that are adjacent in the output do.
    let rows = Order { staged: [true, true, false], repeated: [false; 2], loops: by_output(dims) }
        .run(dims);
    if rows * elements.size <= NARROW && columns > 4 * ROW {
        return true;
    }
    match dims.iter().find(|d| d.sources[x] == 1) {
        Some(d) if d.summed => {
            let batch = points(dims, is_batch);
            batch > 1 && columns < COLUMNS && steps * elements.size < 64
        }
        _ => true,
    }
}
