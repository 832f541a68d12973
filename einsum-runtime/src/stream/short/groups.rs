//! Sums of short rows, of many groups by one call of a kernel.

use core::mem::MaybeUninit;

use super::{Nested, move_out};
use crate::kernel::{Dim, Dims, Mode, loops_of};
use crate::stream::divide::Elements;
use crate::stream::lane::Lane;
use crate::stream::narrow::{self, Narrow};
use crate::stream::odometer::Odometer;
use crate::stream::sums::BUFFER;
use crate::stream::sweep::{Arrays, once};
use crate::threads::{self, Grid, Shared};

/// The most bytes of a group's rows: adding up more takes longer than calls do.
const GROUP: usize = 32 << 10;

/// The most partial sums of a group that are added one after the other.
pub(super) const CALLS: usize = 128;

/// The fewest rows of a group, and groups.
const ROWS: usize = 2;
const GROUPS: usize = 4;

impl<T: Lane + PartialEq> Nested<T> {
    /// Returns the loops for kernels that sum many groups at once, if there are such.
    pub(super) fn groups(&self) -> Option<Groups> {
        let (row, others) = self.dims.split_last()?;
        if row.summed || row.extent * size_of::<T>() > narrow::BYTES {
            return None;
        }
        let (mut kept, mut summed) = (loops_of(others, false), loops_of(others, true));
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
            && together <= most / 2
        {
            let count = next.extent.div_ceil(next.extent.div_ceil(most / together));
            // Only a part of the loop is worth a larger buffer if the output has its points side by side.
            if count < next.extent && next.out.unsigned_abs() > last.out.unsigned_abs() {
                break;
            }
            groups.inner.insert(0, next);
            groups.block = count;
            kept.pop();
            if count < next.extent {
                break;
            }
            together *= count;
        }
        groups.outer = kept;
        Some(groups)
    }
}

/// Sums of short rows, many groups at once.
pub(super) struct Groups {
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
    /// As [`reduce`](crate::stream::reduce::reduce), for the arrays of the nest.
    pub(super) unsafe fn run<T: Lane + PartialEq>(&self, arrays: Arrays<T, 1>, mode: Mode<T>) {
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
                    let mut inner = Dims::from_slice(&self.inner);
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
    /// As [`reduce`](crate::stream::reduce::reduce); the buffer has room for them.
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
