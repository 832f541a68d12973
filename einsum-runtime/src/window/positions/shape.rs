//! What a nest takes so, and into which blocks it is cut.

use crate::kernel::level::halves_vectors;
use crate::kernel::positions::{COLUMNS, VECTORS};

/// The most masks of a block, and bytes that it reads of X, if it is read again for other columns: most of a second-level cache
/// stays free.
const MASKS: usize = if cfg!(test) { 1 << 9 } else { 1 << 17 };
const IMAGE: usize = if cfg!(test) { 1 << 10 } else { 384 << 10 };

/// Times in steps of the engine's kernels, the products of a vector: how many times as long a step takes as it would at least, see
/// [`Shape::slow`]; a tile, and one whose lanes are summed; a call; a mask; a vector in the tables; an element that is packed; and
/// all else.
const STEP: [f64; 3] = [1.1, 1.2, 1.4];

/// The same where neighbouring positions are adjacent, and products of vectors take no longer than reads: other ways take longer than
/// is known of them.
const STEP_ADJACENT: f64 = 0.95;
const TILE: [f64; 2] = if cfg!(test) { [0.0; 2] } else { [60.0, 120.0] };
const CALL: f64 = if cfg!(test) { 0.0 } else { 100.0 };
const MASK: f64 = if cfg!(test) { 0.0 } else { 12.0 };
const ENTRY: f64 = if cfg!(test) { 0.0 } else { 8.0 };
const ELEMENT: f64 = if cfg!(test) { 0.0 } else { 4.0 };
const ALL: f64 = if cfg!(test) { 0.0 } else { 1500.0 };

/// Sums of so few products are short.
const SHORT: usize = 128;

/// More columns are many.
const MANY: usize = 24;

/// See [`Shape::is_sparse`]: what other ways take then, of what is known of them.
const SPARSE: f64 = 0.65;

/// The lanes of a vector that packing is taken to be for.
const LANES: f64 = 16.0;

/// What is known of a nest before tables are made.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Whether lanes are channels.
    pub(super) has_dots: bool,
    /// The lanes of a vector that are positions, and how many elements of X neighbouring ones are apart.
    pub(super) width: usize,
    pub(super) apart: usize,
    /// The positions of a row, the rows, and whether all of these are one.
    pub(super) row: usize,
    pub(super) rows: usize,
    pub(super) is_one: bool,
    /// How many times rows begin anew, one after the other, along the innermost loop over them.
    pub(super) planes: usize,
    /// Whether every tap along a row reads what others of its steps read too, and nothing between.
    pub(super) is_sparse: bool,
    /// The vectors of a block.
    pub(super) block: usize,
    pub(super) columns: usize,
    /// Those of a sum in vectors, if lanes are channels.
    pub(super) channels: usize,
    pub(super) others: usize,
    pub(super) taps: usize,
}

impl Shape {
    /// Cuts vectors, of so many bytes, into blocks.
    pub(super) fn cut(&mut self, bytes: usize) {
        let of_vector = bytes * self.apart * self.channels;
        let is_again = self.columns > COLUMNS;
        let most = if is_again { (IMAGE / of_vector.max(1)).max(8 * VECTORS) } else { usize::MAX };
        let of_masks = self.taps.saturating_mul(self.masks_of_tap());
        let most = most.min((MASKS / of_masks).max(VECTORS));
        let blocks = self.vectors().div_ceil(most);
        self.block = self.vectors().div_ceil(blocks).next_multiple_of(VECTORS);
    }

    /// The vectors of a row, and of all.
    pub(super) fn of_row(&self) -> usize {
        let rows = if self.is_one { self.rows } else { 1 };
        (self.row * rows).div_ceil(self.width)
    }

    pub(super) fn vectors(&self) -> usize {
        if self.is_one { self.of_row() } else { self.rows * self.of_row() }
    }

    /// The masks of a vector for a tap.
    pub(super) fn masks_of_tap(&self) -> usize {
        if self.has_dots { 2 } else { self.apart }
    }

    /// How many times as long as is known of them other ways take: tiles of few columns wait for what they read, copies come at the
    /// cost of calls, and what is copied for short sums takes longer than these.
    pub(super) fn worth(&self) -> f64 {
        if self.is_sparse {
            // To leave out what lies between first is worth it.
            return if self.has_dots { SPARSE } else { 0.0 };
        }
        match (self.has_dots, self.columns) {
            (_, ..=4) => 1.4,
            (_, ..=8) => 1.25,
            (false, ..=16) => 1.1,
            (false, ..=MANY) => 1.0,
            (false, _) if self.apart == 1 && !halves_vectors() => 1.05,
            (false, _) if self.taps * self.channels <= SHORT => 1.0,
            (true, _) => 0.9,
            _ => 0.93,
        }
    }

    /// How many times as long as it would at least a step takes. With many columns and sums that are not short other ways read less
    /// where elements lie apart.
    fn slow(&self) -> f64 {
        let is_long = self.columns > MANY && self.taps * self.channels > SHORT / 2;
        match self.apart {
            1 if !self.has_dots && !halves_vectors() => STEP_ADJACENT,
            1 => STEP[0],
            _ if is_long => STEP[2],
            _ => STEP[1],
        }
    }

    /// Returns about how long the nest takes, in steps of the engine's kernels.
    pub(super) fn time(&self) -> f64 {
        let vectors = self.vectors();
        let blocks = vectors.div_ceil(self.block) as f64;
        let steps = (self.taps * self.channels) as f64;
        let tiles = self.columns.div_ceil(COLUMNS) as f64;
        let columns = self.columns as f64 / tiles;
        let at_once = VECTORS.min(vectors) as f64;
        // Most vectors are parts of two cache lines, which are read one after the other.
        let loads = 2.0 * at_once * self.apart as f64 + columns + 2.0;
        let step = self.slow() * (at_once * columns).max(loads) / at_once;
        let of_tile = TILE[usize::from(self.has_dots)] / at_once;
        let of_vectors = tiles * vectors as f64 * (step * steps + of_tile);
        // Those of rows with edges, and as many as rows begin differently.
        let places = 8 * self.planes + if self.is_one { self.row.min(vectors) } else { 0 };
        let masks = places * self.taps * self.masks_of_tap();
        let packed = if self.has_dots { self.columns as f64 * steps * LANES } else { 0.0 };
        let tables = MASK * masks as f64 + ENTRY * vectors as f64 + ELEMENT * packed;
        self.others as f64 * (of_vectors + CALL * tiles * blocks) + tables + ALL
    }
}
