//! The time of planes: as one row, and of their rows.

use super::super::masks::SHORT;
use super::super::padding::Bounds;
use super::super::parts::TILE;
use super::super::plan::{set_of, set_of_rows};
use crate::kernel::Dims;
use crate::window::affine::inside;

/// The time of a step for a vector, whether of one row, which is a load from two cache lines, or of two, and for half a
/// vector; and of a tile at least, whose sums wait for each other.
pub(super) const STEP: f64 = 2.2;
const HALF: f64 = 1.55;
const LEAST: f64 = 4.0;

/// The time of a tile besides, in a plane and of rows.
pub(super) const OF_TILE: [f64; 2] = [20.0, 55.0];

/// The time of a step for tiles of so many vectors.
pub(super) fn of_tiles(vectors: usize, step: f64) -> f64 {
    let of_tile = |vectors: usize| (vectors as f64 * step).max(LEAST);
    let last = vectors % TILE;
    let whole = (vectors / TILE) as f64 * of_tile(TILE);
    if last > 0 { whole + of_tile(last) } else { whole }
}

/// The time of a plane that is formed row by row, or two rows at a time if they can be: that reads less, and nothing outside,
/// but rows fill vectors less.
pub(super) fn of_rows(
    dims: &Dims<2>,
    p: usize,
    [x, y]: [usize; 2],
    may_pair: bool,
    bounds: &Bounds,
    size: usize,
) -> Option<f64> {
    let is_window = |&i: &usize| {
        let d = &dims[i];
        let is_along = d.sources[p].unsigned_abs() == dims[y].sources[p].unsigned_abs();
        d.summed && d.sources[1 - p] != 0 && is_along && d.extent > 1
    };
    let window = (0..dims.len()).find(is_window);
    let unit = if may_pair && window.is_some() { 2 } else { 1 };
    let units = dims[y].extent.div_ceil(unit);
    // The rows of the window that are inside, of all units.
    let count = window.map_or(1, |u| dims[u].extent);
    let read = match (&bounds.rows, window) {
        (Some((_, coefficients, bound)), Some(u)) if coefficients[u] != 0 => {
            let of_unit = |at: usize| {
                let first = bound.first + coefficients[y] * (unit * at).cast_signed();
                inside(first, coefficients[u], count + unit - 1, bound.extent).len()
            };
            (0..units).map(of_unit).sum()
        }
        _ => units * (count + unit - 1),
    };
    let each = dims.iter().filter(|d| d.summed).map(|d| d.extent).product::<usize>() / count;
    let width = set_of_rows(size, dims[x].extent)?.width;
    let step = if width < set_of(size)?.width { HALF } else { STEP };
    let vectors = dims[x].extent.div_ceil(width);
    // Tiles are of rows, or along them.
    let (tiles, columns) = if vectors <= SHORT { (units, vectors) } else { (vectors, units) };
    let of_step = of_tiles(tiles, step) / tiles as f64;
    let besides = OF_TILE[1] * (tiles.div_ceil(TILE) * columns) as f64;
    Some((read * each * vectors) as f64 * of_step + besides)
}
