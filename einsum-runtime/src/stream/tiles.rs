//! Tiles of a permutation, and the ways on which they come to the output.

use super::copy::part;
use super::lane::Width;
use super::odometer::Odometer;
use super::permute::{Blocks, LONG_TILE, Turn};
use super::prefetch::{Lines, fetch_to_read, fetch_to_write};
use super::rows::{Bypass, Rows};
use super::sweep::{Arrays, TILE};
use super::transpose::LINE;
use crate::kernel::Dim;
use crate::kernel::level::reads_far_slowly;

/// How tiles come to the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// At once. Lines may bypass the caches if the output's rows are a multiple of a line apart.
    Direct(Bypass),
    /// Through a buffer, which rows leave whole: their lines compete for few places of the cache, and would be pushed out
    /// before they are complete. While a tile is worked on, the lines of the next are on their way.
    Staged,
    /// Through a buffer, which rows leave past the caches. As these begin at different places of a line, tiles overlap by a
    /// line, and of every row of a tile the whole lines leave.
    Lines,
}

/// The bytes of a row of a tile in the buffer, on each way, without what is added to the last.
const STAGED_ROW: usize = 512;
const LINES_ROW: usize = 256;

/// The rows of such tiles, likewise.
const STAGED_ROWS: usize = 48;
const LINES_ROWS: usize = 64;

/// The bytes that are read of each row of the source before the next rows, where results bypass the caches on processors that read
/// far slowly: shorter runs are over before the machine's own prefetching has begun.
const LONG_READ: usize = 2048;

/// The most that is added to either side of the last tile, in elements: less than the largest side of a kernel.
const ADDED: usize = 15;

/// The most bytes of small tiles.
const SMALL: usize = 16 << 10;

/// Where tiles are put together.
#[repr(C, align(64))]
pub(super) struct Buffer([u8; BUFFER]);

/// Rows are a line longer than they need be, so that long ones do not compete for places of the cache either.
const BUFFER: usize = {
    let staged = (STAGED_ROWS + ADDED) * (STAGED_ROW + 2 * LINE);
    let lines = (LINES_ROWS + ADDED) * (LINES_ROW + LINE);
    if staged > lines { staged } else { lines }
};

/// What tiles of `u` by `v` have in common.
pub(super) struct Tiles<'d, W> {
    pub(super) turn: Turn<W>,
    pub(super) way: Way,
    /// Whether the arrays are not in a near cache.
    pub(super) is_far: bool,
    /// Whether the output's rows push each other out of a near cache: blocks then follow each other along them.
    pub(super) competes: bool,
    pub(super) u: &'d Dim<1>,
    pub(super) v: &'d Dim<1>,
    pub(super) factors: [W; 2],
    /// The start of a [`Buffer`].
    pub(super) buffer: *mut W,
}

impl<W: Width> Tiles<'_, W> {
    /// Transposes all of `u` by `v`. `next` is where this begins next, as far as that is told easily.
    ///
    /// # Safety
    ///
    /// As [`permute`](super::permute::permute).
    pub(super) unsafe fn run(&self, here: &Arrays<W, 1>, next: &Arrays<W, 1>) {
        // SAFETY: the caller's duties.
        unsafe {
            match self.way {
                Way::Direct(bypass) => self.direct(here, next, bypass),
                Way::Staged => self.staged(here, next),
                Way::Lines => self.lines(here),
            }
        }
    }

    /// Whether one call of the kernel does all of `u` by `v`.
    pub(super) fn is_single(&self) -> bool {
        if self.turn.blocks == Blocks::Rows {
            return true;
        }
        let is_whole = |d: &Dim<1>, length: usize| d.extent < length + self.turn.side;
        let in_rows = self.has_lines() && self.competes;
        matches!(self.way, Way::Direct(Bypass::No))
            && !in_rows
            && is_whole(self.u, TILE)
            && is_whole(self.v, TILE)
    }

    /// Returns the call that transposes all of `u` by `v`, which is [single](Self::is_single).
    pub(super) fn single(&self, here: &Arrays<W, 1>) -> Rows<W> {
        let mut call =
            Rows::along(here, (self.u, self.u.extent), (self.v, self.v.extent), self.factors);
        if let Way::Direct(bypass) = self.way {
            call.bypass = bypass;
        }
        call
    }

    /// Transposes all of `u` by `v`, which is [single](Self::is_single), at every point of `outer`.
    ///
    /// # Safety
    ///
    /// As [`permute`](super::permute::permute).
    pub(super) unsafe fn run_single(&self, outer: &[Dim<1>], arrays: Arrays<W, 1>) {
        let mut call = self.single(&arrays);
        let mut point = Odometer::new(outer);
        loop {
            let more = point.advance();
            let next = arrays.at(point.at.out, point.at.sources);
            // SAFETY: the caller's duties.
            unsafe { self.run_prepared(&call, &next) };
            if !more {
                return;
            }
            (call.out, call.x) = (next.out, next.sources[0]);
        }
    }

    /// Transposes a tile, `next` of which comes next.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); the call is that of a single tile.
    #[inline]
    pub(super) unsafe fn run_prepared(&self, call: &Rows<W>, next: &Arrays<W, 1>) {
        if self.is_far && self.is_small() {
            self.fetch(next, self.u.extent, self.v.extent, call.bypass);
        }
        // SAFETY: the caller's duties.
        unsafe { (self.turn.kernel)(call) };
    }

    /// # Safety
    ///
    /// As [`run`](Self::run).
    unsafe fn direct(&self, here: &Arrays<W, 1>, next: &Arrays<W, 1>, bypass: Bypass) {
        let Tiles { turn, u, v, .. } = *self;
        let height = match bypass {
            // Lines of the output are not kept in a cache, whatever the order.
            Bypass::Yes if reads_far_slowly() => LONG_READ / size_of::<W>(),
            Bypass::Yes => TILE,
            Bypass::No if self.has_lines() && self.competes => turn.side,
            Bypass::No if self.has_lines() || u.extent < turn.side => LONG_TILE,
            Bypass::No => TILE,
        };
        if self.is_far && self.is_small() {
            self.fetch(next, u.extent, v.extent, bypass);
        }
        let mut j = 0;
        while j < v.extent {
            let rows = self.cut_rows(here, j, height);
            let mut i = 0;
            while i < u.extent {
                let columns = self.cut_columns(here, i, LONG_TILE);
                let tile = here.within(u, i, v, j);
                let mut call = Rows::along(&tile, (u, columns), (v, rows), self.factors);
                call.bypass = bypass;
                // SAFETY: the caller's duties.
                unsafe { (turn.kernel)(&call) };
                i += columns;
            }
            j += rows;
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run); both loops are a side long or more.
    unsafe fn staged(&self, here: &Arrays<W, 1>, next: &Arrays<W, 1>) {
        let Tiles { u, v, .. } = *self;
        let line = LINE / size_of::<W>();
        let most = STAGED_ROW / size_of::<W>();
        let pitch = u.extent.min(most + line).next_multiple_of(line) + line;
        let mut j = 0;
        while j < v.extent {
            let rows = self.cut_rows(here, j, STAGED_ROWS);
            let mut i = 0;
            while i < u.extent {
                let columns = self.cut_columns(here, i, most);
                let next = if i + columns < u.extent {
                    here.within(u, i + columns, v, j)
                } else if j + rows < v.extent {
                    here.within(u, 0, v, j + rows)
                } else {
                    *next
                };
                self.fetch(&next, columns, rows, Bypass::No);
                let tile = here.within(u, i, v, j);
                // SAFETY: the caller's duties; a tile fits the buffer.
                unsafe {
                    self.enter(&tile, (columns, rows), pitch);
                    (W::COPY)(&self.leaving(&tile, (columns, rows), pitch));
                }
                i += columns;
            }
            j += rows;
        }
    }

    /// # Safety
    ///
    /// As [`run`](Self::run); both loops are a side long or more.
    unsafe fn lines(&self, here: &Arrays<W, 1>) {
        let Tiles { turn, u, v, .. } = *self;
        let line = LINE / size_of::<W>();
        let mut i = 0;
        loop {
            let columns = part(u.extent - i, LINES_ROW / size_of::<W>(), turn.side);
            let is_last = i + columns == u.extent;
            // Rows that follow each other leave as one, whose ends are the only lines that are not whole.
            let is_one = v.out == columns.cast_signed();
            let pitch = if is_one { columns } else { (LINES_ROW + LINE) / size_of::<W>() };
            let mut j = 0;
            while j < v.extent {
                let rows = self.cut_rows(here, j, LINES_ROWS);
                if j + rows < v.extent {
                    self.fetch(&here.within(u, i, v, j + rows), columns, rows, Bypass::Yes);
                }
                let tile = here.within(u, i, v, j);
                let mut leaving = self.leaving(&tile, (columns, rows), pitch);
                if is_one {
                    (leaving.len, leaving.rows) = (rows * columns, 1);
                }
                let len = line.min(leaving.len);
                // SAFETY: the caller's duties; a tile fits the buffer. What is no whole line at the ends of rows is less
                // than one, and rows are longer.
                unsafe {
                    self.enter(&tile, (columns, rows), pitch);
                    if i == 0 {
                        (W::COPY)(&Rows { len, ..leaving });
                    }
                    (W::LEAVE)(&leaving);
                    if is_last {
                        let first = leaving.len - len;
                        let (out, x) =
                            (leaving.out.wrapping_add(first), leaving.x.wrapping_add(first));
                        (W::COPY)(&Rows { out, x, len, ..leaving });
                    }
                }
                j += rows;
            }
            if is_last {
                return;
            }
            i += columns - line;
        }
    }

    /// Transposes a tile into the buffer.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); the tile fits the buffer.
    unsafe fn enter(&self, tile: &Arrays<W, 1>, (columns, rows): (usize, usize), pitch: usize) {
        let to_buffer = Dim { out: pitch.cast_signed(), ..*self.v };
        let entering = Arrays { out: self.buffer, ..*tile };
        let call = Rows::along(&entering, (self.u, columns), (&to_buffer, rows), self.factors);
        // SAFETY: the caller's duties.
        unsafe { (self.turn.kernel)(&call) }
    }

    /// Returns the call that copies a tile's rows from the buffer to the output.
    fn leaving(
        &self,
        tile: &Arrays<W, 1>,
        (columns, rows): (usize, usize),
        pitch: usize,
    ) -> Rows<W> {
        let from_buffer = Dim { sources: [pitch.cast_signed()], ..*self.v };
        let adjacent = Dim { sources: [1], ..*self.u };
        let leaving = Arrays { sources: [self.buffer.cast_const()], ..*tile };
        Rows::along(&leaving, (&adjacent, columns), (&from_buffer, rows), self.factors)
    }

    /// Returns how many columns the tile from `i` on has, about `length`: so many that the next one begins with a line of
    /// the output, if all rows do.
    fn cut_columns(&self, here: &Arrays<W, 1>, i: usize, length: usize) -> usize {
        let left = self.u.extent - i;
        let length = if self.has_lines() && left > length {
            let at = here.out.wrapping_add(i + length);
            length - past_line(at.addr(), self.v.out, size_of::<W>())
        } else {
            length
        };
        part(left, length, self.turn.side)
    }

    /// As [`cut_columns`](Self::cut_columns), of the rows from `j` on, and lines of the source.
    fn cut_rows(&self, here: &Arrays<W, 1>, j: usize, height: usize) -> usize {
        let left = self.v.extent - j;
        let height = if self.has_lines() && left > height {
            let at = here.sources[0].wrapping_add(j + height);
            height - past_line(at.addr(), self.u.sources[0], size_of::<W>())
        } else {
            height
        };
        part(left, height, self.turn.side)
    }

    fn has_lines(&self) -> bool {
        self.turn.blocks == Blocks::Lines
    }

    /// Whether rows of `u` by `v` are so short that the processor does not foresee the next ones.
    fn is_small(&self) -> bool {
        self.u.extent * self.v.extent * size_of::<W>() <= SMALL
    }

    /// Fetches the lines of a tile, some of which may lie outside of the arrays: the output's unless they bypass the caches.
    fn fetch(&self, tile: &Arrays<W, 1>, columns: usize, rows: usize, bypass: Bypass) {
        let size = size_of::<W>();
        let read = Lines {
            at: tile.sources[0].cast(),
            len: rows * size,
            rows: columns,
            row: self.u.sources[0] * size.cast_signed(),
        };
        let write = Lines {
            at: tile.out.cast::<u8>().cast_const(),
            len: columns * size,
            rows,
            row: self.v.out * size.cast_signed(),
        };
        // SAFETY: prefetches need nothing; machines with AVX2 know both.
        unsafe {
            fetch_to_read(&read);
            if bypass == Bypass::No {
                fetch_to_write(&write);
            }
        }
    }
}

/// Returns how many elements lie between the start of a line and `at`, if elements lie at multiples of their size, and rows
/// `step` elements apart all at the same place of a line; else none.
pub(super) fn past_line(at: usize, step: isize, size: usize) -> usize {
    let bytes = at % LINE;
    let is_even = bytes.is_multiple_of(size) && (step.unsigned_abs() * size).is_multiple_of(LINE);
    if is_even { bytes / size } else { 0 }
}
