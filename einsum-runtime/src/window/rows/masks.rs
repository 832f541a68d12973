//! Tables for kernels that are told which lanes of every step exist: one for each tile along a row.

use core::ops::Range;

use smallvec::SmallVec;

use super::block::Steps;
use super::parts::TILE;
use super::plan::{Plan, Step};
use crate::kept::Kept;
use crate::kernel::level::Level;
use crate::kernel::rows::RowsEntry;

/// Rows of so many vectors are in tiles with others.
pub(super) const SHORT: usize = 2;

/// The fewest steps for which the same is done in a single plane.
const STEPS: usize = 24;

/// Rows of up to so many tiles are formed at once, one row after the other.
const JOINED: usize = if cfg!(test) { 3 } else { 4 };

/// The most positions along lanes whose masks are remembered.
const KNOWN: usize = 8;

/// The windows that kernels of their own are for.
const TAPS: [usize; 2] = [3, 5];

/// The most bytes of tables.
const BYTES: usize = 256 << 10;

pub(super) struct Masks {
    tables: Kept,
    /// The steps of a tile.
    steps: usize,
    /// The vectors of rows in tiles: in the first and the last one lanes lack, in the one between none do, or all may.
    tiles: SmallVec<[Range<usize>; JOINED]>,
    form: Form,
    /// Whether lanes lack in the first and the last vector of a tile only.
    has_ends: bool,
    /// The number of the kernels for windows of so many taps, if masks are as these want them.
    taps: Option<usize>,
}

/// How tiles are formed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Of a vector each of several rows.
    OfRows,
    /// All of a row at once.
    Joined,
    /// Each for some rows.
    Apart,
    /// All of a row at once, without masks.
    Whole,
}

impl Masks {
    /// Returns the tables, if they are small.
    pub(super) fn of(plan: &Plan, all: &[Step]) -> Option<Self> {
        let width = plan.set.width;
        let vectors = plan.lanes.extent.div_ceil(width);
        let last = (vectors - 1) / TILE * TILE;
        let [steps, _] = plan.counts();
        // With AVX2 masks take their time in every step.
        let has_quick_masks = Level::current() == Level::Avx512 || steps < STEPS;
        let form = match vectors {
            _ if is_short(plan) => Form::OfRows,
            _ if plan.lane_bound.is_none() => Form::Whole,
            _ if vectors > TILE && vectors <= JOINED * TILE && has_quick_masks => Form::Joined,
            _ => Form::Apart,
        };
        let mut tiles: SmallVec<[Range<usize>; JOINED]> = SmallVec::new();
        match form {
            Form::OfRows => tiles.extend((0..vectors).map(|vector| vector..vector + 1)),
            Form::Joined => {
                let tile = |first: usize| first..vectors.min(first + TILE);
                tiles.extend((0..vectors).step_by(TILE).map(tile));
            }
            Form::Whole => tiles.push(0..vectors),
            Form::Apart => {
                for tile in [0..TILE.min(last), TILE.min(last)..last, last..vectors] {
                    tiles.extend(Some(tile).filter(|tile| !tile.is_empty()));
                }
            }
        }
        // The vectors that a shifted row reaches over its ends with, and none that is half past them.
        let mut has_ends = true;
        if let Some(bound) = &plan.lane_bound {
            let mut reach = [isize::MAX, isize::MIN];
            for step in all {
                reach = [reach[0].min(step.lane), reach[1].max(step.lane)];
            }
            let width = width.cast_signed();
            let at = |vector: usize| bound.first + vector.cast_signed() * width;
            if let (Form::Apart, [_, middle, _]) = (form, &tiles[..])
                && (at(middle.start) + reach[0] < 0
                    || at(middle.end) + reach[1] > bound.extent.cast_signed())
            {
                return None;
            }
            let past = plan.lanes.extent.cast_signed() + bound.first + reach[1];
            let over = past - bound.extent.cast_signed();
            let last = plan.lanes.extent.cast_signed() - (vectors.cast_signed() - 1) * width;
            has_ends = -(bound.first + reach[0]) <= width && over <= last;
        }
        let bytes = (tiles.len() * steps).checked_mul(size_of::<RowsEntry>());
        let bytes = bytes.filter(|bytes| *bytes <= BYTES)?;
        let tables = Kept::new(bytes, align_of::<RowsEntry>());
        let mut masks = Masks { tables, steps, tiles, form, has_ends, taps: None };
        for (number, tile) in masks.tiles.iter().enumerate() {
            let table = masks.table(number).cast_mut();
            // Those of a row of the window, mostly.
            let mut known = [(0_isize, [0_u16; 4]); KNOWN];
            let mut count = 0;
            for (number, step) in all.iter().enumerate() {
                let lane = step.lane;
                let masks = match known[..count].iter().find(|(own, _)| *own == lane) {
                    Some((_, masks)) => *masks,
                    None => {
                        let masks = masks_at(plan, lane, tile.start);
                        if count < KNOWN {
                            known[count] = (lane, masks);
                            count += 1;
                        }
                        masks
                    }
                };
                // SAFETY: there is room for the steps of every tile.
                unsafe { table.wrapping_add(number).write(step.entry(masks)) };
            }
        }
        if plan.apart == 1 && form != Form::Whole {
            masks.taps = TAPS.iter().position(|&taps| masks.has_taps(plan, taps));
        }
        Some(masks)
    }

    /// Whether steps have the masks of so many in turn, each row of the window the same: of these the ones before the middle
    /// lack lanes of a tile's first vector only, those after it of the last one only.
    fn has_taps(&self, plan: &Plan, taps: usize) -> bool {
        let width = plan.set.width;
        let table = |tile: usize, step: usize| {
            // SAFETY: the tables have been written.
            unsafe { self.table(tile).wrapping_add(step).read().masks }
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
        let is_of_rows = plan.steps_of_row().is_multiple_of(taps);
        is_of_rows && of_ends.all(is_so)
    }

    /// Whether vectors are of several rows.
    pub(super) fn are_of_rows(&self) -> bool {
        self.form == Form::OfRows
    }

    /// Whether tiles are formed each for some rows, and are several.
    pub(super) fn are_apart(&self) -> bool {
        self.form == Form::Apart && self.tiles.len() > 1
    }

    /// Returns what is formed in a call along rows: these vectors, and their steps.
    pub(super) fn calls(&self) -> impl Iterator<Item = (Range<usize>, Steps)> {
        let count = if self.form == Form::Joined { 1 } else { self.tiles.len() };
        (0..count).map(move |number| {
            let table = self.table(number);
            let end = self.tiles[if count == 1 { self.tiles.len() - 1 } else { number }].end;
            // In the middle of the image nothing is outside.
            let is_middle = self.form == Form::Apart && number == 1 && count == 3;
            let steps = match (self.form, self.taps) {
                (Form::OfRows, taps) => Steps::OfRows(table, taps),
                (Form::Whole, _) => Steps::Whole,
                _ if is_middle => Steps::Whole,
                (_, Some(taps)) => Steps::Taps(table, taps),
                (Form::Joined, _) => Steps::EachOfTiles(table),
                _ if self.has_ends => Steps::Ends(table),
                _ => Steps::Each(table),
            };
            (self.tiles[number].start..end, steps)
        })
    }

    fn table(&self, tile: usize) -> *const RowsEntry {
        self.tables.as_ptr().cast::<RowsEntry>().wrapping_add(tile * self.steps)
    }
}

/// Whether rows are in tiles with others. One plane alone is not worth so many of these.
pub(super) fn is_short(plan: &Plan) -> bool {
    let vectors = plan.lanes.extent.div_ceil(plan.set.width);
    let has_planes = plan.others.iter().any(|l| l.extent > 1);
    plan.apart > 1 || vectors == 1 || vectors <= SHORT && (has_planes || plan.counts()[0] >= STEPS)
}

/// Returns the masks of a step at a position along lanes, for a tile that starts at a vector.
fn masks_at(plan: &Plan, lane: isize, vector: usize) -> [u16; 4] {
    let mut masks = [u16::MAX; 4];
    let width = plan.set.width.cast_signed();
    if plan.apart > 1 {
        // Of vectors that follow each other in X: elements up to that of the last lane.
        let apart = plan.apart.cast_signed();
        let before = vector.cast_signed() * width;
        let lanes = (plan.lanes.extent.cast_signed() - before).min(width);
        let mut inside = 0..(lanes - 1) * apart + 1;
        if let Some(bound) = &plan.lane_bound {
            let at = bound.first + lane + apart * before;
            inside.start = (-at).clamp(0, inside.end);
            inside.end = (bound.extent.cast_signed() - at).clamp(inside.start, inside.end);
        }
        for (i, mask) in (0_isize..).zip(&mut masks) {
            let bits = |end: isize| (1_u32 << (end - i * width).clamp(0, width)) - 1;
            *mask = (bits(inside.end) & !bits(inside.start)) as u16;
        }
        return masks;
    }
    for (i, mask) in (vector.cast_signed()..).zip(&mut masks) {
        let first = i * width;
        let mut lanes = 0..(plan.lanes.extent.cast_signed() - first).clamp(0, width);
        if let Some(bound) = &plan.lane_bound {
            let at = bound.first + lane + first;
            lanes.start = (-at).clamp(0, lanes.end);
            lanes.end = (bound.extent.cast_signed() - at).clamp(lanes.start, lanes.end);
        }
        let bits = |lanes: isize| (1_u32 << lanes) - 1;
        *mask = (bits(lanes.end) & !bits(lanes.start)) as u16;
    }
    masks
}
