//! What a tile of the engine's kernels takes: the unit of all costs is the time in which one vector is multiplied by one
//! column.
//!
//! A step reads every vector and every column, and four to nine numbers besides: offsets, and what is to be fetched. Where a
//! processor carries out two multiplications in the time of two reads, tiles of one vector wait for these. Where it multiplies
//! by halves, reads take as long and multiplications twice as long: hardly a tile waits.

use crate::kernel::level::{Level, halves_vectors};

/// The columns of a tile.
pub(super) const COLUMNS: usize = 6;

/// How many times as long sums take whose rows are not adjacent in a source, or are brought together class by class.
pub(super) const APART: f64 = 1.4;

/// How many times as long as in others a vector takes in a tile of its own, and where columns are runs of so many at equal distances,
/// of which tiles have more.
const ALONE: f64 = 1.8;
const ALONE_ON_RUNS: f64 = 1.2;
const RUN: f64 = 9.0;

/// The least time of a step, whatever its columns, with AVX2 and AVX-512.
const STEP: [f64; 2] = if cfg!(test) { [4.0; 2] } else { [12.0, 7.0] };

/// How many times as long as in wide tiles a vector takes, of so many in a tile on average.
pub(super) fn narrow(vectors: f64) -> f64 {
    let waits = !cfg!(test) && Level::current() == Level::Avx512 && !halves_vectors();
    if waits && vectors <= 1.0 { ALONE } else { 1.0 }
}

/// The time of a step of a tile of so many vectors and columns, on average, of which so many are a run.
pub(super) fn step(vectors: f64, columns: f64, run: f64) -> f64 {
    let least = STEP[usize::from(Level::current() == Level::Avx512)];
    let narrow = narrow(vectors);
    let times = if run >= RUN { narrow.min(ALONE_ON_RUNS) } else { narrow };
    (times * vectors * columns).max(least)
}
