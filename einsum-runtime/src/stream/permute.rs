//! Permutations whose rows are not adjacent in the source: tiles are transposed.
//!
//! The rows of a tile lie along `u`, adjacent in the output, its columns along `v`, adjacent in the source. Where these
//! are short, the loops that continue them are blocked, so that the lines of both arrays are complete while they are in
//! the cache:
//!
//! ```text
//! for the other loops, for a block of u and of v, each whole unless the other is short
//!   for a block of the loop that continues v, for a block of the loop that continues u
//!     for every step of the one, for every step of the other: tiles of u by v
//! ```

use core::mem::MaybeUninit;

use super::divide::{Elements, Nest};
use super::lane::Width;
use super::odometer::Odometer;
use super::rows::{Bypass, RowKernel};
use super::sweep::{Arrays, TILE, once};
use super::tiles::{Buffer, Tiles, Way};
use super::transpose::LINE;
use super::{bypass, copy::part};
use crate::kernel::{Dim, Dims};
use crate::threads;

/// The length of a tile along the output's rows if it is transposed at once: several whole lines in every row.
pub(super) const LONG_TILE: usize = 256;

/// Fewer bytes of adjacent elements share too many lines with their neighbours.
const SHORT: usize = 128;

/// The bytes that adjacent elements of a block have then.
const RUN: usize = 512;

/// Arrays of fewer bytes are in a cache, where fetching ahead takes longer than it saves.
const NEAR: usize = if cfg!(test) { 128 << 10 } else { 20 << 20 };

/// The lines at equal places that a first-level cache holds at least.
const WAYS: usize = 8;

/// A kernel that transposes.
#[derive(Clone, Copy)]
pub(super) struct Turn<W> {
    pub(super) kernel: RowKernel<W>,
    /// It takes tiles both of whose sides are so long or more, or the whole of a shorter one.
    pub(super) side: usize,
    pub(super) blocks: Blocks,
}

/// What a kernel transposes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocks {
    /// Less than a line of each row.
    Small,
    /// Whole lines of every row, which may bypass the caches.
    Lines,
    /// All rows, which are few, from one end to the other; lines may bypass the caches.
    Rows,
}

/// Transposes tiles of `u`, adjacent in the output, by `v`, adjacent in the source, at every point of `outer`.
///
/// # Safety
///
/// As [`copy`](super::copy::copy); `u.out` and `v.sources[0]` are 1; the kernel takes `u` by `v`.
pub(super) unsafe fn permute<W: Width>(
    turn: Turn<W>,
    outer: &mut Dims<1>,
    (u, v): (&Dim<1>, &Dim<1>),
    arrays: Arrays<W, 1>,
    factors: [W; 2],
) {
    let size = size_of::<W>();
    let mut count = Elements::of(outer);
    count.add(u);
    count.add(v);
    let pieces = threads::pieces(count.nanoseconds(size));
    let (u_run, v_run) = (u.extent * size, v.extent * size);
    let row = if v.out == u.extent.cast_signed() { u_run.saturating_mul(v.extent) } else { u_run };
    let bypass = bypass(arrays.out, &count, row);
    let is_far = count.bytes(size) > NEAR;
    let along = match outer.iter().position(|d| d.out == u.extent.cast_signed()) {
        Some(i) if u_run < SHORT => Some(outer.remove(i)),
        _ => None,
    };
    let across = match outer.iter().position(|d| d.sources[0] == v.extent.cast_signed()) {
        Some(i) if v_run < SHORT => Some(outer.remove(i)),
        _ => None,
    };
    let blocks = [RUN.div_ceil(u_run), RUN.div_ceil(v_run)];
    // What continues short rows is cut instead of these, between blocks.
    let (cut_u, u_grain) = along.as_ref().map_or((u, LONG_TILE), |along| (along, blocks[0]));
    let (cut_v, v_grain) = across.as_ref().map_or((v, TILE), |across| (across, blocks[1]));
    let nest = Nest { outer, u: cut_u, v: cut_v };
    let run = |Nest { outer, u: cut_u, v: cut_v }: Nest<'_, 1>, arrays: Arrays<W, 1>| {
        let once = once();
        let (along, u) = if along.is_some() { (cut_u, u) } else { (&once, cut_u) };
        let (across, v) = if across.is_some() { (cut_v, v) } else { (&once, cut_v) };
        let mut buffer = MaybeUninit::<Buffer>::uninit();
        let start = buffer.as_mut_ptr().cast();
        let competes = competes(v.out.unsigned_abs() * size, v.extent);
        let way = way(&turn, (u, v), [competes, is_far], bypass);
        let tiles = Tiles { turn, way, is_far, competes, u, v, factors, buffer: start };
        // SAFETY: the caller's duties, for a part of the nest.
        unsafe {
            if along.extent == 1 && across.extent == 1 && tiles.is_single() {
                return tiles.run_single(outer, arrays);
            }
            at_points(&tiles, Nest { outer, u: along, v: across }, blocks, arrays);
        }
    };
    // SAFETY: as above.
    unsafe { nest.in_pieces(pieces, [u_grain, v_grain], arrays, bypass, &run) }
}

/// Decides how tiles come to the output.
fn way<W>(
    turn: &Turn<W>,
    (u, v): (&Dim<1>, &Dim<1>),
    [competes, is_far]: [bool; 2],
    bypass: Bypass,
) -> Way {
    let row = v.out.unsigned_abs() * size_of::<W>();
    let fits = u.extent.min(v.extent) >= turn.side;
    let has_lines = turn.blocks == Blocks::Lines;
    let is_woven = turn.blocks == Blocks::Rows;
    match bypass {
        Bypass::Yes if is_woven && u.extent < v.extent => Way::Direct(Bypass::Yes),
        Bypass::Yes if (is_woven || has_lines) && row.is_multiple_of(LINE) => {
            Way::Direct(Bypass::Yes)
        }
        Bypass::Yes if fits => Way::Lines,
        _ if fits && competes && (is_far || !has_lines || !is_small(u, v)) => Way::Staged,
        _ => Way::Direct(Bypass::No),
    }
}

/// Whether a second-level cache holds the lines of rows, wherever they are.
fn is_small(u: &Dim<1>, v: &Dim<1>) -> bool {
    u.extent.max(v.extent) <= LONG_TILE
}

/// Whether `rows` rows of `step` bytes to the next push each other out of a first-level cache. It has a few places for all
/// lines whose addresses are equal modulo 4096 bytes: rows a power of two apart, or nearly so, have few of these.
pub(super) fn competes(step: usize, rows: usize) -> bool {
    let places = [1, 2, 4, 8].into_iter().find(|n| (n * step + 16) % 4096 <= 32);
    places.is_some_and(|places| rows > WAYS * places)
}

/// Transposes at every point of `outer`, and of blocks of the loops that continue u and v, `along` and `across`.
///
/// # Safety
///
/// As [`permute`].
unsafe fn at_points<W: Width>(
    tiles: &Tiles<'_, W>,
    Nest { outer, u: along, v: across }: Nest<'_, 1>,
    blocks: [usize; 2],
    arrays: Arrays<W, 1>,
) {
    let Tiles { u, v, turn: Turn { side, .. }, .. } = *tiles;
    // What continues one of them follows a block of the other, or its lines would be long gone.
    let most = |around: &Dim<1>| if around.extent > 1 { LONG_TILE } else { usize::MAX - side };
    let (most_u, most_v) = (most(across), most(along));
    let mut point = Odometer::new(outer);
    loop {
        let here = arrays.at(point.at.out, point.at.sources);
        let more = point.advance();
        let next_point = arrays.at(point.at.out, point.at.sources);
        let mut j = 0;
        while j < v.extent {
            let rows = Dim { extent: part(v.extent - j, most_v, side), ..*v };
            let mut i = 0;
            while i < u.extent {
                let columns = Dim { extent: part(u.extent - i, most_u, side), ..*u };
                let tiles = Tiles { u: &columns, v: &rows, ..*tiles };
                let from = here.within(u, i, v, j);
                // SAFETY: the caller's duties.
                unsafe { block(&tiles, (along, across), blocks, (&from, &next_point)) };
                i += columns.extent;
            }
            j += rows.extent;
        }
        if !more {
            return;
        }
    }
}

/// Transposes at every point of blocks of the loops that continue u and v. `next_point` is where this begins next.
///
/// # Safety
///
/// As [`permute`].
unsafe fn block<W: Width>(
    tiles: &Tiles<'_, W>,
    (along, across): (&Dim<1>, &Dim<1>),
    [along_block, across_block]: [usize; 2],
    (here, next_point): (&Arrays<W, 1>, &Arrays<W, 1>),
) {
    // What all tiles have in common is put together once where they are small.
    let mut single = tiles.is_single().then(|| tiles.single(here));
    let mut i = 0;
    while i < across.extent {
        let i_end = across.extent.min(i + across_block);
        let mut j = 0;
        while j < along.extent {
            let j_end = along.extent.min(j + along_block);
            let mut row = i;
            while row < i_end {
                let mut column = j;
                while column < j_end {
                    let next = if column + 1 < j_end {
                        here.within(across, row, along, column + 1)
                    } else if row + 1 < i_end {
                        here.within(across, row + 1, along, j)
                    } else {
                        *next_point
                    };
                    let tile = here.within(across, row, along, column);
                    // SAFETY: the caller's duties.
                    unsafe {
                        if let Some(call) = &mut single {
                            (call.out, call.x) = (tile.out, tile.sources[0]);
                            tiles.run_prepared(call, &next);
                        } else {
                            tiles.run(&tile, &next);
                        }
                    }
                    column += 1;
                }
                row += 1;
            }
            j = j_end;
        }
        i = i_end;
    }
}
