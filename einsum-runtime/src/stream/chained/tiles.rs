//! The tiles of chained loops, and the ways on which they come to the output.

use core::mem::MaybeUninit;
use core::ops::Range;

use super::Chained;
use super::chain::Chain;
use crate::kernel::{Dim, Dims};
use crate::stream::copy::part;
use crate::stream::divide::Elements;
use crate::stream::lane::Width;
use crate::stream::odometer::Odometer;
use crate::stream::rows::{Bypass, RowKernel, Rows};
use crate::stream::sweep::Arrays;
use crate::stream::transpose::{LINE, Listed, ListedKernel, Masks};
use crate::stream::{bypass, finish_bypass};
use crate::threads::{self, Grid, Shared};

/// The sides of a tile, whose rows are listed at once; the last one of a chain may be longer by almost a block.
const TILE: usize = 256;
const LIST: usize = TILE + LINE / size_of::<f32>();

/// How tiles come to the output: see [`tiles`](crate::stream::tiles).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    /// At once, a row of blocks after the other, since rows of the output compete for few places of the nearest cache.
    Along,
    /// Through a buffer, since rows of the output compete for few places of a cache.
    Staged,
    /// Through a buffer, past the caches. Tiles overlap by a line, and of every row the whole lines leave.
    Lines,
}

impl Way {
    fn is_direct(self) -> bool {
        matches!(self, Way::Direct | Way::Along)
    }

    /// Returns the sides of tiles.
    fn tile(self, size: usize) -> [usize; 2] {
        match self {
            Way::Direct => [TILE; 2],
            Way::Along => [TILE, LINE / size],
            Way::Staged | Way::Lines => [STAGED_ROW / size, STAGED_ROWS],
        }
    }
}

/// Returns how much of `left` goes into a tile of up to `most`, about: `past` says how far an end lies behind the start of a line.
fn cut(left: usize, most: usize, side: usize, past: impl Fn(usize) -> usize) -> usize {
    // A tile has a side at least.
    let most = if most >= 2 * side { most - past(most) } else { most };
    part(left, most, side)
}

/// Where tiles are put together that do not go to the output at once: rows are a line longer than they need be, so that they do
/// not compete for places of a cache.
#[repr(C, align(64))]
struct Buffer([u8; (STAGED_ROWS + LINE / size_of::<f32>()) * PITCH]);

/// The bytes of a row of such a tile, the number of rows, and the bytes from one to the next.
const STAGED_ROW: usize = 512;
const STAGED_ROWS: usize = 64;
const PITCH: usize = STAGED_ROW + 2 * LINE;

/// Lists the rows of the buffer.
fn list_buffer(list: &mut [MaybeUninit<isize>]) {
    for (row, place) in list.iter_mut().enumerate() {
        place.write((row * PITCH).cast_signed());
    }
}

/// Lists the first step again where a block has more steps than there are.
fn fill(list: &mut [MaybeUninit<isize>], len: usize, side: usize) {
    for step in len..side {
        list[step] = list[0];
    }
}

impl<const P: usize> Chain<P> {
    /// Copies rows of `width` elements from a buffer, where they are `pitch` bytes apart, to the output at a range of the chain's
    /// steps.
    ///
    /// # Safety
    ///
    /// As [`RowKernel`], with the chain's steps in the output.
    pub(super) unsafe fn put<T: Width>(
        &self,
        kernel: RowKernel<T>,
        steps: &Range<usize>,
        (buffer, pitch): (*const T, usize),
        (out, width): (*mut T, usize),
    ) {
        let (size, inner) = (size_of::<T>(), self.dims[0]);
        let along = Dim { extent: width, out: 1, sources: [1], summed: false };
        let mut step = steps.start;
        while step < steps.end {
            let mut at = MaybeUninit::uninit();
            self.list(step, size, |d| d.out, core::slice::from_mut(&mut at));
            // SAFETY: the list has been written.
            let at = unsafe { at.assume_init() };
            let rows = (inner.extent - step % inner.extent).min(steps.end - step);
            let to = Dim {
                extent: rows,
                out: inner.out,
                sources: [(pitch / size).cast_signed()],
                summed: false,
            };
            let arrays = Arrays {
                out: out.wrapping_byte_offset(at),
                sources: [buffer.wrapping_byte_add((step - steps.start) * pitch)],
            };
            // SAFETY: zero bytes are numbers, whatever the elements are; kernels that copy do not look at factors.
            let factors = unsafe { core::mem::zeroed() };
            // SAFETY: the caller's duties.
            unsafe { kernel(&Rows::along(&arrays, (&along, width), (&to, rows), factors)) };
            step += rows;
        }
    }

    /// As [`put`](Self::put), past the caches: the whole lines of rows, and the beginnings and ends of those that begin and end
    /// there.
    ///
    /// # Safety
    ///
    /// As [`put`](Self::put); rows are a line or longer. The caller fences.
    pub(super) unsafe fn leave<T: Width>(
        &self,
        steps: &Range<usize>,
        from: (*const T, usize),
        to: (*mut T, usize),
        ends: [bool; 2],
    ) {
        // SAFETY: the caller's duties.
        unsafe {
            self.put(T::LEAVE, steps, from, to);
            for (kernel, is_end) in T::LEAVE_ENDS.into_iter().zip(ends) {
                if is_end {
                    self.put(kernel, steps, from, to);
                }
            }
        }
    }
}

impl<const P: usize> Chained<P> {
    /// Runs the kernel at all points, with its signs.
    ///
    /// # Safety
    ///
    /// As [`ListedKernel`], at every point.
    pub(in crate::stream) unsafe fn run<T: Width>(
        &self,
        kernel: (ListedKernel<T>, [T; 2]),
        arrays: Arrays<T, P>,
    ) {
        let size = size_of::<T>();
        let mut count = Elements::of(&self.outer);
        self.u.dims.iter().chain(&self.v.dims).for_each(|dim| count.add(dim));
        let pieces = threads::pieces(count.nanoseconds(size));
        let bypass =
            if self.is_far { Bypass::Yes } else { bypass(arrays.out, &count, self.u.len * size) };
        let is_small = self.u.len.max(self.v.len) <= TILE;
        let way = match bypass {
            Bypass::Yes => Way::Lines,
            Bypass::No if self.v.competes(size, |d| d.out) && is_small => Way::Along,
            Bypass::No if self.v.competes(size, |d| d.out) => Way::Staged,
            Bypass::No => Way::Direct,
        };
        let extent = |i: usize| self.outer.get(i).map_or(1, |d| d.extent);
        let extents = [extent(0), extent(1), self.v.len, self.u.len];
        let grid = Grid::of(extents, [1, 1, TILE, TILE], pieces);
        // SAFETY: the arrays are pointers to elements.
        let arrays = unsafe { Shared::new(arrays) };
        threads::each(grid.pieces(), &|piece| {
            let [first, second, rows, columns] = grid.piece(piece);
            let mut outer = self.outer.clone();
            let mut here = arrays.get();
            for (dim, range) in outer.iter_mut().zip([first, second]) {
                let start = range.start.cast_signed();
                let mut sources = dim.sources;
                for step in &mut sources {
                    *step *= start;
                }
                here = here.at(start * dim.out, sources);
                dim.extent = range.len();
            }
            // SAFETY: the caller's duties, for a part of the points.
            unsafe {
                if self.is_far {
                    self.past(kernel, &outer, [columns, rows], here);
                } else {
                    self.part((kernel, way), &outer, [columns, rows], here);
                }
            }
            finish_bypass(bypass);
        });
    }

    /// # Safety
    ///
    /// As [`run`](Self::run), for a part of the steps of u and v at the points of `outer`.
    unsafe fn part<T: Width>(
        &self,
        ((kernel, signs), way): ((ListedKernel<T>, [T; 2]), Way),
        outer: &Dims<P>,
        [columns, rows]: [Range<usize>; 2],
        arrays: Arrays<T, P>,
    ) {
        let size = size_of::<T>();
        let side = LINE / size;
        let [most_columns, most_rows] = way.tile(size);
        let mut lists = [const { [const { MaybeUninit::<isize>::uninit() }; LIST] }; 3];
        let [of_x, of_y, of_out] = &mut lists;
        let mut buffer = MaybeUninit::<Buffer>::uninit();
        let buffer = buffer.as_mut_ptr().cast::<T>();
        // The first steps that are listed. What is listed from a step on is enough for any tile there: tiles may end elsewhere at
        // other points, but one that is not the last of its loop is followed by others, which are listed in its place.
        let (mut listed_u, mut listed_v) = (None, None);
        let mut point = Odometer::new(outer);
        loop {
            let here = arrays.at(point.at.out, point.at.sources);
            let mut j = rows.start;
            while j < rows.end {
                let height = cut(rows.end - j, most_rows, side, |most| {
                    let at = here.sources[0].wrapping_add(j + most);
                    self.u.past_line(at, |d| d.sources[0])
                });
                if listed_v != Some(j) {
                    listed_v = Some(j);
                    let list = &mut of_out[..height];
                    if way.is_direct() {
                        self.v.list(j, size, |d| d.out, list);
                    } else {
                        list_buffer(list);
                    }
                    fill(of_out, height, side);
                }
                let mut i = columns.start;
                loop {
                    let to = here.out.wrapping_add(i);
                    let width = cut(columns.end - i, most_columns, side, |most| {
                        let is_direct = way.is_direct();
                        if is_direct {
                            self.v.past_line(to.wrapping_add(most), |d| d.out)
                        } else {
                            0
                        }
                    });
                    if listed_u != Some(i) {
                        listed_u = Some(i);
                        self.u.list(i, size, |d| d.sources[0], &mut of_x[..width]);
                        if P > 1 {
                            self.u.list(i, size, |d| d.sources[P - 1], &mut of_y[..width]);
                        }
                        fill(of_x, width, side);
                        fill(of_y, width, side);
                    }
                    let along_y = if self.is_constant { 0 } else { j };
                    let call = Listed {
                        out: if way.is_direct() { to } else { buffer },
                        x: here.sources[0].wrapping_add(j),
                        y: here.sources[P - 1].wrapping_add(along_y),
                        columns: width,
                        rows: height,
                        bypass: Bypass::No,
                        x_list: of_x.as_ptr().cast(),
                        y_list: of_y.as_ptr().cast(),
                        out_list: of_out.as_ptr().cast(),
                        signs,
                        masks: Masks::of(width, height, size),
                    };
                    let is_last = i + width == columns.end;
                    // SAFETY: the caller's duties; lists are written as far as the tile goes, whose sides are a block's or
                    // more, and which fits the buffer.
                    unsafe {
                        kernel(&call);
                        if !way.is_direct() {
                            let (steps, from) = (j..j + height, (buffer.cast_const(), PITCH));
                            if way == Way::Lines {
                                let ends = [i == columns.start, is_last];
                                self.v.leave(&steps, from, (to, width), ends);
                            } else {
                                self.v.put(T::COPY, &steps, from, (to, width));
                            }
                        }
                    }
                    if is_last {
                        break;
                    }
                    i += if way == Way::Lines { width - side } else { width };
                }
                j += height;
            }
            if !point.advance() {
                return;
            }
        }
    }
}
