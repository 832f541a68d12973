//! The vectors of a block of results, and which lanes of X these have at every tap.
//!
//! Vectors that begin at the same place of a row have the same masks, if their rows lack the same taps: most rows lack none. Those
//! between the ends of a row have all lanes of all taps that are left.

use core::ops::Range;

use smallvec::SmallVec;

use super::plan::Plan;
use super::shape::Shape;
use crate::kernel::positions::{PositionsVector, VECTORS};
use crate::window::affine::inside;
use crate::window::channels::Table;

/// The most states of rows whose masks are known.
const STATES: usize = 12;

/// Vectors, tile by tile, with their masks.
pub(super) struct Vectors {
    pub(super) table: Table<PositionsVector>,
    masks: Table<u16>,
    /// What rows of the block lack, from the first one on.
    states: Table<u64>,
    /// States, each with a place in `known` for every place in a row that masks can differ at: one more than the number of the first
    /// vector there.
    of_known: SmallVec<[u64; STATES]>,
    known: Table<usize>,
}

/// Lanes of a vector that are of one row: the row, and where they begin in it.
struct Piece {
    row: usize,
    first: usize,
    lanes: Range<usize>,
}

/// What vectors that begin in a row have in common.
struct Row {
    row: usize,
    /// The positions of this row, and of those after it that lack the same and are one with it.
    same: usize,
    /// The first place of its state among those that are known.
    known: Option<usize>,
    /// Where it begins in X and in C.
    offsets: [isize; 2],
}

impl Vectors {
    /// Returns tables with room for a block.
    pub(super) fn new(plan: &Plan) -> Self {
        Vectors {
            table: Table::new(plan.shape.block),
            masks: Table::new(plan.shape.block * plan.taps.len() * plan.shape.masks_of_tap()),
            states: Table::new(plan.shape.rows),
            of_known: SmallVec::new(),
            known: Table::new(STATES * plan.places()),
        }
    }

    /// Fills them for some vectors, and returns how many tiles are of three, of two, and of one vector, in this order.
    pub(super) fn fill(&mut self, plan: &Plan, vectors: Range<usize>) -> [usize; VECTORS] {
        self.table.clear();
        self.masks.clear();
        self.states.clear();
        self.known.clear();
        self.of_known.clear();
        let (width, extent, of_row) = (plan.shape.width, plan.shape.row, plan.shape.of_row());
        let row_of = |vector: usize| match plan.shape.is_one {
            true => vector * width / extent,
            false => vector / of_row,
        };
        let first = row_of(vectors.start);
        let end =
            if plan.shape.is_one { vectors.end * width / extent } else { row_of(vectors.end - 1) };
        for row in first..plan.shape.rows.min(end + 1) {
            self.states.push(plan.state(row));
        }
        let mut row = first;
        let mut place = match plan.shape.is_one {
            true => vectors.start * width % extent,
            false => vectors.start % of_row * width,
        };
        let mut at = self.row_at(plan, row, first);
        for _ in vectors.clone() {
            self.push(plan, &at, place, first);
            place += width;
            if place >= extent {
                while place >= extent {
                    place = if plan.shape.is_one { place - extent } else { 0 };
                    row += 1;
                }
                at = self.row_at(plan, row, first);
            }
        }
        let tiles = tiles_of(vectors.len());
        let mut first = 0;
        for (count, tiles) in (1..=VECTORS).rev().zip(tiles) {
            for _ in 0..tiles {
                let (mut start, mut end) = (u16::MAX, 0);
                let vectors = &self.table[first..first + count];
                for vector in vectors {
                    if vector.first_tap < vector.end_tap {
                        start = start.min(vector.first_tap);
                        end = end.max(vector.end_tap);
                    }
                }
                let is_full = |v: &PositionsVector| {
                    v.is_full == 1 && (v.first_tap, v.end_tap) == (start, end)
                };
                let is_full = u16::from(vectors.iter().all(is_full));
                let vector = &mut self.table[first];
                *vector = PositionsVector { first_tap: start, end_tap: end, is_full, ..*vector };
                first += count;
            }
        }
        tiles
    }

    /// Returns what vectors that begin in a row have in common; the first row of the block is given.
    fn row_at(&mut self, plan: &Plan, row: usize, first: usize) -> Row {
        let Some(&state) = self.states.get(row - first) else {
            return Row { row, same: 0, known: None, offsets: [0; 2] };
        };
        let width = plan.shape.width;
        let same = match plan.shape.is_one {
            true => self.states[row - first..]
                .iter()
                .take_while(|s| **s == state)
                .take(1 + width)
                .count(),
            false => 1,
        };
        let known = self.slot(plan, state).map(|slot| slot * plan.places());
        Row { row, same: same * plan.shape.row, known, offsets: plan.offsets(row) }
    }

    /// Adds the vector that begins at a place of a row; the first row of the block is given.
    fn push(&mut self, plan: &Plan, at: &Row, place: usize, first_row: usize) {
        let width = plan.shape.width;
        let along = |step: isize| step.wrapping_mul(place.cast_signed());
        let [x, c] = at.offsets;
        let (x, c) = (x.wrapping_add(along(plan.row.x)), c.wrapping_add(along(plan.row.out)));
        let of_place = match plan.shape.is_one {
            true => Some(place).filter(|place| place + width <= at.same),
            false if place + width <= at.same && plan.has_all_lanes(place) => Some(0),
            false => Some(1 + place / width),
        };
        let slot = at.known.zip(of_place).map(|(known, place)| known + place);
        let vector = match slot.map(|slot| self.known[slot]) {
            Some(known @ 1..) => PositionsVector { x, c, ..self.table[known - 1] },
            _ => PositionsVector { x, c, ..self.new_vector(plan, at.row, place, first_row) },
        };
        self.table.push(vector);
        if let Some(slot) = slot {
            self.known[slot] = self.table.len();
        }
    }

    /// Returns a vector with masks of its own.
    fn new_vector(
        &mut self,
        plan: &Plan,
        row: usize,
        place: usize,
        first_row: usize,
    ) -> PositionsVector {
        let (width, extent) = (plan.shape.width, plan.shape.row);
        let mut pieces: SmallVec<[Piece; 18]> = SmallVec::new();
        let mut lane = 0;
        let (mut at, mut first) = (row, place);
        while lane < width && at - first_row < self.states.len() && (lane == 0 || plan.shape.is_one)
        {
            let end = width.min(lane + extent - first);
            pieces.push(Piece { row: at, first, lanes: lane..end });
            (lane, at, first) = (end, at + 1, 0);
        }
        let (masks, [first_tap, end_tap], is_full) = self.masks_of(plan, &pieces);
        let lanes = ((1_u32 << lane) - 1) as u16;
        let [first_tap, end_tap, is_full] =
            [first_tap, end_tap, usize::from(is_full)].map(|number| number as u16);
        PositionsVector { x: 0, c: 0, masks, lanes, is_full, first_tap, end_tap }
    }

    /// Returns the number of a state among those that are known, if there is room for it.
    fn slot(&mut self, plan: &Plan, state: u64) -> Option<usize> {
        let known = self.of_known.iter().position(|known| *known == state);
        known.or_else(|| {
            let slot = self.of_known.len();
            (slot < STATES).then(|| {
                self.of_known.push(state);
                (0..plan.places()).for_each(|_| self.known.push(0));
                slot
            })
        })
    }

    /// Writes masks of all taps, and returns where they are, which taps have any lanes, and whether these have all.
    fn masks_of(&mut self, plan: &Plan, pieces: &[Piece]) -> (*const u16, [usize; 2], bool) {
        let place = self.masks.len();
        let row = plan.along.len();
        let mut of_taps = [plan.taps.len(), 0];
        let (full, mut full_taps) = (plan.full_mask(), 0);
        // Those of the pieces for the taps of a row.
        let mut along = Table::new(pieces.len() * row);
        for piece in pieces {
            plan.along.iter().for_each(|&tap| along.push(plan.lanes_inside(piece, tap)));
        }
        // Where rows of the pieces are in the other axes.
        let edges = plan.edges.iter();
        let at: SmallVec<[isize; 36]> =
            edges.flat_map(|edge| pieces.iter().map(|piece| edge.rows.at(piece.row))).collect();
        for across in 0..plan.taps.len() / row {
            let is_inside = |piece: usize| {
                plan.edges.iter().enumerate().all(|(number, edge)| {
                    let at = at[number * pieces.len() + piece] + edge.taps[across];
                    (0..edge.extent.cast_signed()).contains(&at)
                })
            };
            let there: SmallVec<[bool; 18]> = (0..pieces.len()).map(is_inside).collect();
            for tap in 0..row {
                let mut mask = 0;
                for (number, _) in there.iter().enumerate().filter(|(_, is_inside)| **is_inside) {
                    mask |= along[number * row + tap];
                }
                if mask != 0 {
                    let number = across * row + tap;
                    of_taps = [of_taps[0].min(number), number + 1];
                    full_taps += usize::from(mask == full);
                }
                self.put(plan, mask);
            }
        }
        if let Some(dots) = &plan.dots
            && plan.channels.extent > 1
        {
            for tap in place..place + plan.taps.len() {
                self.masks.push(self.masks[tap] & dots.masks[1]);
            }
        }
        let is_full = full_taps > 0 && full_taps == of_taps[1] - of_taps[0];
        (self.masks[place..].as_ptr(), of_taps, is_full)
    }

    /// Writes what a vector has at a tap: of channels all or none, first those of the first vector.
    fn put(&mut self, plan: &Plan, mask: u64) {
        if let Some(dots) = &plan.dots {
            let of_first = dots.masks[usize::from(plan.channels.extent == 1)];
            return self.masks.push(if mask == 0 { 0 } else { of_first });
        }
        let all = (1 << plan.shape.width) - 1;
        for vector in 0..plan.shape.apart {
            self.masks.push((mask >> (plan.shape.width * vector) & all) as u16);
        }
    }
}

/// Returns how many tiles of three, two, and one vector so many are: rather two of two than one and three.
fn tiles_of(vectors: usize) -> [usize; VECTORS] {
    match (vectors / VECTORS, vectors % VECTORS) {
        (0, 1) => [0, 0, 1],
        (threes, 1) => [threes - 1, 2, 0],
        (threes, 2) => [threes, 1, 0],
        (threes, _) => [threes, 0, 0],
    }
}

impl Plan {
    /// The places in a row that masks can differ at: where vectors begin, which is not the same for all rows if these are one; or
    /// else one for vectors that have all lanes, and those of others.
    fn places(&self) -> usize {
        if self.shape.is_one { self.shape.row } else { 1 + self.shape.of_row() }
    }

    /// Whether a vector that begins at a place of a row has all lanes at all taps along it.
    fn has_all_lanes(&self, place: usize) -> bool {
        let Some(extent) = self.bound else { return true };
        let at = |place: usize| self.first + self.step * place.cast_signed();
        let [least, most] = self.reach;
        at(place) + least >= 0 && at(place + self.shape.width - 1) + most < extent.cast_signed()
    }

    /// Returns what [`lanes_inside`](Self::lanes_inside) gives for a vector that has all lanes, or 0 if there are fewer channels than
    /// lanes.
    fn full_mask(&self) -> u64 {
        if let Some(dots) = &self.dots
            && self.channels.extent == 1
            && dots.are_last_others()
        {
            return 0;
        }
        let Shape { width, apart, .. } = self.shape;
        (1_u64 << (apart * (width - 1) + 1)) - 1
    }

    /// Returns where a row begins in X and in C.
    fn offsets(&self, row: usize) -> [isize; 2] {
        let (mut rest, mut offsets) = (row, [0_isize; 2]);
        for l in self.rows.iter().rev() {
            let at = (rest % l.extent).cast_signed();
            rest /= l.extent;
            for (offset, step) in offsets.iter_mut().zip([l.x, l.out]) {
                *offset = offset.wrapping_add(step.wrapping_mul(at));
            }
        }
        offsets
    }

    /// Returns a number for what of the taps across a row is outside of other axes: that of its own, if there are more than has
    /// numbers.
    fn state(&self, row: usize) -> u64 {
        let mut state = 0_u64;
        for edge in &self.edges {
            let at = edge.rows.at(row);
            let [low, high] = edge.reach.map(|reach| reach + at);
            let before = (-low).max(0).cast_unsigned();
            let behind = (high + 1 - edge.extent.cast_signed()).max(0).cast_unsigned();
            if self.edges.len() > 2 || before.max(behind) >= 1 << 12 {
                return u64::MAX - row as u64;
            }
            state = state << 24 | (before << 12 | behind) as u64;
        }
        state
    }

    /// Returns a bit for every element of X, from that of a vector's first lane on, that lanes of a piece read at a tap, and
    /// what lies between these.
    fn lanes_inside(&self, piece: &Piece, tap: isize) -> u64 {
        let Range { start, end } = piece.lanes;
        let at = self.first + tap + self.step * piece.first.cast_signed();
        let lanes = match self.bound {
            Some(extent) => inside(at, self.step, end - start, extent),
            None => 0..end - start,
        };
        if lanes.is_empty() {
            return 0;
        }
        let [first, last] =
            [lanes.start, lanes.end - 1].map(|lane| self.shape.apart * (start + lane));
        (1_u64 << (last + 1)) - (1_u64 << first)
    }
}
