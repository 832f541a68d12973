//! Sums of one source whose rows are short: too few elements for a call of a kernel each.
//!
//! Three ways, by what is summed:
//!
//! ```text
//! x[g, r, j] → out[g, j]      kernels that form the sums of many groups at once (`narrow`), in a buffer
//! x[r, g, j] → out[j, g]      sums over r of rows [g, j] to a buffer, then to the output in its order
//! x[r, g, j] → out[g]         the same; what is left to sum in the buffer is summed on the way
//! ```
//!
//! Accuracy: of a group, at most [`narrow::ROWS`] rows are added by one call, to two partial sums or more, which makes 128
//! additions one after the other, and the results of at most [`CALLS`] calls.

use core::mem::MaybeUninit;

use super::copy;
use super::divide::Elements;
use super::lane::Lane;
use super::narrow::{self, Narrow};
use super::odometer::Odometer;
use super::reduce::reduce;
use super::sums::BUFFER;
use super::sweep::{Arrays, once};
use crate::engine::scratch::{Scratch, with_scratch};
use crate::kernel::prepare::{Work, prepare};
use crate::kernel::{Dim, Dims, Mode, Read};
use crate::sort::sort_by_key;
use crate::threads::{self, Grid, Shared};

/// Rows of more bytes are not short.
const SHORT: usize = 1024;

/// The most elements of a buffer for sums over outer loops.
const INSIDE: usize = if cfg!(test) { 1 << 10 } else { 32 << 10 };

/// The bytes that are worth a call of a kernel, and those of a row that is: shorter ones wait for the sums across lanes.
const CALL: usize = 16 << 10;
const NARROW: usize = 64;

/// The least extent of a loop that is summed first, and by how much rows are to be longer then.
const FIRST: usize = 4;
const LONGER: usize = 4;

/// The most bytes of a group's rows: adding up more takes longer than calls do.
const GROUP: usize = 32 << 10;

/// The fewest results that are shared out among threads; the work for each of fewer is.
const PARTS: usize = 16;

/// The most partial sums of a group that are added one after the other.
const CALLS: usize = 128;

/// The fewest rows of a group, and groups.
const ROWS: usize = 2;
const GROUPS: usize = 4;

/// As [`reduce`], for one source.
///
/// # Safety
///
/// As there.
pub(super) unsafe fn sum<T: Lane + PartialEq>(
    dims: &mut Dims<1>,
    arrays: Arrays<T, 1>,
    mode: Mode<T>,
) -> bool {
    // SAFETY: the caller's duties.
    unsafe {
        let Some(nest) = Nested::of(dims, &arrays) else { return reduce(dims, arrays, mode) };
        if let Some(split) = nest.outer_first() {
            nest.run_outer_first(&split, mode);
        } else if let Some(groups) = nest.groups() {
            groups.run(nest.arrays, mode);
        } else {
            return reduce(dims, arrays, mode);
        }
    }
    true
}

/// Loops in the order of the source, larger steps first, each step at least as large as the loops inside of it are long. The
/// innermost loop's elements are adjacent, and few.
struct Nested<T> {
    dims: Dims<1>,
    arrays: Arrays<T, 1>,
}

/// The loops from `inside` on are left out of a sum.
struct Split {
    inside: usize,
    /// So many points of the first of them are done at once.
    block: usize,
    /// The elements of all of them, of one point of the first.
    each: usize,
}

impl<T: Lane + PartialEq> Nested<T> {
    /// Returns the loops, if there are several and they are such.
    fn of(dims: &Dims<1>, arrays: &Arrays<T, 1>) -> Option<Self> {
        let row = dims.iter().find(|d| d.sources[0].unsigned_abs() == 1)?;
        if dims.len() < 2 || row.extent * size_of::<T>() > SHORT {
            return None;
        }
        let (mut dims, mut arrays) = (dims.clone(), *arrays);
        for dim in &mut dims {
            if dim.sources[0] < 0 {
                arrays = arrays.within(dim, dim.extent - 1, &once(), 0);
                (dim.out, dim.sources[0]) = (-dim.out, -dim.sources[0]);
            }
        }
        sort_by_key(&mut dims[..], |d| core::cmp::Reverse(d.sources[0]));
        let is_outside = |pair: &[Dim<1>]| {
            let [outer, inner] = pair else { return false };
            let end = inner.sources[0].checked_mul(inner.extent.cast_signed());
            end.is_some_and(|end| end <= outer.sources[0])
        };
        let is_nested = dims[dims.len() - 1].sources[0] == 1 && dims.windows(2).all(is_outside);
        is_nested.then_some(Nested { dims, arrays })
    }

    /// Returns how to sum over outer loops first, if rows are much longer then.
    fn outer_first(&self) -> Option<Split> {
        let [.., around, row] = &self.dims[..] else { return None };
        let bytes = row.extent * size_of::<T>();
        // What a call of a kernel would read: rows of one sum, or of several.
        let is_call = around.summed != row.summed && around.extent.saturating_mul(bytes) >= CALL;
        if is_call && !(row.summed && bytes < NARROW) {
            return None;
        }
        let row = row.extent;
        (1..self.dims.len()).find_map(|inside| {
            let last = self.dims[inside - 1];
            let (first, others) = (self.dims[inside], &self.dims[inside + 1..]);
            let each = others.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
            // Sums over points of the first cannot be parted.
            let most = if first.summed { INSIDE / first.extent } else { INSIDE };
            if !last.summed || last.extent < FIRST || each > most {
                return None;
            }
            let block = first.extent.min(INSIDE / each);
            (block * each >= LONGER * row).then_some(Split { inside, block, each })
        })
    }

    /// Sums over the summed loops outside, to a buffer in the order of the source, and from there to the output.
    ///
    /// # Safety
    ///
    /// As [`reduce`].
    unsafe fn run_outer_first(&self, split: &Split, mode: Mode<T>) {
        let Split { inside, block, each } = *split;
        let (outside, inner) = self.dims.split_at(inside);
        let kept: Dims<1> = outside.iter().copied().filter(|d| !d.summed).collect();
        let summed: Dims<1> = outside.iter().copied().filter(|d| d.summed).collect();
        let points = kept.iter().map(|d| d.extent).product::<usize>();
        let first = inner[0];
        let blocks = first.extent.div_ceil(block);
        let nanoseconds = Elements::of(&self.dims).nanoseconds(size_of::<T>());
        // If they are few, the sums of each are shared out.
        let is_shared = points * blocks >= PARTS;
        let pieces = if is_shared { threads::pieces(nanoseconds) } else { 1 };
        let grid = Grid::of([points, blocks], [1, 1], pieces);
        // SAFETY: the arrays are pointers to elements.
        let arrays = unsafe { Shared::new(self.arrays) };
        threads::each(grid.pieces(), &|piece| {
            let [points, blocks] = grid.piece(piece);
            with_scratch(Scratch::size::<T>(block * each), |mut scratch| {
                let sums = scratch.take::<T>(block * each);
                let mut point = Odometer::from(&kept, points.start);
                for _ in points {
                    let here = arrays.get().at(point.at.out, point.at.sources);
                    for number in blocks.clone() {
                        let here = here.within(&first, number * block, &once(), 0);
                        let extent = block.min(first.extent - number * block);
                        // SAFETY: the caller's duties, and there is room for a block. Other blocks and points have other
                        // results, unless the first loop is summed: then there is one block.
                        unsafe {
                            let loops = || {
                                [Dim { extent, ..first }]
                                    .into_iter()
                                    .chain(inner[1..].iter().copied())
                            };
                            sum_to_buffer(&summed, loops(), &here, sums);
                            put(loops(), each, sums, here.out, mode);
                        }
                    }
                    point.advance();
                }
            });
        });
    }

    /// Returns the loops for kernels that sum many groups at once, if there are such.
    fn groups(&self) -> Option<Groups> {
        let (row, others) = self.dims.split_last()?;
        if row.summed || row.extent * size_of::<T>() > narrow::BYTES {
            return None;
        }
        let mut kept: Dims<1> = others.iter().copied().filter(|d| !d.summed).collect();
        let mut summed: Dims<1> = others.iter().copied().filter(|d| d.summed).collect();
        let count = |dims: &[Dim<1>]| dims.iter().fold(1_usize, |n, d| n.saturating_mul(d.extent));
        let rows = summed.pop()?;
        let bytes = rows.extent.saturating_mul(row.extent * size_of::<T>());
        if bytes > GROUP || rows.extent < ROWS || count(&kept) < GROUPS {
            return None;
        }
        if count(&summed).saturating_mul(rows.extent.div_ceil(narrow::ROWS)) > CALLS {
            return None;
        }
        let pitch = (row.extent * size_of::<T>()).next_multiple_of(narrow::VECTOR) / size_of::<T>();
        let last = kept.pop()?;
        let most = 2 * BUFFER / pitch;
        // Evenly, or the last block would be of a few.
        let blocks = last.extent.div_ceil(most);
        let mut groups = Groups {
            nanoseconds: Elements::of(&self.dims).nanoseconds(size_of::<T>()),
            block: last.extent.div_ceil(blocks),
            inner: Dims::from_slice(&[last]),
            outer: Dims::new(),
            summed,
            rows,
            row: *row,
            pitch,
        };
        let mut together = groups.block;
        while blocks == 1
            && let Some(next) = kept.last().copied()
            && together * next.extent <= most
        {
            together *= next.extent;
            groups.inner.insert(0, next);
            kept.pop();
        }
        groups.outer = kept;
        Some(groups)
    }
}

/// Sums `x[.., inside]` over the outer loops, to a dense buffer.
///
/// # Safety
///
/// The source can be read at all points, the buffer has room for those inside.
unsafe fn sum_to_buffer<T: Lane + PartialEq>(
    summed: &[Dim<1>],
    inside: impl DoubleEndedIterator<Item = Dim<1>>,
    from: &Arrays<T, 1>,
    sums: *mut T,
) {
    let mut dims: Dims<1> = Dims::new();
    let mut step = 1;
    for dim in inside.rev() {
        dims.insert(0, Dim { out: step, summed: false, ..dim });
        step *= dim.extent.cast_signed();
    }
    let outer = summed.iter().map(|d| Dim { out: 0, ..*d });
    dims.extend(outer);
    let mut read = [Read { ptr: from.sources[0], conjugated: false }];
    let mut out = sums;
    // Loops that follow each other in the source become one.
    let work = prepare(&mut dims, &mut read, &mut out);
    debug_assert_eq!(work, Work::Run);
    // SAFETY: the caller's duties. Rows of the source are adjacent, for which there are kernels.
    let done = unsafe { reduce(&mut dims, Arrays { out, sources: [read[0].ptr] }, Mode::Assign) };
    assert!(done, "einloom: internal error: no kernel for adjacent rows");
}

/// Sums or moves what a buffer holds into the output. `each` are the buffer's elements of one point of the first loop.
///
/// # Safety
///
/// The output can be written at all points of the loops, and holds values unless the mode is an assignment.
unsafe fn put<T: Lane + PartialEq>(
    loops: impl Iterator<Item = Dim<1>>,
    each: usize,
    sums: *const T,
    out: *mut T,
    mode: Mode<T>,
) {
    let mut dims: Dims<1> = Dims::new();
    let mut step = each;
    for (number, dim) in loops.enumerate() {
        if number > 0 {
            step /= dim.extent;
        }
        dims.push(Dim { sources: [step.cast_signed()], ..dim });
    }
    // SAFETY: the caller's duties.
    unsafe { move_out(dims, sums, out, mode) }
}

/// # Safety
///
/// As [`Stream::unary`](super::Stream::unary), before [`prepare`].
unsafe fn move_out<T: Lane + PartialEq>(
    mut dims: Dims<1>,
    sums: *const T,
    out: *mut T,
    mode: Mode<T>,
) {
    let (mut read, mut out) = ([Read { ptr: sums, conjugated: false }], out);
    let work = prepare(&mut dims, &mut read, &mut out);
    debug_assert_eq!(work, Work::Run);
    let arrays = Arrays { out, sources: [read[0].ptr] };
    // SAFETY: the caller's duties.
    unsafe {
        match mode {
            _ if dims.iter().any(|d| d.summed) => {
                let done = sum(&mut dims, arrays, mode);
                assert!(done, "einloom: internal error: no kernel for adjacent rows");
            }
            Mode::Assign => copy::copy(&mut dims, arrays.sources[0], out),
            Mode::Scale { .. } => copy::scale(&mut dims, arrays.sources[0], out, mode),
        }
    }
}

/// Sums of short rows, many groups at once.
struct Groups {
    /// Kept loops around a buffer, and those inside: of the first of these, so many points at once.
    outer: Dims<1>,
    inner: Dims<1>,
    block: usize,
    /// Summed loops around those of rows.
    summed: Dims<1>,
    rows: Dim<1>,
    row: Dim<1>,
    /// The elements from one group's sums to the next in the buffer.
    pitch: usize,
    /// About the time that all takes, in nanoseconds.
    nanoseconds: usize,
}

impl Groups {
    /// # Safety
    ///
    /// As [`reduce`], for the arrays of the nest.
    unsafe fn run<T: Lane + PartialEq>(&self, arrays: Arrays<T, 1>, mode: Mode<T>) {
        let points = self.outer.iter().map(|d| d.extent).product::<usize>();
        let blocks = self.inner[0].extent.div_ceil(self.block);
        let grid = Grid::of([points, blocks], [1, 1], threads::pieces(self.nanoseconds));
        // SAFETY: the arrays are pointers to elements.
        let arrays = unsafe { Shared::new(arrays) };
        threads::each(grid.pieces(), &|piece| {
            let [points, blocks] = grid.piece(piece);
            let mut buffer = [const { MaybeUninit::<T>::uninit() }; 2 * BUFFER];
            let buffer = buffer.as_mut_ptr().cast::<T>();
            let mut point = Odometer::from(&self.outer, points.start);
            for _ in points {
                let here = arrays.get().at(point.at.out, point.at.sources);
                for number in blocks.clone() {
                    let first = number * self.block;
                    let mut inner = self.inner.clone();
                    inner[0].extent = self.block.min(inner[0].extent - first);
                    let here = here.within(&self.inner[0], first, &once(), 0);
                    // SAFETY: the caller's duties; these groups fit the buffer. Those of other pieces are others.
                    unsafe { self.form(&inner, &here, buffer, mode) }
                }
                point.advance();
            }
        });
    }

    /// Forms the sums of the groups of some loops.
    ///
    /// # Safety
    ///
    /// As [`reduce`]; the buffer has room for them.
    unsafe fn form<T: Lane + PartialEq>(
        &self,
        inner: &Dims<1>,
        from: &Arrays<T, 1>,
        buffer: *mut T,
        mode: Mode<T>,
    ) {
        let size = size_of::<T>().cast_signed();
        let groups = inner.iter().map(|d| d.extent).product::<usize>();
        let bytes = self.row.extent * size_of::<T>();
        let kernel = narrow::kernel::<T>(bytes);
        let Some((last, others)) = inner.split_last() else { return };
        let mut arguments = Narrow {
            sums: buffer,
            x: from.sources[0],
            groups: last.extent,
            rows: 0,
            sums_group: self.pitch.cast_signed() * size,
            x_group: last.sources[0] * size,
            x_row: self.rows.sources[0] * size,
            last: (bytes - 1) % narrow::VECTOR + 1,
        };
        // SAFETY: there is room for the sums of all groups; zero bytes are a zero. The caller's duties for the source.
        unsafe {
            buffer.write_bytes(0, groups * self.pitch);
            let mut group = Odometer::new(others);
            loop {
                let mut outer = Odometer::new(&self.summed);
                loop {
                    let [at] = group.at.sources;
                    let [by] = outer.at.sources;
                    arguments.x = from.sources[0].wrapping_offset(at + by);
                    let mut left = self.rows.extent;
                    while left > 0 {
                        arguments.rows = left.min(narrow::ROWS);
                        kernel(&arguments);
                        let done = arguments.rows.cast_signed();
                        arguments.x = arguments.x.wrapping_offset(done * self.rows.sources[0]);
                        left -= arguments.rows;
                    }
                    if !outer.advance() {
                        break;
                    }
                }
                arguments.sums = arguments.sums.wrapping_add(last.extent * self.pitch);
                if !group.advance() {
                    break;
                }
            }
            let mut dims = Dims::new();
            let mut step = groups * self.pitch;
            for dim in inner {
                step /= dim.extent;
                dims.push(Dim { sources: [step.cast_signed()], ..*dim });
            }
            dims.push(self.row);
            move_out(dims, buffer, from.out, mode);
        }
    }
}
