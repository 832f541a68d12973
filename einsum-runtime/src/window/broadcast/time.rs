//! The time that a nest takes so, in steps of a kernel with one vector.

use smallvec::SmallVec;

use super::parts::{Block, cuts, is_inside};
use super::plan::{Cut, Plan, Tile};
use crate::window::affine::{Affine, Line};
use crate::window::tiles::{COLUMNS, step};

/// The most parts: each is a call.
pub(super) const PARTS: usize = 64;

/// Times in steps of a kernel with one vector: of a tile besides its steps; of a vector of sums that are added to others; of a
/// call, and of a step or column in its tables; of an element of 4 or of 8 bytes that is packed, or moved to the target.
const TILE: f64 = if cfg!(test) { 0.0 } else { 80.0 };
const ADDED: f64 = if cfg!(test) { 0.0 } else { 6.0 };
const CALL: f64 = if cfg!(test) { 0.0 } else { 2000.0 };
const ENTRY: f64 = if cfg!(test) { 0.0 } else { 0.7 };
const MOVED: [f64; 2] = if cfg!(test) { [0.5; 2] } else { [2.5, 4.0] };

impl Plan {
    /// Returns the time that all takes, for so many vectors of lanes.
    pub(super) fn time_of(&self, nest: &Affine, vectors: usize, tile: Tile) -> Option<f64> {
        let Tile { size, width, slow, .. } = tile;
        let (around, columns) = self.kept.split_at(self.singles + 1);
        let of_block = vectors as f64 / around[self.singles].count() as f64;
        let around: f64 = around.iter().map(|cut| cut.count() as f64).product();
        let sums = self.summed();
        let points = |cuts: &[Cut]| cuts.iter().map(|cut| cut.extent as f64).product::<f64>();
        let own = Block { vectors: of_block, ..self.block() };
        let lines = nest.sources[self.p].iter().filter(|line| !is_inside(nest, line));
        let lines: SmallVec<[&Line; 4]> = lines.collect();
        let all = [points(columns) / self.same as f64, points(&self.summed) / sums as f64];
        let time = time_of_parts(nest, &lines, all, own, (true, &mut 0))?;
        let time = around * (self.same * sums) as f64 * time;
        let times_packed = if sums > 1 { self.same } else { 1 } as f64;
        let packed = around * (of_block * width as f64) * points(&self.summed) * times_packed;
        let moved = if self.is_direct { 0.0 } else { points(&self.kept) };
        Some(time + slow * MOVED[usize::from(size > 4)] * (packed + moved))
    }
}

/// Returns the time that a part takes, with columns of so many vectors.
pub(super) fn time_of_part(block: Block, [columns, steps]: [f64; 2], is_first: bool) -> f64 {
    let Block { vectors, run, slow, .. } = block;
    let tiles = (columns / COLUMNS as f64).ceil();
    let of_tile = step(vectors, columns / tiles, run);
    let added = if is_first { 0.0 } else { ADDED * vectors * columns };
    tiles * (of_tile * steps + slow * TILE) + added + slow * (CALL + ENTRY * (steps + columns))
}

/// Returns the time of all parts of a nest of so many columns and steps, cut along some axes, if they are not too many.
fn time_of_parts(
    nest: &Affine,
    lines: &[&Line],
    [columns, steps]: [f64; 2],
    block: Block,
    (is_first, count): (bool, &mut usize),
) -> Option<f64> {
    let Some((line, lines)) = lines.split_first() else {
        *count += 1;
        return (*count <= PARTS).then(|| time_of_part(block, [columns, steps], is_first));
    };
    let mut time = 0.0;
    for (cut, is_first) in cuts(nest, line, [columns, steps], block, is_first)? {
        let [results, window] = cut.shares();
        let shape = [columns * results, steps * window];
        time += time_of_parts(nest, lines, shape, block, (is_first, count))?;
    }
    Some(time)
}
