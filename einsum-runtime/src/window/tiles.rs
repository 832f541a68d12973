//! What a tile of the engine's kernels takes: the unit of all costs is the time in which one vector is multiplied by one
//! column.
//!
//! A step reads every vector and every column, and four to nine numbers besides: offsets, and what is to be fetched. Where a
//! processor carries out two multiplications in the time of two reads, tiles of few vectors or columns wait for these. Where it
//! multiplies by halves, reads take as long and multiplications twice as long: hardly a tile waits.

use crate::kernel::level::{Level, halves_vectors};

/// The columns of a tile.
pub(super) const COLUMNS: usize = 6;

/// How many times as long sums take whose rows are not adjacent in a source, or are brought together class by class.
pub(super) const APART: f64 = 1.4;

/// How tiles behave on this processor.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    /// How many times as long as in wide tiles a vector takes in tiles of so many, one or more.
    narrow: [f64; 4],
    /// The least time of a step: with no vector, and for every vector.
    least: [f64; 2],
    /// How many times as long what is no multiplication takes as where multiplications are by halves.
    pub(super) besides: f64,
    apart: f64,
    /// Whether rows that are brought together are known to take longer if they are short, and lanes to be idle behind them:
    /// else their times are those of rows that mostly are.
    minds_rows: bool,
}

impl Tiles {
    pub(super) fn of_processor() -> Self {
        let halves = Tiles {
            narrow: [1.0; 4],
            least: [7.0, 0.0],
            besides: 1.0,
            apart: APART,
            minds_rows: false,
        };
        match Level::current() {
            _ if cfg!(test) => Tiles { least: [4.0, 0.0], ..halves },
            Level::Avx512 if !halves_vectors() => Tiles {
                narrow: [1.8, 1.1, 1.0, 1.0],
                least: [5.5, 3.3],
                besides: 1.6,
                apart: 1.1,
                minds_rows: true,
            },
            Level::Avx512 => halves,
            _ => Tiles { least: [12.0, 0.0], ..halves },
        }
    }

    /// How many times as long sums take whose rows are not adjacent in a source, if such a part of the lanes is used.
    pub(super) fn apart(&self, lanes_used: f64) -> f64 {
        self.apart / if self.minds_rows { lanes_used } else { 1.0 }
    }

    /// How many times as long it takes to bring rows of so many vectors together.
    pub(super) fn gathering(&self, vectors: f64) -> f64 {
        let times = if self.minds_rows { 0.5 + 0.5 / vectors } else { 1.0 };
        self.besides * times
    }

    /// How many times as long as in wide tiles a vector takes, of so many in a tile on average.
    pub(super) fn narrow(&self, vectors: f64) -> f64 {
        self.narrow[(vectors.ceil() as usize).clamp(1, 4) - 1]
    }

    /// The time of a step of a tile of so many vectors and columns, on average.
    pub(super) fn step(&self, vectors: f64, columns: f64) -> f64 {
        let least = self.least[0] + self.least[1] * vectors;
        (self.narrow(vectors) * vectors * columns).max(least)
    }
}
