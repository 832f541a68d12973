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

use super::copy::{PITCH, part};
use super::divide::{Elements, Nest};
use super::lane::Width;
use super::odometer::Odometer;
use super::prefetch::{Lines, fetch_to_read, fetch_to_write};
use super::rows::{Bypass, RowKernel, Rows};
use super::sweep::{Arrays, TILE, once};
use crate::kernel::{Dim, Dims};
use crate::threads;

/// The length of a tile along the output's rows if it is transposed at once: several whole lines in every row.
const LONG_TILE: usize = 256;

/// Fewer bytes of adjacent elements share too many lines with their neighbours.
const SHORT: usize = 128;

/// The bytes that adjacent elements of a block have then.
const RUN: usize = 512;

/// Transposes tiles of `u`, adjacent in the output, by `v`, adjacent in the source, at every point of `outer`.
///
/// # Safety
///
/// As [`copy`](super::copy::copy); `u.out` and `v.sources[0]` are 1; the kernel takes tiles both of whose sides are `side` or
/// more, or the whole of a shorter one.
pub(super) unsafe fn permute<W: Width>(
    (kernel, side): (RowKernel<W>, usize),
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
        let mut buffer = [const { MaybeUninit::<[W; PITCH]>::uninit() }; PITCH];
        let is_short = u.extent.min(v.extent) < side;
        let staged = !is_short && competes(v.out.unsigned_abs() * size);
        let buffer = staged.then_some(buffer.as_mut_ptr().cast());
        let tiles = Tiles { kernel, side, u, v, factors, buffer };
        // SAFETY: the caller's duties, for a part of the nest.
        unsafe { tiles.at_points(outer, (along, across), blocks, arrays) }
    };
    // SAFETY: as above.
    unsafe { nest.in_pieces(pieces, [u_grain, v_grain], arrays, Bypass::No, &run) }
}

/// What the tiles have in common.
struct Tiles<'d, W> {
    kernel: RowKernel<W>,
    side: usize,
    u: &'d Dim<1>,
    v: &'d Dim<1>,
    factors: [W; 2],
    /// Where tiles go first, if the rows of a tile compete for few places of the cache: whole rows leave from there. Else
    /// lines would be pushed out before they are complete. While a tile is worked on, the lines of the next are then on their
    /// way.
    buffer: Option<*mut W>,
}

impl<W: Width> Tiles<'_, W> {
    /// Transposes at every point of `outer`, and of blocks of the loops that continue u and v.
    ///
    /// # Safety
    ///
    /// As [`permute`].
    unsafe fn at_points(
        &self,
        outer: &[Dim<1>],
        (along, across): (&Dim<1>, &Dim<1>),
        blocks: [usize; 2],
        arrays: Arrays<W, 1>,
    ) {
        let Tiles { u, v, side, .. } = *self;
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
                    let tiles = Tiles { u: &columns, v: &rows, ..*self };
                    let from = here.within(u, i, v, j);
                    // SAFETY: the caller's duties.
                    unsafe { tiles.block((along, across), blocks, (&from, &next_point)) };
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
    unsafe fn block(
        &self,
        (along, across): (&Dim<1>, &Dim<1>),
        [along_block, across_block]: [usize; 2],
        (here, next_point): (&Arrays<W, 1>, &Arrays<W, 1>),
    ) {
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
                        // SAFETY: the caller's duties.
                        unsafe { self.run(&here.within(across, row, along, column), &next) };
                        column += 1;
                    }
                    row += 1;
                }
                j = j_end;
            }
            i = i_end;
        }
    }

    /// Transposes all of `u` by `v`. `next` is where this begins next, as far as that is told easily.
    ///
    /// # Safety
    ///
    /// As [`permute`].
    unsafe fn run(&self, here: &Arrays<W, 1>, next: &Arrays<W, 1>) {
        let Tiles { u, v, side, .. } = *self;
        let length = if self.buffer.is_some() { TILE } else { LONG_TILE };
        let height = if u.extent < side { LONG_TILE } else { TILE };
        let mut j = 0;
        while j < v.extent {
            let rows = part(v.extent - j, height, side);
            let mut i = 0;
            while i < u.extent {
                let columns = part(u.extent - i, length, side);
                let tile = here.within(u, i, v, j);
                if let Some(buffer) = self.buffer {
                    let next = if i + columns < u.extent {
                        here.within(u, i + columns, v, j)
                    } else if j + rows < v.extent {
                        here.within(u, 0, v, j + rows)
                    } else {
                        *next
                    };
                    prefetch(&next, (u, columns), (v, rows));
                    // SAFETY: the caller's duties; a tile fits the buffer.
                    unsafe { self.staged(&tile, buffer, columns, rows) };
                } else {
                    let call = Rows::along(&tile, (u, columns), (v, rows), self.factors);
                    // SAFETY: the caller's duties.
                    unsafe { (self.kernel)(&call) };
                }
                i += columns;
            }
            j += rows;
        }
    }

    /// Transposes a tile through the buffer.
    ///
    /// # Safety
    ///
    /// As [`permute`]; the tile fits the buffer.
    unsafe fn staged(&self, tile: &Arrays<W, 1>, buffer: *mut W, columns: usize, rows: usize) {
        let to_buffer = Dim { out: PITCH.cast_signed(), ..*self.v };
        let from_buffer = Dim { sources: [PITCH.cast_signed()], ..*self.v };
        let adjacent = Dim { sources: [1], ..*self.u };
        let staging = Arrays { out: buffer, ..*tile };
        let leaving = Arrays { sources: [buffer.cast_const()], ..*tile };
        let into = Rows::along(&staging, (self.u, columns), (&to_buffer, rows), self.factors);
        let out = Rows::along(&leaving, (&adjacent, columns), (&from_buffer, rows), self.factors);
        // SAFETY: the caller's duties.
        unsafe {
            (self.kernel)(&into);
            (W::COPY)(&out);
        }
    }
}

/// Whether rows of `step` bytes to the next share the places of their lines in a cache: it has one for addresses that
/// are equal modulo 4096 bytes, or a multiple, so a step near a large power of two leaves few places.
fn competes(step: usize) -> bool {
    (step + 16) % 512 < 32
}

/// Fetches the lines of a tile, some of which may lie outside of the arrays.
fn prefetch<W>(tile: &Arrays<W, 1>, (u, columns): (&Dim<1>, usize), (v, rows): (&Dim<1>, usize)) {
    let size = size_of::<W>();
    let read = Lines {
        at: tile.sources[0].cast(),
        len: rows * size,
        rows: columns,
        row: u.sources[0] * size.cast_signed(),
    };
    let write = Lines {
        at: tile.out.cast::<u8>().cast_const(),
        len: columns * size,
        rows,
        row: v.out * size.cast_signed(),
    };
    // SAFETY: prefetches need nothing; machines with AVX2 know both.
    unsafe {
        fetch_to_read(&read);
        fetch_to_write(&write);
    }
}
