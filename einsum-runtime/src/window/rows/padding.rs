//! Rows of padded stencils, without a copy of X: kernels are told which lanes of a step exist, and take zeros for the others.
//! At most of the rows that are the same ones, in the first and the last tile; near an edge steps whose rows are outside
//! have none. The vectors of a tile are those of a row, or, where rows have few, of as many rows: then all tiles along a
//! vector of rows have tables, and are formed at once, those of several planes too. Rows of a few tiles have tables for all
//! of them.

use core::ops::Range;

use smallvec::SmallVec;

use super::plan::{Loop, Plan};
use super::{Block, Steps, Tables};
use crate::kept::Kept;
use crate::kernel::level::Level;
use crate::kernel::rows::RowsEntry;
use crate::window::affine::{Affine, Line};

/// The vectors of a tile.
const TILE: usize = 4;

/// Rows of so many vectors are in tiles with others.
const SHORT: usize = 2;

/// The fewest steps for which the same is done in a single plane.
const STEPS: usize = 24;

/// Rows of up to so many tiles have a table for each of these: they are formed at once, one row after the other.
const JOINED: usize = if cfg!(test) { 3 } else { 4 };

/// How many units of longer rows are formed together: the ends of far rows are in pages of their own.
const UNITS: usize = if cfg!(test) { 2 } else { 8 };

/// The windows that kernels of their own are for.
const TAPS: [usize; 2] = [3, 5];

/// The most bytes of tables.
const BYTES: usize = 256 << 10;

/// An axis: where the first point is in it.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    pub(super) first: isize,
    pub(super) extent: usize,
}

/// An axis that points are outside of: the kept loop that goes along it, and the coefficients of all.
pub(super) type Bounded = (usize, SmallVec<[isize; 8]>, Bound);

/// The axes of a source that points are outside of.
pub(in crate::window) struct Bounds {
    pub(super) p: usize,
    pub(super) lanes: Option<Bounded>,
    pub(super) rows: Option<Bounded>,
}

/// Returns the axes that points are outside of, if these are an axis of adjacent elements, with results along it, and
/// another one.
pub(in crate::window) fn bounds(nest: &Affine) -> Option<Bounds> {
    let is_outside = |line: &Line| !line.has(line.range(nest.loops.iter().map(|l| l.extent)));
    let mut of_sources = (0..2).filter(|&p| nest.sources[p].iter().any(is_outside));
    let p = of_sources.next().filter(|_| of_sources.next().is_none())?;
    let mut bounds = Bounds { p, lanes: None, rows: None };
    for line in nest.sources[p].iter().filter(|line| is_outside(line)) {
        let is_along = |n: &usize| nest.loops[*n].out.is_some() && line.coefficients[*n] != 0;
        let mut along = (0..nest.loops.len()).filter(is_along);
        let number = along.next().filter(|_| along.next().is_none())?;
        let is_lanes =
            line.stride == 1 && line.coefficients[number] == 1 && nest.loops[number].out == Some(1);
        let bound = Bound { first: line.offset, extent: line.extent };
        let to = if is_lanes { &mut bounds.lanes } else { &mut bounds.rows };
        if to.is_some() {
            return None;
        }
        *to = Some((number, line.coefficients.clone(), bound));
    }
    Some(bounds)
}

/// Tables for the tiles at the ends of rows, and the one between, and for the rows near edges.
pub(super) struct Padding {
    tables: Kept,
    sets: usize,
    /// How many units of rows there are, pairs or single ones.
    units: usize,
    /// How many units a tile has.
    pub(super) of_tile: usize,
    /// Tiles of units, or units, whose steps are all inside.
    inner: Range<usize>,
    /// The vectors of rows in tiles.
    tiles: SmallVec<[Range<usize>; JOINED]>,
    /// Whether several of these are formed at once.
    is_joined: bool,
    /// Whether lanes lack in the first and the last vector of a tile only, as far as rows are inside.
    has_ends: bool,
    /// The number of the kernels for windows of so many taps, if masks of rows that are inside are as these want them.
    taps: Option<usize>,
    steps: usize,
}

impl Padding {
    /// Returns the tables, if they are small.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let width = plan.set.width;
        let vectors = plan.lanes.extent.div_ceil(width);
        let mut tiles: SmallVec<[Range<usize>; JOINED]> = SmallVec::new();
        let last = (vectors - 1) / TILE * TILE;
        let [steps, alone] = plan.counts();
        let units = plan.rows.extent;
        // One plane alone is not worth so many tables.
        let has_planes = plan.others.iter().any(|l| l.extent > 1);
        let is_short = vectors == 1 || vectors <= SHORT && (has_planes || steps >= STEPS);
        let of_tile = if is_short { TILE } else { 1 };
        // With AVX2 masks take their time in every step.
        let has_quick_masks = Level::current() == Level::Avx512 || steps < STEPS;
        let is_joined = !is_short && vectors > TILE && vectors <= JOINED * TILE && has_quick_masks;
        if is_short {
            tiles.extend((0..vectors).map(|vector| vector..vector + 1));
        } else if is_joined {
            let tile = |first: usize| first..vectors.min(first + TILE);
            tiles.extend((0..vectors).step_by(TILE).map(tile));
        } else {
            for tile in [0..TILE.min(last), TILE.min(last)..last, last..vectors] {
                tiles.extend(Some(tile).filter(|tile| !tile.is_empty()));
            }
        }
        let mut reach = [[isize::MAX, isize::MIN]; 2];
        for step in 0..steps {
            let (_, positions) = plan.step(step);
            for (reach, at) in reach.iter_mut().zip(positions) {
                *reach = [reach[0].min(at), reach[1].max(at)];
            }
        }
        // A tile between the ends has all of its lanes.
        if let (Some(bound), [_, middle, _]) = (&plan.lane_bound, &tiles[..])
            && !is_joined
        {
            let first = bound.first + (middle.start * width).cast_signed() + reach[0][0];
            let end = bound.first + (middle.end * width).cast_signed() + reach[0][1];
            if first < 0 || end > bound.extent.cast_signed() {
                return None;
            }
        }
        // The vectors that a shifted row reaches over its ends with, and none that is half past them.
        let mut has_ends = true;
        if let Some(bound) = &plan.lane_bound {
            let first = bound.first + reach[0][0];
            let past = plan.lanes.extent.cast_signed() + bound.first + reach[0][1];
            let over = past - bound.extent.cast_signed();
            let last = (plan.lanes.extent - (vectors - 1) * width).cast_signed();
            has_ends = -first <= width.cast_signed() && over <= last;
        }
        let mut inner = 0..units;
        if let Some(bound) = &plan.row_bound {
            let is_inside = |unit: &usize| {
                let at = bound.first + plan.unit_row() * unit.cast_signed();
                at + reach[1][0] >= 0 && at + reach[1][1] < bound.extent.cast_signed()
            };
            inner.start = (0..units).find(is_inside).unwrap_or(units);
            let edge = (inner.start..units).find(|unit| !is_inside(unit));
            inner.end = edge.unwrap_or(units);
        }
        // Tiles of units.
        let count = units.div_ceil(of_tile);
        if is_short {
            inner = count..count;
        }
        let edges = count - inner.len();
        let sets = edges + 2;
        let bytes = sets.checked_mul(tiles.len() * steps * size_of::<RowsEntry>());
        let bytes = bytes.filter(|bytes| *bytes <= BYTES)?;
        let tables = Kept::new(bytes, align_of::<RowsEntry>());
        let taps = None;
        let mut padding = Padding {
            tables,
            sets,
            units,
            of_tile,
            inner,
            tiles,
            is_joined,
            has_ends,
            taps,
            steps,
        };
        let rows = plan.unit_row();
        for tile in 0..count {
            if !padding.inner.contains(&tile) || tile == padding.inner.start {
                let row = rows * (tile * of_tile).cast_signed();
                padding.write(plan, padding.set(tile), row, steps);
            }
        }
        if plan.is_odd {
            padding.write(plan, edges + 1, rows * units.cast_signed(), alone);
        }
        if !padding.inner.is_empty() {
            padding.taps = TAPS.iter().position(|&taps| padding.has_taps(plan, taps));
        }
        Some(padding)
    }

    /// Whether the steps of rows that are inside have the masks of so many in turn: of these the ones before the middle lack
    /// lanes of a tile's first vector only, those after it of the last one only.
    fn has_taps(&self, plan: &Plan, taps: usize) -> bool {
        let width = plan.set.width;
        let table = |tile: usize, step: usize| {
            // SAFETY: the tables of rows that are inside have been written.
            unsafe { self.table(0, tile).wrapping_add(step).read().masks }
        };
        let is_so = |(tile, vectors): (usize, &Range<usize>)| {
            let last = vectors.len() - 1;
            (0..self.steps).all(|step| {
                let (masks, tap) = (table(tile, step), step % taps);
                let in_turn = table(tile, tap);
                masks.iter().zip(in_turn).enumerate().take(vectors.len()).all(|(i, (mask, own))| {
                    let lanes = plan.lanes.extent - (vectors.start + i) * width;
                    let all = (1_u32 << lanes.min(width)) - 1;
                    let is_end = i == 0 && tap < taps / 2 || i == last && tap > taps / 2;
                    u32::from(*mask) == if is_end { u32::from(own) } else { all }
                })
            })
        };
        // A tile between the ends has all of its lanes.
        let mut of_ends = self.tiles.iter().enumerate().filter(|(_, tile)| tile.len() <= TILE);
        self.steps.is_multiple_of(taps) && of_ends.all(is_so)
    }

    /// Whether vectors are of several rows.
    pub(super) fn is_of_rows(&self) -> bool {
        self.of_tile > 1
    }

    /// The number of the tables of a tile of units.
    fn set(&self, tile: usize) -> usize {
        match () {
            () if self.inner.contains(&tile) => 0,
            () if tile < self.inner.start => 1 + tile,
            () => 1 + tile - self.inner.len(),
        }
    }

    /// The number of the tables of the last row, if there is one more than pairs.
    fn odd(&self) -> usize {
        self.units.div_ceil(self.of_tile) - self.inner.len() + 1
    }

    /// Returns a table.
    fn table(&self, set: usize, tile: usize) -> *const RowsEntry {
        // Those of a call follow each other.
        let number = match self.is_of_rows() {
            true => tile * self.sets + set,
            false => set * self.tiles.len() + tile,
        };
        let number = number * self.steps;
        self.tables.as_ptr().cast::<RowsEntry>().wrapping_add(number)
    }

    /// Writes tables for a row, so many positions after the first.
    fn write(&mut self, plan: &Plan, set: usize, row: isize, steps: usize) {
        for tile in 0..self.tiles.len() {
            let first = self.tiles[tile].start;
            let table = self.table(set, tile).cast_mut();
            for step in 0..steps {
                let entry = entry(plan, step, [first, self.of_tile], row);
                // SAFETY: there is room for the steps of every tile and set.
                unsafe { table.wrapping_add(step).write(entry) };
            }
        }
    }

    /// Forms rows of some planes, from a point of the other loops on.
    ///
    /// # Safety
    ///
    /// As [`rows`](super::rows()).
    pub(super) unsafe fn run(
        &self,
        plan: &Plan,
        all: &Tables,
        other: usize,
        planes: Loop,
        units: Range<usize>,
    ) {
        let (x, w, c) = plan.at(all, other);
        let edges = |units: Range<usize>| units.map(|unit| unit..unit + 1);
        let (low, inner, high) = match self.is_of_rows() {
            true => (0..0, units.clone(), 0..0),
            false => (
                units.start..units.end.min(self.inner.start),
                units.start.max(self.inner.start)..units.end.min(self.inner.end),
                units.start.max(self.inner.end)..units.end,
            ),
        };
        let odd = (plan.is_odd && units.end == self.units).then_some(self.units..self.units + 1);
        let is_apart = self.tiles.len() > 1 && !self.is_of_rows() && !self.is_joined;
        let together = if is_apart { UNITS } else { usize::MAX };
        let parts = inner.clone().step_by(together);
        let middle = parts.map(|start| start..inner.end.min(start.saturating_add(together)));
        let parts = edges(low).chain(middle).chain(edges(high)).chain(odd);
        let all_tiles = self.tiles[0].start..self.tiles[self.tiles.len() - 1].end;
        let tiles = if self.is_joined { core::slice::from_ref(&all_tiles) } else { &self.tiles };
        for units in parts.filter(|units| !units.is_empty()) {
            for (number, tile) in tiles.iter().enumerate() {
                let is_odd = units.start == self.units;
                let (set, rows) = match is_odd {
                    true => (self.odd(), 1),
                    false => (self.set(units.start / self.of_tile), plan.unit()),
                };
                let lane = tile.start * plan.set.width;
                let skipped = plan.lanes.x.wrapping_mul(lane.cast_signed());
                let (unit, along) = (plan.unit().cast_signed(), units.start.cast_signed());
                let of_units = Loop {
                    extent: units.len(),
                    x: plan.rows.x.wrapping_mul(unit),
                    out: plan.rows.out.wrapping_mul(unit),
                    ..plan.rows
                };
                let block = Block {
                    x: x.wrapping_offset(of_units.x.wrapping_mul(along)).wrapping_offset(skipped),
                    w: w.wrapping_offset(of_units.w.wrapping_mul(along)),
                    c: c.wrapping_offset(of_units.out.wrapping_mul(along)).wrapping_offset(skipped),
                    rows: of_units,
                    lanes: plan.lanes.extent.min(tile.end * plan.set.width) - lane,
                    planes,
                };
                // In the middle of the image nothing is outside.
                let is_middle = set == 0 && number == 1 && self.tiles.len() == 3 && !is_odd;
                let of_taps = self.taps.filter(|_| set == 0 && !is_odd);
                let steps = match (self.of_tile, of_taps) {
                    (1, _) if is_middle => Steps::Whole,
                    (1, Some(taps)) => Steps::Taps(self.table(0, number), taps),
                    (1, _) if self.is_joined => Steps::EachOfTiles(self.table(set, 0)),
                    (1, _) if set == 0 && self.has_ends && !is_odd => {
                        Steps::Ends(self.table(set, number))
                    }
                    (1, _) => Steps::Each(self.table(set, number)),
                    _ => Steps::EachOfRows(self.table(set, number)),
                };
                // SAFETY: the caller's duties; steps whose lanes are outside say so.
                unsafe {
                    if plan.block(all, block, rows, steps) && rows == 2 {
                        self.alone(plan, all, block, units.start, tile.start);
                    }
                }
            }
        }
    }

    /// Forms the rows of pairs one by one, from that of a unit on.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn alone(&self, plan: &Plan, all: &Tables, block: Block, unit: usize, vector: usize) {
        // The vector and the unit that every table starts with.
        let (tables, along, down) = match (self.is_of_rows(), self.is_joined) {
            (true, _) => (block.rows.extent.div_ceil(self.of_tile), 0, self.of_tile),
            (false, true) => (self.tiles.len(), TILE, 0),
            (false, false) => (1, 0, 0),
        };
        let bytes = tables * self.steps * size_of::<RowsEntry>();
        let mut memory = Kept::new(bytes, align_of::<RowsEntry>());
        let table = memory.as_mut_ptr().cast::<RowsEntry>();
        for row in 0..2 {
            for i in 0..tables {
                let table = table.wrapping_add(i * self.steps);
                let (vector, unit) = (vector + i * along, (unit + i * down).cast_signed());
                let at = plan.unit_row() * unit + plan.rows.row * row;
                for step in 0..all.alone {
                    let entry = entry(plan, step, [vector, self.of_tile], at);
                    // SAFETY: there is room for the steps of all tiles.
                    unsafe { table.wrapping_add(step).write(entry) };
                }
            }
            let x = block.x.wrapping_offset(plan.rows.x * row);
            let c = block.c.wrapping_offset(plan.rows.out * row);
            let steps = match self.of_tile {
                1 if self.is_joined => Steps::EachOfTiles(table),
                1 => Steps::Each(table),
                _ => Steps::EachOfRows(table),
            };
            // SAFETY: the caller's duties.
            unsafe { plan.block(all, Block { x, c, ..block }, 1, steps) };
        }
    }
}

/// Returns a step for a tile that starts at a vector, with so many units, and a row so many positions after the first.
fn entry(plan: &Plan, step: usize, [vector, of_tile]: [usize; 2], row: isize) -> RowsEntry {
    let (mut entry, [lane, of_row]) = plan.step(step);
    let width = plan.set.width.cast_signed();
    for (i, mask) in (0_isize..).zip(&mut entry.masks) {
        let (vector, row) = match of_tile {
            1 => (vector.cast_signed() + i, row),
            _ => (vector.cast_signed(), row + plan.unit_row() * i),
        };
        let is_outside = plan.row_bound.is_some_and(|bound| {
            let at = bound.first + row + of_row;
            at < 0 || at >= bound.extent.cast_signed()
        });
        let first = vector * width;
        let mut lanes = 0..(plan.lanes.extent.cast_signed() - first).clamp(0, width);
        if let Some(bound) = &plan.lane_bound {
            let at = bound.first + lane + first;
            lanes.start = (-at).clamp(0, lanes.end);
            lanes.end = (bound.extent.cast_signed() - at).clamp(lanes.start, lanes.end);
        }
        let bits = |lanes: isize| (1_u32 << lanes) - 1;
        let exist = if is_outside { 0 } else { bits(lanes.end) & !bits(lanes.start) };
        *mask = exist as u16;
    }
    entry
}
