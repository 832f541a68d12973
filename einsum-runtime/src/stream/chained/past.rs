//! Chained loops of arrays larger than the caches.
//!
//! ```text
//! for a tile of u, for a block of v: for the blocks of u in the tile
//! ```
//!
//! The source is read at one or two lines of as many rows as a tile has, then at the next lines of these rows, which are on their
//! way by then: the kernel fetches them. The output is written past the caches, in whole lines. These may come in any order, so
//! that the order is the source's alone. Where all rows of the output begin at the same place of a line, blocks after the first
//! begin with one, and go there at once. Else a block of rows is put together in a buffer, from which its whole lines leave;
//! tiles then overlap by a line.

use core::mem::MaybeUninit;
use core::ops::Range;

use super::Chained;
use super::chain::Chain;
use crate::kernel::{Dim, Dims};
use crate::stream::WIDE;
use crate::stream::copy::part;
use crate::stream::lane::Width;
use crate::stream::odometer::Odometer;
use crate::stream::rows::Bypass;
use crate::stream::sweep::Arrays;
use crate::stream::tiles::past_line;
use crate::stream::transpose::{LINE, Listed, ListedKernel, Masks};

/// The rows of the source in a tile: so many lines are on their way, and stay in a first-level cache until they are read.
const ROWS_READ: usize = 128;

/// As [`ROWS_READ`], of rows that compete for places of the caches: a second-level cache has room for so many.
const COMPETING: usize = 32;

/// The bytes of a row of the buffer. Longer ones have fewer ends, which are no whole lines, but their tiles read more rows.
const ROW: usize = 512;

/// The bytes from one row of the buffer to the next: a row may be longer by almost a line, and has a line more, so that rows do
/// not compete for places of a cache.
const PITCH: usize = ROW + 2 * LINE;

/// The rows that are put together in the buffer before they leave: a block of elements of 4 bytes, and several of 8 bytes, which
/// are small.
const fn filled(size: usize) -> usize {
    if size == 8 { 32 } else { SIDE }
}

/// The rows that the buffer has room for: almost a block more.
const ROWS: usize = filled(8) + SIDE;

/// The largest side of a block.
const SIDE: usize = LINE / size_of::<f32>();

/// Rows of the source of fewer bytes are short.
const SHORT: usize = 512;

/// Rows of the output of so many bytes are long.
const LONG: usize = 8192;

#[repr(C, align(64))]
struct Buffer([u8; ROWS * PITCH]);

/// The steps whose rows are listed at once: those of a tile, or of several blocks of v, and almost a block more.
const LIST: usize = 256 + SIDE;

/// Where the rows of a range of steps are.
struct List {
    steps: Range<usize>,
    offsets: [MaybeUninit<isize>; LIST],
}

impl List {
    fn new() -> Self {
        List { steps: 0..0, offsets: [const { MaybeUninit::uninit() }; LIST] }
    }

    /// Makes this a list of `steps` of a chain at least, of those up to `end` as many as it has room for: where they are, if those
    /// of each loop are `step` elements of `size` bytes apart.
    fn hold<const P: usize>(
        &mut self,
        (chain, step): (&Chain<P>, fn(&Dim<P>) -> isize),
        (steps, end): (&Range<usize>, usize),
        size: usize,
    ) {
        if steps.start < self.steps.start || steps.end > self.steps.end {
            self.steps = steps.start..end.min(steps.start + LIST);
            chain.list(steps.start, size, step, &mut self.offsets[..self.steps.len()]);
        }
    }

    /// Returns the list from `step` on.
    fn from(&self, step: usize) -> *const isize {
        self.offsets[step - self.steps.start..].as_ptr().cast()
    }
}

/// The lists of a tile's rows.
struct Lists {
    x: List,
    y: List,
    out: List,
    buffer: [isize; ROWS],
}

/// Whether arrays far away come to the output on this way.
pub(super) fn takes<const P: usize>(u: &Chain<P>, v: &Chain<P>, size: usize) -> bool {
    // Short rows have few whole lines.
    let is_wide = u.len * size >= WIDE;
    // A tile has few of rows that compete, and the buffer would be filled with many short ones. Two loops alone are better off with
    // tiles that are long in the source.
    let has_room = !competes(u, size) || u.dims.len() > 1 && is_even(v, size);
    // Two loops alone whose rows go to the output at once are as fast in tiles that are long in the source, and these take fewer
    // ends of rows.
    let is_alone = P == 1 && u.dims.len() == 1 && u.len * size < LONG && is_even(v, size);
    // Short rows of the source that follow each other are read from one end to the other otherwise.
    let is_flat = v.len * size < SHORT && u.dims[0].sources[0] == v.len.cast_signed();
    is_wide && has_room && !is_alone && !is_flat
}

/// Whether rows of a source push out of the caches what has been fetched.
fn competes<const P: usize>(u: &Chain<P>, size: usize) -> bool {
    (0..P).any(|p| u.competes(size, |d| d.sources[p]))
}

/// Whether all rows of the output begin at the same place of a line.
fn is_even<const P: usize>(v: &Chain<P>, size: usize) -> bool {
    v.dims.iter().all(|d| (d.out.unsigned_abs() * size).is_multiple_of(LINE))
}

impl<const P: usize> Chained<P> {
    /// Runs the far kernel at a part of the steps of u and v, at the points of `outer`.
    ///
    /// # Safety
    ///
    /// As [`ListedKernel`], at every point. The caller fences.
    pub(super) unsafe fn past<T: Width>(
        &self,
        kernel: (ListedKernel<T>, [T; 2]),
        outer: &Dims<P>,
        [columns, rows]: [Range<usize>; 2],
        arrays: Arrays<T, P>,
    ) {
        let size = size_of::<T>();
        let side = LINE / size;
        let is_direct = is_even(&self.v, size);
        let most = match (is_direct, competes(&self.u, size)) {
            (true, false) => ROWS_READ,
            (true, true) => COMPETING,
            (false, _) => ROW / size,
        };
        let mut lists =
            Lists { x: List::new(), y: List::new(), out: List::new(), buffer: [0; ROWS] };
        for (row, offset) in lists.buffer.iter_mut().enumerate() {
            *offset = (row * PITCH).cast_signed();
        }
        let mut buffer = MaybeUninit::<Buffer>::uninit();
        let mut tile = Tile {
            kernel,
            buffer: if is_direct { None } else { Some(buffer.as_mut_ptr().cast()) },
            columns: 0..0,
            rows,
            ends: [false; 2],
        };
        let mut point = Odometer::new(outer);
        loop {
            let here = arrays.at(point.at.out, point.at.sources);
            let mut i = columns.start;
            loop {
                // Up to a line of the output there is one block, part of which is in the next tile as well.
                let past = past_line(here.out.wrapping_add(i).addr(), 0, size);
                let is_head = is_direct && past != 0;
                let width = if is_head { side } else { part(columns.end - i, most, side) };
                let end = i + width;
                tile.columns = i..end;
                tile.ends = [i == columns.start, end == columns.end];
                // SAFETY: the caller's duties; a tile has a block or more, and fits the buffer.
                unsafe { self.tile(&tile, &here, &mut lists) };
                if end == columns.end {
                    break;
                }
                let next = match (is_direct, is_head) {
                    (false, _) => end - side,
                    (true, false) => end,
                    (true, true) => end - past,
                };
                i = next.min(columns.end - side);
            }
            if !point.advance() {
                return;
            }
        }
    }

    /// # Safety
    ///
    /// As [`past`](Self::past), at the steps of the tile.
    unsafe fn tile<T: Width>(&self, tile: &Tile<T>, here: &Arrays<T, P>, lists: &mut Lists) {
        let size = size_of::<T>();
        let side = LINE / size;
        let Tile { kernel: (kernel, signs), buffer, ref columns, ref rows, .. } = *tile;
        let to = here.out.wrapping_add(columns.start);
        let listed = (columns, columns.end);
        lists.x.hold((&self.u, |d| d.sources[0]), listed, size);
        if P > 1 {
            lists.y.hold((&self.u, |d| d.sources[P - 1]), listed, size);
        }
        let mut call = Listed {
            out: buffer.unwrap_or(to),
            x: here.sources[0],
            y: here.sources[P - 1],
            columns: columns.len(),
            rows: 0,
            x_list: lists.x.from(columns.start),
            y_list: if P > 1 { lists.y.from(columns.start) } else { core::ptr::null() },
            out_list: lists.buffer.as_ptr(),
            signs,
            masks: Masks::of(side, side, size),
            bypass: if buffer.is_some() { Bypass::No } else { Bypass::Yes },
        };
        let mut j = rows.start;
        while j < rows.end {
            let most = if buffer.is_some() { filled(size) } else { side };
            call.rows = part(rows.end - j, most, side);
            call.x = here.sources[0].wrapping_add(j);
            if !self.is_constant {
                call.y = here.sources[P - 1].wrapping_add(j);
            }
            let steps = j..j + call.rows;
            j = steps.end;
            let Some(buffer) = buffer else {
                lists.out.hold((&self.v, |d| d.out), (&steps, rows.end), size);
                call.out_list = lists.out.from(steps.start);
                // SAFETY: the caller's duties; lists are written as far as the tile goes.
                unsafe { kernel(&call) };
                continue;
            };
            let (from, to) = ((buffer.cast_const(), PITCH), (to, columns.len()));
            // SAFETY: the caller's duties; the tile fits the buffer, and is a block wide or wider.
            unsafe {
                kernel(&call);
                self.v.leave(&steps, from, to, tile.ends);
            }
        }
    }
}

/// What [`Chained::tile`] runs on.
struct Tile<T> {
    /// The kernel and its signs.
    kernel: (ListedKernel<T>, [T; 2]),
    /// Where blocks of rows are put together that do not go to the output at once.
    buffer: Option<*mut T>,
    columns: Range<usize>,
    rows: Range<usize>,
    /// Whether the output's rows begin and end with the tile's.
    ends: [bool; 2],
}
